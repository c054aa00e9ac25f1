"""The trap of synchronous replication: a gateway acknowledges what only one site has, and that site is lost.

A real primary, a real standby that every commit waits for, and the two ways to use them. The standby is cut off, the
gateway asks, the primary is destroyed, the standby takes over: is what was acknowledged still there?
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from meridian.settlement import naive, safe, wire
from meridian.settlement.safe import Ledger
from tests.meridian.ledger_server import PASSWORD, Server, pair, wait_for

pytestmark = pytest.mark.range


def instruct(key: str) -> dict[str, object]:
    content = {"sender": "AURUM", "receiver": "BOREAL", "amount_cents": 100, "priority": "normal"}
    return {"op": "instruct", "key": key, **content}


def keys(server: Server) -> set[str]:
    return {str(key) for (key,) in server.ask("SELECT key FROM ledger.instruction")}


@contextmanager
def session(client: type[safe.SafeLedger | naive.NaiveLedger], server: Server) -> Iterator[Ledger]:
    ledger = client(str(server.directory), server.port, PASSWORD, "settlement-a")
    try:
        yield ledger
    finally:
        ledger.close()


def acknowledged(ledger: Ledger, key: str) -> bool:
    """Return whether a gateway that uses the ledger so would tell its participant that this is settled."""
    try:
        return bool(ledger.handle([instruct(key)]).answers[0]["status"] == "settled")
    except (wire.NothingDone, wire.OutcomeUnknown):
        return False


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    with pair() as started:
        yield started


def lose(primary: Server, standby: Server) -> None:
    """Destroy the primary; what the cut-off standby has is what is left."""
    primary.stop()
    standby.start()
    standby.promote()


def test_a_naive_gateway_acknowledges_what_is_lost(servers: tuple[Server, Server]) -> None:
    primary, standby = servers
    with session(naive.NaiveLedger, primary) as ledger:
        assert acknowledged(ledger, "before")
        standby.stop()
        assert acknowledged(ledger, "cancelled")
        assert acknowledged(ledger, "cancelled"), "the duplicate is answered from a plain read"
    lose(primary, standby)
    assert keys(standby) == {"before"}


def test_a_safe_gateway_acknowledges_nothing_that_is_lost(servers: tuple[Server, Server]) -> None:
    primary, standby = servers
    with session(safe.SafeLedger, primary) as ledger:
        assert acknowledged(ledger, "before")
        standby.stop()
        assert not acknowledged(ledger, "waiting")
    with session(safe.SafeLedger, primary) as ledger:
        assert not acknowledged(ledger, "waiting"), "a duplicate waits as well"
    lose(primary, standby)
    assert keys(standby) == {"before"}


ENDED = {
    "cancelled": "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
    "terminated": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
}


@pytest.mark.parametrize("how", ENDED)
def test_a_commit_that_somebody_else_ends_is_unknown(servers: tuple[Server, Server], how: str) -> None:
    primary, standby = servers
    standby.stop()
    # The statement waits for its standby, and is ended from outside: cancelled, the server reports success with a
    # warning; terminated, it just goes away. Either way it is committed here, and nowhere else.
    with session(safe.SafeLedger, primary) as ledger:
        assert isinstance(ledger, safe.SafeLedger)
        ledger.send([instruct("ended")])
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        wait_for(lambda: primary.ask(query) == [(1,)])
        primary.ask(ENDED[how])
        with pytest.raises(wire.OutcomeUnknown):
            ledger.collect(10.0)
    assert keys(primary) == {"ended"}
    # Everybody sees it now, so a retry finds it done, and still it must not be told so.
    with session(safe.SafeLedger, primary) as ledger:
        assert not acknowledged(ledger, "ended")
    lose(primary, standby)
    assert keys(standby) == set()


def test_an_answer_that_is_late_comes_on_its_own_session_once_a_standby_has_it(servers: tuple[Server, Server]) -> None:
    primary, standby = servers
    with session(safe.SafeLedger, primary) as ledger:
        standby.stop()
        with pytest.raises(wire.DeadlinePassed):
            ledger.handle([instruct("late")])
        with pytest.raises(wire.DeadlinePassed):
            ledger.collect(0.2)
        standby.start()
        assert ledger.collect(30.0).answers[0]["status"] == "settled"
        assert acknowledged(ledger, "next"), "the session goes on"
    primary.stop()
    standby.promote()
    assert keys(standby) == {"late", "next"}


def test_what_was_unknown_is_settled_once_when_the_standby_is_back(servers: tuple[Server, Server]) -> None:
    primary, standby = servers
    with session(safe.SafeLedger, primary) as ledger:
        assert acknowledged(ledger, "before")
        standby.stop()
        assert not acknowledged(ledger, "unknown")
    standby.start()
    wait_for(lambda: primary.ask("SELECT sync_state FROM pg_stat_replication") == [("quorum",)])
    with session(safe.SafeLedger, primary) as ledger:
        wait_for(lambda: acknowledged(ledger, "unknown"))
    assert primary.ask("SELECT count(*), sum(amount_cents) FROM ledger.entry WHERE key = 'unknown'") == [(2, 0)]
    primary.stop()
    standby.promote()
    assert keys(standby) == {"before", "unknown"}
