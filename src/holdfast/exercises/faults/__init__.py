"""The faults: what each does, how it is shown to have taken effect, how it is undone. ``FAULTS`` is the registry."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.exercises.faults import hosts, network, processes
from holdfast.exercises.faults.kinds import KEEPER, Aim, FaultKind, Prepared, Seen, parameters_text, undo

FAULTS: Mapping[str, FaultKind] = {**processes.FAULTS, **hosts.FAULTS, **network.FAULTS}

__all__ = ["FAULTS", "KEEPER", "Aim", "FaultKind", "Prepared", "Seen", "parameters_text", "undo"]
