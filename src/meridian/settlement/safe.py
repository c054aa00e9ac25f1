"""The ledger as a careful gateway uses it: an answer counts only if it is certainly durable at two sites."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from meridian.settlement.wire import OutcomeUnknown, Session

Request = Mapping[str, Any]
"""What the ledger's entrance takes: ``op`` and its members; see ``ledger/entrance.sql``."""

HANDLE = "SELECT ledger.handle($1)"
DEADLINE_S = 0.8
"""Below the second that participants wait, so that they hear *unknown* instead of nothing."""
CLOSE_DEADLINE_S = 5.0

_OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "synchronous_commit": "on",
        # Whoever waits for the ledger's lock behind a commit that hangs gives up, and says so.
        "lock_timeout": "600ms",
        "client_connection_check_interval": "500ms",
    }.items()
)


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers to a batch in its order, the open business day, and settlement's mode and queues."""

    answers: tuple[dict[str, Any], ...]
    calendar: dict[str, Any]
    settlement: dict[str, Any] = field(default_factory=dict)


class Ledger(Protocol):
    """What an engine needs of the ledger.

    Errors: NothingDone; DeadlinePassed, after which only ``collect`` and ``close``; any other OutcomeUnknown, after
    which only ``close``.
    """

    def handle(self, requests: Sequence[Request]) -> Answered:
        """Have a batch handled in one transaction."""

    def collect(self, within_s: float) -> Answered:
        """Wait on for the answers to a batch that came in no time."""

    def close(self) -> None:
        """Leave."""


class SafeLedger:
    """A session in which every doubt is an unknown outcome."""

    def __init__(self, host: str, port: int, password: str, gateway: str) -> None:
        """Connect. Raise NothingDone when that does not succeed in time."""
        self.session = Session(parameters(host, port, password, gateway))

    def handle(self, requests: Sequence[Request]) -> Answered:
        """Have a batch handled in one transaction that two sites have when this returns."""
        self.send(requests)
        return self.collect(deadline_s(requests))

    def send(self, requests: Sequence[Request]) -> None:
        """Begin a batch."""
        self.session.send(HANDLE, json.dumps(requests))

    def collect(self, within_s: float) -> Answered:
        """Return the answers to the batch that was begun, if they are durable at two sites for certain."""
        # When time is up the commit may still complete, here alone or at both sites. Cancelling it would make the
        # server say that it succeeded although no other site has it; so it is left alone, and whoever asks again hears
        # the truth.
        answer = self.session.answer(time.monotonic() + within_s)
        if self.session.warned:
            raise OutcomeUnknown(f"the server warned: {self.session.warned[0]}")
        return parse(answer)

    def close(self) -> None:
        """Leave at once."""
        self.session.close()


def parameters(host: str, port: int, password: str, gateway: str) -> dict[str, str | int]:
    """Return how to connect as a gateway; the network's own deadlines are for what vanished while nobody waited."""
    return {
        "host": host,
        "port": port,
        "dbname": "ledger",
        "user": "ledger_app",
        "password": password,
        "application_name": gateway,
        "options": _OPTIONS,
        "tcp_user_timeout": 2000,
        # A server that lost its power while an answer was waited for says nothing, and no segment of ours is due.
        "keepalives_idle": 1,
        "keepalives_interval": 1,
        "require_auth": "scram-sha-256",
        "sslmode": "disable",
        "gssencmode": "disable",
    }


def deadline_s(requests: Sequence[Request]) -> float:
    """Return how long a batch may take."""
    return CLOSE_DEADLINE_S if any(request["op"] == "close" for request in requests) else DEADLINE_S


def parse(text: str) -> Answered:
    """Return what the ledger's entrance answered."""
    answer = json.loads(text)
    return Answered(tuple(answer["answers"]), answer["calendar"], answer["standing"])
