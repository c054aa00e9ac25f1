"""The check of the modes that a service was put in: decided, in force, its minimum kept up, and what waited settled."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from holdfast.checks.case import Case, Said, without_ledger
from holdfast.checks.words import count, declared, duration, share
from holdfast.state.history import LEDGER, RECORDS, Ledger
from holdfast.state.modes import Lesser, ModeSet, lesser_modes, modes_set
from holdfast.state.service import NoTimeline, Timeline, in_mode, served_in_time

HELD_BACK = "held-at-close"
"""The rule by which a ledger rejects, at the close, what its mode held back."""


def bound(case: Case) -> str:
    """Return what a priority instruction has to get in the modes that are set, and within what time."""
    modes = {mode.name: mode for mode in case.service.modes}
    named = [modes[change.mode] for change in case.scenario.set_mode if change.mode in modes]
    wanted = sorted({answer for mode in named for answer in mode.priority_answer}) or case.service.measured.answer
    indicator = case.service.measured
    return f"priority {' or '.join(wanted)} within {declared(indicator.within_ms)}, {share(indicator.participants_ppm)}"


def mode_kept(case: Case) -> Said:
    """Ask whether each mode was decided, then in force, its minimum kept up, and nothing left waiting."""
    ledger, seen = case.history.ledger, case.observed
    evidence = (*case.cite(LEDGER, RECORDS), *(each.seq for each in case.exercise.modes))
    if ledger is None:
        return without_ledger(case)
    changes, lesser = modes_set(ledger), lesser_modes(case.history, case.scenario, case.service)
    if isinstance(changes, str) or isinstance(lesser, str):
        unclear = changes if isinstance(changes, str) else lesser
        return Said("unknown", "not measured", f"What the modes came to is not known: {unclear}.", evidence)
    why = _not_as_decided(case, changes)
    if why:
        return Said("broken", "not as decided", f"{why}.", evidence)
    if isinstance(seen, NoTimeline):
        return Said("unknown", "not measured", f"What clients saw is not known: {seen.why}.", evidence)
    ahead_us = seen.utc_minus_mono_us
    funded, good, poor = _urgent(case, lesser, ahead_us)
    if not funded:
        return Said("unknown", "none offered", "Nobody offered a priority instruction in a lesser mode.", evidence)
    measured = f"{good:,} of {funded:,} funded"
    waited, still = _waited(ledger, changes, lesser)
    told = (
        f"{_in_force(lesser, seen.end_us + ahead_us)}: {good:,} of {count(funded, 'priority instruction')} that"
        f" could be paid got their answer in time; {poor:,} more waited for their sender's own funds. {waited}"
    )
    longest_us = _disrupted_us(case, seen, lesser)
    if longest_us:
        told += f" In a lesser mode the service was disrupted for up to {duration(longest_us)}."
    enough = good * 1_000_000 >= case.service.measured.participants_ppm * funded
    kept = enough and longest_us <= case.service.rides_out_ms * 1_000 and not still
    return Said("held" if kept else "broken", measured, told, evidence)


def _disrupted_us(case: Case, seen: Timeline, lesser: Sequence[Lesser]) -> int:
    """Return how long the longest disruption lasted that clients saw in a lesser mode; 0 if they saw none."""
    ahead_us = seen.utc_minus_mono_us
    return max(
        (
            case.lasted_us(each)
            for each in seen.interruptions
            for mode in lesser
            if each.disrupted_us + ahead_us < (mode.until_utc_us or seen.end_us + ahead_us)
            and (each.restored_us is None or each.restored_us + ahead_us > mode.from_utc_us)
        ),
        default=0,
    )


def _urgent(case: Case, lesser: Sequence[Lesser], ahead_us: int) -> tuple[int, int, int]:
    """Return how many priority instructions could be paid, were answered in time, and could not be paid.

    All of them were offered in a lesser mode; those that could not be paid waited for their sender's own funds.
    """
    urgent = [
        (operation, mode)
        for operation in case.operations.values()
        if operation.offer.priority == "priority" and (mode := in_mode(operation, lesser, ahead_us)) is not None
    ]
    funded = [(operation, mode) for operation, mode in urgent if operation.offer.key not in mode.unfunded]
    good = sum(served_in_time(operation, case.service.measured, mode) for operation, mode in funded)
    return len(funded), good, len(urgent) - len(funded)


def _not_as_decided(case: Case, changes: Sequence[ModeSet]) -> str | None:
    """Return where what the ledger put in force is not what was decided before it, in the scenario's order."""
    wanted = [change.mode for change in case.scenario.set_mode]
    spoken = [each.event for each in case.exercise.modes]
    for number, (mode, said, came) in enumerate(zip_longest(wanted, spoken, changes), start=1):
        if came is None:
            return f"{mode or said.mode} was never in force{'' if said else ': nobody decided it'}"
        if mode is None or came.mode != mode:
            return f"{came.mode} was in force, and {mode or 'no other mode'} was to be set as number {number}"
        if said is None or said.mode != mode or said.occurred.utc_us > came.at_utc_us:
            return f"{mode} was in force before anybody decided it"
    return None


def _in_force(lesser: Sequence[Lesser], end_us: int) -> str:
    """Return which lesser modes were in force, and for how long."""
    told = (
        f"{each.mode} was in force for {duration((each.until_utc_us or end_us) - each.from_utc_us)}" for each in lesser
    )
    return ", ".join(told).capitalize()


def _waited(ledger: Ledger, changes: Sequence[ModeSet], lesser: Sequence[Lesser]) -> tuple[str, int]:
    """Return what became of what was queued in a lesser mode, and how much of it is queued still."""
    lessened = {(each.mode, each.from_utc_us) for each in lesser}
    bounds = [
        (change.seq, changes[number + 1].seq if number + 1 < len(changes) else None)
        for number, change in enumerate(changes)
        if (change.mode, change.at_utc_us) in lessened
    ]
    waited = [
        row
        for row in ledger.instructions
        if row.accepted_seq is not None
        and row.accepted_seq != row.final_seq
        and any(row.accepted_seq > first and (last is None or row.accepted_seq < last) for first, last in bounds)
    ]
    ended = [last for _, last in bounds if last is not None]
    settled = [row for row in waited if row.status == "settled"]
    after = sum(any(last < (row.final_seq or 0) for last in ended) for row in settled)
    held_back = sum(row.reason == HELD_BACK for row in waited)
    still = sum(row.status == "queued" for row in waited)
    became = {
        "settled once it was over": after,
        "settled before": len(settled) - after,
        "rejected at a close because the mode held them back": held_back,
        "rejected for another reason": len(waited) - len(settled) - held_back - still,
        "still queued": still,
    }
    told = ", ".join(f"{many:,} {what}" for what, many in became.items() if many)
    return f"{count(len(waited), 'instruction')} waited{f': {told}' if told else ''}.", still
