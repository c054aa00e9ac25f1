"""Conditions are those of the analysis, and a loss can be followed along its edges from a service to its cause."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from holdfast.analysis.what_if import standing
from holdfast.model.types import AllOf, AnyOf, Group, Model, On, Resource, Supplier
from holdfast.report.map.condition import Conditions, conditions
from holdfast.report.map.graph import Graph, graph_of, service_key
from tests.holdfast.report.map.institution import failures, mode, model_of, models, service, three_ways


@st.composite
def failing(draw: st.DrawFn) -> tuple[Model, frozenset[str]]:
    """Return a random model and what fails in it."""
    model = draw(models())
    return model, draw(failures(model))


@given(failing())
def test_the_map_shows_what_the_analysis_says_and_where_a_loss_passes(case: tuple[Model, frozenset[str]]) -> None:
    model, failed = case
    graph = graph_of(model)
    found = conditions(graph, failed)
    as_the_analysis_says(model, failed, found)
    only_from_what_is_lost_to_what_is_hurt(graph, found)
    followed_from_services_down_to_the_cause(graph, found)


def as_the_analysis_says(model: Model, failed: frozenset[str], found: Conditions) -> None:
    """Fail where a condition is not the analysis's state."""
    expected = standing(model, failed)
    for name, state in expected.nodes.items():
        assert found.things[name] == state or (found.things[name] == "failed" and state == "down")
    for name, state in expected.services.items():
        assert found.things[service_key(name)] == state
    assert {name: "failed" if name in failed else state for name, state in expected.sites.items()} == found.sites
    for name in failed - model.sites.keys():
        assert found.things[name] == "failed"


def followed_from_services_down_to_the_cause(graph: Graph, found: Conditions) -> None:
    """Fail where no carrying edges lead from a service that is hurt to something that was failed."""
    before = conditions(graph)
    for name in graph.model.services:
        key = service_key(name)
        if found.things[key] == before.things[key]:
            continue
        reached = {key}
        while more := {graph.edges[at].target for at in found.carried if graph.edges[at].source in reached} - reached:
            reached |= more
        assert any(found.things[each] == "failed" for each in reached)


def only_from_what_is_lost_to_what_is_hurt(graph: Graph, found: Conditions) -> None:
    """Fail where an edge carries a loss from what is not lost, or makes of its source what that is not."""
    for at, made in found.carried.items():
        source, target = found.things[graph.edges[at].source], found.things[graph.edges[at].target]
        assert target in {"down", "failed"}
        assert (made, source) in {("down", "down"), ("down", "failed"), ("degraded", "degraded"), ("degraded", "down")}
        # What makes less of a group than it is has not taken it down: something else has.
        if (made, source) == ("degraded", "down"):
            assert graph.edges[at].bond == "member"


def part(name: str, *needs: On | AnyOf, supplier: Supplier | None = None) -> Resource:
    return Resource(name, "third-party" if supplier else "host", name, "range", None, AllOf(needs), supplier=supplier)


def carried(model: Model, *failed: str) -> dict[tuple[str, str], str]:
    graph = graph_of(model)
    return {
        (graph.edges[at].source, graph.edges[at].target): made
        for at, made in conditions(graph, frozenset(failed)).carried.items()
    }


def test_a_choice_that_is_left_carries_nothing_and_a_lost_mode_degrades() -> None:
    resources = {"a": part("a"), "b": part("b"), "c": part("c", AnyOf((On("a"), On("b"))))}
    pay = service("pay", "Pay", mode("full", AllOf((On("a"), On("c")))), mode("least", On("c")))
    model = model_of({"pay": pay}, resources, {}, {})
    assert carried(model, "a") == {("service:pay", "a"): "degraded"}
    assert carried(model, "a", "b") == {
        ("c", "a"): "down",
        ("c", "b"): "down",
        ("service:pay", "a"): "down",
        ("service:pay", "c"): "down",
    }


def test_a_worse_mode_that_is_lost_as_well_carries_nothing() -> None:
    model = three_ways()
    assert carried(model, "third") == {}
    assert carried(model, "first", "third") == {("service:pay", "first"): "degraded"}
    assert carried(model, *model.resources) == {("service:pay", name): "down" for name in model.resources}


def test_a_group_without_all_its_members_is_degraded_by_those_it_lost() -> None:
    resources = {"a": part("a"), "b": part("b")}
    groups = {"pair": Group("pair", "host", "Pair", ("a", "b"), 1, 1)}
    model = model_of({"pay": service("pay", "Pay", mode("full", On("pair")))}, resources, groups, {})
    assert carried(model, "a") == {("pair", "a"): "degraded"}
    assert carried(model, "pair") == {("pair", "a"): "down", ("pair", "b"): "down", ("service:pay", "pair"): "down"}


def test_a_member_that_another_could_stand_in_for_does_not_take_down_a_group_that_lost_its_power() -> None:
    resources = {name: part(name) for name in ("a", "b", "power")}
    groups = {"pair": Group("pair", "host", "Pair", ("a", "b"), 1, 1, needs=On("power"))}
    model = model_of({"pay": service("pay", "Pay", mode("full", On("pair")))}, resources, groups, {})
    assert carried(model, "a", "power") == {
        ("pair", "a"): "degraded",
        ("pair", "power"): "down",
        ("service:pay", "pair"): "down",
    }


def test_a_subcontractor_takes_its_client_along_though_nobody_failed_that_by_hand() -> None:
    resources = {
        "telco": part("telco", supplier=Supplier(subcontracts=("duct",))),
        "duct": part("duct", supplier=Supplier()),
    }
    model = model_of({"pay": service("pay", "Pay", mode("full", On("telco")))}, resources, {}, {})
    found = conditions(graph_of(model), frozenset({"duct"}))
    assert (found.things["duct"], found.things["telco"]) == ("failed", "down")
    assert carried(model, "duct") == {("telco", "duct"): "down", ("service:pay", "telco"): "down"}


def test_a_subcontract_carries_nothing_where_both_are_down_for_a_reason_of_their_own() -> None:
    resources = {
        "telco": part("telco", On("power"), supplier=Supplier(subcontracts=("duct",))),
        "duct": part("duct", On("power"), supplier=Supplier()),
        "power": part("power"),
    }
    assert carried(model_of({}, resources, {}, {}), "power") == {("telco", "power"): "down", ("duct", "power"): "down"}
