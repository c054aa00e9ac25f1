"""What was acknowledged survives the server's end: killed and restarted under load, with writers killed beside it."""

from __future__ import annotations

import os
import random
import select
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from holdfast.errors import HoldfastError
from holdfast.store.audit import audit_log
from holdfast.store.opening import open_log
from tests.holdfast.store.home import FULL, PostgresHome, codes, phase
from tests.holdfast.store.postgres_server import Server, running, wait_for

pytestmark = [pytest.mark.torture, pytest.mark.range]

CRASHES = 100 if FULL else 6
CRASHES_IN_ONE_LOG = 10 if FULL else 3
WRITERS = 4
LIFE_S = 0.4
DEADLINE_S = 60


@dataclass
class Writer:
    """A process that appends without end, whatever becomes of the server, and says what was acknowledged."""

    pid: int
    pipe: int
    said: bytearray = field(default_factory=bytearray)

    def hear(self, for_s: float) -> bool:
        """Take in what it says within this time, and return whether it said anything."""
        heard = bool(select.select([self.pipe], [], [], for_s)[0])
        if heard:
            self.said += os.read(self.pipe, 1 << 20)
        return heard

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        assert os.waitpid(self.pid, 0)[1] == signal.SIGKILL
        while part := os.read(self.pipe, 1 << 20):
            self.said += part
        os.close(self.pipe)

    def acknowledged(self) -> dict[int, str]:
        """Return what it said in whole lines."""
        lines = self.said.decode().split("\n")[:-1]
        return {int(seq): detail for seq, detail in (line.split(" ") for line in lines)}


def start_writer(home: PostgresHome, seed: int) -> Writer:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Writer(pid, reading)
    try:
        dice = random.Random(seed)
        log = home.open(create=False)
        while True:
            details = [f"{seed}.{dice.random()}" for _ in range(dice.choice((1, 1, 2, 30)))]
            try:
                seqs = log.append([phase(detail) for detail in details], actor=f"writer-{seed}", subject="exercise-1")
            except HoldfastError as error:
                if error.code in {"HF211", "HF243", "HF245"}:
                    continue  # not acknowledged: it may or may not be there
                raise
            # One write below PIPE_BUF is whole or not at all.
            os.write(writing, "".join(f"{seq} {d}\n" for seq, d in zip(seqs, details, strict=True)).encode())
    finally:
        os._exit(1)


def crash(server: Server, dice: random.Random) -> None:
    """End the server in one of the ways in which servers end, and return when it is there again."""
    match dice.choice(("killed", "stopped at once", "a session killed")):
        case "killed":
            server.kill()
            server.start()
        case "stopped at once":
            server.stop("immediate")
            server.start()
        case _:
            # The server takes this for damaged memory: it ends every session, recovers, and goes on by itself.
            before = sessions(server)
            if before:
                os.kill(dice.choice(sorted(before)), signal.SIGKILL)
                wait_for(lambda: not before & sessions(server))


def sessions(server: Server) -> set[int]:
    answer = server.ask("SELECT pid FROM pg_stat_activity WHERE application_name = 'holdfast'")
    return {int(str(row[0])) for row in answer}


def there(home: PostgresHome) -> dict[int, object]:
    found: dict[int, object] = {}
    with home.open(create=False) as log:
        while page := log.read(max(found, default=-1)):
            found.update((envelope.seq, envelope.body.get("detail")) for envelope in page)
    return found


@pytest.mark.parametrize("number", range(CRASHES // CRASHES_IN_ONE_LOG))
def test_nothing_acknowledged_is_lost_when_the_server_ends(tmp_path: Path, number: int) -> None:
    dice = random.Random(number)
    acknowledged: dict[int, str] = {}
    with running() as server:
        home = PostgresHome.on(server, tmp_path)
        home.open().close()
        writers = [start_writer(home, 100 * number + i) for i in range(WRITERS)]
        try:
            for turn in range(CRASHES_IN_ONE_LOG):
                for writer in writers:
                    assert writer.hear(DEADLINE_S), "the writer acknowledges nothing any more"
                time.sleep(dice.random() * LIFE_S)
                crash(server, dice)
                if dice.random() < 1 / 2:
                    victim = writers.pop(dice.randrange(WRITERS))
                    victim.kill()
                    acknowledged |= victim.acknowledged()
                    writers.append(start_writer(home, 100 * number + 10 * (turn + 1)))
                found = there(home)
                for writer in writers:
                    said = writer.acknowledged()
                    assert [seq for seq, detail in said.items() if found.get(seq) != detail] == []
                audit = home.audit()
                assert audit.held, audit.findings
        finally:
            for writer in writers:
                writer.kill()
        for writer in writers:
            acknowledged |= writer.acknowledged()
        found = there(home)
        assert len(acknowledged) > CRASHES_IN_ONE_LOG
        assert [seq for seq, detail in acknowledged.items() if found.get(seq) != detail] == []
        audit = home.audit()
        assert audit.held, audit.findings


def test_the_crash_bites(tmp_path: Path) -> None:
    """The same with a server that confirms before it is durable: acknowledged events are gone, and the anchor says so.

    Such a server is used only if the address asks for it.
    """
    with running() as server:
        server.configure(synchronous_commit="off", wal_writer_delay="10s")
        home = PostgresHome.on(server, tmp_path)
        careless = server.url(home.name, more="&durable=no")
        with open_log(careless, create=True, keys=home.outside.keys, anchors=home.outside.anchors) as log:
            server.ask("CHECKPOINT")
            for number in range(20):
                log.append([phase(str(number))], actor="tester", subject="exercise-1")
            server.kill()
            server.start()
            with pytest.raises(HoldfastError, match="but 21 were acknowledged") as refused:
                log.append([phase("on sand")], actor="tester", subject="exercise-1")
            assert refused.value.code == "HF208"
        assert codes(audit_log(careless, None, home.outside)) == {"HF208"}
