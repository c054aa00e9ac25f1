"""HF603: what never starts again once everything has stopped, because each waits for the other.

Everything for which a recovery is declared has failed; the rest (people, suppliers) is there. A recovery begins only
from what functions already, while running things may support each other. What can never begin is deadlocked, and what
it waits for, through recoveries and needs, leads back to itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from holdfast.analysis.circuit import Circuit
from holdfast.analysis.exposure import components
from holdfast.analysis.kinds import Weakness
from holdfast.analysis.survey import Survey, some, verb
from holdfast.analysis.ways import NEVER, stands_on
from holdfast.analysis.weights import by_services
from holdfast.model.types import AllOf, AnyOf, AtLeast, Need, On, Strategy

CODE = "HF603"


def cold_start_deadlocks(survey: Survey) -> Iterator[Weakness]:
    """Yield the deadlocks, each with the shortest circle that shows it."""
    circuit = survey.circuit
    strategies = _strategies(survey)
    waiting, down = _never_started(circuit, strategies)
    below: list[Sequence[int]] = [()] * len(circuit.gates)
    for position in down:
        below[position] = tuple(child for child in circuit.gates[position].children if child in down)
    for position in waiting:
        named = {name for strategy in strategies[position] for name in stands_on(strategy)}
        below[position] = tuple(sorted(circuit.nodes[name] for name in named if circuit.nodes[name] in down))
    for component in components(below):
        stuck = sorted(position for position in component if position in waiting)
        if stuck and (len(component) > 1 or stuck[0] in below[stuck[0]]):
            yield _weakness(survey, stuck, min((_circle(below, start, component) for start in stuck), key=len))


def never_started(survey: Survey) -> frozenset[str]:
    """Return the resources and groups with a recovery that can never begin once everything has stopped."""
    waiting, _ = _never_started(survey.circuit, _strategies(survey))
    return frozenset(survey.circuit.gates[gate].name for gate in waiting)


def _strategies(survey: Survey) -> Mapping[int, Sequence[Strategy]]:
    """Return the strategies that cure a failure, of everything that has any, by gate."""
    return {
        survey.circuit.nodes[name]: cures
        for name in (*survey.model.resources, *survey.model.groups)
        if (cures := tuple(strategy for strategy in survey.thing(name).recovery if "failed" in strategy.cures))
    }


def _never_started(circuit: Circuit, strategies: Mapping[int, Sequence[Strategy]]) -> tuple[set[int], frozenset[int]]:
    """Return what no strategy can ever start, and all that stays down with it."""
    waiting = set(strategies)
    while True:
        groups = {gate for gate in strategies if gate not in waiting and circuit.gates[gate].sort == "group"}
        down = circuit.down(
            (gate for gate in waiting if circuit.gates[gate].sort == "resource"), _spared(circuit, groups)
        )
        begun = {gate for gate in waiting if any(_can_begin(circuit, strategy, down) for strategy in strategies[gate])}
        if not begun:
            return {gate for gate in waiting if gate in down}, down
        waiting -= begun


def _spared(circuit: Circuit, groups: set[int]) -> frozenset[int]:
    """Return the counting parts of groups that were recovered as a whole: their members no longer matter."""
    return frozenset(circuit.members[circuit.gates[gate].name] for gate in groups)


def _can_begin(circuit: Circuit, strategy: Strategy, down: frozenset[int]) -> bool:
    others = (*(strategy.crew or ()), *(() if strategy.source is None else (strategy.source,)))
    return all(circuit.nodes[name] not in down for name in others) and _met(circuit, strategy.needs, down)


def _met(circuit: Circuit, need: Need, down: frozenset[int]) -> bool:
    match need:
        case On(name):
            return circuit.nodes[name] not in down
        case AllOf(of):
            return all(_met(circuit, part, down) for part in of)
        case AnyOf(of):
            return any(_met(circuit, part, down) for part in of)
        case AtLeast(count, of):
            return sum(_met(circuit, part, down) for part in of) >= count


def _circle(below: Sequence[Sequence[int]], start: int, component: frozenset[int] | tuple[int]) -> tuple[int, ...]:
    """Return the shortest way from a gate back to itself."""
    came: dict[int, int] = {}
    ahead = deque([start])
    while ahead:
        here = ahead.popleft()
        for child in below[here]:
            if child == start:
                steps = [here]
                while steps[-1] != start:
                    steps.append(came[steps[-1]])
                return (*reversed(steps), start)
            if child in component and child not in came:
                came[child] = here
                ahead.append(child)
    return (start, start)


def _weakness(survey: Survey, stuck: Sequence[int], circle: Sequence[int]) -> Weakness:
    gates = survey.circuit.gates
    path = survey.names(circle) if len(set(circle)) > 1 else (gates[circle[0]].name,) * 2
    waiting = tuple(sorted({gates[gate].name for gate in circle if gate in stuck}))
    services = tuple(sorted({name for gate in stuck for name in survey.serves[gate]}))
    hurt = tuple(sorted({name for gate in stuck for name in survey.carries[gate]}))
    alone = [name for name in waiting if survey.alone_ms(name) >= NEVER]
    enough = f" For that it is enough that {some(alone)} {verb(alone, 'fails', 'fail')}." if alone else ""
    others = len({gates[gate].name for gate in stuck}) - len(waiting)
    return Weakness(
        CODE,
        by_services(survey, hurt, "critical", "high") if hurt else by_services(survey, services, "medium", "low"),
        survey.model.place("resources", waiting[0], "recovery"),
        waiting,
        services,
        f"Once everything has stopped, {some(waiting)} never {verb(waiting, 'starts', 'start')} again: "
        f"{_told(survey, circle, stuck)}.{enough}{f' {others} more wait with it.' if others else ''}",
        path,
        f"Declare, and try, a way to recover {some(waiting, 1)} that needs nothing in this circle.",
    )


def _told(survey: Survey, circle: Sequence[int], stuck: Sequence[int]) -> str:
    """Return the circle in words: what each step waits for."""
    gates = survey.circuit.gates
    named = [gate for gate in circle if gates[gate].name and gates[gate].sort != "members"]
    steps = [
        f"{'the recovery of ' if here in stuck else ''}{gates[here].name} needs {gates[after].name}"
        for here, after in pairwise(named)
        if gates[here].name != gates[after].name or here == after
    ]
    return ", ".join(steps) or f"its recovery needs {gates[circle[0]].name} itself"
