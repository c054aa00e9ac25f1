"""The success rate by its rule, its bound against closed forms, and a naive reading of the plan as the oracle."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.checks.validity import Verdict
from holdfast.measures.programme import Attempt, Due, Rate, attempt, lower_bound_ppm, programme, success_rate
from holdfast.measures.tested import subgraph_digest
from holdfast.model.types import PlannedTest
from tests.holdfast.drill import EXERCISE, play
from tests.holdfast.measures.attempts import DAY_MS, DAY_US, TEST, tried


def standings(*attempts: Attempt, at_day: float, test: PlannedTest = TEST) -> list[str]:
    return [due.standing for due in programme([test], attempts, 0, round(at_day * DAY_US))]


def test_a_period_without_an_attempt_is_open_until_it_ends_and_overdue_then() -> None:
    assert standings(at_day=0) == ["open"]
    assert standings(at_day=29.9) == ["open"]
    assert standings(at_day=30) == ["overdue", "open"]
    assert standings(at_day=95) == ["overdue"] * 3 + ["open"]


def test_the_first_valid_attempt_counts_and_repeating_it_until_it_holds_does_not() -> None:
    broken, held = tried(3, "broken"), tried(4, "held")
    (due,) = programme([TEST], [held, broken], 0, 5 * DAY_US)
    assert (due.standing, due.counts, due.retests) == ("failed", broken, (held,))


@pytest.mark.parametrize("verdict", ["invalid", "not-runnable"])
def test_what_never_took_effect_is_no_attempt_and_stands_beside(verdict: Verdict) -> None:
    beside, held = tried(3, verdict), tried(4, "held")
    (due,) = programme([TEST], [beside, held], 0, 5 * DAY_US)
    assert (due.standing, due.counts, due.invalid) == ("passed", held, (beside,))
    assert standings(beside, at_day=30) == ["overdue", "open"]


def test_one_that_was_stopped_after_its_first_effect_counts_as_failed() -> None:
    assert standings(tried(3, "unknown"), at_day=5) == ["failed"]


def test_broken_as_expected_is_no_success() -> None:
    assert standings(replace(tried(3, "broken"), as_expected=True), at_day=5) == ["failed"]


def test_a_test_of_another_type_service_or_scenario_does_not_count() -> None:
    other = (
        replace(tried(3, "held"), exercise_type="tabletop"),
        replace(tried(3, "held"), service="other"),
        replace(tried(3, "held"), scenario="other"),
    )
    assert standings(*other, at_day=31) == ["overdue", "open"]


def test_what_is_open_is_not_due_and_what_is_overdue_is() -> None:
    dues = programme([TEST], [tried(3, "held"), tried(33, "invalid"), tried(4, "held")], 0, 65 * DAY_US)
    assert success_rate(dues) == Rate(passed=1, due=2, overdue=1, retests=1, invalid=1)
    assert success_rate(dues).lower_ppm == lower_bound_ppm(1, 2)
    assert success_rate(()).lower_ppm is None


@pytest.mark.parametrize(
    ("passed", "due", "share"),
    [(0, 5, 0.0), (1, 1, 0.05), (10, 10, 0.05 ** (1 / 10)), (59, 59, 0.05 ** (1 / 59)), (1, 10, 1 - 0.95 ** (1 / 10))],
)
def test_the_bound_in_closed_form(passed: int, due: int, share: float) -> None:
    assert lower_bound_ppm(passed, due) == math.floor(share * 1_000_000)


@given(st.integers(1, 60).flatmap(lambda due: st.tuples(st.integers(1, due), st.just(due))))
def test_the_bound_is_where_so_many_are_seen_once_in_twenty(seen: tuple[int, int]) -> None:
    passed, due = seen

    def at_least(ppm: int) -> Fraction:
        """Return the upper tail, term by term from the one before, in exact fractions and without coefficients."""
        share = Fraction(ppm, 1_000_000)
        term, tail = (1 - share) ** due, Fraction(0)
        for k in range(due + 1):
            tail += term if k >= passed else 0
            term = term * (due - k) * share / ((k + 1) * (1 - share))
        return tail

    bound = lower_bound_ppm(passed, due)
    assert at_least(bound) <= Fraction(1, 20) < at_least(bound + 1)


def test_a_share_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="3"):
        lower_bound_ppm(3, 2)


TRIES = st.lists(
    st.tuples(st.integers(-10, 200), st.sampled_from(get_args(Verdict))), max_size=12, unique_by=lambda t: t[0]
)


@given(TRIES, st.integers(0, 200), st.integers(1, 90))
def test_equals_the_plan_read_day_by_day(tries: list[tuple[int, Verdict]], at_day: int, every_days: int) -> None:
    plan = replace(TEST, every_ms=every_days * DAY_MS)
    told: dict[int, list[Verdict]] = {}
    for day in range(at_day + 1):
        here = told.setdefault(day // every_days, [])
        here += [verdict for when, verdict in tries if when == day and verdict in {"held", "broken", "unknown"}]
    expected = []
    for number, verdicts in told.items():
        if verdicts:
            expected.append("passed" if verdicts[0] == "held" else "failed")
        else:
            expected.append("overdue" if (number + 1) * every_days <= at_day else "open")
    assert standings(*(tried(day, verdict) for day, verdict in tries), at_day=at_day, test=plan) == expected


def test_a_line_that_is_due_every_moment_ends() -> None:
    dues = programme([replace(TEST, every_ms=1)], [], 0, 400 * DAY_US)
    assert len(dues) == 10_000
    assert isinstance(dues[-1], Due)
    assert dues[-1].standing == "open"


def test_an_attempt_is_read_from_the_judgement() -> None:
    drill = play()
    judgement = drill.judge()
    read = attempt(judgement)
    assert (read.exercise, read.scenario, read.service) == (EXERCISE, drill.plan.scenario, "gross-settlement")
    assert (read.verdict, read.valid, read.evidence_class) == ("held", True, "range, scaled")
    assert not read.limits_approved
    assert read.tested == subgraph_digest(judgement.model, read.service, read.scenario)
    assert read.entry == judgement.exercise.opened.seq
