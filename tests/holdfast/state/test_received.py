"""Messages, statements and the RTGS's word, read as what was due and when it came."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.model.types import Indicator
from holdfast.state.exercise import fold
from holdfast.state.history import History, read_history
from holdfast.state.inbox import Content, Inbox, InboxClock, Looked, Message
from holdfast.state.received import through
from holdfast.state.rows import PositionSeen
from holdfast.state.service import NoTimeline, Timeline, observe
from tests.holdfast.drill import EXERCISE, play

WITHIN = Indicator(("confirmed",), within_ms=2_000, participants_ppm=950_000, window_ms=3_000, probe="inbox")
LATE_US = 60_000_000
DELAY_US = 500_000


def told(channel: str, number: int, t_us: int, body: Content) -> Message:
    return Message("received", t_us, channel, number, "messaging-a", body)


def with_inboxes(history: History, since_us: int | None = None, until_us: int = 0) -> History:
    """Return a history whose payments are all confirmed half a second after, but not from ``since_us`` to ``until_us``.

    What was due in between comes at its end.
    """
    inboxes = {}
    for bank, record in history.records.items():
        messages: list[Message] = []
        for operation in record.operations:
            settled = [each.t_us for each in operation.answers if each.status == "settled"]
            settled += [each.t_us for each in operation.updates if each.status == "settled"]
            if settled:
                at_us = min(settled) + DELAY_US
                at_us = until_us if since_us is not None and since_us <= at_us < until_us else at_us
                body = Content("settled", key=operation.offer.key, side="debit")
                messages.append(told("messaging", len(messages) + 1, at_us, body))
        looked = Looked("looked", record.last_us + LATE_US, ("network",), 1)
        clock = InboxClock("clock", bank, record.clock.clock_id)
        inboxes[bank] = Inbox(clock, tuple(messages), (looked,))
    return replace(history, inboxes=inboxes)


@pytest.fixture(scope="module")
def history() -> History:
    drill = play(rate_per_s=8.0)
    return read_history(fold(drill.log())[EXERCISE], drill.read)


def seen(history: History) -> Timeline:
    timeline = observe(history, WITHIN)
    assert isinstance(timeline, Timeline)
    return timeline


def test_an_indicator_of_answers_reads_what_it_always_read(history: History) -> None:
    assert through(history, ("settled", "queued")) is history


def test_where_every_settled_payment_is_confirmed_in_time_nothing_is_disrupted(history: History) -> None:
    timeline = seen(with_inboxes(history))
    settled = sum(o.outcome == "settled" for record in history.records.values() for o in record.operations)
    assert timeline.offered == timeline.served == settled > 0
    assert timeline.interruptions == ()


def test_an_outage_of_messages_lasts_from_the_first_that_was_late_to_the_first_window_in_time(history: History) -> None:
    whole = seen(with_inboxes(history))
    since_us = whole.start_us + 3_000_000
    until_us = since_us + 5_000_000
    [interruption] = seen(with_inboxes(history, since_us, until_us)).interruptions[:1]
    assert since_us - DELAY_US <= interruption.disrupted_us <= until_us - 2_000_000
    assert interruption.restored_us is not None
    assert interruption.restored_us >= until_us - 2_000_000


def test_payments_that_never_stopped_do_not_stand_for_messages_that_did(history: History) -> None:
    silent = with_inboxes(history)
    silent = replace(silent, inboxes={bank: replace(each, messages=()) for bank, each in silent.inboxes.items()})
    assert seen(silent).served == 0


@pytest.mark.parametrize("spoil", ["credit", "another channel", "again", "another status"])
def test_only_the_message_that_was_due_confirms(history: History, spoil: str) -> None:
    def spoilt(message: Message) -> Message:
        match spoil:
            case "credit":
                return replace(message, body=replace(message.body, side="credit"))
            case "another channel":
                return replace(message, channel="reporting")
            case "again":
                return replace(message, op="again")
            case _:
                return replace(message, body=replace(message.body, status="rejected"))

    whole = with_inboxes(history)
    inboxes = {bank: replace(each, messages=tuple(map(spoilt, each.messages))) for bank, each in whole.inboxes.items()}
    assert seen(replace(whole, inboxes=inboxes)).served == 0


def test_without_an_inbox_or_a_look_nothing_is_known(history: History) -> None:
    whole = with_inboxes(history)
    bank = min(whole.inboxes)
    without = {name: each for name, each in whole.inboxes.items() if name != bank}
    unlooked = {**whole.inboxes, bank: replace(whole.inboxes[bank], looked=())}
    another = {**whole.inboxes, bank: replace(whole.inboxes[bank], clock=InboxClock("clock", bank, "another"))}
    for inboxes in ({}, without, unlooked, another):
        said = observe(replace(whole, inboxes=inboxes), WITHIN)
        assert isinstance(said, NoTimeline)
        assert "inbox" in said.why


def test_what_was_due_after_the_last_look_is_not_known(history: History) -> None:
    whole = with_inboxes(history)
    cut_us = seen(whole).start_us + 4_000_000
    inboxes = {
        bank: replace(
            each,
            messages=tuple(message for message in each.messages if message.t_us <= cut_us),
            looked=(Looked("looked", cut_us, (), 1),),
        )
        for bank, each in whole.inboxes.items()
    }
    timeline = seen(replace(whole, inboxes=inboxes))
    assert timeline.end_us == cut_us
    assert timeline.interruptions == ()


@pytest.mark.parametrize(
    ("answer", "channel", "status"), [("stated", "reporting", "statement"), ("booked", "rtgs", "booked")]
)
def test_a_day_is_stated_and_booked_once_its_position_was_told(
    history: History, answer: str, channel: str, status: str
) -> None:
    records, inboxes = {}, {}
    for number, (bank, record) in enumerate(sorted(history.records.items())):
        position = PositionSeen("position", record.last_us, 1, 0, 0, 0, 0, 0, agrees=True, confirmed=True)
        records[bank] = replace(record, positions=(position,))
        came = told(channel, 1, record.last_us + 100, Content("disputed" if number == 0 else status, day=1))
        looked = Looked("looked", record.last_us + LATE_US, (channel,), 1)
        inboxes[bank] = Inbox(InboxClock("clock", bank, record.clock.clock_id), (came,), (looked,))
    timeline = observe(replace(history, records=records, inboxes=inboxes), replace(WITHIN, answer=(answer,)))  # type: ignore[arg-type]
    assert isinstance(timeline, Timeline)
    assert (timeline.offered, timeline.served) == (len(records), len(records) - 1)
