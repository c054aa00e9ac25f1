"""What a day that is complete still says of itself: by which rules it rejected, and what came too late for it."""

from __future__ import annotations

from dataclasses import replace

from holdfast.checks.case import Outcome
from holdfast.checks.day import missed_cut_off
from holdfast.report.headline import headline
from tests.holdfast.drill import SECOND, START_US, Drill, Plan, play

# Down from ten seconds before the cut-off until two after it: what is offered in between reaches the ledger too late.
PLAN = Plan(rate_per_s=6.0, steady_us=20 * SECOND, outage_us=12 * SECOND, cut_off_us=30 * SECOND)


def outcome(drill: Drill) -> Outcome:
    return next(outcome for outcome in drill.judge().outcomes if outcome.check == "day-completed")


def late(drill: Drill) -> int:
    """Return how many were offered before the cut-off and rejected after it, by the banks' rows and the ledger's."""
    offers = {row["key"]: row for rows in drill.records.values() for row in rows if row["op"] == "offer"}
    rejected = [row for row in drill.table("instruction") if row["reason"] == "after-cut-off"]
    return sum(offers[row["key"]]["t_us"] < START_US + PLAN.cut_off_us for row in rejected)


def test_a_day_can_be_complete_without_what_came_too_late_and_says_so() -> None:
    drill = play(PLAN)
    missed = late(drill)
    said = outcome(drill)
    assert missed > 20
    assert said.answer == "held"
    assert said.explanation.endswith(f" {missed} instructions offered before the cut-off came too late for it.")
    assert f"{missed} instructions offered before the cut-off came too late" in headline(drill.judge())


def test_it_says_by_which_rules_instructions_were_rejected() -> None:
    drill = play(PLAN)
    many = sum(row["reason"] == "after-cut-off" for row in drill.table("instruction"))
    assert f"{many} rejected by rule (after-cut-off {many})" in outcome(drill).explanation


def test_what_never_reached_the_ledger_came_too_late_as_well() -> None:
    drill = play(Plan(rate_per_s=4.0, outage_us=0, alarm_after_us=None))
    offer = {"op": "offer", "t_us": START_US + SECOND, "key": "AURUM-999999", "to": "BOREAL"}
    before = outcome(drill)
    drill.records["AURUM"].insert(1, offer | {"amount_cents": 1, "priority": "normal"})
    assert "came too late" not in before.explanation
    assert outcome(drill).explanation.endswith(" 1 instruction offered before the cut-off came too late for it.")


def test_what_is_of_an_earlier_day_is_not_late_for_a_later_one() -> None:
    drill = play(PLAN)
    judgement = drill.judge()
    number = judgement.exercise.days[0].event.day
    assert missed_cut_off(judgement.case, number) == late(drill)
    assert missed_cut_off(judgement.case, number + 1) == 0


def test_what_was_taken_on_the_next_day_was_too_late_for_this_one() -> None:
    case = play(Plan(rate_per_s=4.0, outage_us=0, alarm_after_us=None)).judge().case
    ledger = case.history.ledger
    assert ledger is not None
    early = {o.offer.key for o in case.operations.values() if o.offer.t_us < START_US + PLAN.cut_off_us}
    moved = tuple(replace(row, day=2) if row.key in early else row for row in ledger.instructions)
    later = replace(case, history=replace(case.history, ledger=replace(ledger, instructions=moved)))
    assert missed_cut_off(case, 1) == 0
    assert missed_cut_off(later, 1) == len(early) > 0
