"""How lines run between boxes: down out of what needs, along channels and gutters, down into what is needed.

A *channel* lies above each row, a *gutter* left of each lane; channel r is above row r, gutter g left of lane g. All
lines to one target share a track wherever they run together, so that they read as one line with many beginnings; lines
to different targets never share one until there are more than a gap can show. Tracks are given greedily from the left
(Hashimoto and Stevens, Wire routing by optimizing channel assignment within large apertures, DAC 1971).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from holdfast.report.map.arrangement import Arrangement, Box
from holdfast.report.map.scene import Scene

# More tracks than these in one gap are no longer told apart: beyond, lines share them again.
MAX_GUTTER_TRACKS = 10
MAX_CHANNEL_TRACKS = 14


@dataclass(frozen=True, slots=True)
class Route:
    """One line's way: out into channel ``out``, through ``gutter`` (``None``: straight on), in from channel ``into``.

    ``lane`` is where it enters a target that is wider than a lane: the nearest lane of its source.
    """

    line: int
    target: str
    out: int
    gutter: int | None
    into: int


@dataclass(frozen=True, slots=True)
class Tracks:
    """The track of each target in each gap, and how many each gap has."""

    of: Mapping[tuple[int, str], int]
    count: Mapping[int, int]


def routes_of(scene: Scene, arrangement: Arrangement) -> tuple[Route, ...]:
    """Return a route for every line."""
    found = []
    for position, line in enumerate(scene.lines):
        source, target = arrangement.boxes[line.source], arrangement.boxes[line.target]
        out, into = source.end, target.row
        gutter = None if out == into else _gutter(source, target)
        found.append(Route(position, line.target, out, gutter, into))
    return tuple(found)


def _gutter(source: Box, target: Box) -> int:
    """Return the gutter to run through: beside the target, on the side of the source; into a wide one from above."""
    if target.right > target.left and source.row < target.row:
        inside = range(target.left + 1, target.right + 1)
        return min(inside, key=lambda gutter: (abs(2 * gutter - 1 - source.left - source.right), gutter))
    return target.left if source.centre < target.centre else target.right + 1


def gutter_tracks(routes: Sequence[Route]) -> Tracks:
    """Return the tracks in the gutters, where a line runs from channel to channel."""
    spans: dict[tuple[int, str], tuple[float, float]] = {}
    for route in routes:
        if route.gutter is not None:
            _widen(spans, (route.gutter, route.target), route.out, route.into)
    return _tracks(spans, MAX_GUTTER_TRACKS, lower=frozenset())


def channel_tracks(runs: Iterable[tuple[int, str, float, float]], entered: frozenset[tuple[int, str]]) -> Tracks:
    """Return the tracks in the channels.

    ``runs`` are (channel, target, from x, to x). Those in ``entered`` (channel, target) lead into the row below and
    get the lower tracks, so that lines that only pass do not cross their last bend.
    """
    spans: dict[tuple[int, str], tuple[float, float]] = {}
    for channel, target, one, other in runs:
        _widen(spans, (channel, target), one, other)
    return _tracks(spans, MAX_CHANNEL_TRACKS, lower=entered)


def _widen(spans: dict[tuple[int, str], tuple[float, float]], key: tuple[int, str], one: float, other: float) -> None:
    low, high = spans.get(key, (one, one))
    spans[key] = (min(low, one, other), max(high, one, other))


def _tracks(
    spans: Mapping[tuple[int, str], tuple[float, float]], limit: int, lower: frozenset[tuple[int, str]]
) -> Tracks:
    """Return a track for each span so that spans on one track of a gap do not touch, upper ones first."""
    tracks: dict[tuple[int, str], int] = {}
    counts: dict[int, int] = {}
    gaps: dict[int, list[tuple[bool, float, float, int, tuple[int, str]]]] = {}
    for order, (key, (low, high)) in enumerate(spans.items()):
        gaps.setdefault(key[0], []).append((key in lower, low, high, order, key))
    for gap, here in gaps.items():
        ends: list[float] = []
        above = 0
        below = False
        for entering, low, high, _, key in sorted(here):
            if entering and not below:
                below, above = True, len(ends)
            free = next((track for track in range(above, len(ends)) if ends[track] < low), len(ends))
            if free == len(ends):
                ends.append(high)
            else:
                ends[free] = high
            tracks[key] = free
        counts[gap] = min(len(ends), limit)
    return Tracks({key: track % limit for key, track in tracks.items()}, counts)
