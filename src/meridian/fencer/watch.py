"""What the fencer knows: the observers' words, etcd's and Patroni's answers, each with when it came.

Every source is followed by itself, so that none waits for one that is silent: calmly while writes flow, eagerly once an
observer has waited for half its patience. Ages are taken when somebody asks; nothing is judged here.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meridian.fencer.rules import Cluster, Member, View
from meridian.stack.members import CLIENT_PORT, MEMBERS, PREFIX, REST_PORT

CALM_S, EAGER_S = 1.0, 0.1
ANSWER_S = 1.5
REVOKE_S = 1.0
AGAIN_S = 0.2
ANSWER_LIMIT_BYTES = 1 << 16
_HOST_AT = {member.address: member.host for member in MEMBERS}
_PREFIX = base64.b64encode(PREFIX.encode()).decode()
_PREFIX_END = base64.b64encode((PREFIX[:-1] + chr(ord(PREFIX[-1]) + 1)).encode()).decode()


class NoAnswerError(Exception):
    """A server did not answer in time, refused, or answered with something unusable."""


@dataclass(slots=True)
class _Read:
    """What one look into etcd found under Patroni's prefix: each value by its name, and the leader's lease."""

    at_us: int
    revision: int
    values: Mapping[str, str]
    lease: int


@dataclass(slots=True)
class Watch:
    """The latest of everything."""

    words: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    etcd_us: dict[str, int] = field(default_factory=dict)
    quorum_us: dict[str, int] = field(default_factory=dict)
    standby_us: dict[str, int] = field(default_factory=dict)
    read: _Read | None = None
    switching_at_us: int | None = None
    busy: bool = False
    """Whether something is under way, so that everything must be known at once."""

    def views(self) -> tuple[View, ...]:
        """Return what each observer last said."""
        now_us = mono_us()
        return tuple(_view(word, now_us - at_us) for _, (at_us, word) in sorted(self.words.items()))

    def said(self) -> dict[str, str]:
        """Return each observer's latest reason for having no answer."""
        return {name: str(word.get("said", "")) for name, (_, word) in sorted(self.words.items()) if word.get("said")}

    def cluster(self) -> Cluster | None:
        """Return what Patroni keeps in etcd, and how the members are; None before it was read."""
        if self.read is None:
            return None
        now_us, values = mono_us(), self.read.values
        sync = _object(values.get("sync"))
        members = {
            member.host: Member(
                member.ledger,
                *(
                    now_us - at_us if (at_us := seen.get(member.host)) is not None else None
                    for seen in (self.etcd_us, self.quorum_us, self.standby_us)
                ),
            )
            for member in MEMBERS
        }
        return Cluster(
            leader=values.get("leader") or None,
            lease=self.read.lease,
            sync_leader=str(sync.get("leader")) if sync.get("leader") else None,
            voters=frozenset(name for name in str(sync.get("sync_standby") or "").split(",") if name),
            quorum=int(sync.get("quorum") or 0),
            members=members,
            switching_us=None if self.switching_at_us is None else now_us - self.switching_at_us,
        )

    @property
    def eager(self) -> bool:
        """Return whether to look often."""
        return self.busy or any(view.silent_us * 2 >= view.patience_us for view in self.views())

    async def follow(self, observers: Mapping[str, Path]) -> None:
        """Follow every source for ever."""
        async with asyncio.TaskGroup() as group:
            for name, path in observers.items():
                group.create_task(self._listen(name, path))
            for member in MEMBERS:
                for look in (self._look_into_etcd, self._look_for_quorum, self._look_at_copy):
                    group.create_task(self._again(look, member.host, member.address))

    async def _listen(self, name: str, path: Path) -> None:
        while True:
            with suppress(OSError, ValueError):
                reader, writer = await asyncio.open_unix_connection(str(path), limit=ANSWER_LIMIT_BYTES)
                try:
                    while line := await reader.readline():
                        self.words[name] = (mono_us(), json.loads(line))
                finally:
                    writer.close()
            await asyncio.sleep(AGAIN_S)

    async def _again(self, look: Callable[[str, str], Awaitable[None]], host: str, address: str) -> None:
        while True:
            with suppress(NoAnswerError):
                await look(host, address)
            waited_s = 0.0
            while waited_s < (EAGER_S if self.eager else CALM_S):
                await asyncio.sleep(EAGER_S / 2)
                waited_s += EAGER_S / 2

    async def _look_into_etcd(self, host: str, address: str) -> None:
        """Read the member's own copy, which it gives without a quorum: it shows that the member lives."""
        said = await ask(
            address, CLIENT_PORT, "/v3/kv/range", {"key": _PREFIX, "range_end": _PREFIX_END, "serializable": True}
        )
        self.etcd_us[host] = mono_us()
        self._take(said)

    async def _look_for_quorum(self, host: str, address: str) -> None:
        """Read what needs a quorum: it shows that the member has one behind it."""
        said = await ask(address, CLIENT_PORT, "/v3/kv/range", {"key": _PREFIX, "range_end": _PREFIX_END})
        self.quorum_us[host] = self.etcd_us[host] = mono_us()
        self._take(said)

    def _take(self, said: Mapping[str, Any]) -> None:
        """Keep what is newest: a member that lags must not bring back an old leader."""
        try:
            revision = int(said["header"]["revision"])
            if self.read is not None and revision < self.read.revision:
                return
            entries = {_text(entry["key"]).removeprefix(PREFIX): entry for entry in said.get("kvs", [])}
            values = {name: _text(entry.get("value", "")) for name, entry in entries.items()}
            lease = int(entries.get("leader", {}).get("lease", 0))
        except (KeyError, ValueError, TypeError) as error:
            raise NoAnswerError(f"etcd answered something else: {error}") from error
        now_us = mono_us()
        self.read = _Read(now_us, revision, values, lease)
        if not _asked_for(values.get("failover", "")):
            self.switching_at_us = None
        elif self.switching_at_us is None:
            self.switching_at_us = now_us

    async def _look_at_copy(self, host: str, address: str) -> None:
        """Ask a Patroni about its own copy."""
        said = await ask(address, REST_PORT, "/patroni", None)
        if said.get("role") == "replica" and said.get("state") == "running":
            self.standby_us[host] = mono_us()
        else:
            self.standby_us.pop(host, None)


async def revoke(lease: int, hosts: Mapping[str, str]) -> str | None:
    """Revoke a lease through whichever of ``hosts`` answers first; return that host, None if none could."""

    async def through(host: str, address: str) -> str:
        await ask(address, CLIENT_PORT, "/v3/lease/revoke", {"ID": str(lease)}, REVOKE_S)
        return host

    tasks = [asyncio.create_task(through(host, address)) for host, address in hosts.items()]
    try:
        for each in asyncio.as_completed(tasks):
            with suppress(NoAnswerError):
                return await each
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return None


async def ask(
    address: str, port: int, path: str, body: Mapping[str, object] | None, within_s: float = ANSWER_S
) -> Mapping[str, Any]:
    """Return the JSON object that a server answers. Raise NoAnswerError if it does not."""
    text = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{'GET' if body is None else 'POST'} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {len(text)}\r\n\r\n"
    )
    writer = None
    try:
        async with asyncio.timeout(within_s):
            reader, writer = await asyncio.open_connection(address, port)
            writer.write(head.encode() + text)
            answer = b""
            while (chunk := await reader.read(ANSWER_LIMIT_BYTES)) and len(answer) < ANSWER_LIMIT_BYTES:
                answer += chunk
        first, _, rest = answer.partition(b"\r\n\r\n")
        # Patroni answers for a copy that does not run with a status of its own and the same object.
        if first.split(b" ", 2)[1:2] not in ([b"200"], [b"503"]) or (body is not None and b" 200 " not in first[:20]):
            raise NoAnswerError(f"{address}:{port}{path}: {first[:80]!r}")
        return _object(rest)
    except (OSError, ValueError) as error:
        raise NoAnswerError(f"{address}:{port}{path}: {error}") from error
    finally:
        if writer is not None:
            writer.transport.abort()


def mono_us() -> int:
    """Return monotonic microseconds."""
    return time.monotonic_ns() // 1000


def _view(word: Mapping[str, Any], age_us: int) -> View:
    return View(
        observer=str(word["observer"]),
        host=_HOST_AT.get(str(word["address"])),
        timeline=int(word["timeline"]),
        writes=int(word["writes"]),
        silent_us=int(word["silent_us"]),
        patience_us=int(word["patience_us"]),
        age_us=age_us,
    )


def _asked_for(text: str) -> bool:
    """Return whether Patroni's key of a switchover asks for one: it is empty, or of empty texts, when none is."""
    try:
        return any(_object(text).values())
    except ValueError:
        return True


def _text(value: str) -> str:
    return base64.b64decode(value, validate=True).decode()


def _object(text: str | bytes | None) -> Mapping[str, Any]:
    """Return a JSON object, an empty one for nothing. Raise ValueError for anything else."""
    found = json.loads(text) if text else {}
    if not isinstance(found, dict):
        raise ValueError(f"expected a JSON object, got {str(found)[:80]}")  # noqa: TRY004 - of the text, not of a caller
    return found
