"""Faults on processes, really injected, probed and undone; and what a fault refuses to be aimed at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.errors import HoldfastError
from holdfast.evidence.events import FaultIntended
from holdfast.exercises import faults
from holdfast.exercises.faults import FAULTS, Aim, Seen
from holdfast.store.clock import now
from tests.holdfast.exercises.pretend import PretendRange, pretended

DEADLINE_S = 10.0


@pytest.fixture
def target(tmp_path: Path) -> Iterator[PretendRange]:
    with pretended(tmp_path / "r") as held:
        yield held


def intended(name: str, on: str, target: PretendRange) -> FaultIntended:
    prepared = FAULTS[name].prepare(Aim("exercise", "fault-1", on, {}), target.inventory)
    return FaultIntended("exercise", "fault-1", name, on, {}, 1000, prepared.undo, prepared.identity, now())


def soon(look: Callable[[], Seen]) -> Seen:
    deadline = time.monotonic() + DEADLINE_S
    while not (seen := look()).so and time.monotonic() < deadline:
        time.sleep(0.02)
    return seen


@pytest.mark.parametrize("name", ["process.kill", "process.freeze"])
def test_a_process_fault_takes_effect_and_is_undone(target: PretendRange, name: str) -> None:
    kind, fault = FAULTS[name], intended(name, "ledger-a", target)
    assert not kind.probe(fault).so
    assert kind.verify(fault, target.inventory).so
    kind.inject(fault, target.keeper, target.inventory)
    assert soon(lambda: kind.probe(fault)).so
    assert not kind.verify(fault, target.inventory).so
    faults.undo(fault)
    assert soon(lambda: kind.verify(fault, target.inventory)).so
    faults.undo(fault)
    assert kind.verify(fault, target.inventory).so


@pytest.mark.parametrize("name", ["process.kill", "process.freeze"])
def test_undoing_what_was_never_injected_changes_nothing(target: PretendRange, name: str) -> None:
    fault = intended(name, "ledger-a", target)
    before = target.inventory.processes["ledger-a"].process
    faults.undo(fault)
    assert FAULTS[name].verify(fault, target.inventory).so
    assert target.inventory.processes["ledger-a"].process == before


def test_a_frozen_process_is_not_gone_and_a_killed_one_is_not_frozen(target: PretendRange) -> None:
    frozen, killed = intended("process.freeze", "ledger-a", target), intended("process.kill", "etcd-a", target)
    FAULTS["process.freeze"].inject(frozen, target.keeper, target.inventory)
    FAULTS["process.kill"].inject(killed, target.keeper, target.inventory)
    assert soon(lambda: FAULTS["process.freeze"].probe(frozen)).so
    assert soon(lambda: FAULTS["process.kill"].probe(killed)).so
    assert not FAULTS["process.kill"].probe(frozen).so
    assert "is gone, not frozen" in FAULTS["process.freeze"].probe(killed).observed


def test_a_fault_is_not_aimed_at_what_is_broken_already(target: PretendRange) -> None:
    fault = intended("process.freeze", "ledger-a", target)
    FAULTS["process.freeze"].inject(fault, target.keeper, target.inventory)
    assert soon(lambda: FAULTS["process.freeze"].probe(fault)).so
    with pytest.raises(HoldfastError, match="frozen already") as problem:
        intended("process.kill", "ledger-a", target)
    assert problem.value.code == "HF401"


@pytest.mark.parametrize(("name", "on"), [("host.loss", "db-a"), ("site.loss", "dc-a"), ("host.loss", "nowhere")])
def test_what_has_no_power_cannot_lose_it(target: PretendRange, name: str, on: str) -> None:
    with pytest.raises(HoldfastError) as problem:
        intended(name, on, target)
    assert problem.value.code == "HF401"


def test_a_partition_needs_something_that_crosses_it(target: PretendRange) -> None:
    with pytest.raises(HoldfastError, match="nothing could be reached") as problem:
        intended("network.partition", "dc-a", target)
    assert problem.value.code == "HF401"


def test_a_revoked_exercise_cannot_inject(target: PretendRange) -> None:
    fault = intended("process.kill", "ledger-a", target)
    target.keeper.call({"op": "revoke", "exercise": "exercise"})
    with pytest.raises(HoldfastError, match="MR110") as problem:
        FAULTS["process.kill"].inject(fault, target.keeper, target.inventory)
    assert problem.value.code == "HF302"
    faults.undo(fault)


@pytest.mark.parametrize(
    ("name", "undo", "asked"),
    [
        ("shared.loss", {"hosts": "db-a, db-b"}, ["power_on", "power_on"]),
        ("change.agent-update", {"hosts": "db-a", "id": "x"}, ["write_back", "power_on"]),
        ("cluster.quorum-loss", {"processes": "etcd-z, etcd-a"}, ["ensure", "ensure"]),
    ],
)
def test_one_refusal_keeps_nothing_else_from_being_undone(
    target: PretendRange, name: str, undo: dict[str, str], asked: list[str]
) -> None:
    way = {"keeper": str(target.directory / "keeper.sock")}
    fault = FaultIntended("exercise", "fault-1", name, "x", {}, 1000, {**way, **undo}, {}, now())
    with pytest.raises(HoldfastError):
        faults.undo(fault)
    assert [request["op"] for request in target.requests] == asked
