"""Ground on a machine that refuses namespaces: whole families live and die, and what needs a network is refused."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from holdfast.connectors.hypervisor import Hypervisor
from meridian import control
from meridian.errors import MachineCannot, MeridianError
from meridian.keeper import isolation, layout
from meridian.linux import start_ticks, state
from meridian.topology import HOSTS
from tests.meridian import as_nobody, ground, without_namespaces
from tests.meridian.bare_ground import PORT

pytestmark = pytest.mark.range

DEADLINE_S = 20.0
TIMEOUT_S = 120.0
ROOT = os.geteuid() == 0
ALLOWED = ground.mode() is not None
refused = pytest.mark.skipif(ALLOWED, reason="not run here: run below, with namespaces refused")


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; fail when it does not come to."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    return state(pid) in {None, "Z"}


def answers(keeper: control.Keeper, host: str) -> bool:
    """Return whether the listener of a host answers."""
    try:
        with keeper.connect(host, PORT) as connection:
            return bool(connection.recv(200))
    except OSError:
        return False


def start(directory: Path) -> control.Keeper:
    """Start ground and return its keeper once every listener answers."""
    found = isolation.choose()
    settings = layout.Settings("ground", found.mode, "fast", "safe", 0, ground.CONTENT, why=found.why)
    with patch.dict(os.environ, PYTHONPATH=str(ground.ROOT)):
        control.start(directory, settings)
    keeper = control.Keeper(directory)
    with control.ended_on_failure(directory):
        eventually(lambda: all(answers(keeper, host) for host in HOSTS))
    return keeper


def pids(inventory: dict[str, Any]) -> set[int]:
    """Return the pids of all hosts and named processes."""
    every = (*inventory["hosts"].values(), *inventory["processes"].values())
    return {each["pid"] for each in every if each["pid"]}


@pytest.fixture
def keeper() -> Iterator[control.Keeper]:
    with tempfile.TemporaryDirectory(prefix="l") as home:
        Path(home).chmod(0o711)
        directory = Path(home) / "r"
        try:
            yield start(directory)
        except MachineCannot as error:
            # Root whose interpreter no other account reaches, say. Run below, nothing may be skipped.
            pytest.skip(str(error))
        finally:
            control.stop(directory)


@refused
def test_everything_runs_and_says_what_it_is_not(keeper: control.Keeper) -> None:
    inventory = keeper.inventory()
    assert inventory["mode"] == "loopback"
    assert "does not let" in inventory["isolation"]["why"]
    assert set(inventory["cannot"]) == {"network", "silence", "disks"}
    assert inventory["links"] == {}
    assert not inventory["segmentation"]["enforced"]
    assert all(each["address"].startswith("127.71.") for each in inventory["hosts"].values())
    seen = keeper.directory / "telemetry" / "db-a.ndjson"
    eventually(lambda: seen.exists() and seen.read_text().count('"unwatched"') == 2)
    # A unit is not root, whoever holds the range.
    assert all(Path(f"/proc/{each['pid']}").stat().st_uid != 0 for each in inventory["processes"].values())
    for request in (
        {"op": "cut", "id": "x", "a": ["127.71.1.0/24"], "b": ["127.71.2.0/24"]},
        {"op": "impair", "id": "x", "link": "wan-orion", "down": True},
        {"op": "power_off", "host": "db-a"},
        {"op": "site_off", "site": "dc-a"},
        {"op": "fill", "host": "db-a", "volume": "data"},
        {"op": "policy", "states": ["normal"], "by": "a test"},
    ):
        with pytest.raises(MeridianError, match="MR121"):
            keeper.ask(str(request["op"]), **{name: value for name, value in request.items() if name != "op"})
    for undoing in ({"op": "mend", "id": "x"}, {"op": "restore", "id": "x"}, {"op": "site_on", "site": "dc-a"}):
        keeper.ask(undoing.pop("op"), **undoing)
    assert pids(keeper.inventory()) == pids(inventory)


@refused
def test_a_host_is_its_family_and_nobody_else(keeper: control.Keeper) -> None:
    before = keeper.inventory()["processes"]
    orphan, family = before["orphan"]["pid"], before["family"]["pid"]
    keeper.ask("signal", host="db-w", signal="STOP")
    assert state(orphan) == state(family) == state(before["listener-db-w"]["pid"]) == "T"
    assert all(state(each["pid"]) != "T" for name, each in before.items() if each["host"] != "db-w")
    keeper.ask("ensure", host="db-w")
    assert state(orphan) != "T"
    # The first process is killed, and even what had left the family of its unit goes with it.
    os.kill(keeper.inventory()["hosts"]["db-w"]["pid"], signal.SIGKILL)
    eventually(lambda: not keeper.inventory()["hosts"]["db-w"]["powered"])
    assert all(gone(pid) for pid in (orphan, family, before["listener-db-w"]["pid"]))
    assert not answers(keeper, "db-w")
    assert answers(keeper, "db-a")
    keeper.ask("power_on", host="db-w")
    eventually(lambda: answers(keeper, "db-w"))


@refused
def test_a_fenced_host_has_nothing_that_runs_and_refuses(keeper: control.Keeper) -> None:
    device = Hypervisor(layout.fencing_socket(keeper.directory))
    before = keeper.inventory()
    # Frozen whole, it still accepts connections; fenced, it does not.
    keeper.ask("signal", host="db-a", signal="STOP")
    assert device.call({"op": "fence", "host": "db-a"})["fenced"]["db-a"]["verified"]
    assert all(gone(each["pid"]) for each in before["processes"].values() if each["host"] == "db-a")
    with pytest.raises(ConnectionRefusedError):
        keeper.connect("db-a", PORT)
    device.call({"op": "unfence", "host": "db-a"})
    eventually(lambda: answers(keeper, "db-a"))


@refused
def test_there_is_room_for_one(keeper: control.Keeper) -> None:
    other = keeper.directory.with_name("other")
    with pytest.raises(MachineCannot, match="MR120 another range"):
        start(other)
    assert not other.exists()
    assert answers(keeper, "vault")


@refused
@pytest.mark.parametrize("how", ["down", "killed"])
def test_nothing_is_left(keeper: control.Keeper, how: str) -> None:
    every = {pid: start_ticks(pid) for pid in pids(keeper.inventory())}
    if how == "killed":
        os.kill(keeper.inventory()["keeper"]["pid"], signal.SIGKILL)
        eventually(lambda: all(start_ticks(pid) != begun or gone(pid) for pid, begun in every.items()))
    assert control.stop(keeper.directory)
    assert all(start_ticks(pid) != begun or gone(pid) for pid, begun in every.items())
    assert not keeper.directory.exists()


@pytest.mark.skipif(not ALLOWED, reason="not run: namespaces are refused here, so the others ran as they are")
@pytest.mark.parametrize("who", ["root", "an ordinary account"])
def test_it_works_where_namespaces_are_refused(who: str) -> None:
    if who == "root" and not ROOT:
        pytest.skip("not run: this account is not root")
    with tempfile.TemporaryDirectory(prefix="n") as home:
        launcher = (sys.executable, as_nobody.__file__, *(["--root"] if who == "root" else []), home) if ROOT else ()
        command = (sys.executable, without_namespaces.__file__, sys.executable, "-m", "pytest", "-q", __file__)
        done = subprocess.run(
            (*launcher, *command, "-p", "no:cacheprovider", f"--basetemp={home}/t"),
            cwd=ground.ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert re.search(r"6 passed, 2 skipped", done.stdout)
