"""The gateway's engine: batches, limits, and what callers hear when the ledger does not answer as it should.

The ledger here is written by hand, because a real one cannot be made to fail at a chosen step; what a real one does is
tried in ``test_settlement_trap`` and in the range.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from meridian.settlement import engine as engines
from meridian.settlement.engine import Engine
from meridian.settlement.journal import InstructionJournal
from meridian.settlement.router import Primary
from meridian.settlement.safe import Answered, Request
from meridian.settlement.wire import DeadlinePassed, NothingDone, OutcomeUnknown

FAR_US = 1 << 60
LIMIT_S = 30.0


class HandWritten:
    """A ledger that settles everything, unless ``trouble`` raises."""

    def __init__(self) -> None:
        """Begin without trouble."""
        self.batches: list[list[Request]] = []
        self.cut_off_us = FAR_US
        self.day = 1
        self.closed = 0
        self.trouble: Callable[[Sequence[Request]], None] = lambda _: None

    def handle(self, requests: Sequence[Request]) -> Answered:
        self.trouble(requests)
        self.batches.append(list(requests))
        if any(request["op"] == "close" for request in requests):
            self.day, self.cut_off_us = self.day + 1, FAR_US
        answers = tuple({"status": "settled", "key": request.get("key")} for request in requests)
        return Answered(answers, {"day": self.day, "cut_off_us": self.cut_off_us})

    def collect(self, _: float) -> Answered:
        raise OutcomeUnknown("nothing was asked")

    def close(self) -> None:
        self.closed += 1


class Hold:
    """Keeps the ledger from answering the next batch with an instruction until it is let go."""

    def __init__(self, ledger: HandWritten) -> None:
        """Hold from now on."""
        self._held, self._free = threading.Event(), threading.Event()
        ledger.trouble = self._wait

    def _wait(self, requests: Sequence[Request]) -> None:
        if requests[0]["op"] == "instruct":
            self._held.set()
            assert self._free.wait(LIMIT_S)

    async def until_held(self) -> None:
        """Return when a batch is being held."""
        assert await asyncio.to_thread(self._held.wait, LIMIT_S)

    def let_go(self) -> None:
        """Let it be answered, and all that come."""
        self._free.set()


@pytest.fixture
def ledger() -> HandWritten:
    return HandWritten()


@pytest.fixture
def running(ledger: HandWritten, tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(
        lambda _: ledger, lambda: Primary(1, "db"), InstructionJournal(tmp_path / "j.ndjson", "settlement-a")
    )
    engine.start()
    wait_for(lambda: engine.standing.why is None)
    yield engine
    engine.stop()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def instruct(key: str) -> Request:
    content = {"sender": "AURUM", "receiver": "BOREAL", "amount_cents": 1, "priority": "normal"}
    return {"op": "instruct", "key": key, **content}


def ask(engine: Engine, *requests: Request) -> list[dict[str, Any]]:
    async def together() -> list[dict[str, Any]]:
        return list(await asyncio.wait_for(asyncio.gather(*(engine.ask(request) for request in requests)), LIMIT_S))

    return asyncio.run(together())


def test_what_waits_is_one_batch_and_every_caller_gets_its_own_answer(running: Engine, ledger: HandWritten) -> None:
    hold = Hold(ledger)
    requests = [instruct(str(number)) for number in range(50)]

    async def scenario() -> list[dict[str, Any]]:
        first = asyncio.ensure_future(running.ask(instruct("first")))
        await hold.until_held()
        rest = [asyncio.ensure_future(running.ask(request)) for request in requests]
        await asyncio.sleep(0)
        assert running.waiting == len(requests)
        hold.let_go()
        return [await first, *await asyncio.gather(*rest)]

    answers = asyncio.run(scenario())
    assert [answer["key"] for answer in answers] == ["first", *(str(number) for number in range(50))]
    sizes = [len(batch) for batch in ledger.batches if batch[0]["op"] == "instruct"]
    assert sorted(sizes) == [1, 50]


def test_more_than_can_wait_are_told_so_at_once(
    running: Engine, ledger: HandWritten, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "MAX_WAITING", 3)
    hold = Hold(ledger)

    async def scenario() -> dict[str, Any]:
        waiting = [asyncio.ensure_future(running.ask(instruct("0")))]
        await hold.until_held()
        waiting += [asyncio.ensure_future(running.ask(instruct(str(number)))) for number in range(1, 4)]
        await asyncio.sleep(0)
        refused = await running.ask(instruct("5"))
        hold.let_go()
        assert {answer["status"] for answer in await asyncio.gather(*waiting)} == {"settled"}
        return refused

    assert asyncio.run(scenario()) == {"status": "unavailable", "reason": "busy"}


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (OutcomeUnknown("no answer in time"), "unknown"),
        (NothingDone("not durable at two sites", "MR301"), "unavailable"),
        (NothingDone("lock not had in time", "55P03"), "unavailable"),
        (NothingDone("read-only", "25006"), "unavailable"),
    ],
)
def test_without_a_certain_answer_there_is_no_promise_and_a_new_session(
    running: Engine, ledger: HandWritten, problem: Exception, status: str
) -> None:
    def trouble(requests: Sequence[Request]) -> None:
        if requests[0].get("key") == "doubtful":
            raise problem

    ledger.trouble = trouble
    [answer] = ask(running, instruct("doubtful"))
    assert (answer["status"], answer["reason"]) == (status, problem.args[0])
    assert ledger.closed == 1
    wait_for(lambda: running.standing.why is None)
    assert ask(running, instruct("next"))[0]["status"] == "settled"


class Late(HandWritten):
    """A ledger whose answer to a batch with an instruction comes late: when it is ``there``, or not at all."""

    def __init__(self) -> None:
        """Nothing is under way yet."""
        super().__init__()
        self.there = threading.Event()
        self._under_way: Answered | None = None

    def handle(self, requests: Sequence[Request]) -> Answered:
        answered = super().handle(requests)
        if requests[0]["op"] == "instruct" and not self.there.is_set():
            self._under_way = answered
            raise DeadlinePassed("no answer in time")
        return answered

    def collect(self, within_s: float) -> Answered:
        if self._under_way is None or not self.there.wait(within_s):
            raise DeadlinePassed("no answer in time")
        return self._under_way


@pytest.fixture
def late(tmp_path: Path) -> Iterator[tuple[Engine, Late, list[Primary]]]:
    ledger, leads = Late(), [Primary(1, "db")]
    engine = Engine(lambda _: ledger, lambda: leads[0], InstructionJournal(tmp_path / "j.ndjson", "settlement-a"))
    engine.start()
    wait_for(lambda: engine.standing.why is None)
    yield engine, ledger, leads
    engine.stop()


def test_an_answer_that_is_late_is_unknown_and_waited_for_on_its_session(
    late: tuple[Engine, Late, list[Primary]],
) -> None:
    engine, ledger, _ = late
    assert ask(engine, instruct("slow")) == [{"status": "unknown", "reason": "no answer in time"}]
    assert ask(engine, instruct("slow")) == [{"status": "unavailable", "reason": "no answer in time"}]
    asked = len(ledger.batches)
    ledger.there.set()
    wait_for(lambda: engine.standing.why is None)
    assert ledger.closed == 0
    # Whoever asks again hears the promise, and the ledger is not asked again for it.
    assert ask(engine, instruct("slow")) == [{"status": "settled", "key": "slow"}]
    assert not any(request.get("key") == "slow" for batch in ledger.batches[asked:] for request in batch)


def test_a_late_answer_is_not_waited_for_once_another_leads(late: tuple[Engine, Late, list[Primary]]) -> None:
    engine, ledger, leads = late
    ask(engine, instruct("lost"))
    leads[0] = Primary(2, "other")
    wait_for(lambda: engine.standing.primary == leads[0])
    assert ledger.closed == 1


def test_a_late_answer_is_not_waited_for_for_ever(
    late: tuple[Engine, Late, list[Primary]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "OUTWAIT_S", 0.1)
    engine, ledger, _ = late
    ask(engine, instruct("lost"))
    wait_for(lambda: ledger.closed == 1)
    wait_for(lambda: engine.standing.why is None)


def test_only_the_very_same_request_hears_a_promise_again(running: Engine, ledger: HandWritten) -> None:
    ask(running, instruct("a"))
    ask(running, instruct("a"))
    ask(running, {**instruct("a"), "amount_cents": 2})
    ask(running, {**instruct("a"), "sender": "CERES"})
    asked = [request for batch in ledger.batches for request in batch if request.get("key") == "a"]
    assert [(each["sender"], each["amount_cents"]) for each in asked] == [("AURUM", 1), ("AURUM", 2), ("CERES", 1)]


def test_what_is_no_promise_is_asked_for_anew(running: Engine, ledger: HandWritten) -> None:
    def trouble(requests: Sequence[Request]) -> None:
        if requests[0].get("key") == "a":
            raise NothingDone("lock not had in time", "55P03")

    ledger.trouble = trouble
    assert ask(running, instruct("a"))[0]["status"] == "unavailable"
    ledger.trouble = lambda _: None
    wait_for(lambda: running.standing.why is None)
    assert ask(running, instruct("a"))[0]["status"] == "settled"


def test_the_oldest_promises_are_forgotten(
    running: Engine, ledger: HandWritten, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "REMEMBERED", 2)
    for key in ("a", "b", "c", "a"):
        ask(running, instruct(key))
    assert [r["key"] for batch in ledger.batches for r in batch if r["op"] == "instruct"] == ["a", "b", "c", "a"]


def test_one_bad_request_fails_alone(running: Engine, ledger: HandWritten) -> None:
    def trouble(requests: Sequence[Request]) -> None:
        if any(request.get("key") == "bad" for request in requests):
            raise NothingDone("violates a constraint", "23514")

    ledger.trouble = trouble
    answers = ask(running, instruct("a"), instruct("bad"), instruct("b"))
    assert [answer["status"] for answer in answers] == ["settled", "failed", "settled"]
    assert ledger.closed == 0


def test_while_the_ledger_does_not_answer_nobody_is_kept_waiting(running: Engine, ledger: HandWritten) -> None:
    def trouble(_: Sequence[Request]) -> None:
        raise OutcomeUnknown("no answer in time")

    ledger.trouble = trouble
    wait_for(lambda: running.standing.why == "no answer in time")
    assert ask(running, instruct("a")) == [{"status": "unavailable", "reason": "no answer in time"}]


def test_the_day_is_closed_when_its_cut_off_passes_without_being_asked(running: Engine, ledger: HandWritten) -> None:
    ledger.cut_off_us = time.time_ns() // 1000 + 50_000
    ask(running, instruct("tells the engine of the new cut-off"))
    wait_for(lambda: ledger.day == 2)
    closing = [request for batch in ledger.batches for request in batch if request["op"] == "close"]
    assert closing == [{"op": "close", "day": 1}]


def test_what_cannot_be_journaled_is_not_asked(
    running: Engine, ledger: HandWritten, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object, __: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(InstructionJournal, "append", full)
    [answer] = ask(running, instruct("a"))
    assert answer == {"status": "unavailable", "reason": "instruction journal: No space left on device"}
    assert not any(request.get("key") == "a" for batch in ledger.batches for request in batch)


class Queueing(HandWritten):
    """A ledger in which two instructions wait for each other, until somebody proposes to settle them at once."""

    def __init__(self) -> None:
        """Begin with the two."""
        super().__init__()
        self.proposed: list[Request] = []

    def handle(self, requests: Sequence[Request]) -> Answered:
        plain = super().handle(requests)
        answers = list(plain.answers)
        for position, request in enumerate(requests):
            if request["op"] == "queue":
                queued = [["a", "AURUM", "BOREAL", 5], ["b", "BOREAL", "AURUM", 5]]
                answers[position] = {"status": "queue", "available": {"AURUM": 0, "BOREAL": 0}, "queued": queued}
            elif request["op"] == "resolve":
                self.proposed.append(request)
                answers[position] = {"status": "resolved", "settled": 2}
        return Answered(tuple(answers), plain.calendar, {"mode": "full", "queueing": not self.proposed})


def test_while_something_is_queued_the_gateway_proposes_what_can_settle_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "IDLE_S", 0.01)
    ledger = Queueing()
    engine = Engine(lambda _: ledger, lambda: Primary(1, "db"), InstructionJournal(tmp_path / "j.ndjson", "g"), "g")
    engine.start()
    try:
        wait_for(lambda: ledger.proposed != [])
        batches = len(ledger.batches)
        wait_for(lambda: len(ledger.batches) > batches + 3)
        # What the gateway wants for itself is nobody's answer.
        [answer] = ask(engine, instruct("mine"))
    finally:
        engine.stop()
    assert answer == {"status": "settled", "key": "mine"}
    assert ledger.proposed == [{"op": "resolve", "sets": [{"method": "bilateral", "keys": ["a", "b"]}]}]
    looks = [request for batch in ledger.batches for request in batch if request["op"] == "queue"]
    assert looks == [{"op": "queue", "gateway": "g"}]
