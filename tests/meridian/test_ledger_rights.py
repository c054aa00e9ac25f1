"""Who may do what in the ledger, and what it refuses to everybody, on a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from meridian.ledger import NOT_DURABLE
from tests.meridian.ledger_server import Server, pair, wait_for

pytestmark = pytest.mark.range

INSTRUCTION = {"op": "instruct", "sender": "AURUM", "receiver": "BOREAL", "amount_cents": 1, "priority": "normal"}
STANDBYS = 'ANY 1 ("ledger-b")'


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, Server]]:
    with pair() as started:
        yield started


@pytest.fixture
def app(servers: tuple[Server, Server]) -> Iterator[psycopg.Connection]:
    with psycopg.connect(servers[0].dsn("ledger_app"), autocommit=True) as connection:
        yield connection


def handle(connection: psycopg.Connection, key: str) -> str:
    answer = connection.execute("SELECT ledger.handle(%s)", (json.dumps([{**INSTRUCTION, "key": key}]),)).fetchone()
    assert answer is not None
    return str(answer[0]["answers"][0]["status"])


def present(server: Server, key: str) -> bool:
    return bool(server.ask(f"SELECT FROM ledger.instruction WHERE key = '{key}'"))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM ledger.account",
        "UPDATE ledger.account SET balance_cents = 0",
        "INSERT INTO ledger.head DEFAULT VALUES",
        "DELETE FROM ledger.journal",
        "SELECT ledger.open_day(NULL)",
        "SELECT ledger.chain(1, 'settle', 'x', '{}')",
        "SELECT ledger.establish('[]', '{}')",
        "SET ROLE ledger_owner",
        "CREATE TABLE ledger.mine ()",
        "CREATE TEMPORARY TABLE account ()",
    ],
)
def test_a_gateway_may_only_ask_at_the_entrance(app: psycopg.Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement.encode())


@pytest.mark.parametrize("table", ["account", "instruction", "entry", "journal", "business_day", "position"])
def test_the_auditor_reads_everything_and_changes_nothing(servers: tuple[Server, Server], table: str) -> None:
    with psycopg.connect(servers[0].dsn("auditor"), autocommit=True) as auditor:
        auditor.execute(sql.SQL("SELECT * FROM ledger.{}").format(sql.Identifier(table)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            auditor.execute(sql.SQL("DELETE FROM ledger.{}").format(sql.Identifier(table)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            auditor.execute("SELECT ledger.handle('[]')")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.journal SET body = ''",
        "DELETE FROM ledger.entry",
        "TRUNCATE ledger.entry",
        "UPDATE ledger.account SET balance_cents = balance_cents + 1",
        "UPDATE ledger.account SET balance_cents = -limit_cents - 1, debits_cents = opening_cents + limit_cents + 1",
        "UPDATE ledger.instruction SET status = 'queued'",
        "INSERT INTO ledger.business_day SELECT 9, date, opened_us, cut_off_us, close_by_us FROM ledger.business_day",
    ],
)
def test_not_even_a_superuser_breaks_a_rule_by_mistake(
    servers: tuple[Server, Server], app: psycopg.Connection, statement: str
) -> None:
    handle(app, "there-is-one")
    with pytest.raises(psycopg.DatabaseError):
        servers[0].ask(statement)


def test_nothing_is_done_by_a_session_that_does_not_wait_for_the_second_site(
    servers: tuple[Server, Server], app: psycopg.Connection
) -> None:
    assert handle(app, "waits") == "settled"
    app.execute("SET synchronous_commit = local")
    with pytest.raises(psycopg.DatabaseError) as refused:
        handle(app, "does-not-wait")
    assert refused.value.sqlstate == NOT_DURABLE
    assert not present(servers[0], "does-not-wait")


def test_nothing_is_committed_by_a_session_that_stops_waiting_after_it_asked(
    servers: tuple[Server, Server], app: psycopg.Connection
) -> None:
    app.execute("BEGIN")
    assert handle(app, "stops-waiting") == "settled"
    app.execute("SET LOCAL synchronous_commit = off")
    with pytest.raises(psycopg.DatabaseError) as refused:
        app.execute("COMMIT")
    assert refused.value.sqlstate == NOT_DURABLE
    assert not present(servers[0], "stops-waiting")


@pytest.mark.parametrize("standbys", ["", "*", "ANY 1 (*)"])
def test_nothing_is_done_by_a_primary_that_waits_for_nobody_or_anybody(
    servers: tuple[Server, Server], standbys: str
) -> None:
    primary = servers[0]
    try:
        primary.configure(synchronous_standby_names=standbys)
        wait_for(lambda: primary.ask("SHOW synchronous_standby_names") == [(standbys,)])
        with (
            psycopg.connect(primary.dsn("ledger_app"), autocommit=True) as connection,
            pytest.raises(psycopg.DatabaseError) as refused,
        ):
            handle(connection, "anybody")
        assert refused.value.sqlstate == NOT_DURABLE
    finally:
        primary.configure(synchronous_standby_names=STANDBYS)
        wait_for(lambda: primary.ask("SHOW synchronous_standby_names") == [(STANDBYS,)])
    assert not present(primary, "anybody")


def test_the_functions_at_the_entrance_look_nowhere_but_in_the_ledger(servers: tuple[Server, Server]) -> None:
    rows = servers[0].ask(
        "SELECT proname, proconfig FROM pg_proc WHERE pronamespace = 'ledger'::regnamespace AND prosecdef"
    )
    assert {str(name): config for name, config in rows} == {
        name: ["search_path=ledger, pg_temp"] for name in ("handle", "glance")
    }


def test_nobody_comes_in_without_a_password(servers: tuple[Server, Server], tmp_path: Path) -> None:
    for user in ("postgres", "ledger_app", "auditor"):
        dsn = servers[0].dsn(user, passfile=str(tmp_path / "none")).replace("password=only-for-tests", "")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(dsn)
