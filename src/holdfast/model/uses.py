"""Who uses what: the dependencies of a declaration read in both directions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from holdfast.model.types import AllOf, AnyOf, AtLeast, Group, Model, Need, On, Resource, Service, Strategy, leaves

UserSort = Literal["service", "resource", "group", "role"]


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that uses another in order to function: a service in a ``mode``, a resource, a group, a role.

    ``vital`` when it does not function without it. ``holds_for_ms`` is how long it does without.
    """

    by: str
    sort: UserSort
    vital: bool
    mode: str | None = None
    member: bool = False
    holds_for_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Recovery:
    """One strategy that uses something to bring ``owner`` back: ``as_what`` it is used."""

    owner: str
    strategy: str
    as_what: Literal["need", "source", "crew"]


def met(need: Need, functions: Callable[[str], bool]) -> bool:
    """Return whether a need is met, given which resources and groups function; nothing that holds is left."""
    match need:
        case On(resource, _):
            return functions(resource)
        case AllOf(of):
            return all(met(part, functions) for part in of)
        case AnyOf(of):
            return any(met(part, functions) for part in of)
        case AtLeast(count, of):
            return sum(met(part, functions) for part in of) >= count


def vital(need: Need, name: str) -> bool:
    """Return whether a need is not met as soon as this one is missing, with all else there."""
    return not met(need, lambda other: other != name)


def must_function(group: Group) -> int:
    """Return how many members of a group must function for it to function: its quorum, and enough to serve."""
    return max(group.active, group.quorum)


def nodes(model: Model) -> tuple[Resource | Group, ...]:
    """Return every resource, then every group, in declared order."""
    return (*model.resources.values(), *model.groups.values())


def strategies(model: Model) -> Iterator[tuple[str, Strategy]]:
    """Yield every recovery strategy with the resource or group that it brings back."""
    for owner in nodes(model):
        yield from ((owner.name, strategy) for strategy in owner.recovery)


def uses(model: Model) -> Mapping[str, tuple[Use, ...]]:
    """Return what uses each resource and group in order to function, services first, in declared order."""
    found: defaultdict[str, list[Use]] = defaultdict(list)
    for service in model.services.values():
        for mode in service.modes:
            _note(found, mode.needs, service.name, "service", mode.name)
    for group in model.groups.values():
        spare = len(group.members) - must_function(group)
        for member in group.members:
            found[member].append(Use(group.name, "group", spare < 1, member=True))
        _note(found, group.needs, group.name, "group")
    for resource in model.resources.values():
        _note(found, resource.needs, resource.name, "resource")
    for role in model.roles.values():
        _note(found, role.reached_by, role.name, "role")
    return {name: tuple(users) for name, users in found.items()}


def _note(found: defaultdict[str, list[Use]], need: Need, by: str, sort: UserSort, mode: str | None = None) -> None:
    holds = dict(_holds(need))
    for name in sorted(leaves(need)):
        found[name].append(Use(by, sort, vital(need, name), mode, holds_for_ms=holds.get(name)))


def _holds(need: Need) -> Iterator[tuple[str, int]]:
    if isinstance(need, On):
        if need.holds_for_ms is not None:
            yield need.resource, need.holds_for_ms
        return
    for part in need.of:
        yield from _holds(part)


def recoveries(model: Model) -> Mapping[str, tuple[Recovery, ...]]:
    """Return the strategies that use each resource and group to bring something back."""
    found: defaultdict[str, list[Recovery]] = defaultdict(list)
    for owner, strategy in strategies(model):
        for name in sorted(leaves(strategy.needs)):
            found[name].append(Recovery(owner, strategy.name, "need"))
        if strategy.source is not None:
            found[strategy.source].append(Recovery(owner, strategy.name, "source"))
        for team in strategy.crew or ():
            found[team].append(Recovery(owner, strategy.name, "crew"))
    return {name: tuple(given) for name, given in found.items()}


def below(model: Model, names: Iterable[str]) -> frozenset[str]:
    """Return these resources and groups and all that they stand on, directly or not."""
    return _reached(_directly_below(model), names)


def below_service(model: Model, service: str) -> frozenset[str]:
    """Return every resource and group that a service stands on in any of its modes."""
    return below(model, _needed(model.services[service]))


def _needed(service: Service) -> frozenset[str]:
    """Return what a service names as a need in any of its modes."""
    return frozenset().union(*(leaves(mode.needs) for mode in service.modes))


def _directly_below(model: Model) -> Mapping[str, frozenset[str]]:
    """Return what each resource and group needs itself, members included."""
    found = {name: leaves(resource.needs) for name, resource in model.resources.items()}
    for name, group in model.groups.items():
        found[name] = leaves(group.needs) | frozenset(group.members)
    return found


def _reached(ground: Mapping[str, frozenset[str]], names: Iterable[str]) -> frozenset[str]:
    """Return these names and all that is reached from them, as far as it is declared."""
    reached = {name for name in names if name in ground}
    ahead = list(reached)
    while ahead:
        more = ground[ahead.pop()] & ground.keys()
        ahead += more - reached
        reached |= more
    return frozenset(reached)


def services_above(model: Model, names: Iterable[str], used: Mapping[str, tuple[Use, ...]] | None = None) -> list[str]:
    """Return the services that stand on any of these in any mode, in declared order."""
    users = uses(model) if used is None else used
    reached: set[str] = set()
    found: set[str] = set()
    ahead = list(names)
    while ahead:
        name = ahead.pop()
        if name in reached:
            continue
        reached.add(name)
        for use in users.get(name, ()):
            if use.sort == "service":
                found.add(use.by)
            elif use.sort != "role":
                ahead.append(use.by)
    return [service for service in model.services if service in found]


def services_on(model: Model) -> Mapping[str, tuple[str, ...]]:
    """Return for each resource and group that a service stands on which services do, in declared order."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    ground = _directly_below(model)
    for service in model.services.values():
        for name in _reached(ground, _needed(service)):
            found[name].append(service.name)
    return {name: tuple(services) for name, services in found.items()}


def at_site(model: Model, site: str) -> tuple[str, ...]:
    """Return the resources that are lost with a site, in declared order."""
    return tuple(each.name for each in model.resources.values() if each.site == site)
