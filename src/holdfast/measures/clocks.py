"""The clocks of an exercise: which two instants each lies between, and what it counts. Printed always by name."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from holdfast.checks.case import Case
from holdfast.checks.promises import duplicated, phantoms, promises, recovery_point_us
from holdfast.checks.service import notice, raised_before
from holdfast.checks.words import declared
from holdfast.measures.figure import ALL_COUNTED, ONE_RUN, Figure, Unit, evidence_class
from holdfast.measures.timestamps import Timestamp, principal, reconnections
from holdfast.model.types import Regime
from holdfast.state.history import ALARMS, LEDGER, RECORDS
from holdfast.state.service import NoTimeline


def clocks(case: Case, stamps: tuple[Timestamp, ...], regimes: tuple[Regime, ...]) -> tuple[Figure, ...]:
    """Return every clock; one that could not run carries the reason."""
    at = {stamp.name: stamp for stamp in stamps}
    return (
        _recovery_time(case, at),
        _total(case),
        _silence(case),
        _detection(case, at),
        _repair(case, at),
        _between(case, "execution", "Execution", at, ("declared", "minimum-service"), None),
        _between(case, "full", "Time to full service", at, ("service-disrupted", "full-service"), None),
        _downtime(case, regimes),
        _between(case, "backlog", "Backlog", at, ("minimum-service", "backlog-cleared"), None),
        _reconnection(case),
        _between(case, "exposure", "Without full redundancy", at, ("occurred", "re-armed"), None),
        _between(case, "close-margin", "Margin at close", at, ("day-closed", "close-by"), "above 0 s"),
        *_recovery_point(case),
    )


def _figure(  # noqa: PLR0913 - a figure is a row with that many columns
    case: Case,
    name: str,
    label: str,
    value: int | None,
    formula: str,
    *,
    footnotes: tuple[int, ...],
    unit: Unit = "us",
    bound: str | None = None,
    n: int = 1,
    no_interval: str = ONE_RUN,
    interval: tuple[int, int] | None = None,
    note: str = "",
) -> Figure:
    """Return a figure of this run; without a value it rests on nothing."""
    klass = evidence_class(case.exercise.opened.event)
    return Figure(
        name=name,
        label=label,
        value=value,
        unit=unit,
        formula=formula,
        bound=bound,
        n=n if value is not None else 0,
        interval=interval if value is not None else None,
        no_interval=no_interval if value is not None else "nothing measured",
        evidence_class=klass,
        footnotes=tuple(sorted(set(footnotes))),
        note=note,
    )


def _between(
    case: Case,
    name: str,
    label: str,
    at: Mapping[str, Timestamp],
    ends: tuple[str, str],
    bound: str | None,
) -> Figure:
    """Return the time from one timestamp to another, or which of them there is not."""
    begin, end = (at.get(end) for end in ends)
    formula = " → ".join(at[end].label.lower() if end in at else end for end in ends)
    footnotes = tuple(seq for stamp in (begin, end) if stamp for seq in stamp.evidence)
    for stamp in (begin, end):
        if stamp is None or stamp.mono_us is None:
            note = stamp.note if stamp else "Not applicable here."
            return _figure(case, name, label, None, formula, footnotes=footnotes, bound=bound, note=note)
    if begin is None or end is None or begin.mono_us is None or end.mono_us is None:
        return _figure(case, name, label, None, formula, footnotes=footnotes, bound=bound)
    value = end.mono_us - begin.mono_us
    if case.imported is not None:
        return _figure(case, name, label, value, formula, footnotes=footnotes, bound=bound, interval=_apart(begin, end))
    if name == "execution" and value < 0:
        note = "The service was back before anybody declared: its failover is automatic."
        return _figure(case, name, label, None, formula, footnotes=footnotes, bound=bound, note=note)
    return _figure(case, name, label, value, formula, footnotes=footnotes, bound=bound)


def _apart(begin: Timestamp, end: Timestamp) -> tuple[int, int] | None:
    """Return the least and the most that two instants can be apart, where either is not known exactly."""
    if (begin.bounds_us or end.bounds_us) is None or begin.mono_us is None or end.mono_us is None:
        return None
    first = begin.bounds_us or (begin.mono_us, begin.mono_us)
    last = end.bounds_us or (end.mono_us, end.mono_us)
    return last[0] - first[1], last[1] - first[0]


def _recovery_time(case: Case, at: Mapping[str, Timestamp]) -> Figure:
    bound = f"RTO {declared(case.service.rto_ms)}"
    formula = "service disrupted → minimum service"
    footnotes = (*case.cite(RECORDS), *at["service-disrupted"].evidence)
    label = "RTA, recovery time actual"
    disruption = principal(case)
    if isinstance(case.observed, NoTimeline):
        note = f"{case.observed.why.capitalize()}."
        return _figure(case, "rta", label, None, formula, footnotes=footnotes, bound=bound, note=note)
    if disruption is None and case.imported is None and case.unwatched:
        note = f"Not known: {case.unwatched}."
        return _figure(case, "rta", label, None, formula, footnotes=footnotes, bound=bound, note=note)
    if disruption is None:
        note, interval = "A service that was never interrupted has a recovery time of zero.", None
        if case.observed.sampled_every_us:
            note = "No sample was bad: what was shorter than they are apart was not seen."
            interval = (0, case.observed.sampled_every_us)
        return _figure(case, "rta", label, 0, formula, footnotes=footnotes, bound=bound, interval=interval, note=note)
    if disruption.restored_us is None:
        seen = declared(case.lasted_us(disruption) // 1_000)
        note = f"Not restored while observed, {seen}: censored."
        return _figure(case, "rta", label, None, formula, footnotes=footnotes, bound=bound, note=note)
    many = len(case.interruptions)
    note = f"The longest of {many} interruptions." if many > 1 else ""
    value = case.lasted_us(disruption)
    interval = None
    if disruption.surely_us is not None:
        interval = (disruption.surely_us[1] - disruption.surely_us[0], value)
        note = f"{note} Sampled: the longest that the samples allow is judged.".strip()
    return _figure(case, "rta", label, value, formula, footnotes=footnotes, bound=bound, interval=interval, note=note)


def _total(case: Case) -> Figure:
    since = "" if case.imported is not None else " after the first injection"
    formula = f"sum of every disrupted interval{since}"
    bound = f"tolerance {declared(case.service.impact_tolerance.duration_ms)}"
    footnotes = case.cite(RECORDS)
    label = "Tolerance consumed"
    if isinstance(case.observed, NoTimeline):
        note = f"{case.observed.why.capitalize()}."
        return _figure(case, "disrupted", label, None, formula, footnotes=footnotes, bound=bound, note=note)
    if not case.interruptions and case.imported is None and case.unwatched:
        note = f"Not known: {case.unwatched}."
        return _figure(case, "disrupted", label, None, formula, footnotes=footnotes, bound=bound, note=note)
    total = sum(case.lasted_us(interruption) for interruption in case.interruptions)
    open_end = any(interruption.restored_us is None for interruption in case.interruptions)
    note = "At least: the service was still disrupted when the observation ended." if open_end else ""
    n = len(case.interruptions)
    surely = [interruption.surely_us for interruption in case.interruptions if interruption.surely_us]
    interval = (sum(end - begin for begin, end in surely), total) if surely else None
    return _figure(
        case, "disrupted", label, total, formula, footnotes=footnotes, bound=bound, n=n, interval=interval, note=note
    )


def _silence(case: Case) -> Figure:
    """Return the longest time in which nobody got an acknowledgement; it is not the recovery time, and no better.

    The recovery time ends where the first good window begins, whose first instructions may have waited as long as
    the indicator allows; the silence ends when one of them was answered.
    """
    label, formula = "Longest silence", "longest time between two acknowledgements, of any participant"
    footnotes = case.cite(RECORDS)
    since = case.injected_us
    if isinstance(case.observed, NoTimeline) or since is None:
        return _figure(case, "silence", label, None, formula, footnotes=footnotes, note="Not known.")
    times = sorted(o.acknowledged.t_us for o in case.operations.values() if o.acknowledged)
    last = case.observed.last_offer_us
    pairs = pairwise((case.observed.start_us, *(at_us for at_us in times if at_us <= last), last))
    value = max((end - begin for begin, end in pairs if end >= since), default=0)
    return _figure(case, "silence", label, value, formula, footnotes=footnotes, n=len(times))


def _downtime(case: Case, regimes: tuple[Regime, ...]) -> Figure:
    """Return the downtime by the definition of the regime, which has its own: partly unavailable counts as down.

    Delegated Regulation (EU) 2024/1772, article 3(2): from full or partial unavailability to users until the level of
    service of before the incident is restored.
    """
    label, formula = "Regulatory downtime (DORA)", "sum of every interval in which the service was not fully available"
    footnotes = case.cite(RECORDS)
    if "dora" not in regimes:
        note = "Not applicable here: the model names no regime that defines a downtime of its own."
        return _figure(case, "downtime", "Regulatory downtime", None, formula, footnotes=footnotes, note=note)
    if isinstance(case.observed, NoTimeline) or case.injected_us is None:
        return _figure(case, "downtime", label, None, formula, footnotes=footnotes, note="Not known.")
    down = [i for i in case.observed.intervals if i.state in {"degraded", "disrupted"} and i.end_us > case.injected_us]
    total = sum(interval.end_us - interval.start_us for interval in down)
    return _figure(case, "downtime", label, total, formula, footnotes=footnotes, n=len(down))


def _detection(case: Case, at: Mapping[str, Timestamp]) -> Figure:
    label, formula = "MTTD, time to detect", "occurred → detected"
    if case.imported is not None:
        return _between(case, "mttd", label, at, ("occurred", "detected"), None)
    noticed = None if raised_before(case) else notice(case)
    if noticed is None or case.injected_us is None or isinstance(case.observed, NoTimeline):
        footnotes = at["detected"].evidence
        note = "Nobody noticed: censored, and counted as 1 undetected of 1."
        if case.injected_us is None or isinstance(case.observed, NoTimeline):
            note = "Not known."
        elif raised_before(case):
            note = "Not known: the alarm was up already."
        elif case.history.why(ALARMS):
            note = f"Not known: {case.history.why(ALARMS)}."
        return _figure(case, "mttd", label, None, formula, footnotes=footnotes, note=note)
    footnotes = (*noticed.evidence, *at["occurred"].evidence)
    note = f"By {noticed.by}. Undetected: 0 of 1."
    return _figure(case, "mttd", label, noticed.at_us - case.injected_us, formula, footnotes=footnotes, note=note)


def _repair(case: Case, at: Mapping[str, Timestamp]) -> Figure:
    label = "MTTR, Cover 1 (operational continuity)"
    figure = _between(case, "mttr", label, at, ("detected", "minimum-service"), None)
    if figure.value is not None and figure.value < 0:
        note = "The service was back before anybody noticed."
        return _figure(case, "mttr", label, None, figure.formula, footnotes=figure.footnotes, note=note)
    if figure.value is None or case.imported is not None:
        return figure
    note = "Not split at declared: nobody had to declare."
    return _figure(case, "mttr", label, figure.value, figure.formula, footnotes=figure.footnotes, note=note)


def _reconnection(case: Case) -> Figure:
    label, formula = "Reconnection", "first participant served again → last one"
    times = reconnections(case)
    back = [at_us for at_us in times.values() if at_us is not None]
    footnotes = case.cite(RECORDS)
    if not times or len(back) < len(times):
        note = f"{len(times) - len(back)} of {len(times)} not seen to return." if times else "Nobody was cut off."
        return _figure(case, "reconnection", label, None, formula, footnotes=footnotes, note=note)
    value = max(back) - min(back)
    return _figure(case, "reconnection", label, value, formula, footnotes=footnotes, n=len(back))


def _recovery_point(case: Case) -> tuple[Figure, ...]:
    """Return the loss in time, count and value, and beside it what was duplicated and what nobody sent."""
    footnotes = case.cite(RECORDS, LEDGER)
    bound = f"RPO {declared(case.service.rpo_ms)}"
    kept = promises(case)
    whole = kept is not None and not case.history.why(RECORDS)
    note = "" if whole else "Not every record, or not the ledger, could be read."
    if kept and whole and kept.lost and recovery_point_us(case) == 0:
        note = "All that was lost had been acknowledged after the disruption began: the count tells of it, not this."
    ledger = case.history.ledger
    phantom, undecided = phantoms(case, ledger) if ledger else (frozenset(), 0)
    n = kept.acknowledged if kept else 0
    formula = "last consistent recovered instant → service disrupted"
    acked = "acknowledged by participants − present in the ledger"
    point = _figure(
        case,
        "rpa",
        "RPA, recovery point actual",
        recovery_point_us(case),
        formula,
        footnotes=footnotes,
        bound=bound,
        note=note,
        n=n,
        no_interval=ALL_COUNTED,
    )
    sent = "present in the ledger − offered by participants"
    counted: tuple[tuple[str, str, int | None, str, Unit], ...] = (
        ("lost", "Acknowledged and lost", len(kept.lost) if kept and whole else None, acked, "count"),
        ("lost-value", "Value acknowledged and lost", kept.lost_cents if kept and whole else None, acked, "cents"),
        ("duplicated", "Settled more than once", len(duplicated(ledger)) if ledger else None, "by key", "count"),
        ("phantom", "Never sent by anybody", len(phantom) if ledger and not undecided else None, sent, "count"),
    )
    losses = tuple(
        _figure(
            case,
            name,
            label,
            value,
            formula,
            footnotes=footnotes,
            unit=unit,
            bound="none" if case.service.rpo_ms == 0 or unit == "us" else bound,
            n=n,
            no_interval=ALL_COUNTED,
            note=note,
        )
        for name, label, value, formula, unit in counted
    )
    return (point, *losses)
