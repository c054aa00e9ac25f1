"""The check of what goes out by itself: confirmations, statements and the RTGS's word, each once, in order, as booked.

What has to go out follows from the ledger's journal alone, in its order: a line that settles is confirmed to both its
sides, one that rejects to the sender, and a close is stated to every participant and booked for it at the RTGS. What
each participant received must be the beginning of that, message by message: what waits is the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from holdfast.checks.case import Case, Said, without_ledger
from holdfast.checks.words import count, duration, some
from holdfast.state.history import INBOXES, LEDGER, RECORDS, Ledger
from holdfast.state.inbox import Content, Message
from holdfast.state.received import CHANNELS
from holdfast.state.rows import JournalRow, Reached

_WORDS: Mapping[Reached, str] = {"confirmed": "confirmation", "stated": "statement", "booked": "booking"}


@dataclass(frozen=True, slots=True)
class _Due:
    """Something that has to reach a participant: its content, and when the ledger made it due (UTC microseconds)."""

    content: Content
    at_utc_us: int


@dataclass(frozen=True, slots=True)
class _Received:
    """What one participant got of what was due: messages, how long each waited, what is missing, and what is wrong."""

    came: int
    waits_us: tuple[int, ...]
    overdue: int
    not_yet_due: int
    problem: str | None


def told_once(case: Case) -> Said:
    """Ask whether everything that the ledger made final reached whom it concerns, once, in order and as it is."""
    ledger, evidence = case.history.ledger, case.cite(LEDGER, INBOXES, RECORDS)
    kind = next((each for each in CHANNELS if each in case.service.measured.answer), None)
    if kind is None:
        return Said("unknown", "nothing goes out", "This service tells participants nothing by itself.", evidence)
    if ledger is None:
        return without_ledger(case)
    due = _due(ledger, kind)
    if due is None:
        text = "What had to go out is not known: a line of the ledger's journal does not say what it is about."
        return Said("unknown", "not measured", text, evidence)
    names = [account.participant for account in ledger.accounts]
    blind = {name for name in names if not _is_watched(case, name)}
    read = {name: _received(case, name, kind, due.get(name, [])) for name in names if name not in blind}
    return _answer(_WORDS[kind], read, blind, evidence)


def _answer(word: str, read: Mapping[str, _Received], blind: AbstractSet[str], evidence: tuple[int, ...]) -> Said:
    """Return the answer of all participants together; what is shown to be wrong comes before what is not known."""
    came, overdue = sum(each.came for each in read.values()), sum(each.overdue for each in read.values())
    pending = sum(each.not_yet_due for each in read.values())
    measured = f"{came:,} of {count(came + overdue + pending, word)}"
    wrong = [f"{name} {each.problem}" for name, each in read.items() if each.problem]
    if wrong:
        more = f", and {len(wrong) - 1:,} more" if len(wrong) > 1 else ""
        return Said("broken", measured, f"Not everything was told as it is: {wrong[0]}{more}.", evidence)
    if overdue:
        text = f"{count(overdue, word)} had not arrived in time when the inboxes were looked at last."
        return Said("broken", measured, text, evidence)
    if blind:
        text = f"What reached {some(blind)} is not known: no inbox is on record."
        return Said("unknown", measured, text, evidence)
    if pending:
        text = f"{count(pending, word)} could still come when the inboxes were looked at last."
        return Said("unknown", measured, text, evidence)
    if not came:
        return Said("unknown", "none due", f"No {word} was due.", evidence)
    longest = duration(max(wait_us for each in read.values() for wait_us in each.waits_us))
    text = f"Each {word} came once, in order and as the ledger has it; the longest waited {longest}."
    return Said("held", measured, text, evidence)


def _is_watched(case: Case, name: str) -> bool:
    inbox, record = case.history.inboxes.get(name), case.history.records.get(name)
    on_one_clock = inbox is not None and record is not None and inbox.clock.clock_id == record.clock.clock_id
    return on_one_clock and bool(inbox and inbox.looked)


def _received(case: Case, name: str, kind: Reached, expected: Sequence[_Due]) -> _Received:
    """Return what a participant got of what was due to it on a channel."""
    inbox, clock = case.history.inboxes[name], case.history.records[name].clock
    ahead_us = clock.utc_us - clock.mono_us
    got = [message for message in inbox.messages if message.channel == CHANNELS[kind]]
    waits = (m.t_us + ahead_us - due.at_utc_us for m, due in zip(got, expected, strict=False))
    since_us = inbox.looked[-1].t_us + ahead_us - case.service.measured.within_ms * 1_000
    missing = expected[len(got) :]
    overdue = sum(due.at_utc_us <= since_us for due in missing)
    return _Received(len(got), tuple(waits), overdue, len(missing) - overdue, _problem(got, expected))


def _problem(got: Sequence[Message], expected: Sequence[_Due]) -> str | None:
    """Return where what was received is not the beginning of what had to be, message by message."""
    for message in got:
        if message.op != "received":
            what = "had come before" if message.op == "again" else "came after a gap"
            return f"got number {message.number} of {message.channel}, which {what}"
    if len(got) > len(expected):
        return f"got {len(got) - len(expected):,} more than the ledger gives"
    for message, due in zip(got, expected, strict=False):
        if message.body != due.content:
            return f"got number {message.number} of {message.channel} with other content than the ledger gives"
    return None


def _due(ledger: Ledger, kind: Reached) -> Mapping[str, list[_Due]] | None:
    """Return what has to reach each participant, in order; ``None`` where a line cannot be read."""
    found: dict[str, list[_Due]] = defaultdict(list)
    closed = {day.day: day.closed_us or 0 for day in ledger.days}
    at_us = 0
    try:
        for row in ledger.journal:
            if row.kind not in {"settle", "reject", "close"}:
                continue
            body = from_json(row.body)
            at_us = closed[row.day] if row.kind == "close" else int(body.get("at", at_us))
            for name, content in _told(row, body, kind):
                found[name].append(_Due(content, at_us))
    except (ValueError, KeyError, TypeError):
        return None
    return found


def _told(row: JournalRow, body: Mapping[str, Any], kind: Reached) -> Iterator[tuple[str, Content]]:
    """Yield whom a line of the journal has to reach on a channel, and with what."""
    match row.kind, kind:
        case (("settle" | "reject"), "confirmed"):
            status = "settled" if row.kind == "settle" else "rejected"
            concerned = {"debit": body["sender"]} | ({"credit": body["receiver"]} if row.kind == "settle" else {})
            for side, name in concerned.items():
                yield name, Content(status, body["key"], side, body["day"], body["amount_cents"])
        case "close", "stated" | "booked":
            for position in body["positions"]:
                net_cents = position["closing_cents"] - position["opening_cents"]
                booked = Content("booked", day=body["day"], amount_cents=net_cents)
                yield position["participant"], booked if kind == "booked" else Content("statement", day=body["day"])
