"""How a bank reaches the settlement service: the nearer gateway first, the other one when that does not answer.

A gateway that failed a request is out of use until its health probe answers again, so that no payment has to find out.
A first attempt is always sent, even when no gateway is known to serve; what is tried again waits for one that does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import aiohttp

ATTEMPT_S = 1.0
CONNECT_S = 0.5
PROBE_EVERY_S = 0.25
PROBE_S = 0.4
RETIRE_AFTER_S = 2.0
IN_FLIGHT = 32
ANSWER_LIMIT_BYTES = 1 << 14


@dataclass(frozen=True, slots=True)
class Reply:
    """What an attempt got: ``status`` as recorded, and the answer's other members."""

    status: str
    body: dict[str, Any]


class Gateway:
    """One gateway as one bank sees it."""

    def __init__(self, name: str, url: str, token: str) -> None:
        """Not in use until its probe answered."""
        self.name = name
        self.serving = False
        self.answering = False
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Reply:
        """Return what came of one request; every failure is a status of its own."""
        reply = await self._ask(method, path, body)
        self.answering = reply.status not in {"timeout", "unreachable"}
        return reply

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> Reply:
        if self._session is None:
            self._session = self._new_session()
        try:
            async with self._session.request(method, self._url + path, json=body) as response:
                said = await response.json()
                return Reply(str(said["status"]), said)
        except TimeoutError:
            return Reply("timeout", {})
        except (aiohttp.ClientError, OSError) as error:
            return Reply("unreachable", {"reason": type(error).__name__})
        except (ValueError, KeyError, TypeError):
            return Reply("unknown", {"reason": "not an answer"})

    async def heal(self) -> None:
        """Return once the gateway says that it serves."""
        timeout = aiohttp.ClientTimeout(total=PROBE_S)
        while True:
            try:
                async with (
                    aiohttp.ClientSession(timeout=timeout) as probe,
                    probe.get(self._url + "/v1/health") as answer,
                ):
                    if answer.ok:
                        return
            except (aiohttp.ClientError, OSError, TimeoutError):
                # It does not answer: that is what is being waited for.
                pass
            await asyncio.sleep(PROBE_EVERY_S)

    async def renew(self) -> None:
        """Use new connections: the old ones may lead to a host that is gone. They close when their answers are due."""
        old, self._session = self._session, None
        if old is not None:
            await asyncio.sleep(RETIRE_AFTER_S)
            await old.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _new_session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=ATTEMPT_S, sock_connect=CONNECT_S),
            connector=aiohttp.TCPConnector(limit=IN_FLIGHT, use_dns_cache=False),
            read_bufsize=ANSWER_LIMIT_BYTES,
        )


class Gateways:
    """The gateways in order of preference; healing goes on in the background."""

    def __init__(self, gateways: Iterable[Gateway]) -> None:
        """Begin healing all of them: none is known to serve yet."""
        self._all = tuple(gateways)
        self._turn = 0
        self._some_serve = asyncio.Event()
        self._healing: set[asyncio.Task[None]] = set()
        for gateway in self._all:
            self._begin_healing(gateway)

    def best(self) -> Gateway:
        """Return the first that serves; else the first that at least answered last; else each in its turn."""
        for usable in ([each for each in self._all if each.serving], [each for each in self._all if each.answering]):
            if usable:
                return usable[0]
        self._turn += 1
        return self._all[self._turn % len(self._all)]

    async def serving(self) -> Gateway:
        """Return the first that serves, as soon as one does."""
        await self._some_serve.wait()
        return self.best()

    def failed(self, gateway: Gateway) -> None:
        """Take a gateway out of use until its probe answers."""
        if gateway.serving:
            gateway.serving = False
            if not any(each.serving for each in self._all):
                self._some_serve.clear()
            self._begin_healing(gateway)

    async def close(self) -> None:
        """Stop healing and close all connections."""
        for task in self._healing:
            task.cancel()
        await asyncio.gather(*self._healing, return_exceptions=True)
        for gateway in self._all:
            await gateway.close()

    def _begin_healing(self, gateway: Gateway) -> None:
        task = asyncio.create_task(self._heal(gateway))
        self._healing.add(task)
        task.add_done_callback(self._healing.discard)

    async def _heal(self, gateway: Gateway) -> None:
        await gateway.heal()
        gateway.serving = True
        self._some_serve.set()
        await gateway.renew()
