"""examples/meridian against the range that really runs: every site, host, router, line and process, both ways.

What runs is exactly what the model says is in ``environment: range``. The rest of the institution is only modelled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.cli.declaration import usable_model
from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.range import (
    KEEPER_SOCKET,
    Command,
    HostState,
    Inventory,
    LinkState,
    ProcessState,
    SiteState,
    inventory,
)
from holdfast.model.types import Model, leaves

EXAMPLE = Path(__file__).parents[2] / "examples" / "meridian"

# The profile in which everything runs: the model declares the fencer too.
WHOLE = "fenced"

Facts = set[tuple[str, ...]]


def declared(model: Model) -> Facts:
    """Return what the model says is in the range: one fact for each thing, with where it is."""
    in_range = [resource for resource in model.resources.values() if resource.environment == "range"]
    hosts = {resource.name for resource in in_range if resource.kind == "host"}
    facts: Facts = {("site", name) for name, site in model.sites.items() if site.environment == "range"}
    for resource in in_range:
        if resource.between:
            facts.add(("line", resource.name, *sorted(resource.between)))
        elif resource.kind == "network":
            facts.add(("router", resource.name, resource.site or ""))
        elif resource.kind == "host":
            facts.add(("host", resource.name, resource.site or ""))
        else:
            facts.add(("process", resource.name, resource.site or "", *sorted(leaves(resource.needs) & hosts)))
    return facts


def running(there: Inventory) -> Facts:
    """Return what the range says is there, in the same form."""
    return (
        {("site", name) for name in there.sites}
        | {("router", site.router, name) for name, site in there.sites.items()}
        | {("host", name, host.site) for name, host in there.hosts.items()}
        | {("line", name, *sorted(line.between)) for name, line in there.links.items()}
        | {("process", name, there.hosts[process.host].site, process.host) for name, process in there.processes.items()}
    )


@pytest.fixture(scope="module")
def model() -> Model:
    return usable_model(EXAMPLE)


def as_declared(model: Model) -> Inventory:
    """Return the inventory that a range would give if it were exactly what the model says."""
    facts = declared(model)
    return Inventory(
        version=1,
        name="declared",
        dir=Path(),
        mode="root",
        profile="fast",
        client="safe",
        clock_id="",
        sites={fact[2]: SiteState("", fact[1], powered=True) for fact in facts if fact[0] == "router"},
        hosts={fact[1]: HostState(fact[2], "", powered=True) for fact in facts if fact[0] == "host"},
        processes={fact[1]: ProcessState(fact[3], running=True, account="") for fact in facts if fact[0] == "process"},
        links={fact[1]: LinkState((fact[2], fact[3]), up=True) for fact in facts if fact[0] == "line"},
        endpoints={},
        records={},
    )


def test_a_difference_would_be_seen(model: Model) -> None:
    whole = as_declared(model)
    assert running(whole) == declared(model)
    fewer = replace(whole, processes={name: one for name, one in whole.processes.items() if name != "etcd-steward"})
    assert declared(model) - running(fewer) == {("process", "etcd-steward", "witness", "db-w")}
    more = replace(whole, links={**whole.links, "wan-x": LinkState(("dc-a", "vault"), up=True)})
    assert running(more) - declared(model) == {("line", "wan-x", "dc-a", "vault")}
    moved = replace(whole, processes={**whole.processes, "etcd-a": ProcessState("db-b", running=True, account="")})
    assert running(moved) != declared(model)


def test_claiming_or_disclaiming_that_something_runs_would_be_seen(model: Model) -> None:
    """The environment alone decides which side a resource is on, in both directions."""
    whole = running(as_declared(model))
    modelled = replace(model.resources["virtual-a"], environment="range")
    claimed = replace(model, resources={**model.resources, "virtual-a": modelled})
    assert declared(claimed) - whole == {("host", "virtual-a", "amsterdam-east")}
    real = replace(model.resources["app-b"], environment="production")
    disclaimed = replace(model, resources={**model.resources, "app-b": real})
    assert ("host", "app-b", "dc-b") in whole - declared(disclaimed)
    site = replace(model.sites["eu-central"], environment="range")
    assert declared(replace(model, sites={**model.sites, "eu-central": site})) - whole == {("site", "eu-central")}


@pytest.fixture
def started(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inventory]:
    """Boot the range as the model declares it, and take it down again."""
    assert model.range is not None
    command = Command(model.range.command)
    directory = tmp_path_factory.mktemp("r")
    command.start(directory, {"profile": WHOLE}, lambda _: None)
    try:
        yield inventory(Hypervisor(directory / KEEPER_SOCKET))[0]
    finally:
        command.stop(directory)


@pytest.mark.range
def test_the_model_is_what_runs(model: Model, started: Inventory) -> None:
    assert declared(model) - running(started) == set(), "declared, but not running"
    assert running(started) - declared(model) == set(), "running, but not declared"
    assert all(process.running for process in started.processes.values())
    assert all(line.up for line in started.links.values())
