"""What holds only of the log in PostgreSQL: rights, durability, lost connections, erasure, several machines."""

# ruff: noqa: S608 -- the statements are made of constants
from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from holdfast.errors import HoldfastError
from holdfast.evidence.events import EvidenceAttached
from holdfast.store import postgresql, postgresql_connection
from holdfast.store.opening import open_log, store_at
from holdfast.store.postgresql import PostgresqlStore
from holdfast.store.postgresql_connection import Address
from holdfast.store.signed import SignedLog
from tests.holdfast.store.home import PostgresHome, codes, phase
from tests.holdfast.store.postgres_server import APPENDER, ERASER, OWNER, READER, SUPERUSER, Server, wait_for

pytestmark = pytest.mark.range

NAME = "Ada Lovelace, Operations, +44 20 7946 0018"


@pytest.fixture
def home(server: Server, tmp_path: Path) -> Iterator[PostgresHome]:
    made = PostgresHome.on(server, tmp_path)
    yield made
    made.leave()


def refusal(code: str) -> pytest.RaisesExc[HoldfastError]:
    """Return a block that must raise this code."""
    return pytest.raises(HoldfastError, check=lambda error: error.code == code)


def record(log: SignedLog, detail: str = "x") -> tuple[int, ...]:
    return log.append([phase(detail)], actor="tester", subject="exercise-1")


def opened(home: PostgresHome, user: str, more: str = "") -> SignedLog:
    """Open the log as this role."""
    url = home.server.url(home.name, user, more)
    return open_log(url, keys=home.outside.keys, anchors=home.outside.anchors)


def run_as(home: PostgresHome, user: str, statement: str) -> None:
    with psycopg.connect(home.server.url(home.name, user)) as connection:
        connection.execute(statement.encode())


def sessions(home: PostgresHome, where: str = "true") -> list[int]:
    """Return the processes that serve those who are connected to the log."""
    query = f"SELECT pid FROM pg_stat_activity WHERE datname = '{home.name}' AND usename <> '{SUPERUSER}' AND {where}"
    return [int(str(row[0])) for row in home.server.ask(query)]


# --- rights ---


@pytest.mark.parametrize("table", ["entry", "checkpoint", "attachment", "aside", "schema_version"])
def test_who_appends_can_change_and_remove_nothing(home: PostgresHome, table: str) -> None:
    home.open().close()
    column = {"checkpoint": "note", "aside": "value", "schema_version": "version"}.get(table, "data")
    for statement in (
        f"UPDATE holdfast.{table} SET {column} = NULL",
        f"DELETE FROM holdfast.{table}",
        f"TRUNCATE holdfast.{table}",
    ):
        for user in (APPENDER, READER):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                run_as(home, user, statement)


@pytest.mark.parametrize("statement", ["UPDATE holdfast.entry SET data = ''", "DELETE FROM holdfast.checkpoint"])
def test_a_slip_of_the_owner_is_refused(home: PostgresHome, statement: str) -> None:
    home.open().close()
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        run_as(home, OWNER, statement)


def test_who_reads_verifies_and_cannot_append(home: PostgresHome) -> None:
    home.fill((2,))
    with opened(home, READER) as log:
        assert len(log.read()) == 4
        with refusal("HF211"):
            record(log)
        with refusal("HF211"):
            log.revealed("0" * 64)
    assert home.audit().held


def test_who_has_no_rights_is_told_what_is_missing(home: PostgresHome) -> None:
    home.open().close()
    home.sql(f"REVOKE USAGE ON SCHEMA holdfast FROM {READER}")
    with pytest.raises(HoldfastError, match="permission denied") as refused:
        opened(home, READER)
    assert "docs/log.md" in refused.value.remedy


# --- durability ---


@contextmanager
def setting(server: Server, **settings: str) -> Iterator[None]:
    before = {name: str(server.ask(f"SHOW {name}")[0][0]) for name in settings}
    server.configure(**settings)
    try:
        yield
    finally:
        server.configure(**before)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fsync", "off"),
        ("full_page_writes", "off"),
        ("synchronous_commit", "off"),
        ("synchronous_commit", "local"),
        ("synchronous_commit", "remote_write"),
    ],
)
def test_a_server_that_may_forget_is_refused(home: PostgresHome, name: str, value: str) -> None:
    with home.open() as log, setting(home.server, **{name: value}):
        log.close()
        for write in (lambda: record(log), lambda: log.attach("x", b"x", "text/plain"), lambda: log.conceal("x")):
            with pytest.raises(HoldfastError, match=f"{name} is {value}") as refused:
                write()
            assert refused.value.code == "HF242"
        assert len(log.read()) == 1
        with opened(home, APPENDER, "&durable=no") as told:
            assert record(told) == (1,)
    assert home.audit().held


def test_a_server_that_begins_to_forget_is_noticed_at_the_next_append(home: PostgresHome) -> None:
    with home.open() as log:
        assert record(log) == (1,)
        with setting(home.server, fsync="off"), refusal("HF242"):
            record(log)
        assert record(log) == (2,)


@pytest.fixture
def silenced(home: PostgresHome) -> Iterator[None]:
    """Let the server say nothing to those who append but errors."""
    home.server.ask(f"ALTER ROLE {APPENDER} SET client_min_messages = error")
    yield
    home.server.ask(f"ALTER ROLE {APPENDER} RESET client_min_messages")


@pytest.mark.usefixtures("silenced")
@pytest.mark.parametrize("end", ["pg_terminate_backend", "pg_cancel_backend"])
def test_a_commit_that_was_not_confirmed_is_not_acknowledged(home: PostgresHome, end: str) -> None:
    """Somebody ends its wait for a standby: then one copy has it, and the server warns of that or says nothing.

    Whoever set what a role is told cannot hide it.
    """
    with home.open() as log:
        raised: list[HoldfastError] = []
        acknowledged: list[int] = []

        def write() -> None:
            """Append until it is not confirmed: the server takes a moment to let commits wait."""
            try:
                while True:
                    acknowledged.extend(record(log))
            except HoldfastError as error:
                raised.append(error)

        with setting(home.server, synchronous_standby_names="nobody"):
            writer = threading.Thread(target=write)
            writer.start()
            wait_for(lambda: bool(sessions(home, "wait_event = 'SyncRep'")))
            confirmed = len(acknowledged)
            for pid in sessions(home, "wait_event = 'SyncRep'"):
                home.server.ask(f"SELECT {end}({pid})")
            writer.join()
        assert [error.code for error in raised] == ["HF243"]
        assert len(acknowledged) == confirmed
        assert log.size() == 1 + confirmed + 1  # it is there, on this copy
        assert record(log) == (confirmed + 2,)
    assert home.audit().held


# --- connections ---


def test_a_restart_in_between_goes_unnoticed(home: PostgresHome) -> None:
    with home.open() as log:
        record(log)
        for mode in ("fast", "immediate"):
            home.server.stop(mode)
            home.server.start()
            assert log.read()
            assert record(log)
    audit = home.audit()
    assert (audit.held, audit.entries) == (True, 4)


def test_a_server_that_is_away_for_a_moment_is_waited_for(home: PostgresHome) -> None:
    with home.open() as log:
        record(log)
        home.server.stop("fast")
        starter = threading.Timer(0.5, home.server.start)
        starter.start()
        assert record(log) == (2,)
        starter.join()
        assert log.size() == 3


def test_a_server_that_stays_away_is_named(home: PostgresHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql_connection, "RECONNECT_LIMIT_S", 0.5)
    with home.open() as log:
        home.server.stop("fast")
        try:
            for ask in (log.size, lambda: record(log)):
                with refusal("HF245"):
                    ask()
            with refusal("HF245"):
                home.open(create=False)
        finally:
            home.server.start()
        assert record(log) == (1,)


def test_a_connection_that_is_lost_in_an_append_leaves_nothing(home: PostgresHome) -> None:
    with home.open() as log:
        store = store_at(home.place)
        with refusal("HF245"), store.writing() as transaction:
            assert isinstance(transaction, postgresql._Append)  # noqa: SLF001 -- in the middle of it
            transaction.connection.execute("INSERT INTO holdfast.entry VALUES (1, '', '')")
            for pid in sessions(home):
                home.server.ask(f"SELECT pg_terminate_backend({pid})")
            transaction.connection.execute("SELECT 1")
        assert log.size() == 1
        assert record(log) == (1,)
        store.close()
    assert home.audit().held


def test_a_writer_that_is_frozen_lets_the_others_go_on(home: PostgresHome, monkeypatch: pytest.MonkeyPatch) -> None:
    with home.open() as log:
        monkeypatch.setitem(postgresql_connection.OF_THE_SERVER, "idle_in_transaction_session_timeout", 200)
        frozen = PostgresqlStore(home.place)
        with refusal("HF211"), frozen.writing() as transaction:
            assert record(log) == (1,)  # waits until the server ends the other's session
            transaction.note(0)
        frozen.close()
    assert home.audit().held


def test_the_server_keeps_our_limits_too(home: PostgresHome) -> None:
    limits = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "search_path")
    with postgresql_connection.connect(Address.parse(home.place)) as connection:
        kept = [connection.execute(f"SHOW {name}".encode()).fetchone() for name in limits]
    assert kept == [("30s",), ("1min",), ("20s",), ("pg_catalog",)]


def test_a_server_that_does_not_answer_is_not_waited_for_without_end(
    home: PostgresHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_connection.Connection, "answer_timeout_s", 0.5)
    with home.open() as log:
        assert log.size() == 1
        (pid,) = sessions(home)
        os.kill(pid, signal.SIGSTOP)
        try:
            assert log.size() == 1  # by another connection
        finally:
            os.kill(pid, signal.SIGCONT)


def test_what_an_address_may_not_be() -> None:
    for address in (
        "postgresql://holdfast:opensesame@host/db",
        "postgresql://holdfast@host/db?password=opensesame",
        "postgresql://holdfast@host/db?nonsense=opensesame",
    ):
        with refusal("HF244") as refused:
            store_at(address)
        assert "opensesame" not in f"{refused.value} {refused.value.remedy}"
    with refusal("HF245"):
        open_log("postgresql://holdfast@/db?host=/nowhere")


def test_what_an_address_says_wins_over_our_limits() -> None:
    ours = Address.parse("postgresql://holdfast@a,b/db?durable=no&service=log").parameters
    assert (ours["host"], ours["service"], ours["connect_timeout"]) == ("a,b", "log", 10)
    theirs = Address.parse("postgresql://holdfast@a/db?connect_timeout=3&options=-c%20lock_timeout%3D7").parameters
    assert theirs["connect_timeout"] == "3"
    assert theirs["options"].endswith("-c lock_timeout=7")


def test_another_machine_must_show_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for surroundings in ("PGHOST", "PGSSLMODE", "PGSERVICE"):
        monkeypatch.delenv(surroundings, raising=False)

    def mode(rest: str) -> object:
        return Address.parse(f"postgresql://holdfast@{rest}").parameters.get("sslmode")

    for there in ("db.example/evidence", "localhost,db.example/evidence", "/evidence?hostaddr=192.0.2.1"):
        assert mode(there) == "verify-full"
    for here in ("/evidence", "localhost/evidence", "/evidence?host=/run/postgresql", "[::1]:5432/evidence"):
        assert mode(here) is None
    assert mode("db.example/evidence?sslmode=prefer") == "prefer"
    assert mode("db.example/evidence?service=log") is None
    monkeypatch.setenv("PGHOST", "db.example")
    assert mode("/evidence") == "verify-full"
    monkeypatch.setenv("PGSSLMODE", "require")
    assert mode("/evidence") is None


def test_a_log_of_another_version_is_refused(home: PostgresHome) -> None:
    home.open().close()
    home.sql("UPDATE schema_version SET version = 2")
    with refusal("HF202"):
        home.open(create=False)


# --- attachments ---


def test_an_attachment_in_parts(home: PostgresHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "PART_BYTES", 4)
    with home.open() as log:
        attachment = log.attach("records", b"0123456789", "text/plain")
        assert home.sql("SELECT part, data FROM attachment ORDER BY part") == [(0, b"0123"), (1, b"4567"), (2, b"89")]
        assert log.attachment(attachment.sha256) == b"0123456789"
        log.append([EvidenceAttached("exercise-1", attachment, "tester", "here")], actor="tester", subject="s")
        assert home.audit().held
        for damage in ("DELETE FROM attachment WHERE part = 1", "UPDATE attachment SET part = 7 WHERE part = 2"):
            home.sql(damage)
            assert codes(home.audit()) == {"HF214"}
            log.attach("records", b"0123456789", "text/plain")  # what is missing is put back
            assert home.audit().held
        home.sql("UPDATE attachment SET data = ? WHERE part = 1", b"oops")
        with refusal("HF214"):
            log.attach("records", b"0123456789", "text/plain")
        home.drop_attachments()
        assert codes(home.audit()) == {"HF213"}


# --- personal data ---


def lies_in(directory: Path, secret: bytes) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file() and secret in path.read_bytes()]


def test_what_is_erased_is_gone_from_every_file_of_the_log(home: PostgresHome) -> None:
    """And of no other: the server's write-ahead log keeps what was written, as long as the server is set to."""
    with home.open() as log, opened(home, ERASER) as officer:
        digest, kept = log.conceal(NAME), log.conceal("Charles Babbage")
        record(log, f"called by {digest}")
        home.server.ask("CHECKPOINT")
        ((number,),) = home.sql("SELECT oid FROM pg_database WHERE datname = current_database()")
        files = home.server.data / "base" / str(number)
        assert lies_in(files, NAME.encode())
        seq = officer.erase([digest, digest], why="retention ended", by="privacy-officer")
        assert not lies_in(files, NAME.encode())
        assert lies_in(home.server.data / "pg_wal", NAME.encode())
        assert (log.revealed(digest), log.revealed(kept)) == (None, "Charles Babbage")
        assert log.read(after=seq - 1)[0].body == {"digests": [digest], "why": "retention ended"}
        with log.snapshot() as snapshot:
            assert [concealed.text() for concealed in snapshot.aside] == ["Charles Babbage"]
        assert officer.erase([digest], why="again", by="privacy-officer") == seq + 1
        assert [log.revealed(each) for each in (kept, log.conceal("Grace Hopper"))] == [
            "Charles Babbage",
            "Grace Hopper",
        ]
    assert home.audit().held


def test_erasing_is_for_whom_it_is_granted_and_all_or_none(home: PostgresHome) -> None:
    with home.open() as log, opened(home, ERASER) as officer:
        digest = log.conceal(NAME)
        with refusal("HF211"):
            log.erase([digest], why="asked", by="tester")
        for digests in ([], [digest, "0" * 64]):
            with refusal("HF234"):
                officer.erase(digests, why="asked", by="tester")
        assert log.revealed(digest) == NAME
        assert log.size() == 1


def test_an_erasure_waits_for_readers_only_for_a_moment(home: PostgresHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_LOCK_ASIDE", b"SET LOCAL lock_timeout = 20; LOCK TABLE holdfast.aside")
    with home.open() as log, opened(home, ERASER) as officer:
        digest = log.conceal(NAME)
        with psycopg.connect(home.server.url(home.name, APPENDER)) as reader:
            reader.execute("SELECT FROM holdfast.aside")
            with refusal("HF235"):
                officer.erase([digest], why="asked", by="tester")
        assert log.revealed(digest) == NAME
        assert officer.erase([digest], why="asked", by="tester") == 1


# --- several machines ---


def test_a_second_machine_reads_at_once_and_appends_with_the_key(home: PostgresHome, tmp_path: Path) -> None:
    keys, anchors = tmp_path / "second" / "keys", tmp_path / "second" / "anchors"
    with home.open() as first, open_log(home.place, keys=keys, anchors=anchors) as second:
        record(first, "from the first")
        assert len(second.read()) == 2
        assert not second.anchored()
        with refusal("HF204"):
            record(second)
        shutil.copytree(home.outside.keys, keys)
        assert record(second, "from the second") == (2,)
        assert record(first, "and the first again") == (3,)
        assert second.anchored()
    audit = home.audit()
    assert (audit.held, audit.anchored) == (True, 4)


def test_what_either_machine_remembers_is_held_against_the_log(home: PostgresHome, tmp_path: Path) -> None:
    with home.open() as first:
        record(first)
        shutil.copytree(home.outside.keys, tmp_path / "keys-2")
        with open_log(home.place, keys=tmp_path / "keys-2", anchors=tmp_path / "anchors-2") as second:
            assert record(second) == (2,)
            home.rewind(2)  # it fails over to a copy that lacks what the second machine was told
            assert record(first) == (2,)
            with refusal("HF209"):
                record(second)


def test_many_processes_append_at_once(home: PostgresHome) -> None:
    home.open().close()
    children = [fork(lambda: [record(log) for log in [home.open(create=False)] for _ in range(15)]) for _ in range(6)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 6
    audit = home.audit()
    assert (audit.held, audit.entries, audit.checkpoints) == (True, 91, 91)


def fork(work: Callable[[], object]) -> int:
    """Do the work in another process, which ends with status 0 only if it was done."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
        os._exit(0)
    finally:
        os._exit(1)


def test_no_session_is_left_behind(home: PostgresHome) -> None:
    with home.open() as log:
        record(log)
        with log.snapshot() as snapshot, log.exclusive():
            next(snapshot.entries)
        deadline = time.monotonic() + 30
        while len(sessions(home)) > 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(sessions(home)) == 2  # one that writes, one that reads
    home.audit()
    wait_for(lambda: sessions(home) == [])
