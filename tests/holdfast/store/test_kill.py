"""What was acknowledged survives kill -9: several writers in processes of their own, killed at random instants."""

from __future__ import annotations

import os
import random
import select
import signal
import time
from dataclasses import dataclass

import pytest

from tests.holdfast.store.home import FULL, Home, phase

pytestmark = pytest.mark.torture

KILLS = 204 if FULL else 27
WRITERS = 3
ROUNDS_IN_ONE_LOG = 5
FIRST_WORD_DEADLINE_S = 30
LIFE_S = 0.12


@dataclass
class Writer:
    """A process that appends without end and says what was acknowledged on its pipe."""

    pid: int
    pipe: int

    def wait_for_first_word(self) -> None:
        ready, _, _ = select.select([self.pipe], [], [], FIRST_WORD_DEADLINE_S)
        assert ready, "the writer acknowledged nothing"

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        assert os.waitpid(self.pid, 0)[1] == signal.SIGKILL

    def acknowledged(self) -> dict[int, str]:
        """Return what the writer said in whole lines before it died."""
        said = b""
        while part := os.read(self.pipe, 65536):
            said += part
        os.close(self.pipe)
        lines = said.decode().split("\n")[:-1]
        return {int(seq): detail for seq, detail in (line.split(" ") for line in lines)}


def start_writer(home: Home, seed: int) -> Writer:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Writer(pid, reading)
    try:
        dice = random.Random(seed)
        log = home.open()
        while True:
            details = [f"{seed}.{dice.random()}" for _ in range(dice.choice((1, 1, 2, 30)))]
            seqs = log.append([phase(detail) for detail in details], actor=f"writer-{seed}", subject="exercise-1")
            # One write below PIPE_BUF is whole or not at all.
            os.write(writing, "".join(f"{seq} {d}\n" for seq, d in zip(seqs, details, strict=True)).encode())
    finally:
        os._exit(1)


@pytest.mark.parametrize("number", range(KILLS // WRITERS // ROUNDS_IN_ONE_LOG + 1))
def test_nothing_acknowledged_is_lost(home: Home, number: int) -> None:
    dice = random.Random(number)
    acknowledged: dict[int, str] = {}
    rounds = min(ROUNDS_IN_ONE_LOG, KILLS // WRITERS - number * ROUNDS_IN_ONE_LOG)
    for round_ in range(rounds):
        # The first round's writers also race to begin the log.
        writers = [start_writer(home, 1000 * number + 10 * round_ + i) for i in range(WRITERS)]
        for writer in writers:
            writer.wait_for_first_word()
        for writer in dice.sample(writers, WRITERS):
            time.sleep(dice.random() * LIFE_S)
            writer.kill()
        for writer in writers:
            said = writer.acknowledged()
            assert said
            assert not said.keys() & acknowledged.keys()
            acknowledged |= said
    there: dict[int, object] = {}
    with home.open(create=False) as log:
        while page := log.read(max(there, default=-1)):
            there.update((envelope.seq, envelope.body.get("detail")) for envelope in page)
    assert [seq for seq, detail in acknowledged.items() if there.get(seq) != detail] == []
    audit = home.audit()
    assert audit.held, audit.findings


@pytest.mark.parametrize("number", range(40 if FULL else 8))
def test_a_log_whose_beginning_was_killed_can_begin_again(home: Home, number: int) -> None:
    pid = os.fork()
    if not pid:
        home.open()
        os._exit(0)
    time.sleep(random.Random(number).random() * home.begins_within_s)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    with home.open() as log:
        log.append([phase("again")], actor="tester", subject="s")
    assert home.audit().held
