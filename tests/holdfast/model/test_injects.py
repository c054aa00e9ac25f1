"""Injects of a scenario that is talked through: what is wrong with them is found, and what changes of them is told."""

from __future__ import annotations

import json

import pytest

from holdfast.model.canonical import subject_declaration, subject_digest
from holdfast.model.difference import difference
from holdfast.model.findings import Finding
from holdfast.model.loader import load
from holdfast.model.types import Model
from tests.holdfast.state.spoken_log import DECLARED, WORDS

SECOND = (
    "      - {at: 10m, to: silver, tell: It stops., expect: Restart it, by: silver, within: 20m, tests: [restart]}\n"
)
LINE = DECLARED[: DECLARED.index(SECOND)].count("\n") + 1


def read(text: str) -> tuple[Model | None, tuple[Finding, ...]]:
    return load({"bank.yaml": text}, "bank.yaml", WORDS)


def with_second(line: str) -> str:
    assert DECLARED.count(SECOND) == 1
    return DECLARED.replace(SECOND, f"      - {{{line}}}\n")


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("at: 10m, to: silver, tell: It stops., expect: Restart it", "HF145", 'missing "by" and "within"'),
        ("at: 10m, to: silver, tell: It stops., by: silver, within: 5m", "HF145", 'missing "expect"'),
        ("at: 10m, to: silver, tell: It stops., tests: [restart]", "HF145", "tests nothing"),
        ("at: 10m, to: silver, tell: No., expect: So, by: silver, within: 0s", "HF145", "above zero"),
        ("at: 50m, to: silver, tell: It stops.", "HF145", "in the order in which they are told"),
        ("at: 10m, to: nobody, tell: It stops.", "HF111", 'a declared role, got "nobody"'),
        ("at: 10m, to: silver, tell: No., expect: So, by: silver, within: 5m, tests: [pray]", "HF111", "or playbook"),
        ("at: 10m, to: silver", "HF106", 'missing key "tell"'),
    ],
)
def test_what_cannot_be_told_as_it_stands_is_found_with_its_line(line: str, code: str, said: str) -> None:
    model, findings = read(with_second(line))
    assert model is None
    (found,) = [finding for finding in findings if finding.severity == "error"]
    assert (found.code, said in found.message) == (code, True), str(found)
    assert found.place.line in {LINE, LINE + 1}  # out of order is found where the next one stands


def test_a_playbook_may_be_tested_as_well_as_a_strategy() -> None:
    model, _ = read(DECLARED.replace("tests: [restart]", "tests: [start-the-engine]"))
    assert model is not None
    assert model.scenarios["talk"].injects[1].tests == ("start-the-engine",)


def test_only_a_scenario_that_is_discussed_has_injects() -> None:
    model, findings = read(
        DECLARED.replace("type: tabletop\n    service: payments", "type: industry\n    service: payments")
    )
    assert model is None
    assert [finding.code for finding in findings if finding.severity == "error"] == ["HF145"]


def test_there_are_not_too_many_of_them() -> None:
    many = "".join(f"      - {{at: {minute}m, to: silver, tell: More.}}\n" for minute in range(65))
    model, findings = read(DECLARED.replace(SECOND, many).replace("at: 40m", "at: 65m"))
    assert model is None
    assert any("at most 64 injects, got 67" in finding.message for finding in findings)


def test_an_approval_covers_them_and_a_scenario_without_any_is_what_it_was() -> None:
    before, _ = read(DECLARED)
    after, _ = read(DECLARED.replace("within: 20m", "within: 25m"))
    assert before is not None
    assert after is not None
    assert subject_digest(before, "scenario:talk") != subject_digest(after, "scenario:talk")
    assert "injects" not in json.loads(subject_declaration(before, "scenario:alone"))["declared"]


@pytest.mark.parametrize(
    ("old", "new", "said", "effect"),
    [
        ("within: 20m", "within: 25m", "time for it 20m → 25m, looser", "weaker"),
        ("within: 20m", "within: 15m", "time for it 20m → 15m, stricter", "stronger"),
        (", by: silver, within: 20m", ", by: gold, within: 20m", "who has to decide silver → gold", "other"),
        (SECOND, "", "inject 10m to silver removed", "weaker"),
    ],
)
def test_what_changes_of_an_inject_is_told_in_words(old: str, new: str, said: str, effect: str) -> None:
    before, _ = read(DECLARED)
    after, findings = read(DECLARED.replace(old, new))
    assert before is not None
    assert after is not None, findings
    changes = [change for change in difference(before, after) if "inject" in change.what]
    assert [(said in change.what, change.effect) for change in changes] == [(True, effect)], changes
