"""The minimum service of a mode: decided, then in force, kept up, and nothing left waiting when it is over."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import pytest

from holdfast.checks.case import Case, Said
from holdfast.checks.modes import bound, mode_kept
from holdfast.evidence.events import ModeDeclared
from holdfast.model.types import ModeChange
from holdfast.state.exercise import Exercise, Recorded, fold
from holdfast.state.history import History, read_history
from holdfast.state.modes import lesser_modes
from holdfast.state.rows import Instruction, JournalRow
from holdfast.state.service import observe
from tests.holdfast.drill import EXERCISE, SECOND, UTC_US, Plan, instant, play
from tests.holdfast.remains import example_model

MODEL = example_model()
SERVICE = MODEL.services["gross-settlement"]
STEPS = (ModeChange("priority-only", 1, 930), ModeChange("full", 1, 1000))
SCENARIO = replace(MODEL.scenarios["lose-dc-a"], set_mode=STEPS)
FROM_US, UNTIL_US = 12 * SECOND, 24 * SECOND
SET = (("priority-only", FROM_US), ("full", UNTIL_US))


@cache
def played() -> tuple[Exercise, History]:
    """Return a drill without an outage, the lines of its journal ten apart so that others find room between them."""
    drill = play(Plan(outage_us=0, alarm_after_us=None))
    exercise = fold(drill.log())[EXERCISE]
    history = read_history(exercise, drill.read)
    assert history.ledger is not None
    journal = tuple(replace(row, seq=row.seq * 10) for row in history.ledger.journal)
    instructions = tuple(
        replace(
            row,
            accepted_seq=row.accepted_seq and row.accepted_seq * 10,
            final_seq=row.final_seq and row.final_seq * 10,
        )
        for row in history.ledger.instructions
    )
    return exercise, replace(history, ledger=replace(history.ledger, journal=journal, instructions=instructions))


def with_modes(history: History, changes: Sequence[tuple[str, int]]) -> History:
    """Return a history whose ledger put these modes in force, each after what it had settled by then."""
    assert history.ledger is not None
    rows = list(history.ledger.journal)
    for mode, at_us in changes:
        before = [row.seq for row in rows if row.kind == "settle" and json.loads(row.body)["at"] <= at_us]
        body = json.dumps({"day": 1, "mode": mode, "reason": "so", "at": UTC_US + at_us})
        rows.append(JournalRow("journal", max(before) + 5, 1, "mode", None, body, "0" * 64))
    rows.sort(key=lambda row: row.seq)
    return replace(history, ledger=replace(history.ledger, journal=tuple(rows)))


def asked(
    changes: Sequence[tuple[str, int]] = SET,
    decided: Sequence[tuple[str, int]] = SET,
    change: Callable[[History], History] = lambda history: history,
    rides_out_ms: int = 60_000,
) -> Said:
    """Return the answer where these modes were in force and those decided, each a moment before."""
    exercise, history = played()
    history = change(with_modes(history, changes))
    said = tuple(
        Recorded(900 + number, 0, ModeDeclared(EXERCISE, mode, "duty-manager", True, instant(at_us - 1)))  # noqa: FBT003
        for number, (mode, at_us) in enumerate(decided)
    )
    timeline = observe(history, SERVICE.measured, lesser_modes(history, SCENARIO, SERVICE))
    service = replace(SERVICE, rides_out_ms=rides_out_ms)
    return mode_kept(Case(replace(exercise, modes=said), history, SCENARIO, service, timeline))


def queued_only(priority: str) -> Callable[[History], History]:
    """Return a change after which one bank's instructions of a priority were queued and settled too late."""

    def change(history: History) -> History:
        bank = "AURUM"
        operations = tuple(
            replace(each, answers=tuple(replace(a, status="queued") for a in each.answers), updates=())
            if each.offer.priority == priority
            else each
            for each in history.records[bank].operations
        )
        record = replace(history.records[bank], operations=operations)
        return replace(history, records={**history.records, bank: record})

    return change


def each_instruction(change: Callable[[Instruction], Instruction]) -> Callable[[History], History]:
    def changed(history: History) -> History:
        assert history.ledger is not None
        rows = tuple(change(row) for row in history.ledger.instructions)
        return replace(history, ledger=replace(history.ledger, instructions=rows))

    return changed


def waits(row: Instruction) -> Instruction:
    """Let what was settled in the lesser mode and is not urgent wait for its end."""
    if row.status != "settled" or row.priority == "priority" or row.accepted_seq is None:
        return row
    return replace(row, final_seq=10**6)


def test_it_is_held_and_says_how_many_and_for_how_long() -> None:
    said = asked()
    assert said.answer == "held", said.explanation
    assert "Priority-only was in force for 12.0 s" in said.explanation
    assert {900, 901} <= set(said.evidence)
    good, all_of_them = said.measured.removesuffix(" funded").split(" of ")
    assert good == all_of_them != "0"


def test_the_bound_is_what_the_mode_owes_to_what_is_urgent() -> None:
    exercise, history = played()
    timeline = observe(history, SERVICE.measured)
    assert bound(Case(exercise, history, SCENARIO, SERVICE, timeline)) == "priority settled within 2 s, 95 %"


def test_an_urgent_instruction_that_only_waits_breaks_it() -> None:
    said = asked(change=queued_only("priority"))
    assert said.answer == "broken"
    good, funded = said.measured.removesuffix(" funded").split(" of ")
    assert int(good) * 100 < 95 * int(funded)
    assert "was disrupted for up to" in said.explanation


def test_unless_its_sender_could_not_pay_which_is_counted_apart() -> None:
    """The same, where the ledger's journal shows that this bank had not the funds for any of them."""

    def poor(history: History) -> History:
        history = queued_only("priority")(history)
        assert history.ledger is not None
        rows = []
        for row in history.ledger.journal:
            body = json.loads(row.body)
            for account in body.get("accounts", ()):
                account["balance_cents"] -= 10**12 if account["participant"] == "AURUM" else 0
            urgent = row.kind == "settle" and (body["sender"], body["priority"]) == ("AURUM", "priority")
            rows.append(replace(row, kind="accept" if urgent else row.kind, body=json.dumps(body)))
        return replace(history, ledger=replace(history.ledger, journal=tuple(rows)))

    said = asked(change=poor)
    assert said.answer == "held", said.explanation
    good, funded = said.measured.removesuffix(" funded").split(" of ")
    everything = asked().measured.removesuffix(" funded").split(" of ")[1]
    assert good == funded
    assert 0 < int(funded) < int(everything)
    assert f"; {int(everything) - int(funded)} more waited for their sender's own funds." in said.explanation


def test_one_that_is_not_urgent_may_wait() -> None:
    assert asked(change=queued_only("normal")).answer == "held"


@pytest.mark.parametrize(("rides_out_ms", "answer"), [(60_000, "held"), (50, "broken")])
def test_a_disruption_is_held_against_what_clients_ride_out(rides_out_ms: int, answer: str) -> None:
    """One urgent instruction of one bank of eight is late: a moment's disruption, and 99 of 100 are in time."""

    def once(history: History) -> History:
        record = history.records["AURUM"]
        late = next(
            number
            for number, each in enumerate(record.operations)
            if each.offer.priority == "priority" and each.offer.t_us - record.clock.mono_us > FROM_US + SECOND
        )
        operations = list(record.operations)
        operations[late] = replace(operations[late], answers=(), updates=())
        return replace(history, records={**history.records, "AURUM": replace(record, operations=tuple(operations))})

    said = asked(change=once, rides_out_ms=rides_out_ms)
    assert said.answer == answer, said.explanation
    assert "was disrupted for up to" in said.explanation


def test_what_waited_and_what_became_of_it_is_counted() -> None:
    said = asked(change=each_instruction(waits))
    assert said.answer == "held"
    assert re.search(r" [1-9]\d* instructions waited: [1-9]\d* settled once it was over\.$", said.explanation)


def test_what_waits_still_breaks_it() -> None:
    def left(row: Instruction) -> Instruction:
        return replace(row, status="queued", final_seq=None) if waits(row) != row else row

    said = asked(change=each_instruction(left))
    assert said.answer == "broken"
    assert re.search(r" waited: [1-9]\d* still queued\.$", said.explanation)


def test_a_journal_that_cannot_be_followed_leaves_it_unknown() -> None:
    def bare(history: History) -> History:
        assert history.ledger is not None
        rows = tuple(replace(row, body="{}") if row.kind == "settle" else row for row in history.ledger.journal)
        return replace(history, ledger=replace(history.ledger, journal=rows))

    said = asked(change=bare)
    assert said.answer == "unknown"
    assert "cannot be followed" in said.explanation


@pytest.mark.parametrize(
    ("changes", "decided", "why"),
    [
        ((), SET, "priority-only was never in force"),
        ((), (), "priority-only was never in force: nobody decided it"),
        (SET[:1], SET, "full was never in force"),
        ((("full", FROM_US), SET[1]), SET, "full was in force, and priority-only was to be set as number 1"),
        ((*SET, ("priority-only", 26 * SECOND)), SET, "was in force, and no other mode was to be set as number 3"),
        (SET, (), "priority-only was in force before anybody decided it"),
        (SET, (SET[0], ("full", UNTIL_US + SECOND)), "full was in force before anybody decided it"),
        (SET, (SET[1], SET[0]), "priority-only was in force before anybody decided it"),
    ],
)
def test_what_was_in_force_is_what_was_decided_before_it(
    changes: tuple[tuple[str, int], ...], decided: tuple[tuple[str, int], ...], why: str
) -> None:
    said = asked(changes, decided)
    assert (said.answer, said.measured) == ("broken", "not as decided")
    assert why in said.explanation


def test_without_a_ledger_it_is_unknown() -> None:
    said = asked(change=lambda history: replace(history, ledger=None, problems={"ledger.ndjson": "it is gone"}))
    assert said.answer == "unknown"
    assert "it is gone" in said.explanation


def test_where_nothing_urgent_was_offered_it_is_unknown() -> None:
    def calm(history: History) -> History:
        records = {
            bank: replace(
                record,
                operations=tuple(replace(o, offer=replace(o.offer, priority="normal")) for o in record.operations),
            )
            for bank, record in history.records.items()
        }
        return replace(history, records=records)

    assert asked(change=calm).answer == "unknown"


def test_a_journal_that_does_not_say_its_mode_leaves_it_unknown() -> None:
    def garbled(history: History) -> History:
        assert history.ledger is not None
        rows = tuple(replace(row, body="{}") if row.kind == "mode" else row for row in history.ledger.journal)
        return replace(history, ledger=replace(history.ledger, journal=rows))

    said = asked(change=garbled)
    assert said.answer == "unknown"
    assert "does not say which mode it sets" in said.explanation
