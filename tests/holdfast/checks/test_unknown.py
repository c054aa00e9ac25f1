"""What cannot be known is unknown, with the reason, and is never counted as held; broken still wins over it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.checks.case import worst
from holdfast.evidence.events import Event, ExerciseClosed, ExerciseRearmed, FaultProbed, FaultUndone, Instant
from holdfast.measures.judgement import Judgement
from tests.holdfast.drill import EXERCISE, SECOND, Drill, instant, play

LEDGER_CHECKS = {
    "nothing-acknowledged-lost",
    "nothing-duplicated",
    "no-phantom",
    "debits-equal-credits",
    "limits-respected",
    "journal-chain-intact",
    "replay-gives-balances",
    "journal-covers-ledger",
    "day-completed",
    "within-tolerance",
}
CLIENT_CHECKS = {"restored-within-rto", "within-tolerance", "detected"}
RESTS_ON = {
    "ledger.ndjson": LEDGER_CHECKS,
    "records/DELTA.ndjson": CLIENT_CHECKS | {"nothing-acknowledged-lost", "no-phantom", "day-completed"},
    "journal/settlement-a.ndjson": {"journal-covers-ledger"},
}


def answers(judgement: Judgement) -> dict[str, str]:
    return {outcome.check: outcome.answer for outcome in judgement.outcomes}


def unknown(judgement: Judgement) -> set[str]:
    return {check for check, answer in answers(judgement).items() if answer == "unknown"}


@pytest.mark.parametrize("name", RESTS_ON)
def test_what_rests_on_a_missing_file_is_unknown_and_nothing_else(name: str) -> None:
    drill = play()
    drill.omit.add(name)
    judgement = drill.judge()
    assert unknown(judgement) == RESTS_ON[name]
    assert judgement.verdict == "unknown"
    assert judgement.exit_code == 1
    assert not judgement.as_expected


@pytest.mark.parametrize("name", RESTS_ON)
def test_what_rests_on_a_malformed_file_is_unknown_and_says_why(name: str) -> None:
    drill = play()
    drill.garble[name] = lambda data: data[:-9]
    judgement = drill.judge()
    assert unknown(judgement) == RESTS_ON[name]
    reasons = [outcome.explanation for outcome in judgement.outcomes if outcome.answer == "unknown"]
    assert all("cut off" in reason or "not known" in reason for reason in reasons), reasons


def test_all_missing_is_unknown_throughout() -> None:
    drill = play()
    drill.omit |= set(drill.attachments())
    assert set(answers(drill.judge()).values()) == {"unknown", "held"}
    assert answers(drill.judge())["undone-and-rearmed"] == "held"


def test_broken_wins_over_unknown() -> None:
    drill = play()
    drill.omit.add("records/DELTA.ndjson")
    drill.table("account")[0]["balance_cents"] += 1
    assert drill.judge().verdict == "broken"


def test_a_loss_is_broken_even_where_another_record_is_missing() -> None:
    drill = play()
    drill.omit.add("records/HALYARD.ndjson")
    gone = next(row for row in drill.table("instruction") if row["sender"] == "AURUM")
    drill.ledger.remove(gone)
    assert drill.answer("nothing-acknowledged-lost") == "broken"


def test_alarms_in_the_log_are_enough_without_their_file() -> None:
    drill = play()
    drill.omit.add("alarms.ndjson")
    assert drill.answer("detected") == "held"
    drill.before = [event for event in drill.before if type(event).__name__ != "AlarmRaised"]
    assert drill.answer("detected") == "unknown"


def test_an_alarm_that_was_up_before_says_nothing() -> None:
    drill = play()
    drill.alarms.insert(0, drill.alarms[0] | {"t_us": drill.alarms[0]["t_us"] - 5 * SECOND})
    assert drill.answer("detected") == "unknown"


def test_a_disruption_that_nobody_could_see_needs_no_alarm() -> None:
    drill = play(scenario="primary-host-lost", with_day=False, outage_us=0, alarm_after_us=None)
    judgement = drill.judge()
    outcome = next(outcome for outcome in judgement.outcomes if outcome.check == "detected")
    assert (outcome.answer, outcome.measured) == ("held", "nothing to notice")
    assert next(f for f in judgement.clocks if f.name == "mttd").value is None
    assert next(f for f in judgement.clocks if f.name == "rta").value == 0


def test_a_recovery_that_only_the_undoing_brought_is_not_held() -> None:
    drill = play(
        outage_us=56 * SECOND, hold_us=55 * SECOND, cut_off_us=70 * SECOND, close_by_us=99 * SECOND, end_us=75 * SECOND
    )
    assert drill.answer("restored-within-rto") == "unknown"


def test_the_undoing_counts_from_when_it_can_have_begun_not_from_when_it_was_verified() -> None:
    # dc-a is held for 55 s by the scenario; the service is back a second later, the undoing is verified 9 s later.
    drill = play(
        outage_us=56 * SECOND, hold_us=64 * SECOND, cut_off_us=80 * SECOND, close_by_us=99 * SECOND, end_us=85 * SECOND
    )
    assert drill.answer("restored-within-rto") == "unknown"


def test_a_service_that_never_came_back_while_watched_is_not_held() -> None:
    drill = play(with_day=False, scenario="primary-host-lost", outage_us=31 * SECOND, end_us=40 * SECOND)
    assert drill.answer("restored-within-rto") == "unknown"
    assert drill.answer("within-tolerance") == "unknown"
    rta = next(figure for figure in drill.judge().clocks if figure.name == "rta")
    assert rta.value is None
    assert "censored" in rta.note


def test_durations_exist_on_one_clock_only() -> None:
    drill = play()

    def moved(event: Event) -> Event:
        if not isinstance(event, FaultProbed):
            return event
        other = Instant(event.injected.utc_us, event.injected.mono_us, "another-boot")
        return replace(event, injected=other)

    drill.before = [moved(event) for event in drill.before]
    assert unknown(drill.judge()) >= CLIENT_CHECKS


def test_no_record_of_the_undoing_is_unknown() -> None:
    drill = play()
    drill.before = [event for event in drill.before if not isinstance(event, FaultUndone)]
    assert drill.answer("undone-and-rearmed") == "unknown"
    drill = play()
    drill.after = [event for event in drill.after if not isinstance(event, ExerciseRearmed)]
    assert drill.answer("undone-and-rearmed") == "unknown"


def test_an_undoing_after_a_reboot_is_on_another_clock() -> None:
    drill = play()
    undone = next(event for event in drill.before if isinstance(event, FaultUndone))
    disrupted = next(stamp for stamp in drill.judge().timestamps if stamp.name == "service-disrupted")
    assert disrupted.mono_us is not None
    # Taken for a moment of this boot, it would lie in the outage, and the undoing would have brought the service back.
    rebooted = Instant(undone.occurred.utc_us, disrupted.mono_us + 1, "another-boot")
    drill.before[drill.before.index(undone)] = replace(undone, by="later-start", occurred=rebooted)
    stamp = next(stamp for stamp in drill.judge().timestamps if stamp.name == "undone")
    assert stamp.mono_us is None
    assert "another clock" in stamp.note
    assert drill.answer("restored-within-rto") == "held"


def test_what_a_later_start_undid_after_the_close_was_not_cleaned_up_by_the_exercise() -> None:
    drill = play()
    undone = next(event for event in drill.before if isinstance(event, FaultUndone))
    drill.before[drill.before.index(undone)] = replace(undone, undone=False, observed="no answer")
    assert drill.answer("undone-and-rearmed") == "broken"
    drill.after.append(replace(undone, by="later-start"))
    outcome = next(outcome for outcome in drill.judge().outcomes if outcome.check == "undone-and-rearmed")
    assert outcome.answer == "broken"
    assert "A later start undid it" in outcome.explanation


def test_a_gateway_that_acknowledged_must_have_its_journal_in_the_vault() -> None:
    drill = play()
    drill.omit.add("journal/settlement-b.ndjson")
    assert drill.answer("journal-covers-ledger") == "unknown"


def test_a_journal_that_cannot_be_followed_leaves_the_limits_unknown() -> None:
    drill = play()
    drill.table("journal")[7]["body"] = "[]"
    assert drill.answer("limits-respected") == "unknown"


def test_nothing_asked_is_unknown() -> None:
    assert worst(()) == "unknown"
    assert worst(("held", "unknown", "broken", "held")) == "broken"
    assert worst(("held", "unknown")) == "unknown"


def finished(drill: Drill, how: str, why: str = "") -> Judgement:
    drill.after[-1] = ExerciseClosed(EXERCISE, how, why, instant(60 * SECOND))  # type: ignore[arg-type]
    return drill.judge()


def test_a_stop_or_a_crash_after_the_first_effect_is_unknown() -> None:
    for how in ("stopped", "crashed"):
        judgement = finished(play(), how, "somebody pressed stop")
        assert judgement.verdict == "unknown"
        assert "somebody pressed stop" in judgement.validity.why


def test_an_exercise_whose_end_is_not_on_record_is_unknown() -> None:
    drill = play()
    drill.after.pop()
    assert drill.judge().verdict == "unknown"


def test_stopped_and_broken_is_broken() -> None:
    drill = play()
    drill.table("account")[0]["balance_cents"] += 1
    assert finished(drill, "stopped").verdict == "broken"


def ineffective(drill: Drill) -> Drill:
    drill.before = [
        replace(event, effective=False, observed="dc-a still answers") if isinstance(event, FaultProbed) else event
        for event in drill.before
    ]
    return drill


def test_without_a_fault_that_took_effect_it_is_invalid() -> None:
    judgement = ineffective(play()).judge()
    assert judgement.verdict == "invalid"
    assert "dc-a still answers" in judgement.validity.why
    assert judgement.exit_code == 1
    assert finished(ineffective(play()), "crashed").verdict == "invalid"


def test_a_second_fault_that_did_not_take_effect_is_unknown_and_not_invalid() -> None:
    drill = play(scenario="naive-client", with_day=False)
    probes = [event for event in drill.before if isinstance(event, FaultProbed)]
    drill.before[drill.before.index(probes[1])] = replace(probes[1], effective=False)
    judgement = drill.judge()
    assert judgement.validity.verdict == "valid"
    assert judgement.validity.answer == "unknown"


def test_a_machine_that_lacks_something_is_not_runnable() -> None:
    judgement = finished(ineffective(play()), "not-runnable", "no user namespaces")
    assert (judgement.verdict, judgement.exit_code) == ("not-runnable", 3)


def test_not_runnable_is_no_excuse_after_the_first_effect() -> None:
    assert finished(play(), "not-runnable").verdict == "unknown"


def test_what_was_expected_broken_is_as_expected_and_still_broken() -> None:
    drill = play(scenario="naive-client", with_day=False)
    held = drill.judge()
    assert held.verdict == "held"
    assert not held.as_expected
    lost = next(row for row in reversed(drill.table("instruction")) if row["status"] == "settled")
    journal = next(row for row in drill.table("journal") if row["key"] == lost["key"])
    drill.ledger.remove(lost)
    drill.ledger.remove(journal)
    drill.ledger = [row for row in drill.ledger if not (row["table"] == "entry" and row["key"] == lost["key"])]
    for account in drill.table("account"):
        sign = (account["participant"] == lost["sender"]) - (account["participant"] == lost["receiver"])
        account["balance_cents"] += sign * lost["amount_cents"]
    for number, row in enumerate(drill.table("journal"), start=1):
        row["seq"] = number
    drill.rehash()
    judgement = drill.judge()
    outcome = next(outcome for outcome in judgement.outcomes if outcome.check == "nothing-acknowledged-lost")
    assert (outcome.answer, outcome.expected, outcome.as_expected) == ("broken", "broken", True)
    assert judgement.verdict == "broken"
    assert judgement.as_expected, [o for o in judgement.outcomes if not o.as_expected]
    assert judgement.exit_code == 0
