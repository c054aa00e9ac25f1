"""The fold: every event kept under its number, an unknown kind refused, a broken order refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.errors import HoldfastError
from holdfast.evidence.envelope import Envelope
from holdfast.evidence.events import (
    EvidenceAttached,
    EvidenceMissing,
    ExerciseArmed,
    FaultIntended,
    FaultUndone,
    LogOpened,
    PersonalErased,
    StopRequested,
)
from holdfast.state.exercise import fold
from tests.holdfast.drill import EXERCISE, envelope, instant, play


@pytest.fixture(scope="module")
def log() -> list[Envelope]:
    return play().log()


def test_every_entry_is_kept_under_its_number(log: list[Envelope]) -> None:
    (exercise,) = fold(log).values()
    assert exercise.id == EXERCISE
    assert exercise.log == log[0].log
    assert exercise.opened.seq == 1
    assert exercise.last_seq == log[-1].seq
    kept = [exercise.opened.seq, *(r.seq for r in exercise.evidence.values())]
    kept += [r.seq for r in (exercise.armed, exercise.day, exercise.rearmed) if r]
    kept += [r.seq for group in (exercise.alarms, exercise.phases, exercise.closes) for r in group]
    kept += [
        s for f in exercise.faults for s in (f.intended.seq, *(p.seq for p in f.probes), *(u.seq for u in f.undos))
    ]
    assert sorted(kept) == [each.seq for each in log[1:]]


def test_a_fault_knows_its_first_effect_and_its_first_undoing(log: list[Envelope]) -> None:
    (exercise,) = fold(log).values()
    failed = FaultUndone(EXERCISE, "f1", "guard", undone=False, observed="no", occurred=instant(1))
    again = fold([*log[:-2], envelope(log[-2].seq, failed), log[-1]])[EXERCISE]
    assert exercise.first_effect is not None
    assert exercise.faults[0].effect == exercise.first_effect
    assert again.faults[0].undone == exercise.faults[0].undone
    assert len(again.faults[0].undos) == 2


def test_a_later_attachment_replaces_and_fills_a_gap(log: list[Envelope]) -> None:
    seq = log[-1].seq
    attached = next(e for e in log if e.kind == "evidence.attached" and e.body["attachment"]["name"] == "ledger.ndjson")
    without = [e for e in log if e is not attached]
    missing = envelope(seq + 1, EvidenceMissing(EXERCISE, "ledger.ndjson", "no primary"))
    assert set(fold([*without, missing])[EXERCISE].gaps) == {"ledger.ndjson"}
    filled = fold([*without, missing, replace(attached, seq=seq + 2)])[EXERCISE]
    assert not filled.gaps
    assert filled.evidence["ledger.ndjson"].seq == seq + 2
    assert isinstance(filled.evidence["ledger.ndjson"].event, EvidenceAttached)


def test_stops_and_repeated_readings_are_kept(log: list[Envelope]) -> None:
    seq = log[-1].seq
    stop = envelope(seq + 1, StopRequested(EXERCISE, "guard", "time-box", instant(1)))
    armed = envelope(seq + 2, ExerciseArmed(EXERCISE, ready=False, observed={}, occurred=instant(2)))
    exercise = fold([*log, stop, armed])[EXERCISE]
    assert [s.seq for s in exercise.stops] == [seq + 1]
    assert exercise.armed is not None
    assert not exercise.armed.event.ready


def refused(log: list[Envelope]) -> str:
    with pytest.raises(HoldfastError) as caught:
        fold(log)
    return caught.value.code


def test_what_is_about_no_exercise_is_passed_over(log: list[Envelope]) -> None:
    for other in (PersonalErased(("0" * 64,), "asked"), LogOpened("o", "k", "v")):
        between = [*log[:3], envelope(3, other), *(replace(each, seq=each.seq + 1) for each in log[3:])]
        without = [*log[:3], *between[4:]]
        assert fold(between) == fold(without)


def test_an_unknown_kind_is_refused(log: list[Envelope]) -> None:
    assert refused([*log, replace(log[-1], seq=99, kind="weather.observed")]) == "HF501"


def test_a_body_that_does_not_fit_is_refused(log: list[Envelope]) -> None:
    assert refused([*log, replace(log[-1], seq=99, body={"exercise": EXERCISE})]) == "HF207"


def test_an_event_of_an_exercise_that_was_not_opened_is_refused(log: list[Envelope]) -> None:
    assert refused([log[0], *log[2:]]) == "HF502"


def test_opening_twice_is_refused(log: list[Envelope]) -> None:
    assert refused([*log, replace(log[1], seq=99)]) == "HF502"


def test_a_fault_that_was_never_intended_is_refused(log: list[Envelope]) -> None:
    assert refused([e for e in log if e.kind != "fault.intended"]) == "HF502"


def test_a_fault_intended_twice_is_refused(log: list[Envelope]) -> None:
    intended = next(e for e in log if e.kind == "fault.intended")
    assert intended.body["fault"] == "f1"
    again = FaultIntended(EXERCISE, "f1", "x", "y", {}, 1, {}, {}, instant(1))
    assert refused([*log, envelope(99, again)]) == "HF502"


def test_entries_out_of_order_or_of_two_logs_are_refused(log: list[Envelope]) -> None:
    assert refused([*log[:2], log[3], log[2]]) == "HF503"
    assert refused([log[0], replace(log[1], log="another")]) == "HF503"
