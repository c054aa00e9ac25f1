"""The lines as they run: rerouted, taken down, made bad and good again; and what cuts of every kind let through."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from meridian.errors import MeridianError
from meridian.linux import CAP_NET_ADMIN, start_ticks
from meridian.network.wire import MILLION
from meridian.topology import HOSTS, LINKS
from tests.meridian import ground
from tests.meridian.bare_ground import PORT
from tests.meridian.ground import Ground

pytestmark = [
    pytest.mark.range,
    pytest.mark.skipif(ground.mode() is None, reason="not run: this machine allows namespaces to nobody"),
]

DEADLINE_S = 20.0
REROUTED_S = 1.0
SILENT: dict[str, object] = {"loss_ppm": MILLION}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground.running(tmp_path_factory.mktemp("l") / "r") as range_:
        yield range_


@pytest.fixture(autouse=True)
def nothing_left(here: Ground) -> Iterator[None]:
    yield
    for each in ("one", "two"):
        here.keeper.ask("restore", id=each)
        here.keeper.ask("mend", id=each)
    eventually(lambda: here.reach("db-a", "db-b") == here.reach("db-a", "db-w") == "open")
    assert not any(link["impaired"] or link["toward"] or not link["up"] for link in here.inventory()["links"].values())


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def impair(here: Ground, link: str, what: Mapping[str, object], by: str = "one") -> None:
    here.keeper.ask("impair", id=by, link=link, exercise="e", **what)


def trip_s(here: Ground, source: str, target: str) -> float:
    """Return how long it takes to connect, the shortest of some: one round trip."""
    found = []
    for _ in range(5):
        with here.keeper.socket_on(source) as connection:
            begun_s = time.monotonic()
            connection.connect((HOSTS[target].address, PORT))
            found.append(time.monotonic() - begun_s)
    return min(found)


def child_with(here: Ground, capabilities: int) -> int:
    """Return the pid of the keeper's child that is in nobody's host and has exactly these capabilities, 0 without."""
    keeper = here.inventory()["keeper"]["pid"]
    hosts = {host["pid"] for host in here.inventory()["hosts"].values()}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            lines = (process / "status").read_text().splitlines()
        except OSError:
            continue
        facts = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        own = int(fields[1]) == keeper and fields[0] != "Z" and int(process.name) not in hosts
        if own and int(facts["CapPrm"], 16) == int(facts["CapEff"], 16) == capabilities:
            return int(process.name)
    return 0


# -- two lines between the data centres --


@pytest.mark.parametrize(
    "what",
    [{"down": True}, SILENT, {**SILENT, "toward": "dc-a"}, {**SILENT, "toward": "dc-b"}],
    ids=["down", "silent", "deaf", "mute"],
)
def test_traffic_leaves_a_line_that_fails_and_connections_survive(here: Ground, what: dict[str, object]) -> None:
    with closing(here.from_to("db-a", "db-b")) as client:
        impair(here, "wan-orion", what)
        begun_s = time.monotonic()
        eventually(lambda: here.reach("db-a", "db-b") == here.reach("db-b", "db-a") == "open")
        assert time.monotonic() - begun_s < REROUTED_S + 2 * ground.SILENCE_S
        # The connection from before is the same one: its end is answered over the other line.
        client.settimeout(DEADLINE_S)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""


def test_without_either_line_the_data_centres_are_apart_and_others_are_not(here: Ground) -> None:
    impair(here, "wan-orion", {"down": True})
    impair(here, "wan-vega", {"down": True})
    assert here.reach("db-a", "db-b") != "open"
    assert here.reach("db-a", "db-w") == here.reach("db-b", "db-w") == "open"
    links = here.inventory()["links"]
    assert [name for name, link in links.items() if not link["up"]] == ["wan-orion", "wan-vega"]
    assert links["wan-orion"]["impaired"] == ["one"]


def test_a_silent_line_is_up_and_a_pair_of_them_is_left_to_silence_by_nobody(here: Ground) -> None:
    impair(here, "wan-orion", SILENT)
    impair(here, "wan-vega", SILENT)
    # Routers that hear nothing over either withdraw both routes, and then say so.
    eventually(lambda: here.reach("db-a", "db-b") not in {"open", "silence"})
    assert all(link["up"] for link in here.inventory()["links"].values())


def test_a_watch_that_ended_begins_again_and_takes_up_the_routes(here: Ground) -> None:
    impair(here, "wan-orion", SILENT)
    eventually(lambda: here.reach("db-a", "db-b") == "open")
    watch = child_with(here, 1 << CAP_NET_ADMIN)
    assert watch
    os.kill(watch, signal.SIGKILL)
    here.keeper.ask("restore", id="one")
    eventually(lambda: child_with(here, 1 << CAP_NET_ADMIN) not in {0, watch})
    # Orion's routes had been withdrawn by the one that ended.
    impair(here, "wan-vega", {"down": True})
    eventually(lambda: here.reach("db-a", "db-b") == here.reach("db-b", "db-a") == "open")


# -- what a line can be --


def test_a_line_is_late_each_way_by_itself_and_others_are_not(here: Ground) -> None:
    impair(here, "wan-dca-witness", {"delay_us": 40_000, "toward": "witness"})
    assert 0.04 <= trip_s(here, "db-a", "db-w") < 0.08
    assert 0.04 <= trip_s(here, "db-w", "db-a") < 0.08
    assert trip_s(here, "db-a", "db-b") < 0.02
    impair(here, "wan-dca-witness", {"delay_us": 40_000})
    assert trip_s(here, "db-a", "db-w") >= 0.08
    assert here.inventory()["links"]["wan-dca-witness"]["toward"]["dc-a"]["delay_us"] == 40_000


def test_what_two_ask_for_adds_up_and_each_takes_back_its_own(here: Ground) -> None:
    impair(here, "wan-dca-witness", {"delay_us": 20_000})
    impair(here, "wan-dca-witness", {"delay_us": 20_000}, by="two")
    assert trip_s(here, "db-a", "db-w") >= 0.08
    here.keeper.ask("restore", id="one")
    here.keeper.ask("restore", id="one")
    assert 0.04 <= trip_s(here, "db-a", "db-w") < 0.08


def test_a_slow_line_passes_no_more_than_its_rate(here: Ground) -> None:
    impair(here, "wan-dca-witness", {"rate_kbit_s": 4000, "toward": "dc-a"})
    with closing(here.from_to("db-w", "db-a")) as client:
        begun_s = time.monotonic()
        client.settimeout(DEADLINE_S)
        client.sendall(bytes(500_000))
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
        assert time.monotonic() - begun_s >= 0.9  # four megabits, but for what the first burst may hold


def test_large_transfers_survive_delay_and_loss_whole(here: Ground) -> None:
    """Checksums and packet sizes are right: what arrives is what TCP sent."""
    impair(here, "wan-dca-witness", {"delay_us": 1000, "loss_ppm": 2000})
    with closing(here.from_to("db-a", "db-w")) as client:
        client.settimeout(DEADLINE_S)
        client.sendall(bytes(3_000_000))
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""


def test_the_wire_has_no_privilege_and_its_death_takes_its_line_down(here: Ground) -> None:
    impair(here, "wan-dca-witness", {"delay_us": 1000})
    assert here.reach("db-a", "db-w") == "open"
    wire = child_with(here, 0)
    assert wire
    ticks = start_ticks(wire)
    os.kill(wire, signal.SIGKILL)
    eventually(lambda: not here.inventory()["links"]["wan-dca-witness"]["up"])
    assert here.reach("db-a", "db-w") != "open"
    assert here.reach("db-a", "db-b") == "open"
    # Whatever else is asked of it, it does not come back fast; only when all is taken back, and other lines still can.
    impair(here, "wan-dca-witness", {"delay_us": 2000}, by="two")
    assert not here.inventory()["links"]["wan-dca-witness"]["up"]
    impair(here, "wan-dcb-witness", {"delay_us": 20_000}, by="two")
    assert trip_s(here, "db-b", "db-w") >= 0.04
    assert start_ticks(wire) != ticks


def test_a_lost_site_is_no_impairment_and_does_not_bring_a_failed_line_along(here: Ground) -> None:
    impair(here, "wan-dca-witness", {"down": True})
    here.keeper.ask("site_off", site="witness", exercise="e")
    here.keeper.ask("restore", id="dark-witness")
    assert not any(link["up"] for link in here.inventory()["links"].values() if "witness" in link["between"])
    here.keeper.ask("site_on", site="witness")
    eventually(lambda: here.reach("db-b", "db-w") == "open")
    assert [name for name, link in here.inventory()["links"].items() if not link["up"]] == ["wan-dca-witness"]


# -- cuts of every kind --


def cut(here: Ground, **what: object) -> None:
    one, other = [f"{HOSTS['db-a'].address}/32"], [f"{HOSTS['db-b'].address}/32"]
    here.keeper.ask("cut", id="one", pairs=[[one, other]], exercise="e", **what)


@pytest.mark.parametrize(("direction", "arrives_at"), [("forth", "db-a"), ("back", "db-b")])
def test_a_cut_of_one_direction_lets_the_other_through(here: Ground, direction: str, arrives_at: str) -> None:
    pairs = (("db-a", "db-b"), ("db-b", "db-a"))
    before = {target: half_open(here, source, target) for source, target in pairs}
    cut(here, direction=direction)
    assert here.reach("db-a", "db-b") == here.reach("db-b", "db-a") == "silence"
    # The first segment of a connection arrives, and the kernel there waits for more: half open, as its own table says.
    assert {target for source, target in pairs if half_open(here, source, target) - before[target]} == {arrives_at}


def half_open(here: Ground, source: str, target: str) -> set[str]:
    """Return the far ends, as the kernel of ``target`` writes them, of what ``source`` began in vain."""
    table = Path(f"/proc/{here.inventory()['hosts'][target]['pid']}/net/tcp").read_text()
    peer = int.from_bytes(socket.inet_aton(HOSTS[source].address), sys.byteorder)
    rows = [line.split() for line in table.splitlines()]
    return {row[2] for row in rows if row[2].startswith(f"{peer:08X}:") and row[3] == "03"}


def test_a_cut_of_ports_lets_other_ports_through(here: Ground) -> None:
    cut(here, ports=[PORT + 1])
    assert here.reach("db-a", "db-b") == "open"
    cut(here, ports=[PORT + 1, PORT])
    assert here.reach("db-a", "db-b") == here.reach("db-b", "db-a") == "silence"


@pytest.mark.parametrize("ports", [[], [PORT]])
def test_a_refusing_cut_answers_at_once_and_ends_what_is_open(here: Ground, ports: list[int]) -> None:
    with closing(here.from_to("db-a", "db-b")) as client:
        cut(here, refuse=True, ports=ports)
        assert here.reach("db-a", "db-b") == here.reach("db-b", "db-a") == os.strerror(111)
        client.settimeout(DEADLINE_S)
        client.sendall(b"x")
        with pytest.raises(ConnectionResetError):
            client.recv(1)


# -- what is refused --


@pytest.mark.parametrize(
    ("op", "request_", "code"),
    [
        ("impair", {"link": "wan-nowhere"}, "MR107"),
        ("impair", {"link": "wan-orion", "toward": "vault"}, "MR108"),
        ("impair", {"link": "wan-orion", "delay_us": -1}, "MR108"),
        ("impair", {"link": "wan-orion", "loss_ppm": MILLION + 1}, "MR108"),
        ("impair", {"link": "wan-orion", "loss_ppm": True}, "MR108"),
        ("cut", {"pairs": [[["10.71.1.0/24"]]]}, "MR108"),
        ("cut", {"pairs": []}, "MR108"),
        ("cut", {"a": ["10.71.1.0/24"], "b": ["10.71.2.0/24"], "ports": [0]}, "MR108"),
        ("cut", {"a": ["10.71.1.0/24"], "b": ["10.71.2.0/24"], "direction": "sideways"}, "MR108"),
    ],
)
def test_nonsense_changes_nothing(here: Ground, op: str, request_: dict[str, object], code: str) -> None:
    with pytest.raises(MeridianError) as problem:
        here.keeper.ask(op, id="one", exercise="e", **request_)
    assert problem.value.code == code
    assert here.keeper.ask("cuts")["cuts"] == []


def test_a_revoked_exercise_impairs_nothing_and_may_restore(here: Ground) -> None:
    here.keeper.ask("impair", id="one", link="wan-orion", down=True, exercise="old")
    here.keeper.ask("revoke", exercise="old")
    with pytest.raises(MeridianError, match="MR110"):
        here.keeper.ask("impair", id="two", link="wan-vega", down=True, exercise="old")
    here.keeper.ask("restore", id="one")
    assert all(link["up"] for link in here.inventory()["links"].values())


def test_every_line_is_known_to_the_inventory_with_its_ends(here: Ground) -> None:
    found = {name: tuple(link["addresses"]) for name, link in here.inventory()["links"].items()}
    assert found == {name: link.addresses for name, link in LINKS.items()}
