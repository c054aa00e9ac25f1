"""What a tabletop comes to: expected decisions against what was decided, never a recovery time."""

from __future__ import annotations

import pytest

from holdfast.evidence.events import Event
from holdfast.evidence.spoken import FactRecorded
from holdfast.measures.tabletop import Discussed, judge_tabletop, tabletop_attempts
from holdfast.state.tabletop import fold_tabletops
from tests.holdfast.state.spoken_log import at, decided, declared, spoken, table_opened, told

MODEL = declared()


def said(kind: str, minute: int, by: str | None = None) -> FactRecorded:
    return FactRecorded("t-1", kind, "said", at(minute), by=by, clock_ms=minute * 60_000)  # type: ignore[arg-type]


def judged(*events: Event) -> Discussed:
    return judge_tabletop(fold_tabletops(spoken(table_opened(), *events))["t-1"], MODEL)


def outcomes(*events: Event) -> list[tuple[str, str]]:
    return [(each.answer, each.outcome) for each in judged(*events).expected]


ALL_TOLD = (told(1, 0), told(2, 10), told(3, 40))
HELD = (*ALL_TOLD, decided(2, 30, "silver"), decided(3, 70, "press"), said("closed", 71))


def test_made_in_time_by_whoever_has_to_make_it_holds() -> None:
    found = judged(*HELD)
    assert [(each.answer, each.outcome) for each in found.expected] == [("held", "in time")] * 2
    assert (found.verdict, found.evidence_class, found.missed) == ("held", "discussion", ())
    assert [each.after_ms for each in found.expected] == [20 * 60_000, 30 * 60_000]


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (decided(2, 31, "silver"), ("broken", "late")),
        (decided(2, 12, "gold"), ("broken", "by another")),
        (decided(2, 12, "silver", "no"), ("broken", "other decision")),
        (decided(2, 12, "silver", "unsure"), ("unknown", "unsure")),
        (decided(2, 12, None), ("unknown", "by whom unknown")),
    ],
)
def test_everything_else_does_not(decision: Event, expected: tuple[str, str]) -> None:
    assert outcomes(*ALL_TOLD, decision)[0] == expected


def test_what_was_not_made_is_broken_only_when_its_time_had_passed() -> None:
    assert outcomes(told(1, 0), told(2, 10)) == [("unknown", "open"), ("unknown", "not reached")]
    assert outcomes(told(1, 0), told(2, 10), said("closed", 30))[0] == ("unknown", "open")
    assert outcomes(told(1, 0), told(2, 10), said("closed", 31))[0] == ("broken", "not made")


def test_the_time_runs_from_when_it_was_told_and_never_before() -> None:
    late = (told(1, 0), told(2, 100), decided(2, 115, "silver"))
    assert outcomes(*late)[0] == ("held", "in time")
    foreseen = (told(2, 10), decided(2, 5, "silver"))
    assert outcomes(*foreseen)[0] == ("unknown", "before it was told")
    assert judged(*foreseen).expected[0].after_ms == 0


def test_the_best_of_several_decisions_counts() -> None:
    again = (*ALL_TOLD, decided(2, 12, "silver", "no"), decided(2, 25, "silver"), decided(2, 50, "silver"))
    assert outcomes(*again)[0] == ("held", "in time")


def test_what_was_decided_otherwise_afterwards_is_taken_back() -> None:
    back = (*ALL_TOLD, decided(2, 12, "silver"), decided(2, 20, "silver", "no"))
    assert outcomes(*back)[0] == ("broken", "other decision")
    assert outcomes(*back, decided(2, 29, "silver"))[0] == ("held", "in time")
    assert outcomes(*back, decided(2, 45, "silver"))[0] == ("broken", "late")
    assert outcomes(*ALL_TOLD, decided(2, 12, "silver"), decided(2, 20, "gold"))[0] == ("held", "in time")


def test_who_decided_was_there() -> None:
    assert judged(*ALL_TOLD, decided(2, 12, "silver")).absent == ("press",)


def test_the_exercise_is_as_bad_as_the_worst_of_them() -> None:
    assert judged(*ALL_TOLD, decided(2, 12, "silver")).verdict == "unknown"
    assert judged(*ALL_TOLD, decided(2, 12, "silver"), decided(3, 99, "press")).verdict == "broken"
    assert judged().verdict == "invalid"
    assert (judged(*HELD[:-1]).verdict, judged(*HELD).verdict) == ("unknown", "held")  # open, and closed
    assert judged(told(1, 0)).verdict == "unknown"


def test_who_was_spoken_to_and_not_there_is_named() -> None:
    found = judged(*ALL_TOLD, said("attended", 0, "silver"), said("attended", 1, "gold"))
    assert found.tabletop.attended == ("silver", "gold")
    assert found.absent == ("press",)


def test_what_nobody_had_put_to_them_stands_apart() -> None:
    found = judged(*ALL_TOLD, decided(None, 15, "gold"), decided(1, 3, "silver"))
    assert [each.event.inject for each in found.others] == [None, 1]


def test_the_programme_gets_an_attempt_of_what_was_closed_and_of_nothing_else() -> None:
    (attempt,) = tabletop_attempts([judged(*HELD), judged(*HELD[:-1])])
    assert (attempt.exercise, attempt.scenario, attempt.service) == ("t-1", "talk", "payments")
    assert (attempt.exercise_type, attempt.evidence_class, attempt.verdict) == ("tabletop", "discussion", "held")
    assert (attempt.valid, attempt.limits_approved, attempt.entry) == (True, False, 1)


def test_an_inject_that_is_told_twice_counts_from_the_first_time() -> None:
    found = judged(told(2, 10), told(2, 25), decided(2, 31, "silver"))
    assert found.expected[0].outcome == "late"
