"""A connection to PostgreSQL on which every step has a deadline, and nothing is ever cancelled.

A frozen server still accepts connections and acknowledges packets, so the deadline must be the client's. Drivers that
have one cancel the running statement when it passes; cancelling a commit that waits for its standby makes the server
report success for what only it has. So libpq is driven here step by step, and when time is up the caller decides.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Mapping

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

CONNECT_DEADLINE_S = 0.5
_GOOD = frozenset({pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK})


class NothingDone(Exception):
    """The transaction did not happen: it was never sent, or the server said that it was rolled back."""

    def __init__(self, reason: str, sqlstate: str | None = None) -> None:
        """Keep why, and the server's code if it spoke."""
        super().__init__(reason)
        self.reason = reason
        self.sqlstate = sqlstate


class OutcomeUnknown(Exception):
    """The transaction may have happened, here or at two sites: no promise can be made on it."""

    def __init__(self, reason: str) -> None:
        """Keep why."""
        super().__init__(reason)
        self.reason = reason


class DeadlinePassed(OutcomeUnknown):
    """No answer in time; the statement still runs."""


class Session:
    """One connection; ``warned`` holds the warnings that came with the last statement."""

    def __init__(self, parameters: Mapping[str, str | int], within_s: float = CONNECT_DEADLINE_S) -> None:
        """Connect within a time. Raise NothingDone when that does not succeed."""
        deadline = time.monotonic() + within_s
        self.warned: list[str] = []
        self.connection = pq.PGconn.connect_start(make_conninfo("", **parameters).encode())
        try:
            self._finish_connecting(deadline)
        except (psycopg.OperationalError, OSError, DeadlinePassed) as error:
            self.close()
            raise NothingDone(f"no connection: {error}") from error
        self.connection.nonblocking = 1
        self.connection.notice_handler = self._notice

    def ask(self, statement: str, parameter: str, within_s: float) -> str:
        """Run a statement that returns one value, and return it.

        Raise NothingDone when the server says that it failed, DeadlinePassed when it has not answered in time, and
        OutcomeUnknown when the connection breaks.
        """
        deadline = time.monotonic() + within_s
        self.send(statement, parameter)
        return self.answer(deadline)

    def send(self, statement: str, parameter: str) -> None:
        """Begin a statement. Raise OutcomeUnknown when the connection breaks."""
        self.warned.clear()
        try:
            self.connection.send_query_params(statement.encode(), [parameter.encode()])
        except psycopg.OperationalError as error:
            raise OutcomeUnknown(f"the connection broke: {str(error).strip()}") from error

    def answer(self, deadline: float) -> str:
        """Return the answer to the running statement, until ``deadline`` on the monotonic clock; errors as ``ask``."""
        try:
            return self._answer(deadline)
        except (psycopg.OperationalError, OSError) as error:
            raise OutcomeUnknown(f"the connection broke: {str(error).strip()}") from error

    def _answer(self, deadline: float) -> str:
        while self.connection.flush():
            wait(self.connection.socket, select.POLLOUT | select.POLLIN, deadline)
            self.connection.consume_input()
        results: list[pq.abc.PGresult] = []
        while True:
            while self.connection.is_busy():
                wait(self.connection.socket, select.POLLIN, deadline)
                self.connection.consume_input()
            result = self.connection.get_result()
            if result is None:
                break
            results.append(result)
        return _value(results)

    def close(self) -> None:
        """Leave at once. A statement that still runs goes on at the server: it is not cancelled."""
        try:
            with socket.socket(fileno=os.dup(self.connection.socket)) as raw:
                raw.shutdown(socket.SHUT_RDWR)
        except (OSError, psycopg.OperationalError):
            # There is no socket any more, or its other end has gone.
            pass
        self.connection.finish()

    def _finish_connecting(self, deadline: float) -> None:
        awaited: int = pq.PollingStatus.WRITING
        while awaited != pq.PollingStatus.OK:
            if awaited == pq.PollingStatus.FAILED:
                raise OSError(self.connection.error_message.decode(errors="replace").strip())
            wait(
                self.connection.socket,
                select.POLLOUT if awaited == pq.PollingStatus.WRITING else select.POLLIN,
                deadline,
            )
            awaited = self.connection.connect_poll()

    def _notice(self, notice: pq.abc.PGresult) -> None:
        if _field(notice, pq.DiagnosticField.SEVERITY_NONLOCALIZED) == "WARNING":
            self.warned.append(_field(notice, pq.DiagnosticField.MESSAGE_PRIMARY))


def wait(descriptor: int, events: int, deadline: float) -> None:
    """Return when a socket is ready for any of ``events``. Raise DeadlinePassed when it is not in time."""
    left_s = deadline - time.monotonic()
    poll = select.poll()
    poll.register(descriptor, events)
    if left_s <= 0 or not poll.poll(left_s * 1000):
        raise DeadlinePassed("no answer in time")


def _value(results: list[pq.abc.PGresult]) -> str:
    """Return the one value of the last result; raise when any of them is an error."""
    for result in results:
        if result.status not in _GOOD:
            message = _field(result, pq.DiagnosticField.MESSAGE_PRIMARY) or "the server went away"
            severity = _field(result, pq.DiagnosticField.SEVERITY_NONLOCALIZED)
            # A backend that is ended while it waits for the standby has committed already: only a plain error, after
            # which the connection goes on, says that nothing happened.
            if severity != "ERROR":
                raise OutcomeUnknown(f"the server ended the connection: {message}")
            raise NothingDone(message, _field(result, pq.DiagnosticField.SQLSTATE))
    value = results[-1].get_value(0, 0) if results and results[-1].ntuples else None
    if value is None:
        raise OutcomeUnknown("the server answered without a value")
    return value.decode()


def _field(result: pq.abc.PGresult, field: pq.DiagnosticField) -> str:
    return (result.error_field(field) or b"").decode(errors="replace")
