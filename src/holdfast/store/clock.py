"""The clock of this machine: the only place where evidence gets its times from."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path

from holdfast.evidence.events import Instant

NANOSECONDS_IN_MICROSECOND = 1000
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@cache
def clock_id() -> str:
    """Return the id of this boot: monotonic times of one boot compare between processes, of two boots never."""
    return _BOOT_ID.read_text().strip()


def now() -> Instant:
    """Return this instant in UTC and on CLOCK_MONOTONIC, both in microseconds."""
    return Instant(
        utc_us=time.time_ns() // NANOSECONDS_IN_MICROSECOND,
        mono_us=time.monotonic_ns() // NANOSECONDS_IN_MICROSECOND,
        clock_id=clock_id(),
    )
