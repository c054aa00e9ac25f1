"""The injects of a scenario that is discussed: what is told to whom at the table, when, and what is expected then."""

from __future__ import annotations

from holdfast.model import keys
from holdfast.model.documents import Node
from holdfast.model.fields import Fields
from holdfast.model.findings import listed, shown
from holdfast.model.types import Inject

DISCUSSED = ("walkthrough", "tabletop")
MAX_INJECTS = 64


def read_injects(scenario: Fields, exercise_type: str) -> tuple[Inject, ...]:
    """Return the injects in the order in which they are told; only a scenario that is discussed has any."""
    if "injects" not in scenario:
        return ()
    scenario.some("injects")
    if scenario.sound("type") and exercise_type not in DISCUSSED:
        message = f"expected type {listed(DISCUSSED)} for a scenario with injects, got {exercise_type}"
        scenario.error("HF145", "injects", message, "Correct the type, or remove the injects.")
    nodes = scenario.items("injects")
    if len(nodes) > MAX_INJECTS:
        message = f"expected at most {MAX_INJECTS} injects, got {len(nodes)}"
        scenario.error("HF145", "injects", message, "Split the scenario: nobody can follow so many.")
    found: list[Inject] = []
    for node in nodes[:MAX_INJECTS]:
        found.append(_read_inject(scenario, node, found[-1].at_ms if found else 0))
    return tuple(found)


def _read_inject(scenario: Fields, node: Node, before_ms: int) -> Inject:
    """Return one inject; what is expected, by whom and within what time go together."""
    fields = Fields(scenario.reading, node, keys.INJECT, f"an inject of {scenario.what}")
    at_ms = fields.number("at")
    if fields.sound("at") and at_ms < before_ms:
        message = "expected injects in the order in which they are told"
        fields.error("HF145", "at", message, "Put it before the one that is told later.")
    expecting = ("expect", "by", "within")
    given = [key for key in expecting if key in fields]
    if given and len(given) < len(expecting):
        absent = " and ".join(shown(key) for key in expecting if key not in given)
        message = f"missing {absent} in {fields.what}, of which something is expected"
        fields.error("HF145", given[0], message, "Say what is expected, by which role, and within what time.")
    if not given and "tests" in fields:
        message = f"nothing is expected of {fields.what}, so it tests nothing"
        fields.error("HF145", "tests", message, "Add expect, by and within, or remove tests.")
    within_ms = fields.optional_number("within")
    if fields.sound("within") and within_ms == 0:
        fields.error("HF145", "within", "expected within above zero", "Write how long they have, such as 30m.")
    return Inject(
        at_ms=at_ms,
        to=fields.name("to", "role"),
        tell=fields.text("tell"),
        expect=fields.optional_text("expect"),
        by=fields.optional_name("by", "role"),
        within_ms=within_ms,
        tests=fields.names("tests", "practice"),
    )
