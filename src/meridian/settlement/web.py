"""The gateway's HTTP interfaces: one for participants and the vault on the network, one for the operator on a socket.

Answers are JSON with a ``status``. ``settled``, ``queued`` and ``rejected`` are promises (200). ``conflict`` (409),
``invalid`` (400, 422) and ``failed`` (500) say that nothing was done. ``unknown`` and ``unavailable`` (503) promise
nothing: ask again with the same key.
"""

from __future__ import annotations

import hmac
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from meridian.settlement.engine import Engine
from meridian.settlement.journal import InstructionJournal

MAX_BODY_BYTES = 4096
MAX_AMOUNT_CENTS = 10**15
MAX_REASON_CHARACTERS = 400
STALE_AFTER_S = 3.0
"""Without a durable answer for this long a gateway does not call itself healthy."""

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_STATUS = {
    "conflict": 409,
    "invalid": 422,
    "unknown-key": 404,
    "no-position": 404,
    "disagreement": 409,
    "refused": 409,
    "failed": 500,
    "unknown": 503,
    "unavailable": 503,
}
_INSTRUCTION = {"key", "to", "amount_cents", "priority"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_WHO = web.RequestKey("who", str)


class Tokens:
    """Who a bearer token belongs to. Every comparison takes the same time, whoever asks."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """``names`` maps a name to its token."""
        self._tokens = {name: token.encode() for name, token in names.items()}

    def whose(self, authorization: str) -> str | None:
        """Return the name whose token an Authorization header carries, or None."""
        scheme, _, given = authorization.partition(" ")
        found = None
        for name, token in self._tokens.items():
            if hmac.compare_digest(token, given.strip().encode(errors="replace")) and scheme.lower() == "bearer":
                found = name
        return found


class ParticipantsDoor:
    """What banks may ask, each about its own; the vault's pull of the instruction journal; what is final."""

    def __init__(
        self, engine: Engine, journal: InstructionJournal, banks: Tokens, vault: Tokens, followers: Tokens
    ) -> None:
        """Answer from ``engine`` and ``journal``."""
        self._followers = followers
        self._engine = engine
        self._journal = journal
        self._banks = banks
        self._vault = vault

    def application(self) -> web.Application:
        """Return the aiohttp application."""
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        application.add_routes(
            [
                web.get("/v1/health", self.health),
                web.post("/v1/instructions", _for(self._banks, self.instruct)),
                web.get("/v1/instructions/{key}", _for(self._banks, self.look)),
                web.get("/v1/positions/{day}", _for(self._banks, self.position)),
                web.post("/v1/positions/{day}/confirm", _for(self._banks, self.confirm)),
                web.get("/v1/journal", _for(self._vault, self.journal)),
                web.get("/v1/stream", _for(self._followers, self.stream)),
            ]
        )
        return application

    async def health(self, _: web.Request) -> web.Response:
        """Say whether the ledger's last durable answer is fresh. Needs no token: it tells nothing else."""
        standing = self._engine.standing
        fresh = standing.durable_at_s is not None and time.monotonic() - standing.durable_at_s < STALE_AFTER_S
        if standing.why is None and fresh:
            return web.json_response({"status": "serving"})
        return _reply({"status": "unavailable", "reason": standing.why or "no durable answer of late"})

    async def instruct(self, request: web.Request) -> web.Response:
        """Take an instruction of the caller's."""
        body = await _body(request)
        problem = _problem(body)
        if problem:
            return web.json_response({"status": "invalid", "reason": problem}, status=400)
        asked = {
            "op": "instruct",
            "key": body["key"],
            "sender": request[_WHO],
            "receiver": body["to"],
            "amount_cents": body["amount_cents"],
            "priority": body["priority"],
        }
        return _reply(await self._engine.ask(asked))

    async def look(self, request: web.Request) -> web.Response:
        """Tell what became of an instruction of the caller's."""
        return _reply(await self._engine.ask({"op": "look", "key": request.match_info["key"], "sender": request[_WHO]}))

    async def position(self, request: web.Request) -> web.Response:
        """Tell the caller's position of a closed day."""
        return _reply(await self._engine.ask({"op": "position", "day": _day(request), "participant": request[_WHO]}))

    async def confirm(self, request: web.Request) -> web.Response:
        """Confirm the caller's position of a closed day, if it is the one that the caller names."""
        closing = (await _body(request)).get("closing_cents")
        if type(closing) is not int or abs(closing) > MAX_AMOUNT_CENTS:
            return web.json_response({"status": "invalid", "reason": "closing_cents"}, status=400)
        asked = {"op": "position", "day": _day(request), "participant": request[_WHO], "closing_cents": closing}
        return _reply(await self._engine.ask(asked))

    async def journal(self, request: web.Request) -> web.Response:
        """Give the vault the durable lines of the instruction journal after the one it has."""
        after = _after(request)
        if after is None:
            return web.json_response({"status": "invalid", "reason": "after"}, status=400)
        lines = self._journal.read(after)
        headers = {"X-Journal-Lines": str(self._journal.lines)}
        return web.Response(body=lines, content_type="application/x-ndjson", headers=headers)

    async def stream(self, request: web.Request) -> web.Response:
        """Tell what became final after a line of the ledger's journal, durable at two sites, and who is at work."""
        after = _after(request)
        if after is None:
            return web.json_response({"status": "invalid", "reason": "after"}, status=400)
        return _reply(await self._engine.ask({"op": "follow", "after": after}))


class OperatorDoor:
    """What the operator may ask: how the gateway stands; and say: the cut-off, settlement's mode, who is at work."""

    def __init__(self, engine: Engine, journal: InstructionJournal, operator: Tokens, facts: Mapping[str, str]) -> None:
        """``facts`` are shown as they are."""
        self._engine = engine
        self._journal = journal
        self._operator = operator
        self._facts = facts

    def application(self) -> web.Application:
        """Return the aiohttp application."""
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        application.add_routes(
            [
                web.get("/v1/operator/state", _for(self._operator, self.state)),
                web.post("/v1/operator/day", _for(self._operator, self.schedule)),
                web.put("/v1/operator/day/{day}", _for(self._operator, self.schedule)),
                web.put("/v1/operator/mode", _for(self._operator, self.mode)),
                web.put("/v1/operator/duty/{task}", _for(self._operator, self.duty)),
            ]
        )
        return application

    async def state(self, _: web.Request) -> web.Response:
        """Tell how this gateway stands, from memory: it answers when the ledger does not."""
        standing = self._engine.standing
        durable_s = standing.durable_at_s
        return web.json_response(
            {
                **self._facts,
                "serving": standing.why is None,
                "why_not": standing.why,
                "primary": standing.primary.host if standing.primary else None,
                "timeline": standing.primary.timeline if standing.primary else None,
                "calendar": standing.calendar or None,
                "settlement": standing.settlement or None,
                "waiting": self._engine.waiting,
                "answered": standing.answered,
                "withheld": standing.withheld,
                "last_durable_ms": None if durable_s is None else round((time.monotonic() - durable_s) * 1000),
                "journal_lines": self._journal.lines,
            }
        )

    async def schedule(self, request: web.Request) -> web.Response:
        """Move the cut-off and the deadline of the open day."""
        body = await _body(request)
        day = _day(request) if "day" in request.match_info else body.get("day")
        times = [body.get("cut_off_utc_us"), body.get("close_by_utc_us")]
        if any(type(value) is not int or not 0 < value < 1 << 62 for value in (day, *times)):
            return web.json_response(
                {"status": "invalid", "reason": "day, cut_off_utc_us, close_by_utc_us"}, status=400
            )
        asked = {"op": "schedule", "day": day, "cut_off_us": times[0], "close_by_us": times[1]}
        answer = await self._engine.ask(asked)
        return _reply({**answer, "calendar": self._engine.standing.calendar or None})

    async def mode(self, request: web.Request) -> web.Response:
        """Put settlement in a mode, ``full`` or ``priority-only``, for a reason."""
        body = await _body(request)
        mode, reason = body.get("mode"), body.get("reason")
        if not isinstance(mode, str) or not _is_reason(reason):
            return web.json_response({"status": "invalid", "reason": "mode, reason"}, status=400)
        return _reply(await self._engine.ask({"op": "mode", "mode": mode, "reason": reason}))

    async def duty(self, request: web.Request) -> web.Response:
        """Put another process to a task, for a reason."""
        body = await _body(request)
        holder, reason = body.get("holder"), body.get("reason")
        if not isinstance(holder, str) or not _is_reason(reason):
            return web.json_response({"status": "invalid", "reason": "holder, reason"}, status=400)
        asked = {"op": "assign", "task": request.match_info["task"], "holder": holder, "reason": reason}
        return _reply(await self._engine.ask(asked))


def _for(tokens: Tokens, handler: Handler) -> Handler:
    """Return the handler behind a check of the caller's token."""

    async def checked(request: web.Request) -> web.StreamResponse:
        who = tokens.whose(request.headers.get("Authorization", ""))
        if who is None:
            headers = {"WWW-Authenticate": "Bearer"}
            return web.json_response({"status": "invalid", "reason": "token"}, status=401, headers=headers)
        request[_WHO] = who
        return await handler(request)

    return checked


def _reply(answer: Mapping[str, Any]) -> web.Response:
    return web.json_response(answer, status=_STATUS.get(str(answer["status"]), 200))


async def _body(request: web.Request) -> dict[str, Any]:
    """Return the JSON object that was sent, or an empty one if it is none."""
    try:
        body = json.loads(await request.read())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _day(request: web.Request) -> int:
    """Return the day in the path; one that is no number is no day."""
    text = request.match_info["day"]
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0


def _after(request: web.Request) -> int | None:
    """Return the line after which somebody wants to read, or None if that is no number."""
    text = request.query.get("after", "0")
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _is_reason(value: object) -> bool:
    """Return whether somebody said why: what an operator does is kept with its reason."""
    return isinstance(value, str) and 0 < len(value.strip()) <= MAX_REASON_CHARACTERS and "\x00" not in value


def _problem(body: Mapping[str, Any]) -> str | None:
    """Return the first member of an instruction that is not as it must be, or None."""
    if set(body) != _INSTRUCTION:
        return "members"
    if not isinstance(body["key"], str) or not _KEY.fullmatch(body["key"]):
        return "key"
    if not isinstance(body["to"], str) or not _KEY.fullmatch(body["to"]):
        return "to"
    if type(body["amount_cents"]) is not int or not 0 < body["amount_cents"] <= MAX_AMOUNT_CENTS:
        return "amount_cents"
    return None if body["priority"] in {"normal", "priority"} else "priority"
