"""The fold of a log into exercises: what was opened, armed, broken, undone, collected and closed, with its footnotes.

Nothing is judged here. Every event is kept with its sequence number, because that number is the footnote of whatever
rests on it. The fold refuses a kind that it does not know: a verdict may not rest on half of a record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from holdfast.errors import HoldfastError
from holdfast.evidence.envelope import Envelope, event_of
from holdfast.evidence.events import (
    KINDS,
    AboutAnExercise,
    AboutNoExercise,
    AlarmRaised,
    DayScheduled,
    DisasterDeclared,
    Event,
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

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Recorded(Generic[E]):
    """An event with its footnote: ``seq`` in the log, and when it was recorded (UTC µs)."""

    seq: int
    at_utc_us: int
    event: E


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """One fault of an exercise: intended before it was injected, then probed, then undone (each perhaps repeatedly)."""

    intended: Recorded[FaultIntended]
    probes: tuple[Recorded[FaultProbed], ...] = ()
    undos: tuple[Recorded[FaultUndone], ...] = ()

    @property
    def effect(self) -> Recorded[FaultProbed] | None:
        """The first probe that saw the fault take effect."""
        return next((probe for probe in self.probes if probe.event.effective), None)

    @property
    def undone(self) -> Recorded[FaultUndone] | None:
        """The first successful undoing."""
        return next((undo for undo in self.undos if undo.event.undone), None)


@dataclass(frozen=True, slots=True)
class Observation:
    """What ran with the institution's own tools: what it was, its sources, and the lines of its timeline."""

    described: Recorded[ObservationDescribed]
    sources: tuple[Recorded[SourceImported], ...] = ()
    lines: tuple[Recorded[TimelineImported], ...] = ()


@dataclass(frozen=True, slots=True)
class Exercise:
    """All that the log says about one exercise, in the order in which it was said.

    Where an event may be repeated the last one counts (an attachment collected again replaces the earlier one of its
    name, as a correction); both remain in the log. ``last_seq`` is the last entry that speaks of this exercise.
    """

    log: str
    opened: Recorded[ExerciseOpened]
    last_seq: int
    armed: Recorded[ExerciseArmed] | None = None
    days: tuple[Recorded[DayScheduled], ...] = ()
    faults: tuple[FaultRecord, ...] = ()
    alarms: tuple[Recorded[AlarmRaised], ...] = ()
    phases: tuple[Recorded[PhaseEntered], ...] = ()
    attached: Mapping[str, Recorded[EvidenceAttached]] | None = None
    missing: Mapping[str, Recorded[EvidenceMissing]] | None = None
    stops: tuple[Recorded[StopRequested], ...] = ()
    rearmed: Recorded[ExerciseRearmed] | None = None
    declared: Recorded[DisasterDeclared] | None = None
    modes: tuple[Recorded[ModeDeclared], ...] = ()
    failed_back: Recorded[FailedBack] | None = None
    closes: tuple[Recorded[ExerciseClosed], ...] = ()
    observation: Observation | None = None

    @property
    def began_utc_us(self) -> int:
        """When it was run, UTC: an observed one ran before it was recorded."""
        return self.observation.described.event.began.utc_us if self.observation else self.opened.at_utc_us

    @property
    def id(self) -> str:
        """The name of this exercise."""
        return self.opened.event.exercise

    @property
    def day(self) -> Recorded[DayScheduled] | None:
        """The business day that the disruption strikes, if one was laid on the clock."""
        return self.days[0] if self.days else None

    @property
    def first_effect(self) -> Recorded[FaultProbed] | None:
        """The probe that first saw any fault take effect: from here on the exercise can no longer be invalid."""
        effects = [fault.effect for fault in self.faults if fault.effect is not None]
        return min(effects, key=lambda probe: probe.seq, default=None)

    @property
    def evidence(self) -> Mapping[str, Recorded[EvidenceAttached]]:
        """What was committed, by its name in this exercise."""
        return self.attached or {}

    @property
    def gaps(self) -> Mapping[str, Recorded[EvidenceMissing]]:
        """What could not be collected, by name; a later attachment of that name fills the gap."""
        return {
            name: gap
            for name, gap in (self.missing or {}).items()
            if name not in self.evidence or self.evidence[name].seq < gap.seq
        }


def fold(envelopes: Iterable[Envelope]) -> Mapping[str, Exercise]:
    """Return every exercise of a log by its id, in the order of opening.

    Raises HF501 for a kind that this version does not know, HF502 for an event of an exercise that was not opened,
    or that was opened twice, and HF503 for entries that are out of order or of different logs.
    """
    exercises: dict[str, Exercise] = {}
    previous: Envelope | None = None
    for envelope in envelopes:
        _check_order(previous, envelope)
        previous = envelope
        known_kind(envelope)
        event = event_of(envelope)
        if isinstance(event, AboutNoExercise):
            continue
        before = exercises.get(event.exercise)
        exercises[event.exercise] = (
            _opened(envelope, event, before) if before is None else _next(before, envelope, event)
        )
    return exercises


def known_kind(envelope: Envelope) -> type[Event]:
    """Return the type of an entry's event; HF501 for a kind that this version does not know.

    A fold asks this of every entry: what is not known could say something about what is folded.
    """
    if envelope.kind not in KINDS:
        message = f"entry {envelope.seq} is of kind {envelope.kind!r}, which this version cannot fold"
        raise HoldfastError("HF501", message, remedy="read this log with the version of Holdfast that wrote it")
    return KINDS[envelope.kind]


def _check_order(previous: Envelope | None, envelope: Envelope) -> None:
    if previous is not None and (envelope.seq <= previous.seq or envelope.log != previous.log):
        raise HoldfastError(
            "HF503",
            f"entry {envelope.seq} of {envelope.log} follows entry {previous.seq} of {previous.log}",
            remedy="pass the entries of one log in the order of their sequence numbers",
        )


def _opened(envelope: Envelope, event: AboutAnExercise, before: Exercise | None) -> Exercise:
    """Return a new exercise; anything else cannot come first."""
    if isinstance(event, ExerciseOpened) and before is None:
        return Exercise(envelope.log, Recorded(envelope.seq, envelope.at_utc_us, event), envelope.seq)
    raise HoldfastError(
        "HF502",
        f"entry {envelope.seq} ({envelope.kind}) speaks of an exercise that was not opened before it",
        remedy="judge the whole log from its first entry; `holdfast log verify` shows whether entries are missing",
    )


def _next(exercise: Exercise, envelope: Envelope, event: AboutAnExercise) -> Exercise:
    """Return the exercise after one more event."""
    seq, at = envelope.seq, envelope.at_utc_us
    exercise = replace(exercise, last_seq=seq)
    match event:
        case FaultIntended() | FaultProbed() | FaultUndone():
            return _with_fault(exercise, envelope, event)
        case EvidenceAttached():
            name = event.attachment.name
            return replace(exercise, attached={**exercise.evidence, name: Recorded(seq, at, event)})
        case EvidenceMissing():
            return replace(exercise, missing={**(exercise.missing or {}), event.name: Recorded(seq, at, event)})
        case ModeDeclared():
            return replace(exercise, modes=(*exercise.modes, Recorded(seq, at, event)))
        case ExerciseOpened():
            raise HoldfastError(
                "HF502",
                f"entry {seq} opens exercise {exercise.id!r}, which entry {exercise.opened.seq} opened already",
                remedy="give every exercise an id of its own",
            )
        case _:
            return _next_of_the_course(exercise, envelope, event)


def _with_record(exercise: Exercise, envelope: Envelope, event: SourceImported | TimelineImported) -> Exercise:
    """Return the exercise with an imported record; what was observed must have been described first."""
    seq, at, known = envelope.seq, envelope.at_utc_us, exercise.observation
    if known is None:
        raise HoldfastError(
            "HF502",
            f"entry {seq} ({envelope.kind}) speaks of records of an exercise that was not observed",
            remedy="judge the whole log from its first entry; `holdfast log verify` shows whether entries are missing",
        )
    match event:
        case SourceImported():
            known = replace(known, sources=(*known.sources, Recorded(seq, at, event)))
        case TimelineImported():
            known = replace(known, lines=(*known.lines, Recorded(seq, at, event)))
    return replace(exercise, observation=known)


def _next_of_the_course(exercise: Exercise, envelope: Envelope, event: AboutAnExercise) -> Exercise:
    """Return the exercise after one more event of its course."""
    seq, at = envelope.seq, envelope.at_utc_us
    match event:
        case ExerciseArmed():
            return replace(exercise, armed=Recorded(seq, at, event))
        case DayScheduled():
            others = tuple(day for day in exercise.days if day.event.day != event.day)
            return replace(exercise, days=(*others, Recorded(seq, at, event)))
        case DisasterDeclared():
            # Whoever declares first has declared; what is said again changes nothing.
            return replace(exercise, declared=exercise.declared or Recorded(seq, at, event))
        case FailedBack():
            return replace(exercise, failed_back=Recorded(seq, at, event))
        case AlarmRaised():
            return replace(exercise, alarms=(*exercise.alarms, Recorded(seq, at, event)))
        case PhaseEntered():
            return replace(exercise, phases=(*exercise.phases, Recorded(seq, at, event)))
        case StopRequested():
            return replace(exercise, stops=(*exercise.stops, Recorded(seq, at, event)))
        case ExerciseRearmed():
            return replace(exercise, rearmed=Recorded(seq, at, event))
        case ExerciseClosed():
            return replace(exercise, closes=(*exercise.closes, Recorded(seq, at, event)))
        case ObservationDescribed():
            return replace(exercise, observation=Observation(Recorded(seq, at, event)))
        case SourceImported() | TimelineImported():
            return _with_record(exercise, envelope, event)
    return exercise


def _with_fault(exercise: Exercise, envelope: Envelope, event: FaultIntended | FaultProbed | FaultUndone) -> Exercise:
    """Return the exercise with what was said about one fault; it must have been intended first."""
    seq, at = envelope.seq, envelope.at_utc_us
    known = {fault.intended.event.fault: fault for fault in exercise.faults}
    before = known.get(event.fault)
    if isinstance(event, FaultIntended) == (before is not None):
        problem = "was intended twice" if before else "was never intended"
        raise HoldfastError(
            "HF502",
            f"entry {seq} ({envelope.kind}) speaks of fault {event.fault!r}, which {problem}",
            remedy="judge the whole log from its first entry; `holdfast log verify` shows whether entries are missing",
        )
    match event:
        case FaultIntended():
            known[event.fault] = FaultRecord(Recorded(seq, at, event))
        case FaultProbed() if before:
            known[event.fault] = replace(before, probes=(*before.probes, Recorded(seq, at, event)))
        case FaultUndone() if before:
            known[event.fault] = replace(before, undos=(*before.undos, Recorded(seq, at, event)))
    return replace(exercise, faults=tuple(known.values()))
