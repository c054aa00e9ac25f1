"""Many exercises at once: each as one row, their recovery times side by side, and never an average over services.

A median stands with its smallest and largest value and how many there are; no interval is drawn around so few, and a
service that never came back while it was watched has no recovery time: it is counted as such beside the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from holdfast.checks.service import notice
from holdfast.checks.validity import Verdict
from holdfast.evidence.classes import CLASSES, EvidenceClass
from holdfast.measures.figure import Figure
from holdfast.measures.judgement import Judgement
from holdfast.measures.tabletop import Discussed
from holdfast.model.types import Family
from holdfast.state.history import ALARMS


@dataclass(frozen=True, slots=True)
class Run:
    """One exercise: what was tried, what came of it, and what it measured; durations in µs, amounts in minor units.

    ``broke`` are the faults that were shown to have taken effect, as ``process.kill on ledger-a``. A figure that could
    not be measured is ``None``. ``censored_us`` is how long the service was seen to be away when it never came back.
    """

    exercise: str
    log: str
    entry: int
    last_entry: int
    at_utc_us: int
    scenario: str
    title: str
    family: Family
    service: str
    exercise_type: str
    profile: str
    broke: tuple[str, ...]
    verdict: Verdict
    as_expected: bool
    why: str
    evidence_class: EvidenceClass
    rto_ms: int
    tolerance_ms: int
    limits_mark: str
    rta_us: int | None
    censored_us: int | None
    noticed_us: int | None
    undetected: bool
    repaired_us: int | None
    rpa_us: int | None
    acknowledged: int | None
    lost: int | None
    lost_cents: int | None
    duplicated: int | None
    phantom: int | None
    day_completed: bool | None

    @property
    def valid(self) -> bool:
        """Whether it counts."""
        return self.verdict in {"held", "broken", "unknown"}

    @property
    def measured(self) -> bool:
        """Whether it counts and could measure anything: what was talked through never proves a time."""
        return self.valid and self.evidence_class != "discussion"


@dataclass(frozen=True, slots=True)
class Spread:
    """Some durations, µs: how many, the smallest, the median (of an even number the mean of both), the largest."""

    n: int
    low_us: int
    median_us: int
    high_us: int


@dataclass(frozen=True, slots=True)
class Series:
    """The recovery times of one scenario of one service with one class of evidence, in the order in which it was tried.

    ``away`` are exercises in which the service was not seen to come back; ``unmeasured`` those without any figure.
    """

    scenario: str
    title: str
    service: str
    evidence_class: EvidenceClass
    rto_ms: int
    tolerance_ms: int
    runs: tuple[Run, ...]
    spread: Spread | None
    away: int
    unmeasured: int


@dataclass(frozen=True, slots=True)
class Outage:
    """What clients saw of one fault, or of several at once, with one profile of the range and one class of evidence."""

    broke: tuple[str, ...]
    service: str
    profile: str
    evidence_class: EvidenceClass
    runs: tuple[Run, ...]
    spread: Spread | None
    away: int
    lost: int  # over the exercises of which it is known
    lost_unknown: int


@dataclass(frozen=True, slots=True)
class Measure:
    """What was measured of one service with one class of evidence, over all exercises of it that count."""

    service: str
    evidence_class: EvidenceClass
    rto_ms: int
    n: int
    recovery: Spread | None
    away: int
    noticed: Spread | None
    undetected: int
    repaired: Spread | None
    worst_rpa_us: int | None
    rpa_known: int
    days: int
    days_completed: int
    last_utc_us: int


def run(judgement: Judgement) -> Run:
    """Return one exercise as a row."""
    opened, case = judgement.exercise.opened, judgement.case
    figures = {figure.name: figure for figure in judgement.clocks}
    away = next((i for i in case.interruptions if i.restored_us is None), None)
    completed = {outcome.check: outcome.answer for outcome in judgement.outcomes}.get("day-completed")
    return Run(
        exercise=judgement.exercise.id,
        log=judgement.exercise.log,
        entry=opened.seq,
        last_entry=judgement.exercise.last_seq,
        at_utc_us=opened.at_utc_us,
        scenario=case.scenario.name,
        title=case.scenario.title,
        family=case.scenario.family,
        service=case.service.name,
        exercise_type=opened.event.exercise_type,
        profile=opened.event.target.get("profile", ""),
        broke=tuple(f"{fault.intended.event.name} on {fault.intended.event.target}" for fault in case.effective),
        verdict=judgement.verdict,
        as_expected=judgement.as_expected,
        why=judgement.validity.why,
        evidence_class=judgement.evidence_class,
        rto_ms=case.service.rto_ms,
        tolerance_ms=case.service.impact_tolerance.duration_ms,
        limits_mark=judgement.limits_approval.mark,
        rta_us=_value(figures, "rta"),
        censored_us=case.lasted_us(away) if away is not None else None,
        noticed_us=_value(figures, "mttd"),
        undetected=bool(case.interruptions) and notice(case) is None and not case.history.why(ALARMS),
        repaired_us=_value(figures, "mttr"),
        rpa_us=_value(figures, "rpa"),
        acknowledged=sum(operation.acknowledged is not None for operation in case.operations.values()),
        lost=_value(figures, "lost"),
        lost_cents=_value(figures, "lost-value"),
        duplicated=_value(figures, "duplicated"),
        phantom=_value(figures, "phantom"),
        day_completed=None if completed is None else completed == "held",
    )


def run_discussed(discussed: Discussed) -> Run:
    """Return an exercise that was talked through as a row: it has a verdict, and measured nothing."""
    opened, service = discussed.tabletop.opened, discussed.model.services[discussed.tabletop.opened.event.service]
    still_open = discussed.tabletop.closed is None
    return Run(
        exercise=discussed.tabletop.id,
        log=discussed.tabletop.log,
        entry=opened.seq,
        last_entry=discussed.tabletop.last_seq,
        at_utc_us=opened.at_utc_us,
        scenario=discussed.scenario.name,
        title=discussed.scenario.title,
        family=discussed.scenario.family,
        service=service.name,
        exercise_type=opened.event.exercise_type,
        profile="",
        broke=(),
        verdict="unknown" if still_open else discussed.verdict,
        as_expected=False,
        why="it was not closed yet" if still_open else "",
        evidence_class=discussed.evidence_class,
        rto_ms=service.rto_ms,
        tolerance_ms=service.impact_tolerance.duration_ms,
        limits_mark="" if discussed.limits_approved else "unapproved",
        rta_us=None,
        censored_us=None,
        noticed_us=None,
        undetected=False,
        repaired_us=None,
        rpa_us=None,
        acknowledged=None,
        lost=None,
        lost_cents=None,
        duplicated=None,
        phantom=None,
        day_completed=None,
    )


def series(runs: Iterable[Run]) -> tuple[Series, ...]:
    """Return the recovery times of every scenario that was tried and counts, services and scenarios by first trial."""
    found: dict[tuple[str, str, EvidenceClass], list[Run]] = {}
    for each in runs:
        if each.measured:
            found.setdefault((each.service, each.scenario, each.evidence_class), []).append(each)
    return tuple(
        Series(
            scenario=scenario,
            title=own[-1].title,
            service=service,
            evidence_class=klass,
            rto_ms=own[-1].rto_ms,
            tolerance_ms=own[-1].tolerance_ms,
            runs=tuple(own),
            spread=_spread(each.rta_us for each in own),
            away=sum(each.censored_us is not None for each in own),
            unmeasured=sum(each.rta_us is None and each.censored_us is None for each in own),
        )
        for (service, scenario, klass), own in found.items()
    )


def outages(runs: Iterable[Run]) -> tuple[Outage, ...]:
    """Return what clients saw of each fault, the longest median first, after those from which there was no way back."""
    found: dict[tuple[str, tuple[str, ...], str, EvidenceClass], list[Run]] = {}
    for each in runs:
        if each.measured and each.broke:
            found.setdefault((each.service, each.broke, each.profile, each.evidence_class), []).append(each)
    rows = [
        Outage(
            broke=broke,
            service=service,
            profile=profile,
            evidence_class=klass,
            runs=tuple(own),
            spread=_spread(each.rta_us for each in own),
            away=sum(each.censored_us is not None for each in own),
            lost=sum(each.lost or 0 for each in own),
            lost_unknown=sum(each.lost is None for each in own),
        )
        for (service, broke, profile, klass), own in found.items()
    ]
    return tuple(sorted(rows, key=lambda row: (not row.away, -(row.spread.median_us if row.spread else 0), row.broke)))


def measures(runs: Iterable[Run]) -> tuple[Measure, ...]:
    """Return what was measured of every service, weakest class first: services by first trial."""
    found: dict[str, dict[EvidenceClass, list[Run]]] = {}
    for each in runs:
        if each.measured:
            found.setdefault(each.service, {}).setdefault(each.evidence_class, []).append(each)
    return tuple(
        _measure(service, klass, by_class[klass])
        for service, by_class in found.items()
        for klass in CLASSES
        if klass in by_class
    )


def _measure(service: str, klass: EvidenceClass, own: Sequence[Run]) -> Measure:
    days = [each.day_completed for each in own if each.day_completed is not None]
    known = [each.rpa_us for each in own if each.rpa_us is not None]
    return Measure(
        service=service,
        evidence_class=klass,
        rto_ms=own[-1].rto_ms,
        n=len(own),
        recovery=_spread(each.rta_us for each in own),
        away=sum(each.censored_us is not None for each in own),
        noticed=_spread(each.noticed_us for each in own),
        undetected=sum(each.undetected for each in own),
        repaired=_spread(each.repaired_us for each in own),
        worst_rpa_us=max(known, default=None),
        rpa_known=len(known),
        days=len(days),
        days_completed=sum(days),
        last_utc_us=max(each.at_utc_us for each in own),
    )


def _spread(given: Iterable[int | None]) -> Spread | None:
    values = [value for value in given if value is not None]
    if not values:
        return None
    ordered, half = sorted(values), len(values) // 2
    return Spread(len(values), ordered[0], (ordered[half] + ordered[-half - 1]) // 2, ordered[-1])


def _value(figures: dict[str, Figure], name: str) -> int | None:
    return figures[name].value if name in figures else None
