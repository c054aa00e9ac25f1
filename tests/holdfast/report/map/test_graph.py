"""The graph says what the model says: every need once, with its choices, members, and what stands on what."""

from __future__ import annotations

from hypothesis import given

from holdfast.model.types import AllOf, AnyOf, Group, Model, On, Resource, Supplier, leaves
from holdfast.report.map.graph import TIERS, graph_of, service_key, standing_on
from tests.holdfast.report.map.institution import mode, model_of, models, service


@given(models())
def test_there_is_an_edge_for_every_need_member_and_subcontract_and_what_is_below_is_reached_by_them(
    model: Model,
) -> None:
    expected = {
        (service_key(name), target, "need")
        for name, each in model.services.items()
        for one in each.modes
        for target in leaves(one.needs)
    }
    for name, resource in model.resources.items():
        expected |= {(name, target, "need") for target in leaves(resource.needs)}
        if resource.supplier is not None:
            expected |= {(name, target, "contract") for target in resource.supplier.subcontracts}
    for name, group in model.groups.items():
        expected |= {(name, target, "need") for target in leaves(group.needs)}
        expected |= {(name, target, "member") for target in group.members}
    graph = graph_of(model)
    found = [(edge.source, edge.target, edge.bond) for edge in graph.edges]
    assert sorted(found) == sorted(expected)
    for name in model.services:
        reached = {service_key(name)}
        while more := {edge.target for edge in graph.edges if edge.source in reached} - reached:
            reached |= more
        assert standing_on(graph, frozenset({service_key(name)})) == reached


def host(name: str, *needs: On | AnyOf, supplier: Supplier | None = None) -> Resource:
    return Resource(name, "host", name, "range", None, AllOf(needs), supplier=supplier)


def test_an_alternative_is_what_something_else_can_take_the_place_of() -> None:
    resources = {
        "one": host("one", On("both"), AnyOf((On("left"), On("right")))),
        "both": host("both"),
        "left": host("left"),
        "right": host("right"),
        "spare": host("spare"),
    }
    groups = {"pair": Group("pair", "host", "Pair", ("left", "right"), 1, 1)}
    groups["whole"] = Group("whole", "host", "Whole", ("both", "spare"), 2, 2)
    pay = service("pay", "Pay", mode("full", On("one")), mode("least", On("spare")))
    graph = graph_of(model_of({"pay": pay}, resources, groups, {}))
    spare = {(edge.source, edge.target): edge.alternative for edge in graph.edges}
    assert spare == {
        ("service:pay", "one"): False,
        ("service:pay", "spare"): True,
        ("one", "both"): False,
        ("one", "left"): True,
        ("one", "right"): True,
        ("pair", "left"): True,
        ("pair", "right"): True,
        ("whole", "both"): False,
        ("whole", "spare"): False,
    }


def test_every_kind_has_its_level() -> None:
    kinds = [kind for _, kinds in TIERS for kind in kinds]
    assert len(kinds) == len(set(kinds))
    assert graph_of(model_of({}, {"a": host("a")}, {}, {})).things["a"].level == 4
