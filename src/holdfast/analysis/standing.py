"""HF610, HF611, HF615 and HF616: what is only declared. Never exercised, never tested, not owned, not mapped."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

from holdfast.analysis.kinds import Weakness, Weight
from holdfast.analysis.survey import Survey, some, stands_on
from holdfast.analysis.weights import by_services
from holdfast.model.types import Group, Resource, Strategy, leaves
from holdfast.model.wording import counted, listed

NOT_EXERCISED = "HF610"
NOT_TESTED = "HF611"
NOT_OWNED = "HF615"
NOT_MAPPED = "HF616"


# ---- strategies ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Way:
    """One way back of one thing: by what name people know it, and whether it was exercised."""

    thing: str
    known_as: str
    exercised: bool
    automatic: bool


def never_exercised(survey: Survey) -> Iterator[Weakness]:
    """Yield ways back that were never shown to work: one finding for each kind of way, not for each thing.

    A kind is a playbook, or where there is none the strategy's name. What a supplier does alone is left to HF614. It
    weighs more where nothing else that was exercised brings the thing back, and more again where that thing alone
    stops a service; less where it is automatic, or where services stand on the thing only to recover.
    """
    ways = list(_ways(survey))
    if ways and not any(way.exercised for way in ways):
        yield _nothing_exercised(survey, len(ways))
        return
    together: dict[str, list[_Way]] = {}
    for way in ways:
        if not way.exercised:
            together.setdefault(way.known_as, []).append(way)
    tried = {way.thing for way in ways if way.exercised}
    for known_as, alike in sorted(together.items()):
        yield _never_tried(survey, known_as, alike, tried)


def _ways(survey: Survey) -> Iterator[_Way]:
    """Yield every way back of what services stand on."""
    for name in (*survey.model.resources, *survey.model.groups):
        thing: Resource | Group = survey.thing(name)
        if not survey.services_served(name):
            continue
        for strategy in thing.recovery:
            if not _by_others(survey, strategy):
                done = _by(survey, strategy.exercised)
                yield _Way(name, strategy.playbook or strategy.name, done, strategy.automatic)
        if isinstance(thing, Group) and thing.failover is not None:
            yield _Way(name, "failover", _by(survey, thing.failover.exercised), thing.failover.automatic)


def _by_others(survey: Survey, strategy: Strategy) -> bool:
    """Whether suppliers alone carry out a strategy."""
    found = [survey.model.resources.get(name) for name in stands_on(strategy)]
    return bool(found) and all(thing is not None and thing.kind in {"third-party", "fmi"} for thing in found)


def _by(survey: Survey, day: str | None) -> bool:
    """Whether something had happened by the day of the survey."""
    return day is not None and day <= survey.on


def _nothing_exercised(survey: Survey, ways: int) -> Weakness:
    services = tuple(sorted(survey.model.services))
    return Weakness(
        NOT_EXERCISED,
        by_services(survey, services, "high", "medium"),
        survey.model.place("resources"),
        services,
        services,
        f"Of {counted(ways, 'declared way')} back none was ever exercised: that any of them works is a belief.",
        services[:1],
        "Exercise the ways back of what alone stops a service first, and write the date as exercised.",
    )


def _never_tried(survey: Survey, known_as: str, ways: Sequence[_Way], tried: Container[str]) -> Weakness:
    names = [way.thing for way in ways]
    only = [way.thing for way in ways if way.thing not in tried]
    services = tuple(sorted({service for name in names for service in survey.services_served(name)}))
    by_hand = [way.thing for way in ways if not way.automatic and way.thing in only and survey.services_on(way.thing)]
    weight: Weight = "low"
    if any(survey.stopped.get(survey.number[name]) for name in by_hand if name in survey.number):
        weight = by_services(survey, services, "high", "medium")
    elif by_hand:
        weight = by_services(survey, services, "medium", "low")
    every = only == names
    last = f", and for {'them' if len(names) > 1 else 'it'} nothing else was" if every else ""
    some_last = f" For {some(only)} nothing else was." if only and not every else ""
    return Weakness(
        NOT_EXERCISED,
        weight,
        survey.model.place("resources", names[0], "failover" if known_as == "failover" else "recovery"),
        tuple(sorted({known_as, *names})),
        services,
        f"The way back called {known_as} was never exercised for {some(names)}{last}.{some_last}",
        (*services[:1], names[0]),
        "Exercise it, and write the date as exercised; until then plan with a slower way.",
    )


# ---- dependencies ----------------------------------------------------------------------------------------------------


def dependencies_untested(survey: Survey) -> Iterator[Weakness]:
    """Yield once how many of the dependencies of services nobody ever broke to see, and which of them matter most."""
    declared = dict(_declared(survey))
    every = {(source, target) for name in survey.model.services for source, target in _below(declared, name)}
    tested = {
        (edge.source, edge.target)
        for edge in survey.model.edges
        if edge.seen in {"confirmed", "refuted"} and edge.on <= survey.on
    }
    missing = every - tested
    if missing:
        yield _untested(survey, len(every), sorted(missing))


def _below(declared: Mapping[str, tuple[str, ...]], start: str) -> Iterator[tuple[str, str]]:
    """Yield the declared dependencies below a name, its own included."""
    return ((source, target) for source in _reached(declared, start) for target in declared.get(source, ()))


def _declared(survey: Survey) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what each service, resource and group directly stands on; a group stands on its members."""
    for name, service in survey.model.services.items():
        yield name, tuple(sorted({leaf for mode in service.modes for leaf in leaves(mode.needs)}))
    for name, resource in survey.model.resources.items():
        yield name, tuple(sorted(leaves(resource.needs)))
    for name, group in survey.model.groups.items():
        yield name, tuple(sorted({*group.members, *leaves(group.needs)}))


def _reached(declared: Mapping[str, tuple[str, ...]], start: str) -> tuple[str, ...]:
    """Return what is reached from a name by declared dependencies, itself first."""
    found = {start: None}
    ahead = [start]
    while ahead:
        for name in declared.get(ahead.pop(), ()):
            if name not in found:
                found[name] = None
                ahead.append(name)
    return tuple(found)


def _untested(survey: Survey, number: int, missing: Sequence[tuple[str, str]]) -> Weakness:
    services = tuple(sorted(survey.model.services))
    alone = [
        f"{source} on {target}"
        for source, target in missing
        if target in survey.number and survey.number[target] in survey.stopped
    ]
    many = f"All {number:,} dependencies" if len(missing) == number else f"{len(missing):,} of {number:,} dependencies"
    worst = f" Begin with {some(alone, 3)}: there one loss is enough to stop a service." if alone else ""
    return Weakness(
        NOT_TESTED,
        "low",
        survey.model.place("services"),
        services,
        services,
        f"{many} below the services were never tested by breaking the one and watching the other; there the map may be "
        f"wrong.{worst}",
        (),
        "Watch them in the drills that are planned anyway, and declare under edges what those showed.",
    )


def unmapped(survey: Survey) -> Iterator[Weakness]:
    """Yield what traffic or a drill showed and nobody declared, at any depth, by where it comes from."""
    declared = dict(_declared(survey))
    together: dict[str, list[str]] = {}
    for edge in survey.model.edges:
        if edge.seen != "refuted" and edge.on <= survey.on and edge.target not in _reached(declared, edge.source):
            together.setdefault(edge.source, []).append(edge.target)
    for source, targets in together.items():
        first = next(
            n for n, edge in enumerate(survey.model.edges) if (edge.source, edge.target) == (source, targets[0])
        )
        known = source in survey.model.services
        services = (source,) if known else survey.services_served(source)
        yield Weakness(
            NOT_MAPPED,
            by_services(survey, services, "medium", "low"),
            survey.model.place("edges", str(first)),
            tuple(sorted({source, *targets})),
            services,
            f"{source} was seen to use {listed(sorted(set(targets)))} ({survey.model.edges[first].by}), which nothing "
            "declares: every finding and forecast leaves that out.",
            (*([] if known else services[:1]), source, targets[0]),
            f"Declare it under needs of {source}, or break it in a drill and record that it is refuted.",
        )


# ---- owners and approval ---------------------------------------------------------------------------------------------


def not_owned(survey: Survey) -> Iterator[Weakness]:
    """Yield services without an owner or without an approved tolerance; no log of approvals is told once."""
    approved = survey.approved
    for name, service in survey.model.services.items():
        state = None if approved is None else approved.get(f"tolerance:{name}", "unapproved")
        wrong = [] if service.owner else ["nobody owns it"]
        if state == "unapproved":
            wrong.append("nobody has approved its impact tolerance")
        elif state == "changed since":
            wrong.append("its impact tolerance was changed since it was approved")
        if wrong:
            yield Weakness(
                NOT_OWNED,
                by_services(survey, [name], "medium", "low"),
                survey.model.place("services", name),
                (name,),
                (name,),
                f"{name} is an important business service, and {listed(wrong)}.",
                (name,),
                "Name an owner who answers for it, and have the body that may do so approve its tolerance.",
            )
    if approved is None and survey.model.services:
        services = tuple(sorted(survey.model.services))
        yield Weakness(
            NOT_OWNED,
            "low",
            survey.model.place("services"),
            services,
            services,
            "Nothing is known of approvals, of impact tolerances or of anything else: no log was given.",
            (),
            "Name the log in which approvals are recorded, so that they can be told from intentions.",
        )
