"""Ground as it runs: what reaches what, what a loss of power looks like from beside, and what is left of it all."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from itertools import product
from pathlib import Path

import pytest

from meridian import control
from meridian.errors import MeridianError
from meridian.keeper import layout
from meridian.linux import start_ticks, state
from meridian.topology import HOSTS, LINKS, SITES
from meridian.unit import ACCOUNTS
from tests.meridian import ground
from tests.meridian.ground import Ground

MODE = ground.mode()
pytestmark = [
    pytest.mark.range,
    pytest.mark.skipif(MODE is None, reason="not run: this machine allows namespaces neither to root nor to accounts"),
]

DEADLINE_S = 20.0


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; fail when it does not come to."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    return state(pid) in {None, "Z"}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground.running(tmp_path_factory.mktemp("g") / "r") as range_:
        yield range_


def neighbours(source: str, target: str) -> bool:
    """Return whether the topology lets two hosts reach each other."""
    sites = {HOSTS[source].site, HOSTS[target].site}
    return len(sites) == 1 or any(sites == set(link.between) for link in LINKS.values())


# -- the network --


def test_hosts_reach_exactly_whom_the_lines_join_them_to(here: Ground) -> None:
    wanted = {pair: neighbours(*pair) for pair in product(HOSTS, HOSTS)}
    assert {pair: here.reach(*pair) == "open" for pair in wanted} == wanted


def test_a_cut_is_silent_both_ways_and_touches_nobody_else(here: Ground) -> None:
    here.keeper.ask("cut", id="one", a=["10.71.1.11"], b=["10.71.2.0/24"], exercise="e")
    try:
        assert here.keeper.ask("cuts")["cuts"] == ["one"]
        assert here.reach("db-a", "db-b") == here.reach("app-b", "db-a") == "silence"
        assert here.reach("app-a", "db-b") == here.reach("db-a", "db-w") == here.reach("app-a", "db-a") == "open"
    finally:
        here.keeper.ask("mend", id="one")
    assert here.reach("db-a", "db-b") == here.reach("app-b", "db-a") == "open"
    assert here.keeper.ask("cuts")["cuts"] == []
    assert here.keeper.ask("mend", id="one")["ok"]


def test_a_cut_matches_any_length_of_prefix(here: Ground) -> None:
    # 10.71.1.16/28 holds app-a (.21) and not db-a (.11).
    here.keeper.ask("cut", id="odd", a=["10.71.1.16/28"], b=["0.0.0.0/0"], exercise="e")
    try:
        assert here.reach("app-a", "db-b") == here.reach("app-a", "db-a") == "silence"
        assert here.reach("db-a", "db-b") == "open"
    finally:
        here.keeper.ask("mend", id="odd")


def test_a_cut_goes_through_connections_that_are_open(here: Ground) -> None:
    with closing(here.from_to("app-a", "db-b")) as client:
        here.keeper.ask("cut", id="mid", a=["10.71.1.0/24"], b=["10.71.2.0/24"], exercise="e")
        try:
            client.sendall(b"x")
            client.shutdown(socket.SHUT_WR)
            # An open network would bring the listener's end of the connection now.
            with pytest.raises(TimeoutError):
                client.recv(1)
        finally:
            here.keeper.ask("mend", id="mid")


def test_a_mend_never_takes_a_lost_host_for_a_cut(here: Ground) -> None:
    here.keeper.ask("power_off", host="vault", exercise="e")
    here.keeper.ask("mend", id="off-vault")
    assert here.reach("db-a", "vault") == "silence"
    here.keeper.ask("power_on", host="vault")
    eventually(lambda: here.reach("db-a", "vault") == "open")


# -- power --


def test_a_process_that_ends_is_heard_and_a_host_that_loses_power_is_not(here: Ground) -> None:
    with closing(here.from_to("app-b", "db-b")) as client:
        here.keeper.ask("signal", process="listener-db-b", signal="KILL", exercise="e")
        assert client.recv(1) == b""
    eventually(lambda: here.reach("app-b", "db-b") == "open")
    with closing(here.from_to("app-b", "db-b")) as client:
        here.keeper.ask("power_off", host="db-b", exercise="e")
        client.sendall(b"are you there")
        with pytest.raises(TimeoutError):
            client.recv(1)
    assert here.reach("app-b", "db-b") == here.reach("db-a", "db-b") == "silence"
    here.keeper.ask("power_on", host="db-b")
    eventually(lambda: here.reach("app-b", "db-b") == "open")


def test_power_comes_back_to_the_same_disk_with_everything_else_new(here: Ground) -> None:
    disk = here.directory / "disk" / "db-w"
    assert command(here, "db-w", "sh", "-c", f"echo kept > {disk}/mine && echo lost > /dev/shm/mine") == (0, "")
    before = here.inventory()
    here.keeper.ask("power_off", host="db-w", exercise="e")
    here.keeper.ask("power_off", host="db-w", exercise="e")
    off = here.inventory()
    assert off["hosts"]["db-w"] == {**before["hosts"]["db-w"], "powered": False, "pid": None, "start_ticks": None}
    assert not any(each["running"] for each in off["processes"].values() if each["host"] == "db-w")
    own = [each["pid"] for each in before["processes"].values() if each["host"] == "db-w"]
    assert all(gone(pid) for pid in (*own, before["hosts"]["db-w"]["pid"]))
    here.keeper.ask("power_on", host="db-w")
    here.keeper.ask("power_on", host="db-w")
    eventually(lambda: here.inventory()["processes"]["orphan"]["running"])
    assert here.inventory()["hosts"]["db-w"]["pid"] != before["hosts"]["db-w"]["pid"]
    assert command(here, "db-w", "cat", f"{disk}/mine") == (0, "kept\n")
    assert command(here, "db-w", "sh", "-c", "cat /dev/shm/mine")[0] != 0
    eventually(lambda: here.reach("db-a", "db-w") == "open")


def test_a_site_is_lost_with_its_lines_and_comes_back(here: Ground) -> None:
    own = {name for name, link in LINKS.items() if "dc-a" in link.between}
    here.keeper.ask("site_off", site="dc-a", exercise="e")
    lost = here.inventory()
    assert [name for name, site in lost["sites"].items() if not site["powered"]] == ["dc-a"]
    assert {name for name, link in lost["links"].items() if not link["up"]} == own
    assert here.reach("db-b", "db-a") == here.reach("banks", "app-a") == "silence"
    assert here.reach("db-b", "db-w") == here.reach("banks", "app-b") == "open"
    here.keeper.ask("site_on", site="dc-a")
    back = here.inventory()
    assert all(site["powered"] for site in back["sites"].values())
    assert all(link["up"] for link in back["links"].values())
    eventually(lambda: here.reach("db-b", "db-a") == here.reach("banks", "app-a") == "open")


def test_a_host_whose_first_process_is_killed_from_outside_is_off(here: Ground) -> None:
    os.kill(here.inventory()["hosts"]["app-b"]["pid"], signal.SIGKILL)
    eventually(lambda: not here.inventory()["hosts"]["app-b"]["powered"])
    here.keeper.ask("power_on", host="app-b")
    eventually(lambda: here.reach("db-b", "app-b") == "open")


# -- processes --


def test_a_killed_unit_is_started_again(here: Ground) -> None:
    before = here.pid("listener-vault")
    here.keeper.ask("signal", process="listener-vault", signal="KILL", exercise="e")
    eventually(lambda: here.inventory()["processes"]["listener-vault"]["pid"] not in {None, before})


def test_a_frozen_family_is_frozen_whole_and_thaws(here: Ground) -> None:
    family = here.pid("family")
    eventually(lambda: len(children(family)) > 0)
    here.keeper.ask("signal", process="family", signal="STOP", tree=True, exercise="e")
    frozen = here.inventory()["processes"]["family"]
    assert (frozen["pid"], frozen["running"]) == (family, False)
    assert {state(pid) for pid in (family, *children(family))} == {"T"}
    here.keeper.ask("ensure", process="family")
    assert not {state(pid) for pid in (family, *children(family))} & {"T"}


def test_a_frozen_host_is_frozen_to_the_last_orphan_but_its_first_process_obeys(here: Ground) -> None:
    own = [here.pid(name) for name in ("listener-db-w", "family", "orphan")]
    here.keeper.ask("signal", host="db-w", signal="STOP", tree=True, exercise="e")
    assert {state(pid) for pid in own} == {"T"}
    # The kernel still takes the connection: only who reads what comes notices that nobody is there.
    assert here.reach("db-a", "db-w") == "silence"
    here.keeper.ask("ensure", host="db-w")
    assert "T" not in {state(pid) for pid in own}
    eventually(lambda: here.reach("db-a", "db-w") == "open")


def test_no_server_has_a_privilege_left(here: Ground) -> None:
    for name, process in here.inventory()["processes"].items():
        text = Path(f"/proc/{process['pid']}/status").read_text()
        facts = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        uid = ACCOUNTS[process["account"]] if MODE == "root" and name != "orphan" else int(facts["Uid"].split()[0])
        assert facts["Uid"].split() == [str(uid)] * 4, name
        assert uid != 0, name
        assert {facts[kind] for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}, name
        assert facts["NoNewPrivs"] == "1", name


def test_a_host_sees_its_own_things_alone(here: Ground) -> None:
    assert command(here, "vault", "hostname") == (0, "vault\n")
    assert command(here, "vault", "ls", str(here.directory)) == (0, "disk\nhosts\nmanagement\n")
    for place in ("disk", "hosts", "management"):
        assert command(here, "vault", "ls", str(here.directory / place)) == (0, "vault\n"), place
    assert command(here, "vault", "cat", str(here.directory / "disk/vault/secrets/own")) == (
        0,
        (here.directory / "secrets/vault-token").read_text(),
    )
    # Its PID 1, the listener, and what lists them: nobody else's processes.
    seen = command(here, "vault", "sh", "-c", "echo /proc/[0-9]*")[1].split()
    assert len(seen) == 3


# -- the keeper --


def test_a_revoked_exercise_breaks_nothing_more_and_undoes_everything(here: Ground) -> None:
    here.keeper.ask("power_off", host="app-a", exercise="old")
    here.keeper.ask("revoke", exercise="old")
    for request in (
        {"op": "power_off", "host": "db-a"},
        {"op": "site_off", "site": "dc-a"},
        {"op": "signal", "process": "listener-db-a", "signal": "KILL"},
        {"op": "cut", "id": "x", "a": ["10.71.1.0/24"], "b": ["0.0.0.0/0"]},
        {"op": "impair", "id": "x", "link": "wan-orion", "down": True},
    ):
        with pytest.raises(MeridianError, match="MR110"):
            here.keeper.ask(str(request.pop("op")), **request, exercise="old")
    here.keeper.ask("power_on", host="app-a")
    eventually(lambda: here.reach("db-a", "app-a") == "open")
    here.keeper.ask("mend", id="x")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"no json", "MR108"),
        (b"[]", "MR108"),
        (b'{"op":"explode"}', "MR108"),
        (b'{"op":"power_off","host":"db-z"}', "MR107"),
        (b'{"op":"power_off","host":["db-a"]}', "MR107"),
        (b'{"op":"signal","process":"nobody","signal":"KILL"}', "MR107"),
        (b'{"op":"signal","process":"family","signal":"HUP"}', "MR108"),
        (b'{"op":"signal","process":"family","signal":["KILL"]}', "MR108"),
        (b'{"op":"cut","id":"x","a":["10.71.1.300"],"b":["0.0.0.0/0"]}', "MR108"),
        (b'{"op":"cut","id":"x","a":[],"b":["0.0.0.0/0"]}', "MR108"),
        (b'{"op":"mend"}', "MR108"),
    ],
)
def test_nonsense_is_refused_and_the_keeper_lives(here: Ground, line: bytes, code: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(DEADLINE_S)
        client.connect(str(layout.socket_file(here.directory)))
        client.sendall(line + b'\n{"op":"cuts"}\n')
        with client.makefile("rb") as answers:
            refused, served = json.loads(answers.readline()), json.loads(answers.readline())
    assert (refused["ok"], refused["code"], served["ok"]) == (False, code, True)
    assert refused["remedy"]


def test_a_line_without_end_is_cut_off_and_others_are_served_meanwhile(here: Ground) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(DEADLINE_S)
        client.connect(str(layout.socket_file(here.directory)))
        client.sendall(b"{")
        assert here.keeper.ask("cuts")["ok"]
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            client.sendall(b" " * (64 << 20))


def test_only_the_owner_may_open_the_socket_and_read_the_secrets(here: Ground) -> None:
    assert layout.socket_file(here.directory).stat().st_mode & 0o777 == 0o600
    assert here.directory.stat().st_mode & 0o777 == 0o700
    secrets = here.directory / "secrets"
    assert {path.stat().st_mode & 0o777 for path in (secrets, *secrets.iterdir())} == {0o700, 0o600}


def test_the_range_shows_nowhere_outside(here: Ground) -> None:
    assert str(here.directory) not in Path("/proc/self/mounts").read_text()
    assert list((here.directory / "disk").iterdir()) == []
    assert not {name for _, name in socket.if_nameindex()} & {*HOSTS, *SITES}


# -- its end --


def test_nothing_is_left_when_it_goes_down(tmp_path: Path) -> None:
    range_ = ground.start(tmp_path / "r")
    key = os.getpid() | 0x4D000000
    # Shared memory of both kinds, as PostgreSQL makes it and a sudden end leaves it: of a name, and of System V.
    named = f"/dev/shm/{key:x}-left"  # noqa: S108 - in the host's own one
    make = f"import ctypes; open({named!r}, 'w'); assert ctypes.CDLL(None).shmget({key}, 4096, 0o1600) >= 0"
    assert command(range_, "db-a", sys.executable, "-c", make) == (0, "")
    every, spaces = family(range_), namespaces(family(range_)) - namespaces([os.getpid()])
    assert len(spaces) >= 5 * len(HOSTS)
    control.stop(range_.directory)
    assert [pid for pid, ticks in every.items() if start_ticks(pid) == ticks and not gone(pid)] == []
    assert namespaces(int(process.name) for process in Path("/proc").glob("[0-9]*")) & spaces == set()
    assert list(tmp_path.iterdir()) == []
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()
    assert not Path(named).exists()
    assert str(key) not in Path("/proc/sysvipc/shm").read_text().split()
    assert not control.stop(range_.directory)


def test_a_keeper_that_is_killed_takes_everything_along_but_the_directory(tmp_path: Path) -> None:
    range_ = ground.start(tmp_path / "r")
    every = family(range_)
    os.kill(range_.inventory()["keeper"]["pid"], signal.SIGKILL)
    eventually(lambda: all(gone(pid) or start_ticks(pid) != ticks for pid, ticks in every.items()))
    assert not control.alive(range_.directory)
    # What is left is cleared away by the next start as well as by `down`.
    with ground.running(range_.directory) as again:
        assert again.reach("db-a", "db-b") == "open"
    assert list(tmp_path.iterdir()) == []


def test_two_ranges_live_side_by_side(here: Ground, tmp_path: Path) -> None:
    with ground.running(tmp_path / "other") as other:
        other.keeper.ask("power_off", host="db-b", exercise="e")
        assert other.reach("db-a", "db-b") == "silence"
        assert here.reach("db-a", "db-b") == "open"
    assert here.reach("db-a", "db-b") == "open"


def test_a_second_start_is_refused_and_the_first_range_lives_on(here: Ground) -> None:
    with pytest.raises(MeridianError, match="MR102"):
        ground.start(here.directory)
    assert here.reach("db-a", "db-b") == "open"


def test_somebodys_files_are_never_removed(tmp_path: Path) -> None:
    precious = tmp_path / "mine" / "thesis"
    precious.parent.mkdir()
    precious.write_text("years of work")
    for act in (ground.start, control.stop):
        with pytest.raises(MeridianError, match="MR114"):
            act(tmp_path / "mine")
    assert precious.read_text() == "years of work"


def test_an_interrupted_start_leaves_nothing(tmp_path: Path) -> None:
    place = tmp_path / "r"
    environment = {**os.environ, "PYTHONPATH": str(ground.ROOT)}
    program = f"from tests.meridian import ground; from pathlib import Path; ground.start(Path({str(place)!r}))"
    with subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.DEVNULL) as starting:
        eventually(lambda: layout.keeper_file(place).is_file() and control.alive(place))
        starting.send_signal(signal.SIGINT)
        try:
            assert starting.wait(DEADLINE_S) != 0
            assert not place.exists()
        finally:
            control.stop(place)


def family(range_: Ground) -> dict[int, int]:
    """Return the keeper, the hosts' first processes and everything that descends from them: pid → start."""
    inventory = range_.inventory()
    found = [inventory["keeper"]["pid"]]
    for pid in found:
        found.extend(children(pid))
    assert {host["pid"] for host in inventory["hosts"].values()} <= set(found)
    return {pid: ticks for pid in found if (ticks := start_ticks(pid)) is not None}


def namespaces(pids: Iterable[int]) -> set[str]:
    """Return the namespaces that processes are in, of those that this account may look at."""
    found = set()
    for pid in pids:
        with suppress(OSError):
            found |= {str(link.readlink()) for link in Path(f"/proc/{pid}/ns").iterdir()}
    return found


def children(pid: int) -> list[int]:
    """Return the children of a process, read from /proc."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(process.name))
    return found


def command(range_: Ground, host: str, *words: str) -> tuple[int, str]:
    """Run a command on a host by `shell`; return its exit status and what it printed."""
    line = [sys.executable, "-m", "meridian", "shell", "--dir", str(range_.directory), host, "--", *words]
    done = subprocess.run(line, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    return done.returncode, done.stdout


def test_a_process_of_a_host_without_power_cannot_be_started(here: Ground) -> None:
    here.keeper.ask("power_off", host="app-b", exercise="e")
    try:
        with pytest.raises(MeridianError, match="app-b is off"):
            here.keeper.ask("ensure", process="listener-app-b")
        assert not here.inventory()["hosts"]["app-b"]["powered"], "starting a process gave its host power"
    finally:
        here.keeper.ask("power_on", host="app-b")
    eventually(lambda: here.reach("app-b", "app-b") == "open")


def test_an_answer_that_came_too_late_is_not_taken_for_the_next_one(here: Ground) -> None:
    first = here.inventory()["hosts"]["app-b"]["pid"]
    os.kill(first, signal.SIGSTOP)
    try:
        with pytest.raises(MeridianError) as problem:
            here.keeper.ask("ensure", process="listener-app-b")
        assert problem.value.code == "MR105"
    finally:
        os.kill(first, signal.SIGCONT)
    time.sleep(0.5)  # the answer to what nobody waits for any longer comes now
    own = [each for each in here.inventory()["processes"].values() if each["host"] == "app-b"]
    assert own
    assert all(each["running"] for each in own)
