"""Whether a record may be judged at all: nothing is read out of entries that are not what was signed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.errors import HoldfastError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.verification import Finding
    from holdfast.store.audit import Audit

_NO_KEY = "HF220"
_ATTACHMENTS = frozenset({"HF213", "HF214"})
"""A missing or altered attachment ends no judgement: what rests on it reads unknown."""


def audited(place: str, key: str | None) -> Audit:
    """Verify a log or a bundle and return what was found; HF923 when its entries were altered."""
    from holdfast.evidence.verification import is_error
    from holdfast.store.audit import audit_bundle, audit_log
    from holdfast.store.bundle import is_bundle
    from holdfast.store.keys import read_verifier
    from holdfast.store.places import Outside

    known = None if key is None else read_verifier(key)
    audit = audit_bundle(Path(place), known) if is_bundle(Path(place)) else audit_log(place, known, Outside.of(place))
    altered = [each for each in audit.findings if is_error(each) and each.code not in _ATTACHMENTS | {_NO_KEY}]
    if altered:
        message = f"{place} is not the record that was signed, so it is not judged: {_said(altered)}"
        raise HoldfastError("HF923", message, remedy=f"See all of it with holdfast log verify {place}.")
    return audit


def sentence(audit: Audit) -> str:
    """Return in one line how far the record is to be trusted."""
    if audit.key is None:
        return (
            f"{audit.entries:,} entries, whole in themselves; whose they are was not verified: "
            "give the log's key with --key"
        )
    missing = sum(each.code in _ATTACHMENTS for each in audit.findings)
    less = f", but {missing} of its attachments missing or altered" if missing else ""
    return f"{audit.entries:,} entries, every one as signed by {audit.key.name}{less}"


def facts(audit: Audit) -> dict[str, object]:
    """Return the same for a program."""
    return {"entries": audit.entries, "signed_by": str(audit.key) if audit.key else None, "held": audit.held}


def _said(findings: list[Finding]) -> str:
    more = f", and {len(findings) - 1} more" if len(findings) > 1 else ""
    return f"{findings[0].code} {findings[0].message}{more}"
