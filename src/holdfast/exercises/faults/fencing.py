"""The fault of the fencing device: it does not do what it is asked, or does it and never confirms it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.range import Inventory
from holdfast.errors import HoldfastError
from holdfast.evidence.events import FaultIntended
from holdfast.exercises.faults.kinds import Aim, FaultKind, Prepared, Seen, absent, request
from holdfast.model.vocabulary import Parameter, ParameterSchema

DEVICE = "fencing-device"
_HOW = "how"
_WITHIN_S = 2.0


def _prepare(aim: Aim, inventory: Inventory) -> Prepared:
    end = inventory.endpoints.get(DEVICE)
    state = inventory.processes.get(aim.target)
    if end is None or end.socket is None:
        raise absent(aim, "this range has no fencing device: it takes profile fenced")
    if state is None or not state.running:
        raise absent(aim, "it does not run, so nobody would notice that its device fails")
    if not _answers(end.socket).so:
        raise absent(aim, "its device does not answer even now")
    return Prepared(request(inventory, "unjam"), {DEVICE: str(end.socket)})


def _inject(intended: FaultIntended, keeper: Hypervisor, _: Inventory) -> None:
    keeper.call({"op": "jam", "how": str(intended.parameters[_HOW]), "exercise": intended.exercise})


def _probe(intended: FaultIntended) -> Seen:
    """Ask the device itself, as the fencer does."""
    seen = _answers(Path(intended.identity[DEVICE]))
    return Seen(not seen.so, seen.observed)


def _verify(intended: FaultIntended, inventory: Inventory) -> Seen:
    end = inventory.endpoints.get(DEVICE)
    return _answers(end.socket if end is not None and end.socket is not None else Path(intended.identity[DEVICE]))


def _answers(device: Path) -> Seen:
    try:
        state = Hypervisor(device).call({"op": "state"}, timeout_s=_WITHIN_S)
    except HoldfastError as error:
        return Seen(so=False, observed=f"the device does not confirm: {error.message}")
    fenced = state.get("fenced")
    return Seen(so=True, observed=f"the device answers: {', '.join(fenced) if fenced else 'nothing'} is fenced")


FAULTS: Mapping[str, FaultKind] = {
    "fencing.jam": FaultKind(
        schema=ParameterSchema(
            frozenset({"application"}),
            {
                _HOW: Parameter(
                    "text",
                    default="fails",
                    choices=("fails", "unconfirmed"),
                    meaning="`fails`: it does nothing; `unconfirmed`: it fences, and never says so.",
                )
            },
        ),
        does="the fencing device of {target} no longer does, or no longer confirms, what it is asked",
        shown_by="the device is asked for its state, as the fencer asks it, and does not confirm one",
        undone_by="the keeper lets the device work again",
        prepare=_prepare,
        inject=_inject,
        probe=_probe,
        verify=_verify,
        goes_on=True,
    ),
}
