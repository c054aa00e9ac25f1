"""Nothing is exercised by being there: only what a probe saw hit, and a failover that clients saw."""

from __future__ import annotations

from dataclasses import replace

from holdfast.measures.coverage import SORTS, Thing, coverage, edges, expiring, tolerance_ms, untried
from holdfast.measures.judgement import Judgement
from holdfast.measures.programme import attempt
from holdfast.model.types import Model
from holdfast.model.uses import at_site
from tests.holdfast.drill import UTC_US, Drill
from tests.holdfast.measures.campaigns import DAY_US, judged, moved
from tests.holdfast.remains import example_model

MODEL = example_model()
DAY = "2026-11-21"


def things(*judgements: Judgement, model: Model = MODEL) -> dict[tuple[str, str], Thing]:
    found = coverage(model, judgements, [attempt(each) for each in judgements], DAY)
    return {(thing.sort, thing.name): thing for thing in found}


def shown(*judgements: Judgement) -> set[tuple[str, str]]:
    return {key for key, thing in things(*judgements).items() if thing.proofs}


def unseen(drill: Drill) -> Drill:
    """Leave out that the fault took effect."""
    drill.before = [event for event in drill.before if type(event).__name__ != "FaultProbed"]
    return drill


def test_without_an_exercise_nothing_was_exercised_and_everything_is_listed() -> None:
    found = things()
    assert not any(thing.proofs for thing in found.values())
    assert {sort for sort, _ in found} == set(SORTS)
    assert {name for sort, name in found if sort == "resource"} == set(MODEL.resources)
    assert {name for sort, name in found if sort == "site"} == set(MODEL.sites)
    owned = [each.recovery for each in MODEL.resources.values()] + [each.recovery for each in MODEL.groups.values()]
    strategies = sum(map(len, owned))
    assert sum(sort == "strategy" for sort, _ in found) == strategies
    assert sum(sort == "edge" for sort, _ in found) == len(edges(MODEL))


def test_a_process_that_was_killed_exercised_itself_alone() -> None:
    found = shown(judged("primary-killed", 2_000))
    assert {name for sort, name in found if sort == "resource"} == {"ledger-a"}
    assert ("site", "dc-a") not in found
    assert ("scenario", "primary-killed of gross-settlement") in found
    assert not any(sort == "strategy" for sort, _ in found)


def test_a_shared_attribute_takes_all_that_carry_it() -> None:
    attribute, value = next(iter(MODEL.resources["ledger-a"].shares.items()))
    assert not any(sort == "shared attribute" for sort, _ in shown(judged("primary-killed", 2_000)))
    alone = replace(judged("primary-killed", 2_000))
    lone = {
        name: replace(each, shares={}) if name != "ledger-a" and each.shares.get(attribute) == value else each
        for name, each in MODEL.resources.items()
    }
    found = things(alone, model=replace(MODEL, resources=lone))
    assert ("shared attribute", f"{attribute}={value}") not in found  # with one carrier it is that carrier's own loss


def test_a_site_that_was_lost_exercised_all_that_stands_there() -> None:
    found = shown(judged("lose-dc-a", 9_000))
    assert ("site", "dc-a") in found
    assert {name for sort, name in found if sort == "resource"} >= set(at_site(MODEL, "dc-a"))
    assert ("site", "dc-b") not in found
    assert not {name for sort, name in found if sort == "resource"} & set(at_site(MODEL, "dc-b"))


def test_what_was_only_intended_exercised_nothing() -> None:
    assert shown(judged("primary-killed", 2_000, unseen)) == set()


def test_a_failover_is_shown_when_the_service_came_back_while_the_fault_lasted() -> None:
    assert ("failover", "ledger") in shown(judged("primary-killed", 2_000))
    assert ("failover", "ledger") not in shown(judged("primary-killed", 0))
    # The fault is undone after 25 s: what came back after that may have been healed by the undoing.
    assert ("failover", "ledger") not in shown(judged("primary-killed", 28_000))
    others = {name for sort, name in shown(judged("primary-killed", 2_000)) if sort == "failover"}
    assert others == {"ledger"}


def test_a_member_that_was_not_serving_shows_no_failover() -> None:
    killed, ledger = judged("primary-killed", 2_000), MODEL.groups["ledger"]
    standby = replace(ledger, members=("ledger-b", *(name for name in ledger.members if name != "ledger-b")))
    model = replace(MODEL, groups={**MODEL.groups, "ledger": standby})
    assert ("failover", "ledger") not in shown(replace(killed, model=model))


def test_a_frozen_host_takes_nothing_along() -> None:
    found = shown(judged("primary-frozen-thawed", 5_000))
    assert {name for sort, name in found if sort == "resource"} == {"ledger-a"}


def test_a_proof_says_which_exercise_what_came_of_it_and_until_when_it_counts() -> None:
    one = things(moved(judged("primary-killed", 2_000), 3, 5))["resource", "ledger-a"]
    proof = one.last
    assert proof is not None
    assert (proof.exercise, proof.entry, proof.verdict) == ("primary-killed-003", 81, "held")
    assert (proof.how, proof.evidence_class, proof.changed) == ("process.kill", "range, scaled", False)
    valid_ms = next(test.valid_ms for test in MODEL.test_plan if test.scenario == "primary-killed")
    assert proof.expires_utc_us == UTC_US + 5 * DAY_US + valid_ms * 1_000
    assert one.worth(proof.expires_utc_us - 1) == "exercised"
    assert one.worth(proof.expires_utc_us) == "stale"


def test_a_change_below_makes_it_stale() -> None:
    ledger = MODEL.resources["ledger-a"]
    model = replace(MODEL, resources={**MODEL.resources, "ledger-a": replace(ledger, site="dc-b")})
    found = things(judged("primary-killed", 2_000), model=model)["resource", "ledger-a"]
    assert found.worth(UTC_US + DAY_US) == "stale"


def test_what_is_talked_through_tried_the_scenario_and_exercised_nothing() -> None:
    talked = replace(attempt(judged("primary-killed", 2_000)), exercise="table", evidence_class="discussion")
    found = {(each.sort, each.name) for each in coverage(MODEL, (), (talked,), DAY) if each.proofs}
    assert found == {("scenario", "primary-killed of gross-settlement")}


def test_what_alone_stops_a_service_comes_first_then_the_shortest_tolerance() -> None:
    never = untried(MODEL, things().values())
    stopping = [bool(thing.stops) for thing in never]
    assert stopping == sorted(stopping, reverse=True)
    assert stopping[0]
    limits = [tolerance_ms(MODEL, thing) or 0 for thing in never if thing.stops]
    assert limits == sorted(limits)
    assert never[-1].services == ()


def test_what_expires_next_comes_first() -> None:
    found = things(judged("primary-killed", 2_000), judged("lose-dc-a", 9_000)).values()
    order = [proof.expires_utc_us for _, proof in expiring(found, UTC_US + DAY_US)]
    assert order == sorted(order)
    assert len(order) == sum(bool(thing.proofs) for thing in found)
