"""PostgreSQL as the auditor sees it: over Unix sockets, reading only, with deadlines on everything.

Which server is the primary, who streams from it, and the ledger's extract. Deadlines are kept on this side as well: a
frozen server takes a connection and never answers, and does not end its statements in time either.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from holdfast.errors import EnvironmentProblem

CONNECT_TIMEOUT_S = 2  # the least that libpq takes
STATEMENT_TIMEOUT_S = 2.0
EXTRACT_TIMEOUT_S = 60.0
FETCH_ROWS = 5000
_READ_ONLY = " -c default_transaction_read_only=on"

# Schema ``ledger``: each table of the extract with its primary key, which orders its rows.
TABLES: Mapping[str, tuple[str, ...]] = {
    "account": ("participant",),
    "instruction": ("key",),
    "entry": ("key", "participant"),
    "journal": ("seq",),
    "business_day": ("day",),
    "position": ("day", "participant"),
}

_REPLICATION = """
SELECT application_name AS name, state, sync_state,
       pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(write_lsn, '0/0'))::bigint AS behind_bytes
FROM pg_stat_replication ORDER BY application_name
"""
# The first eight digits of a WAL file's name are the timeline that is being written now.
_SOURCE = """
SELECT pg_is_in_recovery() AS in_recovery,
       ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int AS timeline,
       pg_current_wal_lsn()::text AS lsn,
       (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier
"""


_DAY_COMPLETE = """
SELECT EXISTS (SELECT FROM ledger.business_day WHERE day = %(day)s AND closed_us IS NOT NULL)
   AND EXISTS (SELECT FROM ledger.position WHERE day = %(day)s)
   AND NOT EXISTS (SELECT FROM ledger.position WHERE day = %(day)s AND NOT confirmed)
"""


@dataclass(frozen=True, slots=True)
class Server:
    """How one copy of a ledger is reached."""

    name: str
    socket_dir: Path
    port: int
    database: str
    user: str
    password_file: Path


@dataclass(frozen=True, slots=True)
class Standby:
    """Who streams from the primary: how Patroni or the vault named itself, its state, and what it has yet to write."""

    name: str
    state: str
    sync_state: str
    behind_bytes: int


def replication(server: Server) -> tuple[Standby, ...]:
    """Return who streams from this server; HF306 if it does not answer."""
    with session(server, STATEMENT_TIMEOUT_S) as connection:
        return tuple(Standby(**row) for row in connection.cursor(row_factory=dict_row).execute(_REPLICATION))


def receives(server: Server) -> bool:
    """Return whether this copy itself says that it streams from a primary; HF306 if it does not answer."""
    with session(server, STATEMENT_TIMEOUT_S) as connection:
        return connection.execute("SELECT status = 'streaming' FROM pg_stat_wal_receiver").fetchone() == (True,)


def timeline(server: Server) -> int | None:
    """Return the timeline this server writes, ``None`` if it is in recovery and writes none; HF306 without answer."""
    with session(server, STATEMENT_TIMEOUT_S) as connection:
        if connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
            return None
        row = connection.cursor(row_factory=dict_row).execute(_SOURCE).fetchone()
        return None if row is None else int(row["timeline"])


def primary(servers: Iterable[Server]) -> Server:
    """Return the copy that is written; of several that think they are, the one on the latest timeline.

    HF306 if none is.
    """
    timelines: dict[Server, int] = {}
    for server in servers:
        try:
            written = timeline(server)
        except EnvironmentProblem:
            continue
        if written is not None:
            timelines[server] = written
    if not timelines:
        message = "no copy of the ledger is writable"
        raise EnvironmentProblem("HF306", message, remedy="see which copies run: there is no primary to read")
    return max(timelines, key=lambda server: timelines[server])


def open_day(server: Server) -> int:
    """Return the business day that is open; HF306 if the server does not answer or no day is open."""
    with session(server, STATEMENT_TIMEOUT_S) as connection:
        row = connection.execute("SELECT day FROM ledger.business_day WHERE closed_us IS NULL").fetchone()
    if row is None:
        message = f"no business day is open in {server.name}"
        raise EnvironmentProblem("HF306", message, remedy="open one, or run a scenario without a time of day")
    return int(row[0])


def day_complete(server: Server, day: int) -> bool:
    """Return whether a day is closed and every participant confirmed its position; HF306 without answer."""
    with session(server, STATEMENT_TIMEOUT_S) as connection:
        row = connection.execute(_DAY_COMPLETE, {"day": day}).fetchone()
    return row == (True,)


def extract(server: Server) -> bytes:
    """Return the whole ledger as JSON lines, read in one REPEATABLE READ transaction.

    The first line says which server was read. HF306 if it does not answer, is in recovery, or takes over 60 s.
    """
    lines: list[str] = []
    with session(server, EXTRACT_TIMEOUT_S) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        if connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
            message = f"{server.name} is in recovery: a copy, not the primary"
            raise EnvironmentProblem("HF306", message, remedy="read the ledger where it is written")
        source = connection.cursor(row_factory=dict_row).execute(_SOURCE).fetchone() or {}
        lines.append(_line("_source", {"node": server.name, **source}))
        for table, key in TABLES.items():
            query = sql.SQL("SELECT * FROM ledger.{} ORDER BY {}").format(
                sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, key))
            )
            with connection.cursor(name="extract", row_factory=dict_row) as cursor:
                cursor.itersize = FETCH_ROWS
                lines.extend(_line(table, row) for row in cursor.execute(query))
    return "".join(lines).encode()


def _line(table: str, row: Mapping[str, object]) -> str:
    values = {name: _plain(value) for name, value in row.items()}
    return json.dumps({"table": table, **values}, separators=(",", ":")) + "\n"


def _plain(value: object) -> object:
    """Return a column's value as JSON has it: bytes in hex, dates in ISO form."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value.isoformat() if isinstance(value, date | datetime) else value


@contextmanager
def session(server: Server, timeout_s: float, *, writing: bool = False) -> Iterator[psycopg.Connection]:
    """Connect, read (or write) in one transaction, disconnect; whatever goes wrong is HF306."""
    watch: threading.Timer | None = None
    try:
        with psycopg.connect(
            host=str(server.socket_dir),
            port=server.port,
            dbname=server.database,
            user=server.user,
            password=server.password_file.read_text().strip(),
            connect_timeout=CONNECT_TIMEOUT_S,
            options=f"-c statement_timeout={round(timeout_s * 1000)}{'' if writing else _READ_ONLY}",
            application_name="holdfast-audit",
        ) as connection:
            watch = threading.Timer(timeout_s, _shut, [connection.fileno()])
            watch.start()
            yield connection
            watch.cancel()
    except (OSError, psycopg.Error) as error:
        message = f"{server.name} does not answer: {str(error).strip().splitlines()[0] if str(error) else error!r}"
        raise EnvironmentProblem("HF306", message, remedy="see whether the server runs, and its log") from error
    finally:
        if watch is not None:
            watch.cancel()
            # Joined, so that it can never shut a descriptor whose number belongs to somebody else by then.
            watch.join()


def _shut(descriptor: int) -> None:
    """End a connection by its socket: a cancel request would ask the server, and this one does not answer."""
    try:
        with socket.socket(fileno=os.dup(descriptor)) as connection:
            connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # Closed already: then nobody waits for it any more.
        return
