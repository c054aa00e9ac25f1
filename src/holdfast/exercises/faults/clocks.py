"""Faults of clocks: declared, and not to be had on one machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Never

from holdfast.connectors.range import Inventory
from holdfast.errors import EnvironmentProblem
from holdfast.evidence.events import FaultIntended
from holdfast.exercises.faults.kinds import Aim, FaultKind, Seen
from holdfast.model.vocabulary import Parameter, ParameterSchema

CANNOT = (
    "the wall clock is one for the whole machine: time namespaces move the monotonic and the boot clock only "
    "(time_namespaces(7)), and to step the machine's own would change the clock that everything is measured by"
)


def _prepare_step(aim: Aim, _: Inventory) -> Never:
    message = f"the clock of {aim.target} cannot be stepped here: {CANNOT}"
    raise EnvironmentProblem("HF415", message, remedy="drill it where every host has a machine of its own")


def _unseen(intended: FaultIntended) -> Seen:
    return Seen(so=False, observed=f"the clock of {intended.target} was never stepped: {CANNOT}")


FAULTS: Mapping[str, FaultKind] = {
    "clock.step": FaultKind(
        schema=ParameterSchema(
            frozenset({"host"}), {"by": Parameter("duration", required=True, meaning="How far it is set ahead.")}
        ),
        does="the wall clock of {target} is set ahead",
        shown_by="nothing yet: no machine of this kind can do it",
        undone_by="nothing is ever to be undone: it is refused before the range is started",
        prepare=_prepare_step,
        inject=lambda _intended, _keeper, _inventory: None,
        probe=_unseen,
        verify=lambda intended, _: Seen(so=True, observed=f"the clock of {intended.target} was never stepped"),
        cannot=CANNOT,
    ),
}
"""What a range of one machine says plainly that it cannot do."""
