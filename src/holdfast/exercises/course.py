"""The course of one exercise in the log: written by several processes, read by each of them as it grows.

Runner, guard and a later start share nothing else. What one of them must know of the others stands here.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from holdfast.evidence.envelope import event_of
from holdfast.evidence.events import (
    AboutNoExercise,
    DisasterDeclared,
    Event,
    EvidenceAttached,
    ExerciseArmed,
    ExerciseClosed,
    ExerciseOpened,
    FaultIntended,
    FaultProbed,
    FaultUndone,
    PhaseEntered,
    StopRequested,
)
from holdfast.store.port import Log

By = Literal["runner", "guard", "later-start"]
Result = TypeVar("Result")

READ_ENTRIES = 1000
PULSE_S = 0.1
WATCHING = "watching"  # the phase that the guard enters when it has begun to watch


@dataclass(frozen=True, slots=True)
class Recorder:
    """Appends the events of one exercise in one actor's name."""

    log: Log
    exercise: str
    by: By

    def record(self, *events: Event, cause: int | None = None) -> int:
        """Record the events, durably, and return the sequence number of the last one."""
        return self.log.append(events, actor=self.by, subject=f"exercise:{self.exercise}", cause=cause)[-1]


@dataclass(slots=True)
class Course:
    """What the log says of one exercise, up to the last ``look``; begin after an entry before its opening."""

    log: Log
    exercise: str
    after: int = -1
    opened: ExerciseOpened | None = None
    armed: ExerciseArmed | None = None
    guarded: bool = False
    closed: bool = False
    declarations: list[DisasterDeclared] = field(default_factory=list)
    effect_us: int | None = None  # when a fault was first seen to have taken effect, on its clock
    stops: list[StopRequested] = field(default_factory=list)
    intended: dict[str, tuple[int, FaultIntended]] = field(default_factory=dict)
    effective: set[str] = field(default_factory=set)
    attached: set[str] = field(default_factory=set)
    undone: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)  # an undoing was tried and failed, and none after it succeeded

    def look(self) -> Course:
        """Read what is new and return itself."""
        while entries := self.log.read(self.after, READ_ENTRIES):
            self.after = entries[-1].seq
            for entry in entries:
                if entry.subject == f"exercise:{self.exercise}":
                    self._take(entry.seq, event_of(entry))
        return self

    def _take(self, seq: int, event: Event) -> None:
        if isinstance(event, AboutNoExercise) or event.exercise != self.exercise:
            return
        match event:
            case ExerciseOpened():
                self.opened = event
            case ExerciseArmed():
                self.armed = event
            case PhaseEntered(phase=phase):
                self.guarded = self.guarded or phase == WATCHING
            case StopRequested():
                self.stops.append(event)
            case EvidenceAttached(attachment=attachment):
                self.attached.add(attachment.name)
            case ExerciseClosed():
                self.closed = True
            case DisasterDeclared():
                self.declarations.append(event)
            case FaultIntended() | FaultProbed() | FaultUndone():
                self._take_fault(seq, event)

    def _take_fault(self, seq: int, event: FaultIntended | FaultProbed | FaultUndone) -> None:
        match event:
            case FaultIntended():
                self.intended[event.fault] = (seq, event)
            case FaultProbed(effective=True):
                self.effective.add(event.fault)
                self.effect_us = self.effect_us or event.occurred.mono_us
            case FaultUndone(undone=True):
                self.undone.add(event.fault)
                self.failed.discard(event.fault)
            case FaultUndone():
                self.failed.add(event.fault)

    @property
    def declared(self) -> bool:
        """Whether anybody declared."""
        return bool(self.declarations)

    def outstanding(self) -> list[tuple[int, FaultIntended]]:
        """Return the faults that were intended and not undone, with their footnotes, last first."""
        return [pair for fault, pair in reversed(self.intended.items()) if fault not in self.undone]


def meanwhile(work: Callable[[], Result], pulse: Callable[[], None]) -> Result:
    """Do ``work`` in another thread, calling ``pulse`` until it is done, and return what it returns or raises."""
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(work)
        while True:
            try:
                return doing.result(PULSE_S)
            except TimeoutError:
                if doing.done():
                    # Its own TimeoutError, or a result that came just after this wait for it ended.
                    return doing.result()
                pulse()
