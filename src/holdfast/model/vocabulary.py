"""The words that a model may use and that live above it: faults with their parameters, checks, time zones.

The loader is pure and knows no fault and no check by itself: their code registers them, and whoever calls the loader
hands their names over as a ``Vocabulary``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ParameterForm = Literal["text", "flag", "count", "duration", "share", "places"]
Target = Literal["application", "database", "group", "host", "network", "shared", "site"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a fault.

    ``form`` says how it is written and what it becomes in ``Fault.parameters``: ``text`` a string (one of ``choices``
    where there are any), ``flag`` a bool, ``count`` an int from 0, ``duration`` an int in milliseconds, ``share`` an
    int in parts per million, ``places`` a tuple of names of hosts and sites. ``default`` is in that same form; ``None``
    leaves the parameter out of ``Fault.parameters`` when nobody gave it. ``meaning`` is what editors show beside it.
    """

    form: ParameterForm
    required: bool = False
    default: object | None = None
    choices: tuple[str, ...] = ()
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class ParameterSchema:
    """What a fault can be aimed at and the parameters that it takes.

    Targets are resource kinds, ``site``, ``group``, and ``shared`` for a value of the attribute that the fault's
    parameter ``of`` names.

    A name that is both a site's and a resource's means the site wherever the fault takes sites.
    """

    targets: frozenset[Target]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every fault and check that can be named, and what the loader needs to know of them.

    ``calendar_checks`` are those of ``checks`` that judge a business day: they apply only to a scenario with a
    ``time_of_day``; ``fail_back_checks`` judge the planned way back and ``mode_checks`` a mode that the service is
    put in: they apply only where there is one. ``named_checks`` are made only where a scenario names them. An empty
    ``timezones`` means that time zone names are not looked up.
    """

    faults: Mapping[str, ParameterSchema]
    checks: frozenset[str]
    calendar_checks: frozenset[str] = frozenset()
    timezones: frozenset[str] = frozenset()
    fail_back_checks: frozenset[str] = frozenset()
    mode_checks: frozenset[str] = frozenset()
    named_checks: frozenset[str] = frozenset()
