"""One self-contained page over many exercises: the same declaration, record and moment give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from holdfast.checks.words import count, declared, duration, money, some
from holdfast.evidence.classes import CLASSES, PROVING
from holdfast.measures.campaign import Run, measures, outages, series
from holdfast.measures.coverage import SORTS, Proof, Thing, expiring, tolerance_ms, untried
from holdfast.measures.posture import FAMILIES, Cell, Line, worst_first
from holdfast.measures.programme import Attempt
from holdfast.measures.remediation import Remediation, day_of
from holdfast.report import svg
from holdfast.report.campaign.content import Campaign
from holdfast.report.campaign.panels import frame, panel
from holdfast.report.campaign.style import CAMPAIGN_STYLE, DIGEST
from holdfast.report.campaign.template import PAGE
from holdfast.report.campaign.words import badge, spread_said, story, success
from holdfast.report.headline import VERDICT_WORDS
from holdfast.report.page import ENVIRONMENT, MARKS, Card, mark, policy
from holdfast.report.when import date_minute, date_time

SHOWN = 12
_STATES = ("unproven", "stale", "overdue", "open", "borne", "closed")
_LEGEND = (
    *((svg.tag("circle", cx=11, cy=5.5, r=4.2, class_=f"dot {word}"), word) for word in ("held", "unknown", "broken")),
    (svg.tag("circle", cx=11, cy=5.5, r=3.8, class_="dot open"), "clients noticed nothing"),
    (svg.tag("path", d="M6 10h10l-5 -9z", class_="dot broken"), "not back while watched"),
    (svg.rectangle(0, 1.5, 22, 8, "band"), "shortest to longest"),
)
_TEMPLATE = ENVIRONMENT.from_string(PAGE)


@dataclass(frozen=True, slots=True)
class _GapRow:
    word: str
    mark: str
    ended: bool
    severity: str
    weight: str
    about: str
    service: str
    why: str
    seen: str
    evidence_class: str
    owner: str
    due: str
    ends: str


@dataclass(frozen=True, slots=True)
class _Line:
    sort: str
    name: str
    said: str


@dataclass(frozen=True, slots=True)
class _SortRow:
    sort: str
    exercised: int
    stale: int
    never: int
    of: int
    classes: str
    picture: Markup


def render(campaign: Campaign) -> str:
    """Return the page as HTML."""
    used = [family for family in FAMILIES if any(_cell(row, family).lines for row in campaign.cells.values())]
    every = series(campaign.runs)
    shared = frame(every)
    return _TEMPLATE.render(
        c=campaign,
        style=Markup(CAMPAIGN_STYLE),  # noqa: S704 - the style sheet is a constant of this package
        policy=policy(DIGEST),
        right=Markup(' class="right"'),
        marks={**MARKS, **{word: mark("held" if word == "closed" else word) for word in _STATES}},
        words=VERDICT_WORDS,
        newest=campaign.logs[-1].origin if campaign.logs else "",
        badge=badge(campaign),
        story=story(campaign),
        success=success(campaign),
        exercises=count(len(campaign.runs), "exercise"),
        classes=[each for each in CLASSES if any(run.evidence_class == each for run in campaign.runs)],
        when=date_minute(campaign.at_utc_us),
        moment=date_time(campaign.at_utc_us),
        cards=_cards(campaign),
        first=list(_first(campaign)),
        families=used,
        left_out=", ".join(family for family in FAMILIES if family not in used),
        matrix=[(name, [_cell(row, family) for family in used]) for name, row in campaign.cells.items()],
        outcomes=_outcomes,
        scaled=_scaled(campaign),
        legend=_LEGEND,
        panels=[
            (each, panel(each, shared), _measured(each.runs, spread_said(each.spread), each.away)) for each in every
        ],
        outages=outages(campaign.runs),
        measures=measures(campaign.runs),
        spread=spread_said,
        declared=declared,
        duration=duration,
        money=money,
        day=day_of,
        minute=lambda utc_us: date_time(utc_us)[:16],
        rta=_rta,
        counted=lambda number: "–" if number is None else f"{number:,}",
        gaps=[_gap_row(campaign, each) for each in campaign.gaps],
        gaps_lead=_gaps_lead(campaign.gaps),
        rates=list(campaign.rates.items()),
        plan=campaign.plan,
        sorts=list(_sorts(campaign)),
        counting=_counting(campaign),
        untried=_untried(campaign),
        runs=sorted(campaign.runs, key=lambda run: (-run.at_utc_us, -run.entry)),
    )


def _cell(row: Sequence[Cell], family: str) -> Cell:
    return next(cell for cell in row if cell.family == family)


def _cards(campaign: Campaign) -> list[Card]:
    """Return the four figures that a reader looks for first."""
    valid = [run for run in campaign.runs if run.valid]
    words = ("held", "broken", "unknown")
    said = ", ".join(f"{sum(run.verdict == word for run in valid)} {word}" for word in words)
    beside = len(campaign.runs) - len(valid)
    late = [each for each in campaign.plan if each.overdue_since_utc_us is not None]
    open_ = [each for each in campaign.gaps if each.open]
    unowned = sum(each.owner is None for each in open_)
    scenarios = [thing for thing in campaign.things if thing.sort == "scenario"]
    tried = sum(bool(thing.proofs) for thing in scenarios)
    return [
        Card("Exercises that count", f"{len(valid)}", f"{said}; {beside} invalid or not runnable beside them"),
        Card("Tests overdue", f"{len(late)}", f"of {len(campaign.plan)} lines of the test plan"),
        Card(
            "Gaps open",
            f"{len(open_)}",
            f"{unowned} without an owner; {len(campaign.gaps) - len(open_)} borne or closed",
        ),
        Card("Scenarios tried", f"{tried}", f"of {len(scenarios)} that are declared or planned"),
    ]


def _first(campaign: Campaign) -> Iterator[tuple[str, Line, str, str, str]]:
    """Yield what a board reads first: service, line, word, mark, and where it stands."""
    newest = campaign.logs[-1].origin if campaign.logs else ""
    for service, line in worst_first(campaign.cells):
        if line.state == "broken":
            word, mark_ = "broken", "broken"
        elif line.failed:
            word, mark_ = "unknown", "unknown"
        elif line.overdue:
            word, mark_ = "overdue", "overdue"
        else:
            word, mark_ = "known to break", "unproven"
        where = "" if line.last is None else f"tried {day_of(line.last.at_utc_us)}, {_entry(line.last, newest)}"
        yield service, line, word, mark_, where


def _entry(attempt: Attempt | Proof, newest: str) -> str:
    older = "" if attempt.log == newest else f" of {attempt.log}"
    return f"#{attempt.entry}{older}, {attempt.evidence_class}"


def _outcomes(counting: Sequence[Attempt]) -> str:
    words = ("held", "broken", "unknown")
    counts = [(word, sum(each.verdict == word for each in counting)) for word in words]
    return ", ".join(f"{number} {word}" for word, number in counts if number)


def _scaled(campaign: Campaign) -> str:
    """Return what these seconds are not, where that has to be said."""
    classes = {run.evidence_class for run in campaign.runs if run.valid}
    if not classes or classes <= PROVING:
        return ""
    return (
        "Seconds of a range: people, distances, volumes of data and reconnection were assumed, so being far below the"
        " objective does not meet it."
    )


def _measured(runs: Sequence[Run], said: str, away: int) -> str:
    """Return what was measured of a scenario, in a few words."""
    unmeasured = sum(run.rta_us is None and run.censored_us is None for run in runs)
    more = f"; {away} not back while watched" if away else ""
    return said + more + (f"; {unmeasured} not measured" if unmeasured else "")


def _rta(run: Run) -> str:
    if run.censored_us is not None:
        return f"over {duration(run.censored_us)}"
    return "–" if run.rta_us is None else duration(run.rta_us)


def _gaps_lead(gaps: Sequence[Remediation]) -> str:
    """Return how a gap opens and ends, and how many there are."""
    counts = [f"{sum(each.state == word for each in gaps)} {word}" for word in ("overdue", "open", "borne", "closed")]
    rule = "A gap closes when the same scenario, or a harder one, holds; nobody can close it by hand."
    return f"{', '.join(counts)}. {rule}"


def _gap_row(campaign: Campaign, each: Remediation) -> _GapRow:
    gap, last = each.gap, each.gap.last
    newest = campaign.logs[-1].origin if campaign.logs else ""
    again = f"; {len(gap.seen)} times since {day_of(gap.opened.at_utc_us)}" if len(gap.seen) > 1 else ""
    older = "" if last.log == newest else f" of {last.log}"
    marks = {"overdue": "broken", "open": "broken", "borne": "unproven", "closed": "closed"}
    return _GapRow(
        word=each.state,
        mark=marks[each.state],
        ended=each.state == "closed",
        severity=each.severity,
        weight="low" if each.state == "closed" else each.severity,
        about=str(gap.about),
        service=gap.service,
        why=f"{gap.objective}: {last.answer}{', as expected' if last.as_expected else ''}, {last.measured}",
        seen=f"{day_of(last.at_utc_us)}, #{last.entry}{older}{again}",
        evidence_class=last.evidence_class,
        owner=each.owner or "",
        due=each.due,
        ends=_ends(each),
    )


def _ends(each: Remediation) -> str:
    """Return how a gap ended, or what it waits for."""
    if each.gap.closed is not None:
        return f"{each.gap.closed.scenario} held on {day_of(each.gap.closed.at_utc_us)}, #{each.gap.closed.entry}"
    if each.borne_by is not None:
        return f"Borne by {each.borne_by.owner} until {each.borne_by.until}: {each.borne_by.name}"
    said = [f"Escalate: {each.escalate}."] if each.escalate else []
    said += [f"{each.not_borne[:1].upper()}{each.not_borne[1:]}."] if each.not_borne else []
    said += [f"{each.gap.lesser[-1].scenario} held since, and asked less."] if each.gap.lesser else []
    return " ".join(said) or "Retest"


def _sorts(campaign: Campaign) -> Iterator[_SortRow]:
    for sort in SORTS:
        own = [thing for thing in campaign.things if thing.sort == sort]
        if not own:
            continue
        worths = [thing.worth(campaign.at_utc_us) for thing in own]
        shown = [thing.last.evidence_class for thing in own if thing.last is not None]
        classes = ", ".join(f"{each} {shown.count(each)}" for each in CLASSES if each in shown)
        counts = (worths.count("exercised"), worths.count("stale"), worths.count("never"))
        yield _SortRow(sort, *counts, len(own), classes, _bar(sort, counts))


def _bar(sort: str, counts: tuple[int, int, int]) -> Markup:
    """Return shares as a bar: exercised, stale, never."""
    whole, x, parts = sum(counts), 0.0, []
    for word, number in zip(("exercised", "stale", "never"), counts, strict=True):
        width = 220 * number / whole
        # Even one of very many is drawn, a pixel and a half wide.
        parts.append(svg.rectangle(x, 0, max(width, 1.5 if number else 0), 10, f"part {word}", f"{number} {word}"))
        x += width
    title = svg.tag("title", f"{sort}: {counts[0]} exercised, {counts[1]} stale, {counts[2]} never")
    return svg.tag("svg", title, *parts, viewBox="0 0 220 10", preserveAspectRatio="none", role="img")


def _counting(campaign: Campaign) -> tuple[list[_Line], int]:
    """Return what counts no longer, and then what expires next: the first of them, and how many more there are."""
    stale = [(thing, thing.last) for thing in campaign.things if thing.worth(campaign.at_utc_us) == "stale"]
    lines = []
    for thing, proof in (*stale, *expiring(campaign.things, campaign.at_utc_us)):
        if proof is None:
            continue
        changed = "counts no longer: what was tested has changed"
        said = changed if proof.changed else f"counts until {day_of(proof.expires_utc_us)}"
        lines.append(_Line(thing.sort, thing.name, f"{proof.verdict}, {proof.evidence_class}; {said}"))
    return lines[:SHOWN], max(len(lines) - SHOWN, 0)


def _untried(campaign: Campaign) -> tuple[list[_Line], int]:
    """Return what was never exercised: what matters most, and how many more there are."""
    found = untried(campaign.model, campaign.things)
    lines = [_Line(thing.sort, thing.name, _carries(campaign, thing)) for thing in found[:SHOWN]]
    return lines, max(len(found) - SHOWN, 0)


def _carries(campaign: Campaign, thing: Thing) -> str:
    shortest = tolerance_ms(campaign.model, thing)
    limit = "" if shortest is None else f", tolerance {declared(shortest)}"
    if thing.stops:
        return f"alone stops {some(thing.stops)}{limit}"
    return f"carries {some(thing.services)}{limit}" if thing.services else "carries no service"
