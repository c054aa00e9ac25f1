"""The shapes of the states, so that they can be told apart without colours, each drawn once and used everywhere."""

from __future__ import annotations

from markupsafe import Markup

from holdfast.report import svg
from holdfast.report.map.condition import WORDS, Condition
from holdfast.report.map.style import TEXT_PX
from holdfast.report.map.text import width_of

_PILL_HEIGHT, _PILL_PAD = 15.0, 6.0

_SHAPES: dict[Condition, tuple[Markup, ...]] = {
    "up": (svg.tag("circle", cx=0, cy=0, r=2.6, class_="mark-up"),),
    "degraded": (svg.tag("path", d="M0 -5.2L5.6 4.6H-5.6Z", class_="mark-degraded"),),
    "down": (svg.tag("path", d="M-3.6 -3.6L3.6 3.6M3.6 -3.6L-3.6 3.6", class_="mark-down"),),
    "failed": (svg.tag("path", d="M1.6 -6.4L-4.6 1.2H-0.6L-1.8 6.4L4.6 -1.4H0.5Z", class_="mark-failed"),),
}


def shape(condition: Condition) -> Markup:
    """Return the shape of a condition, about its middle."""
    return svg.join(_SHAPES[condition])


def definitions() -> Markup:
    """Return what is used by reference: a shape for each condition, and its word as a label on a lower edge.

    The label's right end is at x = 0 and its middle at y = 0. What is available needs no word on every box.
    """
    parts = [svg.tag("g", shape(condition), id=f"mark-{condition}") for condition in WORDS]
    parts += [svg.tag("g", *_pill(condition), id=f"word-{condition}") for condition in WORDS]
    return svg.tag("defs", *parts)


def _pill(condition: Condition) -> tuple[Markup, ...]:
    if condition == "up":
        return (Markup(),)
    word = WORDS[condition]
    width = pill_width(condition)
    return (
        svg.tag(
            "rect",
            x=-width,
            y=-_PILL_HEIGHT / 2,
            width=width,
            height=_PILL_HEIGHT,
            rx=_PILL_HEIGHT / 2,
            class_=f"pill {condition}",
        ),
        svg.text(-width / 2, 3.9, word, f"pill-text {condition}", "middle"),
    )


def pill_width(condition: Condition) -> float:
    """Return how wide the label of a condition is, in px."""
    return width_of(WORDS[condition], TEXT_PX, strong=True) + 2 * _PILL_PAD
