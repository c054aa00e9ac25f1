"""The fencer's acting part and what it knows: against a fencing device and an etcd that the test plays."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from meridian.fencer import acting, watch
from meridian.fencer.acting import Fencer, Record
from meridian.fencer.watch import NoAnswerError, Watch, mono_us
from meridian.stack.members import CLIENT_PORT, MEMBERS, PREFIX

ADDRESS = {member.host: member.address for member in MEMBERS}


def kept(revision: int, **values: str) -> dict[str, Any]:
    """Return what etcd's gateway answers about Patroni's keys."""

    def text(value: str) -> str:
        return base64.b64encode(value.encode()).decode()

    entries = [{"key": text(PREFIX + name), "value": text(value), "lease": "77"} for name, value in values.items()]
    return {"header": {"revision": str(revision)}, "kvs": entries}


SYNC = json.dumps({"leader": "ledger-a", "sync_standby": "ledger-b,ledger-w", "quorum": 1})
LED_BY_A = kept(10, leader="ledger-a", sync=SYNC)


def answering(
    monkeypatch: pytest.MonkeyPatch, etcd: Mapping[str, Any], copies: Mapping[str, Mapping[str, Any]]
) -> None:
    """Let every etcd give one answer, and the Patronis of ``copies`` theirs; the others are silent."""

    async def ask(address: str, port: int, *_: object) -> Mapping[str, Any]:
        if port == CLIENT_PORT:
            return etcd
        for host, said in copies.items():
            if ADDRESS[host] == address:
                return said
        raise NoAnswerError

    monkeypatch.setattr(watch, "ask", ask)


def known(monkeypatch: pytest.MonkeyPatch, *, silent_us: int) -> Watch:
    """Return what a fencer knows of a whole stack led by A, through which all observers wrote until lately."""
    running = {"role": "replica", "state": "running"}
    answering(monkeypatch, LED_BY_A, {"db-b": running, "db-w": running})
    found = Watch()
    asyncio.run(looked(found))
    for name in ("one", "two", "three"):
        word = {
            "observer": name, "address": ADDRESS["db-a"], "timeline": 1, "writes": 50,
            "silent_us": silent_us, "patience_us": 1_000_000, "said": "",
        }  # fmt: skip
        found.words[name] = (mono_us(), word)
    return found


async def looked(found: Watch) -> None:
    """Look at everything once."""
    for host, address in ADDRESS.items():
        await found._look_into_etcd(host, address)  # noqa: SLF001
        await found._look_for_quorum(host, address)  # noqa: SLF001
        try:
            await found._look_at_copy(host, address)  # noqa: SLF001
        except NoAnswerError:
            continue


def test_what_etcd_keeps_is_read_and_an_older_answer_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = known(monkeypatch, silent_us=0)
    answering(monkeypatch, kept(9, leader="ledger-b", sync=SYNC), {})
    asyncio.run(looked(found))
    cluster = found.cluster()
    assert cluster is not None
    assert (cluster.leader, cluster.lease, cluster.quorum) == ("ledger-a", 77, 1)
    assert cluster.voters == {"ledger-b", "ledger-w"}
    assert [host for host, member in cluster.members.items() if member.standby_us is None] == ["db-a"]
    answering(monkeypatch, kept(11, sync=SYNC), {})
    asyncio.run(looked(found))
    assert (gone := found.cluster()) is not None
    assert gone.leader is None


def test_a_switchover_is_known_while_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    found = known(monkeypatch, silent_us=0)
    asked = '{"leader": "ledger-a", "member": "ledger-b"}'
    for revision, (text, under_way) in enumerate(((asked, True), ("{}", False), ("ledger-a:ledger-b", True)), 11):
        answering(monkeypatch, kept(revision, leader="ledger-a", sync=SYNC, failover=text), {})
        asyncio.run(looked(found))
        assert (cluster := found.cluster()) is not None
        assert (cluster.switching_us is not None) is under_way


def test_a_copy_that_does_not_run_as_a_replica_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    found = known(monkeypatch, silent_us=0)
    answering(monkeypatch, LED_BY_A, {"db-b": {"role": "replica", "state": "starting"}, "db-w": {"role": "primary"}})
    asyncio.run(looked(found))
    assert (cluster := found.cluster()) is not None
    assert {member.standby_us for member in cluster.members.values()} == {None}


def test_something_else_than_etcd_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    for nonsense in ({}, {"header": {"revision": "x"}}, {"header": {"revision": 3}, "kvs": [{"key": "?"}]}):
        answering(monkeypatch, nonsense, {})
        with pytest.raises(NoAnswerError):
            asyncio.run(Watch()._look_into_etcd("db-a", ADDRESS["db-a"]))  # noqa: SLF001


@dataclass(slots=True)
class Device:
    """A fencing device that obeys, or one that answers nothing but that it failed."""

    obeys: bool
    asked: list[str] = field(default_factory=list)
    fenced: dict[str, int] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = json.loads(await reader.readline())
        if request["op"] != "state":
            self.asked.append(f"{request['op']} {request['host']}")
        if self.obeys and request["op"] == "fence":
            self.fenced[request["host"]] = mono_us()
        if self.obeys and request["op"] == "unfence":
            self.fenced.pop(request["host"])
        fenced = {host: {"since_us": at_us, "verified": True} for host, at_us in self.fenced.items()}
        answer = {"ok": True, "fenced": fenced, "latest_us": None} if self.obeys else {"ok": False, "error": "stuck"}
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
        writer.close()


def acted(
    monkeypatch: pytest.MonkeyPatch, directory: Path, found: Watch, device: Device, *, ticks: int
) -> tuple[list[str], list[dict[str, Any]]]:
    """Let the fencer look so often; return the leases that it revoked and what it wrote down."""
    revoked: list[str] = []

    async def revoke(lease: int, hosts: Mapping[str, str]) -> str:
        revoked.append(f"{lease} through {' '.join(sorted(hosts))}")
        return "db-b"

    monkeypatch.setattr(acting, "revoke", revoke)

    async def story() -> None:
        server = await asyncio.start_unix_server(device.serve, directory / "device.sock")
        async with server:
            fencer = Fencer(found, directory / "device.sock", Record(directory / "record.ndjson"))
            for _ in range(ticks):
                await fencer._tick()  # noqa: SLF001

    asyncio.run(story())
    return revoked, [json.loads(line) for line in (directory / "record.ndjson").read_text().splitlines()]


def test_fence_verify_revoke_in_this_order_and_each_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found, device = known(monkeypatch, silent_us=2_000_000), Device(obeys=True)
    revoked, record = acted(monkeypatch, tmp_path, found, device, ticks=4)
    assert device.asked == ["fence db-a"]
    # Never through the fenced host's own etcd.
    assert revoked == ["77 through db-b db-w"]
    did = [row for row in record if row["op"] in {"fence-asked", "fence-verified", "lease-revoked"}]
    assert [row["op"] for row in did] == ["fence-asked", "fence-verified", "lease-revoked"]
    assert did[0]["seen_by"] == ["one", "three", "two"]
    assert all(row["clock_id"] and row["utc_us"] > 0 for row in record)
    assert [row["t_us"] for row in record] == sorted(row["t_us"] for row in record)


def test_without_a_confirmation_nothing_is_revoked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found, device = known(monkeypatch, silent_us=2_000_000), Device(obeys=False)
    revoked, record = acted(monkeypatch, tmp_path, found, device, ticks=4)
    assert device.asked == ["fence db-a"]
    assert revoked == []
    (unverified,) = (row for row in record if row["op"] == "fence-unverified")
    assert unverified["why"] == "stuck"


def test_while_writes_flow_nothing_is_asked_of_the_device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found, device = known(monkeypatch, silent_us=0), Device(obeys=True)
    revoked, record = acted(monkeypatch, tmp_path, found, device, ticks=4)
    assert (device.asked, revoked) == ([], [])
    assert [(row["observer"], row["state"]) for row in record if row["op"] == "view"] == [
        ("one", "flowing"), ("three", "flowing"), ("two", "flowing"),
    ]  # fmt: skip


def test_the_host_comes_back_when_writes_flow_through_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found, device = known(monkeypatch, silent_us=0), Device(obeys=True)
    device.fenced["db-a"] = mono_us()
    answering(monkeypatch, kept(12, leader="ledger-b", sync=SYNC), {})
    asyncio.run(looked(found))
    for name, (at_us, word) in found.words.items():
        found.words[name] = (at_us, {**word, "address": ADDRESS["db-b"], "timeline": 2})
    revoked, record = acted(monkeypatch, tmp_path, found, device, ticks=2)
    assert device.asked == ["unfence db-a"]
    assert revoked == []
    assert [row["op"] for row in record][-2:] == ["release-asked", "released"]
