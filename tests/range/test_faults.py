"""Every fault on the real range: injected, shown to have taken effect, undone, shown to be undone. One boot."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from holdfast.cli.declaration import usable_model
from holdfast.connectors import postgres, processes
from holdfast.connectors.netns import Inside
from holdfast.connectors.processes import Process
from holdfast.evidence.events import FaultIntended
from holdfast.exercises import faults, gate
from holdfast.exercises.clients import Clients
from holdfast.exercises.faults import FAULTS, Aim, Seen, parameters_text
from holdfast.exercises.undoing import UNDO_TIMEOUT_S
from holdfast.store.clock import now
from tests.range.booted import booted, inventory_of, keeper_of
from tests.repository.tree import ROOT

pytestmark = pytest.mark.range

MODEL = usable_model(ROOT / "examples" / "meridian")
EFFECT_TIMEOUT_S = 15.0
ARMED_TIMEOUT_S = 90.0
INTO_THE_VAULT = 1.0


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with booted({"rate": "30"}) as place:
        yield place


def soon(look: Callable[[], Seen], timeout_s: float) -> Seen:
    deadline = time.monotonic() + timeout_s
    while not (seen := look()).so and time.monotonic() < deadline:
        time.sleep(0.1)
    return seen


def intended(directory: Path, name: str, on: str, parameters: Mapping[str, object]) -> FaultIntended:
    fault = f"{name}-{on}".replace(".", "-")
    prepared = FAULTS[name].prepare(Aim("fault-tests", fault, on, parameters), inventory_of(directory))
    recorded = parameters_text(parameters)
    return FaultIntended("fault-tests", fault, name, on, recorded, 1000, prepared.undo, prepared.identity, now())


def through(directory: Path, name: str, on: str, **parameters: object) -> FaultIntended:
    """Take a fault through its whole life, with everything that must be so on the way."""
    kind = FAULTS[name]
    fault = intended(directory, name, on, parameters)
    assert not kind.probe(fault).so, "the probe sees an effect before there is one"
    kind.inject(fault, keeper_of(directory), inventory_of(directory))
    effect = soon(lambda: kind.probe(fault), EFFECT_TIMEOUT_S)
    assert effect.so, effect.observed
    faults.undo(fault)
    undone = soon(lambda: kind.verify(fault, inventory_of(directory)), UNDO_TIMEOUT_S)
    assert undone.so, undone.observed
    faults.undo(fault)  # undoing again changes nothing
    assert soon(lambda: kind.verify(fault, inventory_of(directory)), UNDO_TIMEOUT_S).so
    return fault


def armed(directory: Path) -> gate.Gate:
    """Return the gate as soon as it is ready, or as it is when the time is over."""
    service = MODEL.services["gross-settlement"]
    clients = Clients(inventory_of(directory).records["participants"], service.measured)
    deadline = time.monotonic() + ARMED_TIMEOUT_S
    while True:
        view = clients.look(now().mono_us)
        found = gate.look(inventory_of(directory), view, MODEL, in_order=False)
        if found.ready or time.monotonic() > deadline:
            return found


def test_the_range_is_armed_and_the_gate_says_what_it_read(directory: Path) -> None:
    found = armed(directory)
    assert found.ready, found.missing
    assert set(found.observed) == {"power", "consensus", "failover", "copies", "vault", "journal", "clients"}
    assert "3 of 3 healthy, led by etcd-w" in found.observed["consensus"]


def test_killing_a_process(directory: Path) -> None:
    fault = through(directory, "process.kill", "settlement-b")
    assert processes.condition(Process.parse(fault.identity["settlement-b"])) == "gone"


def test_freezing_and_thawing_a_whole_postgresql(directory: Path) -> None:
    fault = through(directory, "process.freeze", "ledger-w")
    # The same process as before, not a new one: it was thawed.
    assert processes.running(Process.parse(fault.identity["ledger-w"]))


def test_freezing_a_host(directory: Path) -> None:
    fault = through(directory, "process.freeze", "app-b")
    assert set(fault.identity) == {"settlement-b"}


def test_losing_a_host(directory: Path) -> None:
    fault = through(directory, "host.loss", "db-w")
    assert {"db-w (host)", "etcd-w", "patroni-w", "ledger-w", "etcd-steward"} <= set(fault.identity)


def test_losing_a_site(directory: Path) -> None:
    fault = through(directory, "site.loss", "vault")
    assert {"vault (host)", "vault-wal", "vault-journal"} == set(fault.identity)


def test_cutting_a_host_off_from_everything(directory: Path) -> None:
    through(directory, "network.partition", "app-b")


def test_cutting_a_site_off_from_some(directory: Path) -> None:
    """The vault loses dc-b and nothing else: the way to dc-a is one of those that must stay open."""
    fault = through(directory, "network.partition", "vault", **{"from": ("dc-b",)})
    ways = [name for name in fault.identity if name.startswith(("vault > ", "control vault > "))]
    assert any(way.startswith("vault > 10.71.2.") for way in ways)
    assert any(way.startswith("control vault > 10.71.1.") for way in ways)


def test_a_cut_is_a_cut_for_whoever_is_inside(directory: Path) -> None:
    """Tried without the code of the fault: from inside the vault's host, straight at a gateway."""
    fault = intended(directory, "network.partition", "vault", {})
    there = inventory_of(directory)
    place, gateway = there.hosts["vault"].pid, (there.hosts["app-a"].address, 8080)
    assert place is not None
    with Inside(place) as inside:
        assert inside.reach([gateway], INTO_THE_VAULT) == ("reachable",)
        FAULTS["network.partition"].inject(fault, keeper_of(directory), there)
        assert inside.reach([gateway], INTO_THE_VAULT) == ("timeout",)
        faults.undo(fault)
        assert inside.reach([gateway], INTO_THE_VAULT) == ("reachable",)


def test_nothing_is_left_and_the_range_is_armed_again(directory: Path) -> None:
    assert keeper_of(directory).call({"op": "cuts"})["cuts"] == []
    found = armed(directory)
    assert found.ready, found.missing


def test_the_gate_is_not_ready_while_something_is_broken(directory: Path) -> None:
    fault = intended(directory, "host.loss", "app-b", {})
    FAULTS["host.loss"].inject(fault, keeper_of(directory), inventory_of(directory))
    service = MODEL.services["gross-settlement"]
    view = Clients(inventory_of(directory).records["participants"], service.measured).look(now().mono_us)
    found = gate.look(inventory_of(directory), view, MODEL, in_order=False)
    faults.undo(fault)
    assert not found.ready
    assert found.observed["power"].startswith("not yet: app-b has no power")
    assert soon(lambda: FAULTS["host.loss"].verify(fault, inventory_of(directory)), UNDO_TIMEOUT_S).so


def test_the_extract_is_read_on_the_primary_and_a_copy_refuses(directory: Path) -> None:
    servers = inventory_of(directory).servers()
    primary = postgres.primary(servers)
    lines = postgres.extract(primary).splitlines()
    assert lines[0].startswith(b'{"table":"_source","node":"' + primary.name.encode())
    tables = {line.split(b'"', 4)[3] for line in lines}
    assert tables == {b"_source", b"account", b"instruction", b"entry", b"journal", b"business_day"}
    copy = next(server for server in servers if server != primary)
    assert postgres.timeline(copy) is None
    with pytest.raises(Exception, match="is in recovery") as problem:
        postgres.extract(copy)
    assert getattr(problem.value, "code", None) == "HF306"
