"""Leaving an exercise in order, whoever does it: undo, collect, close, take down a range that was the drill's own."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.range import Command, Inventory, inventory, parse_inventory
from holdfast.errors import HoldfastError
from holdfast.evidence.events import EvidenceMissing, ExerciseClosed, ExerciseOpened, PhaseEntered
from holdfast.exercises import collection
from holdfast.exercises.business import Operator
from holdfast.exercises.course import Course, Recorder
from holdfast.exercises.undoing import undo_all
from holdfast.store.clock import now

How = Literal["finished", "stopped", "crashed", "not-runnable"]

# What ``ExerciseOpened.target`` says of the range: enough to find it again, heal it and take it down.
RANGE, KEEPER, OWNED, COMMAND, RUNNER, GUARD = "range", "keeper", "owned", "command", "runner", "guard"
MACHINE = "machine"  # on which all of that is
WRITTEN = "inventory.json"  # in the range's directory
VAULT_TIMEOUT_S = 5.0
LOOK_EVERY_S = 0.1


def _nothing() -> None:
    """Do nothing while waiting."""


def leave(course: Course, recorder: Recorder, how: How, why: str, pulse: Callable[[], None] = _nothing) -> None:
    """Undo what is outstanding, stop the load, collect the evidence, close, take the range down if it is ours.

    Nothing here raises for what the range no longer does: it is recorded, and the exercise is closed all the same.
    """
    opened = course.look().opened
    if opened is None or course.closed:
        return
    undo_all(course, recorder, pulse)
    keeper = Hypervisor(Path(opened.target[KEEPER]))
    target = _target(keeper)
    if how != "not-runnable":
        if target is not None and how != "finished":
            _stop_load(recorder, target)
        recorder.record(PhaseEntered(recorder.exercise, "collecting", "evidence is committed by digest", now()))
        pulse()
        collection.collect(recorder, target, course.attached)
    pulse()
    # Before the close, so that a closed exercise never leaves a range behind, whenever this process ends.
    take_down(recorder, opened)
    if not course.look().closed:
        recorder.record(ExerciseClosed(recorder.exercise, how, why, now()))


def take_down(recorder: Recorder, opened: ExerciseOpened) -> None:
    """Take down the range if the exercise started it."""
    if opened.target[OWNED] != "yes" or not opened.target[COMMAND]:
        return
    directory = Path(opened.target[RANGE])
    try:
        Command(tuple(shlex.split(opened.target[COMMAND]))).stop(directory)
    except HoldfastError as error:
        recorder.record(PhaseEntered(recorder.exercise, "taking down failed", str(error), now()))
    # The place for ranges of our own, made when the first of them was started; another drill may still be using it.
    with suppress(OSError):
        directory.parent.rmdir()


def _target(keeper: Hypervisor) -> Inventory | None:
    """Return the range as it is, or as it last wrote itself down: its records outlive its keeper."""
    try:
        if keeper.alive():
            return inventory(keeper)[0]
        return parse_inventory(json.loads((keeper.path.parent / WRITTEN).read_text()))
    except (HoldfastError, OSError, ValueError):
        return None


def _stop_load(recorder: Recorder, target: Inventory) -> None:
    """Have the participants resolve what is open, so that their records end with an answer to everything."""
    operator = Operator(target)
    try:
        operator.stop_load()
        # The vault pulls what was written last a moment later; taken before, its copy would seem to lack it.
        deadline = time.monotonic() + VAULT_TIMEOUT_S
        while not operator.vault_in_step() and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)
    except (HoldfastError, OSError) as error:
        why = f"the load could not be stopped, so the records end while it runs: {error}"
        recorder.record(EvidenceMissing(recorder.exercise, "resolution of open instructions", why))
