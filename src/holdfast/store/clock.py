"""The clock of this machine: the only place where evidence gets its times from."""

from __future__ import annotations

import os
import time
from functools import cache
from hashlib import sha256
from pathlib import Path

from holdfast.evidence.events import Instant

NANOSECONDS_IN_MICROSECOND = 1000
MACHINE_ID_DIGITS = 16
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_MACHINE_ID = Path("/etc/machine-id")


@cache
def clock_id() -> str:
    """Return the id of this boot: monotonic times of one boot compare between processes, of two boots never."""
    return _BOOT_ID.read_text().strip()


@cache
def machine_id() -> str:
    """Return a pseudonym of this machine, the same after a restart: whose is whose in a log that several share.

    It is a digest: /etc/machine-id itself shall not leave its machine (machine-id(5)). Where there is none, the name
    of the host serves.
    """
    try:
        named = _MACHINE_ID.read_text().strip()
    except OSError:
        named = ""
    return sha256(f"holdfast {named or os.uname().nodename}".encode()).hexdigest()[:MACHINE_ID_DIGITS]


def now() -> Instant:
    """Return this instant in UTC and on CLOCK_MONOTONIC, both in microseconds."""
    return Instant(
        utc_us=time.time_ns() // NANOSECONDS_IN_MICROSECOND,
        mono_us=time.monotonic_ns() // NANOSECONDS_IN_MICROSECOND,
        clock_id=clock_id(),
    )
