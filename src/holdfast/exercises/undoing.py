"""Undoing what was injected: from the recorded intention alone, again until it is verified or a deadline passes."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.range import inventory
from holdfast.errors import HoldfastError
from holdfast.evidence.events import FaultIntended, FaultUndone
from holdfast.exercises import faults
from holdfast.exercises.course import Course, Recorder, meanwhile
from holdfast.exercises.faults import FAULTS, KEEPER, Seen
from holdfast.exercises.faults.kinds import keeper_of
from holdfast.store.clock import now

UNDO_TIMEOUT_S = 60.0
LOOK_EVERY_S = 0.3
REVOKE_TIMEOUT_S = 5.0
WORKERS = 16  # a scenario has at most so many faults


def undo_all(course: Course, recorder: Recorder, pulse: Callable[[], None]) -> bool:
    """Undo everything outstanding, last first, and return whether all of it was shown to be undone.

    Every undoing is asked for before the first is verified: what came back may have to wait for what is still broken.
    """
    outstanding = course.look().outstanding()
    for _, intended in outstanding:
        meanwhile(partial(_asked, intended), pulse)
    with Undoing(recorder) as undoing:
        for seq, intended in outstanding:
            undoing.begin(seq, intended)
        while undoing.under_way:
            pulse()
            time.sleep(LOOK_EVERY_S)
            undoing.record_done()
    course.look()
    return not course.outstanding()


def undo_unrecorded(course: Course) -> None:
    """Undo what is known to be outstanding when the log cannot be reached: nobody records it until a later start does.

    What was begun is ended by its time-box whatever becomes of the log, and nothing more is injected.
    """
    if course.opened is not None:
        with suppress(HoldfastError):
            revoke(course.exercise, Hypervisor(Path(course.opened.target[KEEPER])))
    outstanding = [intended for _, intended in course.outstanding()]
    for intended in outstanding:
        _asked(intended)
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(_undone, outstanding))


class Undoing:
    """Faults that are being undone, each until it is verified or its time is over; others go on meanwhile."""

    def __init__(self, recorder: Recorder) -> None:
        """Begin with none."""
        self._recorder = recorder
        self._pool = ThreadPoolExecutor(WORKERS)
        self._doing: dict[Future[Seen], tuple[int, FaultIntended]] = {}

    @property
    def under_way(self) -> int:
        """How many are not done."""
        return len(self._doing)

    def begin(self, seq: int, intended: FaultIntended) -> None:
        """Begin to undo the fault whose intention is entry ``seq``."""
        self._doing[self._pool.submit(_undone, intended)] = (seq, intended)

    def record_done(self) -> None:
        """Record how each ended that has; whatever went wrong is recorded, not raised."""
        for future in [future for future in self._doing if future.done()]:
            seq, intended = self._doing.pop(future)
            seen = future.result()
            by, fault = self._recorder.by, intended.fault
            undone = FaultUndone(self._recorder.exercise, fault, by, seen.so, seen.observed, now())
            self._recorder.record(undone, cause=seq)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let what is under way end by itself; each is bounded."""
        self._pool.shutdown(wait=False)


def revoke(exercise: str, keeper: Hypervisor) -> None:
    """Have the keeper refuse every further injection of this exercise, even by a runner that wakes up later."""
    if keeper.alive():
        keeper.call({"op": "revoke", "exercise": exercise}, timeout_s=REVOKE_TIMEOUT_S)


def _asked(intended: FaultIntended) -> None:
    """Ask for an undoing once; a refusal shows itself again when it is verified."""
    if keeper_of(intended).alive():
        with suppress(HoldfastError):
            faults.undo(intended)


def _undone(intended: FaultIntended) -> Seen:
    keeper = keeper_of(intended)
    deadline = time.monotonic() + UNDO_TIMEOUT_S
    while True:
        if not keeper.alive():
            if FAULTS[intended.name].reaches_out:
                return Seen(so=False, observed="the range no longer exists, and what was done outside of it may remain")
            # Everything that the others can change lives in the keeper's own namespaces and ends with it.
            return Seen(so=True, observed="the range no longer exists, and with it what was changed in it")
        try:
            faults.undo(intended)
            seen = FAULTS[intended.name].verify(intended, inventory(keeper)[0])
        except (HoldfastError, OSError) as error:
            seen = Seen(so=False, observed=str(error))
        if seen.so or time.monotonic() > deadline:
            return seen
        time.sleep(LOOK_EVERY_S)
