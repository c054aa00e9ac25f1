"""A scene holds everything once, each thing where it stands, and piles up what would be too much."""

from __future__ import annotations

from itertools import combinations
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.model.types import AllOf, Group, Model, Resource, Site
from holdfast.report.map.graph import graph_of, service_key, standing_on
from holdfast.report.map.scene import LIMIT, By, scene_of
from tests.holdfast.report.map.institution import institution, model_of, models

GROUPINGS: tuple[By, ...] = get_args(By)


@given(models(), st.sampled_from(GROUPINGS), st.integers(1, 30))
def test_everything_stands_in_one_item_in_its_place_and_every_need_is_a_line(model: Model, by: By, limit: int) -> None:
    graph = graph_of(model)
    scene = scene_of(graph, by, limit=limit)
    where = {key: item.key for item in scene.items.values() for key in item.things}
    assert sorted(key for item in scene.items.values() for key in item.things) == sorted(graph.things)
    drawn = {edge for line in scene.lines for edge in line.edges}
    for at, edge in enumerate(graph.edges):
        source, target = where[edge.source], where[edge.target]
        hangs = target in scene.items[source].hung
        assert (at in drawn) == (source != target and not hangs)
    columns = {column.key for column in scene.columns}
    for key, item in scene.items.items():
        assert set(item.spans) <= columns
        assert item.hung or item.spans or item.column is None or item.column in columns
        thing = model.resources.get(key)
        if thing is not None and thing.site is not None and by == "site":
            assert item.column == thing.site


def test_what_one_service_stands_on_is_all_that_is_shown_of_it() -> None:
    graph = graph_of(institution(120))
    key = service_key("service-0")
    shown = {each for item in scene_of(graph, service=key).items.values() for each in item.things}
    assert shown == standing_on(graph, frozenset({key}))


def test_a_large_institution_is_piled_up_and_a_small_one_is_not() -> None:
    assert all(item.sort != "pile" for item in scene_of(graph_of(institution(120))).items.values())
    graph = graph_of(institution(1000))
    scene = scene_of(graph)
    assert len(scene.items) <= LIMIT
    titles = [item.title for item in scene.items.values() if item.sort == "pile"]
    assert any(title.endswith(" databases") for title in titles)
    assert all(int(title.split()[0].replace(",", "")) >= 3 for title in titles)


def test_groups_over_ever_other_sites_do_not_pile_up_side_by_side() -> None:
    sites = {name: Site(name, name, "range") for name in (f"dc{at}" for at in range(24))}
    pairs = list(combinations(sites, 2))
    hosts = {
        f"h{at}{side}": Resource(f"h{at}{side}", "host", "Host", "range", site, AllOf(()))
        for at, pair in enumerate(pairs)
        for side, site in zip("ab", pair, strict=True)
    }
    groups = {f"g{at}": Group(f"g{at}", "host", "Pair", (f"h{at}a", f"h{at}b"), 1, 1) for at in range(len(pairs))}
    scene = scene_of(graph_of(model_of({}, hosts, groups, sites)))
    over = [item for item in scene.items.values() if item.spans]
    assert [(item.title, len(item.spans)) for item in over] == [("276 host groups", 24)]
    assert len(scene.items) == 25


def test_what_must_be_seen_is_never_piled_up() -> None:
    graph = graph_of(institution(1000))
    kept = frozenset({"host-dc-0a-0", "app-0-1"})
    scene = scene_of(graph, keep=kept)
    assert {scene.items[key].sort for key in kept} == {"resource", "group"}
    assert scene.items["app-0-1"].hung


@pytest.mark.parametrize("by", ["tier", "owner"])
def test_columns_are_tiers_in_their_order_and_owners(by: By) -> None:
    columns = [column.key for column in scene_of(graph_of(institution(120)), by).columns]
    assert columns == sorted(columns)
    assert columns[0] == ("1" if by == "tier" else "application team 1")
