"""HF612 and HF613: a team that everything needs at once, and news that goes down with what it is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from holdfast.analysis.kinds import Weakness
from holdfast.analysis.survey import Survey, some, verb
from holdfast.analysis.weights import by_services
from holdfast.model.types import Resource, Strategy, leaves
from holdfast.model.wording import listed

TEAM = "HF612"
NEWS = "HF613"


@dataclass(frozen=True, slots=True)
class _Rush:
    """How many people of a team are asked for at once at most, by which event, and for what."""

    people: int
    event: int
    names: tuple[str, ...]


def team_needed_everywhere(survey: Survey) -> Iterator[Weakness]:
    """Yield teams of which one event asks more people at once than there are, each with its worst event.

    Counted are the strategies by hand that would be tried first, of everything that has to be recovered and a service
    stands on, from when to when they run at best; a strategy that names a team without a crew takes one person of it.
    """
    worst: dict[str, _Rush] = {}
    for number, event in enumerate(survey.events):
        if not event.joint:
            continue
        for team, asked in _asked(survey, number).items():
            rush = _rush(number, asked)
            members = survey.model.resources[team].team
            if members is None or rush.people <= members.headcount or len(rush.names) < 2:  # noqa: PLR2004 - one plan is no rush
                continue
            if team not in worst or rush.people > worst[team].people:
                worst[team] = rush
    for team, rush in worst.items():
        yield _team(survey, team, rush)


def _asked(survey: Survey, number: int) -> dict[str, list[tuple[int, int, int, str]]]:
    """Return for each team from when to when how many of it are asked for after an event, and for what."""
    found: dict[str, list[tuple[int, int, int, str]]] = {}
    course = survey.course(number)
    for gate, release_ms in course.release_ms.items():
        name = survey.circuit.gates[gate].name
        begun = course.begun(survey.thing(name), release_ms) if survey.services_on(name) else None
        if begun is None or begun[0].automatic:
            continue
        strategy, begins_ms, ends_ms = begun
        for team, people in _crew(survey, strategy).items():
            found.setdefault(team, []).append((begins_ms, ends_ms, people, name))
    return found


def _rush(number: int, asked: Sequence[tuple[int, int, int, str]]) -> _Rush:
    """Return the moment of an event at which most people of a team are asked for: one at which something begins."""
    most = _Rush(0, number, ())
    for at_ms, _, _, _ in asked:
        running = [(people, name) for begins_ms, ends_ms, people, name in asked if begins_ms <= at_ms < ends_ms]
        people = sum(people for people, _ in running)
        if people > most.people:
            most = _Rush(people, number, tuple(sorted(name for _, name in running)))
    return most


def _crew(survey: Survey, strategy: Strategy) -> dict[str, int]:
    named = {name for name in leaves(strategy.needs) if _team_of(survey, name) is not None}
    return {**dict.fromkeys(named, 1), **(strategy.crew or {})}


def _team_of(survey: Survey, name: str) -> Resource | None:
    resource = survey.model.resources.get(name)
    return resource if resource is not None and resource.kind == "people" else None


def _team(survey: Survey, team: str, rush: _Rush) -> Weakness:
    event, names = survey.events[rush.event], rush.names
    resource = survey.model.resources[team]
    headcount = resource.team.headcount if resource.team is not None else 0
    services = tuple(sorted({service for name in names for service in survey.services_on(name)}))
    return Weakness(
        TEAM,
        by_services(survey, services, "medium", "low"),
        survey.node_place(team),
        (team,),
        services,
        f"After {survey.happened(event)}, the recoveries of {some(names)} ask for {rush.people} people at once of "
        f"{survey.called(team)}, who are {headcount}: some have to wait for others.",
        (*survey.reached_from(services, names[0]), names[0], team),
        "Say which recovery comes first, train more people, or make some of it run by itself.",
    )


def news_with_its_subject(survey: Survey) -> Iterator[Weakness]:
    """Yield notifications that one event silences together with what they should announce."""
    for name, resource in survey.model.resources.items():
        silenced: dict[int, list[str]] = {}
        for subject in resource.announces:
            for number in _common(survey, name, subject):
                silenced.setdefault(number, []).append(subject)
        if silenced:
            yield _news(survey, name, silenced)


def _common(survey: Survey, name: str, subject: str) -> Iterator[int]:
    """Yield the events that take both a notification and its subject, other than those that strike only the former."""
    fatal, nodes = survey.exposure.fatal, survey.circuit.nodes
    yield from survey.exposure.events_in(fatal[nodes[name]] & fatal[nodes[subject]])


def _news(survey: Survey, name: str, silenced: dict[int, list[str]]) -> Weakness:
    most = max(len(subjects) for subjects in silenced.values())
    number = next(number for number in sorted(silenced) if len(silenced[number]) == most)
    # The event of a subject itself is the plainest one to tell.
    own = [event for event in silenced if len(silenced[event]) == most and survey.events[event].name in silenced[event]]
    number = own[0] if own else number
    subjects = tuple(sorted({subject for found in silenced.values() for subject in found}))
    told = tuple(sorted(silenced[number]))
    services = tuple(sorted({service for subject in subjects for service in survey.services_served(subject)}))
    event = survey.events[number]
    rest = [subject for subject in subjects if subject not in told]
    more = f" Other events do so with {some(rest)}." if rest else ""
    return Weakness(
        NEWS,
        by_services(survey, services, "medium", "low"),
        survey.model.place("resources", name, "announces"),
        (name, *subjects),
        services,
        f"{survey.called(name)} is to announce that {listed(told)} {verb(told, 'is', 'are')} down, and "
        f"{survey.happened(event)} silences it as well.{more}",
        survey.way_between(name, number),
        "Announce it by a second way that shares nothing with what it is about, and try that way.",
    )
