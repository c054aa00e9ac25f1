"""How a way that was tried is judged, and a proof between two addresses of this machine, which filters nothing."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import get_args

import pytest

from holdfast.connectors.netns import Inside, Reach
from holdfast.connectors.processes import find
from holdfast.connectors.range import HostState, Inventory
from holdfast.exercises.segmentation import FINDINGS, UNUSED_PORTS, Matrix, Trial, prove


@pytest.mark.parametrize(
    ("allowed", "listened", "outcomes"),
    [
        # In the order reachable, refused, timeout, unreachable, not tried.
        (True, True, ("open", "broken", "broken", "broken", "unknown")),
        (True, False, ("open", "idle", "broken", "broken", "unknown")),
        (False, True, ("leak", "leak", "closed", "closed", "unknown")),
        (False, False, ("leak", "leak", "closed", "closed", "unknown")),
    ],
)
def test_every_answer_means_one_thing(allowed: bool, listened: bool, outcomes: tuple[str, ...]) -> None:  # noqa: FBT001
    answers: tuple[Reach | None, ...] = (*get_args(Reach), None)
    assert [Trial("a", "b", 1, allowed, listened, answer).outcome for answer in answers] == list(outcomes)


def test_a_proof_needs_trials_and_has_no_findings() -> None:
    good = Trial("a", "b", 1, allowed=False, listened=True, found="timeout")
    assert Matrix((good,), ("a", "b"), ()).proved
    assert not Matrix((), (), ("a", "b")).proved
    for bad in (
        Trial("a", "b", 1, allowed=False, listened=True, found="refused"),
        Trial("a", "b", 1, allowed=True, listened=True, found="timeout"),
        Trial("a", "b", 1, allowed=True, listened=True, found=None),
    ):
        assert bad.outcome in FINDINGS
        assert not Matrix((good, bad), ("a", "b"), ()).proved


def inventory(*hosts: str) -> Inventory:
    """Return a range whose hosts are all this very process, at addresses of loopback."""
    me = find(os.getpid())
    assert me is not None
    return Inventory(
        version=1, name="x", dir=Path(), mode="root", profile="fast", client="safe", clock_id="", sites={},
        hosts={
            name: HostState("s", f"127.0.7.{number}", powered=True, pid=me.pid, start_ticks=me.start_ticks)
            for number, name in enumerate(hosts, 1)
        } | {"dark": HostState("s", "127.0.7.99", powered=False)},
        processes={}, links={}, endpoints={}, records={},
    )  # fmt: skip


def test_who_listens_is_read_from_the_kernel() -> None:
    try:
        inside = Inside(os.getpid())
    except Exception as error:  # noqa: BLE001 - an ordinary account may not enter even its own
        pytest.skip(str(error))
    with inside, socket.create_server(("127.0.7.1", 0)) as server:
        assert ("127.0.7.1", server.getsockname()[1]) in inside.listening()


def test_every_way_is_tried_and_compared() -> None:
    if os.geteuid() != 0:
        pytest.skip("an ordinary account may not enter its own network namespace")
    with socket.create_server(("127.0.7.1", 0)) as one, socket.create_server(("127.0.7.2", 0)) as other:
        first, second = one.getsockname()[1], other.getsockname()[1]
        matrix = prove(inventory("a", "b"), {("b", "a", first)})
    outcomes = {(each.source, each.target, each.port): each.outcome for each in matrix.trials}
    assert outcomes["b", "a", first] == "open"
    # Nothing filters here, so whatever is denied is answered: by a listener, or by a refusal.
    assert outcomes["a", "b", second] == "leak"
    assert outcomes["a", "b", UNUSED_PORTS[-1]] == "leak"
    assert {port for _, _, port in outcomes} >= {first, second, *UNUSED_PORTS}
    assert matrix.without_power == ("dark",)
    assert not matrix.proved
