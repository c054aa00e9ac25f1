"""The sensor of one range: a process of the keeper's that looks a few times a second and writes what it sees.

All that it is told is the range's directory. Which hosts have power it reads where the keeper names their first
processes. It ends when its keeper asks it to, or ends.
"""

from __future__ import annotations

import json
import os
import select
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from meridian.linux import start_ticks
from meridian.telemetry import rows
from meridian.telemetry.audit import Audit
from meridian.telemetry.files import Files
from meridian.telemetry.network import Network
from meridian.telemetry.processes import Processes
from meridian.telemetry.rows import SUCCESS, Event, Instant, Record, Repeats, event, gap
from meridian.topology import HOSTS, LOOPBACK, NETWORK

DIRECTORY = "telemetry"
"""Below the range's: one file for each host, ``<host>.ndjson``."""
LOOK_EVERY_US = 250_000
LATE_US = 1_000_000
"""Two looks so far apart, or further, are a gap: what began and ended between them was not seen."""
LISTENING_EVERY_US = 1_000_000
COUNT_EVERY_US = 10_000_000
ENDED = b"ended"
_NICER = 10
"""The range's own work goes first; where that leaves too little for the sensor, the record has a gap and says so."""

First = tuple[int, int | None]
"""A host's first process: its pid, and its start in ticks since the boot."""


@dataclass(slots=True)
class _Host:
    """One host and what looks at it; without power only its disk is seen."""

    name: str
    record: Record
    audit: Audit
    first: First | None = None
    told: bool = False
    processes: Processes | None = None
    network: Network | None = None
    refused: bool = False
    """Whether this machine does not let us look at its network, which is told once."""
    shared: bool = NETWORK == LOOPBACK
    """Whether it has neither a ``/proc`` nor a network of its own to look at, which is told once for each power."""
    found: list[Event] = field(default_factory=list)
    repeats: Repeats = field(default_factory=Repeats)

    def power(self, first: First | None) -> None:
        """Take up or let go of the host's processes and network as its power comes and goes."""
        if self.told and first == self.first:
            return
        if self.first is not None or first is None:
            self.found.append(event("host", "off", SUCCESS))
        self._let_go()
        self.first, self.told = first, True
        if first is not None:
            self.found.append(event("host", "on", SUCCESS))
            self.found += [gap(what, "unwatched") for what in ("processes", "connections") if self.shared]

    def look(self, seen: Instant, *, listening: bool) -> None:
        """Add what is new; a host that is just coming or going is looked at again at the next look."""
        try:
            if self.first is not None and self.processes is None and not self.shared:
                self._take_up(self.first)
            if self.processes is not None:
                self.found += self.processes.look()
            if self.network is not None:
                self.found += self.network.look(seen.t_us)
                self.found += self.network.look_at_listening() if listening else []
        except OSError:
            # Its power has gone, and the keeper has not named it yet.
            self._let_go()
        self.found += self.audit.look()

    def write(self, seen: Instant) -> None:
        """Write what was found."""
        if self.found:
            self.record.write(self.repeats.take(self.found), seen)
            self.found = []

    def count(self, seen: Instant) -> None:
        """Write what came again, and that the record is whole up to here."""
        self.record.write(self.repeats.counted(), seen)
        self.record.count()

    def end(self, seen: Instant) -> None:
        """End the record."""
        self._let_go()
        self.record.write(self.repeats.counted(), seen)
        self.record.close()

    def _take_up(self, first: First) -> None:
        pid, ticks = first
        if ticks is None or start_ticks(pid) != ticks:
            raise ProcessLookupError(pid)
        if self.network is None and not self.refused:
            try:
                self.network = Network(pid, HOSTS[self.name].address)
            except PermissionError:
                self.refused = True
                self.found.append(gap("connections", "unwatched"))
        self.processes = Processes.of_host(pid, ticks)

    def _let_go(self) -> None:
        if self.processes is not None:
            self.processes.close()
        if self.network is not None:
            self.network.close()
        self.processes = self.network = None


class Sensor:
    """Everything that is looked at."""

    def __init__(self, directory: Path) -> None:
        """Begin a file for each host below a range's directory. Raise OSError."""
        self._hosts_file = directory / "hosts.json"
        self._read_ns: int | None = None
        place = directory / DIRECTORY
        place.mkdir(mode=0o700)
        self._files = Files(directory)
        self._hosts = {
            host: _Host(host, Record(place, host, LOOK_EVERY_US), Audit(directory / "hosts" / host / "log"))
            for host in HOSTS
        }
        self._last_us: int | None = None
        self._listening_due_us = self._count_due_us = 0

    def look(self) -> None:
        """Look once at everything, and write what is new."""
        seen = rows.now()
        self._power()
        listening = seen.t_us >= self._listening_due_us
        if listening:
            self._listening_due_us = seen.t_us + LISTENING_EVERY_US
        if self._last_us is not None and seen.t_us - self._last_us >= LATE_US:
            self._everywhere(gap("processes", "late", since_us=self._last_us))
        self._last_us = seen.t_us
        for name, each in self._files.look():
            self._hosts[name].found.append(each)
        for host in self._hosts.values():
            host.look(seen, listening=listening)
            host.write(seen)
        if seen.t_us >= self._count_due_us:
            self._count_due_us = seen.t_us + COUNT_EVERY_US
            for host in self._hosts.values():
                host.count(seen)

    def end(self) -> None:
        """Look a last time and end every record."""
        self.look()
        for host in self._hosts.values():
            host.end(rows.now())
        self._files.close()

    def _everywhere(self, each: Event) -> None:
        for host in self._hosts.values():
            if host.first is not None:
                host.found.append(each)

    def _power(self) -> None:
        """Read which hosts have power, if that has changed."""
        try:
            changed_ns = self._hosts_file.stat().st_mtime_ns
        except FileNotFoundError:
            return
        if changed_ns != self._read_ns:
            self._read_ns = changed_ns
            named = _firsts(json.loads(self._hosts_file.read_text(encoding="utf-8")))
            for name, host in self._hosts.items():
                host.power(named.get(name))


def _firsts(named: Mapping[str, Mapping[str, int | None]]) -> dict[str, First]:
    return {host: (int(each["pid"] or 0), each["start_ticks"]) for host, each in named.items()}


def work(directory: Path, control: socket.socket) -> None:
    """Look until something comes through ``control``, or its other end is gone; then end the records and answer."""
    os.nice(_NICER)
    sensor = Sensor(directory)
    due = time.monotonic()
    while not select.select([control], [], [], max(0.0, due - time.monotonic()))[0]:
        sensor.look()
        due = max(due + LOOK_EVERY_US / 1e6, time.monotonic())
    sensor.end()
    control.send(ENDED)
