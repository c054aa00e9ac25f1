"""Holdfast may die at any instant of a drill: what it broke is undone, by its guard, or by the next start.

A real drill on a real range is killed with SIGKILL at a random instant, its guard with it in every second case. The
range stays up for all of them, so what one of them left behind the next one would stumble over.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.connectors import processes
from holdfast.evidence.events import FaultIntended
from holdfast.exercises.course import Course
from holdfast.exercises.faults import FAULTS
from holdfast.exercises.heal import unclosed
from holdfast.store.opening import open_log
from holdfast.store.signed import SignedLog
from tests.range.booted import booted, inventory_of, keeper_of
from tests.repository.tree import ROOT

pytestmark = [pytest.mark.range, pytest.mark.torture]

FULL = os.environ.get("HOLDFAST_TORTURE") == "full"
COUNT = 40 if FULL else 4
SEED = random.randrange(2**32) if FULL else 20_260_101
# Steady phase, holds and the time after them add up to a little less: from its opening on, a drill takes longer.
LATEST_S = 7.0
BOOT_S = 8.0
OVER_TIMEOUT_S = 180.0

SCENARIO = """
scenarios:
  two-small-faults:
    title: A standby freezes while a gateway is cut off
    family: hardware
    type: functional
    service: gross-settlement
    basis: Cheap to inject and to undo, so that there are many instants at which to die.
    disruption:
      - {fault: process.freeze, target: ledger-w, hold: 3s, box: 60s}
      - {fault: network.partition, target: app-b, after: 500ms, hold: 2s, box: 60s}
    load: {rate: 30/s, seed: 1}
    steady: 1s
    after: 1s
    range: {profile: fast}
    abort_when: {exercise_longer_than: 3m}
"""


@dataclass(frozen=True)
class Place:
    """Where the drills happen: a running range, a declaration with one more scenario, a log."""

    range_dir: Path
    model: Path
    log: Path

    def command(self, *arguments: str) -> list[str]:
        program = [sys.executable, "-c", "from holdfast.cli import main; main()"]
        return [*program, "drill", *arguments, "--log", str(self.log)]

    def drill(self) -> list[str]:
        return self.command("two-small-faults", "--model", str(self.model), "--range", str(self.range_dir), "--json")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    base = tmp_path_factory.mktemp("kill")
    model = base / "model"
    model.mkdir()
    for path in (ROOT / "examples" / "meridian").glob("*.yaml"):
        (model / path.name).write_bytes(path.read_bytes())
    (model / "torture.yaml").write_text(SCENARIO)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOLDFAST_STATE", str(base / "state"))
        open_log(base / "evidence", create=True).close()
        with booted({"rate": "30"}) as directory:
            yield Place(directory, model, base / "evidence")


@pytest.fixture
def log(place: Place) -> Iterator[SignedLog]:
    with open_log(place.log) as opened:
        yield opened


def until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + OVER_TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def begun(log: SignedLog, after: int) -> Course:
    """Return the course of the drill that was started, as soon as it is opened."""
    assert until(lambda: any(each.after >= after for each in unclosed(log))), "the drill was never opened"
    opened = next(each for each in unclosed(log) if each.after >= after)
    return Course(log, opened.opened.exercise, opened.after).look()


def killed_at(place: Place, log: SignedLog, instant_s: float, *, guard_too: bool) -> Course:
    """Run a drill, kill it ``instant_s`` after its opening, with its guard if that shall be, and return its course."""
    after = log.size() - 1
    with subprocess.Popen(place.drill(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as runner:
        course = begun(log, after)
        assert course.opened is not None
        time.sleep(instant_s)  # the random instant itself: nothing is waited for
        if guard_too:
            os.kill(course.opened.guard_pid, signal.SIGKILL)
        runner.kill()
    return course


def assert_nothing_is_left(place: Place, course: Course) -> None:
    """Whatever was intended is undone, and not by anybody's word alone."""
    assert course.look().closed
    assert course.outstanding() == []
    there = inventory_of(place.range_dir)
    assert keeper_of(place.range_dir).call({"op": "cuts"})["cuts"] == []
    for _, intended in course.intended.values():
        seen = FAULTS[intended.name].verify(intended, there)
        assert seen.so, seen.observed
    assert not any(_frozen(place, intended) for _, intended in course.intended.values())


def _frozen(place: Place, intended: FaultIntended) -> bool:
    states = inventory_of(place.range_dir).processes
    found = [states[name].process for name in intended.identity if name in states]
    return any(process is not None and processes.condition(process) == "frozen" for process in found)


@pytest.mark.parametrize("number", range(COUNT))
def test_what_a_killed_drill_broke_is_undone(place: Place, log: SignedLog, number: int) -> None:
    instant_s = random.Random(f"{SEED}/{number}").uniform(0, LATEST_S)
    guard_too = number % 2 == 1
    course = killed_at(place, log, instant_s, guard_too=guard_too)
    if guard_too:
        done = subprocess.run(place.command("--heal"), capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
    else:
        assert until(lambda: course.look().closed), "the guard did not close what its runner left"
    assert_nothing_is_left(place, course)


def test_the_next_drill_runs_its_whole_course(place: Place, log: SignedLog) -> None:
    """After all of that the range is whole: a drill that nobody kills holds, and leaves nothing open."""
    done = subprocess.run(place.drill(), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)["exercises"]
    assert [each["verdict"] for each in told] == ["held"]
    assert unclosed(log) == []


def test_a_drill_that_is_asked_to_stop_undoes_and_closes(place: Place, log: SignedLog) -> None:
    after = log.size() - 1
    with subprocess.Popen(place.drill(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as runner:
        course = begun(log, after)
        assert until(lambda: bool(course.look().effective))
        stopping = subprocess.run(place.command("--stop"), capture_output=True, text=True, timeout=300, check=False)
        told = json.loads(runner.stdout.read() if runner.stdout else "{}")["exercises"][0]
        assert runner.wait() == 1
    assert stopping.returncode == 0, stopping.stderr
    assert course.exercise in stopping.stdout
    # It took effect before it was stopped: from there on nothing makes it invalid, and stopping is not holding.
    assert told["verdict"] == "unknown"
    assert "it was stopped" in told["validity"]["why"]
    assert_nothing_is_left(place, course)


def test_without_its_guard_a_drill_does_not_go_on(place: Place, log: SignedLog) -> None:
    after = log.size() - 1
    with subprocess.Popen(place.drill(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as runner:
        course = begun(log, after)
        assert until(lambda: bool(course.look().effective))
        assert course.opened is not None
        os.kill(course.opened.guard_pid, signal.SIGKILL)
        assert runner.wait(OVER_TIMEOUT_S) == 1
    assert_nothing_is_left(place, course)


@pytest.mark.parametrize("number", range(12 if FULL else 1))
def test_a_range_of_its_own_is_taken_down_whenever_the_drill_is_killed(
    place: Place, log: SignedLog, number: int
) -> None:
    """From the first moment of its boot on: the keeper outlives Holdfast, so somebody has to end it."""
    after = log.size() - 1
    command = place.command("two-small-faults", "--model", str(place.model), "--json")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as runner:
        course = begun(log, after)
        time.sleep(random.Random(f"{SEED}/boot/{number}").uniform(0, BOOT_S))
        runner.kill()
    assert until(lambda: course.look().closed)
    assert course.opened is not None
    directory = Path(course.opened.target["range"])
    assert until(lambda: not directory.exists())
    time.sleep(BOOT_S if FULL else 0)  # what was still starting when it was taken down would show by now
    assert not directory.exists()


def test_ctrl_c_undoes_and_closes(place: Place, log: SignedLog) -> None:
    after = log.size() - 1
    with subprocess.Popen(place.drill(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as runner:
        course = begun(log, after)
        assert until(lambda: bool(course.look().intended))
        runner.send_signal(signal.SIGINT)
        assert runner.wait(OVER_TIMEOUT_S) == 1
    assert course.look().stops[0].why == "Ctrl-C"
    assert_nothing_is_left(place, course)
