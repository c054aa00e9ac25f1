"""What a line of the test plan and a risk acceptance may say, and what is said when it does not fit."""

from __future__ import annotations

import json

import pytest

from holdfast.model.canonical import subject_declaration
from holdfast.model.difference import difference
from holdfast.model.loader import load
from holdfast.model.types import GapAbout, Model
from holdfast.model.vocabulary import ParameterSchema, Vocabulary

WORDS = Vocabulary({"process.kill": ParameterSchema(frozenset({"database"}))}, frozenset({"restored", "detected"}))
BANK = """
institution: Bank
services:
  pay:
    impact_tolerance: {{duration: 4h}}
    rto: 2h
    rpo: 0s
    modes: {{full: {{capacity: 100%, needs: [db], meets_minimum: true}}}}
resources: {{db: {{kind: database}}}}
roles: {{gold: {{title: Gold}}}}
scenarios:
  crash: {{family: hardware, type: tabletop, service: pay, basis: It happens., fail: [db]}}
test_plan:
  - {{scenario: crash, service: pay, type: tabletop, every: 90d, valid: 120d{plan}}}
risk_acceptances:
  known: {{{accepted}, why: Later., owner: gold, until: 2027-01-31}}
"""
GAP = "gap: crash/detected, on: [pay]"


def read(accepted: str = GAP, plan: str = "") -> tuple[Model | None, list[str]]:
    text = BANK.format(accepted=accepted, plan=plan)
    model, findings = load({"bank.yaml": text.encode()}, "bank.yaml", WORDS)
    return model, [finding.code for finding in findings if finding.severity == "error"]


def model(accepted: str = GAP, plan: str = "") -> Model:
    found, _ = read(accepted, plan)
    assert found is not None
    return found


@pytest.mark.parametrize("check", ["detected", "whole-course", "decision-2"])
def test_a_gap_names_a_scenario_and_what_did_not_hold_of_it(check: str) -> None:
    accepted = model(f"gap: crash/{check}, on: [pay]").risk_acceptances["known"]
    assert (accepted.gap, accepted.code) == (GapAbout("crash", check), None)


@pytest.mark.parametrize(
    ("accepted", "codes"),
    [
        ("on: [pay]", ["HF144"]),
        ("finding: HF601, gap: crash/detected, on: [pay]", ["HF144"]),
        ("gap: crash, on: [pay]", ["HF108"]),
        ("gap: crash/a/b, on: [pay]", ["HF108"]),
        ("gap: other/detected, on: [pay]", ["HF111"]),
        ("gap: crash/other, on: [pay]", ["HF111"]),
        ("gap: crash/decision-0, on: [pay]", ["HF111"]),
        ("gap: crash/detected, on: [db]", ["HF111"]),
        ("finding: HF601, on: [db]", []),
    ],
)
def test_what_does_not_fit_is_said(accepted: str, codes: list[str]) -> None:
    assert read(accepted)[1] == codes


def test_a_line_says_since_when_it_counts() -> None:
    assert model().test_plan[0].since is None
    assert model(plan=", since: 2026-01-05").test_plan[0].since == "2026-01-05"
    assert read(plan=", since: soon")[1] == ["HF108"]


def test_what_is_approved_of_an_acceptance_of_a_finding_has_the_bytes_that_it_had() -> None:
    declared = json.loads(subject_declaration(model("finding: HF601, on: [db]"), "risk-acceptance:known"))
    assert set(declared["declared"]) == {"name", "code", "on", "why", "owner", "until"}
    gap = json.loads(subject_declaration(model(), "risk-acceptance:known"))["declared"]["gap"]
    assert gap == {"type": "GapAbout", "scenario": "crash", "check": "detected"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ({}, {"accepted": "gap: crash/restored, on: [pay]"}, "high other: risk acceptance known: "),
        (
            {},
            {"plan": ", since: 2026-01-05"},
            "high other: test of pay by crash: counted since the record began → 2026-01-05",
        ),
        (
            {"plan": ", since: 2026-01-05"},
            {"plan": ", since: 2026-06-05"},
            "high weaker: test of pay by crash: counted since 2026-01-05 → 2026-06-05, later",
        ),
    ],
)
def test_a_change_of_either_is_told(old: dict[str, str], new: dict[str, str], words: str) -> None:
    (change,) = difference(model(**old), model(**new))
    assert f"{change.weight} {change.effect}: {change.subject}: {change.what}".startswith(words)
