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
from holdfast.model.types import Resource

CODE = "HF604"


# ---- one person who reaches a thing and all its clean copies ---------------------------------------------------------


def one_person(survey: Survey) -> Iterator[Weakness]:
    """Yield persons whose rights reach something and everything that it could be restored from."""
    together: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for person in survey.model.people.values():
        reached = frozenset(_members(survey, person.may_alter))
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


def _members(survey: Survey, names: Iterable[str]) -> Iterator[str]:
    """Yield names, and of groups that are named also the members."""
    for name in names:
        yield name
        if name in survey.model.groups:
            yield from survey.model.groups[name].members


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
    return Weakness(
        CODE,
        by_services(survey, services, "high", "medium"),
        survey.model.place("people", persons[0], "may_alter"),
        tuple(sorted({*persons, *things, *copies})),
        services,
        f"{who} may alter both {some(things)} and {some(copies)}, from which alone {verb(things, 'it', 'they')} could "
        "be restored: one person, or whoever has that person's credentials, can destroy both.",
        (*services[:1], things[0], copies[0], persons[0]),
        f"Take the right over {some(copies)} from whoever has one over {some(things)}.",
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
    names = sorted({survey.events[number].name.replace("=", " ", 1) for number in events})
    who = survey.model.roles[roles[0]].title + f" ({roles[0]})" if len(roles) == 1 else some(roles)
    mode = f", whose decision the degraded mode of {some(awaited)} waits for," if awaited else ""
    return Weakness(
        CODE,
        by_services(survey, awaited, "high", "medium") if awaited else by_services(survey, touched, "medium", "low"),
        survey.model.place("roles", roles[0], "reached_by"),
        tuple(sorted(roles)),
        awaited or touched,
        f"{who}{mode} cannot be reached after losing {some(names, 3)}, which also hurts "
        f"{some(awaited or touched)}: every way to reach {verb(roles, 'this role', 'them')} leads through it.",
        survey.way_from(survey.circuit.reach[roles[0]], events[0]),
        "Have a way to be reached that shares nothing with the others, such as printed cards, and try it.",
    )
