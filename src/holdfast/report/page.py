"""What every page has in common: how values are printed, the marks of verdicts, and what a page allows itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from holdfast.report import svg
from holdfast.report.headline import VERDICT_WORDS

# A verdict is a shape, a colour and a word, so that it survives a printer without colours and an eye without red.
_SHAPES: Mapping[str, tuple[Markup, ...]] = {
    "held": (svg.tag("circle", cx=8, cy=8, r=6.6), svg.tag("path", d="M5 8.3l2.1 2.1L11 6.2")),
    "broken": (
        svg.tag("rect", x=1.6, y=1.6, width=12.8, height=12.8, rx=1.5),
        svg.tag("path", d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2"),
    ),
    "unknown": (svg.tag("path", d="M8 1L15 8L8 15L1 8Z"), svg.tag("path", d="M8 4.9v3.6M8 10.9v.1")),
}


@dataclass(frozen=True, slots=True)
class Card:
    """One of the figures that a reader looks for first: what it is, its value, and of what or by which limit."""

    name: str
    value: str
    of: str


def mark(word: str) -> Markup:
    """Return the mark of a verdict; what is neither held nor broken has that of what is unknown."""
    shape = _SHAPES.get(word, _SHAPES["unknown"])
    return svg.tag("svg", *shape, viewBox="0 0 16 16", class_="mark", aria_hidden="true")


MARKS: Mapping[str, Markup] = {word: mark(word) for word in VERDICT_WORDS}


def policy(style_digest: str) -> str:
    """Return what a page allows itself: this style sheet, by its digest, and nothing else at all."""
    return f"default-src 'none'; style-src '{style_digest}'; base-uri 'none'; form-action 'none'"


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


ENVIRONMENT = Environment(
    autoescape=True, undefined=StrictUndefined, finalize=_shown, trim_blocks=True, lstrip_blocks=True
)
"""Every value is escaped on its way in, and a name that is not there is an error."""
ENVIRONMENT.filters["ranges"] = _ranges
