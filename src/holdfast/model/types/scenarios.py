"""What could happen: disruptions of the model, how bad they may be, and how they are rehearsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from holdfast.model.types.quantities import Duration

ExerciseType = Literal["functional", "site", "walkthrough", "tabletop", "simulation", "red-blue", "industry"]
Family = Literal["hardware", "site", "network", "change", "data", "cyber", "third-party", "people", "systemic"]
Plausibility = Literal["severe-but-plausible", "extreme-but-plausible"]
Expected = Literal["held", "broken", "unknown"]


@dataclass(frozen=True, slots=True)
class Fail:
    """These resources or groups fail at time 0."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FailSite:
    """Everything at these sites fails at time 0."""

    sites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FailShared:
    """Everything that carries this value of an attribute fails at time 0."""

    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class Compromise:
    """An intruder holds ``foothold`` for ``dwell`` before the halt; these resources become untrusted."""

    foothold: str
    dwell: Duration
    cause: Literal["data", "control"]
    untrusted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """This share of the people of these teams (of all, if none is named) is missing for so long."""

    share_ppm: int
    lasts: Duration
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ThirdPartyOut:
    """These third parties or FMIs are out, for a duration of their own."""

    names: tuple[str, ...]
    lasts: Duration


@dataclass(frozen=True, slots=True)
class Slow:
    """A resource or group still functions, at this share of its capacity, for so long."""

    name: str
    capacity_ppm: int
    lasts: Duration


Hit = Fail | FailSite | FailShared | Compromise | Absent | ThirdPartyOut | Slow


@dataclass(frozen=True, slots=True)
class Dial:
    """One thing that could be worse: its plausible range, in the words and unit of its author."""

    name: str
    title: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inject:
    """What is told to a role at the table, ``at_ms`` after the scenario began, and what is expected of somebody.

    ``expect``, ``by`` and ``within_ms`` (from when it is told) are given together, or nothing is expected. ``tests``
    are the recovery strategies or playbooks of which it shows whether people know them.
    """

    at_ms: int
    to: str
    tell: str
    expect: str | None = None
    by: str | None = None
    within_ms: int | None = None
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """One injection of a scenario: which fault, on what, and its parameters.

    ``after_ms`` counts from the first injection; the fault is undone ``hold_ms`` after it took effect, and whatever
    happens no later than ``box_ms`` (its time-box).
    """

    name: str
    target: str
    parameters: Mapping[str, object]
    after_ms: int
    hold_ms: int
    box_ms: int


@dataclass(frozen=True, slots=True)
class Load:
    """What the participants offer while the scenario runs."""

    rate_per_s: int
    seed: int


@dataclass(frozen=True, slots=True)
class Declaration:
    """Who declares during a drill; ``after_ms`` the first fault took effect it is simulated, if nobody attends."""

    by: str
    after_ms: int


@dataclass(frozen=True, slots=True)
class ModeChange:
    """The operator puts the service in a mode during a drill: on which of its days, at what minute of that day."""

    mode: str
    day: int
    at_min: int


@dataclass(frozen=True, slots=True)
class AbortWhen:
    """Conditions on which the guard undoes everything: time of disruption and of the whole exercise."""

    disrupted_longer_than_ms: int | None
    exercise_longer_than_ms: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """A disruption: what it hits in the model, and, where it is really run, what a drill breaks.

    ``hits`` is the disruption as the forecast reads it; ``disruption`` the faults of the drill. One that is only
    modelled (not ``rehearsed``) has no faults and no checks, a load of nothing and bounds of nothing. ``service`` is
    the one whose limits judge it. ``time_of_day_min`` is when it strikes; ``compression`` ties a drill to the calendar,
    which runs so many times faster; the load is offered as declared, and outage seconds are never scaled. ``days`` is
    how many business days must complete, ``fail_back`` whether the drill ends with the planned way back, ``set_mode``
    what modes the service is put in meanwhile, in order. ``expect``
    maps a check's name to the answer that is expected of it where that is not ``held``. ``range_options`` are passed to
    the range as declared. A fault's target that is the name of both a site and a resource means the site wherever the
    fault can take a site.
    """

    name: str
    title: str
    family: Family
    exercise_type: ExerciseType
    service: str
    basis: str
    disruption: tuple[Fault, ...]
    load: Load
    time_of_day_min: int | None
    compression: int
    checks: tuple[str, ...]
    expect: Mapping[str, Expected]
    abort_when: AbortWhen
    steady_ms: int
    after_ms: int
    range_options: Mapping[str, str]
    hits: tuple[Hit, ...] = ()
    on_peak: str | None = None
    plausibility: Plausibility = "severe-but-plausible"
    detection: Duration | None = None
    decision: Duration | None = None
    dials: tuple[Dial, ...] = field(default=())
    injects: tuple[Inject, ...] = ()
    days: int = 1
    declaration: Declaration | None = None
    fail_back: bool = False
    set_mode: tuple[ModeChange, ...] = ()

    @property
    def rehearsed(self) -> bool:
        """Whether a drill can really run it."""
        return bool(self.disruption)


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """One line of the test plan: which scenario for which service, how often, and how long a result counts.

    ``since`` is the day (ISO 8601, from midnight UTC) from which its periods are counted; ``None``: since the record
    began.
    """

    scenario: str
    service: str
    exercise_type: ExerciseType
    every_ms: int
    valid_ms: int
    since: str | None = None


@dataclass(frozen=True, slots=True)
class GapAbout:
    """What a gap is about: which check of which scenario did not hold."""

    scenario: str
    check: str

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.scenario}/{self.check}"


@dataclass(frozen=True, slots=True)
class RiskAcceptance:
    """A finding or a gap that a named role bears until a date (ISO 8601), and why. Who approved it stands in the log.

    It has either the ``code`` of a finding or a ``gap``; of a gap, ``on`` names the services.
    """

    name: str
    code: str | None
    on: tuple[str, ...]
    why: str
    owner: str
    until: str
    gap: GapAbout | None = None
