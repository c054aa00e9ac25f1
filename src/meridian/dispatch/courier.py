"""The loop of a dispatching process: follow the stream, and while it holds the duty, deliver in order."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from meridian.dispatch.outgoing import DESKS
from meridian.dispatch.store import Store
from meridian.peer import Peer, Silent

ACTIVE_EVERY_S = 0.25
STANDBY_EVERY_S = 1.0
"""Between two looks. The one that stands by follows too, so that it could begin at once."""
AT_ONCE = 200
_NO_STREAM = "no gateway gives the stream"


@dataclass(slots=True)
class Standing:
    """How a courier stands: its duty, and what is wrong, if anything."""

    name: str
    active: bool = False
    term: int = 0
    problem: str | None = None


class Courier:
    """One process at one site. ``task`` is also the name of its channel where it delivers."""

    def __init__(self, name: str, task: str, store: Store, gateways: Sequence[Peer], receiver: Peer) -> None:
        """Begin standing by: whether it holds the duty, the ledger says."""
        self.standing = Standing(name)
        self._task = task
        self._store = store
        self._gateways = list(gateways)
        self._receiver = receiver

    def step(self) -> bool:
        """Follow and deliver once; return whether there may be more at once."""
        more = self._follow()
        if self.standing.active:
            more |= self._deliver()
        elif self.standing.problem != _NO_STREAM:
            self._forget_delivered()
        return more

    def _follow(self) -> bool:
        said = self._stream()
        if said is None:
            # Who holds the duty is not known now. What is sent meanwhile is taken once, whoever sends it.
            return False
        self._store.take(said["lines"], said["last"], DESKS[self._task])
        duty = said["duties"][self._task]
        active = duty["holder"] == self.standing.name
        if active != self.standing.active:
            _say(f"{'holds' if active else 'stands by for'} {self._task} (term {duty['term']}: {duty['holder']})")
        self.standing.active, self.standing.term = active, duty["term"]
        return bool(said["more"])

    def _stream(self) -> dict[str, Any] | None:
        """Return the next part of the stream, from the first gateway that gives it: it is asked first from then on."""
        for gateway in tuple(self._gateways):
            with suppress(Silent):
                said = gateway.ask("GET", f"/v1/stream?after={self._store.position}")
                if said.get("status") == "stream":
                    return said
            self._gateways.append(self._gateways.pop(0))
        self._problem(_NO_STREAM)
        return None

    def _deliver(self) -> bool:
        items = self._store.oldest(AT_ONCE)
        if not items:
            self._problem(None)
            return False
        try:
            asked = {"channel": self._task, "by": self.standing.name, "term": self.standing.term, "items": items}
            said = self._receiver.ask("POST", "/v1/deliveries", asked)
        except Silent as error:
            self._problem(f"the receiver does not answer: {error}")
            return False
        self._store.delivered(said.get("last", {}))
        self._problem(None if said["status"] == "taken" else f"the receiver refuses: {said['status']}")
        return said["status"] == "taken" and len(items) == AT_ONCE

    def _forget_delivered(self) -> None:
        """Ask what the one at work delivered: this store need not keep that."""
        self._problem(None)
        if self._store.waiting:
            with suppress(Silent):
                self._store.delivered(self._receiver.ask("GET", f"/v1/last?channel={self._task}").get("last", {}))

    def _problem(self, problem: str | None) -> None:
        if problem != self.standing.problem:
            _say(problem or "delivers again")
        self.standing.problem = problem


def work(courier: Courier) -> None:
    """Work for ever."""
    while True:
        if not courier.step():
            time.sleep(ACTIVE_EVERY_S if courier.standing.active else STANDBY_EVERY_S)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
