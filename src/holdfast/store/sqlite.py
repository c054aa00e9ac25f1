"""The rows of a log in SQLite, for one machine: any number of processes append and read."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw

from holdfast.evidence.personal import Concealed
from holdfast.evidence.verification import StoredCheckpoint, StoredEntry
from holdfast.store import aside, database
from holdfast.store.attachments import Attachments
from holdfast.store.durable import make_directory, sync_directory
from holdfast.store.places import ATTACHMENTS, DATABASE
from holdfast.store.port import Snapshot
from holdfast.store.rows import Head
from holdfast.store.signed import origins_in

DIRECTORY_MODE = 0o755

_LATEST = "SELECT number, size, note FROM checkpoint ORDER BY number DESC LIMIT 1"
_NOTE = "SELECT note FROM checkpoint WHERE size = ?"
_ENTRIES = "SELECT seq, leaf, data FROM entry WHERE seq > ? ORDER BY seq LIMIT ?"
_LEAVES = "SELECT leaf FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq"
_ENDS = """
SELECT note FROM checkpoint
WHERE number IN (SELECT max(number) FROM checkpoint UNION SELECT min(number) FROM checkpoint)
ORDER BY number DESC
"""


@dataclass(frozen=True, slots=True)
class _Append:
    """One append under way. Implements ``holdfast.store.rows.Transaction``."""

    connection: apsw.Connection

    def head(self) -> Head:
        """Return what this append builds on."""
        latest = self.connection.execute(_LATEST).fetchone()
        frontier = self.connection.execute("SELECT size, hashes FROM frontier").get
        return Head(None if latest is None else StoredCheckpoint(*latest), frontier)

    def note(self, size: int) -> bytes | None:
        """Return the signed note of the checkpoint at this size, None if there is none."""
        return _note(self.connection, size)

    def add(self, entries: Sequence[StoredEntry], checkpoint: StoredCheckpoint, frontier: bytes) -> None:
        """Write the rows of this append."""
        self.connection.executemany("INSERT INTO entry VALUES (?, ?, ?)", entries)
        self.connection.execute("INSERT INTO checkpoint VALUES (?, ?, ?)", checkpoint)
        self.connection.execute("UPDATE frontier SET size = ?, hashes = ?", (checkpoint.size, frontier))

    def erase(self, digests: Sequence[str]) -> None:
        """Remove what is kept aside under these digests; HF234 if one of them never was here."""
        aside.overwrite(self.connection, digests)


class SqliteStore:
    """A log in a directory. Implements ``holdfast.store.rows.Store``; connections are opened when they are needed."""

    def __init__(self, directory: Path, vfs: str | None = None) -> None:
        """Name the directory. ``vfs`` names the SQLite file layer to use, by default the system's."""
        self.directory = directory
        self.attachments = Attachments(directory / ATTACHMENTS)
        self._path = directory / DATABASE
        self._vfs = vfs
        self._writer: apsw.Connection | None = None
        self._reader: apsw.Connection | None = None
        self._writer_lock = threading.Lock()
        self._reader_lock = threading.Lock()

    @property
    def place(self) -> str:
        """Return the directory."""
        return str(self.directory)

    def claimed_origins(self) -> list[str] | None:
        """Return the origins that the latest and the first checkpoint claim, if they can be one; None without a log."""
        if not self._path.is_file():
            return None
        connection = database.connect(self._path, write=False, vfs=self._vfs)
        try:
            with database.storage_problems(self._path):
                if not database.is_log(connection):
                    return None
                return origins_in(row[0] for row in connection.execute(_ENDS))
        finally:
            connection.close()

    def prepare(self) -> None:
        """Make the directory."""
        make_directory(self.directory, DIRECTORY_MODE)

    @contextmanager
    def beginning(self) -> Iterator[_Append]:
        """Hold the log's first append; its tables come with it."""
        with database.storage_problems(self._path):
            connection = database.create(self._path, self._vfs)
            try:
                with database.writing(connection):
                    database.lay_tables(connection)
                    yield _Append(connection)
            finally:
                connection.close()
            sync_directory(self.directory)

    @contextmanager
    def writing(self) -> Iterator[_Append]:
        """Hold one append: committed, and durable, at the end; undone by any error."""
        with self._writing() as connection, database.writing(connection):
            yield _Append(connection)

    def size(self) -> int:
        """Return the size of the latest checkpoint."""
        with self._reading() as connection:
            latest = connection.execute(_LATEST).fetchone()
        return 0 if latest is None else int(latest[1])

    def note(self, size: int) -> bytes | None:
        """Return the signed note of the checkpoint at this size, None if there is none."""
        with self._reading() as connection:
            return _note(connection, size)

    def entries(self, after: int, limit: int) -> list[StoredEntry]:
        """Return up to ``limit`` entries with a sequence number above ``after``, in order."""
        with self._reading() as connection:
            return [StoredEntry(*row) for row in connection.execute(_ENTRIES, (after, limit))]

    def leaves(self, first: int, end: int) -> list[bytes]:
        """Return the stored leaf hashes of the entries from ``first`` up to ``end``, in order."""
        with self._reading() as connection:
            return [row[0] for row in connection.execute(_LEAVES, (first, end))]

    def keep(self, concealed: Concealed) -> None:
        """Keep personal data aside, durably."""
        with self._writing() as connection, database.writing(connection):
            aside.keep(connection, concealed)

    def find(self, digest: str) -> Concealed | None:
        """Return what is kept aside under this digest; None if it was erased or was never here."""
        with self._reading() as connection:
            return aside.find(connection, digest)

    def scrub(self) -> None:
        """Let no file hold what was erased any more; HF235 if somebody still reads an older state."""
        with self._writing() as connection:
            aside.scrub(connection)

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Return all rows at one instant."""
        return database.snapshot(self._path, self._vfs)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Wait until nobody else holds this log exclusively, and hold it, by a lock on its directory."""
        with database.storage_problems(self.directory):
            descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Let go of the file."""
        with self._writer_lock, self._reader_lock:
            for connection in (self._writer, self._reader):
                if connection is not None:
                    connection.close()
            self._writer = self._reader = None

    @contextmanager
    def _writing(self) -> Iterator[apsw.Connection]:
        """Hold the one connection that writes."""
        with self._writer_lock, database.storage_problems(self._path):
            if self._writer is None:
                self._writer = database.connect(self._path, write=True, vfs=self._vfs)
            yield self._writer

    @contextmanager
    def _reading(self) -> Iterator[apsw.Connection]:
        """Hold the one connection that reads."""
        with self._reader_lock, database.storage_problems(self._path):
            if self._reader is None:
                self._reader = database.connect(self._path, write=False, vfs=self._vfs)
            yield self._reader


def _note(connection: apsw.Connection, size: int) -> bytes | None:
    row = connection.execute(_NOTE, (size,)).fetchone()
    return None if row is None else bytes(row[0])
