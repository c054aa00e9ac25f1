"""The kinds of events: everything that can be recorded, as a closed union of frozen types.

``KINDS`` maps the name that stands in an envelope to its type. Bodies hold no floats: integers within 2^53 - 1,
strings, booleans, null, lists and objects of these. Times inside a body are ``Instant``: when something *occurred*;
when it was *recorded* stands in the envelope. An optional member that is None is absent from the body, so that an
event written before there was such a member keeps its bytes. The fold refuses a kind that is not here; verification
never parses a body.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from holdfast.evidence.gaps import GapAssigned, GapEscalated, GapNoted
from holdfast.evidence.observed import ObservationDescribed, SourceImported, TimelineImported
from holdfast.evidence.spoken import (
    ActionAgreed,
    CriterionAnswered,
    DecisionTaken,
    FactRecorded,
    IncidentClassified,
    IncidentOpened,
    IncidentReviewed,
    InjectTold,
    TabletopOpened,
)
from holdfast.evidence.values import Attachment as Attachment  # noqa: PLC0414 -- everybody takes it from here
from holdfast.evidence.values import Instant as Instant  # noqa: PLC0414 -- see above


@dataclass(frozen=True, slots=True)
class Continued:
    """The older log that a log goes on from: its last good checkpoint, and how much was acknowledged after it.

    ``acknowledged`` is the size that the older log's anchor remembered, None if there was no anchor: what lies between
    ``size`` and it is missing, and nobody may hide that.
    """

    origin: str
    size: int
    root: str  # hex
    checkpoint: str  # the signed note
    why: str
    acknowledged: int | None = None
    began_utc_us: int | None = None  # when the first log of the chain began, by the older log's first entry

    @property
    def missing(self) -> int:
        """Return how many acknowledged entries of the older log are missing."""
        return max(0, (self.acknowledged or 0) - self.size)


@dataclass(frozen=True, slots=True)
class LogOpened:
    """The first entry of every log: its origin, the verification key that signs it, and the version that opened it.

    ``continues`` names the older log that this one goes on from, if there was one.
    """

    origin: str
    verifier_key: str
    version: str
    continues: Continued | None = None


@dataclass(frozen=True, slots=True)
class PersonalErased:
    """Personal data was erased: the digests that entries name it by, and why; who erased it is the entry's actor."""

    digests: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class ApprovalRecorded:
    """A body of the institution approved what is declared: the limits of a service, a scenario or a risk acceptance.

    ``subject`` is ``tolerance:SERVICE``, ``scenario:NAME`` or ``risk-acceptance:NAME``; ``declaration`` is what was
    approved, alone and in canonical form, so that a change elsewhere in the model does not void the approval.
    ``decided_on`` is a date (ISO 8601). ``by`` is the name of a role, or the salted digest of a person; ``minutes``
    says where the decision is written down.
    """

    subject: str
    declaration: Attachment
    model_digest: str
    body: str
    decided_on: str
    by: str | None = None
    minutes: str | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the declaration that was approved, in hex."""
        return self.declaration.sha256


@dataclass(frozen=True, slots=True)
class ApprovalWithdrawn:
    """An approval was withdrawn: it counts for nothing that is judged from now on. ``approval`` is its entry."""

    subject: str
    approval: int
    body: str
    decided_on: str
    why: str
    by: str | None = None


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
    """A business day was laid on the clock: compressed cut-off and the instant it must be closed by.

    ``opens`` is the instant of its opening hour, for a day after the one that the disruption strikes.
    """

    exercise: str
    day: int
    cut_off: Instant
    close_by: Instant
    planned_injection: Instant
    compression: int
    opens: Instant | None = None


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
class DisasterDeclared:
    """Somebody with the authority declared, during a drill. ``simulated``: nobody attended, and the drill said it."""

    exercise: str
    by: str  # the name of a role
    simulated: bool
    occurred: Instant


@dataclass(frozen=True, slots=True)
class ModeDeclared:
    """Somebody with the authority put the service in a mode, during a drill: durable before the operator sets it.

    Whether and from when on it was in force, the ledger's journal says. ``simulated`` as in ``DisasterDeclared``.
    """

    exercise: str
    mode: str
    by: str  # the name of a role
    simulated: bool
    occurred: Instant


@dataclass(frozen=True, slots=True)
class FailedBack:
    """The planned way back to the leader that is declared to serve first: asked for, and what it came to."""

    exercise: str
    leader: str
    done: bool
    observed: str
    asked: Instant
    occurred: Instant


@dataclass(frozen=True, slots=True)
class ExerciseClosed:
    """An exercise ended. What it proves is judged from the record, not from this."""

    exercise: str
    how: Literal["finished", "stopped", "crashed", "not-runnable"]
    why: str
    occurred: Instant


# What is about no exercise of the runner: whoever follows these passes over all of it, whatever it is.
AboutNoExercise = (
    LogOpened
    | PersonalErased
    | ApprovalRecorded
    | ApprovalWithdrawn
    | FactRecorded
    | IncidentOpened
    | CriterionAnswered
    | IncidentClassified
    | IncidentReviewed
    | ActionAgreed
    | TabletopOpened
    | InjectTold
    | DecisionTaken
    | GapAssigned
    | GapEscalated
    | GapNoted
)

AboutAnExercise = (
    ExerciseOpened
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
    | DisasterDeclared
    | ModeDeclared
    | FailedBack
    | ExerciseClosed
    | ObservationDescribed
    | SourceImported
    | TimelineImported
)

Event = AboutNoExercise | AboutAnExercise

KINDS: Mapping[str, type[Event]] = {
    "log.opened": LogOpened,
    "personal.erased": PersonalErased,
    "approval.recorded": ApprovalRecorded,
    "approval.withdrawn": ApprovalWithdrawn,
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
    "disaster.declared": DisasterDeclared,
    "mode.declared": ModeDeclared,
    "failed.back": FailedBack,
    "exercise.closed": ExerciseClosed,
    "observation.described": ObservationDescribed,
    "source.imported": SourceImported,
    "timeline.imported": TimelineImported,
    "fact.recorded": FactRecorded,
    "incident.opened": IncidentOpened,
    "criterion.answered": CriterionAnswered,
    "incident.classified": IncidentClassified,
    "incident.reviewed": IncidentReviewed,
    "action.agreed": ActionAgreed,
    "tabletop.opened": TabletopOpened,
    "inject.told": InjectTold,
    "decision.taken": DecisionTaken,
    "gap.assigned": GapAssigned,
    "gap.escalated": GapEscalated,
    "gap.noted": GapNoted,
}
