"""What each single event takes down, for all events and all parts of the circuit at once.

For each gate the set of events that alone take it down is one whole number with a bit for each event. Where all
children are needed it is the union of theirs, where one is enough the intersection, where k of n are needed those that
occur in more than n - k of them. The sets are the least ones that satisfy this, begun from nothing, because what
functions is the greatest set; parts of the circuit that need each other are repeated until nothing changes.

Behind the events' bits each gate that survives the loss of a child has one of its own, "this choice is lost": it says
which redundancy stands between which others and a service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from holdfast.analysis.circuit import Circuit, Gate
from holdfast.analysis.events import Event


@dataclass(frozen=True, slots=True)
class Exposure:
    """By gate, the events that alone take it down, as bits in the order of ``events``.

    ``choices`` are the positions of the bits of gates that are a choice, by gate; ``ordered`` those gates in order.
    """

    circuit: Circuit
    events: tuple[Event, ...]
    fatal: tuple[int, ...]
    choices: Mapping[int, int]
    ordered: tuple[int, ...]

    @classmethod
    def of(cls, circuit: Circuit, events: Sequence[Event]) -> Self:
        """Return what ``events`` do to ``circuit``."""
        own = [0] * len(circuit.gates)
        for bit, event in enumerate(events):
            for name in event.hits:
                own[circuit.nodes[name]] |= 1 << bit
        counted = (position for position, gate in enumerate(circuit.gates) if gate.redundant or gate.sort == "members")
        choices = {position: len(events) + number for number, position in enumerate(counted)}
        for position, bit in choices.items():
            own[position] |= 1 << bit
        everything = (1 << (len(events) + len(choices))) - 1
        for position in circuit.never:
            own[position] = everything
        return cls(circuit, tuple(events), _least(circuit, own), choices, tuple(choices))

    def choice_at(self, bit: int) -> int:
        """Return the gate that is the choice with this bit."""
        return self.ordered[bit - len(self.events)]

    def takes_down(self, event: int, gate: int) -> bool:
        """Whether the event with this number alone takes the gate down."""
        return bool(self.fatal[gate] >> event & 1)

    @property
    def every_event(self) -> int:
        """The set of all events, without the choices behind them."""
        return (1 << len(self.events)) - 1

    def events_in(self, mask: int) -> Iterator[int]:
        """Yield the numbers of the events in a set, in order."""
        yield from bits(mask & self.every_event)


def bits(mask: int) -> Iterator[int]:
    """Yield the positions of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def mask_of(positions: Iterable[int]) -> int:
    """Return the whole number with these bits set."""
    found = bytearray()
    for position in positions:
        if position >> 3 >= len(found):
            found.extend(bytes((position >> 3) + 1 - len(found)))
        found[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(found, "little")


def in_at_least(count: int, sets: Sequence[int]) -> int:
    """Return what is in at least ``count`` (1 or more) of ``sets``, each a whole number whose bits are its elements.

    Their sum is kept bit by bit in ``planes``, an adder for every element at once, and then compared with ``count``.
    """
    planes: list[int] = []
    for carry in sets:
        for position, plane in enumerate(planes):
            planes[position], carry = plane ^ carry, plane & carry  # noqa: PLW2901 - the carry runs through the planes
        if carry:
            planes.append(carry)
    above, equal = 0, -1
    for position in reversed(range(max(len(planes), count.bit_length()))):
        plane = planes[position] if position < len(planes) else 0
        if count >> position & 1:
            equal &= plane
        else:
            above |= equal & plane
            equal &= ~plane
    return above | equal


def _least(circuit: Circuit, own: Sequence[int]) -> tuple[int, ...]:
    """Return the least sets, each with its gate's own events."""
    found = list(own)
    for component in components([gate.children for gate in circuit.gates]):
        waiting = dict.fromkeys(component)
        while waiting:
            position = next(iter(waiting))
            del waiting[position]
            gate = circuit.gates[position]
            taken = own[position] | _through(gate, [found[child] for child in gate.children])
            if taken != found[position]:
                found[position] = taken
                if len(component) > 1:
                    waiting.update(dict.fromkeys(above for above in circuit.parents[position] if above in component))
    return tuple(found)


def _through(gate: Gate, sets: Sequence[int]) -> int:
    """Return the events that a gate passes on from its children."""
    if not sets or gate.fails_at < 1:
        return 0
    if gate.fails_at == 1:
        union = 0
        for events in sets:
            union |= events
        return union
    if gate.fails_at == len(sets):
        shared = sets[0]
        for events in sets[1:]:
            shared &= events
        return shared
    return in_at_least(gate.fails_at, sets)


def components(below: Sequence[Iterable[int]]) -> Iterator[frozenset[int] | tuple[int]]:
    """Yield the strongly connected components of a graph, each after all that it leads to.

    Tarjan, Depth-first search and linear graph algorithms (SIAM J. Comput. 1, 1972), without recursion.
    """
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    open_: dict[int, None] = {}
    for start in range(len(below)):
        if start in order:
            continue
        order[start] = lowest[start] = len(order)
        open_[start] = None
        path = [(start, iter(below[start]))]
        while path:
            here, rest = path[-1]
            for child in rest:
                if child not in order:
                    order[child] = lowest[child] = len(order)
                    open_[child] = None
                    path.append((child, iter(below[child])))
                    break
                if child in open_:
                    lowest[here] = min(lowest[here], order[child])
            else:
                path.pop()
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[here])
                if lowest[here] == order[here]:
                    yield _closed(open_, here)


def _closed(open_: dict[int, None], root: int) -> frozenset[int] | tuple[int]:
    """Take a finished component off the open positions: everything opened since its root."""
    found = []
    while True:
        position, _ = open_.popitem()
        found.append(position)
        if position == root:
            return frozenset(found) if len(found) > 1 else (position,)
