"""What was acknowledged survives a power loss: unsynced writes are dropped, reordered and torn beneath SQLite."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import apsw
import pytest

from holdfast.errors import HoldfastError
from holdfast.store import database
from holdfast.store.signed import SignedLog
from tests.holdfast.store.home import FULL, Home, codes, phase
from tests.holdfast.store.power import Disk, Machine, PowerLost, restart

pytestmark = pytest.mark.torture

LOSSES = 200 if FULL else 30
LOSSES_IN_ONE_LOG = 5
OPERATIONS = 400
ALARMS = {"HF208", "HF209"}  # older than the anchor, or another history


@pytest.fixture
def frequent_tidying() -> Iterator[None]:
    """Let SQLite move pages from the write-ahead log to the database often, which is where torn writes hurt most."""

    def tidy(connection: apsw.Connection) -> None:
        connection.pragma("wal_autocheckpoint", 12)

    apsw.connection_hooks.append(tidy)
    yield
    apsw.connection_hooks.remove(tidy)


def work_until_power_goes(log: SignedLog, dice: random.Random, acknowledged: dict[int, str]) -> None:
    """Append and write down what was acknowledged, as a client would."""
    while True:
        details = [f"{dice.random()}" for _ in range(dice.randrange(1, 6))]
        seqs = log.append([phase(detail) for detail in details], actor="tester", subject="exercise-1")
        acknowledged.update(zip(seqs, details, strict=True))


def lose_power_once(
    home: Home, dice: random.Random, acknowledged: dict[int, str], operations: int | None = None
) -> None:
    """Run a machine on this log until its power goes, by default at random, then start it again."""
    disk = Disk(dice)
    name = f"machine-{dice.getrandbits(64):x}"
    machine = Machine(name, disk)
    disk.left = operations or dice.randrange(1, OPERATIONS)
    log = None
    with suppress(PowerLost, HoldfastError, apsw.Error):
        log = home.open(vfs=name)
        work_until_power_goes(log, dice, acknowledged)
    assert disk.off
    if log is not None:
        with suppress(PowerLost, HoldfastError, apsw.Error):
            log.close()
    machine.unregister()
    restart(home.log)


def lost(home: Home, acknowledged: dict[int, str]) -> list[int]:
    """Return the acknowledged entries that are not there."""
    with home.open() as log:
        there: dict[int, object] = {}
        while page := log.read(max(there, default=-1)):
            there.update((envelope.seq, envelope.body.get("detail")) for envelope in page)
    return [seq for seq, detail in acknowledged.items() if there.get(seq) != detail]


@pytest.mark.usefixtures("frequent_tidying")
@pytest.mark.parametrize("number", range(LOSSES // LOSSES_IN_ONE_LOG))
def test_nothing_acknowledged_is_lost(tmp_path: Path, number: int) -> None:
    dice = random.Random(number)
    home = Home(tmp_path)
    acknowledged: dict[int, str] = {}
    for _ in range(LOSSES_IN_ONE_LOG):
        lose_power_once(home, dice, acknowledged)
        assert lost(home, acknowledged) == []
        audit = home.audit()
        assert audit.held, audit.findings
        assert audit.entries >= len(acknowledged)


def test_a_log_whose_beginning_lost_power_can_begin_again(tmp_path: Path) -> None:
    """At each of its operations on the disk in turn, and some after it."""
    for operations in range(1, 41):
        home = Home(tmp_path / str(operations))
        acknowledged: dict[int, str] = {}
        lose_power_once(home, random.Random(operations), acknowledged, operations)
        assert lost(home, acknowledged) == []
        assert home.audit().held


def test_the_disk_bites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same losses without syncing: acknowledged events are gone, and the anchor says so."""
    connect = database.connect

    def careless(path: Path, *, write: bool, vfs: str | None = None) -> apsw.Connection:
        connection = connect(path, write=write, vfs=vfs)
        connection.pragma("synchronous", "OFF")
        return connection

    monkeypatch.setattr(database, "connect", careless)
    refused = 0
    for number in range(10):
        home = Home(tmp_path / str(number))
        home.open().close()
        acknowledged: dict[int, str] = {}
        lose_power_once(home, random.Random(number), acknowledged)
        audit = home.audit()
        if codes(audit) & ALARMS:
            refused += 1
            with pytest.raises(HoldfastError):
                lost(home, acknowledged)
        else:
            assert lost(home, acknowledged) == []
    assert refused >= 5
