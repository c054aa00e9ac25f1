"""HF604 where the way back goes through people: rights that reach too far, and roles that cannot be reached.

A person whose rights reach both a thing and every store of its earlier states can destroy both, and so can whoever has
that person's credentials. A role that decides cannot be asked if every way to reach it leads through what failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from holdfast.analysis.kinds import Weakness
from holdfast.analysis.recovery import told
from holdfast.analysis.survey import Survey, some, verb
from holdfast.analysis.weights import by_services
from holdfast.model.types import Resource, leaves
from holdfast.model.wording import listed

CODE = "HF604"


# ---- one person who reaches a thing and all its clean copies ---------------------------------------------------------


def one_person(survey: Survey) -> Iterator[Weakness]:
    """Yield persons whose rights reach something and everything that it could be restored from."""
    together: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for person in survey.model.people.values():
        reached = _reached(survey, person.may_alter)
        things: set[str] = set()
        copies: set[str] = set()
        for name in sorted(reached & survey.model.resources.keys()):
            stores = _copies_of(survey, survey.model.resources[name])
            if stores and stores <= reached:
                things.add(name)
                copies |= stores
        if things:
            together.setdefault((told(survey, things), tuple(sorted(copies))), []).append(person.name)
    for (reached_things, sources), persons in together.items():
        yield _person(survey, persons, reached_things, sources)


def _reached(survey: Survey, names: Iterable[str]) -> frozenset[str]:
    """Return names, of groups that are named also the members, and of hosts what runs on them."""
    found: set[str] = set()
    ahead = list(names)
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += survey.model.groups[name].members if name in survey.model.groups else survey.runs_on.get(name, ())
    return frozenset(found)


def _hosts(survey: Survey, person: str, things: Sequence[str]) -> tuple[str, ...]:
    """Return the hosts through which a person reaches things without a right over them."""
    rights = survey.model.people[person].may_alter
    inside = {
        part
        for name in things
        for part in (survey.model.groups[name].members if name in survey.model.groups else (name,))
    }
    lent = inside - {part for name in rights for part in (name, *getattr(survey.model.groups.get(name), "members", ()))}
    return tuple(sorted(host for host in rights if lent & set(survey.runs_on.get(host, ()))))


def _copies_of(survey: Survey, resource: Resource) -> frozenset[str]:
    """Return the stores of earlier states from which something can be restored."""
    sources = {strategy.source for strategy in resource.recovery if strategy.source is not None}
    found = {name for name in sources if name in survey.model.resources}
    kept = {
        name for name in found if survey.model.resources[name].keeps or survey.model.resources[name].asset == "vault"
    }
    return frozenset(kept - {resource.name})


def _person(survey: Survey, persons: Sequence[str], things: tuple[str, ...], copies: tuple[str, ...]) -> Weakness:
    services = tuple(sorted({service for name in things for service in survey.services_served(name)}))
    title = survey.model.people[persons[0]].title
    who = f"{persons[0]} ({title})" if len(persons) == 1 else f"Each of {some(persons)}"
    hosts = _hosts(survey, persons[0], things)
    by_way = f", by way of {some(hosts)}," if hosts else ""
    return Weakness(
        CODE,
        by_services(survey, services, "high", "medium"),
        survey.model.place("people", persons[0], "may_alter"),
        tuple(sorted({*persons, *things, *copies})),
        services,
        f"{who} may alter {some(things)}{by_way} as well as {some(copies)}, from which alone "
        f"{verb(things, 'it', 'they')} could be restored: one person, or whoever has that person's credentials, can "
        "destroy both.",
        (*survey.reached_from(services, things[0]), things[0], copies[0], persons[0]),
        f"Take the right over {some(copies)} from whoever has one over {some(hosts or things)}.",
    )


# ---- a decision that cannot be asked for -----------------------------------------------------------------------------


def decision_out_of_reach(survey: Survey) -> Iterator[Weakness]:
    """Yield roles that decide and cannot be reached after the very events that call for a decision.

    Heavier where the decision is that on a degraded mode which would still function. Roles that are out of reach after
    the same events are told together.
    """
    fatal, circuit = survey.exposure.fatal, survey.circuit
    waiting = _awaited_decisions(survey)
    hurt = {
        service: _any_of(fatal[gate] for (name, _), gate in circuit.modes.items() if name == service)
        for service in survey.model.services
    }
    together: dict[tuple[int, tuple[str, ...]], list[str]] = {}
    for role in survey.model.roles.values():
        if not role.decides and role.name not in waiting:
            continue
        events = fatal[circuit.reach[role.name]] & _any_of(hurt.values()) & survey.exposure.every_event
        if events:
            awaited = tuple(service for service, mask in waiting.get(role.name, {}).items() if mask & events)
            together.setdefault((events, awaited), []).append(role.name)
    for (events, awaited), roles in together.items():
        touched = tuple(sorted(service for service, mask in hurt.items() if mask & events))
        yield _unreached(survey, roles, list(survey.exposure.events_in(events)), awaited, touched)


def _any_of(masks: Iterable[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found


def _awaited_decisions(survey: Survey) -> Mapping[str, Mapping[str, int]]:
    """Return by role and service the events after which only a mode is left that this role has to decide on."""
    found: dict[str, dict[str, int]] = {}
    for service in survey.model.services.values():
        better = -1
        for mode in service.modes:
            fatal = survey.exposure.fatal[survey.circuit.modes[service.name, mode.name]]
            if mode.decision is not None and mode.meets_minimum and better != -1:
                found.setdefault(mode.decision, {})[service.name] = better & ~fatal
            better &= fatal
    return found


def _unreached(
    survey: Survey, roles: Sequence[str], events: Sequence[int], awaited: tuple[str, ...], touched: tuple[str, ...]
) -> Weakness:
    struck: dict[tuple[str, ...], str] = {}
    for number in sorted(events, key=lambda number: survey.events[number].cause == "site"):
        struck.setdefault(survey.events[number].hits, survey.events[number].name.replace("=", " ", 1))
    names = sorted(struck.values())
    who = survey.model.roles[roles[0]].title + f" ({roles[0]})" if len(roles) == 1 else some(roles)
    mode = f", whose decision the degraded mode of {some(awaited)} waits for," if awaited else ""
    return Weakness(
        CODE,
        by_services(survey, awaited, "high", "medium") if awaited else by_services(survey, touched, "medium", "low"),
        survey.model.place("roles", roles[0], "reached_by"),
        tuple(sorted(roles)),
        awaited or touched,
        f"{who}{mode} cannot be reached after losing {listed(names, 'or', 3)}, which also hurts "
        f"{some(awaited or touched)}: every way to reach {verb(roles, 'this role', 'them')} leads through it.",
        survey.way_from(survey.circuit.reach[roles[0]], events[0]),
        "Have a way to be reached that shares nothing with the others, such as printed cards, and try it.",
    )


def no_way_to_reach(survey: Survey) -> Iterator[Weakness]:
    """Yield roles on whom something waits and of whom nobody says how to reach them.

    That is the decision on a mode, or the extension of the business day. Where ways are declared of no role, nobody has
    thought of this yet, and no role is told.
    """
    model = survey.model
    if not any(leaves(role.reached_by) for role in model.roles.values()):
        return
    modes = [(service, mode) for service in model.services.values() for mode in service.modes if mode.decision]
    waiting: dict[str, set[str]] = {}
    for service, mode in modes:
        waiting.setdefault(mode.decision or "", set()).add(service.name)
    extension = model.calendar.extension if model.calendar is not None else None
    for name in extension.needs if extension is not None else ():
        daily = (service.name for service in model.services.values() if service.impact_tolerance.end_of_day)
        waiting.setdefault(name, set()).update(daily)
    for name, services in waiting.items():
        if name in model.roles and services and not leaves(model.roles[name].reached_by):
            yield _nowhere(
                survey, name, tuple(sorted(services)), decides=any(mode.decision == name for _, mode in modes)
            )


def _nowhere(survey: Survey, name: str, services: tuple[str, ...], *, decides: bool) -> Weakness:
    what = "a degraded mode" if decides else "a longer business day"
    return Weakness(
        CODE,
        by_services(survey, services, "medium", "low"),
        survey.model.place("roles", name),
        (name,),
        services,
        f"Nobody says how to reach {name} ({survey.model.roles[name].title}), for whose word {what} of "
        f"{some(services)} waits.",
        (services[0], name),
        "Declare under reached_by how, by at least two ways that share nothing, and try them.",
    )
