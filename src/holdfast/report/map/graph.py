"""What the map shows of a model: things that stand on things, read off the same circuit that answers a what-if.

A *thing* is a service, a resource or a redundancy group. An *edge* is a need: its source stands on its target. Edges
know the choices between the two ends, so that it can be told whether a loss really passes along them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from holdfast.analysis.circuit import Circuit
from holdfast.model.types import Group, Model, Resource, Service

Sort = Literal["service", "resource", "group"]
# A need; a member that a group counts; a subcontract: who fails takes along whoever rests on it.
Bond = Literal["need", "member", "contract"]
# From what clients see down to what everything stands on; each with the kinds that it holds.
TIERS: tuple[tuple[str, frozenset[str]], ...] = (
    ("Services", frozenset({"service"})),
    ("People and processes", frozenset({"people", "process"})),
    ("Applications", frozenset({"application"})),
    ("Data", frozenset({"database", "information"})),
    ("Hosts", frozenset({"host"})),
    ("Networks", frozenset({"network"})),
    ("Facilities", frozenset({"facility"})),
    ("Third parties", frozenset({"third-party", "fmi"})),
)
_TIER_OF = {kind: position for position, (_, kinds) in enumerate(TIERS) for kind in kinds}


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing of the model. ``key`` is its name, of a service ``service:`` and its name.

    ``members`` are a group's, ``enough`` of which must function; ``between`` are the two sites that a line joins.
    """

    key: str
    sort: Sort
    name: str
    title: str
    kind: str
    site: str | None = None
    owner: str | None = None
    tier: str | None = None
    between: tuple[str, str] | None = None
    members: tuple[str, ...] = ()
    enough: int = 0

    @property
    def level(self) -> int:
        """The position in ``TIERS`` of what it is."""
        return _TIER_OF[self.kind]


@dataclass(frozen=True, slots=True)
class Edge:
    """``source`` stands on ``target``, both keys.

    Each of ``chains`` is one way in which it does: the gates of the circuit between the two, of a service beginning
    with the mode's; all of them are down when the loss passes along it. ``alternative`` says that something else can
    take the target's place.
    """

    source: str
    target: str
    bond: Bond
    chains: tuple[tuple[int, ...], ...]
    alternative: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """Everything that can be drawn: things by key, services first, each sort in declared order; and what needs what.

    ``hangs`` maps a member to the group that it is drawn under: the first one that lists it.
    """

    things: Mapping[str, Thing]
    edges: tuple[Edge, ...]
    hangs: Mapping[str, str]
    circuit: Circuit
    model: Model


def service_key(name: str) -> str:
    """Return the key of a service: it may have the name of a resource."""
    return f"service:{name}"


def graph_of(model: Model) -> Graph:
    """Return the graph of a model."""
    circuit = Circuit.of(model)
    things = [_of_service(service) for service in model.services.values()]
    things += [_of_resource(resource) for resource in model.resources.values()]
    things += [_of_group(group, model) for group in model.groups.values()]
    hangs: dict[str, str] = {}
    for group in model.groups.values():
        for member in group.members:
            hangs.setdefault(member, group.name)
    edges = (*_services(model, circuit), *_nodes(model, circuit), *_subcontracts(model))
    return Graph({thing.key: thing for thing in things}, edges, hangs, circuit, model)


def standing_on(graph: Graph, keys: frozenset[str]) -> frozenset[str]:
    """Return these things and everything that they stand on, directly or at any remove."""
    below: dict[str, list[str]] = {}
    for edge in graph.edges:
        below.setdefault(edge.source, []).append(edge.target)
    found = set(keys)
    waiting = sorted(keys)
    while waiting:
        key = waiting.pop()
        for target in below.get(key, ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return frozenset(found)


def _of_service(service: Service) -> Thing:
    return Thing(service_key(service.name), "service", service.name, service.title, "service", owner=service.owner)


def _of_resource(resource: Resource) -> Thing:
    return Thing(
        resource.name,
        "resource",
        resource.name,
        resource.title,
        resource.kind,
        site=resource.site,
        owner=resource.owner,
        tier=resource.tier,
        between=resource.between,
    )


def _of_group(group: Group, model: Model) -> Thing:
    """Return a group; it has its members' site, owner and tier where they all have the same."""
    members = [model.resources[name] for name in group.members if name in model.resources]
    sites, owners = {member.site for member in members}, {member.owner for member in members}
    tiers = {member.tier for member in members}
    return Thing(
        group.name,
        "group",
        group.name,
        group.title,
        group.kind,
        site=sites.pop() if len(sites) == 1 else None,
        owner=group.owner or (owners.pop() if len(owners) == 1 else None),
        tier=tiers.pop() if len(tiers) == 1 else None,
        members=group.members,
        enough=max(group.active, group.quorum),
    )


def _services(model: Model, circuit: Circuit) -> Iterator[Edge]:
    """Yield what each service needs, once, in however many modes."""
    for service in model.services.values():
        ways: dict[str, list[tuple[int, ...]]] = {}
        modes = [circuit.modes[service.name, mode.name] for mode in service.modes]
        for gate in modes:
            for target, chain in _chains(circuit, gate):
                ways.setdefault(target, []).append((gate, *chain))
        for target, chains in ways.items():
            spare = all(chain[0] != modes[0] or _redundant(circuit, chain[1:]) for chain in chains)
            yield Edge(service_key(service.name), target, "need", tuple(chains), spare)


def _nodes(model: Model, circuit: Circuit) -> Iterator[Edge]:
    """Yield what each resource and group needs, once, and the members of each group."""
    for name in (*model.resources, *model.groups):
        counted = circuit.members.get(name)
        ways: dict[tuple[Bond, str], list[tuple[int, ...]]] = {}
        for target, chain in _chains(circuit, circuit.nodes[name]):
            bond: Bond = "member" if counted is not None and chain[:1] == (counted,) else "need"
            ways.setdefault((bond, target), []).append(chain)
        for (bond, target), chains in ways.items():
            yield Edge(name, target, bond, tuple(chains), all(_redundant(circuit, chain) for chain in chains))


def _subcontracts(model: Model) -> Iterator[Edge]:
    """Yield the direct subcontracts of each supplier."""
    for name, resource in model.resources.items():
        if resource.supplier is not None:
            for below in resource.supplier.subcontracts:
                yield Edge(name, below, "contract", ((),), alternative=False)


def _chains(circuit: Circuit, gate: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield each thing that a gate counts, with the choices on the way to it."""
    for child in circuit.gates[gate].children:
        if circuit.gates[child].sort in {"resource", "group"}:
            yield circuit.gates[child].name, ()
        else:
            for name, chain in _chains(circuit, child):
                yield name, (child, *chain)


def _redundant(circuit: Circuit, chain: tuple[int, ...]) -> bool:
    return any(circuit.gates[gate].redundant for gate in chain)
