"""The database stack in its own network: how it boots, what it tells, and that no loss of one host loses a commit."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import psycopg
import pytest

from meridian import control
from meridian.errors import MachineCannot
from meridian.keeper import isolation, layout
from meridian.stack.members import DATABASE, MEMBERS
from meridian.stack.readiness import Standing

pytestmark = pytest.mark.range

LIMIT_S = 120.0
HOST_OF = {member.ledger: member.host for member in MEMBERS}
DRILL = "test"


@dataclass(slots=True)
class Stack:
    """A running stack, and what was committed to it."""

    directory: Path
    committed: list[int] = field(default_factory=list)

    @property
    def keeper(self) -> control.Keeper:
        return control.Keeper(self.directory)

    def standing(self, condition: Callable[[Standing], bool]) -> Standing:
        """Return the first standing for which the condition holds."""
        view = control.View(self.directory)
        deadline = time.monotonic() + LIMIT_S
        while not condition(standing := view.standing()):
            if time.monotonic() > deadline:
                pytest.fail(f"still missing: {standing.missing()}")
            time.sleep(0.1)
        return standing

    def armed(self) -> str:
        """Return the primary once the stack is armed."""
        return str(self.standing(lambda standing: standing.armed).primary)

    def connect(self, ledger: str, database: str = DATABASE) -> psycopg.Connection[tuple[object, ...]]:
        """Return a superuser's connection through the Unix socket."""
        return psycopg.connect(
            host=str(self.directory / "hosts" / HOST_OF[ledger] / "run"),
            dbname=database,
            user="postgres",
            password=(self.directory / "secrets" / "postgres-superuser").read_text(),
            connect_timeout=2,
            autocommit=True,
        )

    def commit(self, ledger: str) -> None:
        """Commit one more row on the primary; it is kept in mind only when the commit came back without a warning."""
        number = len(self.committed)
        with self.connect(ledger, "postgres") as connection:
            warnings: list[object] = []
            connection.add_notice_handler(warnings.append)
            connection.execute("CREATE TABLE IF NOT EXISTS mark (number bigint PRIMARY KEY)")
            warnings.clear()
            connection.execute("INSERT INTO mark VALUES (%s)", [number])
            assert warnings == []
        self.committed.append(number)

    def assert_all_there(self, ledger: str) -> None:
        """Check every committed row on one copy."""
        with self.connect(ledger, "postgres") as connection:
            found = [row[0] for row in connection.execute("SELECT number FROM mark ORDER BY number").fetchall()]
        assert found == self.committed


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    try:
        settings = layout.Settings("stack", isolation.probe(), "fast", "safe", 0, "tests.meridian.bare_stack")
    except MachineCannot as reason:
        pytest.skip(str(reason))
    directory = Path(tempfile.gettempdir()) / f"mr-{secrets.token_hex(4)}"
    try:
        with patch.dict(os.environ, PYTHONPATH=str(Path(__file__).parents[2])):
            control.start(directory, settings)
        yield Stack(directory)
    finally:
        control.stop(directory)


def test_a_new_cluster_is_led_from_data_centre_a_and_etcd_from_the_witness(stack: Stack) -> None:
    standing = stack.standing(lambda standing: standing.armed)
    assert standing.primary == "ledger-a"
    assert standing.etcd_leader == "etcd-w"
    assert {copy.timeline for copy in standing.copies.values()} == {1}
    stack.commit("ledger-a")


def test_postgresql_runs_as_it_was_meant_to(stack: Stack) -> None:
    wanted = {
        "data_checksums": "on",
        "fsync": "on",
        "full_page_writes": "on",
        "password_encryption": "scram-sha-256",
        "server_encoding": "UTF8",
        "synchronous_commit": "on",
        "synchronous_standby_names": 'ANY 1 ("ledger-b","ledger-w")',
        "wal_log_hints": "on",
    }
    with stack.connect(stack.armed()) as connection:
        settings = connection.execute(
            "SELECT name, setting FROM pg_settings WHERE name = ANY (%s)", [list(wanted)]
        ).fetchall()
        rules = connection.execute("SELECT type, auth_method, error FROM pg_hba_file_rules").fetchall()
        roles = connection.execute("SELECT rolname, rolpassword, rolsuper FROM pg_authid WHERE rolcanlogin").fetchall()
        restart = connection.execute("SELECT count(*) FROM pg_settings WHERE pending_restart").fetchall()
    assert sorted(settings) == sorted(wanted.items())
    assert {(method, error) for _, method, error in rules} == {("scram-sha-256", None)}
    assert all(str(password).startswith("SCRAM-SHA-256$") for _, password, _ in roles)
    assert {name for name, _, _ in roles} == {
        "postgres", "replicator", "rewinder", "ledger_app", "auditor", "vault", "observer",
    }  # fmt: skip
    assert {name for name, _, is_super in roles if is_super} == {"postgres"}
    assert restart == [(0,)]


def test_a_wrong_password_and_no_password_open_nothing(stack: Stack) -> None:
    socket = str(stack.directory / "hosts" / "db-a" / "run")
    for password in ("wrong", ""):
        for user in ("postgres", "auditor"):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(host=socket, dbname=DATABASE, user=user, password=password)


def test_no_password_is_in_a_log_or_in_the_arguments_of_a_process(stack: Stack) -> None:
    words = {path.name: path.read_text() for path in (stack.directory / "secrets").iterdir()}
    told = {str(path): path.read_text(errors="replace") for path in stack.directory.glob("hosts/*/log/*.log")}
    for name, process in stack.keeper.inventory()["processes"].items():
        told[name] = Path(f"/proc/{process['pid']}/cmdline").read_text()
    assert len(told) >= 17
    assert [(place, name) for place, text in told.items() for name, word in words.items() if word in text] == []


def test_patroni_obeys_nobody_without_its_password(stack: Stack) -> None:
    with stack.keeper.connect("db-a", 8008) as connection:
        connection.sendall(b"POST /restart HTTP/1.0\r\nHost: db-a\r\nContent-Length: 2\r\n\r\n{}")
        assert connection.recv(100).startswith(b"HTTP/1.0 401 ")


@pytest.mark.parametrize("tree", [False, True], ids=["postmaster", "all of it"])
def test_a_killed_primary_is_replaced_and_comes_back(stack: Stack, tree: bool) -> None:  # noqa: FBT001
    old = stack.armed()
    stack.commit(old)
    stack.keeper.ask("signal", process=old, signal="KILL", tree=tree, exercise=DRILL)
    new = stack.standing(lambda standing: standing.writable and standing.primary != old).primary
    assert new is not None
    stack.assert_all_there(new)
    stack.commit(new)
    stack.armed()


def test_a_host_that_lost_its_power_comes_back_as_a_copy(stack: Stack) -> None:
    old = stack.armed()
    stack.commit(old)
    # The disk of the host is as the power loss left it: PostgreSQL's locks name processes of a world that is gone.
    stack.keeper.ask("power_off", host=HOST_OF[old], exercise=DRILL)
    stack.keeper.ask("power_on", host=HOST_OF[old])
    standing = stack.standing(lambda standing: standing.armed)
    assert set(standing.copies) == set(HOST_OF)
    assert standing.primary is not None
    stack.commit(standing.primary)
    for ledger in HOST_OF:
        deadline = time.monotonic() + LIMIT_S
        while not _replayed(stack, ledger, stack.committed[-1]):
            assert time.monotonic() < deadline, f"{ledger} does not follow"
            time.sleep(0.1)
        stack.assert_all_there(ledger)


def test_the_loss_of_the_witness_stops_nothing_and_its_return_brings_the_leader_back(stack: Stack) -> None:
    primary = stack.armed()
    stack.keeper.ask("power_off", host="db-w", exercise=DRILL)
    # While etcd elects, nobody can say who leads; that is no answer, and not another one.
    standing = stack.standing(
        lambda standing: standing.etcd_leader not in {None, "etcd-w"} and standing.primary is not None
    )
    if primary != "ledger-w":
        assert standing.primary == primary
        stack.commit(primary)
    # The primary still counts the lost copy, whose connection ended without a word; it must not be believed.
    assert "ledger-w" not in standing.streaming
    assert "ledger-w" not in standing.copies
    stack.keeper.ask("power_on", host="db-w")
    assert stack.standing(lambda standing: standing.armed).etcd_leader == "etcd-w"


def _replayed(stack: Stack, ledger: str, number: int) -> bool:
    with stack.connect(ledger, "postgres") as connection:
        return connection.execute("SELECT count(*) FROM mark WHERE number = %s", [number]).fetchall() == [(1,)]
