"""Recovery times over time, one small picture a scenario: all on one logarithmic scale, the objective far above."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from holdfast.checks.words import declared, duration
from holdfast.measures.campaign import Run, Series
from holdfast.report import svg
from holdfast.report.when import date_minute

WIDTH, HEIGHT = 360.0, 204.0
LEFT, RIGHT, TOP, BOTTOM = 50.0, 348.0, 14.0, 160.0
NOTHING_Y = 174.0  # where an exercise stands in which clients noticed nothing: zero has no place on such a scale
FONT = 11.0
LOWEST_MS = 100

_TICKS_MS = (
    (100, "0.1 s"),
    (1_000, "1 s"),
    (10_000, "10 s"),
    (60_000, "1 min"),
    (600_000, "10 min"),
    (3_600_000, "1 h"),
    (86_400_000, "1 d"),
    (864_000_000, "10 d"),
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What all pictures of a page share: the time and the durations (ms) that they reach over."""

    from_utc_us: int
    to_utc_us: int
    highest_ms: float

    def x(self, at_utc_us: int) -> float:
        """Return where a moment lies; in the middle where all is one moment."""
        if self.to_utc_us <= self.from_utc_us:
            return (LEFT + RIGHT) / 2
        share = (at_utc_us - self.from_utc_us) / (self.to_utc_us - self.from_utc_us)
        return LEFT + 10 + (RIGHT - LEFT - 20) * share

    def y(self, ms: float) -> float:
        """Return where a duration lies, kept on the scale."""
        low, high = math.log10(LOWEST_MS), math.log10(self.highest_ms)
        share = (math.log10(max(ms, LOWEST_MS)) - low) / (high - low)
        return BOTTOM - (BOTTOM - TOP) * min(max(share, 0.0), 1.0)


def frame(every: Sequence[Series]) -> Frame:
    """Return the frame in which all of these are drawn, that they can be compared."""
    runs = [run for series in every for run in series.runs]
    times = [run.at_utc_us for run in runs]
    limits = [float(series.rto_ms) for series in every]
    seen = [value / 1_000 for run in runs for value in (run.rta_us, run.censored_us) if value is not None]
    return Frame(min(times, default=0), max(times, default=0), 3.0 * max([60_000.0, *limits, *seen]))


def panel(series: Series, shared: Frame) -> Markup:
    """Return the recovery times of one scenario over time."""
    return svg.tag(
        "svg",
        svg.tag("title", f"Recovery times of {series.scenario}"),
        svg.tag("desc", _described(series)),
        *_scale(shared),
        *_objective(series, shared),
        *_middle(series, shared),
        *(_dot(run, shared) for run in series.runs),
        *_dates(shared),
        viewBox=f"0 0 {svg.number(WIDTH)} {svg.number(HEIGHT)}",
        class_="panel",
        role="img",
    )


def _described(series: Series) -> str:
    times = [duration(run.rta_us) for run in series.runs if run.rta_us is not None]
    away = f"; {series.away} not seen to come back" if series.away else ""
    return f"In order of time: {', '.join(times) or 'none measured'}{away}. RTO {declared(series.rto_ms)}."


def _scale(shared: Frame) -> Iterator[Markup]:
    shown = [(ms, label) for ms, label in _TICKS_MS if ms <= shared.highest_ms]
    for ms, label in shown:
        yield svg.line(LEFT, shared.y(ms), RIGHT, shared.y(ms), "grid")
        yield svg.text(LEFT - 7, shared.y(ms) + 4, label, "axis", "end")
    yield svg.line(LEFT, BOTTOM, RIGHT, BOTTOM, "frame")
    yield svg.text(LEFT - 7, NOTHING_Y + 4, "none", "axis", "end")


def _objective(series: Series, shared: Frame) -> Iterator[Markup]:
    """Yield the objective as a line, with its name above it."""
    if series.rto_ms <= 0:
        return
    y = shared.y(series.rto_ms)
    yield svg.line(LEFT, y, RIGHT, y, "stem objective")
    yield svg.text(RIGHT - 2, y - 5, f"RTO {declared(series.rto_ms)}", "flag objective", "end")


def _middle(series: Series, shared: Frame) -> Iterator[Markup]:
    """Yield the median with the range around it, of more than one."""
    spread = series.spread
    if spread is None or spread.n == 1 or not spread.high_us:
        return
    top, bottom = shared.y(spread.high_us / 1_000), shared.y(spread.low_us / 1_000)
    yield svg.rectangle(LEFT, top, RIGHT - LEFT, max(bottom - top, 1.5), "band")
    y = shared.y(spread.median_us / 1_000)
    yield svg.line(LEFT, y, RIGHT, y, "median")


def _dot(run: Run, shared: Frame) -> Markup:
    """Return one exercise: a dot, open where clients noticed nothing, an arrow where the service did not come back."""
    x = shared.x(run.at_utc_us)
    told = svg.tag("title", f"{run.exercise}: {_measured(run)}, {run.verdict}")
    if run.censored_us is not None:
        y = shared.y(run.censored_us / 1_000)
        path = f"M{svg.number(x - 5)} {svg.number(y + 4)}h10l-5 -9z"
        return svg.tag("path", told, d=path, class_="dot broken")
    if run.rta_us is None:
        return svg.tag("path", told, d=f"M{svg.number(x - 4)} {svg.number(NOTHING_Y - 4)}l8 8m0 -8l-8 8", class_="gone")
    y = NOTHING_Y if run.rta_us == 0 else shared.y(run.rta_us / 1_000)
    return svg.tag("circle", told, cx=x, cy=y, r=4.2, class_=f"dot {run.verdict}{' open' if run.rta_us == 0 else ''}")


def _measured(run: Run) -> str:
    if run.censored_us is not None:
        return f"not back after {duration(run.censored_us)}"
    return "not measured" if run.rta_us is None else duration(run.rta_us)


def _dates(shared: Frame) -> Iterator[Markup]:
    first, last = (date_minute(at).partition(",")[0] for at in (shared.from_utc_us, shared.to_utc_us))
    y = HEIGHT - 6
    if first == last:
        yield svg.text((LEFT + RIGHT) / 2, y, first, "axis", "middle")
        return
    yield svg.text(LEFT, y, first, "axis")
    yield svg.text(RIGHT, y, last, "axis", "end")
