"""How soon a service can be back after one event if everything goes well: a lower bound of the recovery time.

Detection and decision take no time, every strategy works, no crew is missing, and every duration is as short as it can
well be: a constant is itself, a PERT duration its least, a lognormal one its 5th percentile, ``p50² / p95``, because it
has no least and this is the mirror image of the p95 that was declared. A supplier for whose loss no strategy is
declared is back in the time that it promises. What even this cannot meet, nothing will.

The times are those of the equations for recovery in one trial. T is when a part functions for good: from below, because
running things may support each other. S, when a strategy is finished, and the end of a failover: from above, because
they begin only from what functions already. The source of a strategy counts as one of its needs.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from holdfast.analysis.circuit import Circuit, Gate
from holdfast.analysis.exposure import components
from holdfast.model.types import (
    AllOf,
    AnyOf,
    AtLeast,
    Constant,
    Cure,
    Duration,
    Failover,
    Group,
    Lognormal,
    Model,
    Need,
    On,
    Pert,
    Resource,
    Service,
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


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the way back: what has to function, by which strategy (``None``: it only waits), and from when."""

    name: str
    by: str | None
    until_ms: int


class AtBest:
    """The best recovery of a model's services from any event; made once, asked for each event."""

    def __init__(self, model: Model, circuit: Circuit) -> None:
        """Prepare: the order in which times are found, and which strategies may be used at all."""
        self.model = model
        self.circuit = circuit
        self.rank = [0] * len(circuit.gates)
        for number, component in enumerate(components([gate.children for gate in circuit.gates])):
            for position in component:
                self.rank[position] = number
        self.deciders = {
            circuit.modes[service.name, mode.name]: circuit.reach[mode.decision]
            for service in model.services.values()
            for mode in service.modes
            if mode.decision is not None and mode.decision in circuit.reach
        }
        self._rpo_ms = _tightest_rpo_ms(model, circuit)
        self._cures: dict[str, list[tuple[int, Strategy]]] = {}
        self._undisturbed = self.after(())

    def after(self, hits: Iterable[str], cure: Cure = "failed", *, for_good: bool = False) -> Course:
        """Return the course of recovery after these resources failed, or became untrusted, at time 0.

        If they are gone ``for_good``, nothing is recovered: it shows from when on their absence is felt.
        """
        return Course(self, frozenset(self.circuit.nodes[name] for name in hits), cure, for_good=for_good)

    def usable(self, thing: Resource | Group, cure: Cure, hits: frozenset[int]) -> list[tuple[int, Strategy]]:
        """Return the strategies that help, each with when it begins at the earliest after its release.

        One that gives up more data than the tightest RPO above it allows is not used unless its loss is accepted; one
        that takes from an untrusted source does not help against distrust.
        """
        if cure == "untrusted":
            return self._usable(thing, cure, hits)
        if thing.name not in self._cures:
            self._cures[thing.name] = self._usable(thing, cure, hits)
        return self._cures[thing.name]

    def _usable(self, thing: Resource | Group, cure: Cure, hits: frozenset[int]) -> list[tuple[int, Strategy]]:
        found: list[tuple[int, Strategy]] = []
        limit_ms = self._rpo_ms[self.circuit.nodes[thing.name]]
        for strategy in thing.recovery:
            loses = strategy.loses_ms > limit_ms and not strategy.accept_loss and strategy.replays is None
            tainted = (
                cure == "untrusted" and strategy.source is not None and self.circuit.nodes[strategy.source] in hits
            )
            if cure not in strategy.cures or loses or tainted:
                continue
            usual = found[-1][0] + usually_over_ms(found[-1][1].takes) if found else 0
            found.append((usual if strategy.after_ms is None else strategy.after_ms, strategy))
        return found

    def alone_ms(self, thing: Resource | Group) -> int:
        """Return how soon one of its own strategies is finished at best while nothing else is wrong."""
        ends = (
            max(begins, self._undisturbed.ready_ms(strategy)) + shortest_ms(strategy.takes)
            for begins, strategy in self.usable(thing, "failed", frozenset())
        )
        return min(ends, default=NEVER)

    def call_ms(self, name: str) -> int:
        """Return how long it takes at best until a team that is called for a recovery is there; others are there."""
        resource = self.model.resources.get(name)
        return shortest_ms(resource.team.on_call) if resource is not None and resource.team is not None else 0


class Course:
    """The times after one event: ``back_ms`` and ``onset_ms`` by gate, ``NEVER`` where it does not come (back)."""

    def __init__(self, engine: AtBest, hits: frozenset[int], cure: Cure, *, for_good: bool) -> None:
        """Find the times: T anew from below for each better S, until S stays."""
        self._engine = engine
        self._model = engine.model
        self._gates = engine.circuit.gates
        self._hits = hits
        self._cure = cure
        self._finish: dict[int, int] = {}
        self.back_ms: dict[int, int] = {}
        self.onset_ms: dict[int, int] = {}
        self._settle()
        while not for_good and (finish := self._finishes()) != self._finish:
            self._finish = finish
            self._settle()

    def recovery_ms(self, service: Service) -> int:
        """Return how long the service is away at best, re-establishment included; 0 if it never is."""
        position = self._engine.circuit.services[service.name]
        back_ms, onset_ms = self.back_ms.get(position, 0), self.onset_ms.get(position, NEVER)
        if back_ms in {0, NEVER}:
            return back_ms
        away_ms = back_ms - onset_ms
        return away_ms if away_ms <= service.rides_out_ms else away_ms + shortest_ms(service.reestablish)

    def felt_ms(self, service: str) -> int:
        """Return from when a service is away, ``NEVER`` if it is not."""
        return self.onset_ms.get(self._engine.circuit.services[service], NEVER)

    def ready_ms(self, strategy: Strategy) -> int:
        """Return from when all that a strategy stands on functions, its source included, teams once they are there."""
        sources = () if strategy.source is None else (On(strategy.source),)
        return self._need_ms(AllOf((strategy.needs, *sources)))

    def way_back(self, service: Service) -> tuple[Step, ...]:
        """Return the critical path: from the service down to what it waits for longest, and how that comes back."""
        steps: list[Step] = []
        seen: set[int] = set()
        position: int | None = self._engine.circuit.services[service.name]
        while position is not None and position not in seen:
            seen.add(position)
            position = self._slowest(position, steps)
        return tuple(steps)

    # ---- from below: what functions, given what the strategies achieve ----------------------------------------------

    def _settle(self) -> None:
        """Find the least T and the earliest onsets, those of what the others need first."""
        self.back_ms, self.onset_ms = {}, {}
        rank = self._engine.rank
        waiting = [(rank[position], position) for position in (*self._hits, *self._engine.circuit.never)]
        heapq.heapify(waiting)
        queued = {position for _, position in waiting}
        while waiting:
            _, position = heapq.heappop(waiting)
            queued.discard(position)
            back_ms, onset_ms = self._times(position)
            if (back_ms, onset_ms) == (self.back_ms.get(position, 0), self.onset_ms.get(position, NEVER)):
                continue
            self.back_ms[position], self.onset_ms[position] = back_ms, onset_ms
            for above in self._engine.circuit.parents[position]:
                if above not in queued:
                    queued.add(above)
                    heapq.heappush(waiting, (rank[above], above))

    def _times(self, position: int) -> tuple[int, int]:
        """Return from when a gate functions for good, and from when it did not."""
        gate = self._gates[position]
        if gate.fails_at < 1:
            return NEVER, 0
        felt = self._felt(gate)
        match gate.sort:
            case "resource":
                return self._resource(position, self._model.resources[gate.name], *_counted(gate, felt))
            case "members":
                return self._members(position, self._model.groups[gate.name], felt)
            case "group":
                counted, *others = felt
                needed = max((back for back, _ in others), default=0)
                back_ms = max(needed, min(self._finish.get(position, NEVER), counted[0]))
                return back_ms, min(onset for _, onset in felt) if back_ms else NEVER
            case "mode":
                back_ms, onset_ms = _counted(gate, felt)
                decided_ms = self._finish.get(position, NEVER) if position in self._engine.deciders else 0
                return max(back_ms, decided_ms) if back_ms else 0, onset_ms
            case _:
                return _counted(gate, felt)

    def _felt(self, gate: Gate) -> list[tuple[int, int]]:
        """Return the times of a gate's children as it feels them: what holds for a while hurts later, or never."""
        found = []
        for child, held_ms in zip(gate.children, gate.holds_ms, strict=True):
            back_ms, onset_ms = self.back_ms.get(child, 0), self.onset_ms.get(child, NEVER)
            if held_ms is not None and onset_ms != NEVER:
                onset_ms += held_ms
                back_ms, onset_ms = (back_ms, onset_ms) if back_ms > onset_ms else (0, NEVER)
            found.append((back_ms, onset_ms))
        return found

    def _resource(self, position: int, resource: Resource, needed_ms: int, onset_ms: int) -> tuple[int, int]:
        if position in self._hits:
            return max(needed_ms, self._finish.get(position, NEVER)), 0
        if self._outlasted(resource, needed_ms, onset_ms):
            return max(needed_ms, self._finish.get(position, NEVER)), onset_ms
        return needed_ms, onset_ms if needed_ms else NEVER

    def _outlasted(self, resource: Resource, needed_ms: int, onset_ms: int) -> bool:
        """Whether what a resource needs was away longer than it rides out, so that it failed itself."""
        rides_ms = resource.rides_out_ms
        return rides_ms is not None and onset_ms != NEVER and needed_ms - onset_ms > rides_ms

    def _members(self, position: int, group: Group, felt: Sequence[tuple[int, int]]) -> tuple[int, int]:
        """Return when enough members serve: the first ones again, or others once the failover is over."""
        back = sorted(back for back, _ in felt)
        onset = sorted(onset for _, onset in felt)
        quorum_ms = back[group.quorum - 1]
        if group.failover is None:
            back_ms = max(quorum_ms, back[group.active - 1])
            onset_ms = onset[self._gates[position].fails_at - 1]
        else:
            first = felt[: group.active]
            back_ms = max(quorum_ms, min(max(t for t, _ in first), self._finish.get(position, NEVER)))
            onset_ms = min(*(o for _, o in first), onset[len(onset) - group.quorum])
        return (back_ms, onset_ms) if back_ms else (0, NEVER)

    # ---- from above: what the strategies achieve, given what functions ----------------------------------------------

    def _finishes(self) -> dict[int, int]:
        """Return the ends of recoveries of what is hurt, of failovers, and when a role that decides can be reached."""
        found: dict[int, int] = {}
        for position, onset_ms in self.onset_ms.items():
            gate = self._gates[position]
            if gate.sort == "resource":
                release_ms = self._release_ms(position, self._model.resources[gate.name])
                if release_ms is not None:
                    found[position] = self._recovered_ms(self._model.resources[gate.name], release_ms)[0]
            elif gate.sort == "group" and onset_ms != NEVER:
                found[position] = self._recovered_ms(self._model.groups[gate.name], onset_ms)[0]
            elif gate.sort == "members" and onset_ms != NEVER:
                group = self._model.groups[gate.name]
                if group.failover is not None:
                    found[position] = self._failed_over_ms(gate, group.failover, group.active, onset_ms)
            elif gate.sort == "mode" and position in self._engine.deciders:
                found[position] = self.back_ms.get(self._engine.deciders[position], 0)
        # From above only downwards: where needs hold for a while, a later onset must not undo what was achieved.
        best = dict(self._finish)
        for position, ms in found.items():
            if ms < best.get(position, NEVER):
                best[position] = ms
        return best

    def _release_ms(self, position: int, resource: Resource) -> int | None:
        """Return from when a resource can be recovered, ``None`` if it did not fail."""
        if position in self._hits:
            return 0
        needed_ms, onset_ms = _counted(self._gates[position], self._felt(self._gates[position]))
        if resource.rides_out_ms is None or not self._outlasted(resource, needed_ms, onset_ms):
            return None
        return onset_ms + resource.rides_out_ms

    def _recovered_ms(self, thing: Resource | Group, release_ms: int) -> tuple[int, Strategy | None]:
        """Return when the first strategy is finished, and which it is."""
        best: tuple[int, Strategy | None] = (min(release_ms + _promised_ms(thing), NEVER), None)
        for begins_ms, strategy in self._engine.usable(thing, self._cure, self._hits):
            ready_ms = max(release_ms + begins_ms, self.ready_ms(strategy))
            end_ms = min(ready_ms + shortest_ms(strategy.takes), NEVER)
            if end_ms < best[0]:
                best = end_ms, strategy
        return best

    def _failed_over_ms(self, gate: Gate, failover: Failover, active: int, onset_ms: int) -> int:
        released_ms = onset_ms + shortest_ms(failover.detects)
        enough_ms = sorted(self.back_ms.get(child, 0) for child in gate.children)[active - 1]
        return min(max(released_ms, enough_ms) + shortest_ms(failover.takes), NEVER)

    def _need_ms(self, need: Need) -> int:
        """Return from when a need of a recovery is met; a team is there once it was called."""
        match need:
            case On(name):
                return max(self.back_ms.get(self._engine.circuit.nodes[name], 0), self._engine.call_ms(name))
            case AllOf(of):
                return max((self._need_ms(part) for part in of), default=0)
            case AnyOf(of):
                return min((self._need_ms(part) for part in of), default=NEVER)
            case AtLeast(count, of):
                return sorted((*(self._need_ms(part) for part in of), *[NEVER] * count))[count - 1]

    # ---- the critical path ------------------------------------------------------------------------------------------

    def _slowest(self, position: int, steps: list[Step]) -> int | None:
        """Add what stands at ``position`` to the path and return what it waits for, ``None`` at the end."""
        gate = self._gates[position]
        back_ms = self.back_ms.get(position, 0)
        if gate.sort == "members" and self._finish.get(position) == back_ms:
            steps.append(Step(gate.name, "failover", back_ms))
            return None
        if gate.sort in {"resource", "group"} and self._finish.get(position) == back_ms:
            thing = self._model.resources.get(gate.name) or self._model.groups[gate.name]
            release_ms = self.onset_ms[position]
            if isinstance(thing, Resource):
                release_ms = self._release_ms(position, thing) or 0
            _, strategy = self._recovered_ms(thing, release_ms)
            steps.append(Step(gate.name, strategy.name if strategy else None, back_ms))
            return self._awaited(strategy, back_ms) if strategy is not None else None
        if gate.name and gate.sort not in {"members", "mode"}:
            steps.append(Step(gate.name, None, back_ms))
        felt = self._felt(gate)
        waits = [child for child, (until_ms, _) in zip(gate.children, felt, strict=True) if until_ms == back_ms]
        return waits[0] if waits else None

    def _awaited(self, strategy: Strategy, end_ms: int) -> int | None:
        """Return what a strategy had to wait for before it could begin, if that is what made it late."""
        ready_ms = self.ready_ms(strategy)
        if ready_ms == 0 or ready_ms + shortest_ms(strategy.takes) != end_ms:
            return None
        circuit = self._engine.circuit
        names = sorted(leaves(strategy.needs) | ({strategy.source} if strategy.source is not None else set()))
        late = (circuit.nodes[name] for name in names)
        return next((position for position in late if self.back_ms.get(position, 0) == ready_ms), None)


def _promised_ms(thing: Resource | Group) -> int:
    """Return in what time a supplier without a strategy of ours says that it comes back itself."""
    if not isinstance(thing, Resource) or thing.recovery or thing.supplier is None:
        return NEVER
    continuity = thing.supplier.continuity
    return NEVER if continuity is None or continuity.rto_ms is None else continuity.rto_ms


def _counted(gate: Gate, felt: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return the times of a gate that counts: back with as many as it needs, gone with as many as it cannot miss."""
    if gate.fails_at > len(felt):
        return 0, NEVER
    back_ms = sorted(back for back, _ in felt)[len(felt) - gate.fails_at]
    return (back_ms, sorted(onset for _, onset in felt)[gate.fails_at - 1]) if back_ms else (0, NEVER)


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
