"""What is to be tested and how often, and the risks that somebody bears until a date."""

from __future__ import annotations

from typing import cast

from holdfast.model import keys
from holdfast.model.documents import Node
from holdfast.model.fields import Fields, Reading
from holdfast.model.findings import shown
from holdfast.model.types import ExerciseType, PlannedTest, RiskAcceptance


def read_planned_test(reading: Reading, node: Node) -> PlannedTest:
    """Return one line of the test plan."""
    fields = Fields(reading, node, keys.TEST_PLAN, "a line of the test plan")
    test = PlannedTest(
        scenario=fields.name("scenario", "scenario"),
        service=fields.name("service", "service"),
        exercise_type=cast("ExerciseType", fields.word("type")),
        every_ms=fields.number("every"),
        valid_ms=fields.number("valid"),
    )
    for key, value in (("every", test.every_ms), ("valid", test.valid_ms)):
        if fields.sound(key) and value == 0:
            fields.error("HF143", key, f"expected {key} above zero", "Write a period such as 1y or 90d.")
    return test


def read_risk_acceptance(reading: Reading, name: str, node: Node) -> RiskAcceptance:
    """Return one finding or gap that a role bears until a date."""
    fields = Fields(reading, node, keys.RISK_ACCEPTANCE, f"risk acceptance {shown(name)}")
    fields.some("on")
    return RiskAcceptance(
        name=name,
        code=fields.code("finding"),
        on=fields.names("on", "subject"),
        why=fields.text("why"),
        owner=fields.name("owner", "role"),
        until=fields.date("until"),
    )
