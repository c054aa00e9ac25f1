"""``holdfast segmentation``: the policy as it is handed on, and what a proof says to who asked for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from holdfast.connectors.range import Command, HostState, Inventory, ProcessState
from holdfast.exercises.segmentation import Matrix, Trial
from tests.holdfast.commands import Run, holdfast

MODEL = """
institution: Bank
range: {command: [python, -m, nothing], profile: fast}
services:
  pay:
    {owner: me, impact_tolerance: {duration: 4h}, rto: 2h, rpo: 0s,
     modes: {full: {capacity: 100%, meets_minimum: true, needs: [gate]}}}
sites: {dc: {environment: range}}
resources:
  db: {kind: host, environment: range, site: dc}
  app: {kind: host, environment: range, site: dc}
  ledger: {kind: database, environment: range, site: dc, needs: [db]}
  gate: {kind: application, environment: range, site: dc, needs: [app, ledger]}
flows:
  - {from: gate, to: ledger, port: PORT}
"""


def declared(directory: Path, port: int = 5432) -> Path:
    (directory / "model.yaml").write_text(MODEL.replace("PORT", str(port)), encoding="utf-8")
    return directory / "model.yaml"


@contextmanager
def proving(*trials: Trial) -> Iterator[None]:
    """Have a range that consists of these trials."""
    there = Inventory(
        version=1, name="x", dir=Path(), mode="root", profile="fast", client="safe", clock_id="", sites={},
        hosts={"app": HostState("dc", "10.0.0.1", powered=True), "db": HostState("dc", "10.0.0.2", powered=True)},
        processes={
            "gate": ProcessState("app", running=True, account="x"),
            "ledger": ProcessState("db", running=True, account="x", ports=(5432,)),
        },
        links={}, endpoints={}, records={},
    )  # fmt: skip
    with (
        mock.patch.object(Command, "inventory", return_value=there),
        mock.patch("holdfast.exercises.segmentation.prove", return_value=Matrix(trials, ("app", "db"), ("dark",))),
    ):
        yield


OPEN = Trial("app", "db", 5432, allowed=True, listened=True, found="reachable")
CLOSED = Trial("db", "app", 5432, allowed=False, listened=False, found="timeout")
LEAK = Trial("db", "app", 22, allowed=False, listened=False, found="refused")


def reach(directory: Path, *more: str, port: int = 5432) -> Run:
    return holdfast("segmentation", "reach", "--model", declared(directory, port), *more)


def test_a_policy_is_printed_as_the_range_takes_it(tmp_path: Path) -> None:
    done = holdfast("segmentation", "policy", declared(tmp_path))
    assert done.code == 0
    assert json.loads(done.out) == {
        "version": 1,
        "flows": [
            {
                "from": "app",
                "to": "db",
                "port": 5432,
                "protocol": "tcp",
                "states": ["normal"],
                "why": ["gate to ledger"],
            }
        ],
    }


def test_a_policy_that_holds(tmp_path: Path) -> None:
    with proving(OPEN, CLOSED):
        done = reach(tmp_path)
    assert done.code == 0
    *_, dark, said = done.out.splitlines()
    assert dark == "without power, and so not tried: dark"
    assert said.startswith("the policy holds: 2 ways tried in ")
    assert said.endswith("s: 1 open, 1 closed")


def test_a_leak_is_named_and_ends_with_one(tmp_path: Path) -> None:
    with proving(OPEN, CLOSED, LEAK):
        done = reach(tmp_path)
        facts = json.loads(reach(tmp_path, "--json").out)
    assert done.code == 1
    assert "denied, but answered: db to app, port 22 (refused)" in done.out
    assert ".!" in done.out.splitlines()[2]
    assert facts["proved"] is False
    assert facts["counts"] == {"open": 1, "idle": 0, "closed": 1, "broken": 0, "leak": 1, "unknown": 0}
    assert [trial["outcome"] for trial in facts["trials"]] == ["open", "closed", "leak"]


def test_a_need_that_is_cut_is_named_with_the_flow_that_it_lacks(tmp_path: Path) -> None:
    with proving(OPEN, CLOSED):
        done = reach(tmp_path, port=1)
    assert done.code == 1
    assert "a need is cut: gate (app) needs ledger (db, port 5432)" in done.out
    assert "- {from: gate, to: ledger, port: 5432}" in done.out


def test_a_state_that_is_none_and_a_range_that_is_not_there(tmp_path: Path) -> None:
    with proving(OPEN):
        wrong = reach(tmp_path, "--state", "ever")
    assert (wrong.code, wrong.error) == (2, "HF933")
    nothing = reach(tmp_path, "--dir", str(tmp_path))
    assert (nothing.code, nothing.error) == (3, "HF301")
