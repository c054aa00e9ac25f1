"""Every fault on the real range: injected, shown to have taken effect, undone, shown to be undone. One boot."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from holdfast.cli.declaration import usable_model
from holdfast.connectors import pages, postgres, processes
from holdfast.connectors.netns import Inside
from holdfast.connectors.processes import Process
from holdfast.errors import EnvironmentProblem, HoldfastError
from holdfast.evidence.events import FaultIntended
from holdfast.exercises import faults, gate
from holdfast.exercises.clients import Clients
from holdfast.exercises.faults import FAULTS, Aim, Seen, parameters_text
from holdfast.exercises.plan import aimed_at
from holdfast.exercises.undoing import UNDO_TIMEOUT_S
from holdfast.model.types import Fault
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
    kind = FAULTS[name]
    given = {key: taken.default for key, taken in kind.schema.parameters.items() if taken.default is not None}
    parameters = {**given, **parameters}
    aimed = aimed_at(MODEL, Fault(name, on, parameters, 0, 0, 1000))
    prepared = kind.prepare(Aim("fault-tests", fault, on, parameters, aimed), inventory_of(directory))
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
    assert {"settlement-b", "agent-app-b"} <= set(fault.identity)


def test_losing_a_host(directory: Path) -> None:
    fault = through(directory, "host.loss", "db-w")
    assert {"db-w (host)", "etcd-w", "patroni-w", "ledger-w", "etcd-steward"} <= set(fault.identity)


def test_losing_a_site(directory: Path) -> None:
    fault = through(directory, "site.loss", "vault")
    assert {"vault (host)", "vault-wal", "vault-journal", "vault-base", "vault-shelf"} == set(fault.identity)


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


# -- partitions of other shapes: the vault and the witness lose much before the service does --


def test_halves_cut_whole_groups_apart(directory: Path) -> None:
    fault = through(directory, "network.partition", "vault", **{"with": ("app-b",)})
    assert "control vault > 10.71.2.21:8080" in fault.identity
    assert any(name.startswith("vault > 10.71.1.") for name in fault.identity)


def test_in_a_ring_members_that_face_each_other_are_apart(directory: Path) -> None:
    """In the order vault, dc-a, witness, dc-b the data centres face each other, and the vault the witness."""
    fault = through(directory, "network.partition", "vault", ring=("dc-a", "witness", "dc-b"))
    crossing = [name for name in fault.identity if name.startswith("vault > ")]
    assert crossing
    assert all(name.startswith("vault > 10.71.3.") for name in crossing)


def test_a_cut_of_one_kind_of_traffic_leaves_the_other_ports_of_the_same_hosts_open(directory: Path) -> None:
    fault = through(directory, "network.partition", "db-w", only="consensus")
    crossing = [name for name in fault.identity if " > " in name and not name.startswith("control ")]
    assert {name.rpartition(":")[2] for name in crossing} == {"2379", "2380"}
    assert "control db-b > 10.71.3.11:8008" in fault.identity


def test_replication_alone_is_cut_among_the_copies_and_not_for_the_gateways(directory: Path) -> None:
    fault = through(directory, "network.partition", "db-w", only="replication")
    crossing = [name for name in fault.identity if " > " in name and not name.startswith("control ")]
    assert {name.rpartition(":")[2] for name in crossing} == {"5432"}
    assert {name.partition(" > ")[0] for name in crossing} <= {"db-a", "db-b", "db-w"}


@pytest.mark.parametrize("direction", ["out", "in"])
def test_a_cut_of_one_direction_is_shown_to_be_one(directory: Path, direction: str) -> None:
    through(directory, "network.partition", "app-b", **{"direction": direction, "from": ("witness", "vault")})


def test_a_refusing_cut_answers(directory: Path) -> None:
    through(directory, "network.partition", "vault", **{"style": "reject", "from": ("dc-b",)})


# -- lines --


@pytest.mark.parametrize(
    ("fault", "line", "parameters"),
    [
        ("link.down", "wan-orion", {}),
        ("link.down", "wan-orion", {"silent": True}),
        ("link.down", "wan-vega", {}),
        ("link.down", "wan-dcb-witness", {"silent": True}),
        ("link.delay", "wan-orion", {"delay": 20, "jitter": 5}),
        ("link.delay", "wan-dcb-witness", {"delay": 20, "toward": ("witness",)}),
        ("link.loss", "wan-orion", {"share": 30_000}),
        ("link.rate", "wan-dcb-witness", {"kbit_per_s": 2000}),
    ],
)
def test_a_line_that_is_bad(directory: Path, fault: str, line: str, parameters: Mapping[str, object]) -> None:
    through(directory, fault, line, **parameters)


def test_two_faults_of_one_line_are_undone_each_by_itself(directory: Path) -> None:
    late = intended(directory, "link.delay", "wan-orion", {"delay": 20})
    FAULTS["link.delay"].inject(late, keeper_of(directory), inventory_of(directory))
    through(directory, "link.loss", "wan-orion", share=30_000)
    assert FAULTS["link.delay"].probe(late).so, "undoing the one undid the other"
    faults.undo(late)
    assert soon(lambda: FAULTS["link.delay"].verify(late, inventory_of(directory)), UNDO_TIMEOUT_S).so


def test_a_line_that_is_down_already_is_not_taken_down(directory: Path) -> None:
    fault = intended(directory, "link.down", "wan-vega", {})
    FAULTS["link.down"].inject(fault, keeper_of(directory), inventory_of(directory))
    with pytest.raises(HoldfastError, match="nothing comes back over it") as problem:
        intended(directory, "link.down", "wan-vega", {})
    assert problem.value.code == "HF401"
    faults.undo(fault)
    assert soon(lambda: FAULTS["link.down"].verify(fault, inventory_of(directory)), UNDO_TIMEOUT_S).so


def test_slowing_a_process(directory: Path) -> None:
    through(directory, "process.slow", "settlement-b", share=650_000)


def test_taking_a_hosts_processors(directory: Path) -> None:
    through(directory, "host.saturate", "app-b", per_core=1)


@pytest.mark.parametrize("per_core", [0, 17])
def test_so_many_processes_are_not_started(directory: Path, per_core: int) -> None:
    with pytest.raises(HoldfastError, match="1 to 16 processes") as problem:
        intended(directory, "host.saturate", "app-b", {"per_core": per_core})
    assert problem.value.code == "HF401"


def test_a_share_of_nothing_slows_nobody(directory: Path) -> None:
    with pytest.raises(HoldfastError, match="slows nobody") as problem:
        intended(directory, "process.slow", "settlement-b", {"share": 0})
    assert problem.value.code == "HF401"


def test_keeping_a_cluster_manager_down_leaves_its_database_alone(directory: Path) -> None:
    before = inventory_of(directory).processes["ledger-w"].process
    through(directory, "process.stop", "patroni-w")
    assert inventory_of(directory).processes["ledger-w"].process == before


def test_what_another_process_starts_is_not_kept_down(directory: Path) -> None:
    with pytest.raises(HoldfastError, match="another process starts it"):
        intended(directory, "process.stop", "ledger-b", {})


def test_losing_the_leader_of_the_votes(directory: Path) -> None:
    fault = through(directory, "cluster.leader-loss", "etcd-w")
    assert set(fault.identity) >= {"etcd-w", "etcd-a (way)", "etcd-b (way)"}


def test_moving_the_leader_of_the_votes(directory: Path) -> None:
    assert armed(directory).ready
    through(directory, "cluster.move-leader", "etcd-a", steward="etcd-steward")


def test_a_member_that_follows_is_no_leader_to_lose(directory: Path) -> None:
    with pytest.raises(HoldfastError, match="does not lead"):
        intended(directory, "cluster.leader-loss", "etcd-b", {})


def test_losing_the_quorum_of_the_votes(directory: Path) -> None:
    fault = through(directory, "cluster.quorum-loss", "etcd")
    assert fault.identity["members (kept down)"] == "etcd-a, etcd-b"


@pytest.mark.parametrize("of", ["data", "wal"])
def test_filling_a_disk(directory: Path, of: str) -> None:
    """A full disk fills no other: the host's other ones take what is written."""
    kind, fault = FAULTS["disk.full"], intended(directory, "disk.full", "db-w", {"of": of})
    kind.inject(fault, keeper_of(directory), inventory_of(directory))
    assert kind.probe(fault).so
    other = intended(directory, "disk.full", "db-w", {"of": "wal" if of == "data" else "data"})
    assert not kind.probe(other).so
    with pytest.raises(HoldfastError, match="full already"):
        intended(directory, "disk.full", "db-w", {"of": of})
    faults.undo(fault)
    assert soon(lambda: kind.verify(fault, inventory_of(directory)), UNDO_TIMEOUT_S).so
    faults.undo(fault)


def test_breaking_a_page(directory: Path) -> None:
    through(directory, "data.corrupt-page", "ledger-a")


def test_exactly_that_page_is_broken(directory: Path) -> None:
    """Every page that PostgreSQL wrote is sound by our reckoning, which is how that is held against PostgreSQL's."""
    kind, fault = FAULTS["data.corrupt-page"], intended(directory, "data.corrupt-page", "ledger-a", {})
    host = inventory_of(directory).hosts["db-a"].pid
    file = Path(f"/proc/{host}/root{fault.identity['file']}")
    broken_before = unsound(file.read_bytes())
    kind.inject(fault, keeper_of(directory), inventory_of(directory))
    broken = unsound(file.read_bytes())
    faults.undo(fault)
    assert broken_before == []
    assert broken == [int(fault.parameters["block"])]


def unsound(file: bytes) -> list[int]:
    pages_ = range(0, len(file), pages.PAGE_BYTES)
    return [at // pages.PAGE_BYTES for at in pages_ if not pages.sound(file[at : at + pages.PAGE_BYTES], at // 8192)]


def test_a_page_that_is_not_there_cannot_be_broken(directory: Path) -> None:
    with pytest.raises(HoldfastError, match="has no block"):
        intended(directory, "data.corrupt-page", "ledger-a", {"block": 1_000_000})


def test_editing_the_ledger(directory: Path) -> None:
    fault = through(directory, "ledger.edit", "ledger")
    assert int(fault.identity["becomes_cents"]) - int(fault.identity["was_cents"]) == 1_000_000


def test_losing_what_hosts_share(directory: Path) -> None:
    fault = through(directory, "shared.loss", "pdu-b1", of="pdu")
    assert {name for name in fault.identity if name.endswith("(host)")} == {"app-b (host)", "db-b (host)"}


def test_a_bad_update_stops_hosts_at_every_boot_until_it_is_rolled_back(directory: Path) -> None:
    kind, parameters = FAULTS["change.agent-update"], {"of": "endpoint-agent", "sites": ("dc-b",)}
    fault = intended(directory, "change.agent-update", "halberd", parameters)
    kind.inject(fault, keeper_of(directory), inventory_of(directory))
    assert soon(lambda: kind.probe(fault), EFFECT_TIMEOUT_S).so
    keeper_of(directory).call({"op": "power_on", "host": "app-b"})
    again = soon(lambda: Seen(not inventory_of(directory).hosts["app-b"].powered, ""), EFFECT_TIMEOUT_S)
    assert again.so, "it runs with the update on which it fails"
    faults.undo(fault)
    undone = soon(lambda: kind.verify(fault, inventory_of(directory)), UNDO_TIMEOUT_S)
    assert undone.so, undone.observed
    faults.undo(fault)
    assert kind.verify(fault, inventory_of(directory)).so


def test_a_bad_setting_for_all_copies(directory: Path) -> None:
    assert armed(directory).ready
    through(directory, "change.bad-config", "ledger")


def test_an_experiment_that_was_written_for_chaos_toolkit(directory: Path) -> None:
    file = str(ROOT / "examples" / "experiments" / "gateway-stopped.json")
    through(directory, "chaostoolkit.experiment", "settlement-b", file=file)


def test_the_clock_is_not_stepped_and_it_is_said_why(directory: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="one for the whole machine") as problem:
        intended(directory, "clock.step", "db-b", {"by": 600_000})
    assert problem.value.code == "HF415"


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
