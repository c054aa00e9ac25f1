"""What happened on a host, as a sensor beside it saw it: rows of version 1 of the form in ``docs/telemetry.md``.

The input of detection. It is read whole or not at all; up to its last count nothing of it is missing but what its gaps
say. A row may carry more members than are named here, not fewer, nor other types. Times ``_us`` are monotonic
microseconds of one boot unless they say UTC; ``source_utc_us`` is when the source itself says that it happened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from holdfast.state.ndjson import Malformed, adapter, read_rows
from holdfast.state.rows import Whole

LINES_LIMIT = 1_000_000

Outcome = Literal["success", "failure", "unknown"]
Port = Annotated[int, Field(ge=0, le=65535)]


@dataclass(frozen=True, slots=True)
class Seen:
    """When the sensor saw it, on both clocks."""

    t_us: Whole
    utc_us: Whole


@dataclass(frozen=True, slots=True)
class SensorClock(Seen):
    """First row: whose file it is, which clock its times are on, and how often the sensor looks."""

    op: Literal["clock"]
    version: Literal[1]
    host: str
    clock_id: str
    look_every_us: Whole


@dataclass(frozen=True, slots=True)
class Event(Seen):
    """Something that happened."""

    source_utc_us: Whole | None
    action: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class HostPower(Event):
    """The host came to have power, or had none any more."""

    op: Literal["host"]


@dataclass(frozen=True, slots=True)
class ProcessSeen(Event):
    """A process that began, became another program, or ended; its numbers are as the host counts."""

    op: Literal["process_creation", "process_termination"]
    process_pid: Whole
    process_parent_pid: Whole
    process_name: str
    process_executable: str | None
    process_command_line: str
    user_id: Whole
    user_name: str | None


@dataclass(frozen=True, slots=True)
class Connection(Event):
    """An attempt to connect and what became of it; of ``count`` alike, port and time are the last one's."""

    op: Literal["network_connection"]
    network_direction: Literal["outgoing", "incoming", "internal"]
    source_ip: str
    source_port: Port
    destination_ip: str
    destination_port: Port
    count: Whole


@dataclass(frozen=True, slots=True)
class Listening(Event):
    """A socket began or ceased to listen."""

    op: Literal["network_listening"]
    server_ip: str
    server_port: Port
    user_id: Whole
    user_name: str | None


@dataclass(frozen=True, slots=True)
class FileChange(Event):
    """Something became of a file or directory, ``count`` times; nobody knows by whom."""

    op: Literal["file_change"]
    file_path: str
    file_type: Literal["file", "directory"]
    count: Whole


@dataclass(frozen=True, slots=True)
class Logon(Event):
    """Somebody came into a database, was turned away for a ``reason``, or left."""

    op: Literal["logon"]
    service_name: str
    process_pid: Whole
    user_name: str | None
    database_name: str | None
    source_ip: str | None
    source_port: Port | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class DatabaseChange(Event):
    """A definition, a superuser's change, or a setting, as the server logged it before it was carried out."""

    op: Literal["database"]
    service_name: str
    process_pid: Whole
    user_name: str | None
    database_name: str | None
    database_statement: str


@dataclass(frozen=True, slots=True)
class SensorGap(Seen):
    """The sensor did not see everything: of what, why, since when, and how many it missed, where that is known."""

    op: Literal["gap"]
    what: str
    reason: str
    since_us: Whole | None
    count: Whole | None


@dataclass(frozen=True, slots=True)
class Counted(Seen):
    """So many rows stand before this one, so many events and gaps by ``op``; ``unwritten`` ones found no room."""

    op: Literal["counted"]
    rows: Whole
    events: Mapping[str, Whole]
    unwritten: Whole
    ended: bool


Happened = HostPower | ProcessSeen | Connection | Listening | FileChange | Logon | DatabaseChange
_KINDS = (
    SensorClock,
    HostPower,
    ProcessSeen,
    Connection,
    Listening,
    FileChange,
    Logon,
    DatabaseChange,
    SensorGap,
    Counted,
)
TelemetryRow = Annotated[SensorClock | Happened | SensorGap | Counted, Field(discriminator="op")]


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What was seen of one host; more may have been after ``whole_until_us``, which is ``None`` if it never counted."""

    clock: SensorClock
    events: tuple[Happened, ...]
    gaps: tuple[SensorGap, ...]
    whole_until_us: int | None
    unwritten: int
    ended: bool


_ROW = adapter(TelemetryRow, *_KINDS)


def read_telemetry(data: bytes, host: str) -> Telemetry | str:
    """Return what was seen of a host, or why these bytes are no record of it."""
    try:
        return _telemetry(data, host)
    except Malformed as problem:
        return str(problem)


def _telemetry(data: bytes, host: str) -> Telemetry:
    clock, *rest = read_rows(data, _ROW, LINES_LIMIT)
    if not isinstance(clock, SensorClock) or clock.host != host:
        raise Malformed(f"line 1: expected the clock of {host}")
    events: list[Happened] = []
    gaps: list[SensorGap] = []
    counts: Counter[str] = Counter()
    last: Counted | None = None
    latest_us = clock.t_us
    for number, row in enumerate(rest, start=2):
        if row.t_us < latest_us:
            raise Malformed(f"line {number}: it was seen before the line above it")
        latest_us = row.t_us
        match row:
            case SensorClock():
                raise Malformed(f"line {number}: a second clock: its times are not on one clock")
            case _ if last is not None and last.ended:
                raise Malformed(f"line {number}: the record had ended before it")
            case SensorGap():
                gaps.append(row)
                counts[row.op] += 1
            case Counted():
                _agrees(number, row, counts)
                last = row
            case _:
                events.append(row)
                counts[row.op] += 1
    return Telemetry(
        clock,
        tuple(events),
        tuple(gaps),
        whole_until_us=None if last is None else last.t_us,
        unwritten=0 if last is None else last.unwritten,
        ended=last is not None and last.ended,
    )


def _agrees(number: int, row: Counted, counts: Counter[str]) -> None:
    """Raise where a count does not agree with what stands above it."""
    if row.rows != number - 1:
        raise Malformed(f"line {number}: {row.rows:,} rows were written before it, {number - 1:,} are here")
    for op in sorted({*row.events, *counts}):
        if row.events.get(op, 0) != counts[op]:
            raise Malformed(f"line {number}: it counts {row.events.get(op, 0):,} of {op}, {counts[op]:,} are here")
