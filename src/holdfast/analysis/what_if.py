"""What if these failed: which resources, groups, sites and services would be down.

The answer is for the time after failovers and before recoveries, with nothing else wrong. A need that lasts a while
(``holds_for``) has run out: nothing that is lost comes back here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from holdfast.analysis.circuit import Circuit
from holdfast.analysis.events import dependent_suppliers
from holdfast.model.types import Model

State = Literal["up", "down", "degraded"]


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of everything, by name. A site and a resource may have the same name, so they are kept apart.

    ``nodes`` are resources and groups. A group is degraded when it functions without all its members, a site when
    something at it is down, a service when the best mode that functions and meets the minimum is not its first; a
    service that only functions below its minimum is down.
    """

    nodes: Mapping[str, State]
    sites: Mapping[str, State]
    services: Mapping[str, State]


def standing(model: Model, failed: frozenset[str], circuit: Circuit | None = None) -> Standing:
    """Return how everything stands when ``failed`` have failed: resources, groups, sites, third parties.

    A name that is both a site and a resource means the site. A group fails with all its members, a third party with
    everyone who subcontracts to it. ``circuit`` is the model's, to be made once for many questions. Names that the
    model does not have raise ``KeyError``.
    """
    compiled = Circuit.of(model) if circuit is None else circuit
    down = compiled.down(compiled.nodes[name] for name in failing(model, failed))
    lost = frozenset(compiled.gates[gate].name for gate in down if compiled.gates[gate].sort in {"resource", "group"})
    nodes: dict[str, State] = {name: "down" if name in lost else "up" for name in model.resources}
    for name, group in model.groups.items():
        nodes[name] = _state(gone=name in lost, hurt=any(member in lost for member in group.members))
    hurt = {resource.site for name, resource in model.resources.items() if name in lost}
    sites = {name: _state(gone=name in failed, hurt=name in hurt) for name in model.sites}
    services: dict[str, State] = {}
    for service in model.services.values():
        ways = (mode.meets_minimum and compiled.modes[service.name, mode.name] not in down for mode in service.modes)
        best = next((position for position, way in enumerate(ways) if way), None)
        services[service.name] = _state(gone=best is None, hurt=best != 0)
    return Standing(nodes, sites, services)


def states(model: Model, failed: frozenset[str], circuit: Circuit | None = None) -> Mapping[str, State]:
    """Return the same in one mapping, for every resource, group, site and service.

    Where a name stands for several, a resource or group hides a site, and a site hides a service.
    """
    found = standing(model, failed, circuit)
    return {**found.services, **found.sites, **found.nodes}


def failing(model: Model, failed: frozenset[str]) -> frozenset[str]:
    """Return the resources and groups that ``failed`` names: what stands at a site, a group with all its members."""
    names: set[str] = set()
    for name in failed:
        if name in model.sites:
            names.update(resource.name for resource in model.resources.values() if resource.site == name)
        elif name in model.groups:
            names.update((name, *model.groups[name].members))
        else:
            names.add(model.resources[name].name)
    return frozenset(names) | dependent_suppliers(model, frozenset(names))


def _state(*, gone: bool, hurt: bool) -> State:
    return "down" if gone else "degraded" if hurt else "up"
