"""Services that tell participants something by themselves, judged as answers are: what was due when, and when it came.

A payment that its sender knows to be settled is due to be *confirmed* by a message; a day whose position a participant
was told, to be *stated* and, by the RTGS, *booked*. So the participants' own records say what they could expect and
from when on, their inboxes when it came. An inbox is whole up to its last look: what was due later is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from holdfast.model.types import Answer as Good
from holdfast.state.history import INBOXES, RECORDS, History, Operation, Record
from holdfast.state.inbox import Inbox, Message
from holdfast.state.rows import Answer, Offer, Reached

CHANNELS: Mapping[Reached, str] = {"confirmed": "messaging", "stated": "reporting", "booked": "rtgs"}
"""Good answer → the channel on which it comes."""
_STATUS: Mapping[Reached, str] = {"confirmed": "settled", "stated": "statement", "booked": "booked"}
"""What the message says where all is well: a disputed statement is none."""


def through(history: History, answers: Iterable[Good]) -> History:
    """Return the history as an indicator with these answers reads it: offers are what had to come, answers what came.

    Unchanged where the answers are those to an instruction. An inbox that is not there, or on another clock, is a
    problem of its participant's record.
    """
    kind = next((each for each in CHANNELS if each in answers), None)
    if kind is None:
        return history
    problems = dict(history.problems)
    why = history.why(INBOXES)
    if why:
        problems[f"{RECORDS}inboxes"] = why
    for bank, record in history.records.items():
        inbox = history.inboxes.get(bank)
        if inbox is None or inbox.clock.clock_id != record.clock.clock_id or not inbox.looked:
            problems[f"{RECORDS}{bank}"] = "its inbox is not in the log, is on another clock, or never looked"
    known = [inbox.looked[-1].t_us for inbox in history.inboxes.values() if inbox.looked]
    records = {
        bank: _seen(bank, record, history.inboxes[bank], kind, min(known))
        for bank, record in history.records.items()
        if bank in history.inboxes and known
    }
    return replace(history, records=records, problems=problems)


def _seen(bank: str, record: Record, inbox: Inbox, kind: Reached, known_us: int) -> Record:
    """Return what one participant expected and got."""
    came: dict[str, Message] = {}
    for message in (each for each in inbox.messages if each.t_us <= known_us):
        if message.op == "received" and message.channel == CHANNELS[kind] and message.body.status == _STATUS[kind]:
            came.setdefault(_about(message, kind), message)
    due = _payments(record) if kind == "confirmed" else _days(bank, record)
    known = (offer for offer in due if offer.t_us <= known_us)
    operations = tuple(Operation(bank, offer, _answers(offer, came, kind), ()) for offer in known)
    return replace(record, operations=operations, positions=(), last_us=known_us)


def _about(message: Message, kind: Reached) -> str:
    """Return what a message is about, in the words of what was due."""
    if kind != "confirmed":
        return f"day {message.body.day}"
    return message.body.key or "" if message.body.side == "debit" else ""


def _payments(record: Record) -> Iterator[Offer]:
    """Yield each payment of the participant's own, from when it knew that it was settled."""
    for operation in record.operations:
        told = [each.t_us for each in operation.answers if each.status == "settled"]
        told += [each.t_us for each in operation.updates if each.status == "settled"]
        if told:
            yield replace(operation.offer, t_us=min(told))


def _days(bank: str, record: Record) -> Iterator[Offer]:
    """Yield each day, from when the participant was told its position."""
    for position in record.positions:
        yield Offer("offer", position.t_us, f"day {position.day}", bank, position.debits_cents, "normal")


def _answers(offer: Offer, came: Mapping[str, Message], kind: Reached) -> tuple[Answer, ...]:
    message = came.get(offer.key)
    if message is None:
        return ()
    # A message may be there before the answer that it confirms: then nothing had to be waited for.
    at_us = max(message.t_us, offer.t_us)
    return (Answer("answer", at_us, offer.key, 1, message.by, kind, message.number, None),)
