"""Plans: what would be hit and taken along, and the refusal of everything outside the named environment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.errors import HoldfastError
from holdfast.exercises.faults import FAULTS
from holdfast.exercises.plan import functioning, plan
from holdfast.exercises.vocabulary import vocabulary
from holdfast.model.loader import load
from holdfast.model.types import AllOf, Fault, Model, On
from tests.repository.tree import ROOT


@pytest.fixture(scope="module")
def model() -> Model:
    folder = ROOT / "examples" / "meridian"
    files = {path.name: path.read_bytes() for path in sorted(folder.glob("*.yaml"))}
    loaded, findings = load(files, "meridian.yaml", vocabulary())
    assert loaded is not None, findings
    return loaded


def with_fault(model: Model, fault: Fault) -> Model:
    scenario = replace(model.scenarios["lose-dc-a"], disruption=(fault,))
    return replace(model, scenarios={**model.scenarios, scenario.name: scenario})


def test_everything_functions_when_nothing_failed(model: Model) -> None:
    assert functioning(model, ()) == frozenset((*model.resources, *model.groups))


def test_a_lost_host_takes_its_processes_along_and_the_service_survives(model: Model) -> None:
    made = plan(model, model.scenarios["primary-host-lost"], "range")
    assert made.steps[0].hit == ("db-a",)
    assert {"ledger-a", "etcd-a", "patroni-a"} <= set(made.taken_along)
    assert all(made.modes.values())


def test_a_lost_site_hits_its_resources_and_its_lines(model: Model) -> None:
    made = plan(model, model.scenarios["lose-dc-a"], "range")
    assert {"db-a", "app-a", "ledger-a", "wan-orion", "wan-vega", "router-dc-a"} <= set(made.steps[0].hit)
    assert "ledger-b" not in {*made.steps[0].hit, *made.taken_along}


def test_two_lost_copies_end_the_service(model: Model) -> None:
    both = Fault("host.loss", "db-a", {}, 0, 1000, 2000), Fault("host.loss", "db-b", {}, 0, 1000, 2000)
    scenario = replace(model.scenarios["lose-dc-a"], disruption=both)
    made = plan(model, scenario, "range")
    assert not any(made.modes.values())
    assert {"settlement-a", "settlement-b", "vault-wal"} <= set(made.taken_along)


def test_a_group_is_lost_with_what_all_of_it_needs(model: Model) -> None:
    """Also where two groups need each other, which is allowed: both function, or neither does."""
    copies, votes = model.groups["ledger"], model.groups["etcd"]
    groups = {
        "ledger": replace(copies, needs=AllOf((On("etcd"), On("router-vault")))),
        "etcd": replace(votes, needs=On("ledger")),
    }
    changed = replace(model, groups={**model.groups, **groups})
    assert {"ledger", "etcd"} <= functioning(changed, ())
    assert functioning(changed, {"router-vault"}).isdisjoint({"ledger", "etcd", "settlement-a"})
    assert {"ledger", "etcd"} <= functioning(model, {"router-vault"})


def test_production_is_refused(model: Model) -> None:
    with pytest.raises(HoldfastError) as problem:
        plan(model, model.scenarios["lose-dc-a"], "production")
    assert problem.value.code == "HF402"


@pytest.mark.parametrize("touched", ["db-a", "etcd-a", "router-dc-a"])
def test_a_drill_that_would_touch_production_is_refused(model: Model, touched: str) -> None:
    """Whether it is hit itself, at the site that is hit, or only taken along."""
    outside = replace(model.resources[touched], environment="production")
    mixed = replace(model, resources={**model.resources, touched: outside})
    with pytest.raises(HoldfastError, match=rf"{touched} \(production\)") as problem:
        plan(mixed, mixed.scenarios["lose-dc-a"], "range")
    assert problem.value.code == "HF402"


def test_what_is_only_taken_along_counts_as_touched(model: Model) -> None:
    outside = replace(model.resources["etcd-a"], environment="test")
    mixed = replace(model, resources={**model.resources, "etcd-a": outside})
    with pytest.raises(HoldfastError, match=r"etcd-a \(test\)"):
        plan(mixed, mixed.scenarios["primary-host-lost"], "range")


def test_a_site_in_production_is_refused(model: Model) -> None:
    outside = replace(model.sites["dc-a"], environment="production")
    mixed = replace(model, sites={**model.sites, "dc-a": outside})
    with pytest.raises(HoldfastError, match=r"site dc-a \(production\)"):
        plan(mixed, mixed.scenarios["lose-dc-a"], "range")


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_says_what_it_does_and_how_it_is_undone(model: Model, name: str) -> None:
    target = {"site.loss": "dc-a", "host.loss": "db-a", "network.partition": "dc-a"}.get(name, "ledger-a")
    changed = with_fault(model, Fault(name, target, {}, 0, 1000, 2000))
    step = plan(changed, changed.scenarios["lose-dc-a"], "range").steps[0]
    assert target in step.does
    assert "{" not in step.does + step.undone_by
    assert target in step.hit or target in model.sites
