"""The SQLite file of a log: its tables, its connections, its transactions.

WAL with ``synchronous=FULL``: a commit returns when the write-ahead log is synced, and a reader sees the state of the
last commit without waiting for anybody. Writers take turns by ``BEGIN IMMEDIATE``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from holdfast.errors import EnvironmentProblem, HoldfastError
from holdfast.evidence.verification import StoredCheckpoint, StoredEntry
from holdfast.store import aside
from holdfast.store.keys import PRIVATE_MODE
from holdfast.store.port import Snapshot

APPLICATION_ID = 0x484F4C44  # "HOLD", so that `file` can tell what this is
SCHEMA_VERSION = 1
BUSY_TIMEOUT_MS = 30_000
JOURNAL_LIMIT_BYTES = 64 * 1024 * 1024

_TABLES = """
CREATE TABLE entry (seq INTEGER PRIMARY KEY, leaf BLOB NOT NULL, data BLOB NOT NULL) STRICT;
CREATE TABLE checkpoint (number INTEGER PRIMARY KEY, size INTEGER NOT NULL UNIQUE, note BLOB NOT NULL) STRICT;
CREATE TABLE frontier (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, hashes BLOB NOT NULL) STRICT;
INSERT INTO frontier VALUES (1, 0, x'');
"""


def connect(path: Path, *, write: bool, vfs: str | None = None) -> apsw.Connection:
    """Open a log's database; a reader's connection cannot change it. HF202 if it is not a log of this version."""
    with storage_problems(path):
        try:
            connection, found = _open(path, apsw.SQLITE_OPEN_READWRITE if write else apsw.SQLITE_OPEN_READONLY, vfs)
        except apsw.ReadOnlyError:
            # A crash left something to be rolled back or recovered first, which takes the right to write.
            connection, found = _open(path, apsw.SQLITE_OPEN_READWRITE, vfs)
            connection.pragma("query_only", 1)
        if write:
            connection.pragma("synchronous", "FULL")
            connection.pragma("secure_delete", "ON")  # nothing of what was kept aside stays in an unused part
            connection.pragma("journal_size_limit", JOURNAL_LIMIT_BYTES)
    if found not in {(APPLICATION_ID, SCHEMA_VERSION), (0, 0)}:
        connection.close()
        message = f"{path} is not a log of this version (application {found[0]}, schema {found[1]})"
        raise EnvironmentProblem("HF202", message, remedy="use the version of Holdfast that wrote it")
    return connection


def _open(path: Path, flags: int, vfs: str | None) -> tuple[apsw.Connection, tuple[object, object]]:
    """Return a connection, and the application and schema that the file says it is of."""
    connection = apsw.Connection(str(path), flags=flags, vfs=vfs)
    try:
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        return connection, (connection.pragma("application_id"), connection.pragma("user_version"))
    except apsw.Error:
        connection.close()
        raise


def create(path: Path, vfs: str | None = None) -> apsw.Connection:
    """Open a database for a new log, without tables yet; what an interrupted creation left is taken up."""
    with storage_problems(path):
        # It holds personal data beside the entries. What SQLite makes next to it takes the same mode.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE))
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        connection = apsw.Connection(str(path), flags=flags, vfs=vfs)
        try:
            connection.pragma("journal_mode", "WAL")
        finally:
            connection.close()
    return connect(path, write=True, vfs=vfs)


def lay_tables(connection: apsw.Connection) -> None:
    """Make the tables of a log, inside the caller's transaction."""
    connection.execute(_TABLES)
    connection.pragma("application_id", APPLICATION_ID)
    connection.pragma("user_version", SCHEMA_VERSION)


def is_log(connection: apsw.Connection) -> bool:
    """Return whether the database holds a log: its tables come with its first entry, in one transaction."""
    return bool(connection.pragma("application_id") == APPLICATION_ID)


@contextmanager
def writing(connection: apsw.Connection) -> Iterator[None]:
    """Hold the log's one write transaction: committed at the end, rolled back by any error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def snapshot(path: Path, vfs: str | None = None) -> Iterator[Snapshot]:
    """Hold one state of the log for reading, row by row, on a connection of its own."""
    connection = connect(path, write=False, vfs=vfs)
    try:
        with storage_problems(path):
            connection.execute("BEGIN")
            checkpoints = connection.execute("SELECT number, size, note FROM checkpoint ORDER BY number")
            held = tuple(StoredCheckpoint(*row) for row in checkpoints)
            frontier = connection.execute("SELECT size, hashes FROM frontier").get
            entries = (
                StoredEntry(*row) for row in connection.execute("SELECT seq, leaf, data FROM entry ORDER BY seq")
            )
            yield Snapshot(held, (frontier or (-1, b""),), entries, aside.kept(connection))
    finally:
        connection.close()


@contextmanager
def storage_problems(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into HF211, which says what to do about it."""
    try:
        yield
    except apsw.BusyError as error:
        message = f"{path} was locked for longer than {BUSY_TIMEOUT_MS // 1000} s"
        remedy = "find the process that holds it (lsof), then try again; nothing was recorded by this attempt"
        raise EnvironmentProblem("HF211", message, remedy=remedy) from error
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError) as error:
        message = f"{path} is not readable as a log: {error}"
        raise HoldfastError("HF211", message, remedy="keep the file as it is; go on from an exported bundle") from error
    except (apsw.Error, OSError) as error:
        message = f"the log could not be reached at {path}: {error}"
        remedy = "see to disk space, permissions and the disk itself; what was not acknowledged may not be recorded"
        raise EnvironmentProblem("HF211", message, remedy=remedy) from error
