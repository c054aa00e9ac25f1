"""Who logs in to a database and what is changed there, from what PostgreSQL itself says in its log.

It says so because of ``log_connections``, ``log_disconnections`` and ``log_statement`` in ``meridian/stack``. A
superuser's change is a statement here, unless it has first switched that off for its own session, which is none.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from meridian.telemetry.rows import FAILURE, SUCCESS, UNKNOWN, Event, event, gap, shortened

LOGS = "patroni-*.log"
"""What the logs that PostgreSQL writes to are called, below a host's ``log``."""
READ_LIMIT_BYTES = 1 << 20
SESSIONS_LIMIT = 1000
_SETTLED_NS = 1_000_000_000

# The prefix is the range's own: name, %m, [%p], and user@database in sessions.
_LINE = re.compile(
    r"(?P<service>\S+) (?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) UTC \[(?P<pid>\d{1,10})\] "
    r"(?:(?P<user>\S*)@(?P<database>\S*) )? ?(?P<level>LOG|FATAL):  (?P<text>.*)"
)
_RECEIVED = re.compile(r"connection received: host=(\S+)(?: port=(\d+))?")
_AUTHORIZED = re.compile(r"(?:replication )?connection authorized: user=(\S+)(?: database=(\S+))?")
_DISCONNECTED = re.compile(r"disconnection: session time: \S+ user=(\S+) database=(\S*) host=(\S+)(?: port=(\d+))?")
_STATEMENT = re.compile(r"(?:statement|execute [^:]*): (.*)")
_PARAMETER = re.compile(r"(parameter \".*|received SIGHUP, reloading configuration files)")
_REFUSED = re.compile(r".*(authentication failed|no pg_hba\.conf entry)")
_PASSWORD = re.compile(r"(?i)(password\s*=?\s*)(?:E?'(?:[^']|'')*'?|\"[^\"]*\"?|[^\s'\"]+)")

_PORTS, _PORT_DIGITS = range(1 << 16), 5

_Ends = tuple[str | None, int | None]


class Audit:
    """The database logs of one host."""

    def __init__(self, directory: Path) -> None:
        """Follow the logs in a host's log directory, from their present ends on."""
        self._directory = directory
        self._logs: dict[str, _Log] = {}
        self._listed_ns = 0

    def look(self) -> list[Event]:
        """Return what the logs say that is new."""
        with suppress(FileNotFoundError):
            self._list(self._directory.stat().st_mtime_ns)
        return [each for log in self._logs.values() for each in log.look()]

    def _list(self, changed_ns: int) -> None:
        """Find new logs in a directory that has changed since it was last listed."""
        if changed_ns == self._listed_ns:
            return
        # What changes within one tick of the clock has the same time: it counts as listed only when that is past.
        if time.time_ns() - changed_ns > _SETTLED_NS:
            self._listed_ns = changed_ns
        for path in self._directory.glob(LOGS):
            self._logs.setdefault(path.name, _Log(path))


class _Log:
    """One log, and who is connected as far as it says."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._from: dict[int, _Ends] = {}
        """Where a session came from, by its process, until it is let in or turned away."""

    def look(self) -> Iterator[Event]:
        """Yield what the whole lines since the last look say; that the log was cut is a gap."""
        size, data = self._new()
        if size < self._offset:
            self._offset = 0
            yield gap("audit", "cut")
            return
        whole = data[: data.rfind(b"\n") + 1]
        if not whole and len(data) == READ_LIMIT_BYTES:
            whole = data
        self._offset += len(whole)
        # A line that goes on begins with a tab; nothing but a line feed ends one, whatever a statement contains.
        for line in whole.decode(errors="replace").replace("\n\t", " ").split("\n"):
            found = _LINE.fullmatch(line)
            at_us = found and _utc_us(found["at"])
            if found and at_us:
                yield from self._said(found, at_us)

    def _new(self) -> tuple[int, bytes]:
        """Return the log's size and what is new in it. It is the host's own: no link or pipe is followed."""
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return self._offset, b""
        try:
            about = os.fstat(file)
            if not stat.S_ISREG(about.st_mode):
                return self._offset, b""
            return about.st_size, os.pread(file, READ_LIMIT_BYTES, self._offset)
        finally:
            os.close(file)

    def _said(self, line: re.Match[str], at_us: int) -> Iterator[Event]:
        text, pid = line["text"], int(line["pid"])
        about = {"service_name": shortened(line["service"]), "process_pid": pid, "source_utc_us": at_us}
        user = _who(line["user"], line["database"])
        if line["level"] == "FATAL":
            if pid in self._from or _REFUSED.match(text):
                ends = _source(self._from.pop(pid, (None, None)))
                yield event("logon", "refused", FAILURE, reason=shortened(text), **about, **user, **ends)
        elif found := _RECEIVED.match(text):
            if len(self._from) >= SESSIONS_LIMIT:
                self._from.clear()
            self._from[pid] = _ends(found[1], found[2])
        elif found := _AUTHORIZED.match(text):
            who = _who(found[1], found[2])
            ends = _source(self._from.pop(pid, (None, None)))
            yield event("logon", "logged_on", SUCCESS, **about, **who, **ends)
        elif found := _DISCONNECTED.match(text):
            who = _who(found[1], found[2])
            yield event("logon", "logged_off", SUCCESS, **about, **who, **_source(_ends(found[3], found[4])))
        elif found := _STATEMENT.match(text):
            yield event("database", "statement", UNKNOWN, database_statement=_told(found[1]), **about, **user)
        elif found := _PARAMETER.match(text):
            yield event("database", "setting", SUCCESS, database_statement=_told(found[1]), **about, **user)


def _told(statement: str) -> str:
    """Return a statement within the limit and without any password that stands in it."""
    return shortened(_PASSWORD.sub(r"\1'…'", statement))


def _ends(host: str, port: str | None) -> _Ends:
    """Return address and port, nothing for a Unix socket."""
    if host == "[local]":
        return None, None
    # The log is the host's own: whatever stands there must not make the record unreadable.
    return shortened(host), int(port) if port and len(port) <= _PORT_DIGITS and int(port) in _PORTS else None


def _who(user: str | None, database: str | None) -> dict[str, str | None]:
    return {"user_name": user and shortened(user), "database_name": shortened(database) if database else None}


def _source(ends: _Ends) -> dict[str, str | int | None]:
    return {"source_ip": ends[0], "source_port": ends[1]}


def _utc_us(text: str) -> int | None:
    """Return the time of a line, None for one that is none."""
    try:
        at = datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(at.timestamp()) * 1_000_000 + at.microsecond
