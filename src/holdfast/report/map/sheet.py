"""One view of the map, and the map as a picture by itself: heading, what is failed and what falls, legend, map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

from holdfast.checks.words import count
from holdfast.report import svg
from holdfast.report.map.condition import WORDS, Condition, Conditions
from holdfast.report.map.draw import Drawing, drawn
from holdfast.report.map.graph import Graph, service_key
from holdfast.report.map.layout import EDGE, layout_of
from holdfast.report.map.marks import definitions, shape
from holdfast.report.map.scene import By, scene_of
from holdfast.report.map.style import LEGEND_PX, STORY_PX, SVG_STYLE, TITLE_PX, WHAT_PX
from holdfast.report.map.text import shortened, width_of

# What the states are the states of. Nobody may take a battery that lasts an hour for no battery, nor the reverse.
MOMENT = "After failovers, with batteries and other reserves run out, and before anything is recovered."
_TOP, _LEGEND_LINE = 92.0, 24.0
# The legend stands beside the title where the picture is so much wider than it.
_LEGEND_BESIDE = 420
# So many things on the way from a cause to a service are shown by themselves even where the rest is piled up.
_KEPT = 120
_NAMED = 3
# Less room than this in a heading shows nothing that could be read.
_LEAST = 80


@dataclass(frozen=True, slots=True)
class View:
    """What of the map is shown, and grouped by what: everything, or what the service of this name stands on."""

    by: By = "site"
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Marks:
    """What is noted beside the declaration.

    ``weaknesses`` are sentences by the key of the thing that they are about; ``unapproved`` are the names of services
    whose tolerance nobody approved.
    """

    weaknesses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unapproved: frozenset[str] = frozenset()


def drawing_of(
    graph: Graph, conditions: Conditions, view: View, marks: Marks, link: Callable[[str], str] = "#{}".format
) -> Drawing:
    """Return a view ready to be drawn."""
    service = None if view.service is None else service_key(view.service)
    scene = scene_of(graph, view.by, service, _kept(graph, conditions))
    badges = {key: len(found) for key, found in marks.weaknesses.items()}
    return Drawing(graph, layout_of(scene), conditions, badges, marks.unapproved, link)


def svg_file(graph: Graph, conditions: Conditions, view: View, marks: Marks | None = None) -> str:
    """Return a view as an SVG file that needs nothing else."""
    drawing = drawing_of(graph, conditions, view, marks or Marks())
    legend_width = _legend()[1]
    width = max(drawing.layout.width, legend_width + 2 * EDGE)
    beside = width - legend_width >= _LEGEND_BESIDE
    top = _TOP if beside else _TOP + _LEGEND_LINE
    height = drawing.layout.height + top
    left = (width - drawing.layout.width) / 2
    title = f"{graph.model.institution}: {view_title(graph, view)}"
    whole = svg.tag(
        "svg",
        svg.tag("title", title, id="map-title"),
        svg.tag("desc", f"{story(graph, conditions, view)} {MOMENT}", id="map-story"),
        svg.tag("style", Markup(SVG_STYLE)),  # noqa: S704 - the style sheet is a constant of this package
        definitions(),
        svg.tag("rect", width=width, height=height, class_="ground"),
        _heading(graph, conditions, view, width, beside=beside),
        svg.tag("g", drawn(drawing), transform=f"translate({svg.number(left)} {svg.number(top)})"),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {svg.number(width)} {svg.number(height)}",
        width=width,
        height=height,
        class_="map",
        role="group",
        aria_labelledby="map-title map-story",
    )
    return f"{whole}\n"


def view_title(graph: Graph, view: View) -> str:
    """Return what a view shows."""
    if view.service is None:
        return f"dependency map by {view.by}"
    return f"what “{graph.model.services[view.service].title}” stands on, by {view.by}"


def story(graph: Graph, conditions: Conditions, view: View | None = None) -> str:
    """Return in a few sentences what is failed, what falls with it, and how the service stands that a view is of."""
    told = _fallen(graph, conditions)
    if view is None or view.service is None:
        return told
    word = WORDS[conditions.things[service_key(view.service)]]
    return f"{told} {graph.model.services[view.service].title}: {word}."


def _fallen(graph: Graph, conditions: Conditions) -> str:
    services = Counter(conditions.things[service_key(name)] for name in graph.model.services)
    if not conditions.failed:
        return f"Nothing is failed. {count(len(graph.model.services), 'important business service')}."
    down, degraded = services["down"], services["degraded"]
    things = sum(
        condition in {"down", "failed"}
        for key, condition in conditions.things.items()
        if graph.things[key].sort == "resource"
    )
    fallen = f"{down} of {count(len(graph.model.services), 'service')} down, {degraded} degraded"
    return f"If {failed_words(graph, conditions)} failed: {fallen}; {count(things, 'resource')} down."


def failed_words(graph: Graph, conditions: Conditions) -> str:
    """Return the titles of what was failed: the first few, and how many more."""
    titles = [_title(graph, name) for name in sorted(conditions.failed)]
    shown, more = titles[:_NAMED], len(titles) - _NAMED
    if more > 0:
        return f"{', '.join(shown)} and {more:,} more"
    return " and ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else shown[0]


def _title(graph: Graph, name: str) -> str:
    """Return the title of a name that was failed: a site's before a resource's."""
    site = graph.model.sites.get(name)
    return site.title if site is not None else graph.things[name].title


def _kept(graph: Graph, conditions: Conditions) -> frozenset[str]:
    """Return what is not piled up: what lies on the way from a cause to a service, unless it is too much itself."""
    below: dict[str, list[str]] = {}
    for position in conditions.carried:
        edge = graph.edges[position]
        below.setdefault(edge.source, []).append(edge.target)
    found = {service_key(name) for name in graph.model.services}
    waiting = sorted(found)
    while waiting:
        for target in below.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return frozenset(found) if len(found) <= _KEPT else frozenset()


def _heading(graph: Graph, conditions: Conditions, view: View, width: float, *, beside: bool) -> Markup:
    """Return the heading of the picture: title, story, and the legend beside the title or below the story."""
    told = view_title(graph, view)
    legend, legend_width = _legend()
    room = width - 2 * EDGE
    bad = bool(conditions.failed)
    for_title = room - legend_width - 30 if beside else room
    title = shortened(graph.model.institution, for_title, TITLE_PX, strong=True)
    left = for_title - width_of(title, TITLE_PX, strong=True) - 14
    what = svg.tag("tspan", shortened(told, left, WHAT_PX), dx=12, class_="what") if left > _LEAST else Markup()
    at = (width - EDGE - legend_width, 26.0) if beside else (EDGE, _TOP - 4)
    lines = [
        svg.tag("text", title, what, x=EDGE, y=32, class_="title"),
        svg.text(
            EDGE,
            54,
            shortened(story(graph, conditions, view), room, STORY_PX, strong=bad),
            "story bad" if bad else "story",
        ),
        svg.text(EDGE, 72, shortened(MOMENT if bad else "", room, STORY_PX), "story"),
        svg.tag("g", legend, transform=f"translate({svg.number(at[0])} {svg.number(at[1])})"),
    ]
    return svg.tag("g", *lines, class_="heading")


def _legend() -> tuple[Markup, float]:
    """Return the legend on one line, and how wide it is."""
    parts: list[Markup] = []
    x = 0.0
    for condition, word in WORDS.items():
        parts.append(svg.tag("rect", x=x, y=-8, width=22, height=16, rx=4, class_=f"swatch {condition}"))
        parts.append(svg.tag("g", shape(condition), transform=f"translate({svg.number(x + 11)} 0)"))
        parts.append(svg.text(x + 28, 4.2, word, "legend"))
        x += 28 + width_of(word, LEGEND_PX) + 18
    for class_, word in (("l", "needs"), ("l alt", "one of several"), ("l down", "the loss passes here")):
        parts.append(svg.line(x, 0, x + 26, 0, class_))
        parts.append(svg.text(x + 32, 4.2, word, "legend"))
        x += 32 + width_of(word, LEGEND_PX) + 18
    return svg.join(parts), x - 18


def legend() -> Markup:
    """Return the legend as a picture of its own."""
    inside, width = _legend()
    return svg.tag(
        "svg",
        svg.tag("g", inside, transform="translate(1 10)"),
        class_="map legend",
        aria_hidden="true",
        viewBox=f"0 0 {svg.number(width + 2)} 20",
        width=width + 2,
        height=20,
    )


def worst(conditions: Conditions, graph: Graph) -> Condition:
    """Return how the worst service stands."""
    found = {conditions.things[service_key(name)] for name in graph.model.services}
    return "down" if "down" in found else "degraded" if "degraded" in found else "up"
