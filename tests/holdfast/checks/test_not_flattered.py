"""Silence is not service: what was not watched, stopped or seen in time never reads held."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.evidence.events import (
    AlarmRaised,
    EvidenceMissing,
    ExerciseArmed,
    ExerciseRearmed,
    FaultUndone,
    StopRequested,
)
from holdfast.report.headline import headline
from tests.holdfast.drill import EXERCISE, SECOND, START_US, Drill, instant, play

CLIENT_CHECKS = ("restored-within-rto", "within-tolerance", "detected")


def without_offers(drill: Drill, from_s: float, to_s: float) -> Drill:
    """Take away what banks offered in a stretch of time, with all that they heard of it."""
    for bank, rows in drill.records.items():
        gone = {
            row["key"]
            for row in rows
            if row["op"] == "offer" and from_s * SECOND <= row["t_us"] - START_US < to_s * SECOND
        }
        drill.records[bank] = [row for row in rows if row.get("key") not in gone]
    return drill


def quiet() -> Drill:
    """Return a drill whose fault clients would not have seen."""
    return play(scenario="primary-host-lost", with_day=False, outage_us=0, alarm_after_us=None)


@pytest.mark.parametrize(("from_s", "to_s"), [(8, 99), (8, 30), (15, 25)])
def test_where_nothing_was_offered_after_the_fault_nothing_held(from_s: float, to_s: float) -> None:
    assert {quiet().answer(check) for check in CLIENT_CHECKS} == {"held"}
    drill = without_offers(quiet(), from_s, to_s)
    assert {drill.answer(check) for check in CLIENT_CHECKS} == {"unknown"}
    assert "throughout" not in headline(drill.judge())


def test_a_stop_after_the_effect_is_unknown_however_the_exercise_was_closed() -> None:
    drill = play()
    drill.after.insert(0, StopRequested(EXERCISE, "operator", "enough", instant(30 * SECOND)))
    assert drill.judge().verdict == "unknown"


def test_a_target_that_was_not_armed_proves_nothing() -> None:
    drill = play()
    drill.before = [replace(e, ready=False) if isinstance(e, ExerciseArmed) else e for e in drill.before]
    assert drill.judge().verdict == "unknown"


def test_what_could_not_be_collected_again_is_not_judged_by_the_older_copy() -> None:
    drill = play()
    drill.after.insert(0, EvidenceMissing(EXERCISE, "ledger.ndjson", "the primary was gone"))
    assert drill.answer("nothing-acknowledged-lost") == "unknown"


def test_readiness_seen_before_the_last_undoing_is_not_readiness_after_it() -> None:
    drill = play()
    undone = [event for event in (*drill.before, *drill.after) if isinstance(event, FaultUndone)]
    drill.before = [event for event in drill.before if not isinstance(event, FaultUndone)]
    drill.after = [event for event in drill.after if not isinstance(event, FaultUndone)]
    for events in (drill.before, drill.after):
        for number, event in enumerate(events):
            if isinstance(event, ExerciseRearmed):
                events[number + 1 : number + 1] = undone
                break
    assert drill.answer("undone-and-rearmed") == "unknown"


def test_a_day_closed_before_the_scheduled_cut_off_is_not_complete() -> None:
    drill = play()
    (day,) = drill.table("business_day")
    day["cut_off_us"] -= 20 * SECOND
    day["closed_us"] = day["cut_off_us"] + 1
    assert drill.answer("day-completed") == "broken"


def test_an_alarm_that_was_up_before_gives_no_time_to_detect() -> None:
    drill = play()
    early = next(event for event in drill.before if isinstance(event, AlarmRaised))
    drill.before.insert(0, replace(early, occurred=instant(1 * SECOND)))
    assert drill.answer("detected") == "unknown"
    assert next(figure for figure in drill.judge().clocks if figure.name == "mttd").value is None


def test_money_that_was_there_before_the_first_payment_is_not_hidden_by_the_ledgers_own_opening() -> None:
    drill = play()
    for row in drill.records["AURUM"]:
        if row["op"] == "clock":
            row["opening_cents"] -= 100
    assert drill.answer("debits-equal-credits") == "broken"


def test_a_limit_that_the_participant_does_not_know_of_is_broken() -> None:
    drill = play()
    next(row for row in drill.table("account") if row["participant"] == "AURUM")["limit_cents"] += 1
    assert drill.answer("limits-respected") == "broken"


def test_a_record_that_breaks_off_holds_nothing_and_still_proves_what_was_lost() -> None:
    drill = play()
    drill.garble["records/AURUM.ndjson"] = lambda data: b"".join(data.splitlines(keepends=True)[:-1])
    for check in ("nothing-acknowledged-lost", "day-completed", "restored-within-rto", "within-tolerance"):
        assert drill.answer(check) == "unknown", check
    drill.garble["records/AURUM.ndjson"] = lambda data: b"".join(data.splitlines(keepends=True)[:40])
    assert drill.answer("no-phantom") == "unknown"
    assert drill.answer("day-completed") == "unknown"
    acknowledged = next(row["key"] for row in drill.records["AURUM"] if row.get("status") == "settled")
    drill.ledger = [row for row in drill.ledger if row.get("key") != acknowledged]
    assert drill.answer("nothing-acknowledged-lost") == "broken"
