"""A second reading of what single events do, and of recovery at best: straight from the declaration, name by name.

No circuit, no bits, no part that is left out because nothing seems to reach it. Slow, and meant to be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.model.types import (
    AllOf,
    AnyOf,
    AtLeast,
    Constant,
    Cure,
    Failover,
    Group,
    Mode,
    Model,
    Need,
    On,
    Resource,
    Service,
    Strategy,
    leaves,
)

INFINITE = float("inf")


# ---- single events ---------------------------------------------------------------------------------------------------


def events(model: Model) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what can happen alone and whom it strikes: a name for the event, resources."""
    for name in model.resources:
        yield name, with_dependents(model, {name})
    for site in model.sites:
        yield site, with_dependents(model, {name for name, found in model.resources.items() if found.site == site})
    values = {pair for found in model.resources.values() for pair in found.shares.items()}
    for attribute, value in values:
        carriers = {name for name, found in model.resources.items() if found.shares.get(attribute) == value}
        cause = model.common_causes.get(attribute)
        fails = cause is None or "failed" in cause.spreads
        if cause is not None and "untrusted" in cause.spreads:
            carriers = _with_copies(model, carriers)
        yield f"{attribute}={value}", with_dependents(model, carriers) if fails else frozenset(carriers)


def _with_copies(model: Model, names: set[str]) -> set[str]:
    """Return resources and whatever copies one of them, in any number of steps."""
    while True:
        more = names | {name for name, found in model.resources.items() if found.replica_of in names}
        if more == names:
            return names
        names = more


def with_dependents(model: Model, names: set[str]) -> frozenset[str]:
    """Return resources and all who subcontract to the third parties among them, in any number of steps."""
    struck = set(names)
    parties = {name for name in names if model.resources[name].kind == "third-party"}
    while True:
        more = {
            name
            for name, found in model.resources.items()
            if found.supplier is not None and parties & set(found.supplier.subcontracts)
        }
        if more <= parties:
            return frozenset(struck | parties)
        parties |= more


def functioning(model: Model, failed: frozenset[str], *, before_failover: bool = False) -> frozenset[str]:
    """Return the largest set of resources and groups that function together when ``failed`` do not."""
    up = {*model.resources, *model.groups} - failed
    while True:
        less = {name for name in up if _holds(model, name, up, before_failover=before_failover)}
        if less == up:
            return frozenset(up)
        up = less


def _holds(model: Model, name: str, up: set[str], *, before_failover: bool) -> bool:
    if name in model.resources:
        return met(model.resources[name].needs, up)
    group = model.groups[name]
    there = sum(member in up for member in group.members)
    first = before_failover and group.failover is not None
    serving = all(member in up for member in group.members[: group.active]) if first else there >= group.active
    return serving and there >= group.quorum and met(group.needs, up)


def met(need: Need, up: set[str] | frozenset[str]) -> bool:
    """Whether a need is met by what is up."""
    match need:
        case On(name):
            return name in up
        case AllOf(of):
            return all(met(part, up) for part in of)
        case AnyOf(of):
            return any(met(part, up) for part in of)
        case AtLeast(count, of):
            return sum(met(part, up) for part in of) >= count


def serves(model: Model, service: str, up: frozenset[str]) -> bool:
    """Whether a service has a mode that functions and meets its minimum."""
    return any(mode.meets_minimum and met(mode.needs, up) for mode in model.services[service].modes)


# ---- recovery at best ------------------------------------------------------------------------------------------------


@dataclass
class Times:
    """From when things function for good and from when they did not, by name."""

    back: dict[str, float]
    onset: dict[str, float]


def constant(strategy: Strategy | Failover) -> float:
    """Return the duration of what is declared as a constant."""
    assert isinstance(strategy.takes, Constant)
    return strategy.takes.ms


def recovery(
    model: Model, struck: frozenset[str], cure: Cure = "failed", outlasts: frozenset[str] = frozenset()
) -> tuple[Times, dict[str, float]]:
    """Return the times after ``struck`` failed, or became untrusted, and for each service how long it is away at best.

    The equations as they stand: S and FO from infinity downwards only, inside them T from 0 upwards, everything each
    time.
    """
    things: dict[str, Resource | Group] = {**model.resources, **model.groups}
    finish = dict.fromkeys(things, INFINITE)
    failover = dict.fromkeys(model.groups, INFINITE)
    decided = dict.fromkeys(model.roles, INFINITE)
    while True:
        times = _from_below(model, struck, finish, failover)
        new_finish, new_failover = dict(finish), dict(failover)
        for name, found in things.items():
            release = _release(model, name, struck, times)
            if release is not None:
                hit = bool(({name} if name in model.resources else set(model.groups[name].members)) & struck)
                ways = tuple(
                    strategy
                    for strategy in found.recovery
                    if (cure if hit else "failed") in strategy.cures
                    and not (hit and strategy.name in outlasts)
                    and not (hit and cure == "untrusted" and _all_struck(model, strategy.source, struck))
                )
                new_finish[name] = min(finish[name], _recovered(ways, release, times))
        for name, group in model.groups.items():
            if group.failover is not None and times.onset[f"{name}/members"] < INFINITE:
                enough = sorted(times.back[member] for member in group.members)[group.active - 1]
                ended = max(times.onset[f"{name}/members"], enough) + constant(group.failover)
                lossy = group.failover.loses_ms > _rpo(model, name) and not group.failover.accept_loss
                new_failover[name] = min(failover[name], INFINITE if lossy else ended)
        new_decided = {name: _need(role.reached_by, times)[0] for name, role in model.roles.items()}
        if (new_finish, new_failover, new_decided) == (finish, failover, decided):
            away = {name: _away(service, times, decided) for name, service in model.services.items()}
            return times, away
        finish, failover, decided = new_finish, new_failover, new_decided


def _all_struck(model: Model, source: str | None, struck: frozenset[str]) -> bool:
    """Whether there is nothing left to take from: a source, or all members of one that is a group."""
    return source is not None and set(model.groups[source].members if source in model.groups else [source]) <= struck


def _rpo(model: Model, name: str) -> float:
    """Return the least RPO of the services that stand on something, in any mode."""
    below: dict[str, frozenset[str]] = {part: leaves(found.needs) for part, found in model.resources.items()}
    below |= {part: leaves(found.needs) | set(found.members) for part, found in model.groups.items()}
    found = [INFINITE]
    for service in model.services.values():
        reached: set[str] = set()
        ahead = [part for mode in service.modes for part in leaves(mode.needs)]
        while ahead:
            part = ahead.pop()
            if part not in reached:
                reached.add(part)
                ahead += below[part]
        found += [service.rpo_ms] if name in reached else []
    return min(found)


def _from_below(model: Model, struck: frozenset[str], finish: dict[str, float], failover: dict[str, float]) -> Times:
    names = [*model.resources, *model.groups, *(f"{name}/members" for name in model.groups)]
    times = Times(dict.fromkeys(names, 0), dict.fromkeys(names, INFINITE))
    while True:
        before = Times(dict(times.back), dict(times.onset))
        for name, resource in model.resources.items():
            needed, onset = _need(resource.needs, times)
            found: tuple[float, float] = (needed, onset)
            if name in struck:
                found = max(needed, finish[name]), 0
            elif resource.rides_out_ms is not None and onset < INFINITE and needed - onset > resource.rides_out_ms:
                found = max(needed, finish[name]), onset
            times.back[name], times.onset[name] = found
        for name, group in model.groups.items():
            times.back[f"{name}/members"], times.onset[f"{name}/members"] = _members(group, times, failover[name])
            needed, onset = _need(group.needs, times)
            back = max(needed, min(finish[name], times.back[f"{name}/members"]))
            times.back[name] = back
            times.onset[name] = min(onset, times.onset[f"{name}/members"]) if back else INFINITE
        if times == before:
            return times


def _members(group: Group, times: Times, failover: float) -> tuple[float, float]:
    back = sorted(times.back[member] for member in group.members)
    onset = sorted((times.onset[member] for member in group.members), reverse=True)
    first = group.members[: group.active]
    quorum = back[group.quorum - 1]
    if group.failover is None:
        found = max(quorum, back[group.active - 1])
        lost = onset[max(group.quorum, group.active) - 1]
    else:
        found = max(quorum, min(max(times.back[member] for member in first), failover))
        lost = min(onset[group.quorum - 1], *(times.onset[member] for member in first))
    return (found, lost) if found > lost else (0, INFINITE)


def _need(need: Need, times: Times) -> tuple[float, float]:
    """Return from when a need is met for good and from when it was not."""
    if isinstance(need, On):
        begins = times.onset[need.resource] + (need.holds_for_ms or 0)
        back = times.back[need.resource]
        return (back, begins) if back > begins else (0, INFINITE)
    if not need.of:
        return 0, INFINITE
    parts = [_need(part, times) for part in need.of]
    back = sorted(back for back, _ in parts)[_wanted(need) - 1]
    onset = sorted((onset for _, onset in parts), reverse=True)[_wanted(need) - 1]
    return (back, onset) if back > onset else (0, INFINITE)  # enough are back for good before too many are gone


def _wanted(need: AllOf | AnyOf | AtLeast) -> int:
    """Return how many parts have to be there."""
    match need:
        case AllOf(of):
            return len(of)
        case AnyOf():
            return 1
        case AtLeast(count, _):
            return count


def _release(model: Model, name: str, struck: frozenset[str], times: Times) -> float | None:
    if name in struck:
        return 0
    if name in model.groups:
        return times.onset[name] if times.onset[name] < INFINITE else None
    resource = model.resources[name]
    needed, onset = _need(resource.needs, times)
    if resource.rides_out_ms is None or onset == INFINITE or needed - onset <= resource.rides_out_ms:
        return None
    return onset + resource.rides_out_ms


def _recovered(ways: tuple[Strategy, ...], release: float, times: Times) -> float:
    best, begins = INFINITE, 0.0
    for number, strategy in enumerate(ways):
        if strategy.after_ms is not None:
            begins = strategy.after_ms
        elif number:
            begins += constant(ways[number - 1])
        others = [*(strategy.crew or ()), *([] if strategy.source is None else [strategy.source])]
        ready = max([_ready(strategy.needs, times), *(times.back[name] for name in others)])
        best = min(best, max(release + begins, ready) + constant(strategy))
    return best


def _ready(need: Need, times: Times) -> float:
    """Return from when a recovery has what it needs: it begins from what functions for good, whatever might hold."""
    match need:
        case On(name):
            return times.back[name]
        case AllOf(of):
            return max((_ready(part, times) for part in of), default=0)
        case AnyOf(of):
            return min(_ready(part, times) for part in of)
        case AtLeast(count, of):
            return sorted(_ready(part, times) for part in of)[count - 1]


def _mode(mode: Mode, times: Times, decided: dict[str, float]) -> tuple[float, float]:
    """Return from when a mode functions for good, its decision taken, and from when it did not."""
    needed, begins = _need(mode.needs, times)
    return max(needed, decided[mode.decision] if mode.decision is not None and needed else 0), begins


def mode_away(model: Model, mode: Mode, times: Times) -> tuple[float, float]:
    """Return the same once everything is settled."""
    return _mode(mode, times, {name: _need(role.reached_by, times)[0] for name, role in model.roles.items()})


def _away(service: Service, times: Times, decided: dict[str, float]) -> float:
    assert isinstance(service.reestablish, Constant)
    back, onset = [], []
    for mode in service.modes:
        if mode.meets_minimum:
            returns, begins = _mode(mode, times, decided)
            back.append(returns)
            onset.append(begins)
    if min(back) <= max(onset):  # at any time one of the modes is there
        return 0
    if min(back) == INFINITE:
        return INFINITE
    away = min(back) - max(onset)
    return away if away <= service.rides_out_ms else away + service.reestablish.ms
