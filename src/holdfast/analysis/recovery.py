"""HF604: recovery that stands on what failed.

Under an event that strikes several things at once, something has to be recovered: what is struck, what gave up because
its needs were away for too long, a group as a whole. Each of its strategies needs, takes its data from, or is carried
out by something that the same event takes away and that does not come back without it: the vault in the same hall, the
team that worked there, the tool under the same administrators. What stands on itself is a cold-start deadlock (HF603);
that a thing cannot come back before what it needs in order to function is no news. Persons and decisions are in
``holdfast.analysis.reach``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from holdfast.analysis.events import Event
from holdfast.analysis.kinds import RANK, Weakness, Weight
from holdfast.analysis.survey import Survey, some, verb
from holdfast.analysis.ways import NEVER, Way, stands_on
from holdfast.analysis.weights import by_services, of_loss
from holdfast.model.types import Resource
from holdfast.model.wording import listed

CODE = "HF604"
_MOST_EVENTS = 3


@dataclass(frozen=True, slots=True)
class _Blocked:
    """Things that wait for the same, by the same strategies."""

    names: tuple[str, ...]
    blockers: tuple[str, ...]
    strategies: tuple[str, ...]


def recovery_on_failed(survey: Survey) -> Iterator[Weakness]:
    """Yield recoveries that the very event takes away; events that do so to the same things are told as one."""
    together: dict[_Blocked, list[int]] = {}
    for number, event in enumerate(survey.events):
        if event.joint:
            for blocked in _blocked(survey, number):
                together.setdefault(blocked, []).append(number)
    for blocked, numbers in together.items():
        yield _on_failed(survey, numbers, blocked)


def _blocked(survey: Survey, number: int) -> Iterator[_Blocked]:
    """Yield what an event leaves without a way back, by what it would have needed."""
    event = survey.events[number]
    together: dict[tuple[str, ...], list[str]] = {}
    for name in _to_recover(survey, number):
        ways = _usable(survey, name, number)
        if not survey.services_served(name) or not _doubtful(survey, ways, number):
            continue
        if not event.taints and survey.alone_ms(name) >= NEVER:  # it stands on itself: a cold-start deadlock
            continue
        blockers = _blockers(survey, name, ways, number)
        if blockers:
            together.setdefault(blockers, []).append(name)
    for blockers, names in together.items():
        every = (way for name in names for way in _usable(survey, name, number))
        strategies = tuple(sorted({way.strategy.name for way in every}))
        yield _Blocked(told(survey, names), blockers, strategies)


def _to_recover(survey: Survey, number: int) -> Iterator[str]:
    """Yield what an event strikes, what may give up by it, and groups with a recovery of their own that it takes."""
    struck = survey.struck(number)
    yield from survey.events[number].hits
    for gate in sorted(survey.fallen.get(number, frozenset())):
        found = survey.circuit.gates[gate]
        if found.sort == "resource" and found.name not in struck:
            gives_up = survey.model.resources[found.name].rides_out_ms is not None
            if gives_up and gate in survey.course(number).release_ms:
                yield found.name
        elif found.sort == "group" and survey.model.groups[found.name].recovery:
            yield from [found.name] if survey.course(number).back_ms.get(gate, 0) >= NEVER else []


def _usable(survey: Survey, name: str, number: int) -> tuple[Way, ...]:
    """Return the ways that would help a thing after an event, were everything there that they stand on.

    What merely lost its needs has failed, whatever the event did to others.
    """
    thing, event = survey.thing(name), survey.events[number]
    parts = (thing.name,) if isinstance(thing, Resource) else thing.members
    itself = not survey.struck(number).isdisjoint(parts)
    cure = event.cure if itself else "failed"
    outlasts = event.outlasts if itself else frozenset()
    return tuple(
        way for way in survey.at_best.ways.of(thing) if cure in way.strategy.cures and way.strategy.name not in outlasts
    )


def _doubtful(survey: Survey, ways: Sequence[Way], number: int) -> bool:
    """Whether each way touches something that falls by the event: a quick look at most things."""
    fallen = survey.fallen.get(number, frozenset())
    return bool(ways) and all(
        any(survey.circuit.nodes[name] in fallen for name in stands_on(way.strategy)) for way in ways
    )


def _blockers(survey: Survey, name: str, ways: Sequence[Way], number: int) -> tuple[str, ...]:
    """Return what keeps every way of a thing from beginning, sorted; empty if one can begin."""
    course, hits = survey.course(number), survey.events[number].hits
    own = _needed_by(survey, name)
    found: set[str] = set()
    for way in ways:
        struck = {hit for hit in hits if hit == way.strategy.source}
        needed = stands_on(way.strategy)
        lost = {each for each in needed if course.back_ms.get(survey.circuit.nodes[each], 0) >= NEVER}
        if not struck and course.ready_ms(way) < NEVER:
            return ()
        found |= (struck | lost) - own
    return tuple(sorted(found - {name}))


def _needed_by(survey: Survey, name: str) -> frozenset[str]:
    """Return what a thing needs in order to function, at any depth."""
    seen: set[int] = set()
    ahead = [survey.circuit.nodes[name]]
    while ahead:
        here = ahead.pop()
        if here not in seen:
            seen.add(here)
            ahead.extend(survey.circuit.gates[here].children)
    return frozenset(survey.circuit.gates[gate].name for gate in seen)


def _on_failed(survey: Survey, numbers: Sequence[int], blocked: _Blocked) -> Weakness:
    events = [survey.events[number] for number in numbers]
    names, blockers = blocked.names, blocked.blockers
    hurt = tuple(sorted({service for name in names for service in survey.services_served(name)}))
    first = max(numbers, key=lambda number: len(set(hurt) & set(survey.stopped.get(number, ()))))
    stopped = [service for service in hurt if service in survey.stopped.get(first, ())]
    services = survey.noticed(stopped, first) or hurt
    ends = f" {some(services)} {verb(services, 'stops', 'stop')} meanwhile." if stopped else ""
    after = listed([survey.happened(event) for event in events], "or", most=_MOST_EVENTS)
    stand = f"{some(blocked.strategies)} {verb(blocked.strategies, 'stands', 'stand')} on {some(blockers)}"
    return Weakness(
        CODE,
        _weight(survey, services, numbers) if stopped else by_services(survey, services, "medium", "low"),
        survey.model.place("resources", names[0], "recovery"),
        tuple(sorted({*(event.name for event in events), *blockers})),
        services,
        f"After {after} nothing brings back {some(names)}: {stand}, "
        f"which {verb(blockers, 'is', 'are')} lost with {verb(names, 'it', 'them')}.{ends}",
        (*survey.reached_from(services, names[0]), names[0], blockers[0]),
        f"Keep {some(blockers, 2)} where {_place_said(events[0])} does not reach, or declare a way back without.",
    )


def _weight(survey: Survey, services: Sequence[str], numbers: Sequence[int]) -> Weight:
    """Return the weight of the heaviest of the events."""
    found = [
        of_loss(survey, [name for name in services if name in survey.stopped.get(number, ())], number)
        for number in numbers
    ]
    return min(found, key=RANK.__getitem__)


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
