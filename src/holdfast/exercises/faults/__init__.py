"""The faults: what each does, how it is shown to have taken effect, how it is undone. ``FAULTS`` is the registry."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.evidence.events import FaultIntended
from holdfast.exercises.faults import (
    changes,
    clocks,
    cluster,
    disks,
    experiments,
    fencing,
    hosts,
    ledger,
    links,
    network,
    processes,
    shared,
    slowness,
)
from holdfast.exercises.faults.kinds import KEEPER, Aim, FaultKind, Prepared, Seen, parameters_text

FAULTS: Mapping[str, FaultKind] = {
    **processes.FAULTS,
    **slowness.FAULTS,
    **hosts.FAULTS,
    **shared.FAULTS,
    **network.FAULTS,
    **links.FAULTS,
    **cluster.FAULTS,
    **disks.FAULTS,
    **ledger.FAULTS,
    **changes.FAULTS,
    **fencing.FAULTS,
    **clocks.FAULTS,
    **experiments.FAULTS,
}


def undo(intended: FaultIntended) -> None:
    """Undo a fault: idempotent, and needs only the intention. Whatever it could not do is a HoldfastError."""
    FAULTS[intended.name].undo(intended)


__all__ = ["FAULTS", "KEEPER", "Aim", "FaultKind", "Prepared", "Seen", "parameters_text", "undo"]
