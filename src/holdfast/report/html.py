"""One self-contained page for one exercise: the same judgement gives the same bytes, and no string can break out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from markupsafe import Markup

from holdfast.checks.case import Case
from holdfast.checks.day import clock_time
from holdfast.checks.words import count, declared, duration
from holdfast.measures.figure import Figure
from holdfast.measures.judgement import Judgement
from holdfast.measures.timestamps import Timestamp
from holdfast.report import svg
from holdfast.report.calendar import DrillCalendar, drill_calendar
from holdfast.report.entries import entries
from holdfast.report.headline import VERDICT_WORDS, headline, title_of
from holdfast.report.observed import observed_cards, observed_part
from holdfast.report.page import ENVIRONMENT, MARKS, Card, policy
from holdfast.report.scale import scale, share_of
from holdfast.report.style import STYLE, STYLE_DIGEST
from holdfast.report.template import PAGE
from holdfast.report.timeline import timeline
from holdfast.report.when import date_minute
from holdfast.state.exercise import FaultRecord
from holdfast.state.service import NoTimeline

_LEGEND = (
    (svg.rectangle(0, 2, 22, 9, "acknowledged"), "acknowledged"),
    (svg.tag("polyline", points="0,6 22,6", class_="offered"), "offered"),
    *(
        (svg.rectangle(0, 0, 22, 11, f"state {state}"), state)
        for state in ("available", "degraded", "disrupted", "unobserved")
    ),
)


_TEMPLATE = ENVIRONMENT.from_string(PAGE)


@dataclass(frozen=True, slots=True)
class _FaultRow:
    name: str
    title: str
    target: str
    parameters: str
    injected: str
    shown: str
    undone: str
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _StampRow:
    label: str
    since: str
    utc: str
    calendar: str
    source: str
    note: str
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    size: str
    digest: str
    seq: int


def render(judgement: Judgement) -> str:
    """Return the page as HTML."""
    calendar = drill_calendar(judgement)
    stamps = [stamp for stamp in judgement.timestamps if stamp.mono_us is not None]
    return _TEMPLATE.render(
        j=judgement,
        style=Markup(STYLE),  # noqa: S704 - the style sheet is a constant of this package
        policy=policy(STYLE_DIGEST),
        right=Markup(' class="right"'),
        legend=_legend(judgement),
        marks=MARKS,
        words=VERDICT_WORDS,
        when=f"{date_minute(judgement.exercise.began_utc_us)} UTC",
        story=headline(judgement),
        why=_why(judgement),
        cards=_cards(judgement),
        chart_lead=_chart_lead(judgement, calendar),
        timeline=timeline(judgement),
        scale=scale(judgement),
        scale_lead=_scale_lead(judgement),
        verdict_lead=_verdict_lead(judgement),
        faults=[_fault_row(judgement, fault) for fault in judgement.exercise.faults],
        observed=observed_part(judgement, partial(_since, judgement.case)),
        stamps_lead=_stamps_lead(judgement),
        calendar=calendar is not None,
        stamps=sorted(
            (
                _StampRow(
                    stamp.label,
                    _since(judgement.case, stamp.mono_us),
                    "" if stamp.utc_us is None else clock_time(stamp.utc_us),
                    calendar.shown(stamp.mono_us) if calendar and stamp.mono_us is not None else "",
                    stamp.source,
                    f"{stamp.note}{_bounds(stamp)}",
                    stamp.evidence,
                )
                for stamp in stamps
            ),
            key=lambda row: row.utc,
        ),
        absent=[stamp for stamp in judgement.timestamps if stamp.mono_us is None],
        identity=_identity(judgement),
        files=_files(judgement),
        entries=entries(judgement.exercise),
    )


def _legend(judgement: Judgement) -> tuple[tuple[Markup, str], ...]:
    """Return what stands for what in the picture; without payments nothing stands for them."""
    observed = judgement.case.timeline
    known = isinstance(observed, NoTimeline) or observed.bins
    return _LEGEND if known else tuple(each for each in _LEGEND if each[1] not in {"acknowledged", "offered"})


def _why(judgement: Judgement) -> str:
    """Return one line on how the verdict came about and what it is worth."""
    outcomes = judgement.outcomes
    counts = {word: sum(outcome.answer == word for outcome in outcomes) for word in ("held", "broken", "unknown")}
    parts = ", ".join(f"{number} {word}" for word, number in counts.items() if number)
    expected = ""
    if judgement.verdict != "held":
        expected = "; all as expected" if judgement.as_expected else "; not as expected"
    made = f"{count(len(outcomes), 'check')}: {parts or 'none made'}{expected}."
    return f"{made} Evidence class: {judgement.evidence_class}."


def _verdict_lead(judgement: Judgement) -> str:
    """Return how to read the verdict table."""
    if judgement.evidence_class == "range, scaled":
        return (
            "Held means held in this run. The institution's own posture stays unproven: see what this does not prove."
        )
    return "Held means held in this run."


def _cards(judgement: Judgement) -> list[Card]:
    """Return the four figures that a reader looks for first."""
    figures = {figure.name: figure for figure in judgement.clocks}
    rta, mttd, lost = figures["rta"], figures["mttd"], figures["lost"]
    service = judgement.case.service
    limits = f"objective {declared(service.rto_ms)} · tolerance {declared(service.impact_tolerance.duration_ms)}"
    if judgement.case.imported is not None:
        return observed_cards(judgement)
    noticed = "by the participants' own alarm" if mttd.value is not None else "nobody raised an alarm"
    if mttd.value is None and rta.value == 0:
        noticed = "clients saw nothing to notice"
    return [
        Card("Service disrupted for", rta.shown, limits),
        Card("Noticed after", mttd.shown, noticed),
        Card("Acknowledged and lost", lost.shown, f"of {count(lost.n, 'acknowledged payment')}"),
        _day_card(judgement, figures["close-margin"]) if judgement.exercise.day else _backlog_card(figures["backlog"]),
    ]


def _day_card(judgement: Judgement, margin: Figure) -> Card:
    """Return when the settlement day closed, on the drill's calendar; what was left of the run is in seconds of it."""
    calendar = drill_calendar(judgement)
    at = {stamp.name: stamp.mono_us for stamp in judgement.timestamps}
    closed_us, close_by_us = at.get("day-closed"), at.get("close-by")
    if calendar is None or closed_us is None or close_by_us is None or margin.value is None:
        return Card("Settlement day closed", "–", "no close is on record")
    wanted = judgement.case.scenario.days
    if wanted > 1:
        closes = [at_us for name, at_us in at.items() if name.startswith("day-closed") and at_us is not None]
        times = " and ".join(calendar.shown(at_us) for at_us in closes)
        return Card(
            "Settlement days closed", f"{len(closes)} of {wanted}", f"at {times}, {calendar.compression}× faster"
        )
    apart = f"{margin.shown} of the run left" if margin.value >= 0 else f"{duration(-margin.value)} of the run too late"
    return Card("Settlement day closed", calendar.shown(closed_us), f"deadline {calendar.shown(close_by_us)} · {apart}")


def _backlog_card(backlog: Figure) -> Card:
    """Return how long the backlog took."""
    told = "after the service was back" if backlog.value is not None else "there was none, or it never was"
    return Card("Backlog worked off in", backlog.shown, told)


def _chart_lead(judgement: Judgement, calendar: DrillCalendar | None) -> str:
    """Return what the chart shows."""
    observed = judgement.case.timeline
    if isinstance(observed, NoTimeline):
        return f"There is no timeline to draw: {observed.why}."
    if observed.sampled_every_us:
        every = declared(observed.sampled_every_us // 1_000)
        shown = "Payments offered and acknowledged, by the participants' own records. " if observed.bins else ""
        return (
            f"{shown}The service's strip is by samples {every} apart: shaded twice where it was disrupted for certain,"
            " once where it may have been."
        )
    bins = "Acknowledgements got by the participants, in steps of a quarter of a second, from their own records."
    if calendar is None:
        return bins
    return (
        f"{bins} Seconds along the bottom are never scaled; the calendar above ran {calendar.compression} times faster."
    )


def _scale_lead(judgement: Judgement) -> str:
    """Return what the second picture shows, with the honest ratio."""
    rta = next(figure for figure in judgement.clocks if figure.name == "rta")
    rto_ms = judgement.case.service.rto_ms
    used = f"{share_of(rta.value, rto_ms)} of the objective" if rta.value and rto_ms else "the whole objective"
    scaled = "Logarithmic scale: every step to the right is many times the one before."
    return f"{scaled} {duration(rta.value or 0)} is {used}."


def _bounds(stamp: Timestamp) -> str:
    """Return between what an instant lies, where it is not known exactly."""
    if stamp.bounds_us is None or stamp.bounds_us[0] == stamp.bounds_us[1]:
        return ""
    first, last = (clock_time(at_us) for at_us in stamp.bounds_us)
    return f" · between {first} and {last}"


def _stamps_lead(judgement: Judgement) -> str:
    """Return how to read the timestamps."""
    if judgement.case.imported is None:
        return "T is the first injection. Every instant was read from a machine's clock; none was typed in."
    return (
        "T is when it occurred, by the timeline. What was read from a timeline was written down by people; every"
        " instant is by its source's clock, corrected."
    )


def _since(case: Case, mono_us: int | None) -> str:
    """Return a moment as seconds from the first injection."""
    if mono_us is None or case.injected_us is None:
        return ""
    seconds = (mono_us - case.injected_us) / 1_000_000
    return "T" if mono_us == case.injected_us else f"{'−' if seconds < 0 else '+'}{abs(seconds):.3f} s"


def _fault_row(judgement: Judgement, fault: FaultRecord) -> _FaultRow:
    """Return a fault as a row: on what, since when, shown by which probe, undone when and by whom."""
    intended, effect, undone = fault.intended.event, fault.effect, fault.undone
    seqs = (fault.intended.seq, *(p.seq for p in fault.probes), *(u.seq for u in fault.undos))
    if undone is not None:
        undoing = (
            f"{_since(judgement.case, undone.event.occurred.mono_us)} by {undone.event.by}: {undone.event.observed}"
        )
    else:
        undoing = f"not undone: {fault.undos[-1].event.observed}" if fault.undos else "no record of it"
    return _FaultRow(
        name=intended.name,
        title=title_of(judgement.model, intended.target),
        target=intended.target,
        parameters=", ".join(f"{name}: {value}" for name, value in sorted(intended.parameters.items())),
        injected=_since(judgement.case, effect.event.injected.mono_us) if effect else "not shown",
        shown=effect.event.observed
        if effect
        else (fault.probes[-1].event.observed if fault.probes else "never probed"),
        undone=undoing,
        evidence=seqs,
    )


def _identity(judgement: Judgement) -> list[tuple[str, str]]:
    """Return what a reader needs to find the same evidence again."""
    exercise, opened = judgement.exercise, judgement.exercise.opened.event
    size = exercise.last_seq + 1
    target = ", ".join(f"{name} {value}" for name, value in sorted(opened.target.items()))
    return [
        ("Log", exercise.log),
        (
            "Entries",
            f"#{exercise.opened.seq} to #{exercise.last_seq}, covered by every checkpoint of size {size:,} or more",
        ),
        ("Model digest", opened.model_digest),
        ("Model file", f"sha256 {opened.model.sha256}"),
        ("Scenario", f"{opened.scenario} ({opened.exercise_type}), service {opened.service}"),
        ("RTO, RPO, impact tolerance", str(judgement.limits_approval)),
        ("Scenario, by its body", str(judgement.scenario_approval)),
        ("Seed", str(opened.seed)),
        ("Environment", f"{opened.environment}: {target}" if target else opened.environment),
        ("Run by", f"Holdfast {opened.version}"),
        ("Judged by", f"Holdfast {judgement.judged_by_version}"),
    ]


def _files(judgement: Judgement) -> list[_File]:
    """Return every file that the exercise committed."""
    opened = judgement.exercise.opened
    attached = [(opened.event.model, opened.seq)]
    attached += [(recorded.event.attachment, recorded.seq) for recorded in judgement.exercise.evidence.values()]
    if judgement.exercise.observation is not None:
        described, sources = judgement.exercise.observation.described, judgement.exercise.observation.sources
        attached.append((described.event.manifest, described.seq))
        attached += [(source.event.attachment, source.seq) for source in sources]
    return [
        _File(attachment.name, f"{attachment.size_bytes:,}", attachment.sha256, seq)
        for attachment, seq in sorted(attached, key=lambda pair: (pair[1], pair[0].name))
    ]
