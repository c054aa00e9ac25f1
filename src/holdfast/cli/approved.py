"""How what a model declares stands with the institution's bodies, read from a log that is what was signed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.cli.options import EVIDENCE

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.model.types import Model
    from holdfast.state.approvals import Approval, ApprovalEntries, Standing
    from holdfast.store.port import LogReader


@dataclass(frozen=True, slots=True)
class Approved:
    """The approvals of a log, the log to look further in, and how far to trust it, in a line and for programs.

    Nothing was approved in a log that nobody has begun yet.
    """

    entries: ApprovalEntries
    log: LogReader | None
    trust: str
    record: dict[str, object] | None


@contextmanager
def read_approved(place: str, key: str | None = None) -> Iterator[Approved]:
    """Open a log or bundle and give its approvals, whoever signed it; HF923 when its entries were altered."""
    from holdfast.cli.record import audited, entries, facts, opened, sentence
    from holdfast.state.approvals import approval_entries

    if place == EVIDENCE and not _begun():
        yield Approved({}, None, f"none yet, for there is no log in {EVIDENCE}", None)
        return
    audit = audited(place, key)
    with opened(place) as log:
        yield Approved(approval_entries(entries(log)), log, sentence(audit), facts(audit))


def approvals_said(model: Model, place: str | None) -> Mapping[str, str]:
    """Return in words how each subject of a model stands, by the log at ``place``.

    Without one it is the log in the usual place, if there is one. Of a log whose signature could not be verified no
    approval counts, which is said on the error stream: anybody could have made it. HF923 when its entries were altered.
    """
    found = _approvals(model, place)
    return {} if found is None else {subject: str(approval) for subject, approval in found.items()}


def standings(model: Model, place: str | None) -> Mapping[str, Standing] | None:
    """Return whether each subject of a model is approved, unapproved or changed since, by the log at ``place``.

    As above; ``None`` if no log was named and there is none in the usual place.
    """
    found = _approvals(model, place)
    return None if found is None else {subject: approval.standing for subject, approval in found.items()}


def _approvals(model: Model, named: str | None) -> Mapping[str, Approval] | None:
    from holdfast.cli.record import audited, entries, opened
    from holdfast.cli.terminal import console
    from holdfast.state.approvals import approval_entries, approvals

    if named is None and not _begun():
        return None
    place = named or EVIDENCE
    if audited(place, None).key is None:
        note = f"note: HF220 no key of {place} is kept here: whose it is was not verified, so no approval in it counts"
        console(stderr=True).print(note, style="yellow", soft_wrap=True)
        return approvals(model, {})
    with opened(place) as log:
        return approvals(model, approval_entries(entries(log)))


def _begun() -> bool:
    """Return whether there is a log in the usual place."""
    from holdfast.store.places import DATABASE

    return Path(EVIDENCE, DATABASE).is_file()
