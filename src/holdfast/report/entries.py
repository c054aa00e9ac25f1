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
    DisasterDeclared,
    EvidenceAttached,
    EvidenceMissing,
    ExerciseArmed,
    ExerciseClosed,
    ExerciseOpened,
    ExerciseRearmed,
    FailedBack,
    FaultIntended,
    FaultProbed,
    FaultUndone,
    ModeDeclared,
    PhaseEntered,
    StopRequested,
)
from holdfast.evidence.observed import ObservationDescribed, SourceImported, TimelineImported
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
    yield from _told(exercise.opened, exercise.armed, *exercise.days, exercise.rearmed)
    yield from _told(exercise.declared, *exercise.modes, exercise.failed_back)
    for fault in exercise.faults:
        yield from _told(fault.intended)
        yield from _told(*fault.probes, *fault.undos)
    yield from _told(*exercise.alarms, *exercise.phases)
    yield from _told(*exercise.stops, *exercise.closes)
    yield from _told(*exercise.evidence.values())
    yield from _told(*exercise.gaps.values())
    if exercise.observation is not None:
        yield from _told(exercise.observation.described, *exercise.observation.sources, *exercise.observation.lines)


def _told(*kept: Recorded[Any] | None) -> Iterator[tuple[int, int, AboutAnExercise]]:
    for recorded in kept:
        if recorded is not None:
            yield recorded.seq, recorded.at_utc_us, recorded.event


def _what(event: AboutAnExercise) -> str:  # noqa: C901, PLR0912 - one case for each kind of event
    """Return one line of what an event says."""
    match event:
        case ExerciseOpened():
            return f"scenario {event.scenario} on {event.service}, {event.environment}, seed {event.seed}"
        case ExerciseArmed() | ExerciseRearmed():
            read = "; ".join(f"{name}: {value}" for name, value in sorted(event.observed.items()))
            return f"{'ready' if event.ready else 'not ready'}{f' ({read})' if read else ''}"
        case DayScheduled():
            return f"day {event.day}, cut-off {date_time(event.cut_off.utc_us)}, {event.compression} times faster"
        case DisasterDeclared():
            return f"by {event.by}{', simulated: nobody attended' if event.simulated else ''}"
        case ModeDeclared():
            return f"{event.mode}, by {event.by}{', simulated: nobody attended' if event.simulated else ''}"
        case FailedBack():
            return f"{event.leader} {'leads again' if event.done else 'does not lead again'}: {event.observed}"
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
        case ObservationDescribed():
            return f"{event.what}: {event.title}; answered for by {event.lead}"
        case SourceImported():
            told = f"{event.attachment.name}, {event.rows:,} rows of {event.record}"
            return f"{told}, exported by {event.exported_by} with {event.exported_with}"
        case TimelineImported():
            kind = f"{event.milestone}, " if event.milestone else ""
            return f"{kind}{date_time(event.occurred.utc_us)}, {event.by}: {event.what}"
        case StopRequested():
            return f"stop by {event.by}: {event.why}"
        case ExerciseClosed():
            return f"{event.how}{f': {event.why}' if event.why else ''}"
