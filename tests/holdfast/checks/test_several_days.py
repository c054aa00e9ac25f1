"""Drills that last for days: each day has to complete, and the planned way back must not hurt the clients."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.checks.case import Outcome
from holdfast.evidence.events import DayScheduled, DisasterDeclared, FailedBack
from tests.holdfast.drill import EXERCISE, SECOND, START_US, UTC_US, Drill, Plan, instant, play

PLAN = Plan(scenario="whole-day", cut_off_us=30 * SECOND, end_us=70 * SECOND)
SECOND_DAY_US, CUT_OFF_US, CLOSE_BY_US, CLOSED_US = 42 * SECOND, 60 * SECOND, 68 * SECOND, 61 * SECOND


def one_day() -> Drill:
    """Return a drill of which only the first day was ever laid on the clock."""
    drill = play(PLAN)
    drill.table("business_day")[0]["closed_us"] = UTC_US + PLAN.cut_off_us + SECOND
    return drill


def two_days(*, closed_us: int | None = CLOSED_US) -> Drill:
    """Return a drill whose second day, without a payment, closes at ``closed_us``."""
    drill = one_day()
    first = drill.table("business_day")[0]
    drill.ledger.append(
        first
        | {"day": 2, "opened_us": UTC_US + SECOND_DAY_US, "cut_off_us": UTC_US + CUT_OFF_US}
        | {"close_by_us": UTC_US + CLOSE_BY_US, "closed_us": None if closed_us is None else UTC_US + closed_us}
    )
    told_us = START_US + (closed_us or 0)
    for position in [dict(row) for row in drill.table("position")] if closed_us is not None else ():
        still = {"opening_cents": position["closing_cents"], "debits_cents": 0, "credits_cents": 0}
        drill.ledger.append(position | still | {"day": 2})
        told = {"op": "position", "t_us": told_us, "day": 2} | still
        told |= {"closing_cents": position["closing_cents"], "own_debits_cents": 0, "agrees": True, "confirmed": True}
        drill.records[position["participant"]].append(told)
    opens, cut_off, close_by = instant(SECOND_DAY_US), instant(CUT_OFF_US), instant(CLOSE_BY_US)
    struck = instant(PLAN.steady_us)
    drill.before.append(DayScheduled(EXERCISE, 2, cut_off, close_by, struck, 180, opens))
    return drill


def outcome(drill: Drill, check: str) -> Outcome:
    return next(outcome for outcome in drill.judge().outcomes if outcome.check == check)


def test_both_days_complete() -> None:
    said = outcome(two_days(), "day-completed")
    assert (said.answer, said.measured) == ("held", "2 of 2 days completed"), said.explanation


def test_a_second_day_that_is_not_closed_breaks_it() -> None:
    said = outcome(two_days(closed_us=None), "day-completed")
    assert (said.answer, said.measured) == ("broken", "1 of 2 days completed")
    assert "Day 2: The day was never closed." in said.explanation


def test_a_second_day_that_is_closed_late_breaks_it() -> None:
    assert outcome(two_days(closed_us=CLOSE_BY_US + 1), "day-completed").answer == "broken"


def test_a_day_that_never_began_is_not_a_day_completed() -> None:
    said = outcome(one_day(), "day-completed")
    assert (said.answer, said.measured) == ("unknown", "1 of 2 days completed")
    assert "never laid on the clock" in said.explanation


def test_the_instants_of_the_second_day_have_names_of_their_own() -> None:
    stamps = {stamp.name: stamp for stamp in two_days().judge().timestamps}
    assert stamps["opens-2"].mono_us == START_US + SECOND_DAY_US
    assert stamps["day-closed-2"].utc_us == UTC_US + CLOSED_US
    assert stamps["day-closed"].utc_us == UTC_US + PLAN.cut_off_us + SECOND


# -- the way back --


def back(*, done: bool = True, asked_us: int = 50 * SECOND, done_us: int = 52 * SECOND) -> FailedBack:
    return FailedBack(EXERCISE, "ledger-a", done, "led by ledger-a", instant(asked_us), instant(done_us))


def gone_back(event: FailedBack | None) -> Outcome:
    drill = two_days()
    if event is not None:
        drill.before.append(event)
    return outcome(drill, "failed-back")


def test_the_way_back_holds_when_clients_were_served_throughout() -> None:
    said = gone_back(back())
    assert (said.answer, said.measured, said.bound) == ("held", "0 s", "interrupted at most 1 min")


def test_a_way_back_that_was_not_tried_is_unknown_and_one_that_failed_is_broken() -> None:
    assert gone_back(None).answer == "unknown"
    assert gone_back(back(done=False)).answer == "broken"


@pytest.mark.parametrize(("outage_us", "answer"), [(12 * SECOND, "held"), (62 * SECOND, "broken")])
def test_what_clients_saw_of_it_is_held_against_what_they_ride_out(outage_us: int, answer: str) -> None:
    """The outage of the plan is taken for the switchover's: it begins while the way back is under way."""
    drill = play(replace(PLAN, outage_us=outage_us, end_us=110 * SECOND))
    drill.before.append(back(asked_us=PLAN.steady_us - SECOND, done_us=PLAN.steady_us + SECOND))
    said = outcome(drill, "failed-back")
    assert said.answer == answer, said.explanation
    assert said.measured != "0 s"


def test_nobody_saw_what_happened_after_the_load_was_stopped() -> None:
    assert gone_back(back(done_us=75 * SECOND)).answer == "unknown"


def test_a_simulated_declaration_says_so_and_a_person_s_counts() -> None:
    drill = two_days()
    declared = DisasterDeclared(EXERCISE, "silver-commander", simulated=True, occurred=instant(PLAN.steady_us + SECOND))
    drill.before.append(declared)
    judged = drill.judge()
    stamp = next(stamp for stamp in judged.timestamps if stamp.name == "declared")
    assert (stamp.mono_us, stamp.source) == (START_US + PLAN.steady_us + SECOND, "drill")
    assert "simulated" in stamp.note
    assert any("declaration by silver-commander was simulated" in line for line in judged.assumptions)
    execution = next(figure for figure in judged.clocks if figure.name == "execution")
    assert execution.value is not None
    assert execution.value > 0
    drill.before[-1] = replace(declared, simulated=False)
    judged = drill.judge()
    assert not any("simulated:" in line for line in judged.assumptions)


def test_without_a_declaration_it_says_who_did_not() -> None:
    stamp = next(stamp for stamp in two_days().judge().timestamps if stamp.name == "declared")
    assert (stamp.mono_us, stamp.note) == (None, "silver-commander did not declare.")
