"""The form of what the sensor writes, and the file of one host. Names are ECS's, with ``_`` in the place of its dot.

The form is version 1 and is told field by field in ``docs/telemetry.md``; a test compares.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from meridian.linux import boot_id

VERSION = 1
LIMIT_BYTES = 8 << 20
"""A host's file ends here: what is more is counted and not written. Room for the counts is kept beyond it."""
TEXT_LIMIT = 1024
"""Longest command line, statement or path, in characters; what is longer ends with an ellipsis."""

_SEEN = ("t_us", "utc_us")
_EVENT = (*_SEEN, "source_utc_us", "action", "outcome")
_USER = ("user_id", "user_name")
_PROCESS = (
    *_EVENT, "process_pid", "process_parent_pid", "process_name", "process_executable", "process_command_line", *_USER,
)  # fmt: skip
_ENDS = ("source_ip", "source_port", "destination_ip", "destination_port")
FORM: Mapping[str, tuple[str, ...]] = {
    "clock": ("version", "host", "clock_id", *_SEEN, "look_every_us"),
    "host": (*_EVENT,),
    "process_creation": _PROCESS,
    "process_termination": _PROCESS,
    "network_connection": (*_EVENT, "network_direction", *_ENDS, "count"),
    "network_listening": (*_EVENT, "server_ip", "server_port", *_USER),
    "file_change": (*_EVENT, "file_path", "file_type", "count"),
    "logon": (*_EVENT, "service_name", "process_pid", "user_name", "database_name", "source_ip", "source_port",
              "reason"),
    "database": (*_EVENT, "service_name", "process_pid", "user_name", "database_name", "database_statement"),
    "gap": (*_SEEN, "what", "reason", "since_us", "count"),
    "counted": (*_SEEN, "rows", "events", "unwritten", "ended"),
}  # fmt: skip
"""Operation → the members of its row beside ``op``; every one is there, null where nothing is known."""

_ALIKE_WITHOUT = frozenset({"source_utc_us", "source_port"})
KINDS_LIMIT = 4096

SUCCESS, FAILURE, UNKNOWN = "success", "failure", "unknown"


class Instant(NamedTuple):
    """One reading of both clocks, in microseconds: when the sensor looked."""

    t_us: int
    utc_us: int


def now() -> Instant:
    """Return the clocks as they are."""
    return Instant(time.monotonic_ns() // 1000, time.time_ns() // 1000)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was seen: its operation, and members of its row; those of the clocks are added when written."""

    op: str
    members: Mapping[str, Any]


def event(op: str, action: str, outcome: str = UNKNOWN, /, **members: Any) -> Event:  # noqa: ANN401 - members of a JSON object
    """Return an event; its ``source_utc_us`` is when its source says that it happened, None if it says nothing."""
    return Event(op, {"action": action, "outcome": outcome, "source_utc_us": None, **members})


def gap(what: str, reason: str, *, since_us: int | None = None, count: int | None = None) -> Event:
    """Return that something was not seen: of ``what``, why, since when on the monotonic clock, and how many."""
    return Event("gap", {"what": what, "reason": reason, "since_us": since_us, "count": count})


def shortened(text: str) -> str:
    """Return a text within the limit."""
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"


class Repeats:
    """Connections and changes of files that come again and again: the first is told at once, the next are counted.

    Those are alike of which everything is the same but the time and the port that the source came from.
    """

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._seen: dict[tuple[object, ...], tuple[int, Event]] = {}

    def take(self, events: Iterable[Event]) -> Iterator[Event]:
        """Yield what is to be told now."""
        for each in events:
            if "count" not in FORM[each.op] or each.op == "gap":
                yield each
                continue
            key = (each.op, *(value for name, value in each.members.items() if name not in _ALIKE_WITHOUT))
            if key in self._seen:
                self._seen[key] = (self._seen[key][0] + 1, each)
                continue
            if len(self._seen) >= KINDS_LIMIT:
                yield from self.counted()
                self._seen.clear()
            self._seen[key] = (0, each)
            yield Event(each.op, {**each.members, "count": 1})

    def counted(self) -> Iterator[Event]:
        """Yield how often each came since the last count; what did not is told at once when it comes again."""
        seen, self._seen = self._seen, {}
        for key, (count, latest) in seen.items():
            if count:
                self._seen[key] = (0, latest)
                yield Event(latest.op, {**latest.members, "count": count})


class Record:
    """The file of one host: appended to, never changed, ended by a row that counts those before it."""

    def __init__(self, directory: Path, host: str, look_every_us: int, limit_bytes: int = LIMIT_BYTES) -> None:
        """Begin the file with its clock. Raise OSError if there is one already."""
        self._file = os.open(
            directory / f"{host}.ndjson", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        self._left_bytes = limit_bytes
        self._rows = 0
        self._events: Counter[str] = Counter()
        self._unwritten = 0
        about = {"version": VERSION, "host": host, "clock_id": boot_id(), "look_every_us": look_every_us}
        self._append([_line("clock", about, now())])

    def write(self, events: Iterable[Event], seen: Instant) -> None:
        """Append what one look has found; beyond the limit it is counted only."""
        lines = []
        for each in events:
            line = _line(each.op, each.members, seen)
            if len(line) > self._left_bytes:
                # From here on nothing more is written, however short: the record is whole up to one place.
                if self._left_bytes:
                    lines.append(_line("gap", gap("record", "limit").members, seen))
                    self._events["gap"] += 1
                self._left_bytes = 0
                self._unwritten += 1
                continue
            self._left_bytes -= len(line)
            self._events[each.op] += 1
            lines.append(line)
        if lines:
            self._append(lines)

    def count(self, *, ended: bool = False) -> None:
        """Say how many rows stand before this one and how many events they are: up to here the record is whole."""
        about = {"rows": self._rows, "events": dict(self._events), "unwritten": self._unwritten, "ended": ended}
        self._append([_line("counted", about, now())])

    def close(self) -> None:
        """End the record."""
        self.count(ended=True)
        os.close(self._file)

    def _append(self, lines: list[bytes]) -> None:
        data = b"".join(lines)
        while data:
            data = data[os.write(self._file, data) :]
        self._rows += len(lines)


def _line(op: str, members: Mapping[str, Any], seen: Instant) -> bytes:
    """Return a row. Raise KeyError for a member that the form does not have."""
    row: dict[str, Any] = {"op": op, **dict.fromkeys(FORM[op])}
    for name, value in ({"t_us": seen.t_us, "utc_us": seen.utc_us} | dict(members)).items():
        if name not in row:
            raise KeyError(f"{op} has no member {name}")
        row[name] = value
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"
