"""How soon a service can be back after one event if everything goes well: a lower bound of the recovery time.

Detection and decision take no time, every strategy works, no crew is short of people, and every duration is as short as
it can well be. A supplier for whose loss no strategy is declared is back in the time that it promises. What even this
cannot meet, nothing will.

The times are those of the equations for recovery in one trial. T is when a part functions for good: from below, because
running things may support each other. S, when a strategy is finished, and the end of a failover: from above, because
they begin only from what functions already. The source of a strategy and its crew count among its needs.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from holdfast.analysis.circuit import Circuit, Gate
from holdfast.analysis.exposure import components
from holdfast.analysis.ways import NEVER, Way, Ways, in_turn, shortest_ms, stands_on
from holdfast.model.types import (
    AllOf,
    AnyOf,
    AtLeast,
    Cure,
    Failover,
    Group,
    Model,
    Need,
    On,
    Resource,
    Service,
    Strategy,
)


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
        self.plain = [gate.fails_at == 1 and not any(gate.holds_ms) for gate in circuit.gates]
        self.ways = Ways(model, circuit)
        self._undisturbed = self.after(())

    def after(
        self,
        hits: Iterable[str],
        cure: Cure = "failed",
        *,
        outlasts: frozenset[str] = frozenset(),
        for_good: bool = False,
    ) -> Course:
        """Return the course of recovery after these resources failed, or became untrusted, at time 0.

        Strategies whose name the cause ``outlasts`` do not help what was hit. If the resources are gone ``for_good``,
        nothing is recovered: it shows from when on their absence is felt.
        """
        positions = frozenset(self.circuit.nodes[name] for name in hits)
        return Course(self, positions, cure, outlasts, for_good=for_good)

    def alone_ms(self, thing: Resource | Group) -> int:
        """Return how soon one of its own strategies is finished at best while nothing else is wrong."""
        ends = (max(begins, self._undisturbed.ready_ms(way)) + way.takes_ms for begins, way in self.ways.usable(thing))
        return min(ends, default=NEVER)


class Course:
    """The times after one event: ``back_ms`` and ``onset_ms`` by gate, ``NEVER`` where it does not come (back).

    ``release_ms`` are the resources that have to be recovered, by gate, each with from when on that can begin.
    """

    def __init__(
        self, engine: AtBest, hits: frozenset[int], cure: Cure, outlasts: frozenset[str], *, for_good: bool
    ) -> None:
        """Find the times: T anew from below for each better S, until S stays."""
        self._engine = engine
        self._model = engine.model
        self._gates = engine.circuit.gates
        self._hits = hits
        self._cure = cure
        self._outlasts = outlasts
        self._finish: dict[int, int] = {}
        self._own_ways: dict[str, tuple[tuple[int, Way], ...]] = {}
        self.back_ms: dict[int, int] = {}
        self.onset_ms: dict[int, int] = {}
        self.release_ms: dict[int, int] = {}
        self._settle()
        while not for_good and (finish := self._finishes()) != self._finish:
            self._finish = finish
            self._settle()

    def recovery_ms(self, service: Service) -> int:
        """Return how long the service is away at best, re-establishment included; 0 if it never is."""
        position = self._engine.circuit.services[service.name]
        return self._away_ms(service, self.back_ms.get(position, 0), self.onset_ms.get(position, NEVER))

    def felt_ms(self, service: str) -> int:
        """Return from when a service is away, ``NEVER`` if it is not."""
        return self.onset_ms.get(self._engine.circuit.services[service], NEVER)

    def lasting(self, service: Service) -> tuple[int, int]:
        """Return from when a service has no mode that lasts and for how long, ``NEVER`` and 0 if it has one all along.

        A mode that somebody can only sustain for a while does not last.
        """
        modes = (mode for mode in service.modes if mode.meets_minimum and mode.sustain is None)
        positions = [self._engine.circuit.modes[service.name, mode.name] for mode in modes]
        back_ms = min((self.back_ms.get(position, 0) for position in positions), default=0)
        onset_ms = max((self.onset_ms.get(position, NEVER) for position in positions), default=NEVER)
        return (onset_ms, self._away_ms(service, back_ms, onset_ms)) if back_ms > onset_ms else (NEVER, 0)

    def ways_of(self, thing: Resource | Group) -> tuple[tuple[int, Way], ...]:
        """Return the ways that help a thing, each with when it begins at the earliest after its release.

        Against what struck it itself, only those that cure it, that the cause does not outlast, and whose source is not
        struck as well if that is distrust. What only lost what it needs has merely failed.
        """
        circuit, hits = self._engine.circuit, self._hits
        struck = {thing.name} if isinstance(thing, Resource) else {*thing.members}
        if (self._cure == "failed" and not self._outlasts) or hits.isdisjoint(circuit.nodes[name] for name in struck):
            return self._engine.ways.usable(thing)
        if thing.name not in self._own_ways:
            self._own_ways[thing.name] = in_turn(
                way
                for way in self._engine.ways.of(thing)
                if self._cure in way.strategy.cures
                and way.strategy.name not in self._outlasts
                and not (self._cure == "untrusted" and self._tainted(way.strategy.source))
            )
        return self._own_ways[thing.name]

    def _tainted(self, source: str | None) -> bool:
        """Whether all that a strategy could take from is struck."""
        if source is None:
            return False
        group = self._model.groups.get(source)
        parts = (source,) if group is None else group.members
        return all(self._engine.circuit.nodes[name] in self._hits for name in parts)

    def ready_ms(self, way: Way) -> int:
        """Return from when all that a strategy stands on functions, source and crew included, teams once they came."""
        ready_ms = 0
        for position, call_ms in way.stands:
            ready_ms = max(ready_ms, call_ms, self.back_ms.get(position, 0))
        for need in way.choices:
            ready_ms = max(ready_ms, self._need_ms(need))
        return ready_ms

    def begun(self, thing: Resource | Group, release_ms: int) -> tuple[Strategy, int, int] | None:
        """Return the first way of a thing that can begin at all, and from when to when it runs at best."""
        for begins_ms, way in self.ways_of(thing):
            ready_ms = max(release_ms + begins_ms, self.ready_ms(way))
            if ready_ms < NEVER:
                return way.strategy, ready_ms, ready_ms + way.takes_ms
        return None

    def way_back(self, service: Service) -> tuple[Step, ...]:
        """Return the critical path: from the service down to what it waits for longest, and how that comes back."""
        steps: list[Step] = []
        seen: set[int] = set()
        position: int | None = self._engine.circuit.services[service.name]
        while position is not None and position not in seen:
            seen.add(position)
            position = self._slowest(position, steps)
        return tuple(steps)

    @staticmethod
    def _away_ms(service: Service, back_ms: int, onset_ms: int) -> int:
        if back_ms in {0, NEVER}:
            return back_ms
        away_ms = back_ms - onset_ms
        return away_ms if away_ms <= service.rides_out_ms else away_ms + shortest_ms(service.reestablish)

    # ---- from below: what functions, given what the strategies achieve ----------------------------------------------

    def _settle(self) -> None:
        """Find the least T and the earliest onsets, those of what the others need first."""
        back: dict[int, int] = {}
        onset: dict[int, int] = {}
        self.back_ms, self.onset_ms, self.release_ms = back, onset, {}
        rank, parents = self._engine.rank, self._engine.circuit.parents
        waiting = [(rank[position], position) for position in (*self._hits, *self._engine.circuit.never)]
        heapq.heapify(waiting)
        queued = {position for _, position in waiting}
        while waiting:
            _, position = heapq.heappop(waiting)
            queued.discard(position)
            times = self._times(position)
            if times == (back.get(position, 0), onset.get(position, NEVER)):
                continue
            back[position], onset[position] = times
            for above in parents[position]:
                if above not in queued:
                    queued.add(above)
                    heapq.heappush(waiting, (rank[above], above))

    def _times(self, position: int) -> tuple[int, int]:
        """Return from when a gate functions for good, and from when it did not."""
        gate = self._gates[position]
        if gate.fails_at < 1:
            return NEVER, 0
        if gate.sort == "resource":
            times = self._all(gate) if self._engine.plain[position] else _counted(gate, self._felt(gate))
            return self._resource(position, self._model.resources[gate.name], *times)
        felt = self._felt(gate)
        match gate.sort:
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

    def _all(self, gate: Gate) -> tuple[int, int]:
        """Return the times of a gate that needs all its children at once: the short way of most gates."""
        back_ms, onset_ms = 0, NEVER
        for child in gate.children:
            if child in self.onset_ms:
                back_ms = max(back_ms, self.back_ms[child])
                onset_ms = min(onset_ms, self.onset_ms[child])
        return (back_ms, onset_ms) if back_ms > onset_ms else (0, NEVER)

    def _felt(self, gate: Gate) -> list[tuple[int, int]]:
        """Return the times of a gate's children as it feels them: what holds for a while hurts later, or never."""
        found = []
        back, onset = self.back_ms, self.onset_ms
        for child, held_ms in zip(gate.children, gate.holds_ms, strict=True):
            if child not in onset:
                found.append((0, NEVER))
                continue
            back_ms, onset_ms = back[child], onset[child]
            if held_ms is not None and onset_ms != NEVER:
                onset_ms += held_ms
                back_ms, onset_ms = (back_ms, onset_ms) if back_ms > onset_ms else (0, NEVER)
            found.append((back_ms, onset_ms))
        return found

    def _resource(self, position: int, resource: Resource, needed_ms: int, onset_ms: int) -> tuple[int, int]:
        rides_ms = resource.rides_out_ms
        if position in self._hits:
            self.release_ms[position] = onset_ms = 0
        elif rides_ms is not None and onset_ms != NEVER and needed_ms - onset_ms > rides_ms:
            self.release_ms[position] = onset_ms + rides_ms
        else:
            self.release_ms.pop(position, None)
            return needed_ms, onset_ms if needed_ms else NEVER
        return max(needed_ms, self._finish.get(position, NEVER)), onset_ms

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
        return (back_ms, onset_ms) if back_ms > onset_ms else (0, NEVER)

    # ---- from above: what the strategies achieve, given what functions ----------------------------------------------

    def _finishes(self) -> dict[int, int]:
        """Return the ends of recoveries of what is hurt, of failovers, and when a role that decides can be reached."""
        found: dict[int, int] = {}
        for position, release_ms in self.release_ms.items():
            found[position] = self._recovered_ms(self._model.resources[self._gates[position].name], release_ms)[0]
        for position, onset_ms in self.onset_ms.items():
            gate = self._gates[position]
            if onset_ms == NEVER or gate.sort == "resource":
                continue
            if gate.sort == "group":
                group = self._model.groups[gate.name]
                if group.recovery:
                    found[position] = self._recovered_ms(group, onset_ms)[0]
            elif gate.sort == "members":
                group = self._model.groups[gate.name]
                if group.failover is not None and not self._engine.ways.loses_too_much(group):
                    found[position] = self._failed_over_ms(gate, group.failover, group.active, onset_ms)
            elif position in self._engine.deciders:
                found[position] = self.back_ms.get(self._engine.deciders[position], 0)
        # From above only downwards: where needs hold for a while, a later onset must not undo what was achieved.
        best = dict(self._finish)
        for position, ms in found.items():
            if ms < best.get(position, NEVER):
                best[position] = ms
        return best

    def _recovered_ms(self, thing: Resource | Group, release_ms: int) -> tuple[int, Strategy | None]:
        """Return when the first strategy is finished, and which it is."""
        promise_ms = promised_ms(thing) if self._cure == "failed" else NEVER
        best: tuple[int, Strategy | None] = (min(release_ms + promise_ms, NEVER), None)
        for begins_ms, way in self.ways_of(thing):
            end_ms = max(release_ms + begins_ms, self.ready_ms(way)) + way.takes_ms
            if end_ms < best[0]:
                best = end_ms, way.strategy
        return best

    def _failed_over_ms(self, gate: Gate, failover: Failover, active: int, onset_ms: int) -> int:
        released_ms = onset_ms + shortest_ms(failover.detects)
        enough_ms = sorted(self.back_ms.get(child, 0) for child in gate.children)[active - 1]
        return min(max(released_ms, enough_ms) + shortest_ms(failover.takes), NEVER)

    def _need_ms(self, need: Need) -> int:
        """Return from when a need of a recovery is met; a team is there once it was called."""
        match need:
            case On(name):
                return max(self.back_ms.get(self._engine.circuit.nodes[name], 0), self._engine.ways.call_ms(name))
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
            release_ms = self.release_ms.get(position, self.onset_ms[position])
            _, strategy = self._recovered_ms(thing, release_ms)
            steps.append(Step(gate.name, strategy.name if strategy else None, back_ms))
            return self._awaited(thing, strategy, back_ms) if strategy is not None else None
        if gate.name and gate.sort not in {"members", "mode"}:
            steps.append(Step(gate.name, None, back_ms))
        felt = self._felt(gate)
        waits = [child for child, (until_ms, _) in zip(gate.children, felt, strict=True) if until_ms == back_ms]
        return waits[0] if waits else None

    def _awaited(self, thing: Resource | Group, strategy: Strategy, end_ms: int) -> int | None:
        """Return what a strategy had to wait for before it could begin, if that is what made it late."""
        way = next(way for way in self._engine.ways.of(thing) if way.strategy is strategy)
        ready_ms = self.ready_ms(way)
        if ready_ms == 0 or ready_ms + way.takes_ms != end_ms:
            return None
        late = (self._engine.circuit.nodes[name] for name in stands_on(strategy))
        return next((position for position in late if self.back_ms.get(position, 0) == ready_ms), None)


def promised_ms(thing: Resource | Group) -> int:
    """Return in what time a supplier without a strategy of ours says that it comes back itself."""
    if not isinstance(thing, Resource) or thing.recovery or thing.supplier is None:
        return NEVER
    continuity = thing.supplier.continuity
    return NEVER if continuity is None or continuity.rto_ms is None else continuity.rto_ms


def _counted(gate: Gate, felt: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return the times of a gate that counts: back with as many as it needs, gone with as many as it cannot miss.

    Where enough are back for good before too many are gone, as where needs hold for a while, it was never down.
    """
    if gate.fails_at > len(felt):
        return 0, NEVER
    if gate.fails_at == 1:
        back_ms, onset_ms = max(back for back, _ in felt), min(onset for _, onset in felt)
    else:
        back_ms = sorted(back for back, _ in felt)[len(felt) - gate.fails_at]
        onset_ms = sorted(onset for _, onset in felt)[gate.fails_at - 1]
    return (back_ms, onset_ms) if back_ms > onset_ms else (0, NEVER)
