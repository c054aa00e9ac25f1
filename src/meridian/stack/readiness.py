"""How the stack stands: read from etcd, from Patroni and from PostgreSQL itself, and judged without any of them.

*Writable* means that a commit can be acknowledged: a primary with at least one quorum standby streaming. *Armed* means
that the range is whole and its next loss survivable: etcd's three members healthy and led from the witness, three
copies, both others streaming as quorum standbys on one timeline, and both named in Patroni's ``/sync`` key, without
which Patroni would not promote them. ``streaming`` alone is not enough: after a partition of etcd Patroni can leave
that key at "quorum 0 of 0" for seconds while everything streams.

Nobody is believed about somebody else. For seconds after a host lost its power, the primary still counts it among its
standbys and Patroni's member list still says *streaming*: so every copy is asked itself, and one that does not answer
now is not there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import psycopg

from meridian.stack.gateway import Connect, Gateway, NoAnswerError, exchange
from meridian.stack.members import (
    BY_HOST,
    CLIENT_PORT,
    DATABASE,
    MEMBERS,
    POSTGRES_PORT,
    PREFIX,
    REST_PORT,
    WITNESS,
)

SQL_TIMEOUT_S = 2
"""The least that libpq accepts as a connection deadline."""
STATEMENT_TIMEOUT_MS = 1000

T = TypeVar("T")

Sql = Callable[[str, str], list[tuple[object, ...]]]
"""Runs a query on a host's PostgreSQL and returns its rows; raises NoAnswerError when it cannot."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of the ledger as its own Patroni tells it: role, state and timeline (None: unknown)."""

    role: str
    state: str
    timeline: int | None


@dataclass(frozen=True, slots=True)
class Sync:
    """Patroni's ``/sync`` key: whose standbys may take over, which they are, how many of them must agree."""

    leader: str
    voters: frozenset[str]
    quorum: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that was read at one look, before any judgement."""

    etcd_healthy: frozenset[str]
    etcd_leader: str | None
    copies: Mapping[str, Copy]
    primary: str | None
    sync: Sync | None
    streaming: frozenset[str]

    @property
    def writable(self) -> bool:
        """Return whether a commit can be made durable on two copies and so be acknowledged."""
        return self.primary is not None and bool(self.streaming)

    @property
    def armed(self) -> bool:
        """Return whether nothing is missing."""
        return not self.missing()

    def missing(self) -> tuple[str, ...]:
        """Return one phrase for each thing that keeps the stack from being armed, in the order in which it boots."""
        return tuple(_missing(self))

    def facts(self) -> dict[str, object]:
        """Return the standing as JSON for ``status``."""
        return {
            "writable": self.writable,
            "armed": self.armed,
            "missing": list(self.missing()),
            "primary": self.primary,
            "etcd": {"leader": self.etcd_leader, "healthy": sorted(self.etcd_healthy)},
            "copies": {
                name: {"role": copy.role, "state": copy.state, "timeline": copy.timeline}
                for name, copy in sorted(self.copies.items())
            },
            "streaming": sorted(self.streaming),
            "sync": None if self.sync is None else {"voters": sorted(self.sync.voters), "quorum": self.sync.quorum},
        }


def read(connect: Connect, sql: Sql) -> Standing:
    """Look once, from outside: ``connect(host, port)`` opens a socket inside a host, ``sql(host, query)`` asks its SQL.

    What does not answer is absent from the result; nothing is raised for it.
    """
    gateways = {member.etcd: Gateway(member.host, CLIENT_PORT, connect) for member in MEMBERS}
    healthy = [name for name, gateway in gateways.items() if _first([gateway.healthy])]
    names = _first(gateway.names for gateway in gateways.values()) or {}
    own = [_first([gateway.standing]) for gateway in gateways.values()]
    leaders = {said.leader_id for said in own if said is not None and said.leader_id}
    told = {member.ledger: _first([partial(_copy, connect, member.host)]) for member in MEMBERS}
    copies = {name: copy for name, copy in told.items() if copy is not None}
    holder = _first(partial(gateways[name].value, f"{PREFIX}leader") for name in healthy)
    primary = holder if holder in copies and copies[holder].role == "primary" else None
    return Standing(
        etcd_healthy=frozenset(healthy),
        etcd_leader=names.get(leaders.pop()) if len(leaders) == 1 else None,
        copies=copies,
        primary=primary,
        sync=_first(partial(_sync, gateways[name]) for name in healthy),
        streaming=_streaming(sql, primary) if primary else frozenset(),
    )


def auditor(run: Mapping[str, Path], password: str) -> Sql:
    """Return a reader of every host's PostgreSQL through its Unix socket: no route into the range is needed."""

    def rows(host: str, query: str) -> list[tuple[object, ...]]:
        try:
            with psycopg.connect(
                host=str(run[host]),
                port=POSTGRES_PORT,
                dbname=DATABASE,
                user="auditor",
                password=password,
                connect_timeout=SQL_TIMEOUT_S,
                options=f"-c statement_timeout={STATEMENT_TIMEOUT_MS}",
                application_name="meridian-status",
            ) as connection:
                return connection.execute(query.encode()).fetchall()
        except psycopg.Error as error:
            raise NoAnswerError(f"{BY_HOST[host].ledger}: {error}") from error

    return rows


def _missing(standing: Standing) -> Iterable[str]:
    """Yield what is not as it must be."""
    every = {member.ledger for member in MEMBERS}
    if silent := sorted({member.etcd for member in MEMBERS} - standing.etcd_healthy):
        yield f"etcd without a healthy answer: {', '.join(silent)}"
    if standing.etcd_leader != WITNESS.etcd:
        yield f"etcd is led by {standing.etcd_leader or 'nobody'}, not by {WITNESS.etcd}"
    if standing.primary is None:
        yield "no primary"
        return
    others = every - {standing.primary}
    if absent := sorted(others - standing.streaming):
        yield f"not streaming as a quorum standby: {', '.join(absent)}"
    if standing.sync is None or standing.sync.leader != standing.primary:
        of = standing.sync.leader if standing.sync else "nobody"
        yield f"Patroni's record of who may take over is of {of}, not of {standing.primary}"
    elif standing.sync.voters != others:
        yield f"may not take over yet: {', '.join(sorted(others - standing.sync.voters))}"
    states = {name: copy.state for name, copy in standing.copies.items()}
    unwell = sorted(name for name in every if states.get(name) != "running")
    if unwell:
        shown = (f"{name} ({states.get(name, 'no answer')})" for name in unwell)
        yield f"not running: {', '.join(shown)}"
    if len({copy.timeline for copy in standing.copies.values()}) > 1:
        yield "the copies are on different timelines"


def _copy(connect: Connect, host: str) -> Copy:
    """Return the copy on ``host`` as its own Patroni tells it."""
    said = exchange(connect, host, REST_PORT, "/patroni", None)
    if not isinstance(said, dict):
        raise NoAnswerError(f"{host}: Patroni answered {str(said)[:200]}")
    return Copy(str(said.get("role")), str(said.get("state")), said.get("timeline"))


def _sync(gateway: Gateway) -> Sync | None:
    """Return Patroni's ``/sync`` key as etcd has it, or None when there is none."""
    text = gateway.value(f"{PREFIX}sync")
    if text is None:
        return None
    said = json.loads(text)
    voters = frozenset(name for name in (said.get("sync_standby") or "").split(",") if name)
    return Sync(str(said.get("leader")), voters, int(said.get("quorum") or 0))


def _streaming(sql: Sql, primary: str) -> frozenset[str]:
    """Return the standbys whose answer a commit waits for, and that say themselves that they receive."""
    sent = "SELECT application_name FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'quorum'"
    received = "SELECT status FROM pg_stat_wal_receiver"
    hosts = {member.ledger: member.host for member in MEMBERS}
    counted = _first([partial(sql, hosts[primary], sent)]) or []
    return frozenset(
        name
        for name, host in hosts.items()
        if (name,) in counted and _first([partial(sql, host, received)]) == [("streaming",)]
    )


def _first(asks: Iterable[Callable[[], T]]) -> T | None:
    """Return the first answer that comes, or None when nobody answers."""
    for ask in asks:
        try:
            return ask()
        except NoAnswerError:
            continue
    return None
