"""What the gate makes of what it read: of copies that lag or stream nothing, and of clients that got no answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from holdfast.connectors import postgres
from holdfast.connectors.postgres import Standby
from holdfast.connectors.range import Inventory, LinkState, parse_inventory
from holdfast.exercises import gate
from holdfast.exercises.clients import View

COPIES = ("ledger-a", "ledger-b", "ledger-w")
GOOD = (Standby("ledger-b", "streaming", "quorum", 100), Standby("ledger-w", "streaming", "quorum", 0))
STEADY = View(30, 29, None, 0, gate.STEADY_US, 0, 300, 290)


def inventory(cuts: tuple[str, ...] = ()) -> Inventory:
    ends: dict[str, Any] = {
        name: {"postgres_socket_dir": "/nowhere", "port": 5432, "password_file": "/nowhere/pw"} for name in COPIES
    }
    empty: dict[str, Any] = {name: {} for name in ("sites", "hosts", "processes", "links", "records")}
    words = {name: name for name in ("name", "mode", "profile", "client", "clock_id")}
    return parse_inventory({"version": 1, "dir": "/nowhere", **words, **empty, "endpoints": ends, "cuts": cuts})


def copies(
    monkeypatch: pytest.MonkeyPatch, standbys: tuple[Standby, ...], deaf: frozenset[str] = frozenset()
) -> gate.Reading:
    monkeypatch.setattr(postgres, "replication", lambda _: standbys)
    monkeypatch.setattr(postgres, "receives", lambda server: server.name not in deaf)
    return gate.copies(inventory(), ["ledger-a"])


def test_every_copy_must_stream_be_waited_for_and_keep_up(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = GOOD
    assert copies(monkeypatch, GOOD).holds
    for lacking in (
        (first,),
        (first, replace(second, state="catchup")),
        (first, replace(second, sync_state="async")),
        (first, replace(second, behind_bytes=gate.BEHIND_LIMIT_BYTES + 1)),
    ):
        assert not copies(monkeypatch, lacking).holds


def test_a_copy_that_itself_says_it_receives_nothing_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = copies(monkeypatch, GOOD, frozenset({"ledger-w"}))
    assert not reading.holds
    assert "ledger-w receives nothing" in reading.observed


def test_a_cut_that_somebody_left_is_named() -> None:
    assert gate.power(inventory()).holds
    reading = gate.power(inventory(cuts=("fault-1",)))
    assert not reading.holds
    assert "the cut fault-1 is still there" in reading.observed


def test_clients_that_are_asked_but_not_answered_are_not_steady() -> None:
    assert gate.clients(STEADY).holds
    for lacking in (
        replace(STEADY, answered_per_s=0),
        replace(STEADY, decided_until_us=gate.STEADY_US - 1),
        replace(STEADY, disrupted_us=5),
    ):
        assert not gate.clients(lacking).holds


def test_the_vault_must_pull_and_keep_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def vault(*standbys: Standby) -> gate.Reading:
        monkeypatch.setattr(postgres, "replication", lambda _: (*GOOD, *standbys))
        return gate.vault(inventory(), ["ledger-a"])

    pulling = Standby("vault", "streaming", "async", 10)
    assert vault(pulling).holds
    assert not vault().holds
    assert not vault(replace(pulling, state="catchup")).holds
    assert not vault(replace(pulling, behind_bytes=gate.BEHIND_LIMIT_BYTES + 1)).holds


def test_a_range_directory_is_a_path() -> None:
    assert inventory().dir == Path("/nowhere")


def test_a_line_that_is_impaired_and_one_that_is_down_are_not_whole() -> None:
    whole = LinkState(("dc-a", "dc-b"), up=True)
    assert gate.power(replace(inventory(), links={"wan": whole})).holds
    late = gate.power(replace(inventory(), links={"wan": replace(whole, impaired=("drill-fault-1",))}))
    assert (late.holds, late.observed) == (False, "wan is impaired by drill-fault-1")
    assert not gate.power(replace(inventory(), links={"wan": replace(whole, up=False)})).holds
