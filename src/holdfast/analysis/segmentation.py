"""Micro-segmentation: the policy that the model's flows amount to, host by host, and the needs that it would cut.

A flow names segments or resources, a network knows hosts. So each end is resolved to the hosts that carry it: a host is
itself, anything else the hosts among what it needs. Within a segment nothing is allowed that no flow says, as between
segments: a flow from a segment to itself lets its members reach one another. A host never needs leave to talk to
itself. What a flow allows is allowed in the states it names, and in no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from holdfast.model.types import Environment, FlowState, Model, Resource, leaves

VERSION = 1
"""Of the form in which a policy is handed on."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One host may open connections to a port of another, in these states; ``why`` are the flows that say so.

    ``port`` is ``None`` where the flow allows them all.
    """

    source: str
    target: str
    port: int | None
    protocol: Literal["tcp", "udp"]
    states: tuple[FlowState, ...]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A declared need that the policy would cut: who needs what, from which host to which, and on which ports."""

    dependent: str
    needed: str
    source: str
    target: str
    ports: tuple[int, ...]

    @property
    def remedy(self) -> str:
        """The flows that would allow it, as lines of the model."""
        return "\n".join(f"- {{from: {self.dependent}, to: {self.needed}, port: {port}}}" for port in self.ports)


@dataclass(frozen=True, slots=True)
class Listener:
    """A process that others connect to: its host, and the ports that it listens on."""

    host: str
    ports: tuple[int, ...]


def policy(model: Model, environment: Environment) -> tuple[Permission, ...]:
    """Return what the flows allow between the hosts of an environment, sorted; nothing else is allowed."""
    found: dict[tuple[str, str, int, str], tuple[set[FlowState], list[str]]] = {}
    for flow in model.flows:
        for source in _hosts(model, flow.source, environment):
            for target in _hosts(model, flow.target, environment) - {source}:
                states, why = found.setdefault((source, target, flow.port or 0, flow.protocol), (set(), []))
                states.update(flow.states)
                why.append(f"{flow.source} to {flow.target}")
    order: tuple[FlowState, ...] = ("normal", "degraded", "recovery")
    return tuple(
        Permission(
            source,
            target,
            port or None,
            "udp" if protocol == "udp" else "tcp",
            tuple(state for state in order if state in states),
            tuple(why),
        )
        for (source, target, port, protocol), (states, why) in sorted(found.items())
    )


def entry(permission: Permission) -> dict[str, object]:
    """Return a permission as it is handed to whoever enforces it, version 1."""
    return {
        "from": permission.source,
        "to": permission.target,
        "port": permission.port,
        "protocol": permission.protocol,
        "states": list(permission.states),
        "why": list(permission.why),
    }


def cut_needs(
    model: Model, permissions: Iterable[Permission], listeners: Mapping[str, Listener]
) -> tuple[Missing, ...]:
    """Return the needs between processes on different hosts of which the policy normally allows no port at all.

    ``listeners`` says who listens where: the model does not. A need of a process that listens nowhere cuts nothing.
    """
    allowed = {
        (each.source, each.target, each.port)
        for each in permissions
        if "normal" in each.states and each.protocol == "tcp"
    }
    found = []
    for dependent, here in sorted(listeners.items()):
        resource = model.resources.get(dependent)
        for needed in sorted(_needed(model, resource)) if resource is not None else ():
            there = listeners.get(needed)
            if there is None or there.host == here.host or not there.ports:
                continue
            ends = here.host, there.host
            if not any((*ends, port) in allowed for port in (*there.ports, None)):
                found.append(Missing(dependent, needed, *ends, there.ports))
    return tuple(found)


def allowed_in(
    permissions: Iterable[Permission], states: Iterable[FlowState]
) -> frozenset[tuple[str, str, int | None]]:
    """Return source, target and port of what is allowed over TCP in any of the states."""
    wanted = frozenset(states)
    return frozenset(
        (each.source, each.target, each.port)
        for each in permissions
        if each.protocol == "tcp" and not wanted.isdisjoint(each.states)
    )


def _hosts(model: Model, end: str, environment: Environment) -> frozenset[str]:
    """Return the hosts of an environment that an end of a flow stands for."""
    if end in model.segments:
        members = [resource for resource in model.resources.values() if resource.segment == end]
    else:
        members = [model.resources[end]]
    return frozenset(host for member in members for host in _carriers(model, member, environment))


def _carriers(model: Model, resource: Resource, environment: Environment) -> frozenset[str]:
    """Return the hosts of an environment that carry a resource: itself if it is one, else those it needs."""
    if resource.environment != environment:
        return frozenset()
    if resource.kind == "host":
        return frozenset({resource.name})
    needed = (model.resources.get(name) for name in leaves(resource.needs))
    return frozenset(
        each.name for each in needed if each is not None and each.kind == "host" and each.environment == environment
    )


def _needed(model: Model, resource: Resource) -> frozenset[str]:
    """Return the resources that a resource names among its needs, the members of groups for their groups."""
    found: set[str] = set()
    for name in leaves(resource.needs):
        group = model.groups.get(name)
        found.update(group.members if group is not None else {name})
    return frozenset(found)
