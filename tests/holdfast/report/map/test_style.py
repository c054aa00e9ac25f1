"""The look: nothing too small or too faint to be read, no colour with two meanings, no rule for what is not there."""

from __future__ import annotations

import re
from itertools import product

import pytest

from holdfast.report import palette
from holdfast.report.map.page_style import PAGE_STYLE
from holdfast.report.map.style import DARK, LIGHT, MAP_STYLE
from holdfast.report.style import STYLE

COLOUR = re.compile(r"--([\w-]+): (#[0-9a-f]{6})\b")
# Words on grounds: WCAG 2.2, 1.4.3. Shapes and lines that say something: 1.4.11.
WORDS = [
    *product(("text", "muted"), ("ground", "panel", "band", "box", "rail", "unknown-soft")),
    *product(("held", "broken", "unknown"), ("ground", "panel", "box")),
    *product(("on-down",), ("down-box", "failed")),
    *product(("panel",), ("unknown", "broken", "accent")),
    ("unknown", "unknown-soft"),
    ("accent", "panel"),
]
SHAPES = [("need", "band"), ("broken", "band"), ("accent", "band"), ("held", "rail"), ("unknown", "rail")]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, as WCAG 2.2 defines it."""
    lights = sorted((_luminance(one), _luminance(other)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_words_and_shapes_can_be_told_from_their_ground(theme: str) -> None:
    colours = dict(COLOUR.findall(theme))
    faint = [(pair, least) for pairs, least in ((WORDS, 4.5), (SHAPES, 3.0)) for pair in pairs
             if contrast(colours[pair[0]], colours[pair[1]]) < least]  # fmt: skip
    assert faint == []


def test_no_word_on_the_map_is_smaller_than_11_px() -> None:
    sizes = [float(size) for size in re.findall(r"(?:font(?:-size)?: (?:\d00 )?)([\d.]+)px", MAP_STYLE)]
    assert len(sizes) > 10
    assert min(sizes) >= 11


@pytest.mark.parametrize("theme", [(palette.LIGHT, LIGHT), (palette.DARK, DARK)], ids=["light", "dark"])
def test_maps_and_reports_have_one_palette(theme: tuple[str, str]) -> None:
    common, of_maps = theme
    assert all(common in sheet for sheet in (of_maps, PAGE_STYLE, STYLE))
    names = [name for name, _ in COLOUR.findall(of_maps)]
    assert sorted(names) == sorted(set(names))


def test_every_colour_is_used() -> None:
    for name, _ in COLOUR.findall(LIGHT):
        assert f"var(--{name}" in PAGE_STYLE + STYLE, name
