"""The guard takes over and heals, as a real process beside a runner that really ends; and a later start does."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path

import apsw
import pytest

from holdfast.connectors import processes
from holdfast.connectors.processes import Process
from holdfast.errors import EnvironmentProblem, HoldfastError
from holdfast.evidence.envelope import body_of, encode
from holdfast.evidence.events import (
    Attachment,
    ExerciseClosed,
    ExerciseOpened,
    FaultIntended,
    FaultUndone,
    StopRequested,
)
from holdfast.evidence.merkle import leaf_hash
from holdfast.exercises import leaving
from holdfast.exercises.course import Course, Recorder
from holdfast.exercises.faults import FAULTS, Aim
from holdfast.exercises.guard import HEARTBEAT_LIMIT_S, Heartbeat, watch
from holdfast.exercises.heal import Healing, heal, stop, unclosed
from holdfast.exercises.order import Hold, Order
from holdfast.exercises.runner import Runner
from holdfast.exercises.vocabulary import vocabulary
from holdfast.exercises.watch import Guard
from holdfast.model.loader import attachment, load
from holdfast.model.types import Model
from holdfast.store.clock import now
from holdfast.store.opening import open_log
from holdfast.store.places import DATABASE
from holdfast.store.signed import SignedLog
from tests.holdfast.exercises.pretend import PretendRange, pretended
from tests.repository.tree import ROOT

DEADLINE_S = 30.0
EXERCISE = "primary-frozen-thawed-test"
# Stands in for the runner: it only lives, and beats on the guard's pipe until it ends.
RUNNER = """
import subprocess, sys, time
guard = subprocess.Popen([sys.executable, "-m", "holdfast.exercises.guard", *sys.argv[1:]], stdin=subprocess.PIPE,
                         start_new_session=True)
print(guard.pid, flush=True)
while True:
    guard.stdin.write(b"."); guard.stdin.flush(); time.sleep(0.2)
"""


class Drill:
    """An exercise under way: a log, a pretended range, a process in the runner's place, its guard."""

    def __init__(self, log: SignedLog, target: PretendRange) -> None:
        """Open the exercise and see that the guard watches."""
        self.log, self.target = log, target
        self.course = Course(log, EXERCISE, log.size() - 1)
        self.recorder = Recorder(log, EXERCISE, "runner")
        command = [sys.executable, "-c", RUNNER, log.place, EXERCISE, "-1"]
        self.runner = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        guard = processes.find(int(self.runner.stdout.readline() if self.runner.stdout else "0"))
        assert guard is not None
        self.guard = guard
        self.recorder.record(opened(log, target, self.runner.pid, guard))

    def freeze(self, box_ms: int = 600_000) -> FaultIntended:
        """Freeze a process of the range, as the runner does, and see that it is frozen."""
        kind, name = FAULTS["process.freeze"], "process.freeze"
        prepared = kind.prepare(Aim(EXERCISE, "fault-1", "ledger-a", {}), self.target.inventory)
        fault = FaultIntended(
            EXERCISE, "fault-1", name, "ledger-a", {}, box_ms, prepared.undo, prepared.identity, now()
        )
        self.recorder.record(fault)
        kind.inject(fault, self.target.keeper, self.target.inventory)
        assert until(lambda: kind.probe(fault).so)
        return fault

    def undone(self) -> bool:
        return "fault-1" in self.course.look().undone

    def thawed(self) -> bool:
        process = self.target.inventory.processes["ledger-a"].process
        return process is not None and processes.running(process)

    def ends(self) -> None:
        self.runner.kill()
        self.runner.wait()
        if self.runner.stdout:
            self.runner.stdout.close()
        if processes.condition(self.guard) != "gone":
            os.kill(self.guard.pid, signal.SIGKILL)


@cache
def declared() -> Model:
    folder = ROOT / "examples" / "meridian"
    model, findings = load({p.name: p.read_bytes() for p in folder.glob("*.yaml")}, "meridian.yaml", vocabulary())
    assert model is not None, findings
    return model


def opened(log: SignedLog, target: PretendRange, runner_pid: int, guard: Process) -> ExerciseOpened:
    model = declared()
    return ExerciseOpened(
        exercise=EXERCISE,
        scenario="primary-frozen-thawed",
        service="gross-settlement",
        exercise_type="functional",
        environment="range",
        model=log.attach("model.json", attachment(model), "application/json"),
        model_digest=model.digest,
        seed=13,
        compression=1,
        version="0",
        target={
            leaving.RANGE: str(target.directory),
            leaving.KEEPER: str(target.keeper.path),
            leaving.OWNED: "no",
            leaving.COMMAND: "python -m meridian",
            leaving.RUNNER: str(processes.find(runner_pid)),
            leaving.GUARD: str(guard),
        },
        guard_pid=guard.pid,
    )


def until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SignedLog]:
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    with open_log(tmp_path / "evidence", create=True) as opened_log:
        yield opened_log


@pytest.fixture
def drill(tmp_path: Path, log: SignedLog) -> Iterator[Drill]:
    with pretended(tmp_path / "r") as target:
        made = Drill(log, target)
        try:
            assert until(lambda: made.course.look().guarded)
            yield made
        finally:
            made.ends()


def test_a_killed_runner_is_undone_and_closed_by_the_guard(drill: Drill) -> None:
    drill.freeze()
    drill.runner.kill()
    assert until(lambda: drill.course.look().closed)
    assert drill.undone()
    assert drill.thawed()
    assert drill.course.stops[0].by == "guard"
    assert EXERCISE in drill.target.revoked
    assert until(lambda: processes.condition(drill.guard) == "gone")
    assert unclosed(drill.log) == []


def test_a_frozen_runner_is_undone_and_cannot_inject_when_it_wakes(drill: Drill) -> None:
    drill.freeze()
    os.kill(drill.runner.pid, signal.SIGSTOP)
    assert until(drill.undone)
    assert drill.thawed()
    assert not drill.course.closed  # the runner lives: its guard lets it finish
    os.kill(drill.runner.pid, signal.SIGCONT)
    assert EXERCISE in drill.target.revoked


def test_the_end_of_a_time_box_undoes_what_the_runner_does_not(drill: Drill) -> None:
    drill.freeze(box_ms=500)
    assert until(drill.undone)
    assert drill.thawed()
    assert "time-box" in drill.course.stops[0].why


def test_anyone_may_ask_to_stop(drill: Drill) -> None:
    drill.freeze()
    drill.recorder.record(StopRequested(EXERCISE, "operator", "enough", now()))
    assert until(drill.undone)
    assert drill.thawed()
    assert [request.why for request in drill.course.stops] == ["enough"]


def test_a_later_start_heals_what_the_guard_left(drill: Drill) -> None:
    drill.freeze()
    os.kill(drill.guard.pid, signal.SIGKILL)
    drill.runner.kill()
    drill.runner.wait()
    assert not drill.thawed()
    assert heal(drill.log, lambda _: None) == Healing([EXERCISE], [], [])
    assert drill.course.look().closed
    assert drill.undone()
    assert drill.thawed()
    assert heal(drill.log, lambda _: None) == Healing()


def test_a_later_start_leaves_a_living_exercise_alone(drill: Drill) -> None:
    drill.freeze()
    assert heal(drill.log, lambda _: None) == Healing([], [EXERCISE], [])
    assert not drill.thawed()


class LostLog:
    """A log whose server can be lost."""

    def __init__(self, log: SignedLog) -> None:
        """Begin within reach."""
        self.log, self.lost = log, False

    def __getattr__(self, name: str) -> object:
        """Ask the log, which is not there any more once it is lost."""
        if self.lost:
            raise EnvironmentProblem("HF245", "the server is gone", remedy="wait")
        return getattr(self.log, name)


def test_a_guard_that_loses_the_log_undoes_what_it_knows_of(drill: Drill) -> None:
    os.kill(drill.guard.pid, signal.SIGKILL)
    reading, writing = os.pipe()
    lost = LostLog(drill.log)
    course, recorder = Course(lost, EXERCISE), Recorder(lost, EXERCISE, "guard")  # type: ignore[arg-type]
    drill.freeze()
    course.look()
    lost.lost = True
    with pytest.raises(EnvironmentProblem, match="the server is gone"):
        watch(course, recorder, Heartbeat(reading))
    assert drill.thawed()
    assert EXERCISE in drill.target.revoked
    assert not drill.undone()  # that stays to be recorded
    os.close(reading)
    os.close(writing)


def test_a_runner_that_loses_the_log_undoes_what_it_has_just_done(tmp_path: Path, log: SignedLog) -> None:
    lost = LostLog(log)
    model = declared()
    scenario = model.scenarios["primary-frozen-thawed"]
    with pretended(tmp_path / "r") as target:
        runner = Runner(Order(model, scenario, "range", lost, target.directory), lambda _: None)  # type: ignore[arg-type]
        runner._inject(1, scenario.disruption[0])  # noqa: SLF001 -- all before it needs a whole range
        process = target.inventory.processes["ledger-a"].process
        assert process is not None
        assert not processes.running(process)
        lost.lost = True
        with pytest.raises(EnvironmentProblem, match="the server is gone"):
            runner._leave("crashed", "the log is lost")  # noqa: SLF001
        assert processes.running(process)


def test_nothing_is_done_that_nobody_signed(tmp_path: Path, log: SignedLog) -> None:
    """Whoever can write the rows of a log, but has no key, has no command run by it."""
    done = tmp_path / "done"
    told = {"range": "/x", "keeper": "/x", "owned": "yes", "runner": "1:1", "guard": "1:1"}
    model = Attachment("model.json", "0" * 64, 1, "application/json")
    meant = ExerciseOpened(EXERCISE, "s", "s", "site", "range", model, "0" * 64, 1, 1, "0", {**told, "command": ""}, 1)
    (seq,) = log.append([meant], actor="runner", subject=f"exercise:{EXERCISE}")
    envelope = log.read(seq - 1)[0]
    command = shlex.join(["sh", "-c", f"touch {done}", "range"])
    forged = encode(replace(envelope, body=body_of(replace(meant, target={**told, "command": command}))))
    with closing(apsw.Connection(str(tmp_path / "evidence" / DATABASE))) as rows:
        rows.execute("UPDATE entry SET data = ?, leaf = ? WHERE seq = ?", (forged, leaf_hash(forged), seq))
    with open_log(tmp_path / "evidence") as later:
        for act in (heal, stop):
            with pytest.raises(HoldfastError, match="not what was signed"):
                act(later, lambda _: None)
        for key in (tmp_path / "state" / "keys").iterdir():
            key.unlink()
    with open_log(tmp_path / "evidence") as elsewhere:
        for act in (heal, stop):
            with pytest.raises(HoldfastError, match="no signing key"):
                act(elsewhere, lambda _: None)
    assert not done.exists()


def test_a_range_that_is_gone_has_nothing_left_to_undo(drill: Drill) -> None:
    drill.freeze()
    drill.target.ends()
    os.kill(drill.guard.pid, signal.SIGKILL)
    drill.runner.kill()
    drill.runner.wait()
    assert heal(drill.log, lambda _: None).healed == [EXERCISE]
    assert drill.undone()
    assert drill.course.closed


def test_stopping_ends_an_exercise_whose_runner_is_gone(drill: Drill) -> None:
    drill.freeze()
    drill.runner.kill()
    drill.runner.wait()
    assert stop(drill.log, lambda _: None) == [EXERCISE]
    assert drill.course.look().closed
    assert drill.thawed()


def test_the_end_of_a_guard_that_is_gone_costs_nothing() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"], stdin=subprocess.PIPE)
    child.wait(DEADLINE_S)
    assert child.stdin is not None
    child.stdin.write(b".")  # buffered: nobody is there to flush it to
    guard = Guard(child, Process(child.pid, 0))
    assert not guard.alive()
    guard.end()
    assert child.stdin.closed


def test_an_exercise_whose_model_declares_no_range_is_closed_all_the_same(tmp_path: Path, log: SignedLog) -> None:
    with pretended(tmp_path / "r") as target:
        declared = opened(log, target, os.getpid(), Process(os.getpid(), 0))
    without = replace(declared, target={**declared.target, leaving.OWNED: "yes", leaving.COMMAND: ""})
    recorder = Recorder(log, EXERCISE, "runner")
    recorder.record(without)
    course = Course(log, EXERCISE, -1)
    leaving.leave(course, recorder, "not-runnable", "the model declares no range")
    assert course.look().closed


def test_what_a_closed_exercise_could_not_undo_is_tried_again_by_the_next_start(drill: Drill) -> None:
    fault = drill.freeze()
    os.kill(drill.guard.pid, signal.SIGKILL)
    drill.recorder.record(
        FaultUndone(EXERCISE, fault.fault, "runner", undone=False, observed="no answer", occurred=now())
    )
    drill.recorder.record(ExerciseClosed(EXERCISE, "finished", "it ran its whole course", now()))
    assert heal(drill.log, lambda _: None) == Healing(), "its runner lives, and may still be at it"
    drill.runner.kill()
    drill.runner.wait()
    assert not drill.thawed()
    assert heal(drill.log, lambda _: None) == Healing([EXERCISE], [], [])
    assert drill.thawed()
    assert drill.undone()
    assert heal(drill.log, lambda _: None) == Healing()


def test_a_range_that_an_exercise_started_and_left_up_is_taken_down_by_the_next_start(
    tmp_path: Path, log: SignedLog
) -> None:
    asked = tmp_path / "asked"
    with pretended(tmp_path / "r") as target:
        gone = Process(2**22 + 1, 0)
        declared = opened(log, target, os.getpid(), gone)
        # A command that says it took the range down, and did not.
        lies = shlex.join(["sh", "-c", f"echo once >> {asked}", "range"])
        ours = {leaving.OWNED: "yes", leaving.COMMAND: lies, leaving.RUNNER: str(gone)}
        recorder = Recorder(log, EXERCISE, "runner")
        recorder.record(replace(declared, target={**declared.target, **ours}))
        recorder.record(ExerciseClosed(EXERCISE, "finished", "it ran its whole course", now()))
        assert heal(log, lambda _: None) == Healing([], [], [EXERCISE]), "it is still up, and that is said"
    assert asked.read_text() == "once\n"
    assert heal(log, lambda _: None) == Healing(), "it is gone"


def test_beats_that_came_while_the_guard_was_busy_count() -> None:
    reading, writing = os.pipe()
    try:
        os.write(writing, b"...")
        late = time.monotonic() - HEARTBEAT_LIMIT_S - 1
        assert Heartbeat(reading, last_s=late).problem() is None
        assert "no heartbeat" in (Heartbeat(reading, last_s=late).problem() or "")
    finally:
        os.close(writing)
    heartbeat = Heartbeat(reading)
    assert heartbeat.problem() == "the runner ended"
    os.close(reading)


def test_a_range_is_held_for_one_drill_at_a_time(tmp_path: Path) -> None:
    first = Hold.take(tmp_path)
    with pytest.raises(HoldfastError, match="another drill is running") as problem:
        Hold.take(tmp_path)
    assert problem.value.code == "HF411"
    first.release()
    Hold.take(tmp_path).release()
    with pytest.raises(HoldfastError, match="there is no range"):
        Hold.take(tmp_path / "nowhere")
