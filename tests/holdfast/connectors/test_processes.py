"""Processes as the kernel tells them: real children, really stopped and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from holdfast.connectors import processes
from holdfast.connectors.processes import Process

DEADLINE_S = 10.0


def until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def family() -> Iterator[subprocess.Popen[bytes]]:
    """Yield a shell with two children of its own, in a group of their own."""
    child = subprocess.Popen(["sh", "-c", "sleep 60 & sleep 60 & wait"], start_new_session=True)
    try:
        yield child
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def named(child: subprocess.Popen[bytes]) -> Process:
    found = processes.find(child.pid)
    assert found is not None
    return found


def test_a_process_is_running_then_frozen_then_running_then_gone(family: subprocess.Popen[bytes]) -> None:
    process = named(family)
    assert processes.condition(process) == "running"
    family.send_signal(signal.SIGSTOP)
    assert until(lambda: processes.condition(process) == "frozen")
    family.send_signal(signal.SIGCONT)
    assert until(lambda: processes.running(process))
    os.killpg(family.pid, signal.SIGKILL)
    assert until(lambda: processes.condition(process) == "gone")  # a zombie still, and gone all the same


def test_a_zombie_is_gone() -> None:
    child = subprocess.Popen(["true"])
    process = Process(child.pid, 0)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert processes.find(child.pid) is None
    assert processes.condition(process) == "gone"
    child.wait()


def test_another_process_with_the_same_pid_is_not_the_same(family: subprocess.Popen[bytes]) -> None:
    process = named(family)
    assert processes.condition(Process(process.pid, process.start_ticks - 1)) == "gone"


def test_a_tree_has_every_descendant(family: subprocess.Popen[bytes]) -> None:
    assert until(lambda: len(processes.tree(named(family))) == 3)
    assert processes.tree(named(family))[0] == named(family)
    assert len(processes.tree(Process(family.pid, 1))) == 0


def test_a_process_is_written_and_read_again(family: subprocess.Popen[bytes]) -> None:
    process = named(family)
    assert Process.parse(str(process)) == process
    with pytest.raises(ValueError, match="invalid literal"):
        Process.parse("nobody")
