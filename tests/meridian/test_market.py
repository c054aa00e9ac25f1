"""The infrastructures over HTTP, as their neighbours see them, and the banks' record of what came."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from meridian.errors import MeridianError
from meridian.market import exchange
from meridian.market.exchange import Exchange, Rtgs
from meridian.market.web import Server
from meridian.participants.inbox import Inboxes
from meridian.peer import Peer, Silent

PEERS: list[Peer] = []
"""What has to be closed after a test."""

NETS = {"AURUM": 30, "BOREAL": -30}


def item(number: int, **body: int) -> dict[str, Any]:
    return {"to": "AURUM", "number": number, "body": body}


def deliveries(*items: dict[str, Any], channel: str = "messaging", term: int = 1) -> dict[str, Any]:
    return {"channel": channel, "by": "messaging-a", "term": term, "items": list(items)}


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Server]:
    yield from serving(Exchange(tmp_path / "network.db"))


@pytest.fixture
def rtgs(tmp_path: Path) -> Iterator[Server]:
    yield from serving(Rtgs(tmp_path / "rtgs.db"))


def serving(held: Exchange) -> Iterator[Server]:
    server = Server(socket.create_server(("127.0.0.1", 0)), held, "sender", "collector")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    for each in PEERS:
        each.close()
    PEERS.clear()
    server.shutdown()
    server.server_close()
    thread.join()
    held.close()


def peer(server: Server, token: str) -> Peer:
    PEERS.append(Peer(("127.0.0.1", server.server_address[1]), token))
    return PEERS[-1]


def test_a_delivery_is_taken_once_and_collected(network: Server) -> None:
    sender, collector = peer(network, "sender"), peer(network, "collector")
    for _ in range(2):
        said = sender.ask("POST", "/v1/deliveries", deliveries(item(1, a=1), item(2, a=2)))
        assert said == {"status": "taken", "last": {"AURUM": 2}}
    found = collector.ask("GET", "/v1/inbox?after=0")["messages"]
    assert [(each["number"], each["body"]) for each in found] == [(1, {"a": 1}), (2, {"a": 2})]
    assert collector.ask("GET", f"/v1/inbox?after={found[-1]['serial']}")["messages"] == []
    assert sender.ask("GET", "/v1/last?channel=messaging")["last"] == {"AURUM": 2}


@pytest.mark.parametrize(
    ("token", "method", "path", "body"),
    [
        ("collector", "POST", "/v1/deliveries", deliveries()),
        ("", "POST", "/v1/deliveries", deliveries()),
        ("sender", "GET", "/v1/inbox?after=0", None),
        ("collector", "GET", "/v1/inbox?after=x", None),
        ("sender", "POST", "/v1/deliveries", {"channel": "messaging"}),
        ("sender", "POST", "/v1/deliveries", deliveries({"to": "AURUM"})),
        ("sender", "POST", "/v1/deliveries", {**deliveries(), "term": "1"}),
        ("sender", "POST", "/v1/deliveries", deliveries(*[item(1)] * 501)),
        ("sender", "GET", "/", None),
    ],
)
def test_what_is_not_allowed_or_makes_no_sense_is_refused(
    network: Server, token: str, method: str, path: str, body: dict[str, Any] | None
) -> None:
    assert peer(network, token).ask(method, path, body) == {"status": "invalid"}
    assert network.exchange.collect(0) == []


def test_when_nobody_collects_no_more_is_taken(network: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MOST_KEPT", 3)
    monkeypatch.setattr(exchange, "KEPT_COLLECTED", 0)
    sender = peer(network, "sender")
    sender.ask("POST", "/v1/deliveries", deliveries(*(item(number) for number in range(1, 5))))
    assert sender.ask("POST", "/v1/deliveries", deliveries(item(5)))["status"] == "full"
    peer(network, "collector").ask("GET", "/v1/inbox?after=4")
    assert sender.ask("POST", "/v1/deliveries", deliveries(item(5)))["status"] == "taken"


def test_who_is_not_there_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Silent):
        Peer(("127.0.0.1", port), "x").ask("GET", "/")


def test_the_rtgs_books_a_day_once_and_tells_each_bank(rtgs: Server) -> None:
    sender = peer(rtgs, "sender")
    order = {"to": "RTGS", "number": 1, "body": {"day": 1, "net_cents": NETS}}
    later = {"to": "RTGS", "number": 2, "body": {"day": 2, "net_cents": NETS}}
    sender.ask("POST", "/v1/deliveries", deliveries(order, channel="rtgs-connector"))
    sender.ask("POST", "/v1/deliveries", deliveries(order, later, channel="rtgs-connector", term=2))
    told = [(each["to"], each["number"], each["body"]) for each in rtgs.exchange.collect(0)]
    assert told == [
        (bank, day, {"status": "booked", "day": day, "amount_cents": NETS[bank], "balance_cents": NETS[bank] * day})
        for day in (1, 2)
        for bank in NETS
    ]


def rows(directory: Path, bank: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / f"{bank}.ndjson").read_bytes().splitlines()]


def test_the_inbox_records_what_comes_once_and_goes_on_after_it_was_killed(network: Server, tmp_path: Path) -> None:
    sender, records = peer(network, "sender"), tmp_path / "inbox"
    sender.ask("POST", "/v1/deliveries", deliveries(item(1, a=1)))
    assert Inboxes(records, {"network": peer(network, "collector")}).collect()
    with (records / "AURUM.ndjson").open("ab") as record:
        record.write(b'{"op":"received","cut')
    sender.ask("POST", "/v1/deliveries", deliveries(item(2, a=2)))
    again = Inboxes(records, {"network": peer(network, "collector")})
    assert again.collect()
    assert not again.collect()
    clock, one, two, looked = rows(records, "AURUM")
    assert (clock["op"], clock["bank"]) == ("clock", "AURUM")
    assert [(each["op"], each["number"], each["from"]) for each in (one, two)] == [
        ("received", 1, "network"),
        ("received", 2, "network"),
    ]
    assert (looked["op"], looked["rows"], looked["heard"]) == ("looked", 3, ["network"])
    assert [each["op"] for each in rows(records, "BOREAL")] == ["clock", "looked"]


TOLD = ["received", "received", "again", "received", "gap", "received"]


def test_what_should_never_come_is_recorded_as_that(tmp_path: Path) -> None:
    class Careless(Peer):
        def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
            del method, path, body
            told = {"channel": "messaging", "to": "AURUM", "by": "x", "taken_utc_us": 1, "body": {}}
            return {
                "messages": [{**told, "serial": n, "number": number} for n, number in enumerate((1, 2, 1, 3, 5, 6), 1)]
            }

    Inboxes(tmp_path / "inbox", {"network": Careless(("", 0), "")}).collect()
    assert [each["op"] for each in rows(tmp_path / "inbox", "AURUM")[1:]] == TOLD


def test_without_an_answer_nothing_says_that_anybody_looked(network: Server, tmp_path: Path) -> None:
    network.tokens["collector"] = "another"
    Inboxes(tmp_path / "inbox", {"network": peer(network, "collector")}).collect()
    [_, looked] = rows(tmp_path / "inbox", "AURUM")
    assert looked["heard"] == []


def test_an_inbox_of_another_boot_is_not_taken_up(tmp_path: Path) -> None:
    directory = tmp_path / "inbox"
    directory.mkdir()
    (directory / "AURUM.ndjson").write_text('{"op":"clock","bank":"AURUM","clock_id":"another"}\n')
    with pytest.raises(MeridianError, match="MR305"):
        Inboxes(directory, {})
