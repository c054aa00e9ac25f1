"""In which order the bands of a map stand side by side, which small ones share a column, and how wide each one is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from holdfast.report.map.scene import Column, Item, Scene

# How much a joint counts against a line of need: what hangs together should stand side by side.
_JOINT = 3
# More than so many rounds of moving one column are not worth the time; fewer nearly always suffice.
_ROUNDS = 20
# A band with so few boxes does not need a column of its own, unless that makes what joins it this much longer.
_SMALL, _DETOUR = 6, 20
# A map is this many times as wide as it is high, if it can be: as a screen beside a panel, or a sheet on its side.
_ASPECT_PERCENT = 155
# Width of a lane and height of a row, with what runs between them, to guess the shape of the map before it is drawn.
_LANE_PX, _ROW_PX, _RAIL_PX, _LINE_PX = 168, 56, 25, 12
_MAX_LANES = 8

_Stack = tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Bands:
    """The bands from left to right, and from top to bottom where several share a column.

    ``lanes`` are the first and the last lane of each, a lane being as wide as one box; ``begins`` and ``ends`` the
    levels that it covers, the last one excluded: ``None`` is the first or the last level that there is.
    """

    lanes: Mapping[str, tuple[int, int]]
    begins: Mapping[str, int | None]
    ends: Mapping[str, int | None]

    @property
    def count(self) -> int:
        """How many lanes there are."""
        return max((last + 1 for _, last in self.lanes.values()), default=1)


def bands_of(scene: Scene) -> Bands:
    """Return the bands of a scene."""
    pull = _pull(scene)
    stacks: list[_Stack] = [(column,) for column in _ordered(scene, pull)]
    reach = _reach(scene)
    if scene.by != "tier":
        stacks = _stacked(scene, stacks, reach, pull)
    widths = _widths(scene, stacks)
    lanes: dict[str, tuple[int, int]] = {}
    begins: dict[str, int | None] = {}
    ends: dict[str, int | None] = {}
    first = 0
    for stack, width in zip(stacks, widths, strict=True):
        below: list[int | None] = [*(reach[column.key][0] for column in stack[1:]), None]
        for position, column in enumerate(stack):
            lanes[column.key] = (first, first + width - 1)
            begins[column.key] = None if position == 0 else reach[column.key][0]
            ends[column.key] = below[position]
        first += width
    return Bands(lanes, begins, ends)


def _ordered(scene: Scene, pull: Mapping[tuple[str, str], int]) -> tuple[Column, ...]:
    """Return the columns in the declared order, improved by moving one at a time while that shortens what joins them.

    Tiers keep their own order, and the column of what has no place stays last.
    """
    if scene.by == "tier":
        return scene.columns
    fixed = [column for column in scene.columns if not column.key]
    order = [column for column in scene.columns if column.key]
    for _ in range(_ROUNDS):
        best, least = order, _length([(column,) for column in order], pull)
        for position, column in enumerate(order):
            others = order[:position] + order[position + 1 :]
            for to in range(len(order)):
                tried = [*others[:to], column, *others[to:]]
                length = _length([(each,) for each in tried], pull)
                if length < least:
                    best, least = tried, length
        if best == order:
            break
        order = best
    return (*order, *fixed)


def _pull(scene: Scene) -> Counter[tuple[str, str]]:
    """Return how strongly each pair of columns wants to stand side by side."""
    pull: Counter[tuple[str, str]] = Counter()
    for item in scene.items.values():
        joined = {scene.items[key].column for key in item.hung} | set(item.spans)
        for left, right in combinations(sorted(column for column in joined if column), 2):
            pull[left, right] += _JOINT
    for line in scene.lines:
        one, other = scene.items[line.source].column, scene.items[line.target].column
        if one and other and one != other:
            pull[min(one, other), max(one, other)] += 1
    return pull


def _length(stacks: Sequence[_Stack], pull: Mapping[tuple[str, str], int]) -> int:
    """Return how long all that joins the columns would be."""
    at = {column.key: position for position, stack in enumerate(stacks) for column in stack}
    return sum(weight * abs(at[left] - at[right]) for (left, right), weight in pull.items())


def _standing(scene: Scene) -> Iterator[tuple[Item, tuple[str, ...]]]:
    """Yield what stands in columns, with the column of each of its boxes: of a group its members'."""
    hanging = {key for item in scene.items.values() for key in item.hung}
    for item in scene.items.values():
        if item.column is not None and item.key not in hanging:
            own = () if item.spans else (item.column,)
            yield item, tuple(scene.items[key].column or "" for key in item.hung) or own


def _reach(scene: Scene) -> dict[str, tuple[int, int]]:
    """Return the first and the last level at which something stands in each column."""
    reach: dict[str, tuple[int, int]] = {}
    for item, columns in _standing(scene):
        for column in (*columns, *item.spans):
            low, high = reach.get(column, (item.level, item.level))
            reach[column] = (min(low, item.level), max(high, item.level))
    return reach


def _stacked(
    scene: Scene,
    stacks: list[_Stack],
    reach: Mapping[str, tuple[int, int]],
    pull: Mapping[tuple[str, str], int],
) -> list[_Stack]:
    """Return the columns after small bands moved over or under others, the shortest way of doing so first."""
    sizes = Counter(column for _, columns in _standing(scene) for column in columns)
    while True:
        allowed = _length(stacks, pull) + _DETOUR
        tried: list[tuple[int, int, list[_Stack]]] = []
        for one, other in combinations(range(len(stacks)), 2):
            joint = _over_and_under(stacks[one], stacks[other], reach)
            fewest = min(sum(sizes[column.key] for column in stacks[each]) for each in (one, other))
            if joint is None or fewest > _SMALL:
                continue
            for stays, goes in ((one, other), (other, one)):
                made = [joint if at == stays else stack for at, stack in enumerate(stacks) if at != goes]
                tried.append((_length(made, pull), len(tried), made))
        best = min(tried, default=None)
        if best is None or best[0] > allowed:
            return stacks
        stacks = best[2]


def _over_and_under(one: _Stack, other: _Stack, reach: Mapping[str, tuple[int, int]]) -> _Stack | None:
    """Return two stacks as one, if nothing of one stands beside anything of the other."""
    both = sorted((*one, *other), key=lambda column: reach[column.key])
    apart = all(reach[above.key][1] < reach[below.key][0] for above, below in pairwise(both))
    return tuple(both) if apart and all(column.key for column in both) else None


def _widths(scene: Scene, stacks: Sequence[_Stack]) -> list[int]:
    """Return how many lanes each column gets: the fullest ones grow until the map is as wide as it should be."""
    at = {column.key: position for position, stack in enumerate(stacks) for column in stack}
    loads = _Loads(len(stacks), scene, at)
    across = Counter(item.level for item in scene.items.values() if item.column is None)
    widths = [1] * len(stacks)
    while widths:
        lanes = sum(widths)
        height = loads.height(widths) + _ROW_PX * sum(-(-count // lanes) for count in across.values())
        if lanes * _LANE_PX * 100 >= height * _ASPECT_PERCENT:
            break
        gains = [
            (loads.gain(widths, position), loads.total(position) * 100 // width, -position)
            for position, width in enumerate(widths)
            if width < _MAX_LANES
        ]
        if not gains:
            break
        widths[-max(gains)[2]] += 1
    return widths


class _Loads:
    """How many boxes and rails stand in each column at each level, and how many lines each level has."""

    def __init__(self, columns: int, scene: Scene, at: Mapping[str, int]) -> None:
        """Count a scene; ``at`` is the position of each column."""
        self._boxes: dict[int, list[int]] = {}
        self._rails: dict[int, list[int]] = {}
        self._lines: Counter[int] = Counter()
        for item, names in _standing(scene):
            boxes = self._boxes.setdefault(item.level, [0] * columns)
            rails = self._rails.setdefault(item.level, [0] * columns)
            for name in names:
                boxes[at[name]] += 1
            for position in {at[name] for name in names} if item.hung else ():
                rails[position] += 1
            self._lines[item.level] += len(item.spans) > 1

    def height(self, widths: Sequence[int]) -> int:
        """Return about how high all levels are, in px."""
        high = 0
        for level, boxes in self._boxes.items():
            columns = zip(boxes, self._rails[level], widths, strict=True)
            high += max(-(-count // width) * _ROW_PX + rails * _RAIL_PX for count, rails, width in columns)
            high += self._lines[level] * _LINE_PX
        return high

    def gain(self, widths: Sequence[int], position: int) -> int:
        """Return how many px the map loses in height when one column becomes a lane wider."""
        wider = [width + (at == position) for at, width in enumerate(widths)]
        return self.height(widths) - self.height(wider)

    def total(self, position: int) -> int:
        """Return how many boxes stand in a column."""
        return sum(boxes[position] for boxes in self._boxes.values())
