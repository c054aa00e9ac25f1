"""A process that is slow: stopped and continued by turns, so that it has only a part of its time.

A small process of the host's does it. It ends after its time, or when what it slows has ended, and lets it run on.
"""

from __future__ import annotations

import os
import signal
import time

from meridian.host import processes
from meridian.linux import die_with_parent, state

TURN_S = 0.1
"""One turn: stopped for its share of this, running for the rest."""
_WHOLE_PPM = 1_000_000
_FIRST_FREE, _OPEN_FILES_TO = 3, 1 << 16


def begin(root: int, share_ppm: int, for_ms: int) -> int:
    """Begin to stop ``root`` with all that descend from it for a share of every turn; return the pid of who does."""
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.closerange(_FIRST_FREE, _OPEN_FILES_TO)
        die_with_parent()
        _by_turns(root, share_ppm / _WHOLE_PPM, time.monotonic() + for_ms / 1000)
    finally:
        os._exit(0)


def _by_turns(root: int, share: float, until_s: float) -> None:
    try:
        while time.monotonic() < until_s and state(root) not in {None, "Z"}:
            begun_s = time.monotonic()
            processes.stop(root)
            time.sleep(max(0.0, begun_s + TURN_S * share - time.monotonic()))
            processes.resume(root)
            time.sleep(max(0.0, begun_s + TURN_S - time.monotonic()))
    finally:
        processes.resume(root)
