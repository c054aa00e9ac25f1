"""What every fault is made of: its aim, what is prepared before it, what a probe sees, and how it is undone.

A fault acts through the range's keeper, or as an operator or insider would, and is probed from outside of it: in
``/proc``, and by trying from inside the network. What the probe will look at is recorded before the injection
(``identity``), and so is what undoing asks for (``undo``): whoever comes next needs nothing but the recorded
intention, and may undo what was never injected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.range import KEEPER_SOCKET, Inventory, inventory
from holdfast.errors import HoldfastError
from holdfast.evidence.events import FaultIntended
from holdfast.model.vocabulary import ParameterSchema

KEEPER = "keeper"
OfGroup = Literal["all", "quorum"]
"""A whole group, or as many of its members as it takes that the others have no quorum."""

Need = Literal["network", "silence", "disks"]
"""What some ranges have not got: a network of their own, losses that peers do not hear, disks of their hosts' own. A
range says in its inventory which of them it lacks, and why."""


@dataclass(frozen=True, slots=True)
class Aim:
    """A fault of an exercise before it is intended: its id in the exercise, its target, its parameters.

    ``stands_for`` names what a group or a shared value stands for, as the model has it, and is empty for the rest.
    """

    exercise: str
    fault: str
    target: str
    parameters: Mapping[str, object]
    stands_for: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """What names the fault among those of all exercises."""
        return f"{self.exercise}-{self.fault}"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is recorded before the injection."""

    undo: Mapping[str, str]
    identity: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a probe saw, and whether it is what it looked for."""

    so: bool
    observed: str


def keeper_of(intended: FaultIntended) -> Hypervisor:
    """Return the way in to the keeper that undoing asks."""
    return Hypervisor(Path(intended.undo[KEEPER]))


def range_of(intended: FaultIntended) -> Inventory:
    """Return what the range says of itself now; HF301 or HF302 if it does not answer."""
    return inventory(keeper_of(intended))[0]


def ask_keeper(intended: FaultIntended) -> None:
    """Ask the keeper to undo a fault: idempotent, and needs only the intention. HF301 or HF302 if it does not."""
    keeper_of(intended).call({name: asked for name, asked in intended.undo.items() if name != KEEPER})


def each_done(undoing: Iterable[Callable[[], object]]) -> None:
    """Do everything that an undoing takes, in its order, whatever becomes of one; then raise the first refusal."""
    refusals = []
    for undo in undoing:
        try:
            undo()
        except HoldfastError as refusal:
            refusals.append(refusal)
    if refusals:
        raise refusals[0]


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One fault. ``does``, ``shown_by`` and ``undone_by`` are sentences with ``{target}``, for plans and pages.

    ``prepare`` raises HF401 if the target is not there to be hit; ``probe`` and ``verify`` look once and raise nothing
    for what they do not find. ``verify`` gets the range as it is now: processes that came back have new pids.
    ``undo`` needs the intention alone, and may be asked for again. ``until_evidence`` is said of a fault that is held
    until the evidence is taken, for only then can an audit find it. ``cannot`` is why no machine of this kind can do
    it, where none can. ``of_group`` is how much of a group it takes; what it hits ``goes_on`` where it does not stop.
    """

    schema: ParameterSchema
    does: str
    shown_by: str
    undone_by: str
    prepare: Callable[[Aim, Inventory], Prepared]
    inject: Callable[[FaultIntended, Hypervisor, Inventory], None]
    probe: Callable[[FaultIntended], Seen]
    verify: Callable[[FaultIntended, Inventory], Seen]
    undo: Callable[[FaultIntended], None] = ask_keeper
    until_evidence: bool = False
    cannot: str = ""
    of_group: OfGroup = "all"
    goes_on: bool = False
    reaches_out: bool = False
    """Whether it may change what is not the range's, and does not end with it."""
    needs: Need | None = None
    """What the range must have for it, where not every range has it."""


def parameters_text(parameters: Mapping[str, object]) -> dict[str, str]:
    """Return a fault's parameters as they are recorded: places are listed with a comma and a space."""
    return {
        name: ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
        for name, value in sorted(parameters.items())
    }


def listed(value: object) -> tuple[str, ...]:
    """Return the places of a parameter, as they are declared or as ``parameters_text`` recorded them."""
    words = value.split(",") if isinstance(value, str) else value if isinstance(value, tuple | list) else ()
    return tuple(str(word).strip() for word in words if str(word).strip())


def request(inventory: Inventory, op: str, **arguments: str) -> dict[str, str]:
    """Return what the keeper of a range is asked, in the form in which it is recorded."""
    return {KEEPER: str(inventory.dir / KEEPER_SOCKET), "op": op, **arguments}


def absent(
    aim: Aim, why: str, remedy: str = "let the range become whole again, or correct the scenario"
) -> HoldfastError:
    """Return HF401: the target is not there to be hit, and why."""
    return HoldfastError("HF401", f"{aim.target} cannot be hit: {why}", remedy=remedy)
