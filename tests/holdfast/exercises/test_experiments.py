"""A fault in Chaos Toolkit's format: run out of process, shown, undone, and refused where it would prove nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.connectors.experiment import parse, read_experiment
from holdfast.errors import HoldfastError
from holdfast.evidence.events import FaultIntended
from holdfast.exercises import faults
from holdfast.exercises.faults import FAULTS, Aim, parameters_text
from holdfast.store.clock import now
from tests.holdfast.exercises.pretend import PretendRange, pretended

KIND = FAULTS["chaostoolkit.experiment"]


@pytest.fixture
def target(tmp_path: Path) -> Iterator[PretendRange]:
    with pretended(tmp_path / "r") as held:
        yield held


def program(name: str, *words: str, kind: str = "action", **more: object) -> dict[str, object]:
    return {
        "type": kind,
        "name": name,
        "provider": {"type": "process", "path": words[0], "arguments": [*words[1:]]},
        **more,
    }


def experiment(mark: Path, **changed: object) -> dict[str, Any]:
    """Return an experiment that breaks the world by making a file, and mends it by removing it."""
    steady = {"probes": [program("is-whole", "test", "!", "-e", str(mark), kind="probe", tolerance=0)]}
    there = program("is-broken", "test", "-e", "${mark}", kind="probe", tolerance=True)
    whole = {
        "title": "A file appears",
        "configuration": {"mark": str(mark)},
        "steady-state-hypothesis": steady,
        "method": [program("break", "touch", "${mark}"), there],
        "rollbacks": [program("mend", "rm", "-f", "${mark}")],
    }
    return {name: value for name, value in {**whole, **changed}.items() if value is not None}


def intended(target: PretendRange, document: dict[str, Any]) -> FaultIntended:
    file = target.directory / "experiment.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    parameters = {"file": str(file)}
    prepared = KIND.prepare(Aim("exercise", "fault-1", "ledger-a", parameters), target.inventory)
    name, recorded = "chaostoolkit.experiment", parameters_text(parameters)
    return FaultIntended(
        "exercise", "fault-1", name, "ledger-a", recorded, 1000, prepared.undo, prepared.identity, now()
    )


def test_it_takes_effect_and_is_undone_from_the_record_alone(target: PretendRange, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    fault = intended(target, experiment(mark))
    (target.directory / "experiment.json").unlink()
    assert not KIND.probe(fault).so
    KIND.inject(fault, target.keeper, target.inventory)
    assert mark.exists()
    assert KIND.probe(fault).so
    assert not KIND.verify(fault, target.inventory).so
    for _ in range(2):
        faults.undo(fault)
        assert KIND.verify(fault, target.inventory).so
    assert not mark.exists()


@pytest.mark.parametrize(
    ("lacking", "says"),
    [
        ({"rollbacks": []}, "rollbacks"),
        ({"steady-state-hypothesis": None}, "steady state"),
        ({"method": [program("break", "true")]}, "a probe with a tolerance"),
        ({"method": [program("look", "false", kind="probe", tolerance=0)]}, "an action"),
        ({"method": [program("break", "true"), program("look", "true", kind="probe", tolerance=0)]}, "show nothing"),
        ({"method": [program("break", "true", background=True)]}, "background"),
        ({"secrets": {"cloud": {"key": "in the file"}}}, "secrets.cloud.key"),
        ({"method": [{"ref": "break"}]}, "method.0"),
    ],
)
def test_what_would_prove_nothing_is_refused(
    target: PretendRange, tmp_path: Path, lacking: dict[str, object], says: str
) -> None:
    with pytest.raises(HoldfastError, match=says) as problem:
        intended(target, experiment(tmp_path / "mark", **lacking))
    assert problem.value.code == "HF401"
    assert not (tmp_path / "mark").exists()


def test_an_experiment_that_is_not_steady_is_not_begun(target: PretendRange, tmp_path: Path) -> None:
    (tmp_path / "mark").touch()
    with pytest.raises(HoldfastError, match="does not hold even now: is-whole"):
        intended(target, experiment(tmp_path / "mark"))


def test_an_action_that_fails_is_said(target: PretendRange, tmp_path: Path) -> None:
    document = experiment(tmp_path / "mark")
    document["method"][0] = program("break", "ls", "/nowhere/at/all")
    fault = intended(target, document)
    with pytest.raises(HoldfastError, match="break ended with 2") as problem:
        KIND.inject(fault, target.keeper, target.inventory)
    assert problem.value.code == "HF312"


def test_a_program_that_is_not_there_is_said(target: PretendRange, tmp_path: Path) -> None:
    document = experiment(tmp_path / "mark")
    document["method"][0] = program("break", "no-such-program-anywhere")
    fault = intended(target, document)
    with pytest.raises(HoldfastError) as problem:
        KIND.inject(fault, target.keeper, target.inventory)
    assert problem.value.code == "HF311"


def test_a_function_runs_in_the_interpreter_that_is_named(
    target: PretendRange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"
    document = experiment(mark)
    arguments = {"name": "${mark}", "mode": 0o600}
    document["method"][0]["provider"] = {"type": "python", "module": "os", "func": "mknod", "arguments": arguments}
    document["method"][0]["provider"]["arguments"] = {"path": "${mark}"}
    fault = intended(target, document)
    with pytest.raises(HoldfastError, match="none is installed here"):
        KIND.inject(fault, target.keeper, target.inventory)
    monkeypatch.setenv("HOLDFAST_CHAOS_PYTHON", sys.executable)
    KIND.inject(fault, target.keeper, target.inventory)
    assert mark.exists()


def test_a_program_gets_little_of_our_environment(
    target: PretendRange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_SECRET_OF_OURS", "x")
    document = experiment(tmp_path / "mark")
    document["method"][0] = program("break", "sh", "-c", f"env > {tmp_path}/mark")
    KIND.inject(intended(target, document), target.keeper, target.inventory)
    seen = (tmp_path / "mark").read_text(encoding="utf-8")
    assert "HOLDFAST_TARGET=ledger-a" in seen
    assert "HOLDFAST_SECRET_OF_OURS" not in seen


def test_what_is_recorded_reads_back_the_same(tmp_path: Path) -> None:
    file = tmp_path / "experiment.json"
    file.write_text(json.dumps(experiment(tmp_path / "mark")), encoding="utf-8")
    whole = read_experiment(file)
    assert parse(whole.text()) == whole
