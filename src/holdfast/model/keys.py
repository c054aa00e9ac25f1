"""Every key that a declaration may carry, section by section: how its value is written and what stands in for it.

This table is the truth of the loader, which reads no key that is not here, and of ``docs/model.md``, which a test
compares with it row by row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from holdfast.model.types import Answer, Environment, ExerciseType, Expected, Kind, Regime


@dataclass(frozen=True, slots=True)
class Key:
    """How a key's value is written and its default, written the same way.

    ``form`` is a form of ``quantities.FORMS``, or ``text``, ``name``, ``flag``, ``words`` (one of ``words``), ``list``
    or ``section``. A key that is not ``required`` and has no ``default`` is absent unless it is given.
    """

    form: str
    default: str | None = None
    required: bool = False
    words: tuple[str, ...] = ()


def _needed(form: str, words: tuple[str, ...] = ()) -> Key:
    return Key(form, required=True, words=words)


Section = Mapping[str, Key]

MODEL: Section = {
    "institution": _needed("text"),
    "regimes": Key("list", words=get_args(Regime)),
    "calendar": Key("section"),
    "range": Key("section"),
    "sites": Key("section"),
    "services": Key("section"),
    "resources": Key("section"),
    "scenarios": Key("section"),
}

CALENDAR: Section = {
    "timezone": _needed("text"),
    "open": _needed("time"),
    "cut_off": _needed("time"),
    "close_by": _needed("time"),
}

RANGE: Section = {
    "command": _needed("list"),
    "profile": _needed("text"),
    "options": Key("section"),
}

SITE: Section = {
    "title": Key("text"),
    "environment": Key("words", "production", words=get_args(Environment)),
}

RESOURCE: Section = {
    "kind": _needed("words", get_args(Kind)),
    "title": Key("text"),
    "environment": Key("words", "production", words=get_args(Environment)),
    "site": Key("name"),
    "between": Key("list"),
    "needs": Key("needs"),
}

GROUP: Section = {
    "kind": _needed("words", get_args(Kind)),
    "title": Key("text"),
    "members": _needed("list"),
    "active": Key("positive", "1"),
    "quorum": Key("positive", "1"),
}

SERVICE: Section = {
    "title": Key("text"),
    "owner": Key("text"),
    "impact_tolerance": _needed("section"),
    "rto": _needed("duration"),
    "rpo": _needed("duration"),
    "indicator": _needed("section"),
    "modes": _needed("section"),
}

IMPACT_TOLERANCE: Section = {
    "duration": _needed("duration"),
    "end_of_day": Key("words", "not-required", words=("required", "not-required")),
}

INDICATOR: Section = {
    "answer": _needed("list", get_args(Answer)),
    "within": _needed("duration"),
    "participants": _needed("share"),
    "window": _needed("duration"),
    "probe": _needed("name"),
}

MODE: Section = {
    "capacity": _needed("share"),
    "needs": _needed("needs"),
    "meets_minimum": _needed("flag"),
}

SCENARIO: Section = {
    "title": Key("text"),
    "family": _needed("name"),
    "type": _needed("words", get_args(ExerciseType)),
    "service": _needed("name"),
    "basis": _needed("text"),
    "disruption": _needed("list"),
    "load": _needed("section"),
    "time_of_day": Key("time"),
    "compression": Key("positive", "1"),
    "checks": Key("list"),
    "expect": Key("section"),
    "abort_when": _needed("section"),
    "steady": Key("duration", "5s"),
    "after": Key("duration", "10s"),
    "range": Key("section"),
}

FAULT: Section = {
    "fault": _needed("name"),
    "target": _needed("name"),
    "after": Key("duration", "0s"),
    "hold": _needed("duration"),
    "box": _needed("duration"),
}

LOAD: Section = {
    "rate": _needed("rate"),
    "seed": Key("count", "1"),
}

ABORT_WHEN: Section = {
    "disrupted_longer_than": Key("duration"),
    "exercise_longer_than": _needed("duration"),
}

NEEDS: Section = {
    "all": Key("list"),
    "any": Key("list"),
    "at_least": Key("positive"),
    "of": Key("list"),
}

EXPECTED: tuple[str, ...] = get_args(Expected)

SECTIONS: Mapping[str, Section] = {
    "model": MODEL,
    "calendar": CALENDAR,
    "range": RANGE,
    "site": SITE,
    "resource": RESOURCE,
    "group": GROUP,
    "service": SERVICE,
    "impact_tolerance": IMPACT_TOLERANCE,
    "indicator": INDICATOR,
    "mode": MODE,
    "scenario": SCENARIO,
    "disruption": FAULT,
    "load": LOAD,
    "abort_when": ABORT_WHEN,
    "needs": NEEDS,
}

# Names that would be taken for a way of combining needs.
RESERVED_NAMES = frozenset(NEEDS)
