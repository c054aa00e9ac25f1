"""What people record by hand: of an incident while it lasts, and of an exercise that is talked through.

They are kinds of events like the others, and stand with them in ``holdfast.evidence.events.KINDS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from holdfast.evidence.values import Attachment, Instant

Happening = Literal[
    "note",
    "occurred",
    "detected",
    "disrupted",
    "trust-lost",
    "declared",
    "contained",
    "eradicated",
    "rebuilt",
    "verified",
    "minimum-service",
    "full-service",
    "decision-due",
    "decided",
    "notified-initial",
    "notified-intermediate",
    "notified-final",
    "attended",
    "hot-wash",
    "closed",
]
"""What a fact says happened; a note says it in words alone."""


@dataclass(frozen=True, slots=True)
class FactRecorded:
    """Something happened, by somebody's word or a source: of an incident, a tabletop, or whatever ``about`` names.

    ``occurred_utc_us`` is what people's clocks said; there is no other clock for it. ``corrects`` is the entry that
    this one takes the place of. *not-needed*: the step did not happen and need not; *withdrawn*: what ``corrects``
    says was wrong and nothing takes its place.
    """

    about: str
    fact: Happening
    text: str
    occurred_utc_us: int
    by: str | None = None  # the name of a role, or the salted digest of a person
    source: str | None = None
    service: str | None = None
    due_utc_us: int | None = None
    corrects: int | None = None
    clock_ms: int | None = None  # the time in a scenario that is talked through
    standing: Literal["happened", "not-needed", "withdrawn"] = "happened"


@dataclass(frozen=True, slots=True)
class IncidentOpened:
    """An incident is recorded from here on. Without a model its limits and roles are not known here."""

    incident: str
    title: str
    version: str
    model: Attachment | None = None
    model_digest: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class CriterionAnswered:
    """One question of the classification worksheet was answered; a later answer to it takes the place of this one.

    ``answer`` is *value* where the question asks for a number: ``value``, as a share ``of`` another where that is
    asked. ``source`` says where the answer is from.
    """

    incident: str
    question: str
    answer: Literal["yes", "no", "unknown", "value"]
    estimated: bool
    source: str
    occurred_utc_us: int
    value: int | None = None
    of: int | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentClassified:
    """Somebody decided how the incident is classified, whatever the rule gives for the answers so far."""

    incident: str
    decided: Literal["major", "not-major"]
    why: str
    occurred_utc_us: int
    by: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentReviewed:
    """What the review found: the root cause, and what was learned."""

    incident: str
    root_cause: str
    lessons: tuple[str, ...]
    occurred_utc_us: int
    by: str | None = None


@dataclass(frozen=True, slots=True)
class ActionAgreed:
    """What is to be done because of an incident or a tabletop: by whom, and until which date (ISO 8601)."""

    about: str
    action: str
    owner: str
    due: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class TabletopOpened:
    """A scenario is talked through: its injects, and what is expected of them, stand in the model committed here."""

    exercise: str
    scenario: str
    service: str
    exercise_type: str
    model: Attachment
    model_digest: str
    version: str
    occurred: Instant
    by: str | None = None


@dataclass(frozen=True, slots=True)
class InjectTold:
    """An inject of the scenario was told; ``clock_ms`` is the time in the scenario, which nobody measured."""

    exercise: str
    inject: int  # from 1, in the order of the model
    clock_ms: int
    occurred: Instant


@dataclass(frozen=True, slots=True)
class DecisionTaken:
    """Those at the table decided: on an inject, or on something that nobody had put before them.

    ``as_expected`` is what the facilitator says of it, *unsure* where that cannot be told.
    """

    exercise: str
    text: str
    as_expected: Literal["yes", "no", "unsure"]
    clock_ms: int
    occurred: Instant
    inject: int | None = None
    by: str | None = None
