"""The ledger as a careless gateway uses it, to show what it loses. Only ``--client naive`` runs this.

Each of these is common practice, and each acknowledges what a second site may not have:

1. when time is up, it cancels the statement, and believes the success that the server then reports;
2. it does not look at the warning that comes with that success;
3. it answers a repeated key from a plain read, which sees what is committed here and waits for nobody.
"""

from __future__ import annotations

import json
import select
import time
from collections.abc import Sequence
from typing import Any

from psycopg import pq

from meridian.settlement.safe import HANDLE, Answered, Request, deadline_s, parameters, parse
from meridian.settlement.wire import DeadlinePassed, OutcomeUnknown, Session, wait

_GLANCE = "SELECT ledger.glance($1)"
_CONTENT = ("sender", "receiver", "amount_cents", "priority")
_AFTER_CANCEL_S = 0.5


class NaiveLedger:
    """A session that takes the server's word for it."""

    def __init__(self, host: str, port: int, password: str, gateway: str) -> None:
        """Connect. Raise NothingDone when that does not succeed in time."""
        self.session = Session(parameters(host, port, password, gateway))
        self._last = Answered((), {})

    def handle(self, requests: Sequence[Request]) -> Answered:
        """Have a batch handled, or believe that it was."""
        known = self._known(requests)
        left = [request for request in requests if not _same(request, known.get(request.get("key", "")))]
        answered = self._last = self._handle(left) if left else self._last
        fresh = iter(answered.answers)
        answers = tuple(next(fresh) if request in left else known[request["key"]] for request in requests)
        return Answered(answers, answered.calendar, answered.settlement)

    def collect(self, _: float) -> Answered:
        """Raise OutcomeUnknown: what was cancelled has no answer that would be worth a wait."""
        raise OutcomeUnknown("no answer to what was cancelled")

    def close(self) -> None:
        """Leave at once."""
        self.session.close()

    def _handle(self, requests: Sequence[Request]) -> Answered:
        within_s = deadline_s(requests) / 2
        try:
            return parse(self.session.ask(HANDLE, json.dumps(requests), within_s))
        except DeadlinePassed:
            deadline = time.monotonic() + _AFTER_CANCEL_S
            cancel(self.session.connection, deadline)
            return parse(self.session.answer(deadline))

    def _known(self, requests: Sequence[Request]) -> dict[str, dict[str, Any]]:
        keys = [request["key"] for request in requests if request["op"] == "instruct"]
        if not keys:
            return {}
        glanced: dict[str, dict[str, Any]] = json.loads(
            self.session.ask(_GLANCE, "{" + ",".join(f'"{key}"' for key in keys) + "}", deadline_s(requests) / 2)
        )
        return glanced


def cancel(connection: pq.abc.PGconn, deadline: float) -> None:
    """Ask the server to cancel what runs. Raise DeadlinePassed when it does not take the request in time."""
    request = connection.cancel_conn()
    try:
        request.start()
        while (awaited := request.poll()) not in {pq.PollingStatus.OK, pq.PollingStatus.FAILED}:
            wait(request.socket, select.POLLOUT if awaited == pq.PollingStatus.WRITING else select.POLLIN, deadline)
    finally:
        request.finish()


def _same(request: Request, known: dict[str, Any] | None) -> bool:
    return known is not None and all(request.get(name) == known[name] for name in _CONTENT)
