"""What an observer writes, on a real PostgreSQL: synchronous as a payment, a page further each time, and no more."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest

from meridian.fencer import OBSERVERS
from meridian.fencer.observer import Sight, Writer
from meridian.settlement.router import Primary
from meridian.settlement.wire import Session
from tests.meridian.ledger_server import PASSWORD, Server, pair, wait_for

pytestmark = pytest.mark.range

PAGE_BYTES = 8192


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, Server]]:
    with pair() as started:
        yield started


@pytest.fixture
def observer(servers: tuple[Server, Server]) -> Iterator[psycopg.Connection]:
    with psycopg.connect(servers[0].dsn("observer"), autocommit=True) as connection:
        yield connection


def beat(connection: psycopg.Connection, number: int, place: str = "a") -> None:
    connection.execute("SELECT watch.beat(%s, %s)", (number, place))


def size(server: Server, place: str) -> int:
    return int(str(server.ask(f"SELECT pg_relation_size('watch.beat_{place}')")[0][0]))


def test_every_beat_extends_the_heap_by_a_page_and_now_and_then_it_begins_anew(
    servers: tuple[Server, Server], observer: psycopg.Connection
) -> None:
    """A beat that found room on a page that is there would not notice a full disk."""
    beat(observer, 500)
    before = size(servers[0], "a")
    for number in range(501, 521):
        beat(observer, number)
    assert size(servers[0], "a") == before + 20 * PAGE_BYTES
    beat(observer, 1000)
    assert size(servers[0], "a") == PAGE_BYTES


def test_a_beat_is_at_the_second_site_when_it_is_answered(
    servers: tuple[Server, Server], observer: psycopg.Connection
) -> None:
    primary, standby = servers
    beat(observer, 7, "b")
    wait_for(lambda: standby.ask("SELECT n FROM watch.beat_b WHERE n = 7") == [(7,)])
    primary.configure(synchronous_standby_names="")
    try:
        wait_for(lambda: primary.ask("SHOW synchronous_standby_names") == [("",)])
        with pytest.raises(psycopg.Error, match="not durable at two sites"):
            beat(observer, 8, "b")
    finally:
        primary.configure(synchronous_standby_names='ANY 1 ("ledger-b")')
        wait_for(lambda: "ledger-b" in str(primary.ask("SHOW synchronous_standby_names")))


def test_every_observer_has_a_table_of_its_own(servers: tuple[Server, Server], observer: psycopg.Connection) -> None:
    for place in {each.place for each in OBSERVERS}:
        beat(observer, 1, place)
        assert size(servers[0], place) > 0
    assert len({each.place for each in OBSERVERS}) == len(OBSERVERS)
    with pytest.raises(psycopg.Error, match="no such place"):
        beat(observer, 1, "d")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM watch.beat_a",
        "DELETE FROM watch.beat_a",
        "TRUNCATE watch.beat_a",
        "SELECT * FROM ledger.account",
        "SELECT ledger.handle('[]')",
        "SELECT ledger.glance('{}')",
        "SET ROLE ledger_owner",
        "CREATE TABLE watch.mine ()",
        "CREATE TEMPORARY TABLE beat_a ()",
    ],
)
def test_an_observer_may_beat_and_nothing_else(observer: psycopg.Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        observer.execute(statement)


def test_nobody_else_may_beat(servers: tuple[Server, Server]) -> None:
    for user in ("ledger_app", "auditor"):
        with (
            psycopg.connect(servers[0].dsn(user), autocommit=True) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            beat(connection, 1)


def test_an_observer_sees_writes_stop_with_the_second_site_and_flow_again_with_it(
    servers: tuple[Server, Server],
) -> None:
    """The primary lives and answers all the while: it is the write that is watched."""
    primary, standby = servers
    sight = Sight()
    parameters: dict[str, str | int] = {
        "host": str(primary.directory), "port": primary.port, "dbname": "ledger", "user": "observer",
        "password": PASSWORD, "options": "-c synchronous_commit=on",
    }  # fmt: skip
    writer = Writer(lambda _: Session(parameters, 2.0), "a", lambda: Primary(1, "ledger-a"), sight)
    threading.Thread(target=writer.work, daemon=True).start()
    wait_for(lambda: sight.writes >= 2)
    standby.stop()
    wait_for(lambda: sight.silent_us >= sight.patience_us)
    assert primary.ask("SELECT 1") == [(1,)]
    before = sight.writes
    standby.start()
    wait_for(lambda: sight.writes > before)
    assert sight.silent_us < sight.patience_us
