"""What an exercise really tested, as a digest: when it changes, the result is of something that is no longer there.

A result is stale when the tested subgraph, configuration or playbook has changed since. Covered are the service's
limits, indicator and modes, everything that it stands on in any of them, how that is recovered and what the recovery
stands on, and what the scenario breaks. Titles, owners, contracts and the dates of exercises are not: none of them
changes what happens when something fails.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass
from typing import Any

from holdfast.analysis.ways import stands_on
from holdfast.model.canonical import default_of
from holdfast.model.types import Model
from holdfast.model.uses import below, below_service, strategies

_UNTESTED = frozenset(
    {
        *("title", "owner", "tier", "team", "supplier", "announces", "exercised", "passed", "failed"),
        *("importance", "impact", "peaks", "flow", "basis", "plausibility", "dials", "detection", "decision", "hits"),
    }
)


def subgraph_digest(model: Model, service: str, scenario: str) -> str:
    """Return SHA-256, in hex, over what a scenario tests of a service; raises ``LookupError`` if either is unknown."""
    names = _tested(model, service)
    declared = {
        "service": _plain(model.services[service]),
        "scenario": _plain(model.scenarios[scenario]),
        "resources": {name: _plain(each) for name, each in model.resources.items() if name in names},
        "groups": {name: _plain(each) for name, each in model.groups.items() if name in names},
        "calendar": _plain(model.calendar),
    }
    text = json.dumps(declared, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def tested_now(model: Model, service: str, scenario: str) -> str | None:
    """Return the same for what is declared now, ``None`` where the service or the scenario is not there any more."""
    if service not in model.services or scenario not in model.scenarios:
        return None
    return subgraph_digest(model, service, scenario)


def _tested(model: Model, service: str) -> frozenset[str]:
    """Return all that a service stands on, and all that recovering any of it stands on, at any remove."""
    names, before = below_service(model, service), frozenset[str]()
    while names != before:
        before = names
        recovering = (stands_on(strategy) for owner, strategy in strategies(model) if owner in before)
        names |= below(model, frozenset[str]().union(*recovering))
    return names


def _plain(value: Any) -> object:  # noqa: ANN401 - any value of a model in, JSON out
    """Return a value of the model as JSON values; a member that has the default of its type is left out."""
    if is_dataclass(value):
        members = {field.name: getattr(value, field.name) for field in fields(value) if _counts(field, value)}
        return {"type": type(value).__name__, **{name: _plain(member) for name, member in members.items()}}
    if isinstance(value, Mapping):
        return {str(key): _plain(member) for key, member in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(member) for member in value]
    return value


def _counts(field: Field[Any], value: Any) -> bool:  # noqa: ANN401 - as above
    return field.name not in _UNTESTED and getattr(value, field.name) != default_of(field)
