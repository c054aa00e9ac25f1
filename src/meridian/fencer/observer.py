"""An observer: it writes through the primary as a business does, and tells on the management path how that goes.

It watches writes, not processes. One write is under way at a time, the next follows a beat after the answer; nothing is
ever cancelled. A write without an answer is waited for while the line lives, because its silence is what is told. The
line is left when it breaks, when Patroni names another primary, or when a fresh one might do better.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from meridian.fencer.line import timeout_us
from meridian.fencer.patience import BEAT_US, FLOOR_US, TICK_US, Recent, observed_us, patience_us
from meridian.settlement.router import Primary, claim
from meridian.settlement.wire import DeadlinePassed, NothingDone, OutcomeUnknown, Session
from meridian.stack.members import DATABASE

BEAT = "SELECT watch.beat($1::bigint, '{place}')"
CONNECT_S = 4.0
"""Long: on a slow line a login takes five round trips. Meanwhile the silence counts."""
PROBE_S = 1.5
LOOK_CALM_S, LOOK_EAGER_S = 1.0, 0.15
ANEW_AFTER = 4
"""After so many times its patience without an answer a write is given up and tried on a fresh connection."""
TOLD_CLIENTS = 4

Connect = Callable[[Primary], Session]


@dataclass(slots=True)
class Sight:
    """What the observer sees; written by its one writing thread, read by whoever tells it."""

    primary: Primary | None = None
    writes: int = 0
    silent_us: int = 0
    patience_us: int = FLOOR_US
    said: str = ""

    def facts(self, observer: str) -> dict[str, object]:
        """Return the line that is told."""
        primary = self.primary
        return {
            "observer": observer,
            "address": None if primary is None else primary.host,
            "timeline": 0 if primary is None else primary.timeline,
            "writes": self.writes,
            "silent_us": self.silent_us,
            "patience_us": self.patience_us,
            "said": self.said,
        }


class Writer:
    """Writes beat after beat through whoever leads; its thread is the process's main one."""

    def __init__(self, connect: Connect, place: str, route: Callable[[], Primary | None], sight: Sight) -> None:
        """``route`` says who claims to lead now, None if nobody does."""
        self._connect = connect
        self._statement = BEAT.format(place=place)
        self._route = route
        self._sight = sight
        self._session: Session | None = None
        self._recent = Recent()
        self._timeout_us = 0
        self._looked_us = _now_us()
        self._number = 0

    def work(self) -> None:
        """Write for ever."""
        while True:
            if self._turn_to_the_primary():
                self._write()
            self._pass(BEAT_US if self._session else TICK_US, silent=self._session is None)

    def _turn_to_the_primary(self) -> bool:
        """See that there is a connection to whoever leads; return whether there is one."""
        sight, leads = self._sight, self._route()
        if leads is not None and (sight.primary is None or leads.timeline > sight.primary.timeline):
            self._leave(f"{leads.host} leads")
            # Another primary, on another line perhaps: what was seen of the old one says nothing of it.
            # The counter first: whoever reads in between must not take the old one's silence for the new one's.
            sight.writes, sight.silent_us = 0, 0
            sight.primary = leads
            self._recent, self._timeout_us = Recent(), 0
        if self._session is None and sight.primary is not None:
            try:
                self._session = self._connecting(sight.primary)
            except NothingDone as error:
                self._say(error.reason)
        return self._session is not None

    def _connecting(self, primary: Primary) -> Session:
        """Return a connection; the time that it takes counts as silence."""
        done: list[Session | NothingDone] = []

        def connect() -> None:
            try:
                done.append(self._connect(primary))
            except NothingDone as error:
                done.append(error)

        threading.Thread(target=connect, daemon=True).start()
        while not done:
            self._pass(TICK_US, silent=True)
            if self._surpassed(primary):
                raise NothingDone("another leads meanwhile")
        if isinstance(done[0], NothingDone):
            raise done[0]
        return done[0]

    def _write(self) -> None:
        """Write once, and wait for the answer as long as it makes sense."""
        session, primary, sight = self._session, self._sight.primary, self._sight
        if session is None or primary is None:
            return
        begun_us = _now_us()
        self._look()
        try:
            self._number += 1
            session.send(self._statement, str(self._number))
            self._await(session, primary, begun_us)
        except (NothingDone, OutcomeUnknown) as error:
            self._leave(error.reason)
            return
        if session.warned:
            # It may be on this copy alone, which is no answer.
            self._leave(session.warned[0])
            return
        now_us = _now_us()
        self._recent.add(now_us, now_us - begun_us)
        self._timeout_us = _line_of(session)
        sight.writes += 1
        sight.silent_us = 0
        self._say("")

    def _await(self, session: Session, primary: Primary, begun_us: int) -> None:
        """Return once the write was answered. Raise DeadlinePassed when it is not waited for any longer."""
        while True:
            try:
                session.answer(time.monotonic() + TICK_US / 1e6)
            except DeadlinePassed:
                self._timeout_us = _line_of(session)
                self._look(silent=True)
                if self._surpassed(primary) or _now_us() - begun_us > ANEW_AFTER * self._sight.patience_us:
                    raise
            else:
                return

    def _surpassed(self, primary: Primary) -> bool:
        leads = self._route()
        return leads is not None and leads.timeline > primary.timeline

    def _leave(self, why: str) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None
        self._say(why)

    def _pass(self, duration_us: int, *, silent: bool) -> None:
        time.sleep(duration_us / 1e6)
        self._look(silent=silent)

    def _look(self, *, silent: bool = False) -> None:
        """Note that this thread looks now; the time since the last look was silence, or was not."""
        now_us = _now_us()
        longest_us, typical_us = self._recent.longest_us(now_us), self._recent.typical_us(now_us)
        self._sight.patience_us = patience_us(longest_us, typical_us, self._timeout_us)
        if silent:
            self._sight.silent_us += observed_us(now_us - self._looked_us)
        self._looked_us = now_us

    def _say(self, text: str) -> None:
        if text != self._sight.said:
            self._sight.said = text
            sys.stderr.write(f"observer: {text or 'writes are answered'}\n")
            sys.stderr.flush()


class Route:
    """Looks who leads, in a thread of its own: seldom while writes are answered, often else."""

    def __init__(self, patronis: Mapping[str, int], sight: Sight) -> None:
        """Begin without a primary."""
        self._patronis = patronis
        self._sight = sight
        self.primary: Primary | None = None

    async def look_for_ever(self) -> None:
        """Ask every Patroni by itself: one that does not answer must not delay what the others say."""
        async with asyncio.TaskGroup() as group:
            for host, port in self._patronis.items():
                group.create_task(self._follow(host, port))

    async def _follow(self, host: str, port: int) -> None:
        while True:
            found = await claim(host, port, PROBE_S)
            if found is not None and (self.primary is None or found.timeline >= self.primary.timeline):
                self.primary = found
            await asyncio.sleep(LOOK_EAGER_S if self._sight.silent_us > 2 * TICK_US else LOOK_CALM_S)


def observe(name: str, place: str, told_at: Path, patronis: Mapping[str, int], port: int, password: str) -> None:
    """Observe for ever, telling every tick on the socket ``told_at``."""
    sight = Sight()
    route = Route(patronis, sight)
    looking = threading.Thread(target=lambda: asyncio.run(route.look_for_ever()), daemon=True)
    telling = threading.Thread(target=_tell_for_ever, args=(told_at, lambda: sight.facts(name)), daemon=True)
    looking.start()
    telling.start()

    def connect(primary: Primary) -> Session:
        return Session(_parameters(primary.host, port, password, name), CONNECT_S)

    Writer(connect, place, lambda: route.primary, sight).work()


def _tell_for_ever(path: Path, facts: Callable[[], dict[str, object]]) -> None:
    """Tell whoever is connected, every tick; one that does not listen is let go."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    # The directory, not the mode, says who may listen: it is seen on this host and out of band.
    path.chmod(0o666)
    listening.listen(TOLD_CLIENTS)
    listening.settimeout(0.0)
    clients: list[socket.socket] = []
    while True:
        with suppress(BlockingIOError):
            client, _ = listening.accept()
            client.settimeout(0.0)
            clients.append(client)
        line = json.dumps(facts()).encode() + b"\n"
        for client in clients[:]:
            try:
                client.sendall(line)
            except OSError:
                clients.remove(client)
                client.close()
        time.sleep(TICK_US / 1e6)


def _line_of(session: Session) -> int:
    """Return the retransmission timeout of a session's line, 0 if it has none any more."""
    try:
        return timeout_us(session.connection.socket)
    except psycopg.OperationalError:
        return 0


def _parameters(host: str, port: int, password: str, name: str) -> dict[str, str | int]:
    return {
        "host": host,
        "port": port,
        "dbname": DATABASE,
        "user": "observer",
        "password": password,
        "application_name": name,
        "options": "-c synchronous_commit=on -c client_connection_check_interval=500ms",
        "tcp_user_timeout": 20_000,
        "require_auth": "scram-sha-256",
        "sslmode": "disable",
        "gssencmode": "disable",
    }


def _now_us() -> int:
    return time.monotonic_ns() // 1000
