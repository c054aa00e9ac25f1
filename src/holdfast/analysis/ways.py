"""Which declared ways back may be used, what each stands on, and how long it takes at best.

At best a constant duration is itself, a PERT duration its least, a lognormal one its 5th percentile, ``p50² / p95``,
because it has no least and this is the mirror image of the p95 that was declared. What gives up more data than the
tightest RPO above it is not used unless its loss is accepted or the journal is replayed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from holdfast.analysis.circuit import Circuit
from holdfast.model.types import (
    AllOf,
    Constant,
    Duration,
    Group,
    Lognormal,
    Model,
    Need,
    On,
    Pert,
    Resource,
    Strategy,
    leaves,
)

NEVER: Final = 1 << 62


def shortest_ms(duration: Duration | None) -> int:
    """Return the duration at best; none is 0."""
    match duration:
        case None:
            return 0
        case Constant(ms):
            return ms
        case Pert(min_ms):
            return min_ms
        case Lognormal(p50_ms, p95_ms):
            return p50_ms * p50_ms // max(p95_ms, 1)


def usually_over_ms(duration: Duration) -> int:
    """Return a time by which it is usually over: p95, of a PERT duration its mean, which is never above its p95."""
    match duration:
        case Constant(ms):
            return ms
        case Pert(min_ms, mode_ms, max_ms):
            return (min_ms + 4 * mode_ms + max_ms) // 6
        case Lognormal(_, p95_ms):
            return p95_ms


def stands_on(strategy: Strategy) -> tuple[str, ...]:
    """Return what a recovery itself stands on, sorted: its needs, its source, its crew."""
    source = () if strategy.source is None else (strategy.source,)
    return tuple(sorted({*leaves(strategy.needs), *source, *(strategy.crew or ())}))


@dataclass(frozen=True, slots=True)
class Way:
    """A strategy with what it stands on: gates that must all function, each from a call on, and needs with a choice."""

    strategy: Strategy
    takes_ms: int
    stands: tuple[tuple[int, int], ...]
    choices: tuple[Need, ...]


class Ways:
    """The ways back of a model; made once."""

    def __init__(self, model: Model, circuit: Circuit) -> None:
        """Find how much data each thing may give up."""
        self.model = model
        self.circuit = circuit
        self._rpo_ms = _tightest_rpo_ms(model, circuit)
        self._ways: dict[str, tuple[Way, ...]] = {}
        self._cures: dict[str, tuple[tuple[int, Way], ...]] = {}

    def of(self, thing: Resource | Group) -> tuple[Way, ...]:
        """Return all that is declared to bring a thing back, except what gives up more data than it may.

        That is more than the tightest RPO above it, unless the loss is accepted or the journal is replayed.
        """
        if thing.name not in self._ways:
            limit_ms = self._rpo_ms[self.circuit.nodes[thing.name]]
            self._ways[thing.name] = tuple(
                self._way(strategy)
                for strategy in thing.recovery
                if strategy.loses_ms <= limit_ms or strategy.accept_loss or strategy.replays is not None
            )
        return self._ways[thing.name]

    def usable(self, thing: Resource | Group) -> tuple[tuple[int, Way], ...]:
        """Return the ways that cure a failure, each with when it begins at the earliest after its release."""
        if thing.name not in self._cures:
            self._cures[thing.name] = in_turn(way for way in self.of(thing) if "failed" in way.strategy.cures)
        return self._cures[thing.name]

    def loses_too_much(self, group: Group) -> bool:
        """Whether a group's failover gives up more data than the tightest RPO above it, and nobody accepted that."""
        failover = group.failover
        limit_ms = self._rpo_ms[self.circuit.nodes[group.name]]
        return failover is not None and failover.loses_ms > limit_ms and not failover.accept_loss

    def _way(self, strategy: Strategy) -> Way:
        names, choices = [], []
        waiting: list[Need] = [strategy.needs]
        while waiting:
            match waiting.pop():
                case On(name):
                    names.append(name)
                case AllOf(of):
                    waiting.extend(of)
                case choice:
                    choices.append(choice)
        names += strategy.crew or ()
        if strategy.source is not None:
            names.append(strategy.source)
        stands = tuple((self.circuit.nodes[name], self.call_ms(name)) for name in dict.fromkeys(names))
        return Way(strategy, shortest_ms(strategy.takes), stands, tuple(choices))

    def call_ms(self, name: str) -> int:
        """Return how long it takes at best until a team that is called for a recovery is there; others are there."""
        resource = self.model.resources.get(name)
        return shortest_ms(resource.team.on_call) if resource is not None and resource.team is not None else 0


def in_turn(ways: Iterable[Way]) -> tuple[tuple[int, Way], ...]:
    """Return ways with when each begins at the earliest: when the one before it is usually over, or as declared."""
    found: list[tuple[int, Way]] = []
    for way in ways:
        usual = found[-1][0] + usually_over_ms(found[-1][1].strategy.takes) if found else 0
        declared_ms = way.strategy.after_ms
        found.append((usual if declared_ms is None else declared_ms, way))
    return tuple(found)


def _tightest_rpo_ms(model: Model, circuit: Circuit) -> list[int]:
    """Return by gate the least RPO of the services above it."""
    found = [NEVER] * len(circuit.gates)
    for service in sorted(model.services.values(), key=lambda service: service.rpo_ms):
        waiting = [circuit.modes[service.name, mode.name] for mode in service.modes]
        while waiting:
            position = waiting.pop()
            if found[position] == NEVER:
                found[position] = service.rpo_ms
                waiting.extend(circuit.gates[position].children)
    return found
