"""What a body approves, alone and in one form: the same declaration gives the same bytes, wherever it stands in a file.

The canonical declaration is JSON without spaces, members sorted, in UTF-8: of one subject, with the name of its type
where a value could be of several. A member that has the default of its type is left out, so that a later version,
whose types have more members, gives the same bytes for what was declared before. Comments, lines, the order of keys
and that of names in a list do not count; neither does the rest of the model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from holdfast.model.types import Model, Service

TOLERANCE, SCENARIO, RISK_ACCEPTANCE = "tolerance", "scenario", "risk-acceptance"

_LIMITS = frozenset({"name", "impact_tolerance", "impact", "rto_ms", "rpo_ms"})
_NOT_OF_THE_LIMITS = frozenset(field.name for field in fields(Service)) - _LIMITS


def subjects(model: Model) -> tuple[str, ...]:
    """Return everything in a model that a body has to approve, as ``tolerance:SERVICE`` and so on, in that order."""
    return (
        *(f"{TOLERANCE}:{name}" for name in model.services),
        *(f"{SCENARIO}:{name}" for name in model.scenarios),
        *(f"{RISK_ACCEPTANCE}:{name}" for name in model.risk_acceptances),
    )


def subject_declaration(model: Model, subject: str) -> bytes:
    """Return the canonical declaration of a subject; raises ``LookupError`` when the model has no such one.

    Of a service it is its impact tolerance, the impact analysis that it rests on, the recovery time and point
    objectives inside it, and what all of these are measured by: when clients call the service good, and with which
    modes they can live. Of a scenario it is all but its title, and the checks only where they were declared: which are
    made otherwise is for the version that makes them.
    """
    sort, _, name = subject.partition(":")
    match sort:
        case "tolerance":
            declared = {**_members(model.services[name], _NOT_OF_THE_LIMITS), **_measure(model.services[name])}
        case "scenario":
            checks = ("scenarios", name, "checks") in model.places
            declared = _members(model.scenarios[name], frozenset({"title"} if checks else {"title", "checks"}))
        case "risk-acceptance":
            declared = _members(model.risk_acceptances[name])
        case _:
            raise LookupError(subject)
    return json.dumps(
        {"subject": subject, "declared": declared}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()


def subject_digest(model: Model, subject: str) -> str:
    """Return SHA-256 of the canonical declaration of a subject, in hex; raises ``LookupError`` as above."""
    return hashlib.sha256(subject_declaration(model, subject)).hexdigest()


def _measure(service: Service) -> dict[str, object]:
    """Return when a service counts as there: four hours without it mean little while it is open what "it" is.

    What a mode stands on, and who observes it, is no part of that: it is how the promise is kept, not the promise.
    """
    minimum = [
        {"name": mode.name, "capacity_ppm": mode.capacity_ppm, "minimum_service": mode.minimum_service}
        | ({"priority_answer": sorted(mode.priority_answer)} if mode.priority_answer else {})
        for mode in service.modes
        if mode.meets_minimum
    ]
    indicator = None if service.indicator is None else _members(service.indicator, frozenset({"probe"}))
    return {"minimum": minimum, "indicator": indicator}


def _members(value: Any, left_out: frozenset[str] = frozenset()) -> dict[str, object]:  # noqa: ANN401 -- see _plain
    """Return the members of a value of the model that are not the default of its type."""
    given = {field.name: (getattr(value, field.name), default_of(field)) for field in fields(value)}
    return {
        name: _plain(member) for name, (member, default) in given.items() if name not in left_out and member != default
    }


def _plain(value: Any) -> object:  # noqa: ANN401 -- any value of a model in, JSON out
    """Return a value of the model as JSON values."""
    if is_dataclass(value):
        return {"type": type(value).__name__, **_members(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(member) for key, member in value.items()}
    if isinstance(value, tuple) and all(isinstance(member, str) for member in value):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(member) for member in value]
    return value


def default_of(field: Field[Any]) -> object:
    """Return the default of a member, ``MISSING`` when it must be given."""
    return field.default if field.default_factory is MISSING else field.default_factory()
