"""Cycles: needs may form one, unless a hold lies on it; copies of copies may not.

A hold on a cycle has no meaning: the onset of each thing would be the onset of itself and then some.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from holdfast.errors import Place
from holdfast.model.consistency.standing import below
from holdfast.model.findings import Findings, shown
from holdfast.model.types import AnyOf, AtLeast, Group, Model, Need, On, Path, Resource


def components(graph: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Return for each node the number of its strongly connected component (Tarjan 1972, with a stack of its own)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    component: dict[str, int] = {}
    stack: list[str] = []
    for start in graph:
        if start in number:
            continue
        path = [(start, iter(graph[start]))]
        number[start] = low[start] = len(number)
        stack.append(start)
        while path:
            node, following = path[-1]
            for other in following:
                if other not in number:
                    number[other] = low[other] = len(number)
                    stack.append(other)
                    path.append((other, iter(graph.get(other, ()))))
                    break
                if other not in component:
                    low[node] = min(low[node], number[other])
            else:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[node])
                if low[node] == number[node]:
                    while component.setdefault(stack[-1], number[node]) >= 0 and stack.pop() != node:
                        pass
    return component


def check_holds(model: Model, findings: Findings) -> None:
    """Refuse a hold on a cycle of needs."""
    nodes: list[Resource | Group] = [*model.resources.values(), *model.groups.values()]
    held = [
        (node.name, hold, path)
        for node in nodes
        for hold, path in _holds(model, node.needs, ("resources", node.name, "needs"))
    ]
    if not held:
        return
    component = components({node.name: tuple(below(model, node.name)) for node in nodes})
    for name, hold, path in held:
        if component[name] == component.get(hold.resource):
            message = f"{shown(name)} can do without {shown(hold.resource)} for a while, and {shown(hold.resource)} "
            message += f"needs {shown(name)} in turn: a hold may not lie on a cycle of needs"
            remedy = "Remove the hold, or the need that closes the cycle."
            findings.error("HF125", model.place(*path), message, remedy)


def _holds(model: Model, need: Need, path: Path) -> Iterator[tuple[On, Path]]:
    """Yield the leaves of a need that can be done without for a while, with the path at which each stands."""
    if isinstance(need, On):
        if need.holds_for_ms is not None:
            yield need, (*path, need.resource)
        return
    word = (*path, "any" if isinstance(need, AnyOf) else "of" if isinstance(need, AtLeast) else "all")
    inside = word if word in model.places else path
    for position, part in enumerate(need.of):
        item = (*inside, str(position))
        yield from _holds(model, part, item if item in model.places else inside)


def check_replicas(model: Model, findings: Findings) -> None:
    """Refuse copies that are, by way of others or not, copies of themselves."""
    done: set[str] = set()
    for start in model.resources:
        chain: list[str] = []
        name: str | None = start
        while name is not None and name in model.resources and name not in done:
            done.add(name)
            chain.append(name)
            name = model.resources[name].replica_of
        if name in chain:
            _tell_circle(model.place("resources", name, "replica_of"), chain[chain.index(name) :], findings)


def _tell_circle(place: Place, circle: list[str], findings: Findings) -> None:
    message = f"{' copies '.join(map(shown, [*circle[:4], circle[0]]))}: data must come from somewhere"
    findings.error("HF126", place, message, "Remove replica_of from the one that is written to.")
