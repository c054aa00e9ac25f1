"""Under a rail stands only what hangs on it, and what is needed stands below what needs it."""

from __future__ import annotations

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from holdfast.model.types import AllOf, Group, Model, On, Resource, Site
from holdfast.report.map.arrangement import arrange
from holdfast.report.map.graph import graph_of
from holdfast.report.map.scene import By, Scene, scene_of
from tests.holdfast.report.map.institution import institution, model_of, models

GROUPINGS: tuple[By, ...] = get_args(By)


def under_their_own(scene: Scene) -> None:
    """Fail where something stands under a rail that it does not hang on, with no rail of its own between."""
    boxes = arrange(scene).boxes
    hangs = {key: item.key for item in scene.items.values() for key in item.hung}
    rails = {key: box for key, box in boxes.items() if box.form == "rail"}
    for key, box in boxes.items():
        if box.form != "box":
            continue
        own = rails[hangs[key]] if key in hangs else None
        lift = own.lift if own is not None and own.row == box.row else 99
        over = [each for each in rails.values() if each.row == box.row and each.left <= box.left <= each.right]
        assert all(each.lift >= lift for each in over)


@given(models(), st.sampled_from(GROUPINGS))
def test_under_a_rail_stands_only_what_hangs_on_it(model: Model, by: By) -> None:
    under_their_own(scene_of(graph_of(model), by))


def test_rails_that_reach_around_one_another_are_told_apart() -> None:
    scene = scene_of(graph_of(institution(120)))
    under_their_own(scene)
    assert max(box.lift for box in arrange(scene).boxes.values()) > 2


def test_within_a_level_what_is_needed_stands_below() -> None:
    resources = {
        "portal": Resource("portal", "application", "Portal", "range", "east", On("pair")),
        "left": Resource("left", "application", "Left", "range", "east", On("base")),
        "right": Resource("right", "application", "Right", "range", "west", AllOf(())),
        "base": Resource("base", "application", "Base", "range", "east", AllOf(())),
    }
    groups = {"pair": Group("pair", "application", "Pair", ("left", "right"), 1, 1)}
    sites = {name: Site(name, name, "range") for name in ("east", "west")}
    boxes = arrange(scene_of(graph_of(model_of({}, resources, groups, sites)))).boxes
    assert [boxes[key].row for key in ("portal", "pair", "left", "right", "base")] == [0, 1, 1, 1, 2]


def test_services_stand_in_the_order_of_what_they_stand_on() -> None:
    scene = scene_of(graph_of(institution(120)))
    arrangement = arrange(scene)
    tops = sorted((box.left, key) for key, box in arrangement.boxes.items() if scene.items[key].sort == "service")
    assert len({left for left, _ in tops}) == len(tops)
