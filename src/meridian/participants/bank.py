"""One bank: it offers what it wants to pay when it is due, and asks with the same key until it has an answer.

The load is open: what is due is offered whether or not the service works. Nothing is given up before the bank is told
to stop, and not even then what can still be resolved.
"""

from __future__ import annotations

import asyncio
from random import Random

from meridian.banks import Bank
from meridian.participants.flow import Flow, share
from meridian.participants.gateways import IN_FLIGHT, Gateway, Gateways, Reply
from meridian.participants.record import ENDED, FINAL, Record

BACK_OFF_S = (0.0, 0.25, 0.5, 1.0)
"""Before the second, third, … attempt; the last one repeats. The second goes to the other gateway, so at once."""
LOOK_AT_QUEUED_S = 1.0
LOOKS_AT_ONCE = 10
POSITIONS_EVERY_S = 2.0
IDLE_S = 0.5
_NO_PROMISE = frozenset({"unknown", "unavailable", "unreachable", "timeout"})


class BankClient:
    """A bank at work. All its methods belong to one event loop."""

    def __init__(self, bank: Bank, record: Record, gateways: Gateways, seed: int) -> None:
        """Take up what the record says is open; offer nothing yet."""
        self.bank = bank
        self.record = record
        self.rate_per_s = 0.0
        self._gateways = gateways
        self._flow = Flow(bank, seed)
        self._share = share(bank)
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._rate_changed = asyncio.Event()
        self._resolving: dict[str, asyncio.Task[None]] = {}
        self._jitter = Random(f"{seed}/{bank.name}/jitter")  # noqa: S311 - spreads retries, no secret
        self._day = max(record.book.closing_cents, default=0) + 1
        self._confirming = asyncio.Lock()

    def load(self, rate_per_s: float, seed: int | None = None, imbalance_ppm: int = 0) -> None:
        """Offer this bank's share of ``rate_per_s``, from now on, drawn from ``seed`` if one is given."""
        self.rate_per_s = rate_per_s * self._share
        self._flow = Flow(self.bank, self._flow.seed if seed is None else seed, imbalance_ppm)
        self._rate_changed.set()

    async def work(self) -> None:
        """Take up what is open, then offer, watch the queue and confirm positions until cancelled."""
        for key in self.record.book.open:
            self._resolve(key)
        await self._gateways.serving()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._offer())
            group.create_task(self._watch_queue())
            group.create_task(self._confirm_positions())

    async def settle_up(self) -> None:
        """Return when every key has a definite answer, queued ones were looked at, and closed days are confirmed."""
        while self._resolving:
            await asyncio.wait(tuple(self._resolving.values()))
        await self._look_at(self.record.book.queued)
        while await self._confirm_position():
            continue

    @property
    def in_flight(self) -> int:
        """Return how many keys wait for a definite answer."""
        return len(self._resolving)

    async def _offer(self) -> None:
        loop = asyncio.get_running_loop()
        number = len(self.record.book.offers) + 1
        due = loop.time()
        while True:
            self._rate_changed.clear()
            if self.rate_per_s <= 0:
                await self._rate_changed.wait()
                due = loop.time()
                continue
            payment = self._flow.payment(number)
            due += payment.gap / self.rate_per_s
            if await self._changed_before(due):
                due = loop.time()
                continue
            key = f"{self.bank.name}-{number:06d}"
            self.record.write(
                op="offer", key=key, to=payment.to, amount_cents=payment.amount_cents, priority=payment.priority
            )
            self._resolve(key)
            number += 1

    async def _changed_before(self, due: float) -> bool:
        """Wait until ``due`` on the loop's clock; return whether the rate changed before."""
        try:
            async with asyncio.timeout_at(due):
                await self._rate_changed.wait()
        except TimeoutError:
            return False
        return True

    def _resolve(self, key: str) -> None:
        task = asyncio.create_task(self._attempt_until_definite(key))
        self._resolving[key] = task
        task.add_done_callback(lambda _: self._resolving.pop(key, None))

    async def _attempt_until_definite(self, key: str) -> None:
        offer = self.record.book.offers[key]
        asked = {name: offer[name] for name in ("key", "to", "amount_cents", "priority")}
        attempt = self.record.book.attempts.get(key, 0)
        tried = 0
        while True:
            if tried:
                pause_s = BACK_OFF_S[min(tried, len(BACK_OFF_S)) - 1]
                await asyncio.sleep(pause_s * self._jitter.uniform(0.75, 1.0))
                await self._gateways.serving()
            async with self._room:
                gateway = self._gateways.best()
                reply = await gateway.ask("POST", "/v1/instructions", asked)
            attempt, tried = attempt + 1, tried + 1
            self._note(gateway, reply)
            self.record.write(
                op="answer",
                key=key,
                attempt=attempt,
                gateway=gateway.name,
                status=_recorded(reply),
                seq=reply.body.get("seq"),
                reason=reply.body.get("reason"),
                day=reply.body.get("day"),
            )
            if reply.status in ENDED:
                return

    async def _watch_queue(self) -> None:
        while True:
            await asyncio.sleep(LOOK_AT_QUEUED_S)
            await self._look_at(self.record.book.queued[:LOOKS_AT_ONCE])

    async def _look_at(self, keys: list[str]) -> None:
        replies = await asyncio.gather(*(self._ask("GET", f"/v1/instructions/{key}") for key in keys))
        for key, reply in zip(keys, replies, strict=True):
            body = reply.body
            # Somebody else may have looked meanwhile: an update is written once.
            if reply.status in FINAL and self.record.book.status[key] == "queued":
                self.record.write(
                    op="update", key=key, status=reply.status, seq=body["seq"], reason=body["reason"], day=body["day"]
                )

    async def _confirm_positions(self) -> None:
        while True:
            await asyncio.sleep(POSITIONS_EVERY_S * self._jitter.uniform(0.75, 1.0))
            await self._confirm_position()

    async def _confirm_position(self) -> bool:
        """Compare the position of the day, if it is closed, with the own record, confirm it; return whether it was."""
        async with self._confirming:
            day = self._day
            reply = await self._ask("GET", f"/v1/positions/{day}")
            if reply.status != "position":
                return False
            # What was offered before the close may belong to that day: its answers first, then the comparison.
            if waiting := tuple(self._resolving.values()):
                await asyncio.wait(waiting)
            await self._look_at(self.record.book.queued)
            told = reply.body
            own_debits = self.record.book.debits_cents.get(day, 0)
            opening = self.record.book.closing_cents.get(day - 1, self.bank.opening_cents if day == 1 else None)
            agrees = (
                told["debits_cents"] == own_debits
                and told["opening_cents"] == opening
                and told["closing_cents"] == told["opening_cents"] - told["debits_cents"] + told["credits_cents"]
            )
            confirmed = agrees and await self._confirm(day, told["closing_cents"])
            amounts = {name: told[name] for name in ("opening_cents", "debits_cents", "credits_cents", "closing_cents")}
            self.record.write(
                op="position", day=day, **amounts, own_debits_cents=own_debits, agrees=agrees, confirmed=confirmed
            )
            self._day += 1
            return True

    async def _confirm(self, day: int, closing_cents: int) -> bool:
        while True:
            reply = await self._ask("POST", f"/v1/positions/{day}/confirm", {"closing_cents": closing_cents})
            if reply.status not in _NO_PROMISE:
                return bool(reply.body.get("confirmed"))
            await asyncio.sleep(IDLE_S)

    async def _ask(self, method: str, path: str, body: dict[str, object] | None = None) -> Reply:
        """Ask the best gateway that serves, as soon as one does."""
        gateway = await self._gateways.serving()
        async with self._room:
            reply = await gateway.ask(method, path, body)
        self._note(gateway, reply)
        return reply

    def _note(self, gateway: Gateway, reply: Reply) -> None:
        if reply.status in _NO_PROMISE:
            self._gateways.failed(gateway)


def _recorded(reply: Reply) -> str:
    """Return the status as the record knows it: what is neither a promise nor a known refusal promises nothing."""
    return reply.status if reply.status in ENDED | _NO_PROMISE else "unknown"
