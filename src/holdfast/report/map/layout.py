"""The map in px: boxes, bands, levels and lines, ready to be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from holdfast.report.map.arrangement import Arrangement, Box, Level, arrange
from holdfast.report.map.graph import TIERS
from holdfast.report.map.routing import Route, Tracks, channel_tracks, gutter_tracks, routes_of
from holdfast.report.map.scene import Item, Scene
from holdfast.report.map.style import HEAD_PX, TEXT_PX
from holdfast.report.map.text import wrapped

# A box holds two lines of its title; where one of a row needs a third, the row is so much higher.
BOX_WIDTH, BOX_HEIGHT, TEXT_LINE, SERVICE_HEIGHT = 144.0, 34.0, 13.0, 66.0
# Where the words in a box or a heading begin, right of its shape, and how far from its right edge they end.
TEXT_LEFT, TEXT_RIGHT = 20.0, 5.0
_SERVICE_WIDEST, _SERVICE_GAP = 320.0, 14.0
# A rail over a group's members, a line between sites, and the space between a rail and its members.
RAIL_HEIGHT, LINE_HEIGHT, RAIL_GAP = 20.0, 20.0, 6.0
# Space for the names of the levels on the left, and around everything else.
LABELS, EDGE = 100.0, 14.0
# The bar that heads a band, with one line of its title or with two, and the space below it.
HEADING_BAR, HEADING_LINE, _HEADING_GAP = 26.0, 15.0, 9.0
_GUTTER, _CHANNEL, _TRACK = 12.0, 16.0, 4.0
_BETWEEN_BANDS, _BETWEEN_LEVELS = 20.0, 12.0
# Lines leave right of a box's middle and enter left of it: what leaves is never taken for what enters below.
_LEAVES, _ENTERS = 7.0, -7.0
# What a group itself needs leaves further right, so that it is not taken for what its member needs.
_GROUP_LEAVES = 20.0
_BAND_EDGE = 9.0
# A line enters a wide box at least so far from its ends.
_INSET = 16.0


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle in px."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height


Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything in its place, lines in the order of the scene's; each band begins with a ``bar`` of one height."""

    scene: Scene
    width: float
    height: float
    boxes: Mapping[str, Rectangle]
    bands: Mapping[str, Rectangle]
    levels: tuple[tuple[Level, Rectangle], ...]
    lines: tuple[tuple[Point, ...], ...]
    bar: float


def layout_of(scene: Scene) -> Layout:
    """Return the layout of a scene; the same scene always has the same one."""
    arrangement = arrange(scene)
    routes = routes_of(scene, arrangement)
    gutters = gutter_tracks(routes)
    across = _Across(arrangement, gutters)
    ways = [across.way(scene, route) for route in routes]
    channels = _channels(routes, ways)
    bar = max((across.bar(column.key, column.title) for column in scene.columns), default=HEADING_BAR)
    down = _Down(scene, arrangement, channels, bar)
    boxes = {key: _rectangle(key, box, across, down) for key, box in arrangement.boxes.items()}
    lines = tuple(_points(scene, route, way, boxes, down) for route, way in zip(routes, ways, strict=True))
    levels = tuple(
        (level, Rectangle(0, down.top(level.first), across.width, down.bottom(level.end - 1) - down.top(level.first)))
        for level in arrangement.levels
    )
    return Layout(scene, across.width, down.height, boxes, _bands(across, down), levels, lines, bar)


def label_of(item: Item) -> tuple[str, ...]:
    """Return the lines of the title in a box."""
    return wrapped(item.title, BOX_WIDTH - TEXT_LEFT - TEXT_RIGHT, TEXT_PX, lines=3)


def heading_of(title: str, width: float) -> tuple[str, ...]:
    """Return the lines of the title of a band that is so wide."""
    return wrapped(title, width - TEXT_LEFT - TEXT_RIGHT, HEAD_PX, lines=2, strong=True)


def _rectangle(key: str, box: Box, across: _Across, down: _Down) -> Rectangle:
    """Return a box in px: a rail lies above its row, a line runs from the middle of one lane to that of another."""
    if key in across.services:
        left, right = across.services[key]
        return Rectangle(left, down.top(box.row), right - left, down.heights[box.row])
    left, right = across.left(box.left), across.right(box.right)
    top, height = down.top(box.row), down.heights[box.row]
    match box.form:
        case "rail":
            lifted = (box.lift + 1) * (RAIL_HEIGHT + RAIL_GAP)
            return Rectangle(left - 5, top - lifted, right - left + 10, RAIL_HEIGHT)
        case "line":
            left, right = left + BOX_WIDTH / 2 + 4, right - BOX_WIDTH / 2 - 4
            return Rectangle(left, top + (height - LINE_HEIGHT) / 2, right - left, LINE_HEIGHT)
        case "bar":
            return Rectangle(left, top + (height - LINE_HEIGHT) / 2, right - left, LINE_HEIGHT)
        case "box":
            return Rectangle(left, top, right - left, height)


@dataclass(frozen=True, slots=True)
class _Way:
    """The x of a line where it leaves, in its gutter, and where it enters."""

    leaves: float
    gutter: float | None
    enters: float


class _Across:
    """Where lanes and gutters are, from left to right."""

    def __init__(self, arrangement: Arrangement, tracks: Tracks) -> None:
        """Place the lanes: each gutter is as wide as its tracks need."""
        self._tracks = tracks
        self._arrangement = arrangement
        borders = {first for first, _ in arrangement.bands.lanes.values()}
        count = arrangement.bands.count
        self._gutters: list[tuple[float, float]] = []
        self._lanes: list[float] = []
        x = LABELS
        for gutter in range(count + 1):
            width = _GUTTER + _TRACK * max(0, tracks.count.get(gutter, 0) - 1)
            width += _BETWEEN_BANDS if gutter in borders or gutter == count else 0.0
            self._gutters.append((x, width))
            x += width
            if gutter < count:
                self._lanes.append(x)
                x += BOX_WIDTH
        self.width = x + EDGE
        self.services = self._spread_services()

    def _spread_services(self) -> dict[str, tuple[float, float]]:
        """Return the left and the right edge of each service where they stand in one row: they share its width.

        In several rows they stand in lanes as everything else, so that lines from the upper ones find their way.
        """
        level = next((level for level in self._arrangement.levels if level.title == TIERS[0][0]), None)
        if level is None or level.end - level.first > 1:
            return {}
        here = sorted((box.left, key) for key, box in self._arrangement.boxes.items() if box.row == level.first)
        left, right = LABELS + _GUTTER, self.width - EDGE - _BETWEEN_BANDS
        share = (right - left + _SERVICE_GAP) / len(here)
        width = min(share - _SERVICE_GAP, _SERVICE_WIDEST)
        edges = [left + place * share + (share - _SERVICE_GAP - width) / 2 for place in range(len(here))]
        return {key: (edge, edge + width) for edge, (_, key) in zip(edges, here, strict=True)}

    def bar(self, band: str, title: str) -> float:
        """Return how high the heading of a band must be."""
        return HEADING_BAR + HEADING_LINE * (len(heading_of(title, self.band(band)[1])) - 1)

    def band(self, key: str) -> tuple[float, float]:
        """Return the left edge of a band and its width."""
        first, last = self._arrangement.bands.lanes[key]
        return self.left(first) - _BAND_EDGE, self.right(last) - self.left(first) + 2 * _BAND_EDGE

    def left(self, lane: int) -> float:
        """Return the left edge of a lane."""
        return self._lanes[lane]

    def right(self, lane: int) -> float:
        """Return the right edge of a lane."""
        return self._lanes[lane] + BOX_WIDTH

    def track(self, gutter: int, target: str) -> float:
        """Return the x of a target's track in a gutter; the tracks stand in its middle."""
        x, width = self._gutters[gutter]
        tracks = max(0, self._tracks.count.get(gutter, 0) - 1)
        return x + (width - tracks * _TRACK) / 2 + self._tracks.of[gutter, target] * _TRACK

    def way(self, scene: Scene, route: Route) -> _Way:
        """Return where a line runs, from left to right."""
        line = scene.lines[route.line]
        source, target = self._arrangement.boxes[line.source], self._arrangement.boxes[line.target]
        gutter = None if route.gutter is None else self.track(route.gutter, route.target)
        straight = route.gutter is None and source.left == source.right == target.left == target.right
        leaves = self._middle(source) + (_ENTERS if straight and source.form == "box" else _LEAVES)
        towards = gutter if gutter is not None else self._middle(target) + _ENTERS
        if line.source in self.services:
            leaves = sum(self.services[line.source]) / 2
        elif source.form == "rail":
            leaves = self._below(scene, line.source, towards)
        elif source.right > source.left:
            leaves = self._within(source, towards)
        if target.right == target.left:
            return _Way(leaves, gutter, self._middle(target) + _ENTERS)
        return _Way(leaves, gutter, self._within(target, leaves if gutter is None else gutter))

    def _below(self, scene: Scene, group: str, x: float) -> float:
        """Return where a line leaves a group: below the lowest of its members, the one nearest to ``x``."""
        boxes = [self._arrangement.boxes[key] for key in scene.items[group].hung]
        last = max(box.row for box in boxes)
        found = [self._middle(box) + _GROUP_LEAVES for box in boxes if box.row == last]
        return min(found, key=lambda leaves: (abs(leaves - x), leaves))

    def _middle(self, box: Box) -> float:
        return (self.left(box.left) + self.right(box.right)) / 2

    def _within(self, box: Box, x: float) -> float:
        """Return the point of a wide box that is nearest to ``x``."""
        inset = BOX_WIDTH / 2 + _INSET if box.form == "line" else _INSET
        return min(max(x, self.left(box.left) + inset), self.right(box.right) - inset)


class _Down:
    """Where rows and channels are, from top to bottom."""

    def __init__(self, scene: Scene, arrangement: Arrangement, tracks: Tracks, bar: float) -> None:
        """Place the rows: each channel is as high as its tracks need, and higher where a level or the bands begin."""
        self._tracks = tracks
        firsts = {level.first for level in arrangement.levels}
        self.band_rows = _band_rows(arrangement)
        headings = {first for first, _ in self.band_rows.values()}
        self.heights = _heights(scene, arrangement)
        rails: dict[int, int] = {}
        for box in arrangement.boxes.values():
            if box.form == "rail":
                rails[box.row] = max(rails.get(box.row, 0), box.lift + 1)
        self._channels: list[float] = []
        self._rows: list[float] = []
        self._headings: dict[int, float] = {}
        y = 0.0
        for row in range(arrangement.rows + 1):
            self._channels.append(y)
            y += _CHANNEL + _TRACK * max(0, tracks.count.get(row, 0) - 1)
            y += _BETWEEN_LEVELS if row in firsts and row else 0.0
            self._headings[row] = y
            y += bar + _HEADING_GAP if row in headings else 0.0
            y += (RAIL_HEIGHT + RAIL_GAP) * rails.get(row, 0)
            if row < arrangement.rows:
                self._rows.append(y)
                y += self.heights[row]
        self.height = y + EDGE

    def top(self, row: int) -> float:
        """Return the upper edge of a row, below its rails."""
        return self._rows[row]

    def heading(self, row: int) -> float:
        """Return the upper edge of the headings that stand over a row."""
        return self._headings[row]

    def bottom(self, row: int) -> float:
        """Return the lower edge of a row."""
        return self._rows[row] + self.heights[row]

    def track(self, channel: int, target: str) -> float:
        """Return the y of a target's track in a channel; the tracks begin right below the row above."""
        return self._channels[channel] + _CHANNEL / 2 + self._tracks.of[channel, target] * _TRACK


def _heights(scene: Scene, arrangement: Arrangement) -> list[float]:
    """Return the height of each row: of services, of lines alone, or of boxes with the longest of their titles."""
    heights = [LINE_HEIGHT] * arrangement.rows
    for key, box in arrangement.boxes.items():
        if scene.items[key].sort == "service":
            heights[box.row] = SERVICE_HEIGHT
        elif box.form == "box":
            more = TEXT_LINE * max(0, len(label_of(scene.items[key])) - 2)
            heights[box.row] = max(heights[box.row], BOX_HEIGHT + more)
    return heights


def _channels(routes: Sequence[Route], ways: Sequence[_Way]) -> Tracks:
    """Return the tracks of the channels for lines whose x are known."""
    runs: list[tuple[int, str, float, float]] = []
    entered: set[tuple[int, str]] = set()
    for route, way in zip(routes, ways, strict=True):
        if way.gutter is None:
            runs.append((route.into, route.target, way.leaves, way.enters))
        else:
            runs.append((route.out, route.target, way.leaves, way.gutter))
            runs.append((route.into, route.target, way.gutter, way.enters))
        entered.add((route.into, route.target))
    return channel_tracks(runs, frozenset(entered))


def _points(scene: Scene, route: Route, way: _Way, boxes: Mapping[str, Rectangle], down: _Down) -> tuple[Point, ...]:
    """Return the corners of a line, from its source to its target."""
    line = scene.lines[route.line]
    hung = scene.items[line.source].hung
    begins = max(boxes[key].bottom + RAIL_GAP for key in hung) if hung else boxes[line.source].bottom
    ends = boxes[line.target].y
    y = down.track(route.out, route.target)
    points: list[Point] = [(way.leaves, begins), (way.leaves, y)]
    if way.gutter is not None:
        into = down.track(route.into, route.target)
        points += [(way.gutter, y), (way.gutter, into)]
        y = into
    points += [(way.enters, y), (way.enters, ends)]
    return _straightened(points)


def _straightened(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return a line without corners that are none."""
    kept: list[Point] = []
    for point in points:
        if kept and kept[-1] == point:
            continue
        if len(kept) > 1 and (kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]):
            kept[-1] = point
        else:
            kept.append(point)
    return tuple(kept)


def _band_rows(arrangement: Arrangement) -> dict[str, tuple[int, int]]:
    """Return the rows that each band covers, the last one excluded."""
    levels = [level for level in arrangement.levels if not level.across]
    if not levels:
        return {}
    bands = arrangement.bands
    found: dict[str, tuple[int, int]] = {}
    for key in bands.lanes:
        begins, ends = bands.begins[key], bands.ends[key]
        first = next((level.first for level in levels if begins is None or level.level >= begins), levels[0].first)
        end = next((level.first for level in levels if ends is not None and level.level >= ends), levels[-1].end)
        found[key] = (first, end)
    return found


def _bands(across: _Across, down: _Down) -> dict[str, Rectangle]:
    """Return the rectangle of each band, heading included."""
    found: dict[str, Rectangle] = {}
    for key, (first, end) in down.band_rows.items():
        left, width = across.band(key)
        top, bottom = down.heading(first), down.bottom(end - 1) + _BAND_EDGE
        found[key] = Rectangle(left, top, width, bottom - top)
    return found
