"""What the kernel says about processes: ``/proc`` alone, nobody else's word.

A process is named by its pid *and* the clock tick at which it started: a pid alone is given to another process soon
after the first one died. Fields are those of proc_pid_stat(5).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PROC = Path("/proc")
Condition = Literal["running", "frozen", "gone"]

_STATE, _PARENT, _USER, _SYSTEM, _START = (
    0,
    1,
    11,
    12,
    19,
)  # positions after the name, which is in parentheses and may hold anything
_DEAD = frozenset("ZXx")  # a zombie has ended; only its parent has not looked yet
_STOPPED = frozenset("Tt")


@dataclass(frozen=True, slots=True)
class Process:
    """One process of this boot; ``start_ticks`` is its start time in clock ticks since the boot."""

    pid: int
    start_ticks: int

    def __str__(self) -> str:
        """Return ``pid@ticks``, from which ``parse`` makes it again."""
        return f"{self.pid}@{self.start_ticks}"

    @classmethod
    def parse(cls, text: str) -> Process:
        """Return the process that ``str`` wrote; ValueError if it is none."""
        pid, _, ticks = text.partition("@")
        return cls(int(pid), int(ticks))


@dataclass(frozen=True, slots=True)
class _Status:
    process: Process
    parent: int
    state: str


def condition(process: Process) -> Condition:
    """Return whether a process runs, is stopped by a signal, or has ended (zombies have)."""
    status = _status(process.pid)
    if status is None or status.process != process or status.state in _DEAD:
        return "gone"
    return "frozen" if status.state in _STOPPED else "running"


def running(process: Process) -> bool:
    """Return whether a process exists and is not stopped."""
    return condition(process) == "running"


def find(pid: int) -> Process | None:
    """Return the living process that has this pid now."""
    status = _status(pid)
    return None if status is None or status.state in _DEAD else status.process


def called(process: Process) -> str:
    """Return the name that a process goes by (comm), empty if it has ended."""
    try:
        return (PROC / str(process.pid) / "comm").read_text(errors="replace").strip()
    except OSError:
        return ""


def computed_ticks(process: Process) -> int:
    """Return how many clock ticks of processor time a process has had, 0 if it has ended."""
    try:
        fields = (PROC / str(process.pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[_USER]) + int(fields[_SYSTEM]) if int(fields[_START]) == process.start_ticks else 0


def machine_ticks() -> tuple[int, int]:
    """Return how many clock ticks the machine's processors idled since boot, and how many passed (proc_stat(5))."""
    # Guests' time, the last two of the line's ten, is in that of the first two already.
    fields = [int(each) for each in (PROC / "stat").read_text().splitlines()[0].split()[1:9]]
    return fields[3] + fields[4], sum(fields)


def tree(root: Process) -> tuple[Process, ...]:
    """Return a process and all that descend from it, by pid; empty if it has ended.

    One pass over ``/proc``: children that appear meanwhile may be missed, so look again after signalling a tree.
    """
    children: dict[int, list[Process]] = {}
    for status in _all():
        if status.state not in _DEAD:
            children.setdefault(status.parent, []).append(status.process)
    if condition(root) == "gone":
        return ()
    found, waiting = [root], [root.pid]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            found.append(child)
            waiting.append(child.pid)
    return tuple(sorted(found, key=lambda process: process.pid))


def _all() -> Iterator[_Status]:
    for entry in PROC.iterdir():
        if entry.name.isdecimal() and (status := _status(int(entry.name))) is not None:
            yield status


def _status(pid: int) -> _Status | None:
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return _Status(Process(pid, int(fields[_START])), int(fields[_PARENT]), fields[_STATE])
