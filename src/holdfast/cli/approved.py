"""How what a model declares stands with the institution's bodies, read from a log that is what was signed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.envelope import Envelope
    from holdfast.model.types import Model
    from holdfast.state.approvals import ApprovalEntries
    from holdfast.store.port import LogReader

EVIDENCE = "evidence"
PAGE_ENTRIES = 1000


@dataclass(frozen=True, slots=True)
class Approved:
    """The approvals of a log, the log to look further in, and how far it is to be trusted."""

    entries: ApprovalEntries
    log: LogReader
    trust: str


@contextmanager
def read_approved(place: str, key: str | None = None) -> Iterator[Approved]:
    """Open a log or bundle and give its approvals; HF923 when its entries were altered."""
    from holdfast.cli.record import audited, sentence
    from holdfast.state.approvals import approval_entries
    from holdfast.store.bundle import is_bundle, read_bundle
    from holdfast.store.opening import open_log

    audit = audited(place, key)
    with nullcontext(read_bundle(Path(place))) if is_bundle(Path(place)) else open_log(place) as log:
        yield Approved(approval_entries(entries(log)), log, sentence(audit))


def approvals_said(model: Model, place: str | None) -> Mapping[str, str]:
    """Return in words how each subject of a model stands, by the log at ``place``.

    Without one it is the log in the usual place, if there is one. HF923 when its entries were altered.
    """
    if place is None and not Path(EVIDENCE).exists():
        return {}
    from holdfast.state.approvals import approvals

    with read_approved(place or EVIDENCE) as approved:
        return {subject: str(approval) for subject, approval in approvals(model, approved.entries).items()}


def entries(log: LogReader) -> list[Envelope]:
    """Return every entry of a log."""
    found: list[Envelope] = []
    while page := log.read(found[-1].seq if found else -1, PAGE_ENTRIES):
        found += page
    return found
