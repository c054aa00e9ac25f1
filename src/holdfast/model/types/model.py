"""The whole declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from holdfast.errors import Place
from holdfast.model.types.people import Person, Role
from holdfast.model.types.resources import CommonCause, Edge, Flow, Group, Resource, Segment, Site
from holdfast.model.types.scenarios import PlannedTest, RiskAcceptance, Scenario
from holdfast.model.types.services import Candidate, Service

Regime = Literal["pfmi", "croe", "dora", "sysc-15a", "basel-por", "iso-22301", "nist-csf"]
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Extension:
    """By how much the close may be moved, and which roles must agree."""

    max_ms: int
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The business day in local time; minutes since midnight. ``cut_offs`` are further ones, by name.

    ``holidays`` are dates (ISO 8601) without a settlement day.
    """

    timezone: str
    open_min: int
    cut_off_min: int
    close_by_min: int
    cut_offs: Mapping[str, int] = field(default_factory=dict)
    extension: Extension | None = None
    holidays: tuple[str, ...] = ()


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
    candidates: Mapping[str, Candidate] = field(default_factory=dict)
    common_causes: Mapping[str, CommonCause] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    segments: Mapping[str, Segment] = field(default_factory=dict)
    flows: tuple[Flow, ...] = ()
    edges: tuple[Edge, ...] = ()
    test_plan: tuple[PlannedTest, ...] = ()
    risk_acceptances: Mapping[str, RiskAcceptance] = field(default_factory=dict)

    def place(self, *path: str) -> Place:
        """Return where the value at this path was written, or the nearest one around it that was."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(self.root, 1))
