"""The processes of one host, read from /proc: trees, states, and signals that leave nobody out.

Where a host has a /proc of its own, all in there are its; where it has none, all that descend from its first process.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from meridian.linux import die_with_parent, state

_STOP_ROUNDS = 20
_FIRST_FREE, _OPEN_FILES_TO = 3, 1 << 16
_ALONE = 1
"""The pid of a first process that has a /proc for its host alone."""


def parents() -> dict[int, int]:
    """Return pid → parent's pid of every process that /proc shows."""
    found: dict[int, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            text = (process / "stat").read_text(encoding="utf-8", errors="replace")
            found[int(process.name)] = int(text.rpartition(")")[2].split()[1])
    return found


def tree(root: int) -> list[int]:
    """Return a process and all its descendants, parents before children."""
    of = parents()
    found = [root] if root in of else []
    for pid in found:
        found.extend(child for child, parent in of.items() if parent == pid)
    return found


def innermost_pid(pid: int) -> int | None:
    """Return the pid of a process in the innermost PID namespace it is in, None if it is gone."""
    with suppress(OSError, StopIteration):
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
        return int(next(line for line in text.splitlines() if line.startswith("NSpid:")).split()[-1])
    return None


def children(parent: int) -> list[int]:
    """Return the children of a process, those that have ended and are not buried included."""
    return [pid for pid, of in parents().items() if of == parent]


def everyone() -> list[int]:
    """Return every process of the host but its first one, which asks."""
    own = os.getpid()
    return sorted(pid for pid in (parents() if own == _ALONE else tree(own)) if pid != own)


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to processes, passing over those that have ended meanwhile."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def stop(root: int | None) -> None:
    """Freeze a process with all that descend from it, or everybody (None), until none forked meanwhile still runs."""
    for _ in range(_STOP_ROUNDS):
        running = [pid for pid in _family(root) if state(pid) not in {"T", "t", "Z", None}]
        if not running:
            return
        send(running, signal.SIGSTOP)


def resume(root: int | None) -> None:
    """Let a process with all that descend from it, or everybody, run on: children before parents."""
    send(reversed(_family(root)), signal.SIGCONT)


def kill(root: int | None) -> None:
    """Kill a process with all that descend from it, or everybody. Frozen first: the dying must not go on forking."""
    stop(root)
    send(_family(root), signal.SIGKILL)


def _family(root: int | None) -> list[int]:
    return everyone() if root is None else tree(root)


def pid_in_file(path: Path) -> int | None:
    """Return the pid on the first line of a PostgreSQL ``postmaster.pid`` if such a process runs, else None."""
    try:
        pid = int(path.read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return pid if state(pid) not in {None, "Z"} else None


def segment_in_file(path: Path) -> int | None:
    """Return the segment of shared memory that a PostgreSQL ``postmaster.pid`` names on its seventh line, if it does.

    The line has the segment's key and its id (``LOCK_FILE_LINE_SHMEM_KEY`` in PostgreSQL's ``pidfile.h``).
    """
    try:
        return int(path.read_text(encoding="utf-8").split("\n")[6].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def fork(work: Callable[[], None]) -> int:
    """Fork a process that does ``work`` and ends, or ends with its parent; return its pid.

    It keeps nothing of its parent's but the three standard streams.
    """
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.closerange(_FIRST_FREE, _OPEN_FILES_TO)
        die_with_parent()
        work()
    except BaseException as error:  # noqa: BLE001 - nothing of the parent may run on in the child
        os.write(2, f"a process of the host's own ended: {error!r}\n".encode())
        os._exit(1)
    os._exit(0)
