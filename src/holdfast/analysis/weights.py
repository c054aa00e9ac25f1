"""How much a weakness weighs: by what it hurts, and whether that comes back in time. docs/findings/README.md has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from holdfast.analysis.kinds import RANK, Weight
from holdfast.analysis.survey import DAY_MS, Survey, vital
from holdfast.model.types import Service

_BY_RANK: Mapping[int, Weight] = {rank: weight for weight, rank in RANK.items()}


def of_loss(survey: Survey, services: Iterable[str], event: int) -> Weight:
    """Return the weight of an event that stops services, that of the heaviest.

    Beyond the impact tolerance even at best: critical where the service is vital, else high. Within it but beyond the
    objective: high, or medium. Within the objective: medium, or low. One step less where the loss is only felt after a
    day, because somebody can act until then. Where the model says of nothing how it comes back: high, or medium.
    """
    if not survey.recoveries_declared:
        return by_services(survey, services, "high", "medium")
    losses = survey.losses(event)
    found = (of_away(survey.model.services[name], losses[name].away_ms, losses[name].after_ms) for name in services)
    return min(found, key=RANK.__getitem__, default="low")


def of_away(service: Service, away_ms: int, after_ms: int) -> Weight:
    """Return the weight of a service that is away for so long, so long after the event."""
    if away_ms > service.impact_tolerance.duration_ms:
        rank = RANK["critical"]
    elif away_ms > service.rto_ms:
        rank = RANK["high"]
    else:
        rank = RANK["medium"]
    return _BY_RANK[min(rank + (not vital(service)) + (after_ms >= DAY_MS), RANK["low"])]


def by_services(survey: Survey, services: Iterable[str], where_vital: Weight, elsewhere: Weight) -> Weight:
    """Return the one weight if any of the services is vital, else the other."""
    return where_vital if any(vital(survey.model.services[name]) for name in services) else elsewhere


def softer(weight: Weight, steps: int = 1) -> Weight:
    """Return a weight some steps lighter."""
    return _BY_RANK[min(RANK[weight] + steps, RANK["low"])]
