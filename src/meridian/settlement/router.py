"""Where the primary is: asked of all Patronis at once, and believed only when one of them claims to lead.

libpq can look for a writable server by itself, but an orphaned primary (PostgreSQL alive, its Patroni dead) looks
writable and never commits again: a client that follows it is stuck. Patroni answers ``GET /primary`` with 200 only
while it holds the leader's lock. Of two that claim it, the one on the later timeline is right.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass

EAGER_S = 0.15
"""Between two rounds while the ledger does not answer."""
STEADY_S = 1.0
"""Between two rounds while it does: an answer that is durable says more than a probe."""
PROBE_TIMEOUT_S = 0.5
_ANSWER_LIMIT_BYTES = 1 << 14


@dataclass(frozen=True, slots=True, order=True)
class Primary:
    """A server that claims to lead, by what Patroni says of it."""

    timeline: int
    host: str


class Router:
    """Looks for the primary among ``patronis`` (host → port) for as long as ``run`` runs."""

    def __init__(self, patronis: Mapping[str, int]) -> None:
        """Begin without a primary."""
        self._patronis = patronis
        self.primary: Primary | None = None

    async def look(self) -> None:
        """Ask all of them once; who claims to lead on a later timeline is believed before the silent ones are over."""
        claims = []
        for asked in asyncio.as_completed([claim(host, port) for host, port in self._patronis.items()]):
            claims.append(await asked)
            self.primary = max((found for found in (*claims, self.primary) if found is not None), default=None)
        self.primary = max((found for found in claims if found is not None), default=None)


async def claim(host: str, port: int, within_s: float = PROBE_TIMEOUT_S) -> Primary | None:
    """Return the primary that a Patroni claims to be, or None: not that, or no answer in time."""
    writer = None
    try:
        async with asyncio.timeout(within_s):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(f"GET /primary HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            answer = await reader.read(_ANSWER_LIMIT_BYTES)
            while chunk := await reader.read(_ANSWER_LIMIT_BYTES):
                answer += chunk
                if len(answer) > _ANSWER_LIMIT_BYTES:
                    return None
        return _primary(host, answer)
    except (OSError, TimeoutError):
        return None
    finally:
        if writer is not None:
            writer.transport.abort()


def _primary(host: str, answer: bytes) -> Primary | None:
    head, _, body = answer.partition(b"\r\n\r\n")
    if head.split(b" ", 2)[1:2] != [b"200"]:
        return None
    try:
        return Primary(int(json.loads(body).get("timeline", 0)), host)
    except (ValueError, TypeError, AttributeError):
        return None
