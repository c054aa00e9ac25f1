"""What counts as approved: this declaration, by the last approval that was not withdrawn."""

from __future__ import annotations

import hashlib

import pytest

from holdfast.errors import HoldfastError
from holdfast.evidence.envelope import Envelope, body_of, kind_of
from holdfast.evidence.events import (
    ApprovalRecorded,
    ApprovalWithdrawn,
    Attachment,
    Event,
    LogOpened,
    PersonalErased,
)
from holdfast.model.canonical import subject_declaration
from holdfast.model.types import Model
from holdfast.state.approvals import approval_entries, approvals, standing
from tests.holdfast.model.declared import changed, model

TOLERANCE, CRASH, ACCEPTED = "tolerance:payments", "scenario:crash", "risk-acceptance:one-vault"
OLD = model()
NEW = model(changed("    rto: 2h", "    rto: 1h")[0])


def approved(subject: str, declared: Model = OLD, body: str = "Risk Committee") -> ApprovalRecorded:
    data = subject_declaration(declared, subject)
    attachment = Attachment("approved.json", hashlib.sha256(data).hexdigest(), len(data), "application/json")
    return ApprovalRecorded(subject, attachment, declared.digest, body, "2026-11-20")


def withdrawn(subject: str, entry: int) -> ApprovalWithdrawn:
    return ApprovalWithdrawn(subject, entry, "Risk Committee", "2026-11-21", "a mistake")


def log(*events: Event) -> list[Envelope]:
    """Return a log of these after its opening, which is entry 0."""
    every = (LogOpened("holdfast.example/log", "key", "0.1.0"), *events)
    return [
        Envelope(1, "log", seq, seq, seq, "clock", kind_of(event), "operator", "os", "subject", None, body_of(event))
        for seq, event in enumerate(every)
    ]


def test_everything_is_unapproved_until_somebody_approves_it() -> None:
    assert set(standing(OLD, log()).values()) == {"unapproved"}
    assert list(standing(OLD, log())) == [
        *("tolerance:payments", "tolerance:reporting", "scenario:crash", "scenario:lost-site", "scenario:worst"),
        *("risk-acceptance:one-vault", "risk-acceptance:late-alarm"),
    ]


def test_an_approval_is_of_one_declaration_and_of_nothing_else() -> None:
    entries = log(approved(TOLERANCE), PersonalErased(("d",), "asked"), approved(ACCEPTED))
    found = standing(OLD, entries)
    assert {subject for subject, each in found.items() if each == "approved"} == {TOLERANCE, ACCEPTED}
    after = standing(NEW, entries)
    assert after[TOLERANCE] == "changed since"
    assert after[ACCEPTED] == "approved"


def test_the_last_one_counts() -> None:
    entries = log(approved(TOLERANCE), approved(TOLERANCE, NEW))
    assert standing(NEW, entries)[TOLERANCE] == "approved"
    # Whoever goes back to what was approved once goes back to something that was replaced.
    assert standing(OLD, entries)[TOLERANCE] == "changed since"


def test_one_that_was_withdrawn_counts_for_nothing_and_the_one_before_it_again() -> None:
    assert standing(OLD, log(approved(TOLERANCE), withdrawn(TOLERANCE, 1)))[TOLERANCE] == "unapproved"
    gone = approvals(OLD, approval_entries(log(approved(TOLERANCE), withdrawn(TOLERANCE, 1))))
    assert (str(gone[TOLERANCE]), str(gone[CRASH])) == ("unapproved: the approval was withdrawn", "unapproved")
    entries = log(approved(TOLERANCE), approved(TOLERANCE, NEW), withdrawn(TOLERANCE, 2))
    assert standing(OLD, entries)[TOLERANCE] == "approved"
    twice = log(approved(TOLERANCE), withdrawn(TOLERANCE, 1), withdrawn(TOLERANCE, 1))
    assert standing(OLD, twice)[TOLERANCE] == "unapproved"


def test_an_exercise_keeps_the_approval_that_counted_when_it_was_opened() -> None:
    """Entry 2 opens the exercise of the old model; entry 3 approves a new one."""
    given = approval_entries(log(approved(TOLERANCE), approved(CRASH), approved(TOLERANCE, NEW)))
    assert approvals(OLD, given)[TOLERANCE].standing == "changed since"
    kept = approvals(OLD, given, opened_seq=2)[TOLERANCE]
    assert kept.standing == "approved"
    assert kept.entry is not None
    assert kept.entry.seq == 1
    assert approvals(NEW, given, opened_seq=2)[TOLERANCE].standing == "approved"


def test_an_approval_recorded_after_the_exercise_counts_and_a_withdrawn_one_does_not() -> None:
    later = approval_entries(log(approved(CRASH), approved(TOLERANCE)))
    assert approvals(OLD, later, opened_seq=1)[TOLERANCE].standing == "approved"
    gone = approval_entries(log(approved(TOLERANCE), withdrawn(TOLERANCE, 1)))
    assert approvals(OLD, gone, opened_seq=3)[TOLERANCE].standing == "unapproved"


def test_it_says_by_whom_when_and_where() -> None:
    given = approval_entries(log(approved(TOLERANCE)))
    assert str(approvals(OLD, given)[TOLERANCE]) == "approved by Risk Committee on 2026-11-20 (entry 1)"
    assert str(approvals(NEW, given)[TOLERANCE]) == (
        "changed since it was approved by Risk Committee on 2026-11-20 (entry 1)"
    )
    assert str(approvals(OLD, given)[CRASH]) == "unapproved"
    marks = {subject: each.mark for subject, each in approvals(NEW, given).items()}
    assert (marks[TOLERANCE], marks[CRASH]) == ("changed since approval", "unapproved")
    assert approvals(OLD, given)[TOLERANCE].mark == ""


@pytest.mark.parametrize(("subject", "entry"), [(TOLERANCE, 2), (TOLERANCE, 0), (CRASH, 1), (TOLERANCE, 9)])
def test_a_withdrawal_of_what_is_no_approval_of_it_is_refused(subject: str, entry: int) -> None:
    with pytest.raises(HoldfastError) as refused:
        approval_entries(log(approved(TOLERANCE), withdrawn(subject, entry)))
    assert refused.value.code == "HF510"


def test_a_kind_of_a_later_version_is_refused() -> None:
    entries = log(approved(TOLERANCE))
    unknown = Envelope(1, "log", 2, 2, 2, "clock", "approval.suspended", "operator", "os", "subject", None, {})
    with pytest.raises(HoldfastError) as refused:
        standing(OLD, [*entries, unknown])
    assert refused.value.code == "HF501"
