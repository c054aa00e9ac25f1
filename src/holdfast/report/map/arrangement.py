"""Where each box stands, in rows and lanes: nothing overlaps, members hang under their group, what is needed is below.

The boxes of a level are placed one after the other, each in the first row where it fits and in the lane nearest to
what it is joined with (barycentres, swept several times; the sweep with the shortest lines is kept).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from holdfast.report.map.columns import Bands, bands_of
from holdfast.report.map.graph import TIERS
from holdfast.report.map.scene import Item, Scene

_SWEEPS = 6
# How many members of a group stand in one row where they have the whole width of the map.
_ACROSS = 4


@dataclass(frozen=True, slots=True)
class Box:
    """An item's place: its lanes, both included, and its row.

    A ``rail`` lies above its row, over the members that stand in it; they end in row ``last``. ``lift`` is how many
    rails lie below it: one may reach around another. A ``line`` begins and ends in the middle of its outermost lanes,
    so that the next one can begin where it ends; a ``bar`` is as slim, over whole lanes.
    """

    left: int
    right: int
    row: int
    form: Literal["box", "rail", "line", "bar"] = "box"
    last: int = 0
    lift: int = 0

    @property
    def centre(self) -> float:
        """Its middle, in lanes."""
        return (self.left + self.right) / 2

    @property
    def end(self) -> int:
        """The first row below it, and below what hangs under it."""
        return max(self.row, self.last) + 1


@dataclass(frozen=True, slots=True)
class Level:
    """A level of the map: its position in ``TIERS``, its rows, the last one excluded, whether it crosses all bands."""

    level: int
    title: str
    first: int
    end: int
    across: bool


@dataclass(frozen=True, slots=True)
class Arrangement:
    """All boxes by the key of their item, the levels from top to bottom, and the bands."""

    boxes: Mapping[str, Box]
    levels: tuple[Level, ...]
    bands: Bands

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return max((level.end for level in self.levels), default=0)


def arrange(scene: Scene) -> Arrangement:
    """Return where everything stands; the same scene is always arranged in the same way."""
    bands = bands_of(scene)
    joined = _joined(scene)
    everywhere = (0, bands.count - 1)
    wishes = {key: sum(bands.lanes.get(item.column or "", everywhere)) / 2 for key, item in scene.items.items()}
    best: Arrangement | None = None
    least = 0.0
    for _ in range(_SWEEPS):
        tried = _Placing(scene, bands, wishes).arrangement()
        centres = {key: box.centre for key, box in tried.boxes.items()}
        length = sum(_apart(tried.boxes[line.source], tried.boxes[line.target]) for line in scene.lines)
        if best is None or length < least:
            best, least = tried, length
        wishes = {key: _mean([centres[other] for other in joined.get(key, ())] or [centres[key]]) for key in centres}
    return best if best is not None else Arrangement({}, (), bands)


def _joined(scene: Scene) -> dict[str, list[str]]:
    """Return what each item is joined with, both ways; a group stands for what hangs under it."""
    found: dict[str, list[str]] = {}
    for line in scene.lines:
        found.setdefault(line.source, []).append(line.target)
        found.setdefault(line.target, []).append(line.source)
    for item in scene.items.values():
        for key in item.hung:
            found.setdefault(item.key, []).extend(found.get(key, ()))
    return found


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _apart(one: Box, other: Box) -> float:
    """Return how many lanes lie between two boxes; none where one stands over the other."""
    return max(0, max(one.left, other.left) - min(one.right, other.right))


@dataclass(slots=True)
class _Placing:
    """One sweep: boxes are placed level by level."""

    scene: Scene
    bands: Bands
    wishes: Mapping[str, float]
    boxes: dict[str, Box] = field(default_factory=dict)
    taken: set[tuple[int, int]] = field(default_factory=set)
    roofs: dict[tuple[int, int], int] = field(default_factory=dict)
    levels: list[Level] = field(default_factory=list)
    row: int = 0

    def arrangement(self) -> Arrangement:
        """Return the arrangement of this sweep."""
        hanging = {key for item in self.scene.items.values() for key in item.hung}
        standing = [item for item in self.scene.items.values() if item.key not in hanging]
        last = len(TIERS) - 1
        across = [
            [item for item in standing if item.column is None and item.level == level] for level in range(last + 1)
        ]
        self._level(0, across[0], wide=True)
        self._level(1, across[1])
        for level in range(1, last + 1):
            self._level(level, [item for item in standing if item.column is not None and item.level == level])
        self._level(last, across[last])
        return Arrangement(self.boxes, tuple(self.levels), self.bands)

    def _level(self, level: int, items: Sequence[Item], *, wide: bool = False) -> None:
        """Place the items of one level and close it."""
        if not items:
            return
        first = self.row
        across = items[0].column is None
        if wide:
            self._spread(items)
        else:
            self._fill(items, across=across)
        self.row = max(box.end for box in self.boxes.values())
        title = TIERS[level][0]
        if level == len(TIERS) - 1 and not across:
            title = f"{title} on site"
        self.levels.append(Level(level, title, first, self.row, across))

    def _spread(self, items: Sequence[Item]) -> None:
        """Place the services: evenly over the width, in the order of what they stand on."""
        ordered = sorted(items, key=lambda item: self.wishes[item.key])
        lanes = self.bands.count
        rows = -(-len(ordered) // lanes)
        for row in range(rows):
            here = ordered[row * len(ordered) // rows : (row + 1) * len(ordered) // rows]
            for position, item in enumerate(here):
                lane = (2 * position + 1) * lanes // (2 * len(here))
                self._put(item, Box(lane, lane, self.row + row))

    def _fill(self, items: Sequence[Item], *, across: bool) -> None:
        """Place the items of a level: what stands on its lines, the lines in rows of their own, and then the rest."""
        depths = _depths(self.scene, items)
        lines = {item.key for item in items if _is_line(item)}
        high = _standing_on(self.scene, items, lines) - lines
        parts = [
            [item for item in items if item.key in high],
            [item for item in items if item.key in lines],
            [item for item in items if item.key not in high | lines],
        ]
        row = self.row
        for part in parts:
            ordered = sorted(part, key=lambda item: (depths[item.key], not item.hung, self.wishes[item.key]))
            self._place(ordered, depths, row, across=across)
            row = max((self.boxes[item.key].end for item in part), default=row)

    def _place(self, items: Sequence[Item], depths: Mapping[str, int], row: int, *, across: bool) -> None:
        """Place items from ``row`` on, each below what stands on it among them."""
        owner = {key: item.key for item in items for key in (item.key, *item.hung)}
        above: dict[str, list[str]] = {}
        for line in self.scene.lines:
            source, target = owner.get(line.source), owner.get(line.target)
            if source is not None and target is not None and depths[source] < depths[target]:
                above.setdefault(target, []).append(source)
        for item in items:
            lowest = max((self.boxes[key].end for key in above.get(item.key, ())), default=row)
            if item.hung:
                self._group(item, lowest, across=across)
            elif _is_line(item):
                self._line(item, lowest)
            else:
                self._single(item, lowest)

    def _single(self, item: Item, lowest: int) -> None:
        """Place a box that stands alone: first row, then the lane nearest to where it is wished."""
        first, last = self._lanes(item.column)
        wish = self.wishes[item.key]
        row, _, lane = min((self._open(lane, lowest), abs(lane - wish), lane) for lane in range(first, last + 1))
        self._put(item, Box(lane, lane, row))

    def _line(self, item: Item, lowest: int) -> None:
        """Place something that joins columns: from the last lane of the first to the first lane of the last."""
        ends = sorted(self._lanes(column) for column in item.spans)
        left, right = ends[0][1], ends[-1][0]
        form: Literal["line", "bar"] = "bar" if item.sort == "pile" else "line"
        halves = _halves(left, right)
        row = self._first_free(halves if form == "bar" else halves[1:-1], lowest)
        self._put(item, Box(left, right, row, form))

    def _group(self, item: Item, lowest: int, *, across: bool) -> None:
        """Place a group: its members in lanes of their own columns, and its rail over them."""
        columns: dict[str | None, list[str]] = {}
        for key in item.hung:
            columns.setdefault(None if across else self.scene.items[key].column, []).append(key)
        parts = sorted(columns.items(), key=lambda part: self._lanes(part[0]))
        wish = self.wishes[item.key]
        found: list[tuple[int, int, float, int, int, dict[str, tuple[int, int]]]] = []
        for cells in self._choices(parts):
            lanes = [lane for lane, _ in cells.values()]
            row, lift = self._roofed(cells, lowest)
            span, off = max(lanes) - min(lanes), abs((min(lanes) + max(lanes)) / 2 - wish)
            found.append((row, span, off, len(found), lift, cells))
        row, _, _, _, lift, cells = min(found)
        lanes = [lane for lane, _ in cells.values()]
        last = row + max(below for _, below in cells.values())
        self.boxes[item.key] = Box(min(lanes), max(lanes), row, "rail", last, lift)
        for lane in range(min(lanes), max(lanes) + 1):
            self.roofs[lane, row] = lift + 1
        for key, (lane, below) in cells.items():
            self._put(self.scene.items[key], Box(lane, lane, row + below))

    def _roofed(self, cells: Mapping[str, tuple[int, int]], lowest: int) -> tuple[int, int]:
        """Return the first row where members fit, and how high their rail must be lifted over the rails there.

        Nothing may stand under a rail that is not its own, unless under one of its own below it: it could not be told
        whose it is.
        """
        lanes = [lane for lane, _ in cells.values()]
        span = range(min(lanes), max(lanes) + 1)
        below = [half for lane, row in cells.values() for half in _halves(lane, lane, row)]
        row = lowest
        while True:
            row = self._first_free(below, row)
            strangers = any((2 * lane, row) in self.taken and (lane, row) not in self.roofs for lane in span)
            if not strangers and not any((lane, row + down) in self.roofs for lane, down in cells.values()):
                return row, max(self.roofs.get((lane, row), 0) for lane in span)
            row += 1

    def _choices(self, parts: Sequence[tuple[str | None, list[str]]]) -> Iterable[dict[str, tuple[int, int]]]:
        """Yield the ways in which members may stand in their columns, as (lane, rows below the first).

        In one column side by side; in several as near to one another as they can, and then further and further out.
        """
        spans = [self._lanes(column) for column, _ in parts]
        widths = [min(len(keys), last - first + 1) for (_, keys), (first, last) in zip(parts, spans, strict=True)]
        if len(parts) == 1 and parts[0][0] is None:
            widths = [min(widths[0], _ACROSS)]
        room = max(last - first + 1 - width for (first, last), width in zip(spans, widths, strict=True))
        for out in range(room + 1):
            cells: dict[str, tuple[int, int]] = {}
            for position, ((_, keys), (first, last), width) in enumerate(zip(parts, spans, widths, strict=True)):
                inner = len(parts) > 1 and position == 0
                left = max(first, last - width + 1 - out) if inner else min(first + out, last - width + 1)
                cells |= {key: (left + place % width, place // width) for place, key in enumerate(keys)}
            yield cells

    def _lanes(self, column: str | None) -> tuple[int, int]:
        """Return the first and the last lane of a column; of no column, of the whole map."""
        return (0, self.bands.count - 1) if column is None else self.bands.lanes[column]

    def _open(self, lane: int, lowest: int) -> int:
        """Return the first row in which a lane is free and under no rail."""
        row = self._first_free(_halves(lane, lane), lowest)
        while (lane, row) in self.roofs:
            row = self._first_free(_halves(lane, lane), row + 1)
        return row

    def _first_free(self, cells: Sequence[tuple[int, int]], lowest: int) -> int:
        """Return the first row from which on all cells (half lane, rows below) are free."""
        row = lowest
        while any((half, row + below) in self.taken for half, below in cells):
            row += 1
        return row

    def _put(self, item: Item, box: Box) -> None:
        self.boxes[item.key] = box
        halves = _halves(box.left, box.right, box.row)
        self.taken.update(halves[1:-1] if box.form == "line" else halves)


def _halves(left: int, right: int, row: int = 0) -> list[tuple[int, int]]:
    """Return the cells, two for each lane, from one lane to another."""
    return [(half, row) for half in range(2 * left, 2 * right + 2)]


def _is_line(item: Item) -> bool:
    return len(item.spans) > 1 and not item.hung


def _standing_on(scene: Scene, items: Sequence[Item], lines: set[str]) -> set[str]:
    """Return which items of a level stand on its lines, directly or at any remove."""
    owner = {key: item.key for item in items for key in (item.key, *item.hung)}
    above: dict[str, list[str]] = {}
    for line in scene.lines:
        if line.source in owner and line.target in owner:
            above.setdefault(owner[line.target], []).append(owner[line.source])
    found: set[str] = set()
    waiting = sorted(lines)
    while waiting:
        for key in above.get(waiting.pop(), ()):
            if key not in found:
                found.add(key)
                waiting.append(key)
    return found


def _depths(scene: Scene, items: Sequence[Item]) -> dict[str, int]:
    """Return how far below the first row of its level each item belongs: one more than what stands on it there.

    A group counts with its members. Of things that need each other the first declared stays on top.
    """
    owner = {key: item.key for item in items for key in (item.key, *item.hung)}
    below: dict[str, list[str]] = {item.key: [] for item in items}
    for line in scene.lines:
        source, target = owner.get(line.source), owner.get(line.target)
        if source is not None and target is not None and source != target:
            below[source].append(target)
    order: list[str] = []
    seen: set[str] = set()
    backwards: set[tuple[str, str]] = set()
    for item in items:
        _visit(item.key, below, seen, order, backwards)
    depths = dict.fromkeys(below, 0)
    for key in reversed(order):
        for target in below[key]:
            if (key, target) not in backwards:
                depths[target] = max(depths[target], depths[key] + 1)
    return depths


def _visit(
    start: str,
    below: Mapping[str, Sequence[str]],
    seen: set[str],
    order: list[str],
    backwards: set[tuple[str, str]],
) -> None:
    """Walk down from ``start``, what is finished first into ``order``; edges that close a circle go ``backwards``."""
    if start in seen:
        return
    seen.add(start)
    path = [(start, iter(below[start]))]
    open_ = {start}
    while path:
        here, rest = path[-1]
        for target in rest:
            if target in open_:
                backwards.add((here, target))
            elif target not in seen:
                seen.add(target)
                open_.add(target)
                path.append((target, iter(below[target])))
                break
        else:
            path.pop()
            open_.discard(here)
            order.append(here)
