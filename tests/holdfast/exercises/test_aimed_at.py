"""What a fault takes where its target is a group or a shared value, as the model has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import pytest

from holdfast.cli.declaration import usable_model
from holdfast.errors import EnvironmentProblem, HoldfastError
from holdfast.exercises.faults import FAULTS
from holdfast.exercises.faults.kinds import Need
from holdfast.exercises.plan import aimed_at, plan, refuse_impossible, refuse_unfit
from holdfast.model.types import Fault
from tests.repository.tree import ROOT

MODEL = usable_model(ROOT / "examples" / "meridian")


def fault(name: str, target: str, **parameters: object) -> Fault:
    return Fault(name, target, parameters, 0, 1, 1)


def test_a_quorum_is_lost_by_as_few_members_as_that_takes() -> None:
    assert aimed_at(MODEL, fault("cluster.quorum-loss", "etcd")) == ("etcd-a", "etcd-b")


def test_a_change_for_a_group_is_one_for_all_its_members() -> None:
    assert aimed_at(MODEL, fault("change.bad-config", "ledger")) == ("ledger-a", "ledger-b", "ledger-w")


def test_a_shared_value_takes_its_hosts_and_none_in_production() -> None:
    halberd = fault("change.agent-update", "halberd", of="endpoint-agent")
    assert set(aimed_at(MODEL, halberd)) == {"db-a", "app-a", "db-b", "app-b"}
    everywhere = {name for name, each in MODEL.resources.items() if each.shares.get("endpoint-agent") == "halberd"}
    assert "virtual-a" in everywhere
    assert MODEL.resources["virtual-a"].environment == "production"


def test_every_host_with_the_agent_runs_it_and_no_other() -> None:
    halberd = fault("change.agent-update", "halberd", of="endpoint-agent")
    agents = {name.removeprefix("agent-") for name in MODEL.resources if name.startswith("agent-")}
    assert set(aimed_at(MODEL, halberd)) == agents


def test_one_resource_stands_for_itself() -> None:
    assert aimed_at(MODEL, fault("disk.full", "db-a", of="data")) == ()


@pytest.mark.parametrize("name", ["pdu-a1-lost", "agent-update-at-both", "etcd-quorum-lost", "tampered-row"])
def test_the_plan_names_what_would_be_touched(name: str) -> None:
    found = plan(MODEL, MODEL.scenarios[name], "range")
    assert found.steps[0].hit
    assert all(MODEL.resources[hit].environment == "range" for hit in found.steps[0].hit)


def test_what_is_not_in_the_environment_is_refused() -> None:
    with pytest.raises(HoldfastError) as problem:
        plan(MODEL, MODEL.scenarios["pdu-a1-lost"], "test")
    assert problem.value.code == "HF402"


def test_what_no_range_can_do_is_refused_before_anything_is_started() -> None:
    with pytest.raises(EnvironmentProblem, match="one for the whole machine") as problem:
        refuse_impossible(MODEL.scenarios["clock-stepped"])
    assert problem.value.code == "HF415"
    refuse_impossible(MODEL.scenarios["disk-full"])


LACKING: Mapping[str, str] = dict.fromkeys(get_args(Need), "this one is a test's")


@pytest.mark.parametrize(
    "name",
    ["primary-partitioned", "primary-host-lost", "lose-dc-a", "pdu-a1-lost", "agent-update-at-both", "disk-full"],
)
def test_what_this_range_lacks_is_refused_with_its_reason(name: str) -> None:
    scenario = MODEL.scenarios[name]
    refuse_unfit(scenario, {}, {}, {})
    with pytest.raises(EnvironmentProblem, match="cannot be injected here: this one is a test's") as problem:
        refuse_unfit(scenario, {}, {}, LACKING)
    assert problem.value.code == "HF415"


@pytest.mark.parametrize(
    "name", ["primary-killed", "primary-frozen-thawed", "etcd-quorum-lost", "tampered-row", "page-corrupted"]
)
def test_what_happens_to_processes_needs_nothing(name: str) -> None:
    refuse_unfit(MODEL.scenarios[name], {}, {}, LACKING)


def test_a_range_with_other_options_is_refused() -> None:
    with pytest.raises(EnvironmentProblem, match="runs with profile stock; primary-killed wants fast") as problem:
        refuse_unfit(MODEL.scenarios["primary-killed"], {"profile": "fast"}, {"profile": "stock"}, {})
    assert problem.value.code == "HF404"


def test_only_an_audit_s_fault_is_kept_until_the_evidence() -> None:
    assert [name for name, kind in FAULTS.items() if kind.until_evidence] == ["ledger.edit"]
