"""The range's own policy is what the example's flows amount to, and it cuts nothing that the example declares."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from holdfast.analysis.segmentation import Listener, cut_needs, policy
from holdfast.cli.declaration import usable_model
from holdfast.model.types import Model
from meridian import institution
from meridian.keeper import layout
from meridian.network.policy import OWN, parse
from meridian.topology import HOSTS
from tests.repository.tree import ROOT
from tests.repository.write_commands import POLICY, compiled


@pytest.fixture(scope="module")
def model() -> Model:
    return usable_model(ROOT / "examples" / "meridian")


@pytest.fixture(scope="module")
def listeners() -> dict[str, Listener]:
    """Return what Meridian starts, and where each of it listens, without starting it."""
    settings = layout.Settings("declared", "root", "fenced", "safe", 20)
    # A short place: the paths of Unix sockets in it may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="hf-") as directory:
        place = Path(directory) / "r"
        layout.create(place, settings)
        context = layout.context(place, settings)
        found = {unit.name: Listener(unit.host, unit.ports) for unit in institution.units(context)}
        for host in HOSTS:
            for child in institution.children(context, host):
                found[child.name] = Listener(host, child.ports)
    return found


def test_the_ranges_own_policy_is_compiled_from_the_example() -> None:
    assert OWN.resolve() == POLICY
    assert POLICY.read_text(encoding="utf-8") == compiled(), "run `make docs`"


def test_the_range_can_enforce_it(model: Model) -> None:
    flows = parse(compiled(), "the example")
    assert {(flow.source, flow.target, flow.port) for flow in flows} == {
        (each.source, each.target, each.port) for each in policy(model, "range")
    }


def test_no_declared_need_of_what_runs_is_cut(model: Model, listeners: dict[str, Listener]) -> None:
    missing = cut_needs(model, policy(model, "range"), listeners)
    lines = [f"{each.dependent} needs {each.needed}; add to flows:\n{each.remedy}" for each in missing]
    assert not lines, "\n".join(lines)


def test_every_port_that_is_listened_on_is_named_by_a_flow_to_its_host(
    model: Model, listeners: dict[str, Listener]
) -> None:
    """A new process that nobody may connect to is either without a purpose or without its flow."""
    named = {(each.target, each.port) for each in policy(model, "range")}
    unnamed = {
        f"{name} on {there.host}: port {port}"
        for name, there in listeners.items()
        for port in there.ports
        if (there.host, port) not in named
    }
    assert unnamed == set()
