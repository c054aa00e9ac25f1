"""What every finding is looked for in: a model with its circuit, what each event does to it, and how that is said."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from holdfast.analysis.at_best import NEVER, AtBest
from holdfast.analysis.circuit import Circuit
from holdfast.analysis.events import Event, single_events
from holdfast.analysis.exposure import Exposure, bits, components
from holdfast.errors import Place
from holdfast.model.types import Group, Model, Resource, Service, Strategy, leaves
from holdfast.model.wording import listed

_MINUTE_MS = 60_000
HOUR_MS = 60 * _MINUTE_MS
DAY_MS = 24 * HOUR_MS

_MOST_NAMED = 5
_VITAL_TOLERANCE_MS = 4 * HOUR_MS
_MAX_TITLE_CHARS = 50


@dataclass(frozen=True)
class Survey:
    """A model on a day (ISO 8601). ``approved`` says what the log knows of approvals; ``None``: there is no log."""

    model: Model
    on: str
    approved: Mapping[str, str] | None = None

    @cached_property
    def circuit(self) -> Circuit:
        """The model's circuit, failovers done."""
        return Circuit.of(self.model)

    @cached_property
    def exposure(self) -> Exposure:
        """What each single event takes down once failovers are done."""
        return Exposure.of(self.circuit, single_events(self.model))

    @cached_property
    def at_best(self) -> AtBest:
        """How soon services can be back."""
        return AtBest(self.model, self.circuit)

    @cached_property
    def recoveries_declared(self) -> bool:
        """Whether anything at all says how it comes back."""
        return any(self.thing(name).recovery for name in (*self.model.resources, *self.model.groups))

    @cached_property
    def groups_of(self) -> Mapping[str, tuple[str, ...]]:
        """The groups of which each resource is a member."""
        found: dict[str, tuple[str, ...]] = {}
        for name, group in self.model.groups.items():
            for member in group.members:
                found[member] = (*found.get(member, ()), name)
        return found

    @property
    def events(self) -> tuple[Event, ...]:
        """Every single event."""
        return self.exposure.events

    @cached_property
    def number(self) -> Mapping[str, int]:
        """The number of the event by which each resource fails itself."""
        return {event.name: number for number, event in enumerate(self.events) if event.cause == "resource"}

    @cached_property
    def stopped(self) -> Mapping[int, tuple[str, ...]]:
        """The services that each event stops, below their minimum, by the event's number; others are not there."""
        found: dict[int, list[str]] = {}
        for name, gate in self.circuit.services.items():
            for event in self.exposure.events_in(self.exposure.fatal[gate]):
                found.setdefault(event, []).append(name)
        return {event: tuple(sorted(names)) for event, names in sorted(found.items())}

    @cached_property
    def fallen(self) -> Mapping[int, frozenset[int]]:
        """The gates that each event that strikes several things takes down, by its number."""
        several = sum(1 << number for number, event in enumerate(self.events) if event.joint)
        found: dict[int, list[int]] = {}
        for gate, fatal in enumerate(self.exposure.fatal):
            for event in bits(fatal & several):
                found.setdefault(event, []).append(gate)
        return {event: frozenset(gates) for event, gates in found.items()}

    @cached_property
    def carries(self) -> Sequence[tuple[str, ...]]:
        """The services that stand on each gate, in any mode, directly or not."""
        return self._services_above([gate.children for gate in self.circuit.gates])

    @cached_property
    def serves(self) -> Sequence[tuple[str, ...]]:
        """The services that stand on each gate, or on it for their recovery."""
        below = [list(gate.children) for gate in self.circuit.gates]
        for name in (*self.model.resources, *self.model.groups):
            for strategy in self.thing(name).recovery:
                below[self.circuit.nodes[name]] += (self.circuit.nodes[other] for other in stands_on(strategy))
        return self._services_above(below)

    def _services_above(self, below: Sequence[Sequence[int]]) -> Sequence[tuple[str, ...]]:
        """Return for each gate the services from which it is reached."""
        services = sorted(self.model.services)
        masks = [0] * len(below)
        for bit, name in enumerate(services):
            for mode in self.model.services[name].modes:
                masks[self.circuit.modes[name, mode.name]] |= 1 << bit
        for component in reversed(list(components(below))):
            whole = 0
            for position in component:
                whole |= masks[position]
            for position in component:
                masks[position] = whole
                for child in below[position]:
                    masks[child] |= whole
        named = {mask: tuple(services[bit] for bit in bits(mask)) for mask in set(masks)}
        return [named[mask] for mask in masks]

    def services_on(self, name: str) -> tuple[str, ...]:
        """Return the services that stand on a resource or group."""
        return self.carries[self.circuit.nodes[name]]

    def services_served(self, name: str) -> tuple[str, ...]:
        """Return the services that stand on a resource or group, or on it for their recovery."""
        return self.serves[self.circuit.nodes[name]]

    def path(self, service: str, event: int, through: int | None = None) -> tuple[str, ...]:
        """Return names from a service down to what the event strikes, by the shortest way that shows its effect.

        ``through`` is a choice that this way leads by: one whose loss alone stops the service.
        """
        start = self.circuit.services[service]
        struck = frozenset(self.circuit.nodes[name] for name in self.events[event].hits)
        if through is None:
            return self.names(self._way(start, struck, event))
        to_choice = self._way(start, frozenset({through}), self.exposure.choices[through])
        return self.names((*to_choice, *self._way(through, struck, event)[1:]))

    def way_between(self, name: str, event: int) -> tuple[str, ...]:
        """Return names from a resource or group down to what the event strikes."""
        return self.way_from(self.circuit.nodes[name], event)

    def way_from(self, gate: int, event: int) -> tuple[str, ...]:
        """Return names from a gate down to what the event strikes."""
        struck = frozenset(self.circuit.nodes[hit] for hit in self.events[event].hits)
        return self.names(self._way(gate, struck, event))

    def _way(self, start: int, ends: frozenset[int], bit: int) -> tuple[int, ...]:
        """Return the gates from one to the first of others, all of which fall when what this bit stands for happens."""
        gates, fatal = self.circuit.gates, self.exposure.fatal
        came: dict[int, int] = {start: start}
        waiting = deque([start])
        while waiting:
            here = waiting.popleft()
            if here in ends:
                steps = [here]
                while came[steps[-1]] != steps[-1]:
                    steps.append(came[steps[-1]])
                return tuple(reversed(steps))
            for child in gates[here].children:
                if child not in came and fatal[child] >> bit & 1:
                    came[child] = here
                    waiting.append(child)
        return (start,)

    def names(self, gates: Iterable[int]) -> tuple[str, ...]:
        """Return what the gates on a path are called, without those that have no name of their own."""
        named = [self.circuit.gates[gate] for gate in gates]
        found = [gate.name for gate in named if gate.sort not in {"choice", "members", "mode"}]
        return (*found[:1], *(after for before, after in pairwise(found) if after != before))

    def thing(self, name: str) -> Resource | Group:
        """Return a resource or group by its name."""
        return self.model.resources.get(name) or self.model.groups[name]

    def called(self, name: str) -> str:
        """Return a resource or group for a sentence: ``Database host at A (db-a)``, or its name alone."""
        return _titled(self.thing(name).title, name)

    def site(self, name: str) -> str:
        """Return a site for a sentence."""
        return _titled(self.model.sites[name].title, name)

    def happened(self, event: Event) -> str:
        """Return an event for a sentence that begins with "after"."""
        match event.cause:
            case "site":
                return f"the loss of {self.site(event.name)}"
            case "shared":
                shared = event.name.replace("=", " ", 1)
                return f"a failure of {shared}" if event.fails else f"an intrusion into {shared}"
            case "resource":
                return f"an outage of {self.called(event.name)}"

    def node_place(self, name: str) -> Place:
        """Return where a resource or group was written; both stand under ``resources``."""
        return self.model.place("resources", name)

    def losses(self, event: int) -> Mapping[str, Loss]:
        """Return what each service that an event stops would suffer at best."""
        if event not in self._losses:
            struck = self.events[event]
            course = self.at_best.after(struck.hits, "failed" if struck.fails else "untrusted")
            self._losses[event] = {
                name: Loss(course.recovery_ms(self.model.services[name]), course.felt_ms(name))
                for name in self.stopped.get(event, ())
            }
        return self._losses[event]

    def felt(self, services: Sequence[str], event: int) -> str:
        """Return sentences for an event, with a space before: after what time it is felt, when the last is back."""
        if not self.recoveries_declared:  # one finding says so for all
            return ""
        losses = [self.losses(event)[name] for name in services]
        first_ms, away_ms = min(loss.after_ms for loss in losses), max(loss.away_ms for loss in losses)
        begins = f" It is felt after {about(first_ms)}." if 0 < first_ms < NEVER else ""
        if away_ms >= NEVER:
            return f"{begins} No declared recovery brings {verb(services, 'it', 'all of them')} back."
        return f"{begins} At best {verb(services, 'it is', 'all are')} back after {about(away_ms)}."

    def alone_ms(self, name: str) -> int:
        """Return how soon a resource or group is back at best when only it failed, ``NEVER`` if it never is."""
        group = self.model.groups.get(name)
        course = self.at_best.after((name, *(group.members if group is not None else ())))
        return course.back_ms.get(self.circuit.nodes[name], 0)

    @cached_property
    def _losses(self) -> dict[int, Mapping[str, Loss]]:
        return {}


@dataclass(frozen=True, slots=True)
class Loss:
    """A service that is away for ``away_ms`` at best (``NEVER``: for good), felt ``after_ms`` after the event."""

    away_ms: int
    after_ms: int


def vital(service: Service) -> bool:
    """Whether losing a service for long is out of the question.

    That is when its settlement day has to be completed, when its tolerance is four hours or less, or when the impact
    analysis calls the harm intolerable within a day.
    """
    limits = service.impact_tolerance
    mtpd_ms = service.mtpd_ms
    return limits.end_of_day or limits.duration_ms <= _VITAL_TOLERANCE_MS or (mtpd_ms is not None and mtpd_ms <= DAY_MS)


def _titled(title: str, name: str) -> str:
    return name if title == name or len(title) > _MAX_TITLE_CHARS else f"{title} ({name})"


def stands_on(strategy: Strategy) -> tuple[str, ...]:
    """Return what a recovery itself stands on, sorted: its needs, its source, its crew."""
    source = () if strategy.source is None else (strategy.source,)
    return tuple(sorted({*leaves(strategy.needs), *source, *(strategy.crew or ())}))


def some(names: Iterable[str], most: int = _MOST_NAMED) -> str:
    """Return names in a row for a sentence, many of them cut short."""
    return listed(sorted(names), most=most)


def about(milliseconds: int) -> str:
    """Return a computed duration as people say it: ``45s``, ``7m``, ``2h 10m``, ``3d 4h``."""
    if milliseconds < _MINUTE_MS:
        return f"{-(-milliseconds // 1_000)}s"
    minutes = (milliseconds + _MINUTE_MS // 2) // _MINUTE_MS
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (0 if days else minutes, "m"))
    return " ".join(f"{amount}{unit}" for amount, unit in parts if amount) or "0s"


def verb(names: Sized, one: str, many: str) -> str:
    """Return the form of a verb that goes with so many names."""
    return one if len(names) == 1 else many
