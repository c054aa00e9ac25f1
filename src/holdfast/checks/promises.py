"""Checks of what was promised: the participants' own records against the ledger, both ways."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from holdfast.checks.case import Case, Said, without_ledger
from holdfast.checks.words import count, declared, money, some
from holdfast.state.history import LEDGER, RECORDS, Ledger, Operation
from holdfast.state.rows import Instruction
from holdfast.state.service import NoTimeline

_SETTLED_ENTRIES = 2


@dataclass(frozen=True, slots=True)
class Promises:
    """Every acknowledged instruction, and those whose promise the ledger does not keep."""

    acknowledged: int
    acknowledged_cents: int
    lost: tuple[Operation, ...]  # not in the ledger at all
    altered: tuple[Operation, ...]  # there with other content, or with an outcome that contradicts what was said

    @property
    def lost_cents(self) -> int:
        """The value of what was acknowledged and is gone."""
        return sum(operation.offer.amount_cents for operation in self.lost)


def by_key(ledger: Ledger) -> Mapping[str, tuple[Instruction, ...]]:
    """Return the ledger's instructions by key; more than one to a key is for a check to find."""
    found: dict[str, list[Instruction]] = defaultdict(list)
    for instruction in ledger.instructions:
        found[instruction.key].append(instruction)
    return {key: tuple(instructions) for key, instructions in found.items()}


def promises(case: Case) -> Promises | None:
    """Return how the ledger keeps what participants were told, or ``None`` without a ledger."""
    if case.history.ledger is None:
        return None
    there = by_key(case.history.ledger)
    acknowledged = [operation for operation in case.operations.values() if operation.acknowledged]
    lost = [operation for operation in acknowledged if operation.offer.key not in there]
    altered = [
        operation
        for operation in acknowledged
        if operation.offer.key in there and not any(_keeps(operation, row) for row in there[operation.offer.key])
    ]
    value = sum(operation.offer.amount_cents for operation in acknowledged)
    return Promises(len(acknowledged), value, tuple(lost), tuple(altered))


def recovery_point_us(case: Case) -> int | None:
    """Return how far before the disruption the last consistent recovered instant lies, or ``None`` if unknown.

    Nothing lost is 0. Otherwise the time from the first acknowledgement that was lost to the disruption (to the
    injection where clients saw none); an acknowledgement lost after that moment adds nothing to it, it is counted.
    """
    kept = promises(case)
    if kept is None or case.history.why(RECORDS):
        return None
    if not kept.lost:
        return 0
    if isinstance(case.observed, NoTimeline) or case.injected_us is None:
        return None
    disrupted_us = case.interruptions[0].disrupted_us if case.interruptions else case.injected_us
    return max(0, disrupted_us - min(_acknowledged_us(operation) for operation in kept.lost))


def nothing_acknowledged_lost(case: Case) -> Said:
    """Ask whether everything that was acknowledged is in the ledger, with that content and a consistent outcome."""
    evidence = case.cite(RECORDS, LEDGER)
    kept = promises(case)
    if kept is None:
        return without_ledger(case)
    measured = f"{len(kept.lost):,} lost of {kept.acknowledged:,}"
    if kept.altered:
        keys = some([operation.offer.key for operation in kept.altered])
        measured += f", {len(kept.altered):,} altered"
        text = "In the ledger with other content, or with an outcome that contradicts what was acknowledged:"
        told = f"{text} {count(len(kept.altered), 'instruction')} ({keys})."
        return Said("broken", measured, told, evidence)
    if kept.lost and not _within_rpo(case, kept):
        keys = some([operation.offer.key for operation in kept.lost])
        text = f"{count(len(kept.lost), 'instruction')} worth {money(kept.lost_cents)} had been acknowledged and"
        verb = "is" if len(kept.lost) == 1 else "are"
        return Said("broken", measured, f"{text} {verb} not in the ledger: {keys}.", evidence)
    why = case.history.why(RECORDS)
    if why:
        return Said("unknown", measured, f"Not every participant's record could be read: {why}.", evidence)
    if kept.lost:
        text = f"Gone, as the RPO allows: {count(len(kept.lost), 'instruction')} acknowledged within the loss window."
        return Said("held", measured, text, evidence)
    if not kept.acknowledged:
        return Said("unknown", measured, "Nothing was acknowledged, so nothing could be lost.", evidence)
    text = f"Every one of {count(kept.acknowledged, 'acknowledged instruction')} worth {money(kept.acknowledged_cents)}"
    return Said("held", measured, f"{text} is in the ledger as it was acknowledged.", evidence)


def loss_bound(case: Case) -> str:
    """Return the recovery point objective in words."""
    return f"RPO {declared(case.service.rpo_ms)}"


def duplicated(ledger: Ledger) -> frozenset[str]:
    """Return the keys that are in the ledger, or were settled, more than once."""
    rows = Counter(instruction.key for instruction in ledger.instructions)
    entries = Counter(entry.key for entry in ledger.entries)
    sides = Counter((entry.key, entry.participant) for entry in ledger.entries)
    settled = Counter(row.key for row in ledger.journal if row.kind == "settle" and row.key is not None)
    return frozenset(
        {key for key, number in rows.items() if number > 1}
        | {key for key, number in entries.items() if number > _SETTLED_ENTRIES}
        | {key for (key, _), number in sides.items() if number > 1}
        | {key for key, number in settled.items() if number > 1}
    )


def nothing_duplicated(case: Case) -> Said:
    """Ask whether every instruction is in the ledger once and was settled at most once."""
    evidence = case.cite(LEDGER)
    ledger = case.history.ledger
    if ledger is None:
        return without_ledger(case)
    twice, rows = duplicated(ledger), len(ledger.instructions)
    measured = f"{len(twice):,} of {rows:,}"
    if twice:
        text = f"{count(len(twice), 'instruction')} entered or settled more than once: {some(twice)}."
        return Said("broken", measured, text, evidence)
    text = f"Retries with the same key never settled twice: {count(rows, 'instruction')}, each once."
    return Said("held", measured, text, evidence)


def phantoms(case: Case, ledger: Ledger) -> tuple[frozenset[str], int]:
    """Return the keys that nobody sent as they stand there, and how many name a sender without a whole record."""
    phantom, undecided = set(), 0
    unreadable = any(name.startswith(RECORDS) for name in case.history.problems)
    whole = {bank for bank, record in case.history.records.items() if record.ended}
    for row in ledger.instructions:
        operation = case.operations.get((row.sender, row.key))
        if operation is not None and _same(operation, row):
            continue
        if operation is None and row.sender not in whole and unreadable:
            undecided += 1
        else:
            phantom.add(row.key)
    return frozenset(phantom), undecided


def no_phantom(case: Case) -> Said:
    """Ask whether everything in the ledger was offered by its sender, with that content."""
    evidence = case.cite(RECORDS, LEDGER)
    ledger = case.history.ledger
    if ledger is None:
        return without_ledger(case)
    phantom, undecided = phantoms(case, ledger)
    measured = f"{len(phantom):,} of {len(ledger.instructions):,}"
    if phantom:
        text = "In the ledger, and never sent by the participant that it names, or not with this content:"
        return Said("broken", measured, f"{text} {count(len(phantom), 'instruction')} ({some(phantom)}).", evidence)
    if undecided:
        why = case.history.why(RECORDS)
        text = f"The senders of {count(undecided, 'instruction')} could not be asked: {why}."
        return Said("unknown", measured, text, evidence)
    return Said("held", measured, "Everything in the ledger was sent by the participant that it names.", evidence)


def _same(operation: Operation, row: Instruction) -> bool:
    """Return whether a row of the ledger has the content that was offered."""
    offer = operation.offer
    content = (operation.bank, offer.to, offer.amount_cents, offer.priority)
    return content == (row.sender, row.receiver, row.amount_cents, row.priority)


def _keeps(operation: Operation, row: Instruction) -> bool:
    """Return whether a row of the ledger is what its sender was told: a queued one may be anything later."""
    told = {answer.status for answer in operation.answers if answer.definite}
    told |= {update.status for update in operation.updates}
    return _same(operation, row) and told <= {"queued", row.status}


def _acknowledged_us(operation: Operation) -> int:
    """Return when an instruction was acknowledged."""
    return operation.acknowledged.t_us if operation.acknowledged else operation.offer.t_us


def _within_rpo(case: Case, kept: Promises) -> bool:
    """Return whether all that is lost was acknowledged in the window before the disruption that the RPO gives up."""
    if isinstance(case.observed, NoTimeline) or not case.interruptions:
        return False
    disrupted_us = case.interruptions[0].disrupted_us
    since_us = disrupted_us - case.service.rpo_ms * 1_000
    return all(since_us <= _acknowledged_us(operation) < disrupted_us for operation in kept.lost)
