"""An incident as the log tells it: nothing is refused when it is read, the order is held when a step is recorded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import HoldfastError
from holdfast.evidence.envelope import Envelope
from holdfast.evidence.events import Event
from holdfast.evidence.spoken import ActionAgreed, FactRecorded, IncidentOpened, IncidentReviewed
from holdfast.state.incident import Incident, fold_incidents, missing, missing_for_review, oddities
from tests.holdfast.state.spoken_log import answer, at, fact, opened, spoken

REVIEW = IncidentReviewed("fire", "a spark", ("no sparks",), at(300))


def incident(*events: Event) -> Incident:
    return fold_incidents(spoken(opened(), *events))["fire"]


def test_the_order_is_held_with_what_is_missing() -> None:
    one = incident(fact("disrupted", 0, service="payments"))
    assert missing(one, "declared") == ("classified",)
    assert missing(one, "contained") == ("declared",)
    assert missing(one, "minimum-service", "payments") == ("contained",)
    assert missing(one, "minimum-service", "statements") == ("statements disrupted", "contained")
    assert missing(one, "closed") == ("reviewed", "payments wholly restored")
    assert missing_for_review(one) == ("payments restored",)
    assert not missing(one, "note")


def test_each_step_is_open_when_the_one_before_it_is_there() -> None:
    steps: list[Event] = [fact("disrupted", 0, service="payments"), answer("media")]
    for step in ("declared", "contained"):
        assert not missing(incident(*steps), step)
        steps.append(fact(step, 10))
    assert not missing(incident(*steps), "minimum-service", "payments")
    steps.append(fact("full-service", 30, service="payments"))
    assert not missing_for_review(incident(*steps))
    assert not missing(incident(*steps, REVIEW), "closed")
    closed = incident(*steps, REVIEW, fact("closed", 400))
    assert "closed" in missing(closed, "contained")[0]
    assert [incident(*steps[:n]).stage for n in (0, 2, 3, 4, 5)] == [
        *("opened", "classified", "declared", "contained", "restored"),
    ]
    assert closed.stage == "closed"


def test_where_trust_was_lost_what_was_compromised_is_verified_before_anything_serves() -> None:
    steps: list[Event] = [fact("disrupted", 0, service="payments"), answer("media")]
    steps += [fact("trust-lost", 1), fact("declared", 2)]
    steps.append(fact("contained", 3))
    assert missing(incident(*steps), "minimum-service", "payments") == ("verified, for trust was lost",)
    assert missing(incident(*steps), "verified") == ("rebuilt",)
    steps += [fact("eradicated", 4), fact("rebuilt", 5), fact("verified", 6)]
    assert not missing(incident(*steps), "minimum-service", "payments")
    served = incident(*steps, fact("minimum-service", 5, service="payments"))
    assert oddities(served) == ("payments served (entry 10) before what was compromised was verified",)


def test_a_step_that_was_not_needed_is_done_and_did_not_happen() -> None:
    one = incident(answer("media"), fact("declared", 5, standing="not-needed", text="back by itself"))
    assert not missing(one, "contained")
    assert one.first("declared") is None
    assert one.stage == "classified"


def test_a_correction_takes_the_place_of_the_old_entry_which_stays() -> None:
    one = incident(fact("detected", 9), fact("detected", 4, corrects=2), fact("detected", 3, corrects=3))
    assert [(each.seq, each.event.occurred_utc_us) for each in one.counting] == [(4, at(3))]
    assert len(one.facts) == 3
    gone = incident(fact("declared", 9), fact("declared", 9, corrects=2, standing="withdrawn"))
    assert gone.counting == ()
    assert not gone.done("declared")


def test_what_does_not_fit_in_time_is_said_and_kept() -> None:
    one = incident(fact("detected", 5), fact("declared", 2), fact("disrupted", 9, service="payments"))
    assert oddities(one) == ("declared (entry 3) is said to be before detected (entry 2)",)
    back = incident(fact("disrupted", 9, service="payments"), fact("minimum-service", 8, service="payments"))
    assert "is said to be back (entry 3) before it was disrupted (entry 2)" in oddities(back)[0]


def test_what_fell_again_is_disrupted_again() -> None:
    steps = [fact("disrupted", 0, service="payments"), fact("minimum-service", 20, service="payments")]
    steps.append(fact("full-service", 25, service="payments"))
    once = incident(*steps)
    assert once.restored("payments") is not None
    again = incident(*steps, fact("disrupted", 40, service="payments"), fact("disrupted", 42, service="payments"))
    assert [(each.disrupted.seq, each.back is None) for each in again.spells("payments")] == [(2, False), (5, True)]
    assert (again.restored("payments"), again.whole("payments")) == (None, None)
    assert missing_for_review(again) == ("payments restored",)
    assert again.stage != "restored"
    excused = incident(*steps[:1], fact("full-service", 5, service="payments", standing="not-needed"), REVIEW)
    assert not missing(excused, "closed")
    fell = incident(*steps[:1], fact("full-service", 5, service="payments", standing="not-needed"), *steps[1:2], REVIEW)
    fell = incident(*[each.event for each in fell.facts], fact("disrupted", 60, service="payments"), REVIEW)
    assert missing(fell, "closed") == ("payments wholly restored",)


def test_a_decision_that_is_withdrawn_is_due_again() -> None:
    due, taken = fact("decision-due", 5, due_utc_us=at(60), text="move?"), fact("decided", 6, corrects=2, text="yes")
    assert [each.seq for each in incident(due, taken).of("decision-due")] == []
    reworded = incident(due, taken, fact("decided", 6, corrects=3, text="yes, at once"))
    assert [each.seq for each in reworded.counting] == [4]
    gone = incident(due, taken, fact("decided", 6, corrects=3, standing="withdrawn"))
    assert [each.seq for each in gone.counting] == [2]


def test_what_happened_out_of_order_can_be_recorded_and_is_told() -> None:
    one = incident(fact("disrupted", 0, service="payments"))
    assert missing(one, "minimum-service", "payments", ordered=False) == ()
    assert missing(one, "minimum-service", "statements", ordered=False) == ("statements disrupted",)
    assert missing(one, "contained", ordered=False) == ()
    assert missing(one, "closed", ordered=False) == missing(one, "closed")
    served = incident(fact("disrupted", 0, service="payments"), fact("minimum-service", 9, service="payments"))
    assert oddities(served) == ("payments served (entry 3), and nobody said that it was contained",)
    assert oddities(incident(fact("contained", 3))) == ("contained (entry 2), and nobody said that it was declared",)


def test_a_later_answer_takes_the_place_of_an_earlier_one() -> None:
    one = incident(answer("media", "no"), answer("costs", "yes"), answer("media", "yes"))
    assert {name: each.seq for name, each in one.worksheet.items()} == {"media": 4, "costs": 3}
    assert len(one.answers) == 3


def test_two_incidents_are_kept_apart_and_what_is_about_neither_is_passed_over() -> None:
    found = fold_incidents(
        spoken(
            opened(),
            IncidentOpened("flood", "A flood", "0.1.0"),
            fact("note", 1, about="flood"),
            fact("note", 2, about="a-drill"),
            ActionAgreed("fire", "a wall", "gold", "2027-01-01"),
            opened(),
        )
    )
    assert [len(each.facts) for each in found.values()] == [0, 1]
    assert found["fire"].opened.seq == 1  # the second opening of it changes nothing
    assert found["fire"].last_seq == 5


def test_an_unknown_kind_is_refused_for_it_could_say_something_of_an_incident() -> None:
    strange = Envelope(1, "log", 9, 0, 0, "clock", "incident.reopened", "o", "os", "s", None, {})
    with pytest.raises(HoldfastError, match=r"incident\.reopened") as raised:
        fold_incidents([*spoken(opened()), strange])
    assert raised.value.code == "HF501"


STEPS = st.sampled_from(
    ["note", "occurred", "detected", "disrupted", "trust-lost", "declared", "contained", "verified", "full-service"]
)


@given(
    st.lists(st.tuples(STEPS, st.integers(0, 90), st.one_of(st.none(), st.integers(0, 12)), st.booleans()), max_size=12)
)
def test_anything_can_be_read_and_nothing_of_it_is_lost(
    given: list[tuple[str, int, int | None, bool]],
) -> None:
    events: list[Event] = []
    for step, minute, corrects, withdrawn in given:
        service = "payments" if step in {"disrupted", "full-service"} else None
        standing = "withdrawn" if withdrawn and corrects is not None else "happened"
        events.append(fact(step, minute, corrects=corrects, service=service, standing=standing))  # type: ignore[arg-type]
    one = incident(*events)
    assert [each.event for each in one.facts] == [each for each in events if isinstance(each, FactRecorded)]
    assert one.stage in {"opened", "declared", "contained", "verified", "restored"}
    oddities(one)
