"""Where an incident stands at one moment: named clocks, each service against its own limits, what is due next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from holdfast.evidence.events import Event
from holdfast.evidence.spoken import IncidentClassified
from holdfast.measures.incident import Clock, IncidentStanding, ServiceStanding, classified_as_major, standing
from holdfast.model.types import Model
from holdfast.report.incident_words import left_words
from holdfast.state.incident import fold_incidents
from tests.holdfast.state.spoken_log import MINUTE_US, answer, at, declared, fact, opened, spoken

MODEL = declared()
PAYMENTS = MODEL.services["payments"]
RTO, TOLERANCE = PAYMENTS.rto_ms // 60_000, PAYMENTS.impact_tolerance.duration_ms // 60_000


def now(minute: int, *events: Event, model: Model | None = MODEL) -> IncidentStanding:
    return standing(fold_incidents(spoken(opened(), *events))["fire"], model, at(minute), UTC)


def clock(found: IncidentStanding, formula: str) -> Clock:
    return next(each for each in found.clocks if each.formula == formula)


def payments(found: IncidentStanding) -> ServiceStanding:
    return next(each for each in found.services if each.service == "payments")


OUT = (fact("occurred", 0), fact("disrupted", 0, service="payments"), fact("detected", 4))


def test_a_clock_says_between_what_it_ran_and_whether_it_still_does() -> None:
    found = now(30, *OUT)
    assert clock(found, "occurred → detected").value_us == 4 * MINUTE_US
    running = clock(found, "detected → declared")
    assert (running.value_us, running.running) == (26 * MINUTE_US, True)
    done = now(30, *OUT, fact("declared", 14))
    assert (clock(done, "detected → declared").value_us, clock(done, "detected → declared").running) == (
        10 * MINUTE_US,
        False,
    )
    assert clock(done, "detected → declared").entries == (4, 5)


def test_a_clock_without_its_beginning_says_so() -> None:
    found = now(30, fact("detected", 4))
    assert clock(found, "occurred → detected").value_us is None
    assert "occurred" in clock(found, "occurred → detected").note
    odd = now(30, fact("occurred", 5), fact("detected", 4))
    assert clock(odd, "occurred → detected").value_us is None
    assert "one of the two is wrong" in clock(odd, "occurred → detected").note


def test_a_service_is_held_against_its_own_limits() -> None:
    early = payments(now(TOLERANCE - 1, *OUT))
    assert (early.state, early.left_us) == ("disrupted", MINUTE_US)
    assert early.rto_left_us == (RTO - TOLERANCE + 1) * MINUTE_US
    assert payments(now(TOLERANCE, *OUT)).state == "disrupted"  # the tolerance is passed only above it
    late = payments(now(TOLERANCE + 1, *OUT))
    assert (late.state, late.left_us) == ("tolerance breached", -MINUTE_US)
    back = payments(now(900, *OUT, fact("minimum-service", 20, service="payments")))
    assert (back.state, back.out_us) == ("degraded", 20 * MINUTE_US)
    whole = payments(now(900, *OUT, fact("full-service", 20, service="payments")))
    assert (whole.state, whole.restored_utc_us) == ("available", at(20))


def test_what_fell_again_consumes_its_tolerance_and_is_disrupted_again() -> None:
    """Back after half an hour, and away again after an hour: a screen must not show a service that serves."""
    fell = (*OUT, fact("full-service", 30, service="payments"), fact("disrupted", 60, service="payments"))
    found = payments(now(100, *fell))
    assert (found.state, found.out_us, found.longest_us) == ("disrupted", 70 * MINUTE_US, 40 * MINUTE_US)
    assert found.rto_left_us == (RTO - 40) * MINUTE_US
    assert found.left_us == (TOLERANCE - 70) * MINUTE_US
    assert clock(now(100, *fell, fact("declared", 5)), "declared → minimum service").running
    back = payments(now(400, *fell, fact("minimum-service", 110, service="payments")))
    assert (back.state, back.out_us, len(back.spells)) == ("degraded", 80 * MINUTE_US, 2)


def test_the_end_of_the_day_is_a_part_of_the_tolerance() -> None:
    """Two hours of three are gone, but the day had to be closed half an hour ago: 17:30 in Amsterdam is 16:30 UTC."""
    late = fact("disrupted", 3 * 60, service="payments")
    place = ZoneInfo("Europe/Amsterdam")

    def stands(minute: int, *more: Event) -> ServiceStanding:
        incident = fold_incidents(spoken(opened(), late, *more))["fire"]
        return payments(standing(incident, MODEL, at(minute), place))

    assert (stands(269).state, stands(271).state) == ("disrupted", "tolerance breached")
    assert stands(271).left_us == (180 - 91) * MINUTE_US
    served = stands(900, fact("minimum-service", 280, service="payments"))
    assert (served.kept, served.day_left_us) == (False, -10 * MINUTE_US)
    assert "tolerance passed by the end of the day" in left_words(served)
    assert "should have closed 0:10 before" in left_words(served)
    assert stands(900, fact("minimum-service", 260, service="payments")).kept


def test_what_strikes_after_the_close_has_the_next_settlement_day() -> None:
    """At nine on a Friday evening the day is over; the next one that must close is Monday's."""
    incident = fold_incidents(spoken(opened(), fact("disrupted", 8 * 60, service="payments")))["fire"]
    found = payments(standing(incident, MODEL, at(8 * 60), ZoneInfo("Europe/Amsterdam")))
    assert found.day_left_us == (3 * 24 * 60 - 3 * 60 - 30) * MINUTE_US


def test_without_a_model_the_limits_are_unknown_and_never_held() -> None:
    found = payments(now(30, *OUT, model=None))
    assert (found.state, found.left_us, found.rto_left_us) == ("limits unknown", None, None)


def test_the_day_must_close_where_the_tolerance_asks_for_it_in_the_time_of_the_place() -> None:
    incident = fold_incidents(spoken(opened(), *OUT, fact("disrupted", 0, service="statements")))["fire"]
    # Noon UTC is one o'clock in Amsterdam in November.
    found = standing(incident, MODEL, at(30), ZoneInfo("Europe/Amsterdam"))
    assert [each.day_left_us for each in found.services] == [(4 * 60 + 30 - 30) * MINUTE_US, None]
    assert payments(standing(incident, MODEL, at(300), ZoneInfo("Europe/Amsterdam"))).day_left_us == -30 * MINUTE_US


def test_decisions_that_are_due_come_first_first_and_one_that_was_taken_is_gone() -> None:
    due = (fact("decision-due", 5, due_utc_us=at(60), text="b"), fact("decision-due", 6, due_utc_us=at(40), text="a"))
    assert [each.event.text for each in now(30, *due).decisions_due] == ["a", "b"]
    taken = now(30, *due, fact("decided", 7, corrects=3, text="yes"))
    assert [each.event.text for each in taken.decisions_due] == ["b"]


def test_the_downtime_that_the_record_shows_answers_the_worksheet_when_it_passes_the_limit() -> None:
    told = (*OUT, answer("critical-function"), answer("media", minute=5))
    assert now(120, *told).classification.result == "not yet decidable"
    for minute in (60, 120):  # as long as it runs and has not passed the limit, it shows nothing
        truths = {each.question.name: each.truth for each in now(minute, *told).classification.answers}
        assert truths["downtime"] == truths["duration"] == "unknown"
    found = now(121, *told)
    assert found.classification.result == "major"
    moment = classified_as_major(found.incident, at(121))
    assert moment is not None
    assert moment.utc_us == at(120)  # when the limit was reached, not when somebody looked
    # Restored within two hours it is answered, with no.
    short = now(600, *told, fact("full-service", 110, service="payments"))
    downtime = next(each for each in short.classification.answers if each.question.name == "downtime")
    assert (downtime.truth, downtime.given.source if downtime.given else "") == ("no", "the record")


def truths(found: IncidentStanding) -> dict[str, str]:
    return {each.question.name: each.truth for each in found.classification.answers}


@pytest.mark.parametrize("early", [answer("downtime", "unknown"), answer("downtime", "value", value=1_800_000)])
def test_what_the_record_shows_outruns_an_earlier_number(early: Event) -> None:
    """Half an hour at half past twelve is no answer at six."""
    assert truths(now(30, *OUT, early))["downtime"] != "yes"
    assert truths(now(360, *OUT, early))["downtime"] == "yes"
    plain = now(360, *OUT, answer("downtime", "no", source="no critical function was behind it"))
    assert truths(plain)["downtime"] == "no"


def test_an_incident_without_a_service_does_not_last_for_ever() -> None:
    told = (fact("detected", 0), answer("critical-function"), answer("media"), fact("closed", 300))
    assert truths(now(40 * 60, *told))["duration"] == "no"
    long = (fact("detected", 0), fact("closed", 30 * 60))
    assert truths(now(40 * 60, *long))["duration"] == "unknown"  # it ended by then, and when, nobody said


def test_saying_it_again_gives_no_more_time() -> None:
    """The four hours run from the first time that it came to major, until something makes it less."""
    told = (*OUT, answer("critical-function", minute=6), answer("media", minute=8), answer("costs", minute=10))
    again = (*told, answer("media", minute=200), answer("costs", minute=201))
    assert now(210, *again).deadlines[0].due_utc_us == at(10 + 240)
    open_between = (*told, answer("costs", "unknown", minute=100), answer("costs", minute=201))
    assert now(210, *open_between).deadlines[0].due_utc_us == at(10 + 240)
    denied = ("critical-function", "supervised-service", "malicious-access", "access-data-losses", "recurring")
    less: list[Event] = [*told, *(answer(each, "no", minute=50) for each in denied)]
    assert now(60, *less).classification.result == "not major"
    assert now(210, *less, answer("critical-function", minute=100)).deadlines[0].due_utc_us == at(100 + 240)
    decided = [IncidentClassified("fire", "major", "prudence", at(minute)) for minute in (20, 180)]
    assert now(210, *OUT, *decided).deadlines[0].due_utc_us == at(20 + 240)


def test_the_reports_run_from_when_it_became_major() -> None:
    told = (*OUT, answer("critical-function", minute=6), answer("media", minute=8), answer("costs", minute=10))
    initial = now(30, *told).deadlines[0]
    assert initial.due_utc_us == at(10 + 240)
    decided = now(30, *told[:-2], IncidentClassified("fire", "major", "prudence", at(20))).deadlines[0]
    assert decided.due_utc_us == at(20 + 240)
    denied = now(30, *told, IncidentClassified("fire", "not-major", "a test system", at(20)))
    assert (denied.is_major, denied.deadlines[0].due_utc_us) == (False, None)
    assert denied.classification.result == "major"  # told beside it


def test_whoever_does_not_answer_to_dora_reports_nothing_by_it() -> None:
    other = replace(MODEL, regimes=("pfmi",))
    assert now(30, *OUT, model=other).deadlines == ()
    assert len(now(30, *OUT, model=None).deadlines) == 3
