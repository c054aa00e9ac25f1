"""The entries of an exercise as a list: number, when recorded, kind, and one line of what each says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from holdfast.evidence.envelope import kind_of
from holdfast.evidence.events import (
    AboutAnExercise,
    AlarmRaised,
    DayScheduled,
    EvidenceAttached,
    EvidenceMissing,
    ExerciseArmed,
    ExerciseClosed,
    ExerciseOpened,
    ExerciseRearmed,
    FaultIntended,
    FaultProbed,
    FaultUndone,
    PhaseEntered,
    StopRequested,
)
from holdfast.report.when import date_time
from holdfast.state.exercise import Exercise, Recorded


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One row of the list."""

    seq: int
    at: str
    kind: str
    what: str


def entries(exercise: Exercise) -> tuple[EntryLine, ...]:
    """Return every entry that the fold kept, in order."""
    return tuple(
        EntryLine(seq, date_time(at_utc_us), kind_of(event), _what(event))
        for seq, at_utc_us, event in sorted(_recorded(exercise), key=lambda entry: entry[0])
    )


def _recorded(exercise: Exercise) -> Iterator[tuple[int, int, AboutAnExercise]]:
    """Yield every event of an exercise with its number and when it was recorded."""
    yield from _told(exercise.opened, exercise.armed, exercise.day, exercise.rearmed)
    for fault in exercise.faults:
        yield from _told(fault.intended)
        yield from _told(*fault.probes, *fault.undos)
    yield from _told(*exercise.alarms, *exercise.phases)
    yield from _told(*exercise.stops, *exercise.closes)
    yield from _told(*exercise.evidence.values())
    yield from _told(*exercise.gaps.values())


def _told(*kept: Recorded[Any] | None) -> Iterator[tuple[int, int, AboutAnExercise]]:
    for recorded in kept:
        if recorded is not None:
            yield recorded.seq, recorded.at_utc_us, recorded.event


def _what(event: AboutAnExercise) -> str:  # noqa: C901 - one case for each kind of event
    """Return one line of what an event says."""
    match event:
        case ExerciseOpened():
            return f"scenario {event.scenario} on {event.service}, {event.environment}, seed {event.seed}"
        case ExerciseArmed() | ExerciseRearmed():
            read = "; ".join(f"{name}: {value}" for name, value in sorted(event.observed.items()))
            return f"{'ready' if event.ready else 'not ready'}{f' ({read})' if read else ''}"
        case DayScheduled():
            return f"day {event.day}, cut-off {date_time(event.cut_off.utc_us)}, {event.compression} times faster"
        case FaultIntended():
            return f"{event.name} on {event.target} is about to be injected, for at most {event.box_ms / 1000:g} s"
        case FaultProbed():
            return f"{'effective' if event.effective else 'not effective'}: {event.observed}"
        case FaultUndone():
            return f"{'undone' if event.undone else 'not undone'} by {event.by}: {event.observed}"
        case AlarmRaised():
            return f"{event.state} by {event.by}: {event.detail}"
        case PhaseEntered():
            return f"{event.phase}{f': {event.detail}' if event.detail else ''}"
        case EvidenceAttached():
            return f"{event.attachment.name}, collected by {event.collected_by} from {event.read_from}"
        case EvidenceMissing():
            return f"{event.name} could not be collected: {event.why}"
        case StopRequested():
            return f"stop by {event.by}: {event.why}"
        case ExerciseClosed():
            return f"{event.how}{f': {event.why}' if event.why else ''}"
