"""The rows of a log in PostgreSQL, for several machines: any number of processes on each append and read.

Appends take turns by an advisory lock that ends with their transaction: a role which may only insert and select can
hold it, and a writer that dies lets go. Readers see the state of the last commit and wait for nobody. PostgreSQL makes
a commit visible only once it is durable, and lets the next append begin only once it is visible.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from holdfast.errors import EnvironmentProblem, UsageError
from holdfast.evidence.events import Attachment
from holdfast.evidence.personal import Concealed
from holdfast.evidence.verification import Measured, StoredCheckpoint, StoredEntry
from holdfast.store.attachments import altered, described, is_digest, missing
from holdfast.store.port import Snapshot
from holdfast.store.postgresql_connection import (
    DURABILITY,
    Address,
    Connection,
    Link,
    Row,
    check_durability,
    connect,
    problems,
)
from holdfast.store.rows import Head
from holdfast.store.signed import origins_in

SCHEMA_VERSION = 1
SCHEMA = Path(__file__).with_suffix(".sql")
BATCH_ROWS = 1_000  # of at most 64 KiB each: no message to the server is larger than 64 MiB
FETCHED_ROWS = 1_000
PART_BYTES = 8 * 1024 * 1024
SNAPSHOT_IDLE_TIMEOUT_MS = 600_000
EXCLUSIVE_EVERY_S = 0.2
ERASING_LOCK_TIMEOUT_MS = 2_000  # appends wait for an erasure that waits for somebody who reads

# Two keys of advisory locks, which are numbers within one database: "HOLD" in ASCII, and what is held.
_HOLD = 0x484F4C44
_APPEND, _EXCLUSIVE = 1, 2

_LATEST = "SELECT number, size, note, frontier FROM holdfast.checkpoint ORDER BY number DESC LIMIT 1"
_LOCK = f"SELECT pg_advisory_xact_lock({_HOLD}, {_APPEND})"
_BEGIN = f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT {DURABILITY}"
# One round trip, but each statement has its own snapshot: the latest checkpoint is looked for once the lock is held.
_BEGIN_APPEND = f"{_BEGIN}; {_LOCK}; {_LATEST}".encode()
_BEGIN_LOG = f"{_BEGIN}; {_LOCK}".encode()
_BEGIN_OTHER = _BEGIN.encode()

_NOTE = "SELECT note FROM holdfast.checkpoint WHERE size = %s"
_ADD_ENTRIES = "INSERT INTO holdfast.entry SELECT * FROM unnest(%b::bigint[], %b::bytea[], %b::bytea[])"
_ADD_CHECKPOINT = "INSERT INTO holdfast.checkpoint (number, size, note, frontier) VALUES (%s, %s, %s, %s)"
_ADD_PART = "INSERT INTO holdfast.attachment (sha256, part, data) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_PART = "SELECT data FROM holdfast.attachment WHERE sha256 = %s AND part = %s"
_ENTRIES = "SELECT seq, leaf, data FROM holdfast.entry WHERE seq > %s ORDER BY seq LIMIT %s"
_LEAVES = "SELECT leaf FROM holdfast.entry WHERE seq >= %s AND seq < %s ORDER BY seq"
_KEEP = "INSERT INTO holdfast.aside (digest, salt, value) VALUES (%s, %s, %s)"
_FIND = "SELECT digest, salt, value FROM holdfast.aside WHERE digest = %s AND salt IS NOT NULL"
_KEPT = "SELECT digest, salt, value FROM holdfast.aside WHERE salt IS NOT NULL ORDER BY number"
_LOCK_ASIDE = f"SET LOCAL lock_timeout = {ERASING_LOCK_TIMEOUT_MS}; LOCK TABLE holdfast.aside".encode()
_ALL_ASIDE = "SELECT number, digest, salt, value FROM holdfast.aside ORDER BY number"
_ADD_ASIDE = """
INSERT INTO holdfast.aside (number, digest, salt, value) OVERRIDING SYSTEM VALUE
SELECT * FROM unnest(%b::bigint[], %b::text[], %b::bytea[], %b::bytea[])
"""
_IS_LOG = "SELECT to_regclass('holdfast.schema_version') IS NOT NULL"
_VERSION = "SELECT max(version) FROM holdfast.schema_version"
_ENDS = """
SELECT note FROM holdfast.checkpoint
WHERE number IN (SELECT max(number) FROM holdfast.checkpoint UNION SELECT min(number) FROM holdfast.checkpoint)
ORDER BY number DESC
"""


@dataclass(frozen=True, slots=True)
class _Append:
    """One append under way. Implements ``holdfast.store.rows.Transaction``."""

    connection: Connection
    latest: Row | None

    def head(self) -> Head:
        """Return what this append builds on."""
        if self.latest is None:
            return Head(None, (0, b""))
        number, size, note, frontier = self.latest
        return Head(StoredCheckpoint(number, size, note), (size, frontier))

    def note(self, size: int) -> bytes | None:
        """Return the signed note of the checkpoint at this size, None if there is none."""
        if self.latest is not None and self.latest[1] == size:
            latest: bytes = self.latest[2]
            return latest
        return _note(size, self.connection)

    def add(self, entries: Sequence[StoredEntry], checkpoint: StoredCheckpoint, frontier: bytes) -> None:
        """Write the rows of this append, in one round trip."""
        with self.connection.pipeline():
            for start in range(0, len(entries), BATCH_ROWS):
                columns = [list(column) for column in zip(*entries[start : start + BATCH_ROWS], strict=True)]
                self.connection.execute(_ADD_ENTRIES, columns)
            self.connection.execute(_ADD_CHECKPOINT, (*checkpoint, frontier))

    def erase(self, digests: Sequence[str]) -> None:
        """Write what is kept aside anew, in other files, without what is erased.

        HF234 if one of the digests never was here, HF235 if somebody who reads keeps us from it.
        """
        try:
            self.connection.execute(_LOCK_ASIDE)
        except psycopg.errors.LockNotAvailable as error:
            message = "nothing was erased: somebody is reading or concealing personal data"
            raise EnvironmentProblem("HF235", message, remedy="wait until they are done, and erase again") from error
        rows = self.connection.execute(_ALL_ASIDE, binary=True).fetchall()
        known = {row[1] for row in rows}
        if unknown := [digest for digest in digests if digest not in known]:
            message = f"nothing was ever kept aside here under {', '.join(unknown)}: nothing was erased"
            raise UsageError("HF234", message, remedy="name digests as the entries of this log hold them")
        self.connection.execute("TRUNCATE holdfast.aside")
        gone = set(digests)
        kept = [(*row[:2], None, None) if row[1] in gone else row for row in rows]
        for start in range(0, len(kept), BATCH_ROWS):
            columns = [list(column) for column in zip(*kept[start : start + BATCH_ROWS], strict=True)]
            self.connection.execute(_ADD_ASIDE, columns)


class PostgresqlStore:
    """A log in a database, in the schema ``holdfast``. Implements ``holdfast.store.rows.Store``."""

    def __init__(self, url: str) -> None:
        """Name the database; HF244 if the address cannot be used. It is reached when something is asked of it."""
        self._address = Address.parse(url)
        self._writer, self._reader = Link(self._address), Link(self._address)
        self.attachments = PostgresqlAttachments(self._address, self._writer, self._reader)

    @property
    def place(self) -> str:
        """Return the address."""
        return self._address.url

    def claimed_origins(self) -> list[str] | None:
        """Return the origins that the latest and the first checkpoint claim, if they can be one; None without a log.

        HF202 if what is there is of another version.
        """

        def look(connection: Connection) -> list[str] | None:
            if connection.execute(_IS_LOG).fetchone() != (True,):
                return None
            if (version := connection.execute(_VERSION).fetchone()) != (SCHEMA_VERSION,):
                message = f"{self.place} is not a log of this version (schema {version[0] if version else None})"
                raise EnvironmentProblem("HF202", message, remedy="use the version of Holdfast that wrote it")
            return origins_in(row[0] for row in connection.execute(_ENDS))

        return self._reader.ask(look)

    def prepare(self) -> None:
        """Make nothing: the database is made by whoever runs the server."""

    @contextmanager
    def beginning(self) -> Iterator[_Append]:
        """Hold the log's first append; its tables come with it."""
        with _transaction(self._writer, _BEGIN_LOG) as (connection, _):
            connection.execute(SCHEMA.read_bytes())
            yield _Append(connection, None)

    @contextmanager
    def writing(self) -> Iterator[_Append]:
        """Hold one append: committed, and durable, at the end; undone by any error."""
        with _transaction(self._writer, _BEGIN_APPEND) as (connection, latest):
            yield _Append(connection, latest)

    def size(self) -> int:
        """Return the size of the latest checkpoint."""
        latest = self._reader.ask(lambda connection: connection.execute(_LATEST).fetchone())
        return 0 if latest is None else int(latest[1])

    def note(self, size: int) -> bytes | None:
        """Return the signed note of the checkpoint at this size, None if there is none."""
        return self._reader.ask(partial(_note, size))

    def entries(self, after: int, limit: int) -> list[StoredEntry]:
        """Return up to ``limit`` entries with a sequence number above ``after``, in order."""
        rows = self._reader.ask(lambda connection: connection.execute(_ENTRIES, (after, limit), binary=True).fetchall())
        return [StoredEntry(*row) for row in rows]

    def leaves(self, first: int, end: int) -> list[bytes]:
        """Return the stored leaf hashes of the entries from ``first`` up to ``end``, in order."""
        rows = self._reader.ask(lambda connection: connection.execute(_LEAVES, (first, end), binary=True).fetchall())
        return [row[0] for row in rows]

    def keep(self, concealed: Concealed) -> None:
        """Keep personal data aside, durably."""
        with _transaction(self._writer, _BEGIN_OTHER) as (connection, _):
            connection.execute(_KEEP, (concealed.digest, concealed.salt, concealed.value))

    def find(self, digest: str) -> Concealed | None:
        """Return what is kept aside under this digest; None if it was erased or was never here."""
        row = self._reader.ask(lambda connection: connection.execute(_FIND, (digest,), binary=True).fetchone())
        return None if row is None else Concealed(*row)

    def scrub(self) -> None:
        """Do nothing: what was erased is in none of the log's files once the erasure is committed."""

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Hold one state of the log for reading, row by row, on a connection of its own."""
        with problems(self._address), connect(self._address) as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = {SNAPSHOT_IDLE_TIMEOUT_MS}".encode())
            query = "SELECT number, size, note, frontier FROM holdfast.checkpoint ORDER BY number"
            rows = connection.execute(query, binary=True).fetchall()
            with connection.cursor(name="entries", binary=True) as entries:
                entries.itersize = FETCHED_ROWS
                entries.execute("SELECT seq, leaf, data FROM holdfast.entry ORDER BY seq")
                yield Snapshot(
                    tuple(StoredCheckpoint(*row[:3]) for row in rows),
                    tuple((row[1], row[3]) for row in rows),
                    (StoredEntry(*row) for row in entries),
                    self._kept(),
                )

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Wait until nobody else holds this log exclusively, and hold it as long as this connection lives."""
        asked = f"SELECT pg_try_advisory_lock({_HOLD}, {_EXCLUSIVE})".encode()
        with problems(self._address), connect(self._address) as connection:
            connection.execute("SET idle_session_timeout = 0")
            while connection.execute(asked).fetchone() != (True,):
                time.sleep(EXCLUSIVE_EVERY_S)
            yield

    def _kept(self) -> Iterator[Concealed]:
        """Yield what is kept aside when it is asked for, not before: what was erased meanwhile is not handed out."""
        rows = self._reader.ask(lambda connection: connection.execute(_KEPT, binary=True).fetchall())
        yield from (Concealed(*row) for row in rows)

    def close(self) -> None:
        """Let go of the connections."""
        self._writer.close()
        self._reader.close()


class PostgresqlAttachments:
    """The attachments of a log, in parts. Implements ``holdfast.store.rows.Files``."""

    def __init__(self, address: Address, writer: Link, reader: Link) -> None:
        """Share the store's connections."""
        self._address, self._writer, self._reader = address, writer, reader

    def put(self, name: str, data: bytes, media_type: str) -> Attachment:
        """Keep a file, durable when this returns; HF212 if it is larger than 256 MiB, HF214 if another lies there."""
        attachment = described(name, data, media_type)
        starts = range(0, max(len(data), 1), PART_BYTES)
        added = 0
        with _transaction(self._writer, _BEGIN_OTHER) as (connection, _):
            for part, start in enumerate(starts):
                values = (attachment.sha256, part, data[start : start + PART_BYTES])
                added += connection.execute(_ADD_PART, values).rowcount
        if added < len(starts):
            # It was there, or is said to be: what is about to be named must be what its digest says.
            got = self.measure(attachment.sha256)
            if got != (attachment.sha256, attachment.size_bytes):
                raise altered(attachment.sha256, got.sha256 if got else "missing")
        return attachment

    def get(self, sha256: str) -> bytes:
        """Return a file's bytes; HF213 if it is missing, HF214 if it is not what its name says."""
        parts = list(self._parts(sha256))
        if not parts:
            raise missing(sha256, self._address.url)
        data = b"".join(parts)
        if (digest := hashlib.sha256(data).hexdigest()) != sha256:
            raise altered(sha256, digest)
        return data

    def measure(self, sha256: str) -> Measured | None:
        """Return digest and size of a file as it lies there, None if there is none."""
        digest, size, parts = hashlib.sha256(), 0, 0
        for part in self._parts(sha256):
            digest.update(part)
            size, parts = size + len(part), parts + 1
        return Measured(digest.hexdigest(), size) if parts else None

    def _parts(self, sha256: str) -> Iterator[bytes]:
        """Yield the parts of a file one after the other; HF213 if this can be no file's name."""
        if not is_digest(sha256):
            raise missing(sha256, self._address.url)
        number = 0
        while (row := self._reader.ask(partial(_part, sha256, number))) is not None:
            yield row[0]
            number += 1


@contextmanager
def _transaction(link: Link, begin: bytes) -> Iterator[tuple[Connection, Row | None]]:
    """Hold one transaction on a server that keeps what it acknowledges: committed at the end, undone by any error.

    Yields the connection and the first row of what ``begin`` asked for last. HF243 if the commit went unanswered.
    """

    def ask(connection: Connection) -> tuple[Connection, list[Row | None]]:
        cursor = connection.execute(begin)
        answers = []
        while cursor.nextset():
            answers.append(cursor.fetchone())
        return connection, answers

    with link.held():
        connection, answers = link.ask(ask)
        check_durability(link.address, answers[0] or ())
        yield connection, answers[-1]
        _commit(connection, link.address)


def _commit(connection: Connection, address: Address) -> None:
    """Commit; HF243 unless the server says without any reservation that it did.

    It warns, and commits all the same, when somebody ends its wait for a standby: then one copy has it and no other.
    """
    said: list[str] = []

    def note(diagnostic: psycopg.errors.Diagnostic) -> None:
        if diagnostic.severity_nonlocalized == "WARNING":
            said.append(str(diagnostic.message_primary))

    connection.add_notice_handler(note)
    try:
        answer = connection.execute("COMMIT").statusmessage
        why = said[0] if said else None if answer == "COMMIT" else f"it answered {answer}"
    except psycopg.Error as error:
        why = str(error).strip().partition("\n")[0] or type(error).__name__
    finally:
        connection.remove_notice_handler(note)
    if why is not None:
        message = f"{address.url} did not confirm the commit ({why}): it may or may not have been recorded"
        remedy = "read the log to see which, before recording it again"
        raise EnvironmentProblem("HF243", message, remedy=remedy)


def _note(size: int, connection: Connection) -> bytes | None:
    row = connection.execute(_NOTE, (size,), binary=True).fetchone()
    return None if row is None else bytes(row[0])


def _part(sha256: str, number: int, connection: Connection) -> Any:  # noqa: ANN401 -- a row
    return connection.execute(_PART, (sha256, number), binary=True).fetchone()
