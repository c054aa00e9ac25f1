"""Undoing what was injected: from the recorded intention alone, again until it is verified or a deadline passes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.range import inventory
from holdfast.errors import HoldfastError
from holdfast.evidence.events import FaultIntended, FaultUndone
from holdfast.exercises import faults
from holdfast.exercises.course import Course, Recorder, meanwhile
from holdfast.exercises.faults import FAULTS, KEEPER, Seen
from holdfast.store.clock import now

UNDO_TIMEOUT_S = 60.0
LOOK_EVERY_S = 0.3
REVOKE_TIMEOUT_S = 5.0


def undo_all(course: Course, recorder: Recorder, pulse: Callable[[], None]) -> bool:
    """Undo everything outstanding, last first, and return whether all of it was shown to be undone."""
    outstanding = course.look().outstanding()
    done = [undo_one(seq, intended, recorder, pulse) for seq, intended in outstanding]
    course.look()
    return all(done)


def undo_one(seq: int, intended: FaultIntended, recorder: Recorder, pulse: Callable[[], None]) -> bool:
    """Undo one fault, verify it, and record how that ended; whatever goes wrong is recorded, not raised."""
    seen = meanwhile(lambda: _undone(intended), pulse)
    undone = FaultUndone(recorder.exercise, intended.fault, recorder.by, seen.so, seen.observed, now())
    recorder.record(undone, cause=seq)
    return seen.so


def revoke(exercise: str, keeper: Hypervisor) -> None:
    """Have the keeper refuse every further injection of this exercise, even by a runner that wakes up later."""
    if keeper.alive():
        keeper.call({"op": "revoke", "exercise": exercise}, timeout_s=REVOKE_TIMEOUT_S)


def _undone(intended: FaultIntended) -> Seen:
    keeper = Hypervisor(Path(intended.undo[KEEPER]))
    deadline = time.monotonic() + UNDO_TIMEOUT_S
    while True:
        if not keeper.alive():
            # Everything that a fault can change lives in the keeper's own namespaces and ends with it.
            return Seen(so=True, observed="the range no longer exists, and with it what was changed in it")
        try:
            faults.undo(intended)
            seen = FAULTS[intended.name].verify(intended, inventory(keeper)[0])
        except HoldfastError as error:
            seen = Seen(so=False, observed=str(error))
        if seen.so or time.monotonic() > deadline:
            return seen
        time.sleep(LOOK_EVERY_S)
