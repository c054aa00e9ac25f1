"""What an institution declares: the frozen types that the loader makes from YAML.

Units are last in every name: ``_ms`` whole milliseconds, ``_ppm`` parts per million, ``_cents`` minor units.
Where a value was written is kept beside the model, in ``Model.places``, keyed by its path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from holdfast.errors import Place

# The kinds that the field's rules name (people, processes, technology, facilities, information, suppliers), technology
# split into what can be broken by itself: a host carries processes and dies with all of them at once.
Kind = Literal[
    "people", "process", "application", "database", "host", "network", "facility", "information", "third-party", "fmi"
]
ExerciseType = Literal["functional", "site"]
Regime = Literal["pfmi", "croe", "dora", "sysc-15a", "basel-por", "iso-22301", "nist-csf"]
Environment = Literal["range", "test", "production"]
Answer = Literal["settled", "queued", "rejected"]
Expected = Literal["held", "broken"]
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class On:
    """A leaf of a need: it functions while this resource or group functions."""

    resource: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of these must function; an empty tuple needs nothing."""

    of: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of these must function."""

    of: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """``count`` of these must function."""

    count: int
    of: tuple[Need, ...]


Need = On | AllOf | AnyOf | AtLeast


@dataclass(frozen=True, slots=True)
class Site:
    """A place that can be lost as a whole."""

    name: str
    title: str
    environment: Environment


@dataclass(frozen=True, slots=True)
class Resource:
    """Something a service stands on. ``between`` names the two sites that a network resource joins."""

    name: str
    kind: Kind
    title: str
    environment: Environment
    site: str | None
    needs: Need
    between: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A redundancy group: the first ``active`` members serve, ``quorum`` of them must function."""

    name: str
    kind: Kind
    title: str
    members: tuple[str, ...]
    active: int
    quorum: int


@dataclass(frozen=True, slots=True)
class Indicator:
    """When clients call a service good, as the participants see it.

    Over ``window_ms``, at least ``participants_ppm`` of the participants that offered work got one of the answers in
    ``answer`` within ``within_ms`` for everything they offered. ``probe`` names who observes it.
    """

    answer: tuple[Answer, ...]
    within_ms: int
    participants_ppm: int
    window_ms: int
    probe: str


@dataclass(frozen=True, slots=True)
class ImpactTolerance:
    """The limit on harm to others: how long, and whether the settlement day must complete."""

    duration_ms: int
    end_of_day: bool


@dataclass(frozen=True, slots=True)
class Mode:
    """A way in which a service can run, best first; ``capacity_ppm`` of the full capacity."""

    name: str
    capacity_ppm: int
    needs: Need
    meets_minimum: bool


@dataclass(frozen=True, slots=True)
class Service:
    """An important business service: what clients see, with its tolerance, objectives and modes."""

    name: str
    title: str
    owner: str | None
    impact_tolerance: ImpactTolerance
    rto_ms: int
    rpo_ms: int
    indicator: Indicator
    modes: tuple[Mode, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The business day in local time; minutes since midnight."""

    timezone: str
    open_min: int
    cut_off_min: int
    close_by_min: int


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
class AbortWhen:
    """Conditions on which the guard undoes everything: time of disruption and of the whole exercise."""

    disrupted_longer_than_ms: int | None
    exercise_longer_than_ms: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """A disruption to rehearse: what is broken, under which load, at what time of day, and what is expected.

    ``time_of_day_min`` with ``compression`` ties the drill to the calendar, which runs ``compression`` times faster;
    the load is offered as declared, and outage seconds are never scaled. ``expect`` maps a check's name to the answer
    that is expected of it where that is not ``held``. ``range_options`` are passed to the range as declared. A fault's
    target that is the name of both a site and a resource means the site wherever the fault can take a site.
    """

    name: str
    title: str
    family: str
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


@dataclass(frozen=True, slots=True)
class Range:
    """The reference institution or test environment that this model's drills may break, and how it is started.

    ``options`` are what a scenario may ask of it, each with the values it takes; the first value is the default.
    """

    command: tuple[str, ...]
    profile: str
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Model:
    """The whole declaration. ``files`` are the texts it was read from, ``root`` the one that names the institution.

    ``digest`` is SHA-256 over their listing, ``places`` where each value was written, by its path: keys and list
    positions from the top, as in ``("services", "gross-settlement", "rto")``.
    """

    institution: str
    regimes: tuple[Regime, ...]
    calendar: Calendar | None
    range: Range | None
    sites: Mapping[str, Site]
    services: Mapping[str, Service]
    resources: Mapping[str, Resource]
    groups: Mapping[str, Group]
    scenarios: Mapping[str, Scenario]
    files: Mapping[str, str]
    root: str
    digest: str
    places: Mapping[Path, Place] = field(default_factory=dict)
