"""The one thread of a gateway that talks to the ledger: it takes whatever waits, as one batch, in one transaction.

While a batch waits for the second site, the next one gathers: group commit without a timer. Instructions are journaled
before the ledger is asked. Where an answer is not certain the promise is withheld (*unknown*, *unavailable*), and until
a trial answer was durable again newcomers are told so at once instead of being kept waiting.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from meridian.settlement.gridlock import Queued, resolve
from meridian.settlement.journal import InstructionJournal
from meridian.settlement.router import Primary
from meridian.settlement.safe import Answered, Ledger, Request
from meridian.settlement.wire import DeadlinePassed, NothingDone, OutcomeUnknown

MAX_BATCH = 200
MAX_WAITING = 1_000
IDLE_S = 1.0
"""Without work the ledger is asked for its calendar this often: the day may have been moved at the other gateway."""
LOOK_AGAIN_S = 0.05
REMEMBERED = 1_000
"""So many of the latest promises are remembered: who stopped waiting for one and asks again hears it at once."""
OUTWAIT_S = 5.0
"""So long an answer that is late is waited for on its session; a segment that a slow line loses twice takes this."""
RESOLVE_EVERY_S = 1.0
"""While anything is queued one of the gateways looks for gridlock this often."""
DRAIN_EVERY_S = 0.02

_TRIAL: Request = {"op": "calendar"}
_PROMISES = frozenset({"settled", "queued", "rejected"})
# The transaction failed for a reason that says nothing about what was asked: not durable at two sites, lock not had in
# time, a server that became a standby or is going down, no room.
_PASSING = ("MR301", "55P03", "25006", "57", "53", "40")

Answer = dict[str, Any]
Connect = Callable[[Primary], Ledger]


@dataclass(frozen=True, slots=True)
class _Waiting:
    request: Request
    future: asyncio.Future[Answer]


@dataclass(slots=True)
class Standing:
    """How the engine stands: ``why`` it does not serve, or None; calendar and mode, and when they were last durable."""

    why: str | None = "starting"
    primary: Primary | None = None
    calendar: dict[str, Any] = field(default_factory=dict)
    settlement: dict[str, Any] = field(default_factory=dict)
    durable_at_s: float | None = None
    answered: int = 0
    withheld: int = 0


class Engine:
    """Requests in, answers out. ``ask`` belongs to the event loop, everything below ``_run`` to the thread."""

    def __init__(
        self, connect: Connect, route: Callable[[], Primary | None], journal: InstructionJournal, name: str = "gateway"
    ) -> None:
        """``route`` says where the primary is now; ``connect`` opens a session there; ``name`` is the gateway's."""
        self._name = name
        self._proposal: Request | None = None
        self._resolve_at_s = 0.0
        self._connect = connect
        self._route = route
        self._journal = journal
        self._ledger: Ledger | None = None
        self._waiting: deque[_Waiting] = deque()
        self._promised: dict[str, tuple[Request, Answer]] = {}
        self._wake = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self.standing = Standing()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch at hand, tell who still waits that nothing was done, and end."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join()

    @property
    def alive(self) -> bool:
        """Return whether the thread runs; when it ended unasked, the process has to end too."""
        return self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """Return how many requests wait."""
        return len(self._waiting)

    async def ask(self, request: Request) -> Answer:
        """Return the answer to a request; ``status`` says whether it is a promise.

        A promise that was made to the very same request is repeated: it came from a transaction that two sites have.
        """
        said, answer = self._promised.get(str(request.get("key")), (None, {}))
        if said == request:
            return answer
        if self.standing.why is not None:
            return _unavailable(self.standing.why)
        waiting = _Waiting(request, asyncio.get_running_loop().create_future())
        with self._wake:
            if len(self._waiting) >= MAX_WAITING:
                return _unavailable("busy")
            self._waiting.append(waiting)
            self._wake.notify()
        return await waiting.future

    def _run(self) -> None:
        try:
            while not self._stopping:
                if self._ledger is None:
                    self._recover()
                else:
                    self._turn(self._ledger)
        finally:
            self.standing.why = "ended"
            while self._waiting:
                self._dismiss(self._take(0), _unavailable("ended"))
            if self._ledger is not None:
                self._ledger.close()

    def _recover(self) -> None:
        """Find a primary whose answer is durable, and until there is one let nobody wait."""
        self._dismiss(self._take(0), _unavailable(self.standing.why or "no durable answer"))
        primary = self._route()
        if primary is None:
            self._withdraw("no server leads")
        else:
            try:
                self._ledger, self.standing.primary = self._connect(primary), primary
                self._serve(self._ledger.handle([_TRIAL]))
            except DeadlinePassed as error:
                self._outwait(error.reason, ())
            except (NothingDone, OutcomeUnknown) as error:
                self._drop(error.reason)
        if self._ledger is None:
            time.sleep(LOOK_AGAIN_S)

    def _outwait(self, why: str, batch: Sequence[_Waiting]) -> None:
        """Wait on for an answer that is late, keeping nobody else waiting, until another leads or it takes too long.

        On a slow line it comes yet, for those of the batch who ask again. A new session would be no sooner answered:
        it would wait for the ledger's lock, which this one has.
        """
        self._withdraw(why)
        until_s = time.monotonic() + OUTWAIT_S
        while self._ledger is not None and not self._stopping:
            self._dismiss(self._take(0), _unavailable(why))
            if (newer := self._newer()) is not None:
                self._drop(f"{newer.host} leads now")
                return
            try:
                answered = self._ledger.collect(LOOK_AGAIN_S)
                self._remember(batch, answered.answers)
                self._serve(answered)
                return
            except DeadlinePassed:
                if time.monotonic() > until_s:
                    self._drop(why)
            except (NothingDone, OutcomeUnknown) as error:
                self._drop(error.reason)

    def _serve(self, answered: Answered) -> None:
        """Take a durable answer, and serve from now on."""
        self._note(answered)
        self.standing.why = None
        if (primary := self.standing.primary) is not None:
            _say(f"serving, with the ledger at {primary.host} (timeline {primary.timeline})")

    def _newer(self) -> Primary | None:
        """Return who leads on a later timeline than the server that is asked, None if nobody is known to."""
        newer, now = self._route(), self.standing.primary
        return newer if newer is not None and now is not None and newer.timeline > now.timeline else None

    def _turn(self, ledger: Ledger) -> None:
        """Take what waits, journal it, have it handled."""
        batch = self._take(self._patience_s())
        if (newer := self._newer()) is not None:
            self._drop(f"{newer.host} leads now")
            self._dismiss(batch, _unavailable("another server leads now"))
            return
        instructions = [_line(item.request) for item in batch if item.request["op"] == "instruct"]
        try:
            if instructions:
                self._journal.append(instructions)
        except OSError as error:
            self._dismiss(batch, _unavailable(f"instruction journal: {error.strerror}"))
            return
        asked = [item.request for item in batch] or [_TRIAL]
        errands = self._errands()
        try:
            answered = ledger.handle([*asked, *errands])
        except DeadlinePassed as error:
            self._withdraw(error.reason)
            self._dismiss(batch, {"status": "unknown", "reason": error.reason})
            self._outwait(error.reason, batch)
        except OutcomeUnknown as error:
            self._drop(error.reason)
            self._dismiss(batch, {"status": "unknown", "reason": error.reason})
        except NothingDone as error:
            if (error.sqlstate or "").startswith(_PASSING):
                self._drop(error.reason)
                self._dismiss(batch, _unavailable(error.reason))
            else:
                _say(f"a batch was refused by the ledger itself: {error.sqlstate} {error.reason}")
                time.sleep(LOOK_AGAIN_S)
                self._one_by_one(ledger, batch)
        else:
            self._note(answered)
            self._resolve(batch, answered.answers)
            for answer in answered.answers[len(asked) :]:
                self._run_errand(answer)

    def _errands(self) -> list[Request]:
        """Return what the gateway itself wants done with the batch at hand."""
        errands: list[Request] = []
        if self._proposal is not None:
            errands.append(self._proposal)
            self._proposal = None
        elif self.standing.settlement.get("queueing") and time.monotonic() >= self._resolve_at_s:
            self._resolve_at_s = time.monotonic() + RESOLVE_EVERY_S
            errands.append({"op": "queue", "gateway": self._name})
        if self._close_is_due():
            errands.append({"op": "close", "day": self.standing.calendar["day"]})
        return errands

    def _run_errand(self, answer: Answer) -> None:
        """Take the answer to an errand: with the queue in hand, propose what can settle at once."""
        if answer["status"] == "queue":
            found = resolve(answer["available"], [Queued(*each) for each in answer["queued"]])
            if found:
                sets = [{"method": each.method, "keys": list(each.keys)} for each in found]
                self._proposal = {"op": "resolve", "sets": sets}
        elif answer["status"] == "resolved":
            _say(f"gridlock resolved: {answer['settled']} queued instructions settled at once")

    def _one_by_one(self, ledger: Ledger, batch: Sequence[_Waiting]) -> None:
        """Have a batch that failed as a whole handled again in parts, so that one bad request fails alone."""
        for position, item in enumerate(batch):
            try:
                answered = ledger.handle([item.request])
            except NothingDone as error:
                _say(f"request refused by the ledger itself: {error.sqlstate} {error.reason}")
                self._dismiss([item], {"status": "failed", "reason": error.reason})
            except OutcomeUnknown as error:
                self._drop(error.reason)
                self._dismiss(batch[position:], {"status": "unknown", "reason": error.reason})
                return
            else:
                self._note(answered)
                self._resolve([item], answered.answers)

    def _patience_s(self) -> float:
        """Return how long to wait for work: until the next look at the calendar, the cut-off, or the next errand."""
        if self._proposal is not None:
            return 0.0
        if self.standing.settlement.get("draining"):
            return DRAIN_EVERY_S
        cut_off_us = int(self.standing.calendar["cut_off_us"])
        return max(0.0, min(IDLE_S, (cut_off_us - time.time_ns() // 1000) / 1e6))

    def _close_is_due(self) -> bool:
        return time.time_ns() // 1000 >= int(self.standing.calendar["cut_off_us"])

    def _take(self, patience_s: float) -> list[_Waiting]:
        with self._wake:
            if not self._waiting and not self._stopping:
                self._wake.wait(patience_s)
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]

    def _note(self, answered: Answered) -> None:
        before = self.standing.calendar.get("day")
        self.standing.calendar, self.standing.settlement = answered.calendar, answered.settlement
        self.standing.durable_at_s = time.monotonic()
        if before not in {None, answered.calendar["day"]}:
            _say(f"day {before} is closed, day {answered.calendar['day']} is open")

    def _drop(self, why: str) -> None:
        if self._ledger is not None:
            self._ledger.close()
        self._ledger, self.standing.primary = None, None
        self._withdraw(why)

    def _withdraw(self, why: str) -> None:
        if why != self.standing.why:
            _say(f"not serving: {why}")
        self.standing.why = why

    def _resolve(self, batch: Sequence[_Waiting], answers: Sequence[Answer]) -> None:
        self._remember(batch, answers)
        self.standing.answered += len(batch)
        for item, answer in zip(batch, answers, strict=False):
            item.future.get_loop().call_soon_threadsafe(_set, item.future, answer)

    def _remember(self, batch: Sequence[_Waiting], answers: Sequence[Answer]) -> None:
        for item, answer in zip(batch, answers, strict=False):
            if item.request["op"] == "instruct" and answer["status"] in _PROMISES:
                self._promised[item.request["key"]] = (item.request, answer)
        while len(self._promised) > REMEMBERED:
            del self._promised[next(iter(self._promised))]

    def _dismiss(self, batch: Sequence[_Waiting], answer: Answer) -> None:
        self.standing.withheld += len(batch)
        for item in batch:
            item.future.get_loop().call_soon_threadsafe(_set, item.future, dict(answer))


def _set(future: asyncio.Future[Answer], answer: Answer) -> None:
    if not future.done():
        future.set_result(answer)


def _unavailable(why: str) -> Answer:
    return {"status": "unavailable", "reason": why}


def _line(request: Request) -> dict[str, Any]:
    """Return an instruction as its journal keeps it."""
    return {
        "participant": request["sender"],
        "key": request["key"],
        "to": request["receiver"],
        "amount_cents": request["amount_cents"],
        "priority": request["priority"],
    }


def _say(text: str) -> None:
    sys.stderr.write(f"settlement: {text}\n")
    sys.stderr.flush()
