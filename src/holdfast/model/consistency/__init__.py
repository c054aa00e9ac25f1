"""What only shows when everything is read: unknown names, cycles that cannot be, targets out of bounds."""

from __future__ import annotations

from holdfast.model.consistency.cycles import check_holds, check_replicas
from holdfast.model.consistency.drills import check_drills
from holdfast.model.consistency.fitting import (
    check_crews,
    check_distinct,
    check_flows,
    check_needless,
    check_scenarios,
    check_teams,
)
from holdfast.model.consistency.names import check_references
from holdfast.model.consistency.standing import check_standing
from holdfast.model.fields import Reading
from holdfast.model.types import Model


def check(model: Model, reading: Reading) -> None:
    """Add every finding that takes more than one declaration to see."""
    findings = reading.findings
    check_references(model, reading)
    check_distinct(model, findings)
    check_flows(model, findings)
    check_standing(model, reading)
    check_holds(model, findings)
    check_replicas(model, findings)
    check_crews(model, findings)
    check_teams(model, findings)
    check_needless(reading)
    check_scenarios(model, findings)
    check_drills(model, reading)
