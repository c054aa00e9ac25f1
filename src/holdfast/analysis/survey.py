"""What every finding is looked for in: a model with its circuit, what each event does to it, and how that is said."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from holdfast.analysis.at_best import AtBest, Course
from holdfast.analysis.circuit import Circuit
from holdfast.analysis.events import Event, single_events
from holdfast.analysis.exposure import Exposure, bits, components
from holdfast.analysis.ways import NEVER, stands_on
from holdfast.errors import Place
from holdfast.model.types import Group, Mode, Model, Resource, Service, leaves
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

    @cached_property
    def runs_on(self) -> Mapping[str, tuple[str, ...]]:
        """What runs on each host: what needs it directly."""
        found: dict[str, tuple[str, ...]] = {}
        for name, resource in self.model.resources.items():
            for below in sorted(leaves(resource.needs)):
                if below in self.model.resources and self.model.resources[below].kind == "host":
                    found[below] = (*found.get(below, ()), name)
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

    def struck(self, number: int) -> frozenset[str]:
        """Return the resources that an event strikes itself."""
        if number not in self._struck:
            self._struck[number] = frozenset(self.events[number].hits)
        return self._struck[number]

    @cached_property
    def not_lasting(self) -> Mapping[int, tuple[str, ...]]:
        """The services that each event leaves at most modes which somebody can sustain for a while, by its number."""
        fatal, modes = self.exposure.fatal, self.circuit.modes
        found: dict[int, list[str]] = {}
        for name, service in self.model.services.items():
            enough = [mode for mode in service.modes if mode.meets_minimum]
            lasting = [mode.name for mode in enough if mode.sustain is None]
            if lasting and len(lasting) < len(enough):
                lost = self.exposure.every_event
                for mode in lasting:
                    lost &= fatal[modes[name, mode]]
                for event in bits(lost):
                    found.setdefault(event, []).append(name)
        return {event: tuple(sorted(names)) for event, names in sorted(found.items())}

    def running_out(self, event: int) -> tuple[str, ...]:
        """Return the services that an event does not stop, but leaves only modes which do not last."""
        stopped = self.stopped.get(event, ())
        return tuple(name for name in self.not_lasting.get(event, ()) if name not in stopped)

    def sustained(self, name: str, event: int) -> tuple[Mode, ...]:
        """Return the modes in which a service goes on after an event, each for a while."""
        return tuple(
            mode
            for mode in self.model.services[name].modes
            if mode.meets_minimum
            and mode.sustain is not None
            and not self.exposure.takes_down(event, self.circuit.modes[name, mode.name])
        )

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

    def reached_from(self, services: Sequence[str], name: str) -> tuple[str, ...]:
        """Return the beginning of a path to a resource or group: the first of ``services`` that stands on it.

        At least for its recovery; a thing of which none does has no service before it.
        """
        served = self.services_served(name)
        return next(((service,) for service in services if service in self.services_on(name)), ()) or next(
            ((service,) for service in services if service in served), ()
        )

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

    def way_to(self, service: str, spared: Sequence[Mode], event: int) -> tuple[str, ...]:
        """Return names from a service down to what an event strikes, by a mode that falls and is not ``spared``."""
        fallen = (mode for mode in self.model.services[service].modes if mode not in spared)
        gates = (self.circuit.modes[service, mode.name] for mode in fallen)
        gate = next(gate for gate in gates if self.exposure.takes_down(event, gate))
        return (service, *self.way_from(gate, event))

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
                return f"an intrusion into {shared}" if event.taints else f"a failure of {shared}"
            case "resource":
                return f"an outage of {self.called(event.name)}"

    def node_place(self, name: str) -> Place:
        """Return where a resource or group was written; both stand under ``resources``."""
        return self.model.place("resources", name)

    def course(self, number: int) -> Course:
        """Return the best recovery from an event."""
        if number not in self._courses:
            event = self.events[number]
            self._courses[number] = self.at_best.after(event.hits, event.cure, outlasts=event.outlasts)
        return self._courses[number]

    def losses(self, event: int) -> Mapping[str, Loss]:
        """Return what each service that an event stops would suffer at best."""
        if event not in self._losses:
            course = self.course(event)
            self._losses[event] = {
                name: Loss(course.recovery_ms(self.model.services[name]), course.felt_ms(name))
                for name in self.stopped.get(event, ())
            }
        return self._losses[event]

    def noticed(self, services: Sequence[str], event: int) -> tuple[str, ...]:
        """Return those of services that really stop: all, if something bridges the event for all of them at best."""
        if not self.recoveries_declared:
            return tuple(services)
        losses = self.losses(event)
        return tuple(name for name in services if losses[name].away_ms) or tuple(services)

    def bridged(self, services: Iterable[str], event: int) -> bool:
        """Whether what lasts a while carries all these services, at best, until the event is over."""
        return self.recoveries_declared and not any(self.losses(event)[name].away_ms for name in services)

    def felt(self, services: Sequence[str], event: int) -> str:
        """Return sentences for an event, with a space before: after what time it is felt, when the last is back."""
        if not self.recoveries_declared:  # one finding says so for all
            return ""
        losses = {name: self.losses(event)[name] for name in services}
        if self.bridged(services, event):
            return " That is bridged for a while, and at best everything is back before."
        never = [name for name, loss in losses.items() if loss.away_ms >= NEVER]
        longest_ms = max((loss.away_ms for loss in losses.values() if loss.away_ms < NEVER), default=0)
        begins = _begins({name: loss.after_ms for name, loss in losses.items()})
        if not never:
            return f"{begins} At best {verb(services, 'it is', 'all are')} back after {about(longest_ms)}."
        if longest_ms:
            rest = f"; at best the rest is back after {about(longest_ms)}"
            return f"{begins} No declared recovery brings {some(never)} back{rest}."
        return f"{begins} No declared recovery brings {verb(services, 'it', 'all of them')} back."

    def alone_ms(self, name: str) -> int:
        """Return how soon a resource or group is back at best when only it failed, ``NEVER`` if it never is."""
        group = self.model.groups.get(name)
        course = self.at_best.after((name, *(group.members if group is not None else ())))
        return course.back_ms.get(self.circuit.nodes[name], 0)

    @cached_property
    def _losses(self) -> dict[int, Mapping[str, Loss]]:
        return {}

    @cached_property
    def _struck(self) -> dict[int, frozenset[str]]:
        return {}

    @cached_property
    def _courses(self) -> dict[int, Course]:
        return {}


@dataclass(frozen=True, slots=True)
class Loss:
    """A service that is away for ``away_ms`` at best (``NEVER``: for good), felt ``after_ms`` after the event."""

    away_ms: int
    after_ms: int


def _begins(after_ms: Mapping[str, int]) -> str:
    """Return from when an event is felt, for a sentence with a space before; nothing if at once by all."""
    late = {name: ms for name, ms in after_ms.items() if 0 < ms < NEVER}
    if not late:
        return ""
    soonest = about(min(late.values()))
    return (
        f" It is felt after {soonest}."
        if len(late) == len(after_ms)
        else (f" {some(late)} {verb(late, 'feels', 'feel')} it only after {soonest}.")
    )


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
