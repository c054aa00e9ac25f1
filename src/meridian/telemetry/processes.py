"""What begins and ends on a host, from the host's own ``/proc`` as its first process has it mounted.

It is looked at a few times a second. A process that begins and ends between two looks is not seen; a process number
given anew within one look is taken for the old process.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from meridian.telemetry.rows import Event, event, shortened
from meridian.unit import ACCOUNTS

_READ_BYTES = 8192
_FIRST = "1"
_TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")
_NAMES = {0: "root"} | {uid: name for name, uid in ACCOUNTS.items()}


@dataclass(slots=True)
class _Known:
    """A process as it was last read; one that was seen once only is read again, for it may have become a program."""

    about: Mapping[str, object]
    begun_utc_us: int
    young: bool = True


class Processes:
    """The processes of one host that has power, its first one among them."""

    def __init__(self, proc: int) -> None:
        """Look through the descriptor of a ``/proc``."""
        self._proc = proc
        self._known: dict[str, _Known] = {}

    @classmethod
    def of_host(cls, first: int, ticks: int) -> Processes:
        """Return those of the host whose first process is ``first`` out here, begun at ``ticks``.

        Raise OSError if it is gone, or has not mounted its own ``/proc`` yet.
        """
        found = cls(os.open(Path(f"/proc/{first}/root", "proc"), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        try:
            if found.begun_ticks(_FIRST) != ticks:
                raise ProcessLookupError(first)
        except OSError:
            found.close()
            raise
        return found

    def begun_ticks(self, name: str) -> int:
        """Return when a process began, in ticks since the boot. Raise OSError if it is gone."""
        return int(self._text(f"{name}/stat").rpartition(")")[2].split()[19])

    def look(self) -> list[Event]:
        """Return what began, became another program, and ended since the last look. Raise OSError when all is gone."""
        present = {name for name in os.listdir(self._proc) if name[0] in "123456789"}  # noqa: PTH208 - by descriptor
        if _FIRST not in present:
            raise ProcessLookupError(_FIRST)
        found = [self._ended(name) for name in self._known.keys() - present]
        for name in present:
            known = self._known.get(name)
            if known is None or known.young:
                with suppress(OSError, ValueError, IndexError):
                    found.extend(self._read(name, known))
        return found

    def close(self) -> None:
        """Let go of the host."""
        os.close(self._proc)

    def _ended(self, name: str) -> Event:
        known = self._known.pop(name)
        return event("process_termination", "ended", **known.about)

    def _read(self, name: str, known: _Known | None) -> list[Event]:
        about, ticks = self._about(name)
        if known is not None:
            known.young = False
            if (about["process_executable"], about["process_name"]) == (
                known.about["process_executable"],
                known.about["process_name"],
            ):
                return []
        # Ticks are counted from the boot, suspended time included.
        begun_utc_us = (time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)) // 1000 + ticks * _TICK_US
        self._known[name] = _Known(about, begun_utc_us, young=known is None)
        action = "started" if known is None else "executed"
        source_utc_us = begun_utc_us if known is None else None
        return [event("process_creation", action, "success", source_utc_us=source_utc_us, **about)]

    def _about(self, name: str) -> tuple[dict[str, object], int]:
        """Return what is told of a process, and when it began in ticks since the boot. Raise OSError if it is gone."""
        head, _, tail = self._text(f"{name}/stat").rpartition(")")
        fields = tail.split()
        uid = os.stat(name, dir_fd=self._proc).st_uid
        try:
            executable = os.readlink(f"{name}/exe", dir_fd=self._proc)
        except OSError:
            # A process that is ending has no program any more.
            executable = None
        line = self._text(f"{name}/cmdline").rstrip("\0").replace("\0", " ")
        about = {
            "process_pid": int(name),
            "process_parent_pid": int(fields[1]),
            "process_name": head.partition("(")[2],
            "process_executable": None if executable is None else shortened(_readable(executable)),
            "process_command_line": shortened(line),
            "user_id": uid,
            "user_name": _NAMES.get(uid),
        }
        return about, int(fields[19])

    def _text(self, path: str) -> str:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
        try:
            return os.read(descriptor, _READ_BYTES).decode(errors="replace")
        finally:
            os.close(descriptor)


def _readable(path: str) -> str:
    """Return a path as text that can be written, whatever bytes it has."""
    return os.fsencode(path).decode(errors="replace")


def account(uid: int) -> str | None:
    """Return the name of an account of the range, None where it is somebody else's."""
    return _NAMES.get(uid)
