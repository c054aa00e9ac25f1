"""A process that is slowed is stopped by turns, lives on when its time is over, and runs when the slowing is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from meridian.host import processes, slowing
from meridian.linux import state


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(["sleep", "600"])
    yield child
    child.kill()
    child.wait()


def states(pid: int, looks: int) -> list[str | None]:
    found = []
    for _ in range(looks):
        found.append(state(pid))
        time.sleep(0.007)
    return found


def test_it_is_stopped_for_its_share_and_runs_for_the_rest(sleeper: subprocess.Popen[bytes]) -> None:
    who = slowing.begin(sleeper.pid, 500_000, 600_000)
    try:
        found = states(sleeper.pid, 100)
    finally:
        os.kill(who, signal.SIGKILL)
        os.waitpid(who, 0)
        processes.resume(sleeper.pid)
    assert found.count("T") > 10
    assert found.count("S") > 10
    assert "T" not in states(sleeper.pid, 30)


def test_it_ends_by_itself_and_lets_the_process_run_on(sleeper: subprocess.Popen[bytes]) -> None:
    who = slowing.begin(sleeper.pid, 900_000, 150)
    assert os.waitpid(who, 0) == (who, 0)
    assert state(sleeper.pid) == "S"
    assert sleeper.poll() is None


def test_it_ends_with_what_it_slows(sleeper: subprocess.Popen[bytes]) -> None:
    who = slowing.begin(sleeper.pid, 500_000, 600_000)
    sleeper.kill()
    assert os.waitpid(who, 0) == (who, 0)
