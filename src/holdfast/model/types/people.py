"""Who: teams, persons, and the roles in which they decide."""

from __future__ import annotations

from dataclasses import dataclass, field

from holdfast.model.types.needs import NOTHING_NEEDED, Need
from holdfast.model.types.quantities import Duration


@dataclass(frozen=True, slots=True)
class Rota:
    """When a team is at work: ``shifts`` a day between two times of day, minutes since midnight."""

    begins_min: int
    ends_min: int
    shifts: int


@dataclass(frozen=True, slots=True)
class Team:
    """A team: it functions while at least ``minimum`` of ``headcount`` are there; for recovery after ``on_call``."""

    headcount: int
    minimum: int
    on_call: Duration | None = None
    rota: Rota | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A person by a pseudonymous id: teams, usual site, and what this person's rights let them alter.

    ``may_alter`` are entitlements as data: resources that this person can change or delete alone.
    """

    name: str
    title: str
    teams: tuple[str, ...]
    site: str | None
    may_alter: tuple[str, ...] = ()
    custodian_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Role:
    """A role in an incident or in the line: who holds it, who deputises in which order, how it is reached.

    ``decides`` are the decisions that this role may take; ``reached_by`` is what must function to reach it.
    """

    name: str
    title: str
    holder: str | None
    deputies: tuple[str, ...]
    decides: tuple[str, ...] = ()
    reached_by: Need = field(default=NOTHING_NEEDED)
