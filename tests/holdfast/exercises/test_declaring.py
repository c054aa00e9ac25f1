"""A person declares in a drill that runs, and nobody else's word counts for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from os import getpid
from pathlib import Path

import pytest
from typer.testing import CliRunner

from holdfast.cli import app
from holdfast.connectors import processes
from holdfast.connectors.processes import Process
from holdfast.evidence.envelope import event_of
from holdfast.evidence.events import DisasterDeclared
from holdfast.exercises import leaving
from holdfast.exercises.course import Course, Recorder
from holdfast.store.clock import machine_id
from holdfast.store.opening import open_log
from holdfast.store.signed import SignedLog
from tests.holdfast.exercises.pretend import pretended
from tests.holdfast.exercises.test_guard import EXERCISE, opened


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SignedLog]:
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    with open_log(tmp_path / "log", create=True) as created:
        yield created


def begin(log: SignedLog, tmp_path: Path, runner: Process | None) -> None:
    """Open a drill whose runner is this process, or whatever is named."""
    with pretended(tmp_path / "r") as target:
        whole = opened(log, target, getpid(), Process(getpid(), 0))
    runner = runner or processes.find(getpid())
    asked = {**whole.target, leaving.MACHINE: machine_id(), leaving.RUNNER: str(runner)}
    Recorder(log, EXERCISE, "runner").record(replace(whole, target=asked))


def test_a_person_declares_with_the_time_at_which_it_was_said(log: SignedLog, tmp_path: Path) -> None:
    begin(log, tmp_path, None)
    done = CliRunner().invoke(app, ["drill", "--declare", "silver-commander", "--log", log.place])
    assert done.exit_code == 0, done.output
    entry = log.read(log.size() - 2, 1)[0]
    said = event_of(entry)
    assert isinstance(said, DisasterDeclared)
    assert (said.exercise, said.by, said.simulated) == (EXERCISE, "silver-commander", False)
    assert entry.actor == "silver-commander"
    assert Course(log, EXERCISE).look().declared


@pytest.mark.parametrize(("role", "runs"), [("nobody", True), ("silver-commander", False)])
def test_an_unknown_role_or_a_drill_that_is_gone_is_refused(
    log: SignedLog, tmp_path: Path, role: str, *, runs: bool
) -> None:
    begin(log, tmp_path, None if runs else Process(1, 1))
    size = log.size()
    done = CliRunner().invoke(app, ["drill", "--declare", role, "--log", log.place])
    assert done.exit_code != 0
    assert isinstance(done.exception, Exception)
    assert getattr(done.exception, "code", None) == "HF413" or "HF413" in done.output
    assert log.size() == size
