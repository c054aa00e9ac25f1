"""Strips over time: what happened at the top, one strip below for each service, on one axis of people's clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from holdfast.report import svg

WIDTH = 1120.0
LEFT, RIGHT = 190.0, 1096.0
ROW = 15.0  # between two rows of words
STRIP = 34.0
BAR = 14.0
FONT = 11.5
MAX_ROWS = 7
_STEPS = (5, 10, 15, 30, 60, 120, 240, 480, 720, 1440, 2880, 7200, 14400)
_MINUTE = 60_000_000
_AT_MOST_TICKS = 10


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that happened: when (any unit, the axis is in it), in a word or two, and of which kind."""

    at: int
    label: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a strip: from when to when, in which state, and what a pointer resting on it is told."""

    begin: int
    end: int
    state: str
    title: str


@dataclass(frozen=True, slots=True)
class Strip:
    """One service: its name, its spans, and the limits that stand on it."""

    name: str
    spans: tuple[Span, ...]
    limits: tuple[Flag, ...] = ()


def strips(
    flags: Sequence[Flag], rows: Sequence[Strip], begin: int, end: int, shown: Callable[[int], str], title: str
) -> Markup:
    """Return the picture from ``begin`` to ``end`` in microseconds; ``shown`` is what stands at a tick of the axis."""
    length = max(end - begin, _MINUTE)

    def x(at: int) -> float:
        return LEFT + (RIGHT - LEFT) * min(max((at - begin) / length, 0.0), 1.0)

    placed = tuple(_placed(flags, x))
    depth = 1 + max((row for _, row in placed), default=0)
    top = 10.0 + depth * ROW
    bottom = top + 12.0 + STRIP * len(rows)
    parts = list(_axis(begin, end, length, x, shown, (top, bottom)))
    for flag, row in placed:
        parts += _flag(flag, x(flag.at), 10.0 + (depth - 1 - row) * ROW + 4, bottom)
    for number, strip in enumerate(rows):
        parts += _strip(strip, x, top + 14.0 + STRIP * number)
    height = bottom + 26.0
    picture = f"0 0 {svg.number(WIDTH)} {svg.number(height)}"
    return svg.tag("svg", svg.tag("title", title), *parts, viewBox=picture, role="img")


def _placed(flags: Sequence[Flag], x: Callable[[int], float]) -> Iterator[tuple[Flag, int]]:
    """Yield each flag with the row of its words: the lowest in which they run into no others."""
    free: list[float] = []
    for flag in sorted(flags, key=lambda each: each.at):
        begin, end = _extent(flag, x(flag.at))
        row = next((row for row, taken in enumerate(free) if taken < begin), len(free))
        if row == len(free) and row < MAX_ROWS:
            free.append(end)
        else:
            row = min(row, MAX_ROWS - 1)
            free[row] = max(free[row], end)
        yield flag, row


def _extent(flag: Flag, x: float) -> tuple[float, float]:
    width = svg.width_of(flag.label, FONT) + 16
    return (x - width, x + 4) if x + width > RIGHT else (x - 4, x + width)


def _flag(flag: Flag, x: float, y: float, bottom: float) -> list[Markup]:
    """Return a flag on its stem, its words to the left where there is no room to the right."""
    leftwards = _extent(flag, x)[0] < x - 8
    shift, anchor = (-7.0, "end") if leftwards else (7.0, "start")
    return [
        svg.line(x, y, x, bottom, f"stem {flag.kind}"),
        svg.tag("circle", cx=x, cy=y, r=3.6, class_=f"head {flag.kind}"),
        svg.text(x + shift, y + 4, flag.label, f"flag {flag.kind}", anchor),
    ]


def _strip(strip: Strip, x: Callable[[int], float], y: float) -> list[Markup]:
    parts = [svg.text(LEFT - 12, y + 11, strip.name, "strong", "end")]
    parts.append(svg.rectangle(LEFT, y, RIGHT - LEFT, BAR, "state unobserved"))
    parts += [
        svg.rectangle(x(span.begin), y, x(span.end) - x(span.begin), BAR, f"state {span.state}", span.title)
        for span in strip.spans
    ]
    for limit in strip.limits:
        at = x(limit.at)
        parts.append(svg.line(at, y - 3, at, y + BAR + 3, f"stem {limit.kind}"))
        leftwards = at + svg.width_of(limit.label, 10) > RIGHT
        shift, anchor = (-3.0, "end") if leftwards else (3.0, "start")
        parts.append(svg.text(at + shift, y + BAR + 10, limit.label, "axis", anchor))
    return parts


def _axis(
    begin: int,
    end: int,
    length: int,
    x: Callable[[int], float],
    shown: Callable[[int], str],
    across: tuple[float, float],
) -> Iterator[Markup]:
    """Yield the ticks: whole steps of minutes, hours or days, at most ten of them."""
    step = next((each for each in _STEPS if each * _MINUTE * _AT_MOST_TICKS >= length), _STEPS[-1]) * _MINUTE
    top, bottom = across
    yield svg.line(LEFT, bottom, RIGHT, bottom, "frame")
    at = -(-begin // step) * step
    while at <= end:
        yield svg.line(x(at), top, x(at), bottom, "grid")
        yield svg.text(x(at), bottom + 17, shown(at), "axis", "middle")
        at += step
