"""What a campaign says first: what failed, what is overdue, where a service is known to end; then what is unproven."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from holdfast.checks.words import count, duration, some
from holdfast.evidence.classes import CLASSES, PROVING
from holdfast.measures.campaign import Spread
from holdfast.measures.posture import Line, worst_first
from holdfast.measures.programme import Rate
from holdfast.report.campaign.content import Campaign
from holdfast.report.when import date_minute

Badge = Literal["broken", "unknown", "held"]


def badge(campaign: Campaign) -> tuple[Badge, str]:
    """Return the mark and the word of the whole: as bad as the worst of it."""
    lines = [line for row in campaign.cells.values() for cell in row for line in cell.lines]
    if any(line.state == "broken" for line in lines):
        return "broken", "Broken"
    if any(line.failed for line in lines):
        return "unknown", "Unknown"
    if any(line.overdue for line in lines):
        return "unknown", "Overdue"
    if any(line.state == "unproven" for line in lines) or not lines:
        return "unknown", "Unproven"
    return ("unknown", "Stale") if any(line.state == "stale" for line in lines) else ("held", "Held")


def story(campaign: Campaign) -> str:
    """Return the campaign in a few sentences, worst first."""
    told = [line for _, line in worst_first(campaign.cells)]
    return " ".join((*_failed(told), *_overdue(campaign), *_breaking(told), *_unproven(campaign)))


def _failed(told: Sequence[Line]) -> Iterator[str]:
    broken = [line.scenario for line in told if line.state == "broken"]
    unknown = [line.scenario for line in told if line.failed and line.state != "broken"]
    if broken:
        yield f"Broken when last tried: {some(broken)}."
    if unknown:
        yield f"What came of the last attempt is unknown: {some(unknown)}."


def _overdue(campaign: Campaign) -> Iterator[str]:
    late = [each for each in campaign.plan if each.overdue_since_utc_us is not None]
    if late:
        first = late[0]
        since = date_minute(first.overdue_since_utc_us or 0).partition(",")[0]
        yield f"{count(len(late), 'test')} of the plan overdue, {first.test.scenario} the longest, since {since}."


def _breaking(told: Sequence[Line]) -> Iterator[str]:
    known = [line.scenario for line in told if line.breaking_point]
    if known:
        yield f"Known to break, as declared: {some(known)}."


def _unproven(campaign: Campaign) -> Iterator[str]:
    """Yield what did not fail and is not proven either."""
    valid = [run for run in campaign.runs if run.valid]
    if not campaign.runs:
        yield "Nothing was exercised yet, so nothing is shown to hold."
        return
    if not any(line.failed or line.overdue for row in campaign.cells.values() for cell in row for line in cell.lines):
        yield "Nothing that was tried failed, and nothing is overdue."
    lines = [line for row in campaign.cells.values() for cell in row for line in cell.lines]
    held = sum(line.state == "held" for line in lines)
    tried = sum(line.last is not None for line in lines)
    yield f"Of {count(len(lines), 'scenario')} declared {tried} {'was' if tried == 1 else 'were'} tried, {held} proven."
    classes = [each for each in CLASSES if any(run.evidence_class == each for run in valid)]
    if valid and not PROVING & set(classes):
        yield f"The evidence is {' and '.join(classes)}: no objective of hours is shown to be met by it."


def success(campaign: Campaign) -> str:
    """Return the test success rate of every service of which anything was due, with n and its exact bound."""
    due = {service: rate for service, rate in campaign.rates.items() if rate.lower_ppm is not None}
    said = [f"{service} {_rate(rate)}" for service, rate in due.items()]
    return f"Of the tests that were due: {'; '.join(said)}." if said else "No test of the plan was due yet."


def _rate(rate: Rate) -> str:
    lower = (rate.lower_ppm or 0) // 10_000
    return f"{rate.passed} of {rate.due} held (at least {lower} %, with 95 % confidence)"


def spread_said(spread: Spread | None) -> str:
    """Return some durations: ``2.31 s (1.92–4.08 s, n = 5)``, one alone as it is."""
    if spread is None:
        return "–"
    if spread.n == 1:
        return f"{duration(spread.median_us)} (n = 1)"
    return f"{duration(spread.median_us)} ({duration(spread.low_us)} – {duration(spread.high_us)}, n = {spread.n})"
