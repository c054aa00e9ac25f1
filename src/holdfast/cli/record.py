"""Reading a record: a log or a bundle alike, and nothing out of entries that are not what was signed."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.errors import HoldfastError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.envelope import Envelope
    from holdfast.evidence.verification import Finding
    from holdfast.store.audit import Audit
    from holdfast.store.bundle import BundleLog
    from holdfast.store.port import LogReader
    from holdfast.store.signed import SignedLog

PAGE_ENTRIES = 1000

_ATTACHMENTS = frozenset({"HF213", "HF214"})
"""A missing or altered attachment ends no judgement: what rests on it reads unknown."""


def opened(place: str) -> AbstractContextManager[SignedLog | BundleLog]:
    """Open a log, or the bundle of one, to be read; of an older copy of a log the error stream says that it is one."""
    from holdfast.cli.terminal import console
    from holdfast.store.bundle import is_bundle, read_bundle
    from holdfast.store.opening import open_log

    if is_bundle(Path(place)):
        return closing(read_bundle(Path(place)))
    log = open_log(place, reading=True)
    if (problem := unwritable(log)) is not None:
        console(stderr=True).print(f"note: {problem.code} {problem.message}", style="yellow", soft_wrap=True)
    return closing(log)


def unwritable(log: SignedLog) -> HoldfastError | None:
    """Return why a log may be read and not written: it is older than its anchor, or another history (HF208, HF209)."""
    try:
        log.hold_against_anchor()
    except HoldfastError as problem:
        return problem
    return None


def entries(log: LogReader) -> list[Envelope]:
    """Return every entry of a log."""
    found: list[Envelope] = []
    while page := log.read(found[-1].seq if found else -1, PAGE_ENTRIES):
        found += page
    return found


def audited(place: str, key: str | None) -> Audit:
    """Verify a log or a bundle and return what was found; HF923 when its entries were altered.

    Whose they are, and whether they are all, may be unknown: ``sentence`` says so.
    """
    from holdfast.evidence.verification import NO_ANCHOR, NO_KEY, is_error
    from holdfast.store.audit import audit_bundle, audit_log
    from holdfast.store.bundle import is_bundle
    from holdfast.store.keys import read_verifier
    from holdfast.store.places import Outside

    known = None if key is None else read_verifier(key)
    audit = audit_bundle(Path(place), known) if is_bundle(Path(place)) else audit_log(place, known, Outside.of(place))
    altered = [
        each for each in audit.findings if is_error(each) and each.code not in _ATTACHMENTS | {NO_KEY, NO_ANCHOR}
    ]
    if altered:
        message = f"{place} is not the record that was signed, so it is not judged: {_said(altered)}"
        raise HoldfastError("HF923", message, remedy=f"See all of it with holdfast log verify {place}.")
    return audit


def sentence(audit: Audit) -> str:
    """Return in one line how far the record is to be trusted."""
    from holdfast.evidence.verification import NO_ANCHOR, is_error

    if audit.key is None:
        return (
            f"{audit.entries:,} entries, whole in themselves; whose they are was not verified: "
            "give the log's key with --key"
        )
    missing = sum(each.code in _ATTACHMENTS for each in audit.findings)
    less = f", but {missing} of its attachments missing or altered" if missing else ""
    last = any(each.code == NO_ANCHOR and is_error(each) for each in audit.findings)
    more = "; whether there were more cannot be told, for this machine has no anchor of it" if last else ""
    return f"{audit.entries:,} entries, every one as signed by {audit.key.name}{less}{more}"


def facts(audit: Audit) -> dict[str, object]:
    """Return the same for a program."""
    return {"entries": audit.entries, "signed_by": str(audit.key) if audit.key else None, "held": audit.held}


def _said(findings: list[Finding]) -> str:
    more = f", and {len(findings) - 1} more" if len(findings) > 1 else ""
    return f"{findings[0].code} {findings[0].message}{more}"
