"""A layout and its conditions as SVG: every node a titled link, the lines that carry a loss on top of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from holdfast.report import svg
from holdfast.report.map.condition import WORDS, Condition, Conditions
from holdfast.report.map.graph import Graph
from holdfast.report.map.layout import (
    BOX_HEIGHT,
    EDGE,
    HEADING_LINE,
    LABELS,
    RAIL_GAP,
    RAIL_HEIGHT,
    TEXT_LEFT,
    TEXT_LINE,
    TEXT_RIGHT,
    Layout,
    Point,
    Rectangle,
    heading_of,
    label_of,
)
from holdfast.report.map.marks import pill_width
from holdfast.report.map.scene import Item
from holdfast.report.map.style import LEVEL_PX, SERVICE_PX, TEXT_PX
from holdfast.report.map.text import shortened, width_of, wrapped

_SERVICE_LINE, _STATE_LINE = 17.0, 16.0
# What a pile may have to show beside its title.
_COUNT = "000 of 000 degraded"
_ALL = "all available"
_CORNER = 5.0
# How far the arrow at the end of a line reaches sideways and up.
_ARROW = 3.5
# A badge holds two digits.
_MOST = 99
# A rail or line as wide as this has room for its state beside its name.
_WIDE_SLIM = 260.0
_WORD_ROOM = max(pill_width(condition) for condition in WORDS) + 8
_SEVERITY: Mapping[Condition, int] = {"up": 0, "degraded": 1, "down": 2, "failed": 3}


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a map is drawn from.

    ``badges`` are numbers of weaknesses by the key of a thing, ``unapproved`` the names of services whose tolerance
    nobody approved. ``link`` makes the target of a node's link from its id.
    """

    graph: Graph
    layout: Layout
    conditions: Conditions
    badges: Mapping[str, int] = field(default_factory=dict)
    unapproved: frozenset[str] = frozenset()
    link: Callable[[str], str] = "#{}".format


def drawn(drawing: Drawing) -> Markup:
    """Return the map as SVG elements, its upper left corner at the origin."""
    painter = _Painter(drawing)
    return svg.join(
        (
            svg.tag("g", *painter.ground(), class_="ground-layer", aria_hidden="true"),
            svg.tag("g", *painter.lines(), class_="lines", aria_hidden="true"),
            svg.tag("g", *painter.nodes(services=True), class_="nodes"),
            svg.tag("g", *painter.headings(), class_="headings"),
            svg.tag("g", *painter.nodes(services=False), class_="nodes"),
        )
    )


def condition_of(item: Item, conditions: Conditions) -> Condition:
    """Return the condition of an item: a pile is down when everything in it is, degraded when something is not up."""
    found = [conditions.things[key] for key in item.things]
    if len(found) == 1:
        return found[0]
    if all(condition in {"down", "failed"} for condition in found):
        return "down"
    return "up" if all(condition == "up" for condition in found) else "degraded"


def standing_of(item: Item, conditions: Conditions) -> str:
    """Return how the things of a pile stand, the worst of them in number."""
    found = [conditions.things[key] for key in item.things]
    away = sum(condition in {"down", "failed"} for condition in found)
    less = sum(condition == "degraded" for condition in found)
    if away or less:
        return f"{away or less} of {len(found)} {'down' if away else 'degraded'}"
    return _ALL


def _numbers(graph: Graph) -> dict[str, int]:
    return {key: position for position, key in enumerate(graph.things)}


class _Painter:
    """Draws one layout."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self._layout = drawing.layout
        self._items = drawing.layout.scene.items
        self._conditions = drawing.conditions
        self._numbers = _numbers(drawing.graph)
        self._edges = {(edge.source, edge.target, edge.bond): at for at, edge in enumerate(drawing.graph.edges)}

    def ground(self) -> Iterable[Markup]:
        """Yield bands, levels and the frames of groups."""
        for band in self._layout.bands.values():
            yield svg.tag("rect", x=band.x, y=band.y, width=band.width, height=band.height, rx=7, class_="band")
        for level, area in self._layout.levels:
            middle = area.y + area.height / 2
            lines = wrapped(level.title, LABELS - EDGE - 8, LEVEL_PX, lines=3, strong=True)
            for row, words in enumerate(lines):
                yield svg.text(EDGE, middle + 4 + (row - (len(lines) - 1) / 2) * 14, words, "level")
        for item in self._items.values():
            if item.hung:
                for frame in self._frames(item):
                    yield svg.tag(
                        "rect", x=frame.x, y=frame.y, width=frame.width, height=frame.height, rx=7, class_="frame"
                    )

    def _frames(self, item: Item) -> Iterable[Rectangle]:
        """Yield the ground under a group's members, one for each column that they stand in."""
        rail = self._layout.boxes[item.key]
        parts: dict[str | None, list[Rectangle]] = {}
        for key in item.hung:
            parts.setdefault(self._items[key].column, []).append(self._layout.boxes[key])
        for boxes in parts.values():
            # Where the rail is lifted over others, the frame stays with the members, and the line between shows.
            top = max(rail.y + rail.height / 2, min(box.y for box in boxes) - RAIL_GAP - RAIL_HEIGHT / 2)
            left, right = min(box.x for box in boxes) - 5, max(box.right for box in boxes) + 5
            yield Rectangle(left, top, right - left, max(box.bottom for box in boxes) + RAIL_GAP - top)

    def lines(self) -> Iterable[Markup]:
        """Yield the lines, those that carry a loss last."""
        found: list[tuple[int, Markup]] = []
        for line, points in zip(self._layout.scene.lines, self._layout.lines, strict=True):
            found.append(
                self._line(line.edges, _path(points) + _arrow(points[-1]), "l alt" if line.alternative else "l")
            )
        for item in self._items.values():
            found += [self._line((edge,), path, "l stub") for edge, path in self._stubs(item)]
        for severity in sorted({severity for severity, _ in found}):
            yield from (markup for own, markup in found if own == severity)

    def _line(self, edges: Sequence[int], path: str, class_: str) -> tuple[int, Markup]:
        """Return how bad what a line carries is, and the line."""
        carried = [self._conditions.carried[edge] for edge in edges if edge in self._conditions.carried]
        worst = max(carried, key=lambda condition: _SEVERITY[condition], default=None)
        named = class_ if worst is None else f"{class_} {worst}"
        told = ",".join(str(edge) for edge in edges)
        return 0 if worst is None else _SEVERITY[worst], svg.tag("path", d=path, class_=named, data_l=told)

    def _stubs(self, item: Item) -> Iterable[tuple[int, str]]:
        """Yield what a group's members hang on: the group, or the member above in the same lane."""
        rail = self._layout.boxes[item.key]
        above: dict[float, float] = {}
        for key in item.hung:
            box = self._layout.boxes[key]
            x, y = box.x + box.width / 2, above.get(box.x, rail.bottom)
            above[box.x] = box.bottom
            yield self._edges[item.key, key, "member"], f"M{_xy(x, y)}V{svg.number(box.y)}"

    def headings(self) -> Iterable[Markup]:
        """Yield the heading of each band; that of a site is a link, because a site can be failed."""
        sites = list(self._drawing.graph.model.sites)
        for column in self._layout.scene.columns:
            band = self._layout.bands[column.key]
            bar = Rectangle(band.x, band.y, band.width, self._layout.bar)
            lines = heading_of(column.title, bar.width)
            top = bar.y + bar.height / 2 + 4.5 - (len(lines) - 1) * HEADING_LINE / 2
            parts = [svg.tag("rect", x=bar.x, y=bar.y, width=bar.width, height=bar.height, rx=7, class_="b")]
            site = self._layout.scene.by == "site" and column.key in sites
            left = bar.x + (TEXT_LEFT if site else TEXT_LEFT / 2)
            parts += [svg.text(left, top + row * HEADING_LINE, words, "name") for row, words in enumerate(lines)]
            if site:
                yield self._site(sites.index(column.key), column.key, bar, parts)
            else:
                yield svg.tag("g", svg.tag("title", column.title), *parts, class_="head up")

    def _site(self, number: int, name: str, bar: Rectangle, parts: Iterable[Markup]) -> Markup:
        """Return the heading of a site: what is in its bar, and its state as a shape and a word."""
        condition = self._conditions.sites[name]
        told = f"{self._drawing.graph.model.sites[name].title}, site; {WORDS[condition]}"
        return svg.tag(
            "a",
            svg.tag("title", told),
            *parts,
            svg.tag("rect", x=bar.x - 2, y=bar.y - 2, width=bar.width + 4, height=bar.height + 4, rx=8, class_="ring"),
            svg.tag("use", href=f"#mark-{condition}", x=bar.x + 11, y=bar.y + bar.height / 2),
            svg.tag("use", href=f"#word-{condition}", x=bar.right - 4, y=bar.y - 1),
            id=f"s{number}",
            class_=f"head {condition}",
            href=self._drawing.link(f"s{number}"),
            data_s=str(number),
            aria_label=told,
        )

    def nodes(self, *, services: bool) -> Iterable[Markup]:
        """Yield the services, or every other box, as titled links in the order in which one reads them."""
        boxes = self._layout.boxes
        items = [item for item in self._items.values() if (item.sort == "service") == services]
        for item in sorted(items, key=lambda item: (boxes[item.key].y, boxes[item.key].x)):
            yield self._node(item)

    def _node(self, item: Item) -> Markup:
        """Return one box with its words and marks, as a link that says in its title what it is and how it stands."""
        box = self._layout.boxes[item.key]
        condition = condition_of(item, self._conditions)
        told = title_of(self._drawing, item)
        numbers = [self._numbers[key] for key in item.things]
        name = f"n{numbers[0]}" if item.sort != "pile" else f"p{numbers[0]}"
        slim = box.height < BOX_HEIGHT
        radius = box.height / 2 if slim else 5.0
        parts = [svg.tag("title", told)]
        if item.sort == "pile" and not slim:
            parts += [_plain(box, shift, 5, "sheet") for shift in (5.0, 2.5)]
        parts.append(_plain(box, 0, radius, "b"))
        parts.append(_plain(Rectangle(0, 0, box.width + 6, box.height + 6), -3.0, radius + 3, "ring"))
        parts += self._slim_label(item, box) if slim else self._labels(item, box, condition)
        parts.append(svg.tag("use", href=f"#mark-{condition}", x=11, y=box.height / 2))
        if item.sort != "service":
            x, y = _word_at(box, slim=slim)
            parts.append(svg.tag("use", href=f"#word-{condition}", x=x, y=y))
        if badge := sum(self._drawing.badges.get(key, 0) for key in item.things):
            parts.append(_badge(badge, -5.0 if slim else 2.0, box.height / 2 if slim else 0.0))
        return svg.tag(
            "a",
            *parts,
            id=name,
            class_=f"n {item.sort}{' span' if slim and item.sort != 'group' else ''} {condition}",
            href=self._drawing.link(name),
            data_n=",".join(map(str, numbers)),
            aria_label=told,
            transform=f"translate({svg.number(box.x)} {svg.number(box.y)})",
        )

    def _labels(self, item: Item, box: Rectangle, condition: Condition) -> list[Markup]:
        """Return the words in a box."""
        if item.sort == "service":
            return self._service_labels(item, box, condition)
        middle = box.height / 2
        if item.sort == "pile":
            room = box.width - TEXT_LEFT - TEXT_RIGHT
            title = svg.text(TEXT_LEFT, middle - 2.6, shortened(item.title, room, TEXT_PX), "name")
            return [title, self._count(item, room, x=TEXT_LEFT, y=middle + TEXT_LINE - 2.6)]
        lines = label_of(item)
        top = middle + 3.9 - (len(lines) - 1) * TEXT_LINE / 2
        return [svg.text(TEXT_LEFT, top + row * TEXT_LINE, line, "name") for row, line in enumerate(lines)]

    def _service_labels(self, item: Item, box: Rectangle, condition: Condition) -> list[Markup]:
        """Return the words in a service's box: its title, and always its state."""
        lines = wrapped(item.title, box.width - TEXT_LEFT - TEXT_RIGHT, SERVICE_PX, lines=2, strong=True)
        top = box.height / 2 - (len(lines) * _SERVICE_LINE + _STATE_LINE) / 2 + 13
        words = [svg.text(TEXT_LEFT, top + row * _SERVICE_LINE, line, "name") for row, line in enumerate(lines)]
        y = top + len(lines) * _SERVICE_LINE
        words.append(svg.text(TEXT_LEFT, y, WORDS[condition], "word"))
        if self._drawing.graph.things[item.things[0]].name in self._drawing.unapproved:
            words.append(svg.text(box.width - TEXT_RIGHT - 4, y, "unapproved", "note", "end"))
        return words

    def _slim_label(self, item: Item, box: Rectangle) -> list[Markup]:
        """Return the words in a rail or a line: title and note in one line, in the middle where there is room."""
        strong = item.sort == "group"
        room = box.width - TEXT_LEFT - (_WORD_ROOM if box.width > _WIDE_SLIM else 8)
        note = max(width_of(item.note, TEXT_PX), width_of(_COUNT, TEXT_PX) if item.sort == "pile" else 0)
        noted = note + 6 if 0 < note < room / 2 else 0
        title = shortened(item.title, room - noted, TEXT_PX, strong=strong)
        wide = width_of(title, TEXT_PX, strong=strong) + noted
        x = min(TEXT_LEFT + max(0.0, (box.width - wide) / 2 - TEXT_LEFT), TEXT_LEFT + room - wide)
        parts: list[str | Markup] = [title]
        if noted:
            own = item.sort == "pile"
            parts.append(self._count(item, note, dx=6.0) if own else svg.tag("tspan", item.note, dx=6, class_="note"))
        return [svg.tag("text", *parts, x=x, y=box.height / 2 + 3.9, class_="name")]

    def _count(self, item: Item, room: float, **at: float) -> Markup:
        """Return how a pile stands, or whose it is where all of it is available; the page changes one for the other."""
        counted = standing_of(item, self._conditions)
        note = shortened(item.note, room, TEXT_PX) or _ALL
        shown = note if condition_of(item, self._conditions) == "up" else counted
        return svg.tag("tspan" if "dx" in at else "text", shown, class_="note away", data_note=note, **at)


def _word_at(box: Rectangle, *, slim: bool) -> tuple[float, float]:
    """Return where the label with the state begins: inside a wide rail, else on an edge where it hides no word."""
    if slim and box.width > _WIDE_SLIM:
        return box.width - 4, box.height / 2
    return box.width - 4, -3.0 if slim else box.height + 3


def _plain(box: Rectangle, shift: float, radius: float, class_: str) -> Markup:
    return svg.tag(
        "rect", x=shift or None, y=shift or None, width=box.width, height=box.height, rx=radius, class_=class_
    )


def _badge(number: int, x: float, y: float) -> Markup:
    """Return a number of weaknesses, about a point."""
    return svg.tag(
        "g",
        svg.tag("circle", cx=x, cy=y, r=9),
        svg.text(x, y + 3.9, str(min(number, _MOST)), "count", "middle"),
        class_="badge",
    )


def title_of(drawing: Drawing, item: Item) -> str:
    """Return what a node is, for a pointer that rests on it and for whoever hears the page; its state comes last."""
    if item.sort == "pile":
        return f"{item.title}{f' of {item.note}' if item.note else ''}; {standing_of(item, drawing.conditions)}"
    thing = drawing.graph.things[item.things[0]]
    sites = drawing.graph.model.sites
    where = f" at {sites[thing.site].title}" if thing.site in sites and thing.site is not None else ""
    what = f"{thing.kind} group, {item.note}" if thing.sort == "group" else thing.kind
    name = f" ({thing.name})" if thing.name != thing.title else ""
    badge = drawing.badges.get(thing.key, 0)
    noted = f"; {badge} {'weakness' if badge == 1 else 'weaknesses'}" if badge else ""
    loose = "; tolerance unapproved" if thing.sort == "service" and thing.name in drawing.unapproved else ""
    return f"{thing.title}{name}, {what}{where}{noted}{loose}; {WORDS[drawing.conditions.things[thing.key]]}"


def _xy(x: float, y: float) -> str:
    return f"{svg.number(x)} {svg.number(y)}"


def _path(points: Sequence[Point]) -> str:
    """Return a line through points with rounded corners."""
    parts = [f"M{_xy(*points[0])}"]
    for position in range(1, len(points) - 1):
        before, here, after = points[position - 1 : position + 2]
        radius = min(_CORNER, _distance(before, here) / 2, _distance(here, after) / 2)
        parts.append(f"L{_xy(*_towards(here, before, radius))}Q{_xy(*here)} {_xy(*_towards(here, after, radius))}")
    return "".join((*parts, f"L{_xy(*points[-1])}"))


def _arrow(end: Point) -> str:
    """Return the head of an arrow that points down to the end of a line: what a line only passes has none."""
    x, y = end
    return f"M{_xy(x - _ARROW, y - _ARROW)}L{_xy(x, y)}M{_xy(x + _ARROW, y - _ARROW)}L{_xy(x, y)}"


def _distance(one: Point, other: Point) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _towards(here: Point, there: Point, by: float) -> Point:
    """Return the point that is ``by`` px from one towards another; they share an x or a y."""
    if here[0] == there[0]:
        return here[0], here[1] + (by if there[1] > here[1] else -by)
    return here[0] + (by if there[0] > here[0] else -by), here[1]
