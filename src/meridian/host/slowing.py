"""A process that is slow: stopped and continued by turns, so that it has only a part of its time.

A small process of the host's does it. It ends after its time, or when what it slows has ended, and lets it run on.
"""

from __future__ import annotations

import time

from meridian.host import processes
from meridian.linux import state

TURN_S = 0.1
"""One turn: stopped for its share of this, running for the rest."""
_WHOLE_PPM = 1_000_000


def begin(root: int, share_ppm: int, for_ms: int) -> int:
    """Begin to stop ``root`` with all that descend from it for a share of every turn; return the pid of who does."""
    until_s = time.monotonic() + for_ms / 1000
    return processes.fork(lambda: _by_turns(root, share_ppm / _WHOLE_PPM, until_s))


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
