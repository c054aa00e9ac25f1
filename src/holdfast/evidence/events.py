"""The kinds of events: everything that can be recorded, as a closed union of frozen types.

``KINDS`` maps the name that stands in an envelope to its type. Bodies hold no floats: integers within 2^53 - 1,
strings, booleans, null, lists and objects of these. Times inside a body are ``Instant``: when something *occurred*;
when it was *recorded* stands in the envelope. The fold refuses a kind that is not here; verification never parses a
body.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Instant:
    """When something occurred, on one clock: a boot of a host. Durations need two instants of one ``clock_id``."""

    utc_us: int
    mono_us: int
    clock_id: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file committed by digest: its name in this exercise, SHA-256 in hex, size and media type."""

    name: str
    sha256: str
    size_bytes: int
    media_type: str


@dataclass(frozen=True, slots=True)
class LogOpened:
    """The first entry of every log: its origin, the verification key that signs it, and the version that opened it."""

    origin: str
    verifier_key: str
    version: str


@dataclass(frozen=True, slots=True)
class ExerciseOpened:
    """An exercise began: the model it runs against is committed here, before anything is touched."""

    exercise: str
    scenario: str
    service: str
    exercise_type: str
    environment: str
    model: Attachment
    model_digest: str
    seed: int
    compression: int
    version: str
    target: Mapping[str, str]  # what is broken: range directory, mode (root, rootless), profile, versions of its parts
    guard_pid: int


@dataclass(frozen=True, slots=True)
class ExerciseArmed:
    """The target was ready: every condition that was read, with what was read. ``ready`` false ends it as invalid."""

    exercise: str
    ready: bool
    observed: Mapping[str, str]
    occurred: Instant


@dataclass(frozen=True, slots=True)
class DayScheduled:
    """The business day was laid on the clock: compressed cut-off and the instant it must be closed by."""

    exercise: str
    day: int
    cut_off: Instant
    close_by: Instant
    planned_injection: Instant
    compression: int


@dataclass(frozen=True, slots=True)
class FaultIntended:
    """A fault is about to be injected: durable before it is, so that whoever comes next can undo it."""

    exercise: str
    fault: str
    name: str
    target: str
    parameters: Mapping[str, str]
    box_ms: int
    undo: Mapping[str, str]  # all that undoing needs, without the memory of the process that injected it
    identity: Mapping[str, str]  # what the efficacy probe will look at: pids with start times, addresses
    occurred: Instant


@dataclass(frozen=True, slots=True)
class FaultProbed:
    """The efficacy probe looked whether the fault took effect; ``occurred`` is when the effect was first seen."""

    exercise: str
    fault: str
    effective: bool
    observed: str
    injected: Instant
    occurred: Instant


@dataclass(frozen=True, slots=True)
class FaultUndone:
    """A fault was undone, or the attempt failed; ``by`` is runner, guard or a later start."""

    exercise: str
    fault: str
    by: Literal["runner", "guard", "later-start"]
    undone: bool
    observed: str
    occurred: Instant


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """Somebody who does not know of the injection noticed: ``by`` is who, ``source`` the record it was read from."""

    exercise: str
    service: str
    by: str
    state: Literal["raised", "cleared"]
    detail: str
    source: str
    occurred: Instant


@dataclass(frozen=True, slots=True)
class PhaseEntered:
    """The runner's own progress, for whoever watches. No verdict rests on it."""

    exercise: str
    phase: str
    detail: str
    occurred: Instant


@dataclass(frozen=True, slots=True)
class EvidenceAttached:
    """A history or an extract was committed: participants' records, ledger, instruction journal, inventory."""

    exercise: str
    attachment: Attachment
    collected_by: str
    read_from: str


@dataclass(frozen=True, slots=True)
class EvidenceMissing:
    """Something that should have been collected could not be; what rests on it reads *unknown*."""

    exercise: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Anyone allowed pressed stop, or an ``abort_when`` condition held, a time-box ended, the heartbeat stopped."""

    exercise: str
    by: str
    why: str
    occurred: Instant


@dataclass(frozen=True, slots=True)
class ExerciseRearmed:
    """After the undoing: whether the target is as ready as before."""

    exercise: str
    ready: bool
    observed: Mapping[str, str]
    occurred: Instant


@dataclass(frozen=True, slots=True)
class ExerciseClosed:
    """An exercise ended. What it proves is judged from the record, not from this."""

    exercise: str
    how: Literal["finished", "stopped", "crashed", "not-runnable"]
    why: str
    occurred: Instant


Event = (
    LogOpened
    | ExerciseOpened
    | ExerciseArmed
    | DayScheduled
    | FaultIntended
    | FaultProbed
    | FaultUndone
    | AlarmRaised
    | PhaseEntered
    | EvidenceAttached
    | EvidenceMissing
    | StopRequested
    | ExerciseRearmed
    | ExerciseClosed
)

KINDS: Mapping[str, type[Event]] = {
    "log.opened": LogOpened,
    "exercise.opened": ExerciseOpened,
    "exercise.armed": ExerciseArmed,
    "day.scheduled": DayScheduled,
    "fault.intended": FaultIntended,
    "fault.probed": FaultProbed,
    "fault.undone": FaultUndone,
    "alarm.raised": AlarmRaised,
    "phase.entered": PhaseEntered,
    "evidence.attached": EvidenceAttached,
    "evidence.missing": EvidenceMissing,
    "stop.requested": StopRequested,
    "exercise.rearmed": ExerciseRearmed,
    "exercise.closed": ExerciseClosed,
}
