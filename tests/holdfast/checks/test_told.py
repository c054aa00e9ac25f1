"""What goes out by itself: each confirmation, statement and booking once, in order, as the ledger has it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from holdfast.checks.case import Case, Said
from holdfast.checks.told import told_once
from holdfast.model.types import Answer, Indicator
from holdfast.state.exercise import Exercise, fold
from holdfast.state.history import History, Ledger, read_history
from holdfast.state.inbox import Content, Inbox, InboxClock, Looked, Message
from holdfast.state.rows import BusinessDay
from holdfast.state.service import NoTimeline
from tests.holdfast.drill import EXERCISE, SECOND, START_US, UTC_US, play
from tests.holdfast.remains import example_model

MODEL = example_model()
SCENARIO = MODEL.scenarios["rtgs-out-three-hours"]
SERVICES: dict[Answer, str] = {
    "confirmed": "participant-messaging",
    "stated": "statements-and-reporting",
    "booked": "rtgs-transfers",
}
CHANNEL = {"confirmed": "messaging", "stated": "reporting", "booked": "rtgs"}
WAIT_US = 3 * SECOND
LOOKED_US = START_US + 900 * SECOND
KINDS = tuple(SERVICES)


@cache
def played() -> tuple[Exercise, History]:
    """Return a drill, and what the banks would have received of it, told by a reading of its own of the ledger."""
    drill = play(rate_per_s=6.0)
    exercise = fold(drill.log())[EXERCISE]
    history = read_history(exercise, drill.read)
    assert history.ledger is not None
    inboxes = {}
    for bank, record in history.records.items():
        messages: list[Message] = []
        for kind in KINDS:
            due = received(history.ledger, bank, kind)
            closed_us = next(day.closed_us for day in history.ledger.days) or 0
            at_us = closed_us - UTC_US + START_US + WAIT_US
            messages += [
                Message("received", at_us, CHANNEL[kind], number, "somebody", content)
                for number, content in enumerate(due, start=1)
            ]
        clock = InboxClock("clock", bank, record.clock.clock_id)
        inboxes[bank] = Inbox(clock, tuple(messages), (Looked("looked", LOOKED_US, ("rtgs",), len(messages) + 1),))
    journal = tuple(replace(row, body=on_the_wall(row.body)) for row in history.ledger.journal)
    return exercise, replace(history, inboxes=inboxes, ledger=replace(history.ledger, journal=journal))


def on_the_wall(body: str) -> str:
    """Return a line whose time is UTC, as a ledger writes it; the drill's own are counted from its start."""
    line = json.loads(body)
    return json.dumps(line | {"at": UTC_US + line["at"]}) if "at" in line else body


def received(ledger: Ledger, bank: str, kind: Answer) -> list[Content]:
    """Return what a bank is told on a channel, by its instructions and positions instead of the journal's lines."""
    positions = [position for position in ledger.positions if position.participant == bank]
    if kind == "stated":
        return [Content("statement", day=position.day) for position in positions]
    if kind == "booked":
        moved = [(position.day, position.closing_cents - position.opening_cents) for position in positions]
        return [Content("booked", day=day, amount_cents=cents) for day, cents in moved]
    final = sorted(
        (row for row in ledger.instructions if bank in {row.sender, row.receiver}), key=lambda r: r.final_seq or 0
    )
    return [
        Content(row.status, row.key, "debit" if bank == row.sender else "credit", row.day, row.amount_cents)
        for row in final
        if row.status == "settled" or bank == row.sender
    ]


def asked(
    kind: Answer, change: Callable[[History], History] = lambda history: history, within_ms: int = 30_000
) -> Said:
    exercise, history = played()
    service = MODEL.services[SERVICES[kind]]
    service = replace(service, indicator=replace(service.measured, within_ms=within_ms))
    return told_once(Case(exercise, change(history), SCENARIO, service, NoTimeline("not asked for")))


def messages(bank: str, change: Callable[[list[Message]], list[Message]], channel: str) -> Callable[[History], History]:
    """Return a change of what one bank received on a channel."""

    def changed(history: History) -> History:
        inbox = history.inboxes[bank]
        own = change([each for each in inbox.messages if each.channel == channel])
        others = [each for each in inbox.messages if each.channel != channel]
        return replace(history, inboxes={**history.inboxes, bank: replace(inbox, messages=tuple(others + own))})

    return changed


@pytest.mark.parametrize("kind", KINDS)
def test_everything_came_once(kind: Answer) -> None:
    said = asked(kind)
    assert said.answer == "held", said.explanation
    came, _, due, _ = said.measured.split()
    assert came == due
    assert kind == "confirmed" or said.measured in {"8 of 8 statements", "8 of 8 bookings"}
    assert kind == "confirmed" or said.explanation.endswith("the longest waited 3.00 s.")


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_never_came_breaks_it_once_it_is_overdue(kind: Answer) -> None:
    lost = messages("CASTOR", lambda own: own[:-1], CHANNEL[kind])
    assert asked(kind, lost).answer == "broken"
    patient = 10**6
    said = asked(kind, lost, within_ms=patient)
    assert said.answer == "unknown"
    assert "could still come" in said.explanation


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_is_told_twice_breaks_it(kind: Answer) -> None:
    twice = messages("CASTOR", lambda own: [*own, replace(own[-1], number=len(own) + 1)], CHANNEL[kind])
    said = asked(kind, twice)
    assert said.answer == "broken"
    assert "1 more than the ledger gives" in said.explanation


@pytest.mark.parametrize("op", ["again", "gap"])
def test_a_number_that_comes_again_or_after_a_gap_breaks_it(op: str) -> None:
    odd = messages("CASTOR", lambda own: [replace(own[0], op=op)], "rtgs")  # type: ignore[arg-type]
    assert asked("booked", odd).answer == "broken"


def test_another_amount_breaks_it_and_another_order_does() -> None:
    def more(own: list[Message]) -> list[Message]:
        cents = (own[0].body.amount_cents or 0) + 1
        return [replace(own[0], body=replace(own[0].body, amount_cents=cents)), *own[1:]]

    assert asked("booked", messages("CASTOR", more, "rtgs")).answer == "broken"
    assert asked("confirmed", messages("CASTOR", more, "messaging")).answer == "broken"
    swapped = messages("CASTOR", lambda own: [own[1], own[0], *own[2:]], "messaging")
    assert asked("confirmed", swapped).answer == "broken"


def test_a_bank_whose_inbox_is_not_there_leaves_it_unknown_and_hides_nothing() -> None:
    def without(history: History) -> History:
        return replace(history, inboxes={bank: i for bank, i in history.inboxes.items() if bank != "AURUM"})

    said = asked("booked", without)
    assert said.answer == "unknown"
    assert "AURUM" in said.explanation
    lost = messages("CASTOR", lambda own: own[:-1], "rtgs")
    assert asked("booked", lambda history: without(lost(history))).answer == "broken"


def test_an_inbox_on_another_clock_leaves_it_unknown() -> None:
    def elsewhere(history: History) -> History:
        inbox = history.inboxes["AURUM"]
        clock = replace(inbox.clock, clock_id="another")
        return replace(history, inboxes={**history.inboxes, "AURUM": replace(inbox, clock=clock)})

    assert asked("booked", elsewhere).answer == "unknown"


def test_where_nothing_was_due_nothing_is_held() -> None:
    def open_day(history: History) -> History:
        assert history.ledger is not None
        days: tuple[BusinessDay, ...] = tuple(replace(day, closed_us=None) for day in history.ledger.days)
        journal = tuple(row for row in history.ledger.journal if row.kind != "close")
        ledger = replace(history.ledger, journal=journal, days=days, positions=())
        inboxes = {bank: replace(inbox, messages=()) for bank, inbox in history.inboxes.items()}
        return replace(history, ledger=ledger, inboxes=inboxes)

    assert (asked("booked", open_day).answer, asked("booked", open_day).measured) == ("unknown", "none due")


@pytest.mark.parametrize("body", ["{}", "[]", "no JSON", json.dumps({"day": 1, "positions": [{"participant": "A"}]})])
def test_a_line_that_does_not_say_what_it_is_about_leaves_it_unknown(body: str) -> None:
    def garbled(history: History) -> History:
        assert history.ledger is not None
        rows = tuple(replace(row, body=body) if row.kind == "close" else row for row in history.ledger.journal)
        return replace(history, ledger=replace(history.ledger, journal=rows))

    assert asked("booked", garbled).answer == "unknown"


def test_without_a_ledger_it_is_unknown() -> None:
    assert asked("booked", lambda history: replace(history, ledger=None)).answer == "unknown"


def test_a_service_that_tells_nobody_anything_is_not_held() -> None:
    exercise, history = played()
    service = replace(MODEL.services["gross-settlement"], indicator=Indicator(("settled",), 1, 1, 1, "probe"))
    assert told_once(Case(exercise, history, SCENARIO, service, NoTimeline("not asked for"))).answer == "unknown"
