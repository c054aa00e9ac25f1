"""The fencer at work: a primary that goes silent is fenced, replaced and comes back, and nothing acknowledged is lost.

What happened is read from the fencer's record and from the banks'.
"""

from __future__ import annotations

import json
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from meridian import control
from meridian.errors import MachineCannot, MeridianError
from meridian.fencer import OBSERVERS
from meridian.keeper import layout
from meridian.stack.members import DATABASE, MEMBERS
from meridian.topology import HOSTS

pytestmark = pytest.mark.range

LIMIT_S = 90.0
LEASE_US = 20_000_000
"""What Patroni alone would wait for."""
HOST_OF = {member.ledger: member.host for member in MEMBERS}
DRILL = "test"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fenced:
    """A running range of profile ``fenced``."""

    directory: Path

    @property
    def keeper(self) -> control.Keeper:
        return control.Keeper(self.directory)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Return once a condition holds."""
        deadline = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < deadline, what
            time.sleep(0.1)

    def armed(self) -> str:
        """Return the primary once the range is whole and every observer's word counts."""
        view = control.View(self.directory)

        def whole() -> bool:
            running = all(process["running"] for process in self.keeper.inventory()["processes"].values())
            return running and view.standing().armed

        self.until(whole, "the range is not armed")
        primary = view.standing().primary
        assert primary is not None
        # Longer than the ten writes after which an observer's word counts, and than the time between two fences.
        time.sleep(3)
        self.until(lambda: not self.rows("fence-verified", now_us() - 12_500_000), "the last fence was a moment ago")
        return primary

    def rows(self, op: str, since_us: int) -> list[Row]:
        """Return what the fencer wrote down of one kind since then."""
        told = (self.directory / "hosts" / "oob" / "records" / "fencer.ndjson").read_text().splitlines()
        return [row for row in map(json.loads, told) if row["op"] == op and row["t_us"] >= since_us]

    def acknowledged(self) -> set[str]:
        """Return every key that a bank has on record as settled."""
        records = (path for path in (self.directory / "hosts" / "banks" / "records").glob("[A-Z]*.ndjson"))
        rows = (json.loads(line) for path in records for line in path.read_bytes().splitlines(keepends=True)[:-1])
        return {row["key"] for row in rows if row.get("status") == "settled" and row["op"] in {"answer", "update"}}

    def settled(self, ledger: str) -> set[str]:
        """Return every key that is settled in one copy of the ledger."""
        with psycopg.connect(
            host=str(self.directory / "hosts" / HOST_OF[ledger] / "run"),
            dbname=DATABASE,
            user="auditor",
            password=(self.directory / "secrets" / "ledger-auditor").read_text(),
        ) as connection:
            found = connection.execute("SELECT key FROM ledger.instruction WHERE status = 'settled'").fetchall()
        return {str(row[0]) for row in found}

    def assert_nothing_lost(self) -> str:
        """Check that the primary has all that was acknowledged, and return it."""
        promised = self.acknowledged()
        primary = self.armed()
        assert promised
        assert promised <= self.settled(primary)
        return primary


def now_us() -> int:
    return time.monotonic_ns() // 1000


@pytest.fixture(scope="module")
def fenced() -> Iterator[Fenced]:
    directory = Path(tempfile.gettempdir()) / f"mr-{secrets.token_hex(4)}"
    try:
        settings = control.new_settings("fenced", "fenced", "safe", 40)
    except MachineCannot as reason:
        pytest.skip(str(reason))
    try:
        control.start(directory, settings)
        yield Fenced(directory)
    finally:
        control.stop(directory)


def test_every_observer_sees_writes_flow(fenced: Fenced) -> None:
    fenced.armed()
    latest = {row["observer"]: row["state"] for row in fenced.rows("view", 0)}
    assert latest == {observer.name: "flowing" for observer in OBSERVERS}
    assert fenced.rows("fence-asked", 0) == []


def test_the_management_path_is_seen_where_it_ends_and_nowhere_else(fenced: Fenced) -> None:
    """From inside: who has the sockets of the observers and of the fencing device before them."""
    inventory = fenced.keeper.inventory()
    sockets = {
        observer.host: layout.management(fenced.directory, observer.host) / "observer.sock" for observer in OBSERVERS
    }
    device = layout.fencing_socket(fenced.directory)
    for host in HOSTS:
        inside = Path(f"/proc/{inventory['hosts'][host]['pid']}/root")
        seen = {owner for owner, path in sockets.items() if (inside / path.relative_to("/")).exists()}
        assert seen == (set(sockets) if host == "oob" else {host} & set(sockets))
        assert (inside / device.relative_to("/")).exists() == (host == "oob")


def test_a_crashed_primary_is_replaced_with_or_without_a_fence(fenced: Fenced) -> None:
    """Patroni may be faster, and is then left to it."""
    old = fenced.armed()
    begun_us = now_us()
    fenced.keeper.ask("signal", process=old, signal="KILL", exercise=DRILL)
    fenced.until(
        lambda: any(row["leader"] not in {None, old} for row in fenced.rows("leader", begun_us)), "nobody took over"
    )
    assert fenced.assert_nothing_lost() != old
    assert len(fenced.rows("fence-verified", begun_us)) <= 1


def test_while_the_fencing_device_does_not_confirm_nobody_is_promoted(fenced: Fenced) -> None:
    old = fenced.armed()
    begun_us = now_us()
    others = [f"{member.address}/32" for member in MEMBERS if member.ledger != old]
    own = [f"{HOSTS[HOST_OF[old]].address}/32"]
    fenced.keeper.ask("jam", how="fails", exercise=DRILL)
    # A fault from which Patroni never fails over by itself: only copying is cut.
    fenced.keeper.ask("cut", id="copying", a=own, b=others, ports=[5432], exercise=DRILL)
    fenced.until(lambda: len(fenced.rows("fence-unverified", begun_us)) > 2, "the fencer does not ask again")
    assert fenced.rows("lease-revoked", begun_us) == []
    assert fenced.rows("leader", begun_us) == []
    fenced.keeper.ask("mend", id="copying")
    fenced.keeper.ask("unjam")
    fenced.assert_nothing_lost()


def test_a_revoked_exercise_jams_nothing(fenced: Fenced) -> None:
    fenced.keeper.ask("revoke", exercise="over")
    with pytest.raises(MeridianError, match="may not inject"):
        fenced.keeper.ask("jam", how="fails", exercise="over")
    with pytest.raises(MeridianError, match="no such jam"):
        fenced.keeper.ask("jam", how="gently", exercise=DRILL)


def test_a_frozen_primary_is_fenced_replaced_and_comes_back_as_a_copy(fenced: Fenced) -> None:
    old = fenced.armed()
    before = fenced.keeper.inventory()["hosts"][HOST_OF[old]]["pid"]
    begun_us = now_us()
    fenced.keeper.ask("signal", process=old, signal="STOP", tree=True, exercise=DRILL)
    fenced.until(lambda: bool(fenced.rows("released", begun_us)), "nobody took over")

    (asked,) = fenced.rows("fence-asked", begun_us)
    (verified,) = fenced.rows("fence-verified", begun_us)
    (revoked,) = fenced.rows("lease-revoked", begun_us)
    new = next(row for row in fenced.rows("leader", begun_us) if row["leader"] not in {None, old})
    assert asked["host"] == verified["host"] == revoked["host"] == HOST_OF[old]
    assert len(asked["seen_by"]) >= 2
    assert asked["t_us"] <= verified["t_us"] <= revoked["t_us"] <= new["t_us"] < begun_us + LEASE_US

    # The fault is undone on a host that has begun anew meanwhile: the undoing is asked for until it is obeyed.
    fenced.until(lambda: _obeyed(fenced, "ensure", process=old), "the fault cannot be undone")
    assert fenced.assert_nothing_lost() != old
    assert fenced.keeper.inventory()["hosts"][HOST_OF[old]]["pid"] != before


def _obeyed(fenced: Fenced, operation: str, **arguments: str) -> bool:
    try:
        fenced.keeper.ask(operation, **arguments)
    except MeridianError:
        return False
    return True
