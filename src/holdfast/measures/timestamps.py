"""The instants of an exercise, in the order of the field's own list; those that do not apply say why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.checks.case import Case
from holdfast.checks.service import notice
from holdfast.checks.words import count
from holdfast.evidence.events import DayScheduled, Instant
from holdfast.state.exercise import Recorded
from holdfast.state.history import ALARMS, LEDGER, RECORDS
from holdfast.state.service import Interruption, NoTimeline

_AUTOMATIC = "Not applicable here: the failover is automatic, nobody had to {}."
_NO_TRUST_LOST = "Not applicable here: nothing was compromised, so trust was never lost."


@dataclass(frozen=True, slots=True)
class Timestamp:
    """One instant on the exercise's clock, µs monotonic and UTC; ``None`` when it did not happen or cannot be told.

    ``source`` says where it was read, ``note`` what it was, or why there is none. ``bounds_us`` are the earliest and
    the latest that it can have been, where it is not known exactly.
    """

    name: str
    label: str
    mono_us: int | None
    utc_us: int | None
    source: str
    note: str
    evidence: tuple[int, ...]
    bounds_us: tuple[int, int] | None = None


def timestamps(case: Case) -> tuple[Timestamp, ...]:
    """Return every timestamp that the design names, in its order."""
    return (
        *_of_the_fault(case),
        *_of_the_service(case),
        _detected(case),
        *_not_here(case),
        *_of_the_recovery(case),
        *_of_the_day(case),
        *_of_the_clean_up(case),
        *_of_the_way_back(case),
        _absent("stood-down", "Stood down", "Not applicable here: nobody was called up."),
    )


def principal(case: Case) -> Interruption | None:
    """Return the disruption that the clocks speak of: the longest one, the first of equals."""
    return max(case.interruptions, key=case.lasted_us, default=None)


def backlog_cleared_us(case: Case) -> int | None:
    """Return when the last instruction offered during the principal disruption got a definite answer.

    ``None`` without a restored disruption, or when one never got an answer.
    """
    disruption = principal(case)
    if disruption is None or disruption.restored_us is None:
        return None
    waiting = [
        operation.acknowledged
        for operation in case.operations.values()
        if disruption.disrupted_us <= operation.offer.t_us < disruption.restored_us
    ]
    answered = [answer.t_us for answer in waiting if answer is not None]
    return max(disruption.restored_us, *answered) if waiting and len(answered) == len(waiting) else None


def _at(case: Case, mono_us: int | None) -> int | None:
    """Return UTC for a monotonic time of the participants' clock."""
    if mono_us is None or isinstance(case.timeline, NoTimeline):
        return None
    return mono_us + case.timeline.utc_minus_mono_us


def _absent(name: str, label: str, why: str, evidence: tuple[int, ...] = ()) -> Timestamp:
    return Timestamp(name, label, None, None, "", why, evidence)


def _event(name: str, label: str, occurred: Instant, source: str, note: str, seq: int) -> Timestamp:
    return Timestamp(name, label, occurred.mono_us, occurred.utc_us, source, note, (seq,))


def _of_the_fault(case: Case) -> tuple[Timestamp, ...]:
    found = []
    for number, fault in enumerate(case.effective):
        intended, effect = fault.intended.event, fault.effect
        if effect is None:
            continue
        what = f"{intended.name} on {intended.target}"
        suffix = f"-{number + 1}" if number else ""
        evidence = (fault.intended.seq, effect.seq)
        injected, seen = effect.event.injected, effect.event.occurred
        found += [
            Timestamp(f"occurred{suffix}", "Occurred", injected.mono_us, injected.utc_us, "drill", what, evidence),
            _event(f"effect-seen{suffix}", "Effect seen", seen, "efficacy probe", effect.event.observed, effect.seq),
        ]
    return tuple(found) or (_absent("occurred", "Occurred", "No fault was shown to have taken effect."),)


def _never_seen(case: Case) -> str:
    """Return why there is no disruption: clients saw none, or nobody asked for anything for long enough to see one."""
    unknown = case.imported is None and case.unwatched
    return f"Not known: {unknown}." if unknown else "Clients never saw it disrupted."


def _of_the_service(case: Case) -> tuple[Timestamp, ...]:
    label = "Service disrupted"
    if isinstance(case.observed, NoTimeline):
        return (_absent("service-disrupted", label, f"Not known: {case.observed.why}.", case.cite(RECORDS)),)
    disruption = principal(case)
    if disruption is None:
        return (_absent("service-disrupted", label, _never_seen(case), case.cite(RECORDS)),)
    note = "First instruction that was not served in time"
    if case.injected_us is not None and disruption.disrupted_us < case.injected_us:
        note += "; it was under way when the fault struck"
    many = len(case.interruptions)
    note += f" (the longest of {count(many, 'interruption')})" if many > 1 else ""
    at_us = disruption.disrupted_us
    return (
        Timestamp(
            "service-disrupted", label, at_us, _at(case, at_us), "participants' records", note, case.cite(RECORDS)
        ),
    )


def _detected(case: Case) -> Timestamp:
    noticed = notice(case)
    if noticed is None:
        return _absent("detected", "Detected", "Nobody raised an alarm.", case.cite(ALARMS))
    note = f"{noticed.by}: {noticed.detail}" if noticed.detail else noticed.by
    return Timestamp(
        "detected", "Detected", noticed.at_us, _at(case, noticed.at_us), "participants' alarm", note, noticed.evidence
    )


def _declared(case: Case) -> Timestamp:
    """Return when a disaster was declared; one that the drill simulated says so."""
    made = case.exercise.declared
    if made is None:
        who = case.scenario.declaration
        why = f"{who.by} did not declare." if who else _AUTOMATIC.format("declare")
        return _absent("declared", "Declared", why)
    note = f"{made.event.by}, simulated: nobody attended" if made.event.simulated else made.event.by
    return _event(
        "declared", "Declared", made.event.occurred, "drill" if made.event.simulated else "person", note, made.seq
    )


def _modes(case: Case) -> tuple[Timestamp, ...]:
    """Return when each mode that the service was put in was decided, and whether the drill did in a role's place."""
    return tuple(
        _event(
            f"mode-{number}",
            f"Mode {made.event.mode} decided",
            made.event.occurred,
            "drill" if made.event.simulated else "person",
            f"{made.event.by}{', simulated: nobody attended' if made.event.simulated else ''}",
            made.seq,
        )
        for number, made in enumerate(case.exercise.modes, start=1)
    )


def _not_here(case: Case) -> tuple[Timestamp, ...]:
    return (
        _absent("classified", "Classified", _AUTOMATIC.format("classify the incident")),
        _declared(case),
        *_modes(case),
        _absent("contained", "Contained", _NO_TRUST_LOST),
        _absent("eradicated", "Eradicated", _NO_TRUST_LOST),
        _absent("rebuilt", "Rebuilt", "Not applicable here: a surviving copy served, nothing was rebuilt from backup."),
        _absent("verified", "Verified", _NO_TRUST_LOST + " The ledger was audited after the run."),
    )


def _of_the_recovery(case: Case) -> tuple[Timestamp, ...]:
    disruption = principal(case)
    evidence = case.cite(RECORDS)
    restored_us, full_us = (disruption.restored_us, disruption.full_us) if disruption else (None, None)
    rows: tuple[tuple[str, str, int | None, str], ...] = (
        ("minimum-service", "Minimum service", restored_us, "The first good window begins"),
        ("reconnected", "Reconnected", _last_reconnected_us(case), _reconnections(case)),
        (
            "full-service",
            "Full service",
            full_us,
            "First window with every instruction served",
        ),
        ("backlog-cleared", "Backlog cleared", backlog_cleared_us(case), "Last instruction of the outage answered"),
    )
    why = "Not before the observation ended." if disruption else _never_seen(case)
    if isinstance(case.observed, NoTimeline):
        why = f"Not known: {case.observed.why}."
    return tuple(
        _absent(name, label, why, evidence)
        if at_us is None
        else Timestamp(name, label, at_us, _at(case, at_us), "participants' records", note, evidence)
        for name, label, at_us, note in rows
    )


def reconnections(case: Case) -> dict[str, int | None]:
    """Return when each participant that lost the service in the principal disruption had it back, by participant."""
    disruption = principal(case)
    if disruption is None or isinstance(case.observed, NoTimeline):
        return {}
    end_us = disruption.restored_us if disruption.restored_us is not None else case.observed.end_us
    found: dict[str, int | None] = {}
    for bank, interruptions in case.observed.participants.items():
        own = [
            i
            for i in interruptions
            if i.disrupted_us <= end_us and (i.restored_us is None or i.restored_us > disruption.disrupted_us)
        ]
        if own:
            found[bank] = own[-1].restored_us
    return found


def _last_reconnected_us(case: Case) -> int | None:
    times = [at_us for at_us in reconnections(case).values() if at_us is not None]
    return max(times) if times and len(times) == len(reconnections(case)) else None


def _reconnections(case: Case) -> str:
    times = {bank: at_us for bank, at_us in reconnections(case).items() if at_us is not None}
    if not times:
        return "No participant"
    first, last = min(times, key=lambda b: (times[b], b)), max(times, key=lambda b: (times[b], b))
    return f"The last of {count(len(times), 'participant')} ({last}); the first was {first}"


def _of_the_day(case: Case) -> tuple[Timestamp, ...]:
    if not case.exercise.days:
        return (_absent("day-closed", "Day closed", "Not applicable here: no settlement day was rehearsed."),)
    return tuple(
        row
        for number, scheduled in enumerate(case.exercise.days, start=1)
        for row in _of_one_day(case, scheduled, number)
    )


def _of_one_day(case: Case, scheduled: Recorded[DayScheduled], number: int) -> Iterator[Timestamp]:
    """Yield the instants of one day; those after the struck one say in their names which it is."""
    event = scheduled.event
    suffix, of = ("", "") if number == 1 else (f"-{number}", f", day {number}")
    offset_us = event.cut_off.utc_us - event.cut_off.mono_us
    if event.opens is not None:
        yield _event(f"opens{suffix}", f"Opening{of}", event.opens, "schedule", f"Of day {event.day}", scheduled.seq)
    yield _event(f"cut-off{suffix}", f"Cut-off{of}", event.cut_off, "schedule", f"Of day {event.day}", scheduled.seq)
    ledger = case.history.ledger
    day = next((d for d in ledger.days if d.day == event.day), None) if ledger else None
    if day is None or day.closed_us is None:
        why = "It was never closed." if ledger else "Not known: the ledger could not be read."
        yield _absent(f"day-closed{suffix}", f"Day closed{of}", why, case.cite(LEDGER))
    else:
        closed = Instant(day.closed_us, day.closed_us - offset_us, event.cut_off.clock_id)
        note, name, label = "By the ledger's own clock", f"day-closed{suffix}", f"Day closed{of}"
        yield Timestamp(name, label, closed.mono_us, closed.utc_us, "ledger", note, case.cite(LEDGER))
    deadline = f"Close deadline{of}"
    yield _event(f"close-by{suffix}", deadline, event.close_by, "schedule", f"Of day {event.day}", scheduled.seq)


def _of_the_way_back(case: Case) -> tuple[Timestamp, ...]:
    recorded = case.exercise.failed_back
    if recorded is None:
        return ()
    event, label = recorded.event, "Failed back"
    if not event.done:
        return (_absent("failed-back", label, f"It was not done: {event.observed}.", (recorded.seq,)),)
    return (_event("failed-back", label, event.occurred, "readiness reading", event.observed, recorded.seq),)


def _clocks(case: Case) -> frozenset[str]:
    """Return the clocks that the faults were injected on: differences are taken within one only."""
    intended = (fault.intended.event.occurred for fault in case.exercise.faults)
    return frozenset(instant.clock_id for instant in intended)


def _of_the_clean_up(case: Case) -> tuple[Timestamp, ...]:
    undone = [fault.undone for fault in case.exercise.faults if fault.undone]
    last = max(undone, key=lambda undo: undo.seq, default=None)
    rearmed = case.exercise.rearmed
    rows = []
    if last is None:
        rows.append(_absent("undone", "Fault undone", "Nothing shows that it was."))
    elif last.event.occurred.clock_id not in _clocks(case):
        why = f"A later start undid it after a reboot, on another clock: {last.event.observed}."
        rows.append(_absent("undone", "Fault undone", why, (last.seq,)))
    else:
        by = {"runner": "drill", "guard": "guard", "later-start": "a later start"}[last.event.by]
        rows.append(_event("undone", "Fault undone", last.event.occurred, by, last.event.observed, last.seq))
    if rearmed is None or not rearmed.event.ready:
        seqs = (rearmed.seq,) if rearmed else ()
        rows.append(_absent("re-armed", "Re-armed", "The target was not shown to be ready again.", seqs))
    else:
        note = "As ready as before"
        rows.append(_event("re-armed", "Re-armed", rearmed.event.occurred, "readiness reading", note, rearmed.seq))
    return tuple(rows)
