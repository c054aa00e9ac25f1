"""A declaration as a circuit: which things stop functioning when others do.

Each gate counts how many of its children are down, and is down itself from ``fails_at`` on: 1 where all are needed,
all of them where one is enough, n - k + 1 where k of n are needed. What needs nothing is never down by itself. What
functions is the *largest* set whose needs hold inside it (two running services that call each other are fine), so what
is down is the *smallest* set that the gates force, which counting from below finds in one pass.

A redundancy group functions with ``max(active, quorum)`` of its members: ``quorum`` must function, and any ``active``
of them can serve once the failover is over. ``before_failover`` makes the circuit of the moment before: a group with a
failover then also stops with any of its first ``active`` members.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from holdfast.model.types import AllOf, AnyOf, AtLeast, Group, Model, Need, On

# "members" is the part of a group that counts its members, "choice" a part of a need, "reach" how a role is reached.
Sort = Literal["resource", "group", "members", "choice", "mode", "service", "reach"]


@dataclass(frozen=True, slots=True)
class Gate:
    """One part of the circuit: down from ``fails_at`` children that are down, or when it is hit itself.

    ``name`` is that of the resource, group, service or role; of a mode it is the mode's, of a choice it is empty,
    because the same choice may stand in several needs. ``holds_ms`` is how long it does without each child, ``None``:
    not at all.
    """

    sort: Sort
    name: str
    children: tuple[int, ...]
    fails_at: int
    holds_ms: tuple[int | None, ...]

    @property
    def redundant(self) -> bool:
        """Whether it survives the loss of any one child."""
        return self.fails_at > 1


@dataclass(frozen=True, slots=True)
class Circuit:
    """The gates of a model, children and parents as positions in ``gates``.

    ``nodes`` are resources and groups by name, ``members`` the counting parts of groups, ``services`` what functions
    while any mode that meets the minimum does, ``modes`` each mode by service and name, ``reach`` roles.
    ``never`` are gates that nothing can make function.
    """

    gates: tuple[Gate, ...]
    parents: tuple[tuple[int, ...], ...]
    nodes: Mapping[str, int]
    members: Mapping[str, int]
    modes: Mapping[tuple[str, str], int]
    services: Mapping[str, int]
    reach: Mapping[str, int]
    never: tuple[int, ...]

    @classmethod
    def of(cls, model: Model, *, before_failover: bool = False) -> Self:
        """Return the circuit of a model."""
        builder = _Builder(model, before_failover=before_failover)
        gates = tuple(gate for gate in builder.gates if gate is not None)
        parents: list[list[int]] = [[] for _ in gates]
        for position, gate in enumerate(gates):
            for child in gate.children:
                parents[child].append(position)
        return cls(
            gates,
            tuple(tuple(above) for above in parents),
            builder.nodes,
            builder.members,
            builder.modes,
            builder.services,
            builder.reach,
            tuple(position for position, gate in enumerate(gates) if gate.fails_at < 1),
        )

    def down(self, hit: Iterable[int], spared: Container[int] = ()) -> frozenset[int]:
        """Return the gates that are down while ``hit`` are: the work grows with what is down, not with the model.

        What is ``spared`` functions whatever its children do.
        """
        fallen = set(hit) | set(self.never)
        waiting = list(fallen)
        lost: dict[int, int] = {}
        while waiting:
            for above in self.parents[waiting.pop()]:
                lost[above] = lost.get(above, 0) + 1
                if lost[above] >= self.gates[above].fails_at and above not in fallen and above not in spared:
                    fallen.add(above)
                    waiting.append(above)
        return frozenset(fallen)


class _Builder:
    """The gates as they are made: first a place for each name, because needs may name what is declared later."""

    def __init__(self, model: Model, *, before_failover: bool) -> None:
        """Make all gates of ``model``."""
        names = (*model.resources, *model.groups)
        self.gates: list[Gate | None] = [None] * len(names)
        self.nodes = {name: position for position, name in enumerate(names)}
        self.members: dict[str, int] = {}
        self._known: dict[tuple[object, ...], int] = {}
        for name, resource in model.resources.items():
            self.gates[self.nodes[name]] = self._all("resource", name, resource.needs)
        for name, group in model.groups.items():
            self.gates[self.nodes[name]] = self._group(group, before_failover=before_failover)
        self.reach = {name: self._add(self._all("reach", name, role.reached_by)) for name, role in model.roles.items()}
        self.modes = {
            (service.name, mode.name): self._add(self._all("mode", mode.name, mode.needs))
            for service in model.services.values()
            for mode in service.modes
        }
        self.services: dict[str, int] = {}
        for service in model.services.values():
            enough = tuple(self.modes[service.name, mode.name] for mode in service.modes if mode.meets_minimum)
            self.services[service.name] = self._add(
                Gate("service", service.name, enough, len(enough), (None,) * len(enough))
            )

    def _add(self, gate: Gate) -> int:
        self.gates.append(gate)
        return len(self.gates) - 1

    def _group(self, group: Group, *, before_failover: bool) -> Gate:
        """Return the gate of a group: its needs, and enough of its members."""
        members = tuple(self.nodes[name] for name in group.members)
        enough = max(group.active, group.quorum)
        at = len(members) - enough + 1
        counted = self._add(Gate("members", group.name, members, at, (None,) * len(members)))
        self.members[group.name] = counted
        serving = members[: group.active] if before_failover and group.failover is not None else ()
        first = [(child, None) for child in (counted, *serving)]
        return _gate("group", group.name, [*first, *self._children(_flat(group.needs))], 1)

    def _all(self, sort: Sort, name: str, need: Need) -> Gate:
        """Return a gate with all that ``need`` names, what stands directly in it as its own children."""
        return _gate(sort, name, self._children(_flat(need)), 1)

    def _children(self, needs: Iterable[Need]) -> list[tuple[int, int | None]]:
        """Return the position of the gate for each need, and how long it is done without."""
        return [
            (self.nodes[need.resource], need.holds_for_ms) if isinstance(need, On) else (self._choice(need), None)
            for need in needs
        ]

    def _choice(self, need: AllOf | AnyOf | AtLeast) -> int:
        """Return the position of the gate for a part of a need; the same part is made once, wherever it stands."""
        children = sorted(self._children(need.of), key=lambda child: (child[0], child[1] or 0))
        fails_at = len(children) - _enough(need) + 1
        if len(children) == 1 and fails_at == 1 and children[0][1] is None:
            return children[0][0]
        key = (tuple(children), fails_at)
        if key not in self._known:
            self._known[key] = self._add(_gate("choice", "", children, fails_at))
        return self._known[key]


def _gate(sort: Sort, name: str, children: Sequence[tuple[int, int | None]], fails_at: int) -> Gate:
    return Gate(sort, name, tuple(child for child, _ in children), fails_at, tuple(held for _, held in children))


def _enough(need: AllOf | AnyOf | AtLeast) -> int:
    """Return how many parts of a need must function."""
    match need:
        case AllOf(of):
            return len(of)
        case AnyOf():
            return 1
        case AtLeast(count, _):
            return count


def _flat(need: Need) -> Iterable[Need]:
    """Yield the parts of which every one is needed, lists within lists taken apart."""
    if isinstance(need, AllOf):
        for part in need.of:
            yield from _flat(part)
    else:
        yield need
