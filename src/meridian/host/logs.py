"""Logs of units that cannot fill the disk: what a program writes is kept to a limit, its last words beside it."""

from __future__ import annotations

import os
from pathlib import Path

LIMIT_BYTES = 16 << 20
KEPT_BYTES = 1 << 20
BEFORE = ".before"
"""What the file with the last words before the latest cut is called, behind the log's own name."""


def keep_within_limit(log: Path, limit_bytes: int = LIMIT_BYTES, kept_bytes: int = KEPT_BYTES) -> bool:
    """Empty a log that has grown beyond the limit, its last bytes kept in another file; return whether it was cut.

    Its program goes on writing to the same file, which it must have opened to append. What it writes between the copy
    and the cut is lost: a log is for people who look for a reason, and no verdict rests on it.
    """
    try:
        with log.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= limit_bytes:
                return False
            file.seek(-min(kept_bytes, size), os.SEEK_END)
            last = file.read(kept_bytes)
    except FileNotFoundError:
        return False
    log.with_name(log.name + BEFORE).write_bytes(last)
    os.truncate(log, 0)
    return True
