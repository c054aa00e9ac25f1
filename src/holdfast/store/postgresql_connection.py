"""Connections to the PostgreSQL of a log: its address, its limits, and what its errors mean to the reader.

Every wait is bounded, on both sides: the server ends what takes too long, and frees what a client holds that is gone or
frozen; this side gives up on a server that takes what is sent and never answers. A connection that was lost is sought
again for a while, because servers restart and fail over; a first one is not, because then the address is likely wrong.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from holdfast.errors import EnvironmentProblem, UsageError

CONNECT_TIMEOUT_S = 10  # for each host of the address
RECONNECT_LIMIT_S = 60.0
RECONNECT_EVERY_S = 0.25
LOCK_TIMEOUT_MS = 30_000
STATEMENT_TIMEOUT_MS = 60_000
IDLE_TIMEOUT_MS = 20_000  # a writer that was frozen lets go before those who wait for it give up
ANSWER_TIMEOUT_S = 75.0  # longer than any limit that the server keeps by itself
KEEPALIVES_IDLE_S, KEEPALIVES_INTERVAL_S, KEEPALIVES = 10, 5, 3
UNACKNOWLEDGED_LIMIT_MS = 30_000
NOT_DURABLE = "durable=no"  # in an address: take a server that may forget what it acknowledged

_SECRETS = ("password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret")
OF_THE_SERVER = {
    "lock_timeout": LOCK_TIMEOUT_MS,
    "statement_timeout": STATEMENT_TIMEOUT_MS,
    "idle_in_transaction_session_timeout": IDLE_TIMEOUT_MS,
    "tcp_keepalives_idle": KEEPALIVES_IDLE_S,
    "tcp_keepalives_interval": KEEPALIVES_INTERVAL_S,
    "tcp_keepalives_count": KEEPALIVES,
    "tcp_user_timeout": UNACKNOWLEDGED_LIMIT_MS,
    "search_path": "pg_catalog",
}
_OF_THE_CLIENT: dict[str, object] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives_idle": KEEPALIVES_IDLE_S,
    "keepalives_interval": KEEPALIVES_INTERVAL_S,
    "keepalives_count": KEEPALIVES,
    "tcp_user_timeout": UNACKNOWLEDGED_LIMIT_MS,
    # A standby is behind, which looks like an older copy of the log.
    "target_session_attrs": "primary",
    "application_name": "holdfast",
}
_HERE = ("localhost", "127.0.0.1", "::1")
_WITHOUT = "keep the password in a file that PGPASSFILE names (by default ~/.pgpass), or in a service file"

Result = TypeVar("Result")
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is: as it was given, as libpq takes it, and whether it may forget what it acknowledged."""

    url: str
    parameters: dict[str, Any]
    durable: bool

    @classmethod
    def parse(cls, url: str) -> Address:
        """Return the address; HF244 if libpq cannot take it, or if it carries a secret."""
        base, _, query = url.partition("?")
        asked = [part for part in query.split("&") if part]
        known = "&".join(part for part in asked if part != NOT_DURABLE)
        try:
            given = conninfo_to_dict(f"{base}?{known}" if known else base)
        except psycopg.Error as error:
            # What libpq says quotes the address, and there may be a password in it.
            message = "the address of the log is not one that PostgreSQL's client library takes"
            remedy = "write postgresql://USER@HOST/DATABASE, with %XX for characters that mean something in a URL"
            raise UsageError("HF244", message, remedy=remedy) from error
        if found := [name for name in _SECRETS if name in given]:
            message = f"the address of the log carries a secret ({found[0]}), which every process list would show"
            raise UsageError("HF244", message, remedy=_WITHOUT)
        chosen = {"sslmode", "service"} & given.keys() or {"PGSSLMODE", "PGSERVICE"} & os.environ.keys()
        if _leaves_the_machine(given) and not chosen:
            given["sslmode"] = "verify-full"
        options = " ".join(f"-c {name}={value}" for name, value in OF_THE_SERVER.items())
        given["options"] = f"{options} {given.get('options', '')}".rstrip()
        return cls(url, {**_OF_THE_CLIENT, **given}, NOT_DURABLE not in asked)


def _leaves_the_machine(given: Mapping[str, Any]) -> bool:
    """Return whether an address names another machine, to which nothing is said before it has shown who it is.

    libpq by itself would take any server, and clear text if that one offers no better: personal data goes there.
    """
    named = given.get("host") or os.environ.get("PGHOST") or given.get("hostaddr") or os.environ.get("PGHOSTADDR") or ""
    return any(host and host not in _HERE and not host.startswith(("/", "@")) for host in str(named).split(","))


class Connection(psycopg.Connection[Row]):
    """A connection that does not wait for ever."""

    answer_timeout_s = ANSWER_TIMEOUT_S

    def wait(
        self,
        gen: Generator[Any, Any, Result],
        interval: float = 0.1,
        timeout: float | None = None,
    ) -> Result:
        """Return what the server answers; the connection is closed and lost if it does not answer in time."""
        return super().wait(self._bounded(gen), interval, timeout)

    def _bounded(self, gen: Generator[Any, Any, Result]) -> Generator[Any, Any, Result]:
        deadline = time.monotonic() + self.answer_timeout_s
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > deadline:
                    self.close()
                    message = f"the server did not answer within {self.answer_timeout_s:.0f} s"
                    raise psycopg.OperationalError(message)
                wanted = gen.send(ready)
        except StopIteration as stop:
            result: Result = stop.value
            return result


class Link:
    """One connection that is kept, and made anew when it was lost. Threads take turns."""

    def __init__(self, address: Address) -> None:
        """Name the server; it is reached when something is asked of it."""
        self.address = address
        self._connection: Connection | None = None
        self._reached = False
        self._turn = threading.RLock()

    def ask(self, work: Callable[[Connection], Result]) -> Result:
        """Return what ``work`` asks for, which must be harmless to ask twice.

        A kept connection shows only when it is used that its server restarted meanwhile: then it is asked once more.
        """
        with self._turn, problems(self.address):
            kept = self._connection is not None
            connection = self._connected()
            try:
                return work(connection)
            except psycopg.Error:
                if not (kept and connection.closed):
                    raise
                return work(self._connected())

    @contextmanager
    def held(self) -> Iterator[Link]:
        """Hold the connection for several questions; after any error it is let go, in whatever state it is."""
        with self._turn, problems(self.address):
            try:
                yield self
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Close the connection, if there is one."""
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self.address, patient=self._reached)
            self._reached = True
        return self._connection


def connect(address: Address, *, patient: bool = False) -> Connection:
    """Return a new connection in autocommit; a patient one seeks a server that is away for up to a minute."""
    deadline = time.monotonic() + RECONNECT_LIMIT_S
    while True:
        try:
            return Connection.connect("", autocommit=True, **address.parameters)
        except psycopg.OperationalError:
            if not patient or time.monotonic() > deadline:
                raise
            time.sleep(RECONNECT_EVERY_S)


@contextmanager
def problems(address: Address) -> Iterator[None]:
    """Turn what psycopg raises into HF211 or, if the server cannot be reached, HF245."""
    try:
        yield
    except errors.LockNotAvailable as error:
        message = f"{address.url} was locked for longer than {LOCK_TIMEOUT_MS // 1000} s"
        remedy = "find the session that holds it in pg_stat_activity; nothing was recorded by this attempt"
        raise EnvironmentProblem("HF211", message, remedy=remedy) from error
    except errors.InsufficientPrivilege as error:
        message = f"{address.url} does not let this role do that: {_first_line(error)}"
        raise EnvironmentProblem("HF211", message, remedy="grant the role what docs/log.md says") from error
    except psycopg.OperationalError as error:
        if _server_answered(error):
            raise _storage_failed(address, error) from error
        message = f"{address.url} could not be reached: {_first_line(error)}"
        remedy = "see whether the server runs and lets this machine in; nothing was recorded by this attempt"
        if "certificate" in str(error):
            remedy = (
                "name who vouches for the server: sslrootcert=FILE or sslrootcert=system in the address (docs/log.md)"
            )
        raise EnvironmentProblem("HF245", message, remedy=remedy) from error
    except psycopg.Error as error:
        raise _storage_failed(address, error) from error


def _server_answered(error: psycopg.Error) -> bool:
    """Return whether the server refused this very thing, and is there: not so for class 08 and for shutdowns, 57P."""
    return error.sqlstate is not None and not error.sqlstate.startswith(("08", "57P"))


def _storage_failed(address: Address, error: psycopg.Error) -> EnvironmentProblem:
    message = f"{address.url} refused: {_first_line(error)} ({error.sqlstate or type(error).__name__})"
    remedy = "see to the server and its log; what was not acknowledged may or may not be recorded"
    return EnvironmentProblem("HF211", message, remedy=remedy)


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


Durability = Literal["fsync", "full_page_writes", "synchronous_commit"]
_KEEPS: dict[Durability, tuple[str, ...]] = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_apply"),
}
# A wait for a standby that somebody ended is told as a warning: whoever set this for a role must not hide it from us.
DURABILITY = ", ".join(f"current_setting('{name}')" for name in _KEEPS)
DURABILITY += ", set_config('client_min_messages', 'warning', true)"


def check_durability(address: Address, settings: Row) -> None:
    """Hold what ``DURABILITY`` selected against what an acknowledgement promises; HF242 if the server may forget."""
    wrong = {
        name: got for (name, good), got in zip(_KEEPS.items(), settings[: len(_KEEPS)], strict=True) if got not in good
    }
    if address.durable and wrong:
        said = ", ".join(f"{name} is {got}" for name, got in wrong.items())
        message = f"{address.url} may forget what it has acknowledged: {said}"
        remedy = f"set {' and '.join(wrong)} to on; for a log that may be lost, add ?{NOT_DURABLE} to its address"
        raise EnvironmentProblem("HF242", message, remedy=remedy)
