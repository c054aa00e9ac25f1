"""The check of the end of a settlement day: everything accepted is final, positions agree, closed in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from holdfast.checks.case import Case, Said, without_ledger, worst
from holdfast.checks.words import count, duration, money, some
from holdfast.evidence.events import DayScheduled
from holdfast.state.exercise import Recorded
from holdfast.state.history import LEDGER, RECORDS, Ledger
from holdfast.state.rows import BusinessDay, Instruction, Position

TOO_LATE = "after-cut-off"
"""The rule by which a ledger rejects what reaches it after the cut-off."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def day_completed(case: Case) -> Said:
    """Ask whether each day that had to closed by its deadline, every instruction final and every position agreed."""
    days, ledger = case.exercise.days, case.history.ledger
    if not days:
        text = "No settlement day was laid on the clock of this run."
        return Said("unknown", "no day scheduled", text, case.cite(LEDGER, RECORDS))
    if ledger is None:
        return without_ledger(case)
    said = [_one_day(case, ledger, scheduled) for scheduled in days]
    if case.scenario.days == 1:
        return said[0]
    return _all_days(case, said)


def _all_days(case: Case, said: Sequence[Said]) -> Said:
    """Return one answer for several days, and how each of them ended."""
    wanted, evidence = case.scenario.days, tuple(seq for each in said for seq in each.evidence)
    closed = sum(each.answer == "held" for each in said)
    measured = f"{closed} of {count(wanted, 'day')} completed"
    numbers = [scheduled.event.day for scheduled in case.exercise.days]
    text = " ".join(f"Day {number}: {each.explanation}" for number, each in zip(numbers, said, strict=True))
    answer = worst(tuple(each.answer for each in said))
    if len(said) < wanted:
        text += f" Only {len(said)} of {count(wanted, 'day')} began: the one after was never laid on the clock."
        # A day that did not begin because the one before it did not complete is that one's failure, not a gap.
        answer = worst((answer, "unknown"))
    return Said(answer, measured, text, evidence)


def _one_day(case: Case, ledger: Ledger, scheduled: Recorded[DayScheduled]) -> Said:
    """Return how one day ended."""
    evidence = (*case.cite(LEDGER, RECORDS), scheduled.seq)
    number = scheduled.event.day
    day = next((day for day in ledger.days if day.day == number), None)
    if day is None or day.closed_us is None:
        text = "The ledger does not know the day that was scheduled." if day is None else "The day was never closed."
        return Said("broken", "not closed", text, evidence)
    margin_us = scheduled.event.close_by.utc_us - day.closed_us
    closed = f"closed at {clock_time(day.closed_us)} UTC"
    early = day.closed_us < scheduled.event.cut_off.utc_us
    problems = [
        *(["it was closed before the cut-off that was scheduled"] if early else []),
        *_late(margin_us, day),
        *_open_ends(ledger, number),
        *_disagreements(case, ledger, number),
    ]
    if problems:
        more = f", and {len(problems) - 1:,} more" if len(problems) > 1 else ""
        return Said("broken", closed, f"The day is not complete: {problems[0]}{more}.", evidence)
    why = case.history.why(RECORDS)
    if why:
        return Said("unknown", closed, f"The banks' own positions could not all be compared: {why}.", evidence)
    final = [row for row in ledger.instructions if row.day == number]
    settled = sum(row.status == "settled" for row in final)
    text = (
        f"Closed {duration(margin_us)} before its deadline: {settled:,} settled, {len(final) - settled:,} rejected by"
        f" rule{_rules(final)}, and all {count(len(ledger.accounts), 'position')} confirmed, what each bank sent as in"
        " its own record."
    )
    missed = missed_cut_off(case, number)
    if missed:
        text += f" {count(missed, 'instruction')} offered before the cut-off came too late for it."
    return Said("held", closed, text, evidence)


def _rules(final: Sequence[Instruction]) -> str:
    """Return by which rules instructions of a day were rejected, and how many by each."""
    reasons = Counter(row.reason for row in final if row.status == "rejected")
    told = ", ".join(f"{reason} {many:,}" for reason, many in sorted(reasons.items(), key=lambda each: str(each[0])))
    return f" ({told})" if told else ""


def missed_cut_off(case: Case, number: int) -> int:
    """Return how many instructions were offered before a day's cut-off and taken only after it, or never.

    They are of a later day, or were rejected as too late: the day can be complete without them.
    """
    ledger = case.history.ledger
    day = next((day for day in ledger.days if day.day == number), None) if ledger else None
    if ledger is None or day is None:
        return 0
    in_time = {row.key for row in ledger.instructions if row.day <= number and row.reason != TOO_LATE}
    missed = 0
    for record in case.history.records.values():
        ahead_us = record.clock.utc_us - record.clock.mono_us
        keys = (o.offer.key for o in record.operations if o.offer.t_us + ahead_us < day.cut_off_us)
        missed += sum(key not in in_time for key in keys)
    return missed


def close_by(case: Case) -> str:
    """Return the deadline in words, or both of several days."""
    deadlines = [clock_time(scheduled.event.close_by.utc_us) for scheduled in case.exercise.days]
    return f"close by {' and '.join(deadlines)} UTC" if deadlines else "close by the deadline"


def clock_time(utc_us: int) -> str:
    """Return a UTC instant as ``09:41:07.250``; one that no calendar holds as its microseconds."""
    try:
        return f"{_EPOCH + timedelta(microseconds=utc_us):%H:%M:%S.%f}"[:-3]
    except OverflowError:
        return f"{utc_us} µs"


def _late(margin_us: int, day: BusinessDay) -> Iterator[str]:
    """Yield a close after the deadline, or before the cut-off that the ledger itself had."""
    if margin_us < 0:
        yield f"it was closed {duration(-margin_us)} after its deadline"
    if day.closed_us is not None and day.closed_us < day.cut_off_us:
        yield "it was closed before its cut-off"


def _open_ends(ledger: Ledger, number: int) -> Iterator[str]:
    """Yield instructions of the day that are neither settled nor rejected by a rule that is named."""
    queued = {row.key for row in ledger.instructions if row.day == number and row.status == "queued"}
    if queued:
        yield f"{count(len(queued), 'accepted instruction')} still queued ({some(queued)})"
    bare = {row.key for row in ledger.instructions if row.day == number and row.status == "rejected" and not row.reason}
    if bare:
        yield f"{count(len(bare), 'instruction')} rejected without a rule ({some(bare)})"


def _disagreements(case: Case, ledger: Ledger, number: int) -> Iterator[str]:
    """Yield positions that are absent, unconfirmed, or not what the bank's own record gives."""
    positions = {position.participant: position for position in ledger.positions if position.day == number}
    for account in ledger.accounts:
        bank = account.participant
        position = positions.get(bank)
        if position is None:
            yield f"{bank} has no position"
            continue
        if not position.confirmed:
            yield f"{bank} did not confirm its position"
        if position.closing_cents != position.opening_cents + position.credits_cents - position.debits_cents:
            yield f"the position of {bank} does not add up"
        yield from _against_own_record(case, ledger, position)


def _against_own_record(case: Case, ledger: Ledger, position: Position) -> Iterator[str]:
    """Yield where the bank's own record gives another position; one that is absent or not whole is told elsewhere."""
    bank = position.participant
    record = case.history.records.get(bank)
    if record is None or not record.ended:
        return
    seen = [p for p in record.positions if p.day == position.day]
    if not seen or not seen[-1].agrees or not seen[-1].confirmed:
        yield f"{bank} never agreed to its position"
    elif (seen[-1].opening_cents, seen[-1].debits_cents, seen[-1].credits_cents, seen[-1].closing_cents) != (
        position.opening_cents,
        position.debits_cents,
        position.credits_cents,
        position.closing_cents,
    ):
        yield f"{bank} confirmed another position than the ledger holds"
    other_days = {row.key for row in ledger.instructions if row.sender == bank and row.day != position.day}
    own_cents = sum(
        operation.offer.amount_cents
        for operation in record.operations
        if operation.outcome == "settled" and operation.offer.key not in other_days
    )
    if own_cents != position.debits_cents:
        yield f"{bank} saw {money(own_cents)} of its own settled, its position says {money(position.debits_cents)}"
