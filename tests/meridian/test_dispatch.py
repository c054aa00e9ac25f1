"""What goes out because something became final: derived alike at both sites, numbered, delivered once and in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meridian.dispatch.courier import Courier
from meridian.dispatch.outgoing import RTGS, confirmations, extended, statements, transfers
from meridian.dispatch.store import Store
from meridian.market.exchange import Exchange
from meridian.peer import Peer, Silent

BANKS = ("AURUM", "BOREAL", "CASTOR")
STORES: list[Store] = []
"""What has to be closed after a test."""

Body = Mapping[str, Any] | None


def settled(seq: int, sender: str, receiver: str, cents: int) -> dict[str, Any]:
    body = {"key": f"k{seq}", "day": 1, "sender": sender, "receiver": receiver, "amount_cents": cents, "at": seq}
    return {"seq": seq, "kind": "settle", "body": body | {"priority": "normal"}}


def closed(seq: int, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the close of a day in which these were settled; every bank had opened with 100."""
    positions = []
    for bank in BANKS:
        debits = sum(line["body"]["amount_cents"] for line in lines if line["body"]["sender"] == bank)
        gained = sum(line["body"]["amount_cents"] for line in lines if line["body"]["receiver"] == bank)
        amounts = {"opening_cents": 100, "debits_cents": debits, "credits_cents": gained}
        positions.append({"participant": bank, **amounts, "closing_cents": 100 - debits + gained})
    return {"seq": seq, "kind": "close", "body": {"day": 1, "positions": positions}}


DAY = [settled(2, "AURUM", "BOREAL", 30), settled(4, "BOREAL", "CASTOR", 20), settled(5, "AURUM", "CASTOR", 1)]


class Ledger:
    """The stream of a ledger, as a gateway gives it in parts; no peer when it is ``out``."""

    def __init__(self, lines: list[dict[str, Any]], part: int = 2) -> None:
        """Keep what became final."""
        self.lines = lines
        self.part = part
        self.out = False
        self.holder, self.term = "messaging-a", 1

    def peer(self) -> Peer:
        """Return a peer that asks this ledger."""
        return _Asking(self.stream)

    def stream(self, _: str, path: str, __: object) -> dict[str, Any]:
        if self.out:
            raise Silent("out")
        after = int(path.partition("after=")[2])
        found = [line for line in self.lines if line["seq"] > after][: self.part]
        last = found[-1]["seq"] if found else after
        duty = {"holder": self.holder, "term": self.term}
        more = any(line["seq"] > last for line in self.lines)
        return {"status": "stream", "lines": found, "last": last, "more": more, "duties": {"messaging": duty}}


class Network:
    """A real exchange, without the HTTP between; it can be out, or lose its answers."""

    def __init__(self, path: Path) -> None:
        """Open its store."""
        self.exchange = Exchange(path)
        self.out = self.answers_lost = False

    def peer(self) -> Peer:
        """Return a peer that asks this network."""
        return _Asking(self.ask)

    def ask(self, _: str, __: str, body: Body) -> dict[str, Any]:
        if self.out:
            raise Silent("out")
        if body is None:
            return {"status": "last", "last": self.exchange.last("messaging")}
        said = self.exchange.take(body["channel"], body["by"], body["term"], body["items"])
        if self.answers_lost:
            raise Silent("the answer was lost")
        return said

    def messages(self) -> list[tuple[str, int, int]]:
        """Return what was taken: addressee, number and the line of the ledger's journal."""
        return [(each["to"], each["number"], each["body"]["seq"]) for each in self.exchange.collect(0)]


class _Asking(Peer):
    def __init__(self, answer: Callable[[str, str, Body], Mapping[str, Any]]) -> None:
        self.answer = answer

    def ask(self, method: str, path: str, body: Body = None) -> dict[str, Any]:
        return dict(self.answer(method, path, body))


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    opened = Network(tmp_path / "network.db")
    yield opened
    opened.exchange.close()
    while STORES:
        STORES.pop().close()


def courier(ledger: Ledger, network: Network, place: Path, name: str = "messaging-a") -> Courier:
    """Return a courier that takes up what is in its store."""
    STORES.append(Store(place / f"{name}.db"))
    return Courier(name, "messaging", STORES[-1], [ledger.peer()], network.peer())


def run(*couriers: Courier) -> None:
    """Let each work until it has nothing more to do."""
    for each in couriers:
        while each.step():
            continue


EXPECTED = [("AURUM", 1, 2), ("BOREAL", 1, 2), ("BOREAL", 2, 4), ("CASTOR", 1, 4), ("AURUM", 2, 5), ("CASTOR", 2, 5)]


def test_both_sides_of_a_payment_are_told_in_order(network: Network, tmp_path: Path) -> None:
    run(courier(Ledger(DAY), network, tmp_path))
    assert network.messages() == EXPECTED


@pytest.mark.parametrize("trouble", ["out", "answers_lost"])
def test_an_outage_queues_and_what_was_taken_is_not_taken_again(network: Network, tmp_path: Path, trouble: str) -> None:
    ledger = Ledger(DAY)
    setattr(network, trouble, True)
    first = courier(ledger, network, tmp_path)
    run(first)
    assert (STORES[0].waiting, first.standing.problem is None) == (len(EXPECTED), False)
    setattr(network, trouble, False)
    # The process was killed meanwhile: another one goes on with its store.
    again = courier(ledger, network, tmp_path)
    run(again)
    assert network.messages() == EXPECTED
    assert STORES[-1].waiting == 0


def test_the_other_site_goes_on_where_the_first_stopped_and_the_first_is_refused(
    network: Network, tmp_path: Path
) -> None:
    ledger = Ledger(DAY)
    at_a, at_b = (courier(ledger, network, tmp_path, f"messaging-{site}") for site in "ab")
    network.out = True
    run(at_a, at_b)
    # A is cut off from the gateways with everything still to be sent, and does not hear that B was put to the task.
    network.out, ledger.out = False, True
    gateways = Ledger(DAY)
    gateways.holder, gateways.term = "messaging-b", 2
    successor = Courier("messaging-b", "messaging", STORES[-1], [gateways.peer()], network.peer())
    run(successor)
    assert network.messages() == EXPECTED
    run(at_a)
    assert (at_a.standing.active, network.messages()) == (True, EXPECTED)
    assert STORES[0].waiting == 0
    ledger.lines = [*DAY, settled(9, "CASTOR", "AURUM", 5)]
    ledger.out = False
    # Until it hears the new term it may send under the old one, and is told that it was replaced.
    run(at_a)
    assert at_a.standing.problem == "the receiver refuses: superseded"
    assert network.messages() == EXPECTED
    ledger.holder, ledger.term = "messaging-b", 2
    run(at_a)
    assert (at_a.standing.active, network.messages()) == (False, EXPECTED)


def test_no_stream_is_no_reason_to_stop_delivering(network: Network, tmp_path: Path) -> None:
    ledger = Ledger(DAY)
    network.out = True
    only = courier(ledger, network, tmp_path)
    run(only)
    network.out, ledger.out = False, True
    only.step()
    assert network.messages() == EXPECTED


def test_a_gap_or_another_content_under_a_known_number_is_refused(network: Network) -> None:
    def take(number: int, body: dict[str, Any], term: int = 1) -> str:
        items = [{"to": "AURUM", "number": number, "body": body}]
        return str(network.exchange.take("messaging", "x", term, items)["status"])

    assert take(2, {}) == "gap"
    assert take(1, {"a": 1}) == take(1, {"a": 1}) == "taken"
    assert take(1, {"a": 2}) == "conflict"
    assert take(2, {"a": 3}, term=5) == "taken"
    assert take(3, {"a": 4}, term=4) == "superseded"
    assert [each["number"] for each in network.exchange.collect(0)] == [1, 2]


def test_a_statement_is_what_was_settled_held_against_the_position() -> None:
    memory: dict[str, Any] = {}
    assert [item for line in DAY for item in statements(line, memory)] == []
    told = {item.to: item.body for item in statements(closed(6, DAY), memory)}
    digest = extended(extended("", 2, "k2", 30), 4, "k4", -20)
    assert told["BOREAL"] == {
        "status": "statement", "day": 1, "movements": 2, "digest": digest,
        "opening_cents": 100, "debits_cents": 20, "credits_cents": 30, "closing_cents": 110,
    }  # fmt: skip
    assert memory == {}


def test_a_statement_that_does_not_agree_with_the_position_says_so() -> None:
    memory: dict[str, Any] = {}
    statements(DAY[0], memory)
    told = {item.to: item.body["status"] for item in statements(closed(6, DAY), memory)}
    assert told == dict.fromkeys(BANKS, "disputed")


@given(st.lists(st.tuples(st.permutations(BANKS), st.integers(1, 50)), max_size=20))
def test_the_days_transfers_sum_to_nothing(paid: list[tuple[list[str], int]]) -> None:
    lines = [settled(seq, banks[0], banks[1], cents) for seq, (banks, cents) in enumerate(paid, start=2)]
    [item] = transfers(closed(99, lines), {})
    assert (item.to, sum(item.body["net_cents"].values())) == (RTGS, 0)
    assert all(transfers(line, {}) == () for line in lines)


def test_what_is_rejected_is_told_to_its_sender_alone() -> None:
    body = DAY[0]["body"] | {"reason": "unfunded-at-close"}
    [item] = confirmations({"seq": 9, "kind": "reject", "body": body}, {})
    assert (item.to, item.body["status"], item.body["reason"]) == ("AURUM", "rejected", "unfunded-at-close")
