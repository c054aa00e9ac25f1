"""A gap opens by a verdict and closes by one, and by nothing else."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.evidence.events import Event
from holdfast.measures.gaps import Gap, gaps
from holdfast.measures.judgement import Judgement
from holdfast.measures.tabletop import Discussed
from tests.holdfast.drill import Drill
from tests.holdfast.measures.campaigns import judged, lost, moved, without_ledger
from tests.holdfast.measures.test_tabletop import ALL_TOLD, HELD, said
from tests.holdfast.measures.test_tabletop import judged as talked
from tests.holdfast.state.spoken_log import decided

LOST = "nothing-acknowledged-lost"


def stopped(drill: Drill) -> Drill:
    """Leave the end of the exercise out of the log."""
    drill.after = drill.after[:-1]
    return drill


def never_broke(drill: Drill) -> Drill:
    """Leave out that the fault took effect."""
    drill.before = [event for event in drill.before if type(event).__name__ != "FaultProbed"]
    return drill


def held(number: int, scenario: str = "primary-killed", outage_ms: int = 2_000) -> Judgement:
    return moved(judged(scenario, outage_ms), number, number)


def broken(number: int, scenario: str = "primary-killed") -> Judgement:
    return moved(judged(scenario, 2_000, lost), number, number)


def about(found: tuple[Gap, ...], check: str = LOST) -> list[Gap]:
    return [gap for gap in found if gap.about.check == check]


def test_what_held_leaves_nothing() -> None:
    assert judged("primary-killed", 2_000).verdict == "held"
    assert gaps([held(1), held(2)]) == ()


def test_a_broken_check_opens_a_gap_and_the_same_again_is_the_same_gap() -> None:
    first, again = broken(1), broken(2)
    (gap,) = about(gaps([first, again]))
    assert gap.id == f"primary-killed-001/{LOST}"
    assert (gap.service, str(gap.about), gap.broken) == ("gross-settlement", f"primary-killed/{LOST}", True)
    assert [each.exercise for each in gap.seen] == ["primary-killed-001", "primary-killed-002"]
    assert gap.closed is None
    assert gap.opened.evidence_class == "range, scaled"


def test_it_closes_by_the_same_that_holds_later_and_opens_anew_after_that() -> None:
    found = about(gaps([broken(1), held(2), broken(3)]))
    assert [gap.closed.exercise if gap.closed else None for gap in found] == ["primary-killed-002", None]
    assert found[1].id == f"primary-killed-003/{LOST}"


def test_one_that_held_before_closes_nothing() -> None:
    (gap,) = about(gaps([held(1), broken(2)]))
    assert gap.closed is None
    (gap,) = about(gaps([broken(2), held(1)]))
    assert gap.closed is None


def test_a_harder_one_closes_it_and_a_milder_one_only_stands_beside_it() -> None:
    (gap,) = about(gaps([broken(1), held(2, "primary-host-lost")]))
    assert gap.closed is not None
    assert gap.closed.scenario == "primary-host-lost"
    (gap,) = about(gaps([broken(1, "primary-host-lost"), held(2)]))
    assert gap.closed is None
    assert [each.scenario for each in gap.lesser] == ["primary-killed"]


def test_weaker_evidence_closes_nothing() -> None:
    live = moved(judged("primary-killed", 2_000, lost), 1, 1, "live")
    (gap,) = about(gaps([live, held(2)]))
    assert gap.closed is None
    (gap,) = about(gaps([live, moved(judged("primary-killed", 2_000), 2, 2, "live")]))
    assert gap.closed is not None


def test_it_takes_one_as_hard_as_every_exercise_that_showed_it() -> None:
    seen = [broken(1), moved(judged("primary-killed", 2_000, lost), 2, 2, "live")]
    (gap,) = about(gaps([*seen, held(3)]))
    assert gap.closed is None
    assert len(gap.lesser) == 1
    (gap,) = about(gaps([*seen, moved(judged("primary-killed", 2_000), 3, 3, "live")]))
    assert gap.closed is not None


def test_it_takes_the_whole_verdict_not_only_the_check() -> None:
    half = moved(judged("primary-killed", 2_000, stopped), 2, 2)
    assert {outcome.check: outcome.answer for outcome in half.outcomes}[LOST] == "held"
    (gap,) = about(gaps([broken(1), half]))
    assert gap.closed is None


def test_one_that_did_not_make_the_check_closes_nothing() -> None:
    other = held(2)
    less = replace(other, outcomes=tuple(each for each in other.outcomes if each.check != LOST))
    (gap,) = about(gaps([broken(1), less]))
    assert gap.closed is None


def test_what_is_unknown_opens_one_too_and_it_is_not_broken() -> None:
    found = gaps([moved(judged("primary-killed", 2_000, without_ledger), 1, 1)])
    assert {gap.opened.answer for gap in found} == {"unknown"}
    assert not any(gap.broken for gap in found)


def test_one_that_was_not_finished_leaves_a_gap_of_its_own() -> None:
    (gap,) = about(gaps([moved(judged("primary-killed", 2_000, stopped), 1, 1)]), "whole-course")
    assert gap.opened.answer == "unknown"
    (gap,) = about(gaps([moved(judged("primary-killed", 2_000, stopped), 1, 1), held(2)]), "whole-course")
    assert gap.closed is not None


def test_one_that_does_not_count_leaves_nothing_but_a_clean_up_that_failed() -> None:
    invalid = moved(judged("primary-killed", 2_000, never_broke), 1, 1)
    assert invalid.verdict == "invalid"
    assert gaps([invalid]) == ()
    failed = replace(
        invalid,
        outcomes=tuple(
            replace(each, answer="broken") if each.check == "undone-and-rearmed" else each for each in invalid.outcomes
        ),
    )
    (gap,) = gaps([failed])
    assert gap.about.check == "undone-and-rearmed"


def test_that_it_was_expected_makes_it_no_smaller_and_is_said() -> None:
    (gap,) = about(gaps([moved(judged("naive-client", 8_000, lost), 1, 1)]))
    assert gap.opened.as_expected
    assert gap.broken


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["held", "broken", "held-mild", "broken-mild"]), max_size=8))
def test_equals_a_naive_reading(course: list[str]) -> None:
    """The oracle: two scenarios of which one covers the other, followed by hand, for one check."""
    judgements = []
    open_: dict[str, list[int]] = {}
    closed = []
    for number, word in enumerate(course, 1):
        scenario = "primary-killed" if word.endswith("mild") else "primary-host-lost"
        if word.startswith("broken"):
            judgements.append(broken(number, scenario))
            open_.setdefault(scenario, []).append(number)
        else:
            judgements.append(held(number, scenario))
            for name in ("primary-killed", "primary-host-lost"):
                covered = scenario in {"primary-host-lost", name}
                if covered and name in open_:
                    closed.append((open_.pop(name)[0], number))
    found = about(gaps(judgements))
    told = [(gap.opened.exercise[-3:], gap.closed.exercise[-3:]) for gap in found if gap.closed]
    assert sorted(told) == sorted((f"{first:03d}", f"{last:03d}") for first, last in closed)
    left = {gap.opened.exercise[-3:]: len(gap.seen) for gap in found if not gap.closed}
    assert left == {f"{numbers[0]:03d}": len(numbers) for numbers in open_.values()}


# -- what was talked through --


def table(*events: Event, seq: int = 1, exercise: str = "t-1") -> Discussed:
    """Return a tabletop that was opened as the ``seq``-th entry."""
    found = talked(*events)
    event = replace(found.tabletop.opened.event, exercise=exercise)
    opened = replace(found.tabletop.opened, seq=seq, at_utc_us=seq, event=event)
    return replace(found, tabletop=replace(found.tabletop, opened=opened))


LATE = (*ALL_TOLD, decided(2, 31, "silver"), decided(3, 70, "press"), said("closed", 71))


def test_a_decision_that_was_missed_is_a_gap_of_whoever_had_to_make_it() -> None:
    (gap,) = gaps((), [table(*LATE)])
    assert (gap.id, gap.owner, str(gap.about)) == ("t-1/decision-2", "silver", "talk/decision-2")
    assert (gap.opened.answer, gap.opened.evidence_class, gap.end_of_day) == ("broken", "discussion", True)
    assert gap.objective == "Decision: Restart it"


def test_it_closes_when_the_same_is_talked_through_again_and_holds_as_a_whole() -> None:
    (gap,) = gaps((), [table(*LATE), table(*HELD, seq=9, exercise="t-2")])
    assert gap.closed is not None
    assert gap.closed.exercise == "t-2"
    half = (*ALL_TOLD, decided(2, 30, "silver"), decided(3, 99, "press"), said("closed", 100))
    found = gaps((), [table(*LATE), table(*half, seq=9, exercise="t-2")])
    assert [gap.closed for gap in found] == [None, None]


def test_other_injects_ask_something_else() -> None:
    other = table(*HELD, seq=9, exercise="t-2")
    injects = tuple(replace(each, tell="Something else.") for each in other.scenario.injects)
    (gap,) = gaps((), [table(*LATE), replace(other, scenario=replace(other.scenario, injects=injects))])
    assert gap.closed is None
    assert gap.lesser


def test_one_that_is_still_open_says_nothing() -> None:
    assert gaps((), [table(*LATE[:-1])]) == ()
