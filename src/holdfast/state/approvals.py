"""What the institution's bodies approved, as the log tells it: which tolerance, scenario or risk acceptance, and when.

An approval is of one declaration, by its digest, and of nothing that is declared later. Which one counts is the last
one recorded; one that was withdrawn counts for nothing. For an exercise the approval that counted when it was opened
does as well: a new tolerance does not take back that the old one had been approved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from holdfast.errors import HoldfastError
from holdfast.evidence.envelope import Envelope, event_of
from holdfast.evidence.events import ApprovalRecorded, ApprovalWithdrawn
from holdfast.model.canonical import subject_digest, subjects
from holdfast.model.types import Model
from holdfast.state.exercise import Recorded, known_kind

Standing = Literal["approved", "unapproved", "changed since"]
ApprovalEntries = Mapping[str, tuple[Recorded[ApprovalRecorded], ...]]
"""By subject, in the order of the log, without those that were withdrawn; empty where every one was."""


@dataclass(frozen=True, slots=True)
class Approval:
    """How a subject stands with its body, and the entry on which that rests: of what is declared, or of what was."""

    standing: Standing
    entry: Recorded[ApprovalRecorded] | None
    withdrawn: bool = False  # every approval that there was

    def __str__(self) -> str:
        """Return it in words: ``approved by Risk Committee on 2026-11-20 (entry 12)``."""
        if self.entry is None:
            return "unapproved: the approval was withdrawn" if self.withdrawn else "unapproved"
        event = self.entry.event
        by = f"by {event.body} on {event.decided_on} (entry {self.entry.seq})"
        return f"approved {by}" if self.standing == "approved" else f"changed since it was approved {by}"

    @property
    def mark(self) -> str:
        """What is shown beside something that this is about: nothing when it is approved."""
        return {"approved": "", "unapproved": "unapproved", "changed since": "changed since approval"}[self.standing]


def approval_entries(envelopes: Iterable[Envelope]) -> ApprovalEntries:
    """Return the approvals of a log.

    Raises HF501 for a kind that this version does not know, because it could say something about an approval, and
    HF510 for the withdrawal of an entry that approved nothing, or something else.
    """
    found: dict[str, dict[int, Recorded[ApprovalRecorded]]] = {}
    withdrawn: set[int] = set()
    for envelope in envelopes:
        if known_kind(envelope) not in {ApprovalRecorded, ApprovalWithdrawn}:
            continue
        match event_of(envelope):
            case ApprovalRecorded() as event:
                kept = found.setdefault(event.subject, {})
                kept[envelope.seq] = Recorded(envelope.seq, envelope.at_utc_us, event)
            case ApprovalWithdrawn(subject, approval):
                # Two may withdraw the same at the same time: the second says nothing new.
                if found.get(subject, {}).pop(approval, None) is None and approval not in withdrawn:
                    raise HoldfastError(
                        "HF510",
                        f"entry {envelope.seq} withdraws entry {approval}, which is no approval of {subject}",
                        remedy="read the whole log from its first entry; `holdfast log verify` shows what is missing",
                    )
                withdrawn.add(approval)
    return {subject: tuple(kept.values()) for subject, kept in found.items()}


def approvals(model: Model, given: ApprovalEntries, opened_seq: int | None = None) -> Mapping[str, Approval]:
    """Return for everything in a model that a body has to approve, by subject, how that stands.

    With ``opened_seq`` it is for the model that an exercise committed when it was opened, in that entry.
    """
    return {
        subject: _approval(model, subject, given.get(subject, ()), opened_seq, withdrawn=subject in given)
        for subject in subjects(model)
    }


def standing(model: Model, envelopes: Iterable[Envelope]) -> Mapping[str, Standing]:
    """Return the same in a word each, as it is now, from the entries of a log; raises as ``approval_entries`` does."""
    return {subject: each.standing for subject, each in approvals(model, approval_entries(envelopes)).items()}


def _approval(
    model: Model,
    subject: str,
    every: tuple[Recorded[ApprovalRecorded], ...],
    opened_seq: int | None,
    *,
    withdrawn: bool,
) -> Approval:
    before = tuple(each for each in every if opened_seq is not None and each.seq < opened_seq)
    counting = (*before[-1:], *every[-1:])
    digest = subject_digest(model, subject)
    for approval in counting:
        if approval.event.digest == digest:
            return Approval("approved", approval)
    if counting:
        return Approval("changed since", counting[-1])
    return Approval("unapproved", None, withdrawn=withdrawn)
