"""A process that only computes: it gets processor time, has a session of its own, and ends after its time or killed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from meridian.host import burning

LIMIT_S = 30.0


def ticks(pid: int) -> int:
    """Return how many clock ticks of processor time a process has had (proc_pid_stat(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def called(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def eventually_burns(pid: int) -> bool:
    deadline = time.monotonic() + LIMIT_S
    while (called(pid), ticks(pid) > 0) != (burning.NAME, True):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_it_computes_in_a_session_of_its_own_until_it_is_killed() -> None:
    pid = burning.begin(600_000)
    try:
        assert eventually_burns(pid)
        assert os.getsid(pid) == pid
    finally:
        os.kill(pid, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def test_it_ends_by_itself_after_its_time() -> None:
    pid = burning.begin(50)
    assert os.waitpid(pid, 0) == (pid, 0)
