"""A place for a log in a test: its store, and keys and anchors outside it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import apsw
import psycopg
import pytest

from holdfast.evidence.events import EvidenceAttached, Instant, PhaseEntered
from holdfast.evidence.merkle import Frontier, leaf_hash
from holdfast.store import database, postgresql_connection
from holdfast.store.audit import Audit, audit_log
from holdfast.store.keys import load_verifier
from holdfast.store.opening import open_log, store_at
from holdfast.store.places import ATTACHMENTS, DATABASE, Outside
from holdfast.store.postgresql import PostgresqlStore
from holdfast.store.signed import SignedLog, open_signed
from holdfast.store.sqlite import SqliteStore
from tests.holdfast.store.postgres_server import APPENDER, GRANTS, OWNER, READER, SUPERUSER, Server

OCCURRED = Instant(1, 2, "boot")
FULL = os.environ.get("HOLDFAST_TORTURE") == "full"
IMPATIENCE_MS = 20
Rows = list[tuple[Any, ...]]


def phase(detail: str) -> PhaseEntered:
    """Return an event that carries this detail."""
    return PhaseEntered("exercise-1", "phase", detail, OCCURRED)


@dataclass(frozen=True)
class Home:
    """Where a test's log lives: in SQLite."""

    base: Path
    begins_within_s: ClassVar = 0.02

    @property
    def log(self) -> Path:
        """Return the log's directory."""
        return self.base / "log"

    @property
    def database(self) -> Path:
        """Return the log's SQLite file."""
        return self.log / DATABASE

    @property
    def place(self) -> str:
        """Return how the log is named."""
        return str(self.log)

    @property
    def beginners_place(self) -> str:
        """Return how whoever may begin the log names it."""
        return self.place

    @property
    def outside(self) -> Outside:
        """Return where keys and anchors are."""
        return Outside(self.base / "keys", self.base / "anchors")

    @property
    def cells(self) -> tuple[tuple[str, str, str], ...]:
        """Return table, key and column of everything that can be altered: of entries, checkpoints, frontiers."""
        frontier = ("frontier", "one", "hashes")
        return (("entry", "seq", "leaf"), ("entry", "seq", "data"), ("checkpoint", "number", "note"), frontier)

    def open(self, *, create: bool = True, origin: str | None = None, vfs: str | None = None) -> SignedLog:
        """Open the log, by default beginning it."""
        if vfs is not None:
            return open_signed(SqliteStore(self.log, vfs), self.outside, create=create, origin=origin)
        return open_log(self.place, create=create, origin=origin, keys=self.outside.keys, anchors=self.outside.anchors)

    def audit(self, against: Path | None = None) -> Audit:
        """Verify the log with the key kept outside it."""
        return audit_log(self.place, None, self.outside, against)

    def key(self) -> str:
        """Return the verifier key as text."""
        with closing(store_at(self.place)) as store:
            origins = store.claimed_origins() or [""]
        return str(load_verifier(self.outside.keys, origins[0]))

    def fill(self, appends: Sequence[int]) -> None:
        """Append so many events at a time, then one that names an attachment."""
        with self.open() as log:
            for number, many in enumerate(appends):
                log.append([phase(f"{number}.{i}") for i in range(many)], actor="tester", subject="exercise-1")
            attachment = log.attach("records/AURUM.ndjson", b'{"op":"offer"}\n', "application/x-ndjson")
            log.append([EvidenceAttached("exercise-1", attachment, "tester", "here")], actor="tester", subject="s")

    def leave(self) -> None:
        """Leave nothing behind that a temporary directory does not hold."""

    def another(self, base: Path) -> Home:
        """Return a place for another log, with keys and anchors of its own."""
        return Home(base)

    def copy(self, base: Path) -> Home:
        """Return a copy of all of it, keys and anchors included."""
        shutil.copytree(self.base, base)
        return Home(base)

    # -- what somebody does behind the log's back --

    def sql(self, statement: str, *values: object) -> Rows:
        """Run a statement with everything allowed; ``?`` stands for a value."""
        connection = apsw.Connection(str(self.database))
        try:
            return list(connection.execute(statement, values).fetchall())
        finally:
            connection.close()

    def set_frontier(self, hashes: bytes) -> None:
        """Alter what the next append builds on."""
        self.sql("UPDATE frontier SET hashes = ?", hashes)

    def rewind(self, size: int) -> None:
        """Make the log what it was at an earlier checkpoint, to the byte."""
        leaves = [row[0] for row in self.sql("SELECT leaf FROM entry WHERE seq < ? ORDER BY seq", size)]
        self._cut(size)
        hashes = Frontier().extended(leaves).encode()
        self.sql("UPDATE frontier SET size = ?, hashes = ?", size, hashes)

    def _cut(self, size: int) -> None:
        self.sql("DELETE FROM entry WHERE seq >= ?", size)
        self.sql("DELETE FROM checkpoint WHERE size > ?", size)

    def rewrite(self, entries: Sequence[bytes], frontier: Frontier, note: bytes) -> None:
        """Put other entries in the place of all that are there, with one checkpoint over them."""
        self._cut(-1)
        for seq, data in enumerate(entries):
            self.sql("INSERT INTO entry VALUES (?, ?, ?)", seq, leaf_hash(data), data)
        self._check_point(frontier, note)

    def _check_point(self, frontier: Frontier, note: bytes) -> None:
        self.sql("INSERT INTO checkpoint VALUES (0, ?, ?)", frontier.size, note)
        self.sql("UPDATE frontier SET size = ?, hashes = ?", frontier.size, frontier.encode())

    def vanish(self) -> None:
        """Remove the log."""
        for path in self.log.iterdir():
            path.unlink()

    def kept_attachments(self) -> list[str]:
        """Return the names of the attachments."""
        return sorted(path.name for path in (self.log / ATTACHMENTS).iterdir())

    def alter_attachment(self, sha256: str, data: bytes) -> None:
        """Put other bytes in the place of an attachment's."""
        path = self.log / ATTACHMENTS / sha256
        path.chmod(0o644)
        path.write_bytes(data)

    def drop_attachments(self) -> None:
        """Remove the attachments."""
        for path in (self.log / ATTACHMENTS).iterdir():
            path.unlink()

    @contextmanager
    def half_written(self) -> Iterator[None]:
        """Be another writer in the middle of an append."""
        connection = apsw.Connection(str(self.database))
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO entry VALUES (99, x'', x'')")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
            connection.close()

    def be_impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let writers wait for each other for a moment only."""
        monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", IMPATIENCE_MS)


_NUMBERS = count(1)


@dataclass(frozen=True)
class PostgresHome(Home):
    """The same in PostgreSQL, appended to by a role that may only insert and select, and verified by one that reads."""

    server: Server
    name: str
    begins_within_s: ClassVar = 0.2

    @classmethod
    def on(cls, server: Server, base: Path) -> PostgresHome:
        """Return a place for a log, in a database of its own."""
        return cls(base, server, server.database(f"log_{os.getpid()}_{next(_NUMBERS)}"))

    @property
    def place(self) -> str:
        """Return how those who append name the log."""
        return self.server.url(self.name, APPENDER)

    @property
    def beginners_place(self) -> str:
        """Return how the owner names it."""
        return self.server.url(self.name, OWNER)

    @property
    def cells(self) -> tuple[tuple[str, str, str], ...]:
        """Return table, key and column of everything that can be altered."""
        return (*Home.cells.fget(self)[:3], ("checkpoint", "number", "frontier"))  # type: ignore[attr-defined]

    def open(self, *, create: bool = True, origin: str | None = None, vfs: str | None = None) -> SignedLog:
        """Open the log; the owner begins it and grants the others what they need."""
        assert vfs is None
        if create:
            self.begin(origin)
        return super().open(create=False, origin=origin)

    def begin(self, origin: str | None = None) -> None:
        """Begin the log if there is none."""
        owners = PostgresqlStore(self.beginners_place)
        open_signed(owners, self.outside, create=True, origin=origin).close()
        may = f"SELECT has_schema_privilege('{APPENDER}', 'holdfast', 'USAGE')"
        if self.server.ask(may, self.name) != [(True,)]:
            # One after the other: two that race to begin a log would alter the same rows of the catalogue.
            self.server.ask(f"BEGIN; SELECT pg_advisory_xact_lock(0); {GRANTS}; COMMIT", self.name, OWNER)

    def audit(self, against: Path | None = None) -> Audit:
        """Verify the log as the role that only reads."""
        return audit_log(self.server.url(self.name, READER), None, self.outside, against)

    def leave(self) -> None:
        """Give the database to the next test."""
        self.server.spare_again(self.name)

    def another(self, base: Path) -> PostgresHome:
        """Return a place for another log, in another database."""
        return PostgresHome.on(self.server, base)

    def copy(self, base: Path) -> PostgresHome:
        """Return a copy of all of it, keys and anchors included."""
        shutil.copytree(self.base, base)
        name = self.server.database(f"{self.name}_{next(_NUMBERS)}", template=self.name)
        return PostgresHome(base, self.server, name)

    def sql(self, statement: str, *values: object) -> Rows:
        """Run a statement as a superuser who switches the triggers off; ``?`` stands for a value."""
        options = "-c search_path=holdfast -c session_replication_role=replica"
        url = self.server.url(self.name, SUPERUSER)
        with psycopg.connect(url, options=options, autocommit=True) as connection:
            answer = connection.execute(statement.replace("?", "%s").encode(), values or None)
            return answer.fetchall() if answer.description else []

    def set_frontier(self, hashes: bytes) -> None:
        """Alter what the next append builds on."""
        self.sql("UPDATE checkpoint SET frontier = ? WHERE number = (SELECT max(number) FROM checkpoint)", hashes)

    def rewind(self, size: int) -> None:
        """Make the log what it was at an earlier checkpoint, to the byte."""
        self._cut(size)

    def _check_point(self, frontier: Frontier, note: bytes) -> None:
        self.sql("INSERT INTO checkpoint VALUES (0, ?, ?, ?)", frontier.size, note, frontier.encode())

    def vanish(self) -> None:
        """Remove the log."""
        self.sql("DROP SCHEMA holdfast CASCADE")

    def kept_attachments(self) -> list[str]:
        """Return the names of the attachments."""
        return sorted(str(row[0]) for row in self.sql("SELECT DISTINCT sha256 FROM attachment"))

    def alter_attachment(self, sha256: str, data: bytes) -> None:
        """Put other bytes in the place of an attachment's."""
        self.sql("UPDATE attachment SET data = ? WHERE sha256 = ?", data, sha256)

    def drop_attachments(self) -> None:
        """Remove the attachments."""
        self.sql("DELETE FROM attachment")

    @contextmanager
    def half_written(self) -> Iterator[None]:
        """Be another writer in the middle of an append."""
        store = PostgresqlStore(self.place)
        with suppress(_Undone), store.writing() as transaction:
            transaction.connection.execute("INSERT INTO holdfast.entry VALUES (99, '', '')")
            yield
            raise _Undone
        store.close()

    def be_impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let writers wait for each other for a moment only."""
        monkeypatch.setitem(postgresql_connection.OF_THE_SERVER, "lock_timeout", IMPATIENCE_MS)


class _Undone(Exception):
    """An append that is not to be."""


def codes(audit: Audit) -> set[str]:
    """Return the codes of the errors that were found."""
    return {finding.code for finding in audit.findings if finding.severity == "error"}
