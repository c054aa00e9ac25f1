"""What is to be tested and how often, and the risks that somebody bears until a date."""

from __future__ import annotations

import re
from typing import cast

from holdfast.model import keys
from holdfast.model.documents import Node
from holdfast.model.fields import Fields, Reading
from holdfast.model.findings import shown
from holdfast.model.types import ExerciseType, GapAbout, PlannedTest, RiskAcceptance

WHOLE_COURSE = "whole-course"
"""Not a check of a scenario but of its exercise: that it went to its end. It can leave a gap like any other."""

_DECISION = re.compile(r"decision-[1-9][0-9]{0,3}")
"""Nor is the decision on an inject of a tabletop, which can be missed."""


def read_planned_test(reading: Reading, node: Node) -> PlannedTest:
    """Return one line of the test plan."""
    fields = Fields(reading, node, keys.TEST_PLAN, "a line of the test plan")
    test = PlannedTest(
        scenario=fields.name("scenario", "scenario"),
        service=fields.name("service", "service"),
        exercise_type=cast("ExerciseType", fields.word("type")),
        every_ms=fields.number("every"),
        valid_ms=fields.number("valid"),
        since=fields.optional_date("since"),
    )
    for key, value in (("every", test.every_ms), ("valid", test.valid_ms)):
        if fields.sound(key) and value == 0:
            fields.error("HF143", key, f"expected {key} above zero", "Write a period such as 1y or 90d.")
    return test


def read_risk_acceptance(reading: Reading, name: str, node: Node) -> RiskAcceptance:
    """Return one finding or gap that a role bears until a date."""
    fields = Fields(reading, node, keys.RISK_ACCEPTANCE, f"risk acceptance {shown(name)}")
    fields.some("on")
    if ("finding" in fields) == ("gap" in fields):
        got = "both" if "gap" in fields else "neither"
        message = f"expected either finding or gap in risk acceptance {shown(name)}, got {got}"
        remedy = "Write finding: HF601 for a weakness, or gap: SCENARIO/CHECK for what an exercise left open."
        fields.error("HF144", "gap" if "gap" in fields else "on", message, remedy)
    gap = _gap(fields)
    return RiskAcceptance(
        name=name,
        code=fields.optional_code("finding"),
        on=fields.names("on", "service" if gap else "subject"),
        why=fields.text("why"),
        owner=fields.name("owner", "role"),
        until=fields.date("until"),
        gap=gap,
    )


def _gap(fields: Fields) -> GapAbout | None:
    """Return what the gap is about that is borne, ``None`` where the acceptance is of a finding."""
    written = fields.optional_gap("gap")
    if written is None:
        return None
    scenario, _, check = written.text.partition("/")
    fields.reading.refer_at("scenario", scenario, written.place)
    known = fields.reading.vocabulary.checks | {WHOLE_COURSE}
    if fields.sound("gap") and check not in known and not _DECISION.fullmatch(check):
        remedy = f"{fields.reading.findings.did_you_mean(check, known)}`holdfast gaps` shows what is open."
        message = f"expected the check of a scenario after the stroke, got {shown(check)}"
        fields.error("HF111", "gap", message, remedy)
    return GapAbout(scenario, check)
