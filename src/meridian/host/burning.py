"""Processes that compute and do nothing else, at ordinary priority: what makes a host busy.

Each has a session of its own, as every process of a host has, so that a scheduler which shares the processors among
sessions takes it for one more of them. They end after their time, or with their host.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from meridian.host import processes

NAME = "burner"
"""What /proc calls them (comm in proc_pid_stat(5))."""
_ROUNDS = 1_000_000


def begin(for_ms: int) -> int:
    """Begin one that computes for so long, and return its pid."""
    until_s = time.monotonic() + for_ms / 1000
    return processes.fork(lambda: _burn(until_s))


def _burn(until_s: float) -> None:
    os.setsid()
    Path("/proc/self/comm").write_text(NAME, encoding="ascii")
    while time.monotonic() < until_s:
        for _ in range(_ROUNDS):
            pass
