"""Lines to different things run apart, lines to the same thing together, and each comes from the side it starts at."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.report.map.arrangement import Arrangement, Box
from holdfast.report.map.columns import Bands
from holdfast.report.map.routing import MAX_CHANNEL_TRACKS, channel_tracks, gutter_tracks, routes_of
from holdfast.report.map.scene import Item, Line, Scene

RUNS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abcdef"), st.integers(0, 60), st.integers(0, 60)))


def two(source: Box, target: Box) -> tuple[Scene, Arrangement]:
    """Return a scene of two boxes and a line."""
    items = {key: Item(key, "resource", key, "", 4, "", (key,)) for key in ("source", "target")}
    scene = Scene("site", items, (Line("source", "target", (0,), alternative=False),), ())
    return scene, Arrangement({"source": source, "target": target}, (), Bands({"": (0, 9)}, {"": None}, {"": None}))


@pytest.mark.parametrize(
    ("source", "target", "gutter"),
    [
        (Box(3, 3, 0), Box(3, 3, 1), None),
        (Box(1, 1, 0), Box(5, 5, 3), 5),
        (Box(8, 8, 0), Box(5, 5, 3), 6),
        (Box(2, 2, 4), Box(5, 5, 3), 5),
        (Box(4, 4, 0), Box(2, 7, 3, "rail"), 4),
        (Box(0, 0, 0), Box(2, 7, 3, "rail"), 3),
        (Box(9, 9, 0), Box(2, 7, 3, "rail"), 7),
    ],
)
def test_a_line_runs_beside_its_target_on_the_side_of_its_source(source: Box, target: Box, gutter: int | None) -> None:
    (route,) = routes_of(*two(source, target))
    assert (route.out, route.gutter, route.into) == (source.end, gutter, target.row)


@given(RUNS)
def test_lines_to_different_things_never_touch_until_there_are_too_many(
    runs: list[tuple[int, str, int, int]],
) -> None:
    tracks = channel_tracks([(channel, target, float(a), float(b)) for channel, target, a, b in runs], frozenset())
    spans: dict[tuple[int, str], list[int]] = {}
    for channel, target, one, other in runs:
        spans.setdefault((channel, target), []).extend((one, other))
    assert tracks.of.keys() == spans.keys()
    for (one_key, one_ends), (other_key, other_ends) in combinations(spans.items(), 2):
        if one_key[0] == other_key[0] and tracks.of[one_key] == tracks.of[other_key]:
            assert max(one_ends) < min(other_ends) or max(other_ends) < min(one_ends)
    assert all(track < tracks.count[channel] <= MAX_CHANNEL_TRACKS for (channel, _), track in tracks.of.items())


def test_lines_that_lead_into_the_next_row_run_below_those_that_pass() -> None:
    runs = [(1, "into", 0.0, 50.0), (1, "past", 20.0, 90.0), (1, "far", 100.0, 120.0)]
    tracks = channel_tracks(runs, frozenset({(1, "into")}))
    assert (tracks.of[1, "past"], tracks.of[1, "far"], tracks.of[1, "into"]) == (0, 0, 1)


def test_more_lines_than_a_gap_can_show_share_its_tracks() -> None:
    runs = [(0, f"t{at}", 0.0, 10.0) for at in range(40)]
    tracks = channel_tracks(runs, frozenset())
    assert tracks.count[0] == MAX_CHANNEL_TRACKS
    assert set(tracks.of.values()) == set(range(MAX_CHANNEL_TRACKS))


def test_all_lines_to_one_thing_share_a_gutter_track() -> None:
    scene, arrangement = two(Box(1, 1, 0), Box(5, 5, 3))
    (route,) = routes_of(scene, arrangement)
    assert gutter_tracks([route, route]).of == {(5, "target"): 0}
