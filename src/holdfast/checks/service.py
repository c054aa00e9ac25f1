"""Checks of what clients saw: restored in time, within tolerance, and noticed."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.checks.case import Case, Said
from holdfast.checks.words import count, declared, duration
from holdfast.model.types import Service
from holdfast.state.exercise import FaultRecord
from holdfast.state.history import ALARMS, LEDGER, RECORDS
from holdfast.state.service import Interruption, NoTimeline


@dataclass(frozen=True, slots=True)
class Noticed:
    """When somebody who did not know of the injection raised the alarm, on the faults' clock, and where it is told."""

    at_us: int
    by: str
    detail: str
    evidence: tuple[int, ...]


def restored_within_rto(case: Case) -> Said:
    """Ask whether every disruption ended within the RTO, by a recovery and not by the fault's being undone."""
    evidence = (*case.cite(RECORDS), *_effects(case))
    if isinstance(case.observed, NoTimeline):
        return Said("unknown", "not measured", f"The recovery time is not known: {case.observed.why}.", evidence)
    if not case.interruptions and case.unwatched:
        return Said("unknown", "not measured", f"The recovery time is not known: {case.unwatched}.", evidence)
    if not case.interruptions:
        if case.observed.sampled_every_us:
            apart = declared(case.observed.sampled_every_us // 1_000)
            text = f"Each of {count(case.observed.offered, 'sample')} was good, and none is missing; they are {apart}"
            return Said("held", f"less than {apart}", f"{text} apart, and what was shorter was not seen.", evidence)
        served = f"{case.observed.served:,} of {case.observed.offered:,} instructions offered were served in time"
        return Said("held", "0 s", f"Clients never saw the service interrupted: {served}.", evidence)
    longest = max(case.interruptions, key=case.lasted_us)
    measured, rto = case.lasted_us(longest), declared(case.service.rto_ms)
    many = f", the longest of {count(len(case.interruptions), 'interruption')}" if len(case.interruptions) > 1 else ""
    open_end = [i for i in case.interruptions if i.restored_us is None]
    shown = case.extent(longest)
    if measured > case.service.rto_ms * 1_000:
        text = f"The service was disrupted for {shown}{many}; the objective is {rto}."
        return Said("broken", shown, text, evidence)
    if open_end:
        since = duration(case.lasted_us(open_end[-1]))
        text = f"The service had not come back when the observation ended, {since} into the disruption."
        return Said("unknown", shown, text, evidence)
    if case.unwatched:
        return Said("unknown", shown, f"Whether it was the only disruption is not known: {case.unwatched}.", evidence)
    healed = _healed_by_undo(case)
    if healed:
        text = (
            f"The service came back after {duration(case.lasted_us(healed))}, but only once the fault had been undone:"
        )
        return Said("unknown", shown, f"{text} this run shows no recovery of its own.", evidence)
    if longest.surely_us is not None:
        every = declared((case.observed.sampled_every_us or 0) // 1_000)
        text = f"The service was disrupted for {shown}{many}: it was sampled every {every}, and the longer is judged."
        return Said("held", shown, text, evidence)
    text = f"The service was disrupted for {shown}{many}: from the first instruction that was not served until its"
    return Said("held", shown, f"{text} indicator was met again.", evidence)


def within_tolerance(case: Case) -> Said:
    """Ask whether all disruptions together, and the end of the day where it was rehearsed, stayed in the tolerance."""
    evidence = (*case.cite(RECORDS, LEDGER), *_effects(case))
    limit = case.service.impact_tolerance
    closing = _closing(case)
    if closing == "late":
        return Said("broken", "day not closed in time", "The settlement day was not closed by its deadline.", evidence)
    if isinstance(case.observed, NoTimeline):
        return Said("unknown", "not measured", f"The time lost is not known: {case.observed.why}.", evidence)
    total = sum(case.lasted_us(interruption) for interruption in case.interruptions)
    open_end = any(interruption.restored_us is None for interruption in case.interruptions)
    sampled = any(interruption.surely_us for interruption in case.interruptions)
    shown = ("more than " if open_end else "up to " if sampled else "") + duration(total)
    consumed = f"{total / limit.duration_ms / 10:.1f} % of it" if limit.duration_ms else "all of it"
    if total > limit.duration_ms * 1_000:
        return Said("broken", shown, f"All interruptions together lasted {shown}: beyond the tolerance.", evidence)
    if open_end:
        return Said("unknown", shown, "The service was still disrupted when the observation ended.", evidence)
    if case.unwatched:
        return Said("unknown", shown, f"Whether more time was lost is not known: {case.unwatched}.", evidence)
    if closing == "unknown":
        text = "Time lost stayed within the tolerance, but whether the day closed in time is not known."
        return Said("unknown", shown, text, evidence)
    text = f"All interruptions together lasted {shown}: {consumed}." if total else "No time was lost."
    if limit.end_of_day and case.exercise.day is None:
        text += f" The end of the settlement day was not part of this {'drill' if case.imported is None else 'test'}."
    elif closing == "in time":
        text += " The settlement day closed by its deadline."
    return Said("held", shown, text, evidence)


def tolerance_bound(case: Case) -> str:
    """Return the impact tolerance in words."""
    limit = case.service.impact_tolerance
    return f"{declared(limit.duration_ms)}{' and end of day' if limit.end_of_day else ''}"


def detected(case: Case) -> Said:
    """Ask whether an alarm that does not know of the drill noticed a disruption that clients saw."""
    evidence = (*case.cite(ALARMS, RECORDS), *(alarm.seq for alarm in case.exercise.alarms), *_effects(case))
    if isinstance(case.observed, NoTimeline) or case.injected_us is None:
        reason = case.observed.why if isinstance(case.observed, NoTimeline) else "no fault took effect"
        return Said("unknown", "not measured", f"Whether it was noticed is not known: {reason}.", evidence)
    if raised_before(case):
        text = "The alarm was up already when the fault was injected, so it says nothing about this fault."
        return Said("unknown", "not measured", text, evidence)
    noticed = notice(case)
    if noticed:
        after = duration(noticed.at_us - case.injected_us)
        text = f"{noticed.by} raised the alarm {after} after the fault, from what clients saw alone."
        return Said("held", after, text, (*noticed.evidence, *_effects(case)))
    why = case.history.why(ALARMS)
    if why:
        return Said(
            "unknown", "not measured", f"No alarm is on record, but the alarms are incomplete: {why}.", evidence
        )
    watched = duration(case.observed.end_us - case.injected_us)
    if not case.interruptions and case.unwatched:
        text = f"Whether there was anything to notice is not known: {case.unwatched}."
        return Said("unknown", f"none in {watched}", text, evidence)
    if not case.interruptions:
        text = f"Clients saw no disruption and no alarm was due. The fault itself stayed unnoticed for {watched}, which"
        return Said("held", "nothing to notice", f"{text} is counted among the undetected.", evidence)
    text = f"The service was disrupted for {duration(case.lasted_us(case.interruptions[0]))} and no alarm was"
    return Said("broken", f"none in {watched}", f"{text} raised in {watched}.", evidence)


def notice(case: Case) -> Noticed | None:
    """Return the first alarm raised after the injection, from the log's own events and from the alarms' record."""
    if isinstance(case.observed, NoTimeline) or case.injected_us is None:
        return None
    return min((a for a in _alarms(case) if a.at_us >= case.injected_us), key=lambda a: (a.at_us, a.by), default=None)


def raised_before(case: Case) -> bool:
    """Return whether an alarm was up when the first fault was injected."""
    if case.injected_us is None:
        return False
    changes = [(a.t_us, a.state) for a in case.history.alarms or () if a.service == case.service.name]
    changes += [
        (alarm.event.occurred.mono_us, alarm.event.state)
        for alarm in case.exercise.alarms
        if alarm.event.service == case.service.name
    ]
    before = [state for at_us, state in sorted(changes) if at_us < case.injected_us]
    return bool(before) and before[-1] == "raised"


def _alarms(case: Case) -> tuple[Noticed, ...]:
    """Return every raising of an alarm for this service on the clock of the faults."""
    clock_id = getattr(case.observed, "clock_id", None)
    recorded = [
        Noticed(a.event.occurred.mono_us, a.event.by, a.event.detail, (a.seq,))
        for a in case.exercise.alarms
        if a.event.state == "raised" and a.event.service == case.service.name and a.event.occurred.clock_id == clock_id
    ]
    read = [
        Noticed(a.t_us, a.by, a.detail, case.cite(ALARMS))
        for a in case.history.alarms or ()
        if a.state == "raised" and a.service == case.service.name and a.clock_id == clock_id
    ]
    return (*recorded, *read)


def _effects(case: Case) -> tuple[int, ...]:
    """Return the entries that show that the faults took effect."""
    return tuple(fault.effect.seq for fault in case.effective if fault.effect)


def _healed_by_undo(case: Case) -> Interruption | None:
    """Return a disruption that ended only once a fault was being undone: what restored the service is not shown.

    The recovery time ends where the first good window begins, but what was offered there may have waited: it counts
    as a recovery of its own if anything of that window was answered before the undoing can have begun.
    """
    lifted = [at_us for fault in case.effective if (at_us := _undoing_began_us(case, fault)) is not None]
    return next(
        (
            interruption
            for interruption in case.interruptions
            for at_us in lifted
            if interruption.disrupted_us < at_us <= _first_answer_us(case, interruption)
        ),
        None,
    )


def _first_answer_us(case: Case, interruption: Interruption) -> int:
    """Return when the first instruction of the window that ended a disruption was answered; 0 if none ended it."""
    restored_us = interruption.restored_us
    if restored_us is None:
        return 0
    until_us = restored_us + case.service.measured.window_ms * 1_000
    offered = (o for o in case.operations.values() if restored_us <= o.offer.t_us < until_us)
    return min((o.acknowledged.t_us for o in offered if o.acknowledged), default=restored_us)


def _undoing_began_us(case: Case, fault: FaultRecord) -> int | None:
    """Return the earliest moment at which a fault can have been lifted, or ``None`` if nobody tried to.

    An undoing is recorded when it was verified, which is seconds after it began; it did not begin before the fault had
    been held as long as the scenario declares, unless somebody stopped the exercise.
    """
    if not fault.undos or fault.effect is None:
        return None
    intended, seen = fault.intended.event, fault.effect.event.occurred
    # What a later start did after a reboot is on another clock, and no client was there to see it.
    asked = [*(undo.event.occurred for undo in fault.undos), *(stop.event.occurred for stop in case.exercise.stops)]
    tried_us = [instant.mono_us for instant in asked if instant.clock_id == seen.clock_id]
    held = [
        seen.mono_us + declared_fault.hold_ms * 1_000
        for declared_fault in case.scenario.disruption
        if (declared_fault.name, declared_fault.target) == (intended.name, intended.target)
    ]
    return min([*tried_us, *held], default=None)


def _closing(case: Case) -> str:
    """Return whether the rehearsed day closed in time: ``in time``, ``late``, ``unknown``, or ``not rehearsed``."""
    limit: Service = case.service
    scheduled = case.exercise.day
    if not limit.impact_tolerance.end_of_day or (scheduled is None and case.scenario.time_of_day_min is None):
        return "not rehearsed"
    if scheduled is None:
        return "unknown"
    if case.history.ledger is None:
        return "unknown"
    day = next((d for d in case.history.ledger.days if d.day == scheduled.event.day), None)
    closed_us = day.closed_us if day else None
    if case.imported is not None:
        line = case.imported.milestone("day-closed")
        if line is None:
            return "unknown"
        edges, close_by_us = case.imported.edges(line), scheduled.event.close_by.utc_us
        if edges.earliest_us <= close_by_us < edges.latest_us:
            return "unknown"  # nearer to the deadline than that clock is exact
        return "in time" if edges.latest_us <= close_by_us else "late"
    return "in time" if closed_us is not None and closed_us <= scheduled.event.close_by.utc_us else "late"
