"""Healing: exercises that were never closed, found in the log at the next start, and undone, closed, taken down.

This is what remains when the runner died and its guard with it. An exercise whose runner or guard still lives is left
to them. Two starts at once take turns by a lock on the log's directory.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from holdfast.connectors import processes
from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.processes import Process
from holdfast.errors import EnvironmentProblem, HoldfastError
from holdfast.evidence.envelope import event_of
from holdfast.evidence.events import ExerciseClosed, ExerciseOpened, Instant, PhaseEntered, StopRequested
from holdfast.exercises import leaving
from holdfast.exercises.course import READ_ENTRIES, Course, Recorder
from holdfast.exercises.undoing import revoke
from holdfast.store.clock import now
from holdfast.store.port import Log
from holdfast.store.sqlite import SqliteLog

GUARD_ENDS_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 300.0
LOOK_EVERY_S = 0.3
WHY = "its runner and its guard ended before it was closed; a later start undid what was left"


@dataclass(frozen=True, slots=True)
class Open:
    """An exercise without a close: the entry before its opening, its opening, and on which clock that was."""

    after: int
    opened: ExerciseOpened
    clock_id: str


def unclosed(log: Log) -> list[Open]:
    """Return every exercise of a log that was opened and not closed, in order."""
    found: dict[str, Open] = {}
    after = -1
    while entries := log.read(after, READ_ENTRIES):
        after = entries[-1].seq
        for entry in entries:
            if entry.kind in {"exercise.opened", "exercise.closed"}:
                event = event_of(entry)
                if isinstance(event, ExerciseOpened):
                    found[event.exercise] = Open(entry.seq - 1, event, entry.clock_id)
                elif isinstance(event, ExerciseClosed):
                    found.pop(event.exercise, None)
    return list(found.values())


def runner_lives(exercise: Open) -> bool:
    """Return whether the process that opened an exercise still runs."""
    return _lives(exercise, leaving.RUNNER)


def heal(log: SqliteLog, tell: Callable[[str], None]) -> tuple[list[str], list[str]]:
    """Heal every dead exercise of a log; return the ids of those healed, and of those that are still alive."""
    healed: list[str] = []
    alive: list[str] = []
    with _alone(log.directory):
        for exercise in unclosed(log):
            name = exercise.opened.exercise
            if runner_lives(exercise):
                alive.append(name)
                continue
            course = Course(log, name, exercise.after)
            deadline = time.monotonic() + GUARD_ENDS_TIMEOUT_S
            while not course.look().closed and _lives(exercise, leaving.GUARD) and time.monotonic() < deadline:
                tell(f"{name}: its guard is undoing it")
                time.sleep(LOOK_EVERY_S)
            if not course.closed:
                tell(f"{name}: undoing what is left")
                _heal_one(course, Recorder(log, name, "later-start"), exercise.opened)
            healed.append(name)
    return healed, alive


def stop(log: SqliteLog, tell: Callable[[str], None]) -> list[str]:
    """Ask every exercise that is running to stop, wait until each is closed, and return their ids.

    HF408 if one is not closed within five minutes. Those whose processes are gone are healed instead.
    """
    asked = []
    for exercise in unclosed(log):
        name = exercise.opened.exercise
        if runner_lives(exercise) or _lives(exercise, leaving.GUARD):
            request = StopRequested(name, "operator", "holdfast drill --stop", now())
            log.append([request], actor="operator", subject=f"exercise:{name}")
            asked.append(Course(log, name, exercise.after))
    deadline = time.monotonic() + STOP_TIMEOUT_S
    for course in asked:
        while not course.look().closed and _owner_lives(course):
            if time.monotonic() > deadline:
                message = f"{course.exercise} was asked to stop and is not closed after {STOP_TIMEOUT_S:.0f} s"
                raise EnvironmentProblem("HF408", message, remedy="end its process, then run holdfast drill --heal")
            tell(f"{course.exercise}: stopping")
            time.sleep(LOOK_EVERY_S)
    healed, _ = heal(log, tell)
    return [
        *(course.exercise for course in asked),
        *(name for name in healed if name not in {c.exercise for c in asked}),
    ]


def _owner_lives(course: Course) -> bool:
    target = course.opened.target if course.opened is not None else {}
    return any(processes.condition(Process.parse(target[who])) != "gone" for who in (leaving.RUNNER, leaving.GUARD))


def _heal_one(course: Course, recorder: Recorder, opened: ExerciseOpened) -> None:
    try:
        revoke(course.exercise, Hypervisor(Path(opened.target[leaving.KEEPER])))
    except HoldfastError as error:
        # Whoever could still inject is dead; what is outstanding is undone all the same.
        recorder.record(PhaseEntered(course.exercise, "revoking failed", str(error), now()))
    leaving.leave(course, recorder, "crashed", WHY)


def _lives(exercise: Open, who: str) -> bool:
    """Return whether a process of an exercise lives. After a reboot none does, whoever has its pid now."""
    here: Instant = now()
    if exercise.clock_id != here.clock_id:
        return False
    return processes.condition(Process.parse(exercise.opened.target[who])) != "gone"


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
