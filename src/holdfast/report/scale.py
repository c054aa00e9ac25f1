"""The outage beside its limits: seconds and hours on one axis, which is logarithmic and says so."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from markupsafe import Markup

from holdfast.checks.words import declared, duration
from holdfast.measures.judgement import Judgement
from holdfast.report import svg

WIDTH, HEIGHT = 1120.0, 132.0
LEFT, RIGHT = 24.0, 1096.0
AXIS_Y = 92.0
FONT = 12.0
NEAR = 150.0  # two labels nearer than this would run into each other
PERCENT_WHOLE = 10

_TICKS_MS = (
    (100, "0.1 s"),
    (1_000, "1 s"),
    (10_000, "10 s"),
    (60_000, "1 min"),
    (600_000, "10 min"),
    (3_600_000, "1 h"),
    (14_400_000, "4 h"),
    (86_400_000, "1 d"),
    (864_000_000, "10 d"),
)


@dataclass(frozen=True, slots=True)
class _Point:
    ms: float
    label: str
    kind: str
    above: int  # how many rows above the axis the label stands


def scale(judgement: Judgement) -> Markup | None:
    """Return the picture, or ``None`` when no recovery time was measured, or it is nothing."""
    service = judgement.case.service
    figures = {figure.name: figure for figure in judgement.clocks}
    recovery = figures["rta"].value
    if not recovery:
        return None
    points = [
        _Point(recovery / 1_000, f"out for {duration(recovery)}", "outage", 2),
        _Point(service.rto_ms, f"RTO {declared(service.rto_ms)}", "objective", 2),
        _Point(
            service.impact_tolerance.duration_ms,
            f"tolerance {declared(service.impact_tolerance.duration_ms)}",
            "limit",
            1,
        ),
    ]
    noticed = figures["mttd"].value
    if noticed is not None and noticed > 0:
        points.append(_Point(noticed / 1_000, f"noticed after {duration(noticed)}", "alarm", 1))
    points = [point for point in points if point.ms > 0]
    low = min(100.0, *(point.ms for point in points))
    high = max(86_400_000.0, *(point.ms for point in points))

    def x(ms: float) -> float:
        share = (math.log10(ms) - math.log10(low)) / (math.log10(high) - math.log10(low))
        return LEFT + (RIGHT - LEFT) * share

    if len(points) > 1 and abs(x(points[0].ms) - x(points[1].ms)) < NEAR:
        # Beside its objective the outage's label stands above it.
        points[0] = replace(points[0], above=3)
    parts = [svg.line(LEFT, AXIS_Y, RIGHT, AXIS_Y, "frame")]
    for ms, label in _TICKS_MS:
        if low <= ms <= high:
            parts += [svg.line(x(ms), AXIS_Y, x(ms), AXIS_Y + 5, "frame")]
            anchor = "end" if x(ms) > RIGHT - 12 else ("start" if x(ms) < LEFT + 12 else "middle")
            parts += [svg.text(x(ms), AXIS_Y + 19, label, "axis", anchor)]
    for point in points:
        parts += _drawn(point, x(point.ms))
    percent = share_of(recovery, service.rto_ms) if service.rto_ms else "more than all"
    title = f"The outage used {percent} of its objective of {declared(service.rto_ms)}. Logarithmic scale"
    return svg.tag(
        "svg",
        svg.tag("title", title),
        *parts,
        viewBox=f"0 0 {svg.number(WIDTH)} {svg.number(HEIGHT)}",
        class_="scale",
        role="img",
    )


def share_of(us: int, ms: int) -> str:
    """Return what part of an objective a time is: ``0.42 %``, ``113 %``."""
    percent = us / 10 / ms
    return f"{percent:.0f} %" if percent >= PERCENT_WHOLE else f"{percent:.2g} %"


def _drawn(point: _Point, x: float) -> list[Markup]:
    """Return a point on its stem with its label, to the left where there is no room to the right."""
    y = AXIS_Y - 26.0 * point.above
    leftwards = x + svg.width_of(point.label, FONT) + 14 > RIGHT
    shift, anchor = (-8.0, "end") if leftwards else (8.0, "start")
    return [
        svg.line(x, y, x, AXIS_Y, f"stem {point.kind}"),
        svg.tag("circle", cx=x, cy=y, r=4.5, class_=f"head {point.kind}"),
        svg.text(x + shift, y + 4, point.label, f"flag {point.kind}", anchor),
    ]
