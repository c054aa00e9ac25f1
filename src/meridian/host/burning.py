"""Processes that compute and do nothing else, at ordinary priority: what makes a host busy.

Each has a session of its own, as every process of a host has, so that a scheduler which shares the processors among
sessions takes it for one more of them. They end after their time, or with their host.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from meridian.linux import die_with_parent

NAME = "burner"
"""What /proc calls them (comm in proc_pid_stat(5))."""
_ROUNDS = 1_000_000
_FIRST_FREE, _OPEN_FILES_TO = 3, 1 << 16


def begin(for_ms: int) -> int:
    """Begin one that computes for so long, and return its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.closerange(_FIRST_FREE, _OPEN_FILES_TO)
        os.setsid()
        die_with_parent()
        Path("/proc/self/comm").write_text(NAME, encoding="ascii")
        until_s = time.monotonic() + for_ms / 1000
        while time.monotonic() < until_s:
            for _ in range(_ROUNDS):
                pass
    finally:
        os._exit(0)
