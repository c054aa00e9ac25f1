"""What a declared partition comes to: which ways it closes, and what it refuses to be; and what lines refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from holdfast.connectors.range import Endpoint, HostState, Inventory, LinkState, ProcessState, SiteState
from holdfast.errors import HoldfastError
from holdfast.exercises.faults import FAULTS, Aim, network

SITES = ("dc-a", "dc-b", "witness", "participants")
HOSTS = {"db-a": "dc-a", "app-a": "dc-a", "db-b": "dc-b", "db-w": "witness", "banks": "participants"}
POSTGRES, REST, CLIENT, PEER = 5432, 8008, 2379, 2380
SECRET = Path("nowhere")


def address(host: str) -> str:
    return f"10.71.{SITES.index(HOSTS[host]) + 1}.{list(HOSTS).index(host) + 11}"


def range_() -> Inventory:
    """Return a range of four sites with three copies of a ledger, none of which runs."""
    copies = {"ledger-a": "db-a", "ledger-b": "db-b", "ledger-w": "db-w"}
    process = {name: ProcessState(host, running=True, account="", ports=(POSTGRES,)) for name, host in copies.items()}
    for name, host in copies.items():
        letter = name[-1]
        process[f"etcd-{letter}"] = ProcessState(host, running=True, account="", ports=(CLIENT, PEER))
        process[f"patroni-{letter}"] = ProcessState(host, running=True, account="", ports=(REST,))
    ends = {name: Endpoint(postgres_socket_dir=SECRET, port=POSTGRES, password_file=SECRET) for name in copies}
    return Inventory(
        version=1,
        name="",
        dir=SECRET,
        mode="root",
        profile="fast",
        client="safe",
        clock_id="",
        sites={name: SiteState(f"10.71.{index}.0/24", "", powered=True) for index, name in enumerate(SITES, 1)},
        hosts={name: HostState(site, address(name), powered=True) for name, site in HOSTS.items()},
        processes=process,
        links={},
        endpoints=ends,
        records={},
    )


def closed(target: str, parameters: Mapping[str, object] | None = None, port: int = POSTGRES) -> set[tuple[str, str]]:
    """Return the pairs of hosts of which the one can no longer connect to a port of the other."""
    cut = network._cut_of(target, parameters or {}, range_())  # noqa: SLF001 - what it compiles to is what is asked here
    return {(one, other) for one, other in permutations(HOSTS, 2) if cut.crosses(address(one), address(other), port)}


def both_ways(*pairs: tuple[str, str]) -> set[tuple[str, str]]:
    return {*pairs, *((other, one) for one, other in pairs)}


def test_a_host_alone_is_cut_off_even_from_its_own_site() -> None:
    assert closed("db-a") == both_ways(*(("db-a", other) for other in HOSTS if other != "db-a"))


def test_a_site_alone_keeps_its_inside() -> None:
    assert closed("dc-a") == both_ways(
        *((one, other) for one in ("db-a", "app-a") for other in ("db-b", "db-w", "banks"))
    )


def test_halves_keep_both_their_insides() -> None:
    ours = ("db-a", "app-a", "banks")
    assert closed("dc-a", {"with": ("participants",)}) == both_ways(*((x, y) for x in ours for y in ("db-b", "db-w")))
    assert closed("dc-a", {"with": "participants"}) == closed("dc-a", {"with": ("participants",)})


def test_a_host_and_a_site_on_one_side_leave_the_rest_of_the_hosts_site_on_the_other() -> None:
    assert closed("db-a", {"with": ("dc-b",)}) == both_ways(
        *((one, other) for one in ("db-a", "db-b") for other in ("app-a", "db-w", "banks"))
    )


def test_in_a_ring_everybody_reaches_its_two_neighbours() -> None:
    """In the order dc-a, witness, dc-b, participants the two that face each other are apart."""
    apart = closed("dc-a", {"ring": ("witness", "dc-b", "participants")})
    assert apart == both_ways(("db-a", "db-b"), ("app-a", "db-b"), ("db-w", "banks"))


def test_no_two_members_of_a_larger_ring_see_the_same_ones() -> None:
    members = ("db-a", "db-b", "db-w", "banks", "app-a")
    apart = closed(members[0], {"ring": members[1:]})
    seen = [frozenset(other for other in members if (one, other) not in apart) for one in members]
    assert len(set(seen)) == len(members)
    assert {len(each) for each in seen} == {3}


def test_one_kind_of_traffic_leaves_every_other_open() -> None:
    others = both_ways(("db-a", "db-b"), ("db-a", "db-w"))
    assert closed("db-a", {"only": "consensus"}, PEER) >= others
    assert closed("db-a", {"only": "consensus"}, CLIENT) >= others
    assert closed("db-a", {"only": "consensus"}, POSTGRES) == closed("db-a", {"only": "consensus"}, REST) == set()
    assert closed("db-a", {"only": "cluster"}, REST) >= others
    assert closed("db-a", {"only": "cluster"}, PEER) == set()


def test_replication_is_among_the_hosts_of_copies_alone() -> None:
    """The gateways and the vault speak to the same port, and go on."""
    assert closed("dc-a", {"only": "replication"}) == both_ways(("db-a", "db-b"), ("db-a", "db-w"))
    assert closed("db-a", {"only": "replication"}, REST) == set()


@pytest.mark.parametrize(("direction", "begins"), [("out", ("db-b", "db-a")), ("in", ("db-a", "db-b"))])
def test_where_one_direction_is_open_a_connection_begins_and_comes_to_nothing(
    direction: str, begins: tuple[str, str]
) -> None:
    cut = network._cut_of("db-a", {"direction": direction}, range_())  # noqa: SLF001
    for pair in (("db-a", "db-b"), ("db-b", "db-a")):
        source, target = map(address, pair)
        assert cut.crosses(source, target, POSTGRES)
        assert cut.begins(source, target) == (pair == begins)


@pytest.mark.parametrize(
    ("target", "parameters"),
    [
        ("nowhere", {}),
        ("dc-a", {"from": ("nowhere",)}),
        ("dc-a", {"ring": ("dc-b", "witness")}),
        ("dc-a", {"ring": ("dc-b", "witness", "participants"), "from": ("dc-b",)}),
        ("participants", {"only": "replication"}),
    ],
)
def test_what_would_cut_nothing_is_refused(target: str, parameters: dict[str, object]) -> None:
    with pytest.raises(HoldfastError) as problem:
        closed(target, parameters)
    assert problem.value.code == "HF401"


LINE = LinkState(("dc-a", "dc-b"), up=True, addresses=("10.71.250.1", "10.71.250.2"))


@pytest.mark.parametrize(
    ("fault", "parameters", "why"),
    [
        ("link.down", {}, "nothing comes back"),
        ("link.delay", {"delay": 0}, "a delay of nothing"),
        ("link.loss", {"share": 4_999}, "told from chance"),
        ("link.rate", {"kbit_per_s": 100}, "256 to 100,000"),
        ("link.delay", {"delay": 5, "toward": ("witness",)}, "does not lead to witness"),
    ],
)
def test_a_line_is_not_hit_where_nothing_could_be_shown(fault: str, parameters: dict[str, object], why: str) -> None:
    there = replace(range_(), links={"wan-orion": LINE})
    with pytest.raises(HoldfastError, match=why) as problem:
        FAULTS[fault].prepare(Aim("exercise", "fault-1", "wan-orion", parameters), there)
    assert problem.value.code == "HF401"


def test_a_range_that_does_not_say_where_its_lines_end_is_not_hit_there() -> None:
    there = replace(range_(), links={"wan-orion": LinkState(("dc-a", "dc-b"), up=True)})
    with pytest.raises(HoldfastError, match="where its ends are"):
        FAULTS["link.down"].prepare(Aim("exercise", "fault-1", "wan-orion", {}), there)
