"""The log in SQLite, for one machine: any number of processes append and read.

One append is one transaction: entries with their leaf hashes, the new frontier, and a signed checkpoint over all of
it, so that no entry is ever unsigned. Then the anchor, outside the log's directory; then the acknowledgement.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import apsw

from holdfast.errors import EnvironmentProblem, HoldfastError, UsageError
from holdfast.evidence.envelope import ENVELOPE_VERSION, Envelope, body_of, decode, encode, kind_of
from holdfast.evidence.events import Attachment, Event, LogOpened
from holdfast.evidence.merkle import EMPTY_ROOT, Frontier, leaf_hash
from holdfast.evidence.notes import Checkpoint, Signer, check_origin, is_origin, read_checkpoint
from holdfast.evidence.verification import REMEDY_ALTERED, StoredEntry
from holdfast.store import database, keys
from holdfast.store.anchor import Anchor
from holdfast.store.attachments import Attachments
from holdfast.store.clock import now
from holdfast.store.durable import make_directory, sync_directory
from holdfast.store.places import ATTACHMENTS, DATABASE, Outside
from holdfast.store.port import APPEND_LIMIT_EVENTS, Snapshot

DIRECTORY_MODE = 0o755
OWN_ACTOR = "holdfast"


@dataclass(frozen=True, slots=True)
class _Draft:
    """An event on its way into the log: what is known before its place and time are."""

    kind: str
    body: dict[str, Any]
    actor: str
    subject: str
    cause: int | None


class SqliteLog:
    """A log in a directory; ``open_log`` opens one. Implements ``holdfast.store.port.Log``; threads may share it."""

    def __init__(self, directory: Path, origin: str, outside: Outside, vfs: str | None = None) -> None:
        """Take a log that exists; connections are opened when they are needed."""
        self.directory = directory
        self._origin = origin
        self._outside = outside
        self._vfs = vfs
        self._path = directory / DATABASE
        self._attachments = Attachments(directory / ATTACHMENTS)
        self._anchor = Anchor(outside.anchors, origin)
        self._signer: Signer | None = None
        self._trusted_head: bytes | None = None
        self._writer: apsw.Connection | None = None
        self._reader: apsw.Connection | None = None
        self._writer_lock = threading.Lock()
        self._reader_lock = threading.Lock()

    @property
    def origin(self) -> str:
        """Return the log's id, which is also the name of its key."""
        return self._origin

    def append(self, events: Sequence[Event], *, actor: str, subject: str, cause: int | None = None) -> tuple[int, ...]:
        """Record the events, all or none, and return their sequence numbers once they are durable.

        If it raises, they may or may not have been recorded: only what was returned is acknowledged. HF206 for an
        event that cannot be recorded, HF204 and HF205 without the log's own key, HF218 if the log's head was altered.
        """
        if len(events) > APPEND_LIMIT_EVENTS:
            message = f"{len(events):,} events in one append; at most {APPEND_LIMIT_EVENTS:,} fit in a transaction"
            raise UsageError("HF206", message, remedy="append them in parts, or attach them as a file")
        drafts = [_Draft(kind_of(event), body_of(event), actor, subject, cause) for event in events]
        if not drafts:
            return ()
        with self._writer_lock, database.storage_problems(self._path):
            if self._signer is None:
                self._signer = keys.load_key(self._outside.keys, self._origin)
            if self._writer is None:
                self._writer = database.connect(self._path, write=True, vfs=self._vfs)
            with database.writing(self._writer):
                start, checkpoint, note = self._write(self._writer, self._signer, drafts)
            self._trusted_head = note
            self._anchor.advance(checkpoint.size, checkpoint.root, begun_at=start)
        return tuple(range(start, checkpoint.size))

    def _write(
        self, connection: apsw.Connection, signer: Signer, drafts: Sequence[_Draft]
    ) -> tuple[int, Checkpoint, bytes]:
        """Write all rows of one append; return its first sequence number, and the checkpoint that covers it all."""
        number, frontier = self._head(connection, signer)
        rows = self._rows(frontier.size, drafts)
        grown = frontier.extended(row.leaf for row in rows)
        checkpoint = Checkpoint(self._origin, grown.size, grown.root())
        note = signer.sign(checkpoint)
        connection.executemany("INSERT INTO entry VALUES (?, ?, ?)", rows)
        connection.execute("INSERT INTO checkpoint VALUES (?, ?, ?)", (number + 1, grown.size, note))
        connection.execute("UPDATE frontier SET size = ?, hashes = ?", (grown.size, grown.encode()))
        return frontier.size, checkpoint, note

    def _rows(self, start: int, drafts: Sequence[_Draft]) -> list[StoredEntry]:
        # Read inside the transaction, so that within one boot the times never run against the order.
        at, user = now(), _os_user()
        rows = []
        for seq, draft in enumerate(drafts, start):
            if draft.cause is not None and not 0 <= draft.cause < start:
                message = f"entry {draft.cause} cannot be the cause of entry {seq}: it must have come before"
                raise UsageError("HF206", message, remedy="name an entry that is in the log already, or none")
            envelope = Envelope(
                v=ENVELOPE_VERSION,
                log=self._origin,
                seq=seq,
                at_utc_us=at.utc_us,
                mono_us=at.mono_us,
                clock_id=at.clock_id,
                kind=draft.kind,
                actor=draft.actor,
                os_user=user,
                subject=draft.subject,
                cause=draft.cause,
                body=draft.body,
            )
            data = encode(envelope)
            rows.append(StoredEntry(seq, leaf_hash(data), data))
        return rows

    def _head(self, connection: apsw.Connection, signer: Signer) -> tuple[int, Frontier]:
        """Return the number of the latest checkpoint and the frontier at it; never build on what nobody signed."""
        frontier = Frontier.decode(*connection.execute("SELECT size, hashes FROM frontier").get)
        latest = connection.execute("SELECT number, note FROM checkpoint ORDER BY number DESC LIMIT 1").get
        if latest is None and frontier.size == 0:
            return -1, frontier
        number, note = latest or (-1, b"")
        if note == self._trusted_head:
            return number, frontier
        try:
            checkpoint = read_checkpoint(note, signer.key)
        except HoldfastError as error:
            message = f"the key at hand did not sign the head of this log: {error.message}"
            raise HoldfastError(
                "HF205", message, remedy="put the log's own key back, or run `holdfast log verify`"
            ) from error
        if (checkpoint.size, checkpoint.root) != (frontier.size, frontier.root()):
            message = "the stored frontier does not lead to the signed root: the head of this log was altered"
            raise HoldfastError("HF218", message, remedy=REMEDY_ALTERED)
        return number, frontier

    def read(self, after: int = -1, limit: int = 1000) -> list[Envelope]:
        """Return up to ``limit`` entries with a sequence number above ``after``, in order; HF219 if one was altered."""
        return [decode(data) for _, _, data in self.read_stored(after, limit)]

    def read_stored(self, after: int = -1, limit: int = 1000) -> list[StoredEntry]:
        """Return the same entries as they lie in the store, held against their leaf hashes."""
        query = "SELECT seq, leaf, data FROM entry WHERE seq > ? ORDER BY seq LIMIT ?"
        rows = [StoredEntry(*row) for row in self._query(query, (after, limit))]
        for expected, row in enumerate(rows, max(after, -1) + 1):
            if row.seq != expected or leaf_hash(row.data) != row.leaf:
                what = "was altered" if row.seq == expected else "is missing"
                raise HoldfastError("HF219", f"entry {expected} {what}", remedy="run `holdfast log verify` on this log")
        return rows

    def size(self) -> int:
        """Return the number of entries that a checkpoint covers."""
        rows = self._query("SELECT size FROM checkpoint ORDER BY number DESC LIMIT 1", ())
        return int(rows[0][0]) if rows else 0

    def attach(self, name: str, data: bytes, media_type: str) -> Attachment:
        """Keep a file, durably, and return what an event names it by; HF212 above 256 MiB."""
        return self._attachments.put(name, data, media_type)

    def attachment(self, sha256: str) -> bytes:
        """Return an attachment's bytes; HF213 if it is missing, HF214 if it is not what its digest says."""
        return self._attachments.get(sha256)

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Return the rows as they lie there, for verification and export; nothing of it is checked."""
        return database.snapshot(self._path, self._vfs)

    def anchored(self) -> bool:
        """Return whether there is an anchor here that this log was held against when it was opened."""
        return self._anchor.read() is not None

    def close(self) -> None:
        """Let go of the store. What was acknowledged stays."""
        with self._writer_lock, self._reader_lock:
            for connection in (self._writer, self._reader):
                if connection is not None:
                    connection.close()
            self._writer = self._reader = None

    def __enter__(self) -> Self:
        """Return the log, to be closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the log."""
        self.close()

    def _query(self, query: str, values: tuple[int, ...]) -> list[tuple[Any, ...]]:
        with self._reader_lock, database.storage_problems(self._path):
            if self._reader is None:
                self._reader = database.connect(self._path, write=False, vfs=self._vfs)
            return self._reader.execute(query, values).fetchall()

    def begin(self) -> None:
        """Begin the log: key, anchor at size 0, then tables and first entry in one transaction.

        What a creation left that was interrupted is taken up. HF208 if a log of this origin was acknowledged before.
        """
        anchor = self._anchor.read()
        if anchor is not None and anchor.size:
            message = (
                f"{anchor.size} entries of a log {self._origin} were acknowledged, but {self.directory} holds no log"
            )
            raise HoldfastError("HF208", message, remedy="bring that log back, or begin one with another origin")
        signer = keys.load_or_create_key(self._outside.keys, self._origin)
        self._anchor.advance(0, EMPTY_ROOT, begun_at=0)
        opened = LogOpened(self._origin, str(signer.key), version("holdfast"))
        draft = _Draft(kind_of(opened), body_of(opened), OWN_ACTOR, self._origin, None)
        with database.storage_problems(self._path):
            connection = database.create(self._path, self._vfs)
            try:
                with database.writing(connection):
                    database.lay_tables(connection)
                    _, checkpoint, _ = self._write(connection, signer, [draft])
            finally:
                connection.close()
            sync_directory(self.directory)
        self._anchor.advance(checkpoint.size, checkpoint.root, begun_at=0)

    def hold_against_anchor(self) -> None:
        """Raise HF208 if the log is older than its anchor, HF209 if it is another history than the anchored one."""
        # The anchor is written after the commit: read before the log, it can never be ahead of an honest one.
        anchor = self._anchor.read()
        if anchor is None or not anchor.size:
            return
        size = self.size()
        if size < anchor.size:
            message = (
                f"this log has {size} entries, but {anchor.size} were acknowledged (anchor {self._anchor.path}): "
                "it was restored from an older backup, or its end was cut off"
            )
            remedy = (
                "bring back the newer copy; if that is lost for good, keep this one as it is "
                "(`holdfast log verify` says what it still proves) and begin a new log in another directory"
            )
            raise HoldfastError("HF208", message, remedy=remedy)
        notes = self._query("SELECT note FROM checkpoint WHERE size = ?", (anchor.size,))
        if not notes or read_checkpoint(notes[0][0], None).root != anchor.root:
            message = (
                f"this log does not hold the root that was acknowledged at size {anchor.size}: it is another history"
            )
            raise HoldfastError("HF209", message, remedy=REMEDY_ALTERED)


def open_log(
    directory: Path,
    *,
    create: bool = False,
    origin: str | None = None,
    keys: Path | None = None,
    anchors: Path | None = None,
    vfs: str | None = None,
) -> SqliteLog:
    """Return the log in a directory, held against its anchor; with ``create`` a new one if there is none.

    HF201 if there is no log, HF203 if it has another origin than the given one, HF208 and HF209 if it is older than
    its anchor or another history. ``vfs`` names the SQLite file layer to use, by default the system's.
    """
    outside = Outside.of(directory, keys, anchors)
    if create:
        make_directory(directory, DIRECTORY_MODE)
        with _locked(directory):
            if origin_of(directory, vfs) is None:
                fresh = SqliteLog(directory, check_origin(origin or f"holdfast/{secrets.token_hex(8)}"), outside, vfs)
                fresh.begin()
    found = origin_of(directory, vfs)
    if found is None:
        message = f"there is no log in {directory}"
        remedy = "name the directory of a log; `holdfast drill` begins one, by default in ./evidence"
        raise EnvironmentProblem("HF201", message, remedy=remedy)
    if origin is not None and origin != found:
        message = f"the log in {directory} is {found}, expected was {origin}"
        raise UsageError("HF203", message, remedy="name the other log's directory, or leave the origin out")
    log = SqliteLog(directory, found, outside, vfs)
    log.hold_against_anchor()
    return log


def origin_of(directory: Path, vfs: str | None = None) -> str | None:
    """Return what the latest checkpoint in a directory claims to be the log's origin; None if there is no log.

    HF221 if it is none. That it was signed is not checked here: an altered one leads to a key that did not sign it.
    """
    claimed = claimed_origins(directory, vfs)
    if claimed is None:
        return None
    if not claimed:
        raise HoldfastError("HF221", f"the log in {directory} has no checkpoint with an origin", remedy=REMEDY_ALTERED)
    return claimed[0]


def claimed_origins(directory: Path, vfs: str | None = None) -> list[str] | None:
    """Return the origins that the latest and the first checkpoint claim, if they can be one; None without a log."""
    path = directory / DATABASE
    if not path.is_file():
        return None
    connection = database.connect(path, write=False, vfs=vfs)
    try:
        with database.storage_problems(path):
            if not database.is_log(connection):
                return None
            ends = "SELECT max(number) FROM checkpoint UNION SELECT min(number) FROM checkpoint"
            query = f"SELECT note FROM checkpoint WHERE number IN ({ends}) ORDER BY number DESC"  # noqa: S608 -- constant
            notes = [bytes(row[0]) for row in connection.execute(query)]
    finally:
        connection.close()
    origins = [note.partition(b"\n")[0].decode(errors="replace") for note in notes]
    return [origin for origin in dict.fromkeys(origins) if is_origin(origin)]


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Hold the directory against others that would begin a log in it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _os_user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid:{os.geteuid()}"
