"""The ledger's journal played again from its first line, by other code than wrote it.

The journal alone must give every balance, entry, status and position. It is read here in the order of its sequence,
never trusted further than its text: what cannot be applied is a problem with its line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from holdfast.state.history import Ledger
from holdfast.state.rows import Amount, JournalRow, Whole


@dataclass(frozen=True, slots=True)
class _Opening:
    participant: str
    balance_cents: Whole
    limit_cents: Whole


@dataclass(frozen=True, slots=True)
class _Open:
    day: Whole
    accounts: tuple[_Opening, ...]


@dataclass(frozen=True, slots=True)
class _Payment:
    key: str
    day: Whole
    sender: str
    receiver: str
    amount_cents: Amount
    priority: str
    resolution: Whole | None = field(default=None, compare=False)  # the line of the set it was settled with, if any


@dataclass(frozen=True, slots=True)
class _Closing:
    participant: str
    opening_cents: Whole
    debits_cents: Whole
    credits_cents: Whole
    closing_cents: Whole


@dataclass(frozen=True, slots=True)
class _Close:
    day: Whole
    positions: tuple[_Closing, ...]


@dataclass(frozen=True, slots=True)
class _Resolve:
    """So many queued payments are settled at once: only after the last of them do balances have to be right."""

    day: Whole
    method: str
    payments: Amount


@dataclass(frozen=True, slots=True)
class _Mode:
    mode: Literal["full", "priority-only"]
    reason: str


@dataclass(frozen=True, slots=True)
class _Duty:
    task: str
    holder: str
    term: Amount
    reason: str


@dataclass(slots=True)
class _Set:
    """A set that is being settled at once: its line, how many are still to come, who paid in it so far."""

    line: int
    left: int
    payers: set[str] = field(default_factory=set)


def _adapter(kind: type) -> TypeAdapter[Any]:
    for part in (_Opening, _Closing, kind):
        with_config(ConfigDict(strict=True))(part)
    return TypeAdapter(kind)


_PAYMENT = _adapter(_Payment)
_BODIES: Mapping[str, TypeAdapter[Any]] = {
    "open": _adapter(_Open),
    "accept": _PAYMENT,
    "settle": _PAYMENT,
    "reject": _PAYMENT,
    "close": _adapter(_Close),
    "resolve": _adapter(_Resolve),
    "mode": _adapter(_Mode),
    "duty": _adapter(_Duty),
}


@dataclass(frozen=True, slots=True)
class DayPosition:
    """A participant's day as the replay gives it."""

    opening_cents: int
    debits_cents: int
    credits_cents: int
    closing_cents: int


@dataclass(slots=True)
class Replayed:
    """What the journal gives. ``overdrawn`` names each step that left a balance below its limit."""

    balances: dict[str, int] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    payments: dict[str, _Payment] = field(default_factory=dict)
    entries: set[tuple[str, str, int]] = field(default_factory=set)
    positions: dict[tuple[int, str], DayPosition] = field(default_factory=dict)
    overdrawn: list[tuple[int, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    mode: str = "full"
    at_once: _Set | None = None
    day: int | None = None
    openings: dict[str, int] = field(default_factory=dict)
    debits: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    credits: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def replay(ledger: Ledger) -> Replayed:
    """Return what the journal of a ledger gives, with everything that could not be applied."""
    state = Replayed()
    for row in ledger.journal:
        try:
            body = _BODIES[row.kind].validate_json(row.body)
        except ValidationError as error:
            state.problems.append(f"line {row.seq} cannot be read: {error.errors(include_url=False)[0]['msg']}")
            continue
        problem = _apply(state, row, body)
        if problem:
            state.problems.append(f"line {row.seq} ({row.kind}) {problem}")
    if state.at_once is not None:
        state.problems.append(f"line {state.at_once.line} (resolve) announces {state.at_once.left:,} more than follow")
    return state


def _apply(state: Replayed, row: JournalRow, body: Any) -> str | None:  # noqa: ANN401 - typed by the kind of the row
    """Apply one line; return why it does not fit what came before, if so."""
    line = state.at_once.line if state.at_once else None
    if line != (body.resolution if row.kind == "settle" else None):
        state.at_once = None
        return f"stands where payments of the set of line {line} should" if line else "belongs to no set before it"
    match row.kind:
        case "mode":
            state.mode = body.mode
            return None
        case "duty":
            return None
        case "resolve":
            state.at_once = _Set(row.seq, body.payments)
            return None
        case "open":
            return _open(state, body)
        case "close":
            return _close(state, body)
        case _:
            return _payment(state, row, body)


def _open(state: Replayed, body: _Open) -> str | None:
    opened = {account.participant: account.balance_cents for account in body.accounts}
    if state.day is not None:
        return f"opens day {body.day} while day {state.day} is open"
    changed = state.balances and opened != state.balances
    state.day = body.day
    state.balances, state.openings = dict(opened), dict(opened)
    state.limits = {account.participant: account.limit_cents for account in body.accounts}
    state.debits.clear()
    state.credits.clear()
    return "opens with other balances than the day before closed with" if changed else None


def _payment(state: Replayed, row: JournalRow, body: _Payment) -> str | None:
    known = state.payments.get(body.key)
    if state.day is None or body.day != state.day:
        return f"belongs to day {body.day}, which is not open"
    if known is not None and known != body:
        return f"changes the content of {body.key!r}"
    if row.kind == "accept" and known is not None:
        return f"accepts {body.key!r} again"
    if state.statuses.get(body.key) in {"settled", "rejected"}:
        return f"comes after {body.key!r} was final"
    if not {body.sender, body.receiver} <= state.balances.keys() or body.sender == body.receiver:
        return f"names no two accounts: {body.sender!r}, {body.receiver!r}"
    state.payments[body.key] = body
    state.statuses[body.key] = {"accept": "queued", "settle": "settled", "reject": "rejected"}[row.kind]
    if row.kind == "settle":
        for participant, amount in ((body.sender, -body.amount_cents), (body.receiver, body.amount_cents)):
            state.balances[participant] += amount
            state.entries.add((body.key, participant, amount))
        state.debits[body.sender] += body.amount_cents
        state.credits[body.receiver] += body.amount_cents
        for payer in _who_must_be_covered(state, body.sender):
            if state.balances[payer] < -state.limits[payer]:
                state.overdrawn.append((row.seq, payer))
        if state.mode == "priority-only" and body.priority != "priority":
            return "settles what is not urgent while only that may be"
    return None


def _who_must_be_covered(state: Replayed, payer: str) -> list[str]:
    """Return whose balance has to be right after a settlement: the payer's, or at the end of a set all its payers'."""
    together = state.at_once
    if together is None:
        return [payer]
    together.payers.add(payer)
    together.left -= 1
    if together.left:
        return []
    state.at_once = None
    return sorted(together.payers)


def _close(state: Replayed, body: _Close) -> str | None:
    if state.day != body.day:
        return f"closes day {body.day}, which is not open"
    state.day = None
    given = {
        participant: DayPosition(
            opening, state.debits[participant], state.credits[participant], state.balances[participant]
        )
        for participant, opening in state.openings.items()
    }
    state.positions |= {(body.day, participant): position for participant, position in given.items()}
    told = {
        p.participant: DayPosition(p.opening_cents, p.debits_cents, p.credits_cents, p.closing_cents)
        for p in body.positions
    }
    left = [key for key, status in state.statuses.items() if status == "queued"]
    if told != given:
        return "tells other positions than the day gives"
    return f"leaves {len(left):,} instructions neither settled nor rejected" if left else None
