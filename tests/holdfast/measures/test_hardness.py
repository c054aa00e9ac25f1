"""Whether a later exercise asked as much: where that cannot be told, it did not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from holdfast.measures.hardness import FAIL_STOP, Broke, Hardness, at_least_as_hard, broke, covers, hardness, taken
from holdfast.model.types import Fail, Fault
from tests.holdfast.measures.campaigns import judged
from tests.holdfast.remains import example_model

MODEL = example_model()


def asked(scenario: str, **changes: Any) -> Hardness:  # noqa: ANN401 - members of a hardness
    return replace(hardness(judged(scenario, 2_000)), **changes)


def fault(name: str, target: str, hold_ms: int = 30_000, after_ms: int = 0, **parameters: object) -> Broke:
    made = Fault(name, target, parameters, after_ms, hold_ms, 90_000)
    return Broke(made, taken(MODEL, name, target, parameters))


def test_an_exercise_is_as_hard_as_itself() -> None:
    for scenario in ("primary-killed", "primary-frozen-thawed", "primary-partitioned", "lose-dc-a", "naive-client"):
        assert at_least_as_hard(asked(scenario), asked(scenario))


KILLED = asked("primary-killed")


@pytest.mark.parametrize(
    "changes",
    [
        {"service": "other"},
        {"evidence_class": "simulated"},
        {"limits": "other"},
        {"range_options": {"client": "naive"}},
        {"rate_per_s": KILLED.rate_per_s - 1},
        {"broke": ()},
        {"broke": (fault("process.kill", "ledger-a", hold_ms=KILLED.broke[0].fault.hold_ms - 1),)},
        {"broke": (fault("process.kill", "ledger-b", hold_ms=KILLED.broke[0].fault.hold_ms),)},
    ],
)
def test_less_of_anything_is_not_as_hard(changes: dict[str, Any]) -> None:
    assert not at_least_as_hard(replace(KILLED, **changes), KILLED)


@pytest.mark.parametrize(
    "changes",
    [
        {"evidence_class": "live"},
        {"rate_per_s": KILLED.rate_per_s + 1},
        {"limits": "other", "limits_approved": True},
        {"scenario": "another"},
        {"broke": (fault("site.loss", "dc-a"),)},
        {"broke": (fault("network.partition", "dc-b"), fault("host.loss", "db-a"))},
    ],
)
def test_more_is(changes: dict[str, Any]) -> None:
    assert at_least_as_hard(replace(KILLED, **changes), KILLED)


def test_the_loss_of_a_site_covers_the_loss_of_what_stands_there_and_not_the_other_way_round() -> None:
    site, host, process = fault("site.loss", "dc-a"), fault("host.loss", "db-a"), fault("process.kill", "ledger-a")
    assert "ledger-a" in host.takes
    assert host.takes < site.takes
    assert covers(site, host)
    assert covers(site, process)
    assert covers(host, process)
    assert not covers(host, site)
    assert not covers(process, host)
    assert not covers(site, fault("host.loss", "db-b"))


def test_what_goes_on_half_alive_is_covered_by_the_same_alone() -> None:
    frozen, cut = fault("process.freeze", "ledger-a"), fault("network.partition", "db-a")
    assert frozen.fault.name not in FAIL_STOP
    for other in (fault("site.loss", "dc-a"), fault("process.kill", "ledger-a"), cut):
        assert not covers(other, frozen)
    assert covers(fault("process.freeze", "ledger-a", hold_ms=40_000), frozen)
    narrower = replace(cut, fault=replace(cut.fault, parameters={"from": ("db-b",)}))
    assert not covers(cut, narrower)


def test_several_faults_are_as_hard_only_at_the_same_times() -> None:
    both = (fault("network.partition", "dc-a"), fault("site.loss", "dc-a", after_ms=4_000))
    earlier = replace(KILLED, broke=both)
    assert at_least_as_hard(earlier, earlier)
    assert not at_least_as_hard(replace(KILLED, broke=both[1:]), earlier)
    later = (both[0], fault("site.loss", "dc-a", after_ms=9_000))
    assert not at_least_as_hard(replace(KILLED, broke=later), earlier)


def test_a_day_is_as_tight_when_it_is_struck_as_late_and_compressed_as_much() -> None:
    day = asked("lose-dc-a")
    assert day.time_of_day_min is not None
    assert not at_least_as_hard(replace(day, time_of_day_min=None), day)
    assert not at_least_as_hard(replace(day, time_of_day_min=day.time_of_day_min - 1), day)
    assert not at_least_as_hard(replace(day, compression=day.compression - 1), day)
    assert at_least_as_hard(day, replace(day, time_of_day_min=None))


def test_what_broke_nothing_is_as_hard_only_as_the_same_with_as_many_hits() -> None:
    talked = replace(KILLED, broke=(), evidence_class="discussion", hits=(Fail(("a",)),))
    more = replace(talked, hits=(Fail(("a",)), Fail(("b",))))
    assert at_least_as_hard(more, talked)
    assert not at_least_as_hard(talked, more)
    assert not at_least_as_hard(replace(talked, scenario="other"), talked)


def test_the_faults_are_those_of_the_scenario() -> None:
    drawn = broke(MODEL, MODEL.scenarios["naive-client"])
    assert [each.fault.name for each in drawn] == ["network.partition", "site.loss"]
    assert drawn[0].takes == {"dc-a"}


def test_a_shared_attribute_takes_the_hosts_that_carry_it_at_the_sites_that_are_named() -> None:
    hosts = {name for name, each in MODEL.resources.items() if each.kind == "host" and each.shares}
    carrier = MODEL.resources[min(hosts)]
    attribute, value = next(iter(carrier.shares.items()))
    every = taken(MODEL, "change.agent-update", value, {"of": attribute})
    assert carrier.name in every
    here = taken(MODEL, "change.agent-update", value, {"of": attribute, "sites": (carrier.site,)})
    assert carrier.name in here
    assert here == taken(MODEL, "change.agent-update", value, {"of": attribute, "sites": f"{carrier.site}"})
    assert {MODEL.resources[name].site for name in here & hosts} == {carrier.site}
