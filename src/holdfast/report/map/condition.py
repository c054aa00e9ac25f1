"""How everything stands when some things have failed, and along which edges the loss passes from its cause upwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from holdfast.analysis.what_if import failing, standing
from holdfast.report.map.graph import Edge, Graph, service_key

Condition = Literal["up", "degraded", "down", "failed"]
WORDS: Mapping[Condition, str] = {
    "up": "available",
    "degraded": "degraded",
    "down": "down",
    "failed": "failed by hand",
}


@dataclass(frozen=True, slots=True)
class Conditions:
    """The condition of each thing by key and of each site by name.

    ``carried`` are the edges along which the loss passes, by their position in the graph, each with what it makes of
    its source. ``failed`` are the names that were failed.
    """

    things: Mapping[str, Condition]
    sites: Mapping[str, Condition]
    carried: Mapping[int, Condition]
    failed: frozenset[str]


def conditions(graph: Graph, failed: frozenset[str] = frozenset()) -> Conditions:
    """Return how everything stands when the resources, groups, sites and third parties ``failed`` have failed.

    Names that the model does not have raise ``KeyError``.
    """
    circuit = graph.circuit
    found = standing(graph.model, failed, circuit)
    hits = failing(graph.model, failed)
    down = circuit.down(circuit.nodes[name] for name in hits)
    things: dict[str, Condition] = {service_key(name): state for name, state in found.services.items()}
    things |= found.nodes
    things |= dict.fromkeys(_by_hand(graph, failed), "failed")
    sites: dict[str, Condition] = {name: "failed" if name in failed else state for name, state in found.sites.items()}
    carried: dict[int, Condition] = {}
    for position, edge in enumerate(graph.edges):
        made = _carries(graph, edge, things, down, hits)
        if made is not None:
            carried[position] = made
    return Conditions(things, sites, carried, failed)


def _by_hand(graph: Graph, failed: frozenset[str]) -> frozenset[str]:
    """Return what was failed itself: what stands at a failed site, and a group with its members."""
    model = graph.model
    names: set[str] = set()
    for name in failed:
        if name in model.sites:
            names.update(resource.name for resource in model.resources.values() if resource.site == name)
        else:
            names.update((name, *graph.things[name].members))
    return frozenset(names)


def _carries(
    graph: Graph, edge: Edge, things: Mapping[str, Condition], down: frozenset[int], hits: frozenset[str]
) -> Condition | None:
    """Return what the loss of an edge's target makes of its source, ``None`` if the loss does not pass along it."""
    source, target = things[edge.source], things[edge.target]
    if target not in {"down", "failed"} or source == "up":
        return None
    if edge.bond == "contract":
        return "down" if edge.source in hits and edge.target in hits else None
    lost = [chain for chain in edge.chains if down.issuperset(chain)]
    if edge.bond == "member":
        # A group that still has enough members, and is down for what it needs itself, is not down by this one.
        return "down" if lost else "degraded"
    if graph.things[edge.source].sort == "service":
        lost = [chain for chain in lost if chain[0] in _better(graph, edge.source, down)]
        return (source if lost else None) if source == "degraded" else ("down" if lost else None)
    return "down" if lost else None


def _better(graph: Graph, service: str, down: frozenset[int]) -> frozenset[int]:
    """Return the modes, as gates, that are better than the one that a service runs in; all of them when it is down.

    A mode that does not meet the minimum does not count as one that it runs in.
    """
    declared = graph.model.services[graph.things[service].name]
    better: list[int] = []
    for mode in declared.modes:
        gate = graph.circuit.modes[declared.name, mode.name]
        if mode.meets_minimum and gate not in down:
            break
        better.append(gate)
    return frozenset(better)
