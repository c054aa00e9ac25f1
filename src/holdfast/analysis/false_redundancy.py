"""HF602: what was meant to stand in for one another falls together.

A place with alternatives (a group, a need that names several, the modes of a service) is defeated by an event that
strikes several things at once: a site, a shared attribute, a supplier behind suppliers. Only the place is told where
the event really defeats the alternatives: not where all of them plainly need one thing that the event strikes, which is
a single point of failure, and not what merely lies above such a place. A local pair whose service has a second site is
no finding: it was never meant to outlive its site. A group that falls together without stopping a service is told with
the least weight, where nothing else is told of the event.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from holdfast.analysis.circuit import Circuit, Sort
from holdfast.analysis.events import Event
from holdfast.analysis.exposure import bits, mask_of
from holdfast.analysis.kinds import RANK, Weakness, Weight
from holdfast.analysis.single_points import sites_without_second
from holdfast.analysis.survey import Survey, some, verb
from holdfast.analysis.weights import by_services, of_loss, softer
from holdfast.errors import Place
from holdfast.model.wording import listed, percent

CODE = "HF602"
_MOST_PLACES = 3
# Below this probability of a declared common cause its weight is one step less.
_UNLIKELY_PPM = 250_000
_CERTAIN_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class _Defeat:
    """An event, the gates whose alternatives it defeats, and the services that stop by it."""

    event: int
    gates: tuple[int, ...]
    services: tuple[str, ...]


def false_redundancy(survey: Survey) -> Iterator[Weakness]:
    """Yield the false redundancies; attributes with the same carriers are told as one."""
    only_site = sites_without_second(survey)
    together: dict[tuple[object, ...], list[_Defeat]] = {}
    for number, event in enumerate(survey.events):
        if not event.joint:
            continue
        known = only_site.get(event.name, ()) if event.cause == "site" else ()
        defeat = _defeat(survey, number, known)
        if defeat.gates:
            same = (defeat.gates, defeat.services, event.hits, event.fails)
            together.setdefault(same, []).append(defeat)
    for defeats in together.values():
        yield _weakness(survey, defeats)


def _defeat(survey: Survey, number: int, known: Sequence[str]) -> _Defeat:
    """Return what an event defeats by itself; ``known`` are services of which its site is known to be the only one."""
    exposure, circuit = survey.exposure, survey.circuit
    fallen = survey.fallen.get(number, frozenset())
    choices = sorted(gate for gate in fallen if gate in exposure.choices)
    if not choices:
        return _Defeat(number, (), ())
    names = (circuit.gates[gate].name for gate in fallen if circuit.gates[gate].sort == "resource")
    single = mask_of(survey.number[name] for name in names if survey.number[name] != number)
    lost = mask_of(exposure.choices[gate] for gate in choices)
    plainly = circuit.down((circuit.nodes[name] for name in survey.events[number].hits), frozenset(choices))
    local = survey.events[number].cause == "site"
    hurt: dict[int, tuple[str, ...]] = {}
    for gate in choices:
        fatal = exposure.fatal[gate]
        if not circuit.gates[gate].redundant or fatal & single:
            continue
        if _explained(survey, gate, lost) and not _also(circuit, gate, plainly):
            continue
        services = tuple(
            name
            for name in survey.stopped.get(number, ())
            if name not in known and exposure.takes_down(exposure.choices[gate], circuit.services[name])
        )
        if services or (circuit.gates[gate].sort == "members" and not (local and survey.carries[gate])):
            hurt[gate] = services
    stopping = tuple(gate for gate in hurt if hurt[gate])
    services = tuple(sorted({name for names in hurt.values() for name in names}))
    return _Defeat(number, stopping or tuple(hurt), services)


def _explained(survey: Survey, gate: int, lost: int) -> bool:
    """Whether another choice among those ``lost`` takes this one down; of two that do so mutually, the first."""
    exposure = survey.exposure
    own = exposure.choices[gate]
    others = exposure.fatal[gate] & lost & ~(1 << own)
    below = (exposure.choice_at(bit) for bit in bits(others))
    return any(other < gate or not exposure.takes_down(own, other) for other in below)


def _also(circuit: Circuit, gate: int, plainly: frozenset[int]) -> bool:
    """Whether a choice that falls with another below it is defeated all the same: what falls if every choice held.

    Modes are chosen between last of all: they are told only where nothing else explains their loss.
    """
    found = circuit.gates[gate]
    return found.sort != "service" and sum(child in plainly for child in found.children) >= found.fails_at


def _weakness(survey: Survey, defeats: Sequence[_Defeat]) -> Weakness:
    """Return the finding for events that defeat the same places by striking the same things."""
    first = defeats[0]
    events = [survey.events[defeat.event] for defeat in defeats]
    places = [_Place.of(survey, gate, first.event) for gate in first.gates]
    fallen = {name for place in places for name in place.fallen}
    services = survey.noticed(first.services, first.event) if first.services else ()
    modes = [place.name for place in places if place.sort == "service" and place.name in services]
    taken = [some(fallen)] * bool(fallen) + [f"every mode of {some(modes)}"] * bool(modes)
    stops = f", and {some(services)} {verb(services, 'stops', 'stop')}" if services else ""
    felt = survey.felt(services, first.event) + _counts_on(survey, events[0]) if services else ""
    if not services and any(survey.carries[place.gate] for place in places):
        felt = " No service stops by that alone."
    return Weakness(
        CODE,
        _weight(survey, first, events),
        _written(survey, events[0], places),
        tuple(sorted({*(event.name for event in events), *(place.name for place in places)})),
        services,
        f"{_happening(survey, events)} takes {' and '.join(taken)} together: {listed(_protections(places))} "
        f"{verb(_protections(places), 'is', 'are')} no protection{stops}.{felt}",
        _path(survey, first, places),
        _remedy(events[0]),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """A place with alternatives: its sort, its name for sentences and the fingerprint, and which alternatives fall."""

    sort: Sort
    name: str
    fallen: tuple[str, ...]
    gate: int

    @classmethod
    def of(cls, survey: Survey, gate: int, event: int) -> _Place:
        """Return the place of a gate under an event."""
        circuit = survey.circuit
        found = circuit.gates[gate]
        if found.sort == "service":
            return cls("service", found.name, (), gate)
        every = {child: circuit.gates[child].name or _inside(survey, child) for child in found.children}
        fallen = {name for child, name in every.items() if survey.exposure.takes_down(event, child)}
        enough = len(found.children) - found.fails_at + 1
        choice = " or ".join(sorted(set(every.values())))
        name = found.name or (choice if enough == 1 else f"{enough} of {choice}")
        return cls(found.sort, name, tuple(sorted(fallen)), gate)


def _protections(places: Sequence[_Place]) -> list[str]:
    """Return what is no protection, in words; other modes are only named where nothing else is."""
    groups = [place.name for place in places if place.sort == "members"]
    choices = [place.name for place in places if place.sort == "choice"]
    said = [f"the redundancy of {some(groups, _MOST_PLACES)}"] if groups else []
    said += [f"the choice of {some(choices, _MOST_PLACES)}"] if choices else []
    return said or ["having another mode"]


def _inside(survey: Survey, gate: int) -> str:
    """Return a name for a part of a need that has none: the things in it."""
    names = [
        survey.circuit.gates[child].name or _inside(survey, child) for child in survey.circuit.gates[gate].children
    ]
    return "+".join(sorted(names))


def _happening(survey: Survey, events: Sequence[Event]) -> str:
    """Return what happens, as the beginning of a sentence: several attributes are shared by the same things."""
    event = events[0]
    match event.cause:
        case "site":
            return f"The loss of {survey.site(event.name)}"
        case "shared":
            shared = listed([event.name.replace("=", " ", 1) for event in events])
            likely = _beta_ppm(survey, event)
            spreads = f" (declared to spread with {percent(likely)})" if likely < _CERTAIN_PPM else ""
            return f"{'An intruder who holds' if event.taints else 'A failure of'} {shared}{spreads}"
        case "resource":
            others = [name for name in event.hits if name != event.name]
            return f"An outage of {survey.called(event.name)}, on which {some(others)} {verb(others, 'rests', 'rest')},"


def _weight(survey: Survey, defeat: _Defeat, events: Sequence[Event]) -> Weight:
    """Return the weight of the loss, a step less for an unlikely common cause; the heaviest of several events."""
    if not defeat.services:
        return "low"
    found = [
        of_loss(survey, defeat.services, survey.exposure.events.index(event))
        if event.fails
        else by_services(survey, defeat.services, "high", "medium")
        for event in events
    ]
    unlikely = all(_beta_ppm(survey, event) < _UNLIKELY_PPM for event in events)
    return softer(min(found, key=RANK.__getitem__), steps=int(unlikely))


def _beta_ppm(survey: Survey, event: Event) -> int:
    cause = survey.model.common_causes.get(event.name.partition("=")[0]) if event.cause == "shared" else None
    return _CERTAIN_PPM if cause is None else cause.beta_ppm


def _written(survey: Survey, event: Event, places: Sequence[_Place]) -> Place:
    """Return where to look first: the group, else what is struck, else the service."""
    groups = [place.name for place in places if place.name in survey.model.groups]
    return survey.node_place(groups[0] if groups else event.hits[0])


def _counts_on(survey: Survey, event: Event) -> str:
    """Return what counts as a cure of a common cause though it only starts the same again; nothing if that is said."""
    if event.cause != "shared" or event.taints or event.outlasts:
        return ""
    ways = (way.strategy for name in event.hits for way in survey.at_best.ways.of(survey.model.resources[name]))
    again = {strategy.name for strategy in ways if strategy.automatic and strategy.source is None}
    if not again:
        return ""
    return f" That counts on {some(again)}: if what is shared outlasts {verb(again, 'it', 'them')}, declare so."


def _path(survey: Survey, defeat: _Defeat, places: Sequence[_Place]) -> tuple[str, ...]:
    for service in defeat.services:
        for place in places:
            if survey.exposure.takes_down(survey.exposure.choices[place.gate], survey.circuit.services[service]):
                return survey.path(service, defeat.event, place.gate)
    return (places[0].name, *places[0].fallen[:1])


def _remedy(event: Event) -> str:
    match event.cause:
        case "site":
            return (
                "Put enough of the members at another site, or say on purpose that this redundancy ends with the site."
            )
        case "shared" if not event.taints:
            return (
                "Give one of them another make, version or way, or stagger changes so that they never fail in one hour."
            )
        case "shared":
            return "Put one copy, or at least what rebuilds it, under other administrators and other credentials."
        case "resource":
            return "Ask both suppliers on whom they rest, and write into one contract that it may not be the same."
