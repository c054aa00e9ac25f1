"""Healing: what exercises left behind, found in the log at the next start, and undone, closed, taken down.

This is what remains when the runner died and its guard with it, or when an exercise had to be closed although not all
of it could be undone. An exercise whose runner or guard still lives is left to them, one that was begun on another
machine to that machine. Two starts at once take turns by holding the log exclusively.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from holdfast.connectors import processes
from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.processes import Process
from holdfast.errors import EnvironmentProblem, HoldfastError
from holdfast.evidence.envelope import event_of
from holdfast.evidence.events import ExerciseClosed, ExerciseOpened, Instant, PhaseEntered, StopRequested
from holdfast.exercises import leaving
from holdfast.exercises.course import READ_ENTRIES, Course, Recorder
from holdfast.exercises.undoing import revoke, undo_all
from holdfast.store.clock import machine_id, now
from holdfast.store.port import Log

GUARD_ENDS_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 300.0
LOOK_EVERY_S = 0.3
WHY = "its runner and its guard ended before it was closed; a later start undid what was left"


@dataclass(frozen=True, slots=True)
class Begun:
    """An exercise: the entry before its opening, its opening, on which clock that was, and whether it was closed."""

    after: int
    opened: ExerciseOpened
    clock_id: str
    closed: bool = False


@dataclass(slots=True)
class Healing:
    """What came of healing, by exercise: healed, still alive and therefore untouched, not wholly healed."""

    healed: list[str] = field(default_factory=list)
    alive: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def unclosed(log: Log) -> list[Begun]:
    """Return every exercise of a log that was opened and not closed, in order."""
    return [exercise for exercise in begun(log) if not exercise.closed]


def begun(log: Log) -> list[Begun]:
    """Return every exercise of a log, in order."""
    found: dict[str, Begun] = {}
    after = -1
    while entries := log.read(after, READ_ENTRIES):
        after = entries[-1].seq
        for entry in entries:
            if entry.kind in {"exercise.opened", "exercise.closed"}:
                event = event_of(entry)
                if isinstance(event, ExerciseOpened):
                    found[event.exercise] = Begun(entry.seq - 1, event, entry.clock_id)
                elif isinstance(event, ExerciseClosed) and event.exercise in found:
                    found[event.exercise] = replace(found[event.exercise], closed=True)
    return list(found.values())


def runner_lives(exercise: Begun) -> bool:
    """Return whether the process that opened an exercise still runs."""
    return _lives(exercise, leaving.RUNNER)


def heal(log: Log, tell: Callable[[str], None]) -> Healing:
    """Heal every dead exercise of a log, and say what came of it.

    One that is closed is healed too, if the range that it left behind, or broken, is still there. Commands and targets
    are taken from the log, so without its key, HF204: nothing is done that nobody signed.
    """
    log.own_key()
    healing = Healing()
    with log.exclusive():
        for exercise in begun(log):
            name = exercise.opened.exercise
            if not _begun_here(exercise):
                continue
            if exercise.closed and not _range_is_up(exercise):
                continue
            if runner_lives(exercise):
                healing.alive += [] if exercise.closed else [name]
                continue
            course = Course(log, name, exercise.after)
            recorder = Recorder(log, name, "later-start")
            if exercise.closed:
                if not _clear_up(course, recorder, exercise.opened, tell):
                    continue
            else:
                _wait_for_guard(course, exercise, tell)
                if not course.closed:
                    tell(f"{name}: undoing what is left")
                    _heal_one(course, recorder, exercise.opened)
            whole = not course.look().outstanding() and not (_owns(exercise.opened) and _range_is_up(exercise))
            (healing.healed if whole else healing.left).append(name)
    return healing


def stop(log: Log, tell: Callable[[str], None]) -> list[str]:
    """Ask every exercise that is running to stop, wait until each is closed, and return their ids.

    HF408 if one is not closed within five minutes. Those whose processes are gone are healed instead.
    """
    log.own_key()
    asked = []
    for exercise in unclosed(log):
        name = exercise.opened.exercise
        if not _begun_here(exercise):
            tell(f"{name} was begun on another machine: it is stopped there")
        elif runner_lives(exercise) or _lives(exercise, leaving.GUARD):
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
    names = [course.exercise for course in asked]
    return [*names, *(name for name in heal(log, tell).healed if name not in names)]


def _owner_lives(course: Course) -> bool:
    target = course.opened.target if course.opened is not None else {}
    return any(processes.condition(Process.parse(target[who])) != "gone" for who in (leaving.RUNNER, leaving.GUARD))


def _wait_for_guard(course: Course, exercise: Begun, tell: Callable[[str], None]) -> None:
    """Wait while the guard of a dead runner is at it."""
    deadline = time.monotonic() + GUARD_ENDS_TIMEOUT_S
    while not course.look().closed and _lives(exercise, leaving.GUARD) and time.monotonic() < deadline:
        tell(f"{course.exercise}: its guard is undoing it")
        time.sleep(LOOK_EVERY_S)


def _heal_one(course: Course, recorder: Recorder, opened: ExerciseOpened) -> None:
    try:
        revoke(course.exercise, Hypervisor(Path(opened.target[leaving.KEEPER])))
    except HoldfastError as error:
        # Whoever could still inject is dead; what is outstanding is undone all the same.
        recorder.record(PhaseEntered(course.exercise, "revoking failed", str(error), now()))
    leaving.leave(course, recorder, "crashed", WHY)


def _clear_up(course: Course, recorder: Recorder, opened: ExerciseOpened, tell: Callable[[str], None]) -> bool:
    """Try again what could not be undone or taken down before the close; return whether there was anything."""
    course.look()
    owned = _owns(opened)
    if not owned and not course.outstanding():
        return False
    tell(f"{course.exercise}: {'taking down' if owned else 'undoing'} what it left behind")
    if owned:
        leaving.take_down(recorder, opened)
    else:
        undo_all(course, recorder, lambda: None)
    return True


def _owns(opened: ExerciseOpened) -> bool:
    """Return whether an exercise started its range, and so takes it down."""
    return opened.target[leaving.OWNED] == "yes"


def _range_is_up(exercise: Begun) -> bool:
    """Return whether the keeper that an exercise spoke to is there; after a reboot it is another's, if any."""
    return exercise.clock_id == now().clock_id and Hypervisor(Path(exercise.opened.target[leaving.KEEPER])).alive()


def _begun_here(exercise: Begun) -> bool:
    """Return whether it was begun on this machine: of another's processes nothing is known here."""
    return exercise.opened.target.get(leaving.MACHINE, machine_id()) == machine_id()


def _lives(exercise: Begun, who: str) -> bool:
    """Return whether a process of an exercise lives. After a reboot none does, whoever has its pid now."""
    here: Instant = now()
    if exercise.clock_id != here.clock_id:
        return False
    return processes.condition(Process.parse(exercise.opened.target[who])) != "gone"
