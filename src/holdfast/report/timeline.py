"""The timeline: what clients got, second by second, with the outage shaded and every mark in its place.

Seconds of the clock run along the bottom and are never scaled; where the day was compressed, its calendar runs along
the top with the compression beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from holdfast.checks.words import duration
from holdfast.measures.judgement import Judgement
from holdfast.report import svg
from holdfast.report.calendar import DrillCalendar, drill_calendar
from holdfast.state.service import BIN_US, Interruption, Interval, NoTimeline, Timeline

WIDTH = 1120.0
LEFT, RIGHT = 132.0, 1096.0
PLOT_HEIGHT = 170.0
EMPTY_HEIGHT = 96.0  # where nobody's payments are known
STRIP, GAP = 13.0, 5.0
FLAG_ROW = 19.0
FLAG_FONT = 11.5
AXIS_FONT = 11.0
MAX_TICKS = 12
# A longer observation is drawn in coarser steps, so that a page stays small: at most this many steps of throughput.
MAX_STEPS = 600
SECOND_US = 1_000_000
LEAD_US = 10 * SECOND_US
PEAK_SHOWN = 2.0  # times the highest offered load

_MINUTE_US = 60_000_000
_UNITS = ((SECOND_US, "seconds"), (_MINUTE_US, "minutes"), (60 * _MINUTE_US, "hours"))
MOST_OF_A_UNIT = 1_200
_DAY_STEPS_MIN = (1, 5, 10, 15, 30, 60, 120, 240)


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment with a flag; ``kind`` is its class in the style sheet."""

    at_us: int
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Placed:
    """A flag with the row it stands in, counted from the plot upwards, and what its label takes up."""

    mark: Mark
    x: float
    row: int
    leftwards: bool
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Axis:
    """Where a moment lies on the page."""

    from_us: int
    to_us: int
    zero_us: int  # the first injection: T+0

    def x(self, at_us: float) -> float:
        """Return the x of a moment, kept on the axis."""
        share = (at_us - self.from_us) / max(self.to_us - self.from_us, 1)
        return LEFT + (RIGHT - LEFT) * min(max(share, 0.0), 1.0)


def timeline(judgement: Judgement) -> Markup | None:
    """Return the picture, or ``None`` when there is no timeline to draw."""
    observed = judgement.case.timeline
    if isinstance(observed, NoTimeline):
        return None
    marks = _marks(judgement)
    since = judgement.case.injected_us
    last = max([observed.end_us, *(mark.at_us for mark in marks)])
    # A mark that lies an hour off is no reason to squeeze a minute into a hair: it is in the table of timestamps.
    limit = observed.end_us + max(observed.end_us - observed.start_us, SECOND_US)
    zero_us, to_us = observed.start_us if since is None else since, min(last, limit)
    # What came long before the injection is not the exercise: a fifth of the picture shows how steady it was.
    lead_us = max(LEAD_US, (to_us - zero_us) // 5)
    axis = Axis(max(observed.start_us, zero_us - lead_us), to_us, zero_us)
    calendar = drill_calendar(judgement)
    flags, flags_height = _flags([mark for mark in marks if axis.from_us <= mark.at_us <= axis.to_us], axis)
    top = (26.0 if calendar else 6.0) + flags_height
    plot_height = PLOT_HEIGHT if observed.bins else EMPTY_HEIGHT
    strips_top = top + plot_height + 12
    strips, bottom = _strips(judgement, observed, axis, strips_top)
    parts = [
        *(_calendar_axis(calendar, axis, top + plot_height) if calendar else ()),
        *_shading(judgement.case.interruptions, observed, axis, (top, bottom)),
        *(_throughput(observed, axis, top) if observed.bins else ()),
        *_stems(flags, axis, bottom),
        *strips,
        *_seconds_axis(axis, bottom),
    ]
    return svg.tag(
        "svg",
        svg.tag("title", "Timeline of the exercise"),
        svg.tag("desc", _description(judgement, observed)),
        *parts,
        viewBox=f"0 0 {svg.number(WIDTH)} {svg.number(bottom + 34)}",
        class_="timeline",
        role="img",
    )


def _description(judgement: Judgement, observed: Timeline) -> str:
    """Return the picture in words, for who cannot see it."""
    lost = [f"{duration(judgement.case.lasted_us(i))}" for i in judgement.case.interruptions]
    return (
        f"{observed.offered:,} instructions offered, {observed.acknowledged:,} acknowledged; "
        f"{'disrupted for ' + ', '.join(lost) if lost else 'never disrupted'}. The tables below hold every figure."
    )


def _marks(judgement: Judgement) -> list[Mark]:
    """Return the moments worth a flag, those on the clock of the picture."""
    kinds = {
        "detected": ("alarm", "alarm"),
        "declared": ("declared", "alarm"),
        "minimum-service": ("restored", "restored"),
        "undone": ("fault undone", "undo"),
        "re-armed": ("re-armed", "undo"),
        "cut-off": ("cut-off", "day"),
        "day-closed": ("day closed", "day"),
        "close-by": ("close deadline", "deadline"),
        "failed-back": ("failed back", "undo"),
    }
    # Of the days after the struck one the opening and the close are worth a flag; the tables have the rest.
    after = {"opens": ("opens", "day"), "day-closed": ("closed", "day")}
    marks = []
    for stamp in judgement.timestamps:
        if stamp.mono_us is None:
            continue
        if stamp.name.startswith("occurred"):
            marks.append(Mark(stamp.mono_us, stamp.note if judgement.case.imported is None else "occurred", "fault"))
        elif stamp.name in kinds:
            label, kind = kinds[stamp.name]
            marks.append(Mark(stamp.mono_us, label, kind))
        elif (parts := stamp.name.rpartition("-"))[0] in after:
            label, kind = after[parts[0]]
            marks.append(Mark(stamp.mono_us, f"day {parts[2]} {label}", kind))
    marks.sort(key=lambda mark: (mark.at_us, mark.label))
    # Events on another clock than the records have no place in the picture.
    return [] if isinstance(judgement.case.observed, NoTimeline) else marks


def _flags(marks: Sequence[Mark], axis: Axis) -> tuple[list[tuple[Mark, float, float, bool]], float]:
    """Return each mark with its x, its row's y and whether its label stands to the left, and the height of all rows."""
    placed: list[_Placed] = []
    # From right to left: a stem runs down through the rows below it, so an earlier flag, whose label reaches over the
    # later ones, stands above them.
    for mark in reversed(marks):
        x, width = axis.x(mark.at_us), svg.width_of(mark.label, FLAG_FONT) + 14
        leftwards = x + width > RIGHT + 20
        begin, end = (x - width, x + 4) if leftwards else (x - 4, x + width)
        above = [other.row for other in placed if begin <= other.end and other.begin <= end]
        placed.append(_Placed(mark, x, max(above, default=-1) + 1, leftwards, begin, end))
    height = FLAG_ROW * (max((flag.row for flag in placed), default=-1) + 1) + 6
    return [(f.mark, f.x, height - FLAG_ROW * (f.row + 1), f.leftwards) for f in placed], height


def _stems(flags: Sequence[tuple[Mark, float, float, bool]], axis: Axis, bottom: float) -> Iterator[Markup]:
    """Yield each flag: its stem down to the axis, its head and its label."""
    offset = 20.0
    for mark, x, y, leftwards in flags:
        top = y + offset
        anchor, shift = ("end", -7.0) if leftwards else ("start", 7.0)
        yield svg.line(x, top, x, bottom, f"stem {mark.kind}")
        yield svg.tag(
            "circle",
            svg.tag("title", f"{mark.label} {_t(mark.at_us, axis)}"),
            cx=x,
            cy=top,
            r=3.6,
            class_=f"head {mark.kind}",
        )
        yield svg.text(x + shift, top + 4, mark.label, f"flag {mark.kind}", anchor)


def _t(at_us: int, axis: Axis) -> str:
    """Return a moment as ``T+23.4 s``."""
    seconds = (at_us - axis.zero_us) / SECOND_US
    return f"T{'−' if seconds < 0 else '+'}{abs(seconds):.1f} s"


def _calendar_axis(calendar: DrillCalendar, axis: Axis, bottom: float) -> Iterator[Markup]:
    """Yield the business day along the top, with how much faster it ran."""
    span_min = (axis.to_us - axis.from_us) * calendar.compression / _MINUTE_US
    step = next((step for step in _DAY_STEPS_MIN if span_min / step <= MAX_TICKS), None)
    step = step or math.ceil(span_min / MAX_TICKS)
    yield svg.text(LEFT - 10, 13, f"calendar {calendar.compression}×", "axis strong", "end")
    for at_us in calendar.ticks(axis.from_us, axis.to_us, step):
        x = axis.x(at_us)
        yield svg.line(x, 17, x, bottom, "grid calendar")
        yield svg.text(x, 13, calendar.shown(at_us), "axis", "middle")


def _seconds_axis(axis: Axis, bottom: float) -> Iterator[Markup]:
    """Yield seconds before and after the first injection, along the bottom; minutes or hours where it took long."""
    unit_us, unit = next(u for u in _UNITS if axis.to_us - axis.from_us <= u[0] * MOST_OF_A_UNIT or u == _UNITS[-1])
    first, last = ((edge - axis.zero_us) / unit_us for edge in (axis.from_us, axis.to_us))
    step = svg.round_step(last - first, MAX_TICKS)
    yield svg.line(LEFT, bottom, RIGHT, bottom, "frame")
    yield svg.text(LEFT - 10, bottom + 18, unit, "axis strong", "end")
    tick = -int(-first // step) * step if first < 0 else int(first // step + 1) * step
    while tick <= last:
        x = axis.x(axis.zero_us + tick * unit_us)
        yield svg.line(x, bottom, x, bottom + 4, "frame")
        sign = "T" if tick == 0 else ("+" if tick > 0 else "−")
        label = "T" if tick == 0 else f"{sign}{svg.number(abs(tick))}"
        if x > LEFT + 16:  # nearer to the edge it would run into the name of the axis
            yield svg.text(x, bottom + 18, label, "axis", "middle")
        tick += step


def _shading(
    interruptions: Sequence[Interruption], observed: Timeline, axis: Axis, edges: tuple[float, float]
) -> Iterator[Markup]:
    """Yield the outage, over everything from the top of the plot to the bottom of the strips."""
    top, bottom = edges
    for interruption in interruptions:
        end_us = observed.last_offer_us if interruption.restored_us is None else interruption.restored_us
        begin, end = axis.x(interruption.disrupted_us), axis.x(end_us)
        lasted = duration(end_us - interruption.disrupted_us)
        lasted = f"more than {lasted}" if interruption.restored_us is None else lasted
        if interruption.surely_us is not None:
            surely = [axis.x(at_us) for at_us in interruption.surely_us]
            certain = duration(interruption.surely_us[1] - interruption.surely_us[0])
            lasted = f"{certain} to {lasted}" if interruption.restored_us is not None else f"more than {certain}"
            yield svg.rectangle(surely[0], top, surely[1] - surely[0], bottom - top, "outage", f"{certain} for certain")
        yield svg.rectangle(begin, top, end - begin, bottom - top, "outage", f"disrupted for {lasted}")
        if svg.width_of(lasted, 22) + 16 < end - begin:
            yield svg.text((begin + end) / 2, top + 62, lasted, "outage-time", "middle")
            yield svg.text((begin + end) / 2, top + 82, "disrupted", "outage-word", "middle")


def _throughput(observed: Timeline, axis: Axis, top: float) -> Iterator[Markup]:
    """Yield acknowledgements a second as an area and offers as a line, in steps of whole bins."""
    skipped = (axis.from_us - observed.start_us) // BIN_US
    begin_us, bins = observed.start_us + skipped * BIN_US, observed.bins[skipped:]
    stride = max(1, -(-len(bins) // MAX_STEPS))
    groups = [bins[i : i + stride] for i in range(0, len(bins), stride)]
    per_second = SECOND_US / (BIN_US * stride)
    acknowledged = [sum(b.acknowledged for b in group) * per_second for group in groups]
    offered = [sum(b.offered for b in group) * per_second for group in groups]
    # The burst in which a backlog is worked off would press the ordinary load flat; it is cut there, and says so.
    peak = max([1.0, *acknowledged, *offered])
    shown = min(peak, PEAK_SHOWN * max([1.0, *offered]))
    step = svg.round_step(shown, 4)
    highest = step * -(-shown // step)
    bottom = top + PLOT_HEIGHT

    def y(value: float) -> float:
        return bottom - PLOT_HEIGHT * min(value, highest) / highest

    value = 0.0
    while value <= highest:
        yield svg.line(LEFT, y(value), RIGHT, y(value), "frame" if value == 0 else "grid")
        yield svg.text(LEFT - 10, y(value) + 4, svg.number(value), "axis", "end")
        value += step
    yield svg.text(16, top + 4, "payments", "axis strong")
    yield svg.text(16, top + 18, "a second", "axis strong")
    edges = [axis.x(begin_us + i * stride * BIN_US) for i in range(len(groups) + 1)]
    path = [f"M{svg.number(edges[0])} {svg.number(bottom)}"]
    for i, value in enumerate(acknowledged):
        path.append(f"L{svg.number(edges[i])} {svg.number(y(value))}L{svg.number(edges[i + 1])} {svg.number(y(value))}")
    path.append(f"L{svg.number(edges[-1])} {svg.number(bottom)}Z")
    yield svg.tag("path", d="".join(path), class_="acknowledged")
    points = " ".join(
        f"{svg.number(edges[i])},{svg.number(y(v))} {svg.number(edges[i + 1])},{svg.number(y(v))}"
        for i, v in enumerate(offered)
    )
    yield svg.tag("polyline", points=points, class_="offered")
    if peak > highest:
        first = last = acknowledged.index(peak)
        while first and acknowledged[first - 1] > highest:
            first -= 1
        while last + 1 < len(acknowledged) and acknowledged[last + 1] > highest:
            last += 1
        said = f"backlog: up to {peak:,.0f} a second, cut here"
        # Beside all that is cut, and not beyond the edge.
        if edges[last + 1] + 8 + svg.width_of(said, AXIS_FONT) <= RIGHT:
            yield svg.text(edges[last + 1] + 8, top + 12, said, "axis halo")
        else:
            yield svg.text(edges[first] - 8, top + 12, said, "axis halo", "end")


def _strips(judgement: Judgement, observed: Timeline, axis: Axis, top: float) -> tuple[list[Markup], float]:
    """Return the strips of states: the service, each participant, and what was broken while it was."""
    parts: list[Markup] = []
    y = top
    parts += _strip("the service", observed.intervals, axis, y, STRIP + 4)
    y += STRIP + 4 + GAP + 3
    for bank, interruptions in observed.participants.items():
        parts += _strip(bank, _participant_intervals(interruptions, observed), axis, y, STRIP)
        parts += _unobserved(observed, axis, y)
        y += STRIP + GAP
    y += 3
    for fault in judgement.case.effective:
        if fault.effect is None:
            continue
        begin_us = fault.effect.event.injected.mono_us
        end_us = fault.undone.event.occurred.mono_us if fault.undone else axis.to_us
        x = axis.x(begin_us)
        label = f"{fault.intended.event.name} held {duration(end_us - begin_us)}"
        parts.append(_label(fault.intended.event.target, y, STRIP))
        parts.append(svg.rectangle(x, y, axis.x(end_us) - x, STRIP, "state fault", label))
        if svg.width_of(label, 10) + 12 < axis.x(end_us) - x:
            parts.append(svg.text(x + 6, y + STRIP - 3, label, "on-fault"))
        y += STRIP + GAP
    return parts, y + 4


def _label(name: str, y: float, height: float) -> Markup:
    """Return the name of a strip, cut where it would not fit."""
    fits = int((LEFT - 20) / (11 * svg.CHARACTER_WIDTH))
    return svg.text(LEFT - 10, y + height / 2 + 4, name if len(name) <= fits else name[: fits - 1] + "…", "axis", "end")


def _strip(name: str, intervals: Sequence[Interval], axis: Axis, y: float, height: float) -> Iterator[Markup]:
    yield _label(name, y, height)
    for interval in intervals:
        if interval.end_us <= axis.from_us:
            continue
        begin, end = axis.x(interval.start_us), axis.x(interval.end_us)
        lasted = f"{name}: {interval.state} for {duration(interval.end_us - interval.start_us)}"
        # Even a blink is drawn one pixel wide: what happened must not vanish for being short.
        yield svg.rectangle(begin, y, max(end - begin, 1.0), height, f"state {interval.state}", lasted)


def _unobserved(observed: Timeline, axis: Axis, y: float) -> Iterator[Markup]:
    """Yield, over a participant's strip, where nobody offered anything."""
    for interval in observed.intervals:
        if interval.state == "unobserved" and interval.end_us > axis.from_us:
            begin, end = axis.x(interval.start_us), axis.x(interval.end_us)
            yield svg.rectangle(begin, y, end - begin, STRIP, "state unobserved", "nothing was offered")


def _participant_intervals(interruptions: Sequence[Interruption], observed: Timeline) -> list[Interval]:
    """Return a participant's strip: served, or not."""
    found, at_us = [], observed.start_us
    for interruption in interruptions:
        end_us = observed.last_offer_us if interruption.restored_us is None else interruption.restored_us
        found.append(Interval("available", at_us, interruption.disrupted_us))
        found.append(Interval("disrupted", interruption.disrupted_us, end_us))
        at_us = end_us
    found.append(Interval("available", at_us, observed.last_offer_us))
    return [interval for interval in found if interval.start_us < interval.end_us]
