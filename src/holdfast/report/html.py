"""One self-contained page for one exercise: the same judgement gives the same bytes, and no string can break out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from holdfast.checks.case import Case
from holdfast.checks.day import clock_time
from holdfast.checks.words import count, declared, duration
from holdfast.measures.figure import Figure
from holdfast.measures.judgement import Judgement
from holdfast.report import svg
from holdfast.report.calendar import DrillCalendar, drill_calendar
from holdfast.report.entries import entries
from holdfast.report.headline import VERDICT_WORDS, headline, title_of
from holdfast.report.scale import scale
from holdfast.report.style import STYLE, STYLE_DIGEST
from holdfast.report.template import PAGE
from holdfast.report.timeline import timeline
from holdfast.report.when import date_minute
from holdfast.state.exercise import FaultRecord
from holdfast.state.service import NoTimeline

# A verdict is a shape, a colour and a word, so that it survives a printer without colours and an eye without red.
_SHAPES: Mapping[str, tuple[Markup, ...]] = {
    "held": (svg.tag("circle", cx=8, cy=8, r=6.6), svg.tag("path", d="M5 8.3l2.1 2.1L11 6.2")),
    "broken": (
        svg.tag("rect", x=1.6, y=1.6, width=12.8, height=12.8, rx=1.5),
        svg.tag("path", d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2"),
    ),
    "unknown": (svg.tag("path", d="M8 1L15 8L8 15L1 8Z"), svg.tag("path", d="M8 4.9v3.6M8 10.9v.1")),
}
_MARKS = {
    word: svg.tag("svg", *_SHAPES.get(word, _SHAPES["unknown"]), viewBox="0 0 16 16", class_="mark", aria_hidden="true")
    for word in VERDICT_WORDS
}

_LEGEND = (
    (svg.rectangle(0, 2, 22, 9, "acknowledged"), "acknowledged"),
    (svg.tag("polyline", points="0,6 22,6", class_="offered"), "offered"),
    *(
        (svg.rectangle(0, 0, 22, 11, f"state {state}"), state)
        for state in ("available", "degraded", "disrupted", "unobserved")
    ),
)


def _shown(value: object) -> object:
    """Return what is printed for a value: in a text nothing may hide."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else svg.visible(value)


def _ranges(seqs: Iterable[int]) -> list[tuple[int, int]]:
    """Return numbers as runs of first and last."""
    runs: list[tuple[int, int]] = []
    for seq in sorted(set(seqs)):
        if runs and runs[-1][1] == seq - 1:
            runs[-1] = (runs[-1][0], seq)
        else:
            runs.append((seq, seq))
    return runs


_ENVIRONMENT = Environment(
    autoescape=True, undefined=StrictUndefined, finalize=_shown, trim_blocks=True, lstrip_blocks=True
)
_ENVIRONMENT.filters["ranges"] = _ranges
_TEMPLATE = _ENVIRONMENT.from_string(PAGE)


@dataclass(frozen=True, slots=True)
class _Card:
    name: str
    value: str
    of: str


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
        policy=f"default-src 'none'; style-src '{STYLE_DIGEST}'; base-uri 'none'; form-action 'none'",
        right=Markup(' class="right"'),
        legend=_LEGEND,
        marks=_MARKS,
        words=VERDICT_WORDS,
        when=f"{date_minute(judgement.exercise.opened.at_utc_us)} UTC",
        story=headline(judgement),
        why=_why(judgement),
        cards=_cards(judgement),
        chart_lead=_chart_lead(judgement, calendar),
        timeline=timeline(judgement),
        scale=scale(judgement),
        scale_lead=_scale_lead(judgement),
        verdict_lead=_verdict_lead(judgement),
        faults=[_fault_row(judgement, fault) for fault in judgement.exercise.faults],
        calendar=calendar is not None,
        stamps=sorted(
            (
                _StampRow(
                    stamp.label,
                    _since(judgement.case, stamp.mono_us),
                    "" if stamp.utc_us is None else clock_time(stamp.utc_us),
                    calendar.shown(stamp.mono_us) if calendar and stamp.mono_us is not None else "",
                    stamp.source,
                    stamp.note,
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


def _cards(judgement: Judgement) -> list[_Card]:
    """Return the four figures that a reader looks for first."""
    figures = {figure.name: figure for figure in judgement.clocks}
    rta, mttd, lost = figures["rta"], figures["mttd"], figures["lost"]
    service = judgement.case.service
    limits = f"objective {declared(service.rto_ms)} · tolerance {declared(service.impact_tolerance.duration_ms)}"
    noticed = "by the participants' own alarm" if mttd.value is not None else "nobody raised an alarm"
    if mttd.value is None and rta.value == 0:
        noticed = "clients saw nothing to notice"
    return [
        _Card("Service disrupted for", rta.shown, limits),
        _Card("Noticed after", mttd.shown, noticed),
        _Card("Acknowledged and lost", lost.shown, f"of {count(lost.n, 'acknowledged payment')}"),
        _day_card(judgement, figures["close-margin"]) if judgement.exercise.day else _backlog_card(figures["backlog"]),
    ]


def _day_card(judgement: Judgement, margin: Figure) -> _Card:
    """Return when the settlement day closed, on the drill's calendar; what was left of the run is in seconds of it."""
    calendar = drill_calendar(judgement)
    at = {stamp.name: stamp.mono_us for stamp in judgement.timestamps}
    closed_us, close_by_us = at.get("day-closed"), at.get("close-by")
    if calendar is None or closed_us is None or close_by_us is None or margin.value is None:
        return _Card("Settlement day closed", "–", "no close is on record")
    apart = f"{margin.shown} of the run left" if margin.value >= 0 else f"{duration(-margin.value)} of the run too late"
    return _Card(
        "Settlement day closed", calendar.shown(closed_us), f"deadline {calendar.shown(close_by_us)} · {apart}"
    )


def _backlog_card(backlog: Figure) -> _Card:
    """Return how long the backlog took."""
    told = "after the service was back" if backlog.value is not None else "there was none, or it never was"
    return _Card("Backlog worked off in", backlog.shown, told)


def _chart_lead(judgement: Judgement, calendar: DrillCalendar | None) -> str:
    """Return what the chart shows."""
    observed = judgement.case.timeline
    if isinstance(observed, NoTimeline):
        return f"There is no timeline to draw: {observed.why}."
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
    used = f"{rta.value / 10 / rto_ms:.2g} % of the objective" if rta.value and rto_ms else "the whole objective"
    scaled = "Logarithmic scale: every step to the right is many times the one before."
    return f"{scaled} {duration(rta.value or 0)} is {used}."


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
    return [
        _File(attachment.name, f"{attachment.size_bytes:,}", attachment.sha256, seq)
        for attachment, seq in sorted(attached, key=lambda pair: (pair[1], pair[0].name))
    ]
