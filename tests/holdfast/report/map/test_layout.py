"""Nothing on the map lies on anything else, everything stands where it belongs, and lines go round the boxes."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.model.types import AllOf, Group, Model, On, Resource, Site
from holdfast.report.map.graph import graph_of, service_key
from holdfast.report.map.layout import BOX_HEIGHT, TEXT_LINE, Layout, Rectangle, label_of, layout_of
from holdfast.report.map.scene import By, scene_of
from tests.holdfast.report.map.institution import institution, model_of, models

GROUPINGS: tuple[By, ...] = get_args(By)


def apart(one: Rectangle, other: Rectangle) -> bool:
    return one.right <= other.x or other.right <= one.x or one.bottom <= other.y or other.bottom <= one.y


def checked(layout: Layout) -> None:
    """Fail where two things touch, or something stands outside where it belongs."""
    items, boxes = layout.scene.items, layout.boxes
    assert boxes.keys() == items.keys()
    for (one, first), (other, second) in combinations(boxes.items(), 2):
        assert apart(first, second), (one, other)
    for one_band, other_band in combinations(layout.bands.values(), 2):
        assert apart(one_band, other_band)
    for key, box in boxes.items():
        assert box.x >= 0
        assert box.right <= layout.width
        assert box.bottom <= layout.height
        if items[key].sort == "resource" and not items[key].spans:
            assert box.height >= BOX_HEIGHT + TEXT_LINE * max(0, len(label_of(items[key])) - 2)
    for key, item in items.items():
        if item.column is not None and not item.hung and not item.spans:
            band, box = layout.bands[item.column], boxes[key]
            assert band.x < box.x
            assert box.right < band.right
            assert band.y + layout.bar <= box.y
            assert box.bottom < band.bottom
        for hung in item.hung:
            assert boxes[hung].y > boxes[key].bottom
            assert boxes[key].x < boxes[hung].x
            assert boxes[hung].right < boxes[key].right
    lines(layout)


def lines(layout: Layout) -> None:
    """Fail where a line is not square, does not end at its boxes, or runs through another box."""
    solid = [box for key, box in layout.boxes.items() if box.height >= BOX_HEIGHT]
    for line, points in zip(layout.scene.lines, layout.lines, strict=True):
        source, target = layout.boxes[line.source], layout.boxes[line.target]
        hung = [layout.boxes[key] for key in layout.scene.items[line.source].hung]
        low = max([source.bottom, *(box.bottom for box in hung)])
        assert points[0][1] >= low
        # What a group itself needs leaves below the lowest of its members.
        assert any(box.x <= points[0][0] <= box.right for box in (hung or [source]) if box.bottom == low)
        assert points[-1][1] == target.y
        assert target.x <= points[-1][0] <= target.right
        for (x1, y1), (x2, y2) in pairwise(points):
            assert x1 == x2 or y1 == y2
            run = Rectangle(min(x1, x2), min(y1, y2), abs(x1 - x2), abs(y1 - y2))
            for box in solid:
                assert apart(Rectangle(box.x, box.y, box.width, box.height), run)


@given(models(), st.sampled_from(GROUPINGS), st.integers(1, 30))
def test_any_model_is_laid_out_without_anything_on_anything_else(model: Model, by: By, limit: int) -> None:
    checked(layout_of(scene_of(graph_of(model), by, limit=limit)))


@pytest.mark.parametrize("by", GROUPINGS)
@pytest.mark.parametrize("size", [40, 120, 1000])
def test_an_institution_is_laid_out_at_every_size(size: int, by: By) -> None:
    graph = graph_of(institution(size))
    layout = layout_of(scene_of(graph, by))
    checked(layout)
    assert layout.width < 30 * BOX_HEIGHT * 10
    checked(layout_of(scene_of(graph, by, service_key("service-1"))))


def test_a_line_between_two_sites_may_hang_under_a_group() -> None:
    needs = AllOf(())
    sites = {name: Site(name, name, "range") for name in ("east", "west")}
    lines = {name: Resource(name, "network", name, "range", None, needs, between=("east", "west")) for name in "ab"}
    group = Group("pair", "network", "Pair", ("a", "b"), 1, 1)
    layout = layout_of(scene_of(graph_of(model_of({}, lines, {"pair": group}, sites))))
    checked(layout)
    assert layout.scene.items["pair"].hung == ("a", "b")


def test_what_a_group_itself_needs_leaves_below_its_members() -> None:
    needs = AllOf(())
    sites = {name: Site(name, name, "range") for name in ("east", "middle", "west")}
    hosts = {site: Resource(site[0], "host", site, "range", site, needs) for site in sites}
    hosts["router"] = Resource("router", "network", "Router", "range", "middle", needs)
    group = Group("pair", "host", "Pair", ("e", "w"), 1, 1, needs=On("router"))
    model = model_of({}, {host.name: host for host in hosts.values()}, {"pair": group}, sites)
    checked(layout_of(scene_of(graph_of(model))))


def test_what_is_needed_stands_lower_where_it_is_of_another_kind() -> None:
    layout = layout_of(scene_of(graph_of(institution(120))))
    for line in layout.scene.lines:
        source, target = layout.scene.items[line.source], layout.scene.items[line.target]
        if source.level < target.level and target.column is not None:
            assert layout.boxes[line.source].y < layout.boxes[line.target].y


def test_the_same_scene_is_always_laid_out_in_the_same_way() -> None:
    assert layout_of(scene_of(graph_of(institution(120)))) == layout_of(scene_of(graph_of(institution(120))))
