"""Modes as the ledger's journal has them, and what clients see of a service in a lesser one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.model.types import Indicator, ModeChange
from holdfast.state.funding import unfunded
from holdfast.state.history import History, Ledger
from holdfast.state.modes import Lesser, ModeSet, lesser_modes, modes_set
from holdfast.state.rows import JournalRow, Source
from holdfast.state.service import NoTimeline, Timeline, observe
from tests.holdfast.remains import example_model
from tests.holdfast.state.test_service import BANKS, WINDOW_US, WITHIN_US, Tried, history_of

MODEL = example_model()
SERVICE = MODEL.services["gross-settlement"]
SCENARIO = MODEL.scenarios["lose-dc-a"]
INDICATOR = Indicator(("settled", "queued"), within_ms=1, participants_ppm=700_000, window_ms=2, probe="participants")
AHEAD_US = 1_000_000  # UTC minus the monotonic clock, as ``history_of`` has it
SOURCE = Source("_source", "ledger-b", in_recovery=False, timeline=1, lsn="0/1")


def line(seq: int, kind: str, body: object) -> JournalRow:
    return JournalRow("journal", seq, 1, kind, None, json.dumps(body), "0" * 64)  # type: ignore[arg-type]


def ledger(*journal: JournalRow) -> Ledger:
    return Ledger(SOURCE, (), (), (), journal, (), ())


def history(*journal: JournalRow) -> History:
    return History({}, (), ledger(*journal), {})


def stretches(*journal: JournalRow) -> tuple[Lesser, ...]:
    found = lesser_modes(history(*journal), SCENARIO, SERVICE)
    assert not isinstance(found, str), found
    return found


OPEN = line(1, "open", {"day": 1, "accounts": []})
TO_LESSER = line(2, "mode", {"day": 1, "mode": "priority-only", "reason": "so", "at": 2_000})
TO_FULL = line(3, "mode", {"day": 1, "mode": "full", "reason": "so", "at": 5_000})


def test_changes_are_those_of_the_journal_in_its_order() -> None:
    assert modes_set(ledger(OPEN, TO_LESSER, TO_FULL)) == (
        ModeSet("priority-only", 2_000, 2),
        ModeSet("full", 5_000, 3),
    )


@pytest.mark.parametrize("body", [{"mode": "full"}, {"mode": 1, "at": 2}, {"mode": "full", "at": "now"}, [], 2**70])
def test_a_line_that_does_not_say_its_mode_leaves_it_unknown(body: object) -> None:
    said = modes_set(ledger(OPEN, line(2, "mode", body)))
    assert isinstance(said, str)
    assert "line 2" in said
    assert lesser_modes(history(OPEN, line(2, "mode", body)), SCENARIO, SERVICE) == said


def test_a_lesser_mode_lasts_until_the_next_or_to_the_end_and_the_first_is_none() -> None:
    [closed] = stretches(OPEN, TO_LESSER, TO_FULL)
    assert closed == Lesser("priority-only", 2_000, 5_000, ("settled",))
    [open_end] = stretches(OPEN, TO_LESSER)
    assert open_end == Lesser("priority-only", 2_000, None, ("settled",))
    assert [open_end.covers(at) for at in (1_999, 2_000, 10**9)] == [False, True, True]
    assert [closed.covers(at) for at in (4_999, 5_000)] == [True, False]
    assert lesser_modes(history(OPEN, TO_FULL), SCENARIO, SERVICE) == ()


def test_a_mode_that_the_service_does_not_declare_is_none_of_its_own() -> None:
    assert lesser_modes(history(OPEN, TO_LESSER), SCENARIO, MODEL.services["participant-messaging"]) == ()


def test_without_a_ledger_the_mode_is_unknown_only_where_one_was_to_be_set() -> None:
    blind = History({}, (), None, {}, {"ledger.ndjson": "it is not in the log"})
    assert lesser_modes(blind, SCENARIO, SERVICE) == ()
    why = lesser_modes(blind, replace(SCENARIO, set_mode=(ModeChange("priority-only", 1, 960),)), SERVICE)
    assert isinstance(why, str)
    assert "it is not in the log" in why


# -- whose own funds were missing --


@st.composite
def journals(draw: st.DrawFn) -> list[JournalRow]:
    """Return a journal of payments that are settled, queued or rejected as anybody likes, each at most once."""
    accounts = [{"participant": bank, "balance_cents": draw(st.integers(0, 9)), "limit_cents": 2} for bank in "AB"]
    rows = [line(1, "open", {"day": 1, "accounts": accounts})]
    waiting: list[dict[str, object]] = []
    for number in range(draw(st.integers(0, 12))):
        sender = draw(st.sampled_from("AB"))
        payment: dict[str, object] = {"key": f"k{number}", "sender": sender, "receiver": "B" if sender == "A" else "A"}
        payment |= {"amount_cents": draw(st.integers(1, 9)), "priority": draw(st.sampled_from(["priority", "normal"]))}
        kind = draw(st.sampled_from(["accept", "accept", "settle", "reject", "later"]))
        if kind == "later" and waiting:
            payment, kind = (
                waiting.pop(draw(st.integers(0, len(waiting) - 1))),
                draw(st.sampled_from(["settle", "reject"])),
            )
        elif kind in {"accept", "later"}:
            waiting.append(payment)
            kind = "accept"
        rows.append(line(number + 2, kind, payment))
    return rows


def slowly_unfunded(rows: list[JournalRow]) -> set[str]:
    """Return the same by playing everything before each accepted instruction again from the beginning."""
    found = set()
    bodies = [(row.kind, json.loads(row.body)) for row in rows]
    for number, (kind, body) in enumerate(bodies):
        if kind != "accept" or body["priority"] != "priority":
            continue
        before = bodies[1:number]
        [mine] = [a for a in bodies[0][1]["accounts"] if a["participant"] == body["sender"]]
        money = mine["balance_cents"] + mine["limit_cents"]
        money += sum(b["amount_cents"] for k, b in before if k == "settle" and b["receiver"] == body["sender"])
        money -= sum(b["amount_cents"] for k, b in before if k == "settle" and b["sender"] == body["sender"])
        gone = {b["key"] for k, b in before if k in {"settle", "reject"}}
        own = [b for k, b in before if k == "accept" and b["sender"] == body["sender"] and b["priority"] == "priority"]
        oldest = next((b for b in own if b["key"] not in gone), body)
        if oldest["amount_cents"] > money:
            found.add(body["key"])
    return found


@given(journals())
def test_who_had_not_the_funds_equals_playing_all_of_it_again(rows: list[JournalRow]) -> None:
    found = unfunded(ledger(*rows))
    assert not isinstance(found, str), found
    assert set(found) == slowly_unfunded(rows)


@pytest.mark.parametrize(("amount_cents", "short"), [(12, False), (13, True)])
def test_what_is_as_much_as_the_sender_has_can_be_paid(amount_cents: int, short: bool) -> None:  # noqa: FBT001
    accounts = [{"participant": "A", "balance_cents": 10, "limit_cents": 2}]
    payment = {"key": "k", "sender": "A", "receiver": "B", "amount_cents": amount_cents, "priority": "priority"}
    found = unfunded(ledger(line(1, "open", {"day": 1, "accounts": accounts}), line(2, "accept", payment)))
    assert found == (frozenset({"k"}) if short else frozenset())


@pytest.mark.parametrize("body", [[], {}, {"priority": "priority", "sender": "X", "key": "k", "amount_cents": 1}])
def test_a_journal_that_cannot_be_followed_says_where(body: object) -> None:
    assert unfunded(ledger(OPEN, line(2, "accept", body))) == "line 2 of the ledger's journal cannot be followed"


# -- what clients see --


def seen(
    tried: list[Tried], urgent: set[int], lesser: tuple[Lesser, ...] | str, end_us: int = 20_000
) -> Timeline | NoTimeline:
    """Observe instructions of which those with these positions, in each bank's own order, are urgent."""
    before = history_of(tried, end_us)
    records = {}
    for bank, record in before.records.items():
        operations = tuple(
            replace(each, offer=replace(each.offer, priority="priority" if number in urgent else "normal"))
            for number, each in enumerate(record.operations)
        )
        records[bank] = replace(record, operations=operations)
    return observe(replace(before, records=records), INDICATOR, lesser)


def timeline(found: Timeline | NoTimeline) -> Timeline:
    assert isinstance(found, Timeline), found
    return found


def lesser_from(from_us: int, until_us: int | None, *poor: str) -> Lesser:
    end = None if until_us is None else until_us + AHEAD_US
    return Lesser("priority-only", from_us + AHEAD_US, end, ("settled",), frozenset(poor))


QUEUED = [Tried("A", at_us, 0, "queued") for at_us in range(0, 12_000, 500)]


def test_what_is_queued_is_served_in_full_and_where_it_is_not_urgent() -> None:
    full = timeline(seen(QUEUED, set(range(24)), ()))
    assert [interval.state for interval in full.intervals] == ["available"]
    normal = timeline(seen(QUEUED, set(), (lesser_from(4_000, 8_000),)))
    assert normal.interruptions == ()
    assert [(i.state, i.start_us, i.end_us) for i in normal.intervals] == [
        ("available", 0, 4_000),
        ("degraded", 4_000, 8_000),
        ("available", 8_000, 11_500),
    ]


def test_what_is_urgent_and_queued_in_a_lesser_mode_is_not_served() -> None:
    found = timeline(seen(QUEUED, set(range(24)), (lesser_from(4_000, 8_000),)))
    [interruption] = found.interruptions
    assert (interruption.disrupted_us, interruption.restored_us) == (4_000, 8_000)


def test_unless_its_sender_could_not_pay() -> None:
    keys = [f"A{number}" for number in range(24)]
    found = timeline(seen(QUEUED, set(range(24)), (lesser_from(4_000, 8_000, *keys),)))
    assert found.interruptions == ()
    keys.remove("A9")
    found = timeline(seen(QUEUED, set(range(24)), (lesser_from(4_000, 8_000, *keys),)))
    assert [i.disrupted_us for i in found.interruptions] == [4_500]


def test_no_disruption_is_over_for_good_before_the_service_is_in_full_again() -> None:
    tried = [Tried("A", at_us, None if 4_000 <= at_us < 6_000 else 0) for at_us in range(0, 16_000, 500)]
    found = timeline(seen(tried, set(), (lesser_from(3_000, 10_000),)))
    [interruption] = found.interruptions
    assert (interruption.restored_us, interruption.full_us) == (6_000, 10_000)


def test_where_the_mode_is_not_known_there_is_no_timeline() -> None:
    assert seen(QUEUED, set(), "nobody wrote it down") == NoTimeline("nobody wrote it down")


tries = st.builds(
    Tried,
    st.sampled_from(BANKS),
    st.integers(0, 7_000),
    st.none() | st.integers(0, 1_500),
    st.sampled_from(("settled", "queued", "rejected")),
)


@given(
    st.lists(tries, min_size=1, max_size=20),
    st.sets(st.integers(0, 20)),
    st.integers(0, 7_000),
    st.none() | st.integers(0, 7_000),
)
def test_equals_the_definition_read_at_every_microsecond(
    tried: list[Tried], urgent: set[int], from_us: int, until_us: int | None
) -> None:
    found = timeline(seen(tried, urgent, (lesser_from(from_us, until_us),), 9_000))
    expected = slowly(tried, urgent, from_us, 10**9 if until_us is None else until_us)
    changes = [change for change in expected if change[0] < found.last_offer_us]
    began = [at_us for at_us, state in changes if state == "disrupted"]
    assert [i.disrupted_us for i in found.interruptions if i.disrupted_us < found.last_offer_us] == began
    for at_us in range(found.start_us, found.last_offer_us, 97):
        states = [state for since_us, state in [(0, "available"), *changes] if since_us <= at_us]
        [interval] = [i for i in found.intervals if i.start_us <= at_us < i.end_us]
        assert interval.state in {states[-1], "unobserved"}


def slowly(tried: list[Tried], urgent: set[int], from_us: int, until_us: int) -> list[tuple[int, str]]:
    """Return the changes of state by reading the definition at every microsecond; every answer is known at 9,000."""
    offers = []
    for bank in BANKS:
        for number, each in enumerate(t for t in tried if t.bank == bank):
            lesser = from_us <= each.at_us < until_us
            good = {"settled"} if lesser and number in urgent else {"settled", "queued"}
            in_time = each.took_us is not None and each.took_us <= WITHIN_US and each.status in good
            offers.append((each, in_time, lesser))
    last_us = max(each.at_us for each in tried)
    state, changes = "available", []
    for at_us in sorted({each.at_us for each in tried}):
        window = [offer for offer in offers if at_us <= offer[0].at_us < at_us + WINDOW_US]
        failing = {each.bank for each, in_time, _ in window if not in_time}
        meets = 1 - len(failing) / len({each.bank for each, _, _ in window}) >= 0.7
        whole = at_us + WINDOW_US <= last_us
        here = [offer for offer in offers if offer[0].at_us == at_us]
        spotless = whole and not failing and not any(lesser for _, _, lesser in window)
        before = state
        if state == "disrupted":
            if meets and whole:
                state = "available" if spotless else "degraded"
        elif any(not in_time for _, in_time, _ in here):
            state = "degraded" if meets else "disrupted"
        elif any(lesser for _, _, lesser in here):
            state = "degraded"
        elif spotless:
            state = "available"
        if state != before:
            changes.append((at_us, state))
    return changes
