"""What counts as armed, and what is said to be missing."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from meridian.stack import readiness
from meridian.stack.gateway import NoAnswerError
from meridian.stack.readiness import Copy, Standing, Sync

ARMED = Standing(
    etcd_healthy=frozenset({"etcd-a", "etcd-b", "etcd-w"}),
    etcd_leader="etcd-w",
    copies={
        "ledger-a": Copy("primary", "running", 1),
        "ledger-b": Copy("replica", "running", 1),
        "ledger-w": Copy("replica", "running", 1),
    },
    primary="ledger-a",
    sync=Sync("ledger-a", frozenset({"ledger-b", "ledger-w"}), 1),
    streaming=frozenset({"ledger-b", "ledger-w"}),
)


def test_nothing_is_missing_from_a_whole_stack() -> None:
    assert ARMED.missing() == ()
    assert ARMED.armed
    assert ARMED.writable


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"etcd_healthy": frozenset({"etcd-a", "etcd-w"})}, "etcd without a healthy answer: etcd-b"),
        ({"etcd_leader": "etcd-a"}, "etcd is led by etcd-a, not by etcd-w"),
        ({"etcd_leader": None}, "etcd is led by nobody, not by etcd-w"),
        ({"primary": None}, "no primary"),
        ({"streaming": frozenset({"ledger-w"})}, "not streaming as a quorum standby: ledger-b"),
        ({"sync": None}, "Patroni's record of who may take over is of nobody, not of ledger-a"),
        # After a partition of etcd: everything streams, and yet nobody could take over.
        (
            {"sync": Sync("ledger-a", frozenset(), 0)},
            "may not take over yet: ledger-b, ledger-w",
        ),
        # The key still speaks of the primary before this one.
        (
            {"sync": Sync("ledger-b", frozenset({"ledger-b", "ledger-w"}), 1)},
            "Patroni's record of who may take over is of ledger-b, not of ledger-a",
        ),
        (
            {"copies": {name: copy for name, copy in ARMED.copies.items() if name != "ledger-w"}},
            "not running: ledger-w (no answer)",
        ),
        (
            {"copies": {**ARMED.copies, "ledger-b": Copy("replica", "starting", 1)}},
            "not running: ledger-b (starting)",
        ),
        (
            {"copies": {**ARMED.copies, "ledger-b": Copy("replica", "running", 2)}},
            "the copies are on different timelines",
        ),
    ],
)
def test_each_thing_that_is_missing_disarms_and_is_named(change: dict[str, object], missing: str) -> None:
    standing = replace(ARMED, **change)  # type: ignore[arg-type]
    assert standing.missing() == (missing,)
    assert not standing.armed
    assert standing.facts()["missing"] == [missing]


def test_a_primary_without_a_standby_is_not_writable() -> None:
    assert not replace(ARMED, streaming=frozenset()).writable
    assert not replace(ARMED, primary=None).writable


def test_a_stack_that_does_not_answer_at_all_is_read_without_an_error() -> None:
    def refused(host: str, port: int) -> socket.socket:
        raise ConnectionRefusedError(f"{host}:{port}")

    def unanswered(host: str, query: str) -> list[tuple[object, ...]]:
        raise NoAnswerError(f"{host}: {query}")

    standing = readiness.read(refused, unanswered)
    assert standing.primary is None
    assert standing.missing()[0] == "etcd without a healthy answer: etcd-a, etcd-b, etcd-w"
