"""How wide a text will be in whatever font the reader has, and how a long one is shortened or broken into lines."""

from __future__ import annotations

import unicodedata

# Advance of each printable ASCII character in thousandths of the font's size: the widest of Inter, Liberation Sans
# (which has Arial's and Helvetica's widths) and Roboto, so that a label fits whichever of them is there.
_REGULAR = (
    "281 278 403 631 638 889 667 222 362 362 500 659 280 460 278 413 625 562 605 636 642 608 624 571 616 624 278 "
    "280 659 659 659 556 1015 676 667 727 722 667 611 778 740 278 552 667 562 889 753 778 667 778 722 667 642 "
    "741 676 949 667 667 625 362 411 362 469 556 497 564 621 558 621 582 361 609 591 243 239 544 243 877 585 597 "
    "609 609 372 523 364 581 557 812 540 557 541 362 327 362 680"
)
_FIRST = 0x20
_WIDTHS = {chr(_FIRST + position): int(width) for position, width in enumerate(_REGULAR.split())}
# A semi-bold cut is a little wider; its thin letters (i, l, j) the most.
_STRONG_PERCENT = 106
# Letters beyond ASCII: as wide as a wide Latin capital, or a full square where the script is set in squares.
_OTHER, _SQUARE = 780, 1000

ELLIPSIS = "…"


def width_of(text: str, size: float, *, strong: bool = False) -> float:
    """Return how wide a text is at most, in px at a font of ``size`` px."""
    thousandths = sum(_advance(character) for character in text)
    return thousandths * size * (_STRONG_PERCENT if strong else 100) / 100_000


def _advance(character: str) -> int:
    """Return the advance of one character in thousandths of the font's size."""
    known = _WIDTHS.get(character)
    if known is not None:
        return known
    if unicodedata.combining(character):
        return 0
    return _SQUARE if unicodedata.east_asian_width(character) in {"W", "F"} else _OTHER


def shortened(text: str, width: float, size: float, *, strong: bool = False) -> str:
    """Return as much of a text as fits into ``width`` px, with an ellipsis where something was left out."""
    if width_of(text, size, strong=strong) <= width:
        return text
    room = width - width_of(ELLIPSIS, size, strong=strong)
    kept = ""
    for character in text:
        if width_of(kept + character, size, strong=strong) > room:
            break
        kept += character
    return kept.rstrip(" -.,_") + ELLIPSIS


def wrapped(text: str, width: float, size: float, *, lines: int, strong: bool = False) -> tuple[str, ...]:
    """Return a text broken into at most so many lines that each fit into ``width`` px; the last one is shortened.

    It breaks at spaces; after a hyphen, full stop, underscore or slash where a single word is too long; and within a
    word where there is nothing else, as in scripts without spaces.
    """
    found: list[str] = []
    rest = " ".join(text.split())
    while rest and len(found) < lines - 1 and width_of(rest, size, strong=strong) > width:
        line, rest = _broken(rest, width, size, strong=strong)
        if not line:
            break
        found.append(line)
    if rest:
        found.append(shortened(rest, width, size, strong=strong))
    return tuple(found)


def _broken(text: str, width: float, size: float, *, strong: bool) -> tuple[str, str]:
    """Return the first line of a text and the rest; an empty line where nothing can be broken off."""
    space, hyphen, anywhere = 0, 0, 0
    for position, character in enumerate(text):
        if character == " ":
            space = position
        if width_of(text[: position + 1], size, strong=strong) > width:
            break
        anywhere = position + 1
        if character in "-._/":
            hyphen = position + 1
    # A word is only broken where no space does: half a line of a long name says more than a shortened whole one.
    best = space or hyphen or anywhere
    return text[:best].rstrip(), text[best:].lstrip()
