"""Building SVG from values: every attribute and text escaped, every number printed one way, nothing styled inline."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

# Average advance of the interface font at 1 px, for placing labels; rounded up, so that labels rather part than touch.
CHARACTER_WIDTH = 0.58

_SCALES = (1, 2, 5)


def visible(text: str) -> str:
    """Return text in which nothing can hide: what is not printable (also direction marks) stands as its escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in text)


def number(value: float) -> str:
    """Return a coordinate with at most two decimals, the same on every machine."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def tag(name: str, *children: str | Markup, **attributes: str | float | None) -> Markup:
    """Return an element; a trailing underscore is dropped from a name, others become hyphens; ``None`` is left out."""
    parts = [Markup("<{}").format(name)]
    for key, value in attributes.items():
        if value is None:
            continue
        shown = visible(value) if isinstance(value, str) else number(value)
        spelled = "viewBox" if key == "viewBox" else key.rstrip("_").replace("_", "-")
        parts.append(Markup(' {}="{}"').format(spelled, shown))
    inner = join(child if isinstance(child, Markup) else escape(visible(child)) for child in children)
    opening = join(parts)
    if not children:
        return opening + Markup("/>")
    return opening + Markup(">") + inner + Markup("</{}>").format(name)


def join(parts: Iterable[Markup]) -> Markup:
    """Return markup one after the other."""
    return Markup("").join(parts)


def text(x: float, y: float, content: str, class_: str, anchor: str | None = None) -> Markup:
    """Return a text; ``anchor`` is start, middle or end."""
    return tag("text", content, x=x, y=y, class_=class_, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Return a line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def rectangle(x: float, y: float, width: float, height: float, class_: str, title: str | None = None) -> Markup:
    """Return a rectangle, with what a pointer resting on it is told."""
    children = (tag("title", title),) if title else ()
    return tag("rect", *children, x=x, y=y, width=max(width, 0), height=height, class_=class_)


def width_of(content: str, size: float) -> float:
    """Return about how wide a text is, in px at a font of ``size`` px."""
    return len(content) * size * CHARACTER_WIDTH


def round_step(span: float, at_most: int) -> float:
    """Return a step of 1, 2 or 5 times a power of ten that divides ``span`` into at most so many parts."""
    step, power = 0.0, 1e-3
    while step * at_most < span:
        for scale in _SCALES:
            step = scale * power
            if step * at_most >= span:
                break
        power *= 10
    return step or 1.0
