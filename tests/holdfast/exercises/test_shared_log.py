"""A drill on a log that several machines share: its guard finds the log by its address, and machines do not mix."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from holdfast.cli import app
from holdfast.connectors import processes
from holdfast.connectors.processes import Process
from holdfast.exercises import leaving
from holdfast.exercises.course import Course, Recorder
from holdfast.exercises.heal import Healing, heal, stop, unclosed
from holdfast.store.clock import machine_id
from holdfast.store.opening import open_log
from holdfast.store.signed import SignedLog
from tests.holdfast.exercises.pretend import pretended
from tests.holdfast.exercises.test_guard import EXERCISE, Drill, opened, until
from tests.holdfast.store.home import PostgresHome
from tests.holdfast.store.postgres_server import running

pytestmark = pytest.mark.range


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SignedLog]:
    """Return a log in PostgreSQL, opened as the role that appends."""
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path))
    with running() as server:
        home = PostgresHome.on(server, tmp_path)
        home.begin()
        with open_log(home.place) as appended:
            yield appended


def test_a_killed_runner_is_undone_and_closed_by_its_guard(tmp_path: Path, log: SignedLog) -> None:
    with pretended(tmp_path / "r") as target:
        drill = Drill(log, target)
        try:
            assert until(lambda: drill.course.look().guarded)
            drill.freeze()
            drill.runner.kill()
            assert until(lambda: drill.course.look().closed)
            assert drill.undone()
            assert drill.thawed()
            assert until(lambda: processes.condition(drill.guard) == "gone")
            assert heal(log, lambda _: None) == Healing()
        finally:
            drill.ends()


def test_what_another_machine_has_begun_is_left_to_it(tmp_path: Path, log: SignedLog) -> None:
    """Nothing is known here of its processes: by their numbers they might be any."""
    with pretended(tmp_path / "r") as target:
        here = opened(log, target, os.getpid(), Process(os.getpid(), 0))
    elsewhere = replace(here, target={**here.target, leaving.MACHINE: "0" * 16, leaving.RUNNER: str(Process(1, 1))})
    Recorder(log, EXERCISE, "runner").record(elsewhere)
    said: list[str] = []
    assert heal(log, said.append) == Healing()
    assert stop(log, said.append) == []
    assert said == [f"{EXERCISE} was begun on another machine: it is stopped there"]
    assert not Course(log, EXERCISE).look().stops
    assert [exercise.opened.exercise for exercise in unclosed(log)] == [EXERCISE]


def test_what_this_machine_has_begun_is_healed(tmp_path: Path, log: SignedLog) -> None:
    with pretended(tmp_path / "r") as target:
        here = opened(log, target, os.getpid(), Process(os.getpid(), 0))
        gone = replace(here, target={**here.target, leaving.MACHINE: machine_id(), leaving.RUNNER: str(Process(1, 1))})
        Recorder(log, EXERCISE, "runner").record(gone)
        assert heal(log, lambda _: None).healed == [EXERCISE]
    assert unclosed(log) == []


def test_a_drill_command_takes_an_address(log: SignedLog) -> None:
    for option, said in (("--heal", "nothing was left to heal"), ("--stop", "nothing was running on this log")):
        done = CliRunner().invoke(app, ["drill", option, "--log", log.place])
        assert (done.exit_code, done.stdout.strip()) == (0, said)
