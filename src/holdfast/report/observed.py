"""What a report says of an observation besides: its timeline, where its records are from, and where they disagree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from holdfast.checks.day import clock_time
from holdfast.checks.observed import milestone_line
from holdfast.checks.words import count, declared, duration
from holdfast.evidence.observed import SourceImported
from holdfast.measures.judgement import Judgement
from holdfast.measures.observed import Contradiction, contradictions
from holdfast.measures.timestamps import principal
from holdfast.report.page import Card
from holdfast.report.when import date_time
from holdfast.state.exercise import Recorded
from holdfast.state.observed.record import Observed
from holdfast.state.service import NoTimeline

_RECORDS: Mapping[str, str] = {
    "availability": "the service's availability",
    "participant": "what a participant holds",
    "settlement": "what the ledger holds",
    "positions": "the day's positions",
    "timeline": "who did what, and when",
}
_TIMELESS = frozenset({"settlement", "positions"})
_SHOWN_DIGEST = 12
_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of the timeline as a row."""

    utc: str
    since: str
    by: str
    what: str
    milestone: str
    workaround: str
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source as a row."""

    record: str
    file: str
    rows: str
    exported: str
    with_: str
    clock: str
    digest: str
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ObservedPart:
    """What the page shows of an observation in the place of faults."""

    timeline_lead: str
    lines: tuple[LineRow, ...]
    sources_lead: str
    sources: tuple[SourceRow, ...]
    lacking: tuple[tuple[str, str], ...]
    agreement: str
    contradictions: tuple[Contradiction, ...]


def observed_part(judgement: Judgement, since: Callable[[int | None], str]) -> ObservedPart | None:
    """Return that part of the page; ``None`` for an exercise that was run from here."""
    observation, record = judgement.exercise.observation, judgement.case.imported
    if observation is None or record is None:
        return None
    described = observation.described.event
    told = contradictions(judgement.case)
    knew = f" Who knew beforehand: {', '.join(described.knew)}." if described.knew else ""
    lines = tuple(
        LineRow(
            utc=clock_time(line.event.occurred.utc_us)[: 8 if line.event.written_to_us >= _SECOND_US else None],
            since=_coarse(since(line.event.occurred.utc_us), line.event.written_to_us),
            by=line.event.by,
            what=line.event.what,
            milestone=line.event.milestone or "",
            workaround=line.event.workaround or "",
            evidence=(line.seq,),
        )
        for line in observation.lines
    )
    return ObservedPart(
        timeline_lead=f"{described.title}. {_scenario(judgement)}{knew}",
        lines=lines,
        sources_lead=(
            f"Every file was committed as it is before anything was judged. The {described.lead} answers for them."
            " Times are corrected by what each clock was ahead of UTC, and can be wrong by what stands beside it."
        ),
        sources=tuple(_source(source, record) for source in observation.sources),
        lacking=tuple((_RECORDS.get(kind, kind), f"{why}.") for kind, why in record.lacks.items()),
        agreement=(
            "Where two sources cannot both be right, even by what their clocks may be wrong:"
            if told
            else "Nowhere do two sources contradict each other beyond what their clocks may be wrong."
        ),
        contradictions=told,
    )


def observed_cards(judgement: Judgement) -> list[Card]:
    """Return the four figures that a reader looks for first, with what each can be wrong by."""
    case, figures = judgement.case, {figure.name: figure for figure in judgement.clocks}
    service, lost = case.service, figures["lost"]
    limits = f"objective {declared(service.rto_ms)} · tolerance {declared(service.impact_tolerance.duration_ms)}"
    disruption, shown = principal(case), figures["rta"].shown
    if disruption is not None and disruption.surely_us is not None and disruption.restored_us is not None:
        shown = f"≤ {duration(case.lasted_us(disruption))}"
        limits = f"≥ {duration(disruption.surely_us[1] - disruption.surely_us[0])} · {limits}"
    line, mttd = milestone_line(case, "detected"), figures["mttd"]
    noticed = f"by the {line.by}" if line else "nobody is said to have noticed"
    if mttd.interval is not None and mttd.interval[0] != mttd.interval[1]:
        noticed = f"{mttd.interval_shown}, {noticed}"
    whole = (
        f"of {count(lost.n, 'acknowledged payment')}" if lost.value is not None else "not known: a record is missing"
    )
    return [
        Card("Service disrupted for", shown, limits),
        Card("Noticed after", mttd.shown, noticed),
        Card("Acknowledged and lost", lost.shown, whole),
        _day_card(judgement),
    ]


def _day_card(judgement: Judgement) -> Card:
    at = {stamp.name: stamp.utc_us for stamp in judgement.timestamps}
    closed_us, close_by_us = at.get("day-closed"), at.get("close-by")
    if closed_us is None or close_by_us is None:
        day = judgement.exercise.day
        return Card("Settlement day closed", "–", "no close is on record" if day else "no day was rehearsed")
    return Card("Settlement day closed", f"{clock_time(closed_us)[:8]}", f"deadline {clock_time(close_by_us)[:8]} UTC")


def _scenario(judgement: Judgement) -> str:
    observed = judgement.case.timeline
    if isinstance(observed, NoTimeline):
        return "Nothing here was injected from Holdfast."
    return "Nothing here was injected by Holdfast: people and tools of the institution did it."


def _source(source: Recorded[SourceImported], record: Observed) -> SourceRow:
    event = source.event
    known = record.manifest.sources if record.manifest else ()
    participant = next((each.participant for each in known if each.name == event.source), None)
    return SourceRow(
        record=f"what {participant} holds" if participant else _RECORDS[event.record],
        file=event.attachment.name,
        rows=f"{event.rows:,}",
        exported=f"{event.exported_by}, {date_time(event.exported.utc_us)[:16]}",
        with_=event.exported_with,
        clock="" if event.record in _TIMELESS else _clock(event.clock_ahead_us, event.clock_within_us),
        digest=event.attachment.sha256[:_SHOWN_DIGEST],
        evidence=(source.seq,),
    )


def _clock(ahead_us: int, within_us: int) -> str:
    """Return how a clock stood to UTC: ``0.35 s ahead, ± 0.05 s``."""
    stood = "as UTC" if not ahead_us else f"{duration(abs(ahead_us))} {'ahead' if ahead_us > 0 else 'behind'}"
    return f"{stood}, ± {duration(within_us)}"


def _coarse(since: str, written_to_us: int) -> str:
    """Return the time from T as finely as it was written."""
    return f"{since.partition('.')[0]} s" if "." in since and written_to_us >= _SECOND_US else since
