"""HF610, HF611, HF615, HF616, HF618, HF619: what is only declared: not exercised, tested, owned, mapped, planned."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from holdfast.analysis.kinds import Weakness, Weight
from holdfast.analysis.survey import Survey, some, verb, vital
from holdfast.analysis.ways import stands_on
from holdfast.analysis.weights import by_services
from holdfast.model.types import AllOf, Cure, Edge, Group, Need, On, Resource, Strategy, leaves
from holdfast.model.wording import counted, listed

NOT_EXERCISED = "HF610"
NOT_TESTED = "HF611"
NOT_OWNED = "HF615"
NOT_MAPPED = "HF616"
REFUTED = "HF618"
NOT_PLANNED = "HF619"
_BEGIN_WITH = 3


# ---- strategies ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Way:
    """One way back of one thing: by what name people know it, what it cures, and whether it was exercised."""

    thing: str
    known_as: str
    cures: tuple[Cure, ...]
    exercised: bool
    automatic: bool


def never_exercised(survey: Survey) -> Iterator[Weakness]:
    """Yield ways back that were never shown to work: one finding for each kind of way, not for each thing.

    A kind is a playbook, or where there is none the strategy's name. What a supplier does alone is left to HF614. It
    weighs more where nothing else that was exercised cures the same, and more again where that thing alone stops a
    service by failing; less where it is automatic, or where services stand on the thing only to recover.
    """
    ways = list(_ways(survey))
    if ways and not any(way.exercised for way in ways):
        yield _nothing_exercised(survey, len(ways))
        return
    together: dict[str, list[_Way]] = {}
    for way in ways:
        if not way.exercised:
            together.setdefault(way.known_as, []).append(way)
    tried = {(way.thing, cure) for way in ways if way.exercised for cure in way.cures}
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
                yield _Way(name, strategy.playbook or strategy.name, strategy.cures, done, strategy.automatic)
        if isinstance(thing, Group) and thing.failover is not None:
            done = _by(survey, thing.failover.exercised)
            yield _Way(name, "failover", ("failed",), done, thing.failover.automatic)


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


def _never_tried(survey: Survey, known_as: str, ways: Sequence[_Way], tried: Collection[tuple[str, Cure]]) -> Weakness:
    names = [way.thing for way in ways]
    last = [way for way in ways if any((way.thing, cure) not in tried for cure in way.cures)]
    failed = [way.thing for way in last if "failed" in way.cures and (way.thing, "failed") not in tried]
    services = tuple(sorted({service for name in names for service in survey.services_served(name)}))
    by_hand = [way.thing for way in last if not way.automatic and survey.services_on(way.thing)]
    weight: Weight = "low"
    if any(name in failed and survey.stopped.get(survey.number[name]) for name in by_hand if name in survey.number):
        weight = by_services(survey, services, "high", "medium")
    elif by_hand:
        weight = by_services(survey, services, "medium", "low")
    only = failed or [way.thing for way in last]
    against = "" if failed else "against an intruder "
    said = ""
    if only and only == names:
        said = f", and {against}nothing else was for {'them' if len(names) > 1 else 'it'}"
    elif only:
        said = f"; for {some(only)} {against}nothing else was"
    return Weakness(
        NOT_EXERCISED,
        weight,
        survey.model.place("resources", names[0], "failover" if known_as == "failover" else "recovery"),
        tuple(sorted({known_as, *names})),
        services,
        f"The way back called {known_as} was never exercised for {some(names)}{said}.",
        (*survey.reached_from(services, names[0]), names[0]),
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
    alone = [f"{source} on {target}" for source, target in islice(_worst_first(survey, missing), _BEGIN_WITH)]
    many = f"All {number:,} dependencies" if len(missing) == number else f"{len(missing):,} of {number:,} dependencies"
    worst = f" Begin with {listed(alone)}: there one loss is enough to stop a service." if alone else ""
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


def _worst_first(survey: Survey, missing: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the dependencies whose target stops a service by way of their source, those of most services first.

    Left out is what nobody notices at best, because it is bridged until it is back.
    """
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for source, target in missing:
        event = survey.number.get(target)
        stops = survey.stopped.get(event, ()) if event is not None else ()
        if source in survey.model.services:
            stops = (source,) if source in stops else ()
        elif event is not None and stops and survey.exposure.takes_down(event, survey.circuit.nodes[source]):
            stops = tuple(name for name in stops if name in survey.services_on(source))
        else:
            stops = ()
        if stops:
            found[source, target] = stops
    vitals = {edge: sum(vital(survey.model.services[name]) for name in stops) for edge, stops in found.items()}
    for edge in sorted(found, key=lambda edge: (-vitals[edge], -len(found[edge]), edge)):
        losses = survey.losses(survey.number[edge[1]])
        if any(losses[name].away_ms for name in found[edge]):
            yield edge


def refuted(survey: Survey) -> Iterator[Weakness]:
    """Yield declared needs that the last drill refuted: the target was broken, and the source did not mind.

    A need that holds for a while, or that is one of several, may well be refuted by a drill and be right.
    """
    last: dict[tuple[str, str], Edge] = {}
    for edge in survey.model.edges:
        known = last.get((edge.source, edge.target))
        if edge.seen != "observed" and edge.on <= survey.on and (known is None or known.on < edge.on):
            last[edge.source, edge.target] = edge
    for position, edge in enumerate(survey.model.edges):
        if last.get((edge.source, edge.target)) == edge and edge.seen == "refuted" and _plainly_needs(survey, edge):
            yield _refuted(survey, position, edge)


def _plainly_needs(survey: Survey, edge: Edge) -> bool:
    """Whether an edge is declared as needed at once, by itself and always."""
    if edge.source in survey.model.services:
        needs = [mode.needs for mode in survey.model.services[edge.source].modes if mode.meets_minimum]
        return all(edge.target in _at_once(need) for need in needs)
    return edge.target in _at_once(survey.thing(edge.source).needs)


def _at_once(need: Need) -> frozenset[str]:
    """Return the names of which every one is needed, and none only after a while."""
    match need:
        case On(name, None):
            return frozenset({name})
        case AllOf(of):
            return frozenset().union(*(_at_once(part) for part in of))
        case _:
            return frozenset()


def _refuted(survey: Survey, position: int, edge: Edge) -> Weakness:
    known = edge.source in survey.model.services
    services = (edge.source,) if known else survey.services_served(edge.source)
    return Weakness(
        REFUTED,
        "low",
        survey.model.place("edges", str(position)),
        (edge.source, edge.target),
        services,
        f"{edge.source} is declared to need {edge.target}, and went on without it on {edge.on} ({edge.by}): findings "
        "and forecasts about it are too dark, or the drill was too short.",
        (*([] if known else services[:1]), edge.source, edge.target),
        f"Take {edge.target} out of the needs of {edge.source}, say how long it can do without (holds_for), or break "
        "it for longer.",
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
            (source, *sorted({*targets})),
            services,
            f"{source} was seen to use {listed(sorted(set(targets)))} ({survey.model.edges[first].by}), which nothing "
            "declares: every finding and forecast leaves that out.",
            (*([] if known else services[:1]), source, targets[0]),
            f"Declare it under needs of {source}, or break it in a drill and record that it is refuted.",
        )


# ---- the test plan ---------------------------------------------------------------------------------------------------


def never_planned(survey: Survey) -> Iterator[Weakness]:
    """Yield important services that the test plan leaves out; without any plan there is nothing to leave out of."""
    planned = {test.service for test in survey.model.test_plan}
    for name in survey.model.services if planned else ():
        if name in planned:
            continue
        about = [scenario.name for scenario in survey.model.scenarios.values() if scenario.service == name]
        though = f", though {some(about)} {verb(about, 'was', 'were')} thought of for it" if about else ""
        yield Weakness(
            NOT_PLANNED,
            by_services(survey, [name], "medium", "low"),
            survey.model.place("services", name),
            (name,),
            (name,),
            f"No test of {name} is planned{though}: whether it comes back in time will be seen on the day.",
            (name,),
            "Plan one with a scenario that is severe but plausible: how often, and how long its result counts.",
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
