"""The switch of the load, on a Unix socket: how much is offered, how it stands, and stopping it cleanly."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web

from meridian.participants.bank import BankClient

MAX_RATE_PER_S = 2_000
MAX_IMBALANCE_PPM = 200_000
MAX_RESOLVE_S = 600
DEFAULT_RESOLVE_S = 30

Handler = Callable[[web.Request], Awaitable[web.Response]]


class Load:
    """All the banks together."""

    def __init__(self, banks: Sequence[BankClient], rate_per_s: int, seed: int) -> None:
        """Begin with this rate and seed."""
        self._banks = banks
        self._seed = seed
        self._rate_per_s = 0
        self._imbalance_ppm = 0
        self.change(rate_per_s, seed)

    def change(self, rate_per_s: int, seed: int | None, imbalance_ppm: int = 0) -> None:
        """Offer this many instructions a second from now on, drawn from ``seed`` if one is given."""
        self._rate_per_s = rate_per_s
        self._imbalance_ppm = imbalance_ppm
        self._seed = self._seed if seed is None else seed
        for bank in self._banks:
            bank.load(rate_per_s, seed, imbalance_ppm)

    async def stop(self, resolve_within_s: float) -> dict[str, Any]:
        """Offer nothing more, resolve what is open for at most so long, and return how it stands then."""
        self.change(0, None)
        settling = [asyncio.create_task(bank.settle_up()) for bank in self._banks]
        done, late = await asyncio.wait(settling, timeout=resolve_within_s)
        for task in late:
            task.cancel()
        for task in done:
            task.result()
        for bank in self._banks:
            bank.record.stopped()
        return self.state()

    def state(self) -> dict[str, Any]:
        """Return the load and what came of it so far."""
        books = [bank.record.book for bank in self._banks]
        counts = {name: sum(book.counts[name] for book in books) for name in books[0].counts} if books else {}
        return {
            "running": self._rate_per_s > 0,
            "rate_per_s": self._rate_per_s,
            "seed": self._seed,
            "imbalance_ppm": self._imbalance_ppm,
            "offered": sum(len(book.offers) for book in books),
            **counts,
            "in_flight": sum(bank.in_flight for bank in self._banks),
        }


def application(load: Load, token: str) -> web.Application:
    """Return the aiohttp application of the switch; every request carries ``token``."""

    async def state(_: web.Request) -> web.Response:
        return web.json_response(load.state())

    async def change(request: web.Request) -> web.Response:
        body = await _body(request)
        rate, seed = body.get("rate_per_s"), body.get("seed")
        imbalance = body.get("imbalance_ppm", 0)
        if type(rate) is not int or not 0 <= rate <= MAX_RATE_PER_S or (seed is not None and type(seed) is not int):
            return web.json_response({"status": "invalid", "reason": "rate_per_s, seed"}, status=400)
        if type(imbalance) is not int or not 0 <= imbalance <= MAX_IMBALANCE_PPM:
            return web.json_response({"status": "invalid", "reason": "imbalance_ppm"}, status=400)
        load.change(rate, seed, imbalance)
        return web.json_response(load.state())

    async def stop(request: web.Request) -> web.Response:
        within_s = (await _body(request)).get("resolve_within_s", DEFAULT_RESOLVE_S)
        if type(within_s) is not int or not 0 < within_s <= MAX_RESOLVE_S:
            return web.json_response({"status": "invalid", "reason": "resolve_within_s"}, status=400)
        return web.json_response(await load.stop(within_s))

    def known(handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.Response:
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(errors="replace"), token.encode()):
                return web.json_response({"status": "invalid", "reason": "token"}, status=401)
            return await handler(request)

        return checked

    served = web.Application()
    served.add_routes(
        [
            web.get("/v1/load", known(state)),
            web.post("/v1/load", known(change)),
            web.post("/v1/load/stop", known(stop)),
        ]
    )
    return served


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
