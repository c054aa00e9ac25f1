"""HF604 and HF606: recovery that stands on what failed, and what has no recovery at all.

Under an event that strikes several things at once, a resource that is struck has strategies, and each of them needs, or
takes its data from, something that the same event takes away and that does not come back without it: the vault in the
same hall, the team that worked there, the tool under the same administrators. What stands on itself is a cold-start
deadlock (HF603); that a thing cannot come back before what it needs in order to function is no news. Persons and
decisions are in ``holdfast.analysis.reach``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from holdfast.analysis.at_best import NEVER, Course
from holdfast.analysis.events import Event
from holdfast.analysis.kinds import Weakness, Weight
from holdfast.analysis.survey import Survey, some, stands_on, verb
from holdfast.analysis.weights import by_services, of_loss
from holdfast.model.types import Group, Resource, Strategy

STANDS_ON_FAILED = "HF604"
NO_STRATEGY = "HF606"


def recovery_on_failed(survey: Survey) -> Iterator[Weakness]:
    """Yield recoveries that the very event takes away, by event and by what they would have needed."""
    for number, event in enumerate(survey.events):
        if not event.joint:
            continue
        together: dict[tuple[str, ...], list[str]] = {}
        course: Course | None = None
        for name in event.hits:
            resource = survey.model.resources[name]
            if not survey.services_served(name) or not _doubtful(survey, resource, event, number):
                continue
            if event.fails and survey.alone_ms(name) >= NEVER:  # it stands on itself: a cold-start deadlock
                continue
            course = course or survey.at_best.after(event.hits, "failed" if event.fails else "untrusted")
            blockers = _blockers(survey, resource, event, course)
            if blockers:
                together.setdefault(blockers, []).append(name)
        for blockers, names in together.items():
            yield _on_failed(survey, number, blockers, names)


def _doubtful(survey: Survey, resource: Resource, event: Event, number: int) -> bool:
    """Whether each strategy against this event touches something that falls by it: a quick look at most resources."""
    usable = _usable(resource, event)
    fallen = survey.fallen.get(number, frozenset())
    return bool(usable) and all(
        any(survey.circuit.nodes[name] in fallen for name in stands_on(strategy)) for strategy in usable
    )


def _usable(resource: Resource, event: Event) -> tuple[Strategy, ...]:
    cure = "failed" if event.fails else "untrusted"
    return tuple(strategy for strategy in resource.recovery if cure in strategy.cures)


def _blockers(survey: Survey, resource: Resource, event: Event, course: Course) -> tuple[str, ...]:
    """Return what keeps every strategy of a resource from beginning, sorted; empty if one can begin."""
    own = _needed_by(survey, resource.name)
    found: set[str] = set()
    for strategy in _usable(resource, event):
        struck = {name for name in event.hits if name == strategy.source}
        lost = {name for name in stands_on(strategy) if course.back_ms.get(survey.circuit.nodes[name], 0) >= NEVER}
        if not struck and course.ready_ms(strategy) < NEVER:
            return ()
        found |= (struck | lost) - own
    return tuple(sorted(found - {resource.name}))


def _needed_by(survey: Survey, name: str) -> frozenset[str]:
    """Return what a resource needs in order to function, at any depth."""
    seen: set[int] = set()
    ahead = [survey.circuit.nodes[name]]
    while ahead:
        here = ahead.pop()
        if here not in seen:
            seen.add(here)
            ahead.extend(survey.circuit.gates[here].children)
    return frozenset(survey.circuit.gates[gate].name for gate in seen)


def _on_failed(survey: Survey, number: int, blockers: tuple[str, ...], names: Sequence[str]) -> Weakness:
    event = survey.events[number]
    stopped = survey.stopped.get(number, ())
    hurt = tuple(sorted({service for name in names for service in survey.services_served(name)}))
    said = told(survey, names)
    services = tuple(service for service in hurt if service in stopped) or hurt
    strategies = sorted({strategy.name for name in names for strategy in _usable(survey.model.resources[name], event)})
    ends = f" {some(services)} {verb(services, 'stops', 'stop')} meanwhile." if services[0] in stopped else ""
    stand = f"{some(strategies)} {verb(strategies, 'stands', 'stand')} on {some(blockers)}"
    return Weakness(
        STANDS_ON_FAILED,
        of_loss(survey, services, number) if services[0] in stopped else by_services(survey, services, "medium", "low"),
        survey.model.place("resources", names[0], "recovery"),
        tuple(sorted({event.name, *blockers})),
        services,
        f"After {survey.happened(event)} nothing brings back {some(said)}: {stand}, "
        f"which {verb(blockers, 'is', 'are')} lost with {verb(said, 'it', 'them')}.{ends}",
        (*services[:1], said[0], blockers[0]),
        f"Keep {some(blockers, 2)} where {_place_said(event)} does not reach, or declare a way back without.",
    )


def told(survey: Survey, names: Iterable[str]) -> tuple[str, ...]:
    """Return names with the members of a group that are all there told as the group."""
    left = set(names)
    found: set[str] = set()
    for name, group in survey.model.groups.items():
        if set(group.members) <= left:
            found.add(name)
            left -= set(group.members)
    return tuple(sorted(found | left))


def _place_said(event: Event) -> str:
    match event.cause:
        case "site":
            return "the same loss"
        case "shared":
            return f"the same {event.name.partition('=')[0]}"
        case "resource":
            return "the same outage"


# ---- nothing declared at all -----------------------------------------------------------------------------------------


def no_strategy(survey: Survey) -> Iterator[Weakness]:
    """Yield what has no way back: where it alone stops services, and where it gives up when its needs are away.

    Things with the same fate are told as one. A group has a way back as soon as one of its members has.
    """
    if survey.model.services and not survey.recoveries_declared:
        yield _none_at_all(survey)
        return
    stopping: dict[tuple[str, ...], list[str]] = {}
    giving_up: dict[tuple[str, ...], list[str]] = {}
    for name, resource in survey.model.resources.items():
        if resource.kind in {"third-party", "fmi", "people"} or survey.at_best.usable(resource, "failed", frozenset()):
            continue
        gives_up = resource.rides_out_ms is not None and survey.circuit.gates[survey.circuit.nodes[name]].children
        if stops := survey.stopped.get(survey.number[name], ()):
            stopping.setdefault(stops, []).append(name)
        elif gives_up and survey.services_on(name):
            giving_up.setdefault(survey.services_on(name), []).append(name)
    for name, group in survey.model.groups.items():
        bit = survey.exposure.choices[survey.circuit.members[name]]
        services = (
            service for service, gate in survey.circuit.services.items() if survey.exposure.takes_down(bit, gate)
        )
        parts: list[Resource | Group] = [group, *(survey.model.resources[member] for member in group.members)]
        if (stops := tuple(sorted(services))) and not any(
            survey.at_best.usable(part, "failed", frozenset()) for part in parts
        ):
            stopping.setdefault(stops, []).append(name)
    for stops, names in stopping.items():
        each = "each of which" if len(names) > 1 else "which"
        said = f"Nothing declared brings back {some(names)}, {each} alone stops {some(stops)}"
        yield _without(survey, names, stops, said, by_services(survey, stops, "high", "medium"))
    for carried, names in giving_up.items():
        does = "does not go on by itself" if len(names) == 1 else "do not go on by themselves"
        said = f"{some(names)} {does} when what was needed is back, and nothing declared starts "
        said += verb(names, "it", "them") + " again"
        yield _without(survey, names, carried, said, by_services(survey, carried, "medium", "low"))


def _without(survey: Survey, names: Sequence[str], services: tuple[str, ...], said: str, weight: Weight) -> Weakness:
    declared = [name for name in names if survey.thing(name).recovery]
    unusable = f" What is declared for {some(declared)} loses more data than the RPO allows, or cures no failure."
    return Weakness(
        NO_STRATEGY,
        weight,
        survey.node_place(names[0]),
        tuple(sorted(names)),
        services,
        f"{said}.{unusable if declared else ''}",
        (services[0], names[0]),
        "Declare under recovery how each comes back, in what time, and what that needs; then exercise it.",
    )


def _none_at_all(survey: Survey) -> Weakness:
    services = tuple(sorted(survey.model.services))
    return Weakness(
        NO_STRATEGY,
        by_services(survey, services, "high", "medium"),
        survey.model.place("resources"),
        services,
        services,
        "No recovery strategy is declared for anything, so nobody can say how long a service would be away.",
        services[:1],
        "Declare recovery for what the services stand on, beginning with the single points of failure.",
    )
