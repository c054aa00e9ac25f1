"""The gateway's router: who claims to lead is believed at once, on a later timeline before all, and nobody else is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from meridian.settlement.router import Primary, Router

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
DEADLINE_S = 10.0


def leads(timeline: int) -> Answer:
    """Return a Patroni that leads."""
    return says("200 OK", json.dumps({"timeline": timeline}))


def says(status: str, body: str) -> Answer:
    """Return a Patroni that answers so."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.0 {status}\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    return answer


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Be a Patroni whose host is frozen: connections come about, and nothing comes of them."""
    await reader.read()
    writer.close()


@asynccontextmanager
async def among(*patronis: Answer) -> AsyncIterator[Router]:
    """Yield a router that looks among these, each at an address of its own."""
    async with AsyncExitStack() as stack:
        ports = {}
        for number, each in enumerate(patronis, start=1):
            server = await stack.enter_async_context(await asyncio.start_server(each, f"127.0.0.{number}", 0))
            ports[f"127.0.0.{number}"] = int(server.sockets[0].getsockname()[1])
        yield Router(ports)


async def whole(*patronis: Answer) -> Primary | None:
    """Return who leads once all have answered or were given up."""
    async with among(*patronis) as router, asyncio.timeout(DEADLINE_S):
        await router.look()
        return router.primary


def test_a_leader_is_believed_before_a_silent_one_is_given_up() -> None:
    async def run() -> None:
        async with among(silent, leads(3)) as router, asyncio.timeout(DEADLINE_S):
            look = asyncio.create_task(router.look())
            while router.primary is None:  # noqa: ASYNC110 - what is tested tells nobody
                await asyncio.sleep(0.005)
            assert router.primary == Primary(3, "127.0.0.2")
            assert not look.done()
            await look
            assert router.primary == Primary(3, "127.0.0.2")

    asyncio.run(run())


def test_of_two_that_claim_it_the_later_timeline_is_right() -> None:
    assert asyncio.run(whole(leads(2), leads(4), leads(3))) == Primary(4, "127.0.0.2")


def test_whoever_does_not_lead_is_nobody() -> None:
    assert asyncio.run(whole(says("503 Service Unavailable", '{"timeline": 9}'), silent)) is None


def test_an_answer_that_is_none_is_nobody() -> None:
    assert (
        asyncio.run(whole(says("200 OK", "leader"), says("200 OK", "[]"), says("200 OK", '{"timeline": "x"}'))) is None
    )
