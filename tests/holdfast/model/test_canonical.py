"""What a body approves has one digest: it changes with what was approved, and with nothing else."""

from __future__ import annotations

import json

import pytest

from holdfast.model.canonical import subject_declaration, subject_digest, subjects
from tests.holdfast.model.declared import WHOLE, WORDS, changed, model, read

TOLERANCE, CRASH, WORST, ACCEPTED = (
    "tolerance:payments",
    "scenario:crash",
    "scenario:worst",
    "risk-acceptance:one-vault",
)


def test_everything_that_is_approved_is_a_subject() -> None:
    assert subjects(model()) == (
        *("tolerance:payments", "tolerance:reporting"),
        *("scenario:crash", "scenario:lost-site", "scenario:worst"),
        *("risk-acceptance:one-vault", "risk-acceptance:late-alarm"),
    )


def test_a_declaration_is_json_of_integers_texts_and_names_without_places() -> None:
    assert json.loads(subject_declaration(model(), "tolerance:reporting")) == {
        "declared": {
            "name": "reporting",
            "impact_tolerance": {"type": "ImpactTolerance", "duration_ms": 86_400_000, "end_of_day": False},
            "rpo_ms": 3_600_000,
            "rto_ms": 28_800_000,
            "minimum": [{"name": "only", "capacity_ppm": 1_000_000, "minimum_service": None}],
            "indicator": None,
        },
        "subject": "tolerance:reporting",
    }


def test_a_digest_does_not_change_between_versions() -> None:
    """An approval outlives the program that recorded it: if this fails, approvals of earlier versions are void."""
    assert subject_digest(model(), "tolerance:reporting") == (
        "953327c6744d4765c09f5d660d794e534cc1994052d26aef7305d418e633d11f"
    )


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("      duration: 4h", "      duration: 5h", {TOLERANCE}),
        ("      participants: 3\n", "      participants: 4\n", {TOLERANCE}),
        ("    rto: 2h", "    rto: 3h", {TOLERANCE}),
        ("      4h: intolerable", "      4h: systemic", {TOLERANCE}),
        ("participants: 95%, window: 3s", "participants: 1%, window: 3s", {TOLERANCE}),
        ("answer: [settled, queued]", "answer: [settled, queued, rejected]", {TOLERANCE}),
        ("        meets_minimum: false", "        meets_minimum: true", {TOLERANCE}),
        ("capacity: 100%, needs: [gateway, ledger]", "capacity: 90%, needs: [gateway, ledger]", {TOLERANCE}),
        ("capacity: 100%, needs: [gateway, ledger]", "capacity: 100%, needs: [gateway]", set()),
        ("        capacity: 12.5%", "        capacity: 12%", set()),
        ("window: 3s, probe: monitor", "window: 3s, probe: gateway", set()),
        ("    owner: head-of-payments", "    owner: somebody", set()),
        ("    title: Payments", "    title: Pay", set()),
        ("      15m: minor", "      900s: minor", set()),
        ("    title: A crash", "    title: The crash", set()),
        ("    title: A crash", "\n\n    title: A crash # moved", set()),
        ("    basis: It happens.", "    basis: It happened.", {CRASH}),
        ("    checks: [restored, nothing-lost]", "    checks: [restored]", {CRASH}),
        ("    steady: 1s", "    steady: 2s", {CRASH}),
        ("lasts: {p50: 3d, p95: 14d}", "lasts: {p50: 3d, p95: 13d}", {WORST}),
        ("lasts: 2d}", "lasts: 48h}", set()),
        (
            "    fail_site: [dc-a]\n    fail: [ledger, monitor]",
            "    fail: [ledger, monitor]\n    fail_site: [dc-a]",
            set(),
        ),
        ("until: 2026-06-30}", "until: 2026-07-01}", {ACCEPTED}),
        ("  rtgs: {kind: fmi}", "  rtgs: {kind: third-party}", set()),
    ],
)
def test_what_changes_a_digest(old: str, new: str, changes: set[str]) -> None:
    before = model()
    after = model(changed(old, new)[0])
    assert {name for name in subjects(before) if subject_digest(before, name) != subject_digest(after, name)} == changes


def test_further_checks_of_a_later_version_void_no_scenario_that_left_them_open() -> None:
    later = type(WORDS)(WORDS.faults, WORDS.checks | {"another"}, WORDS.calendar_checks, WORDS.timezones)
    before, (after, _) = model(), read(WHOLE, later)
    assert after is not None
    assert after.scenarios["lost-site"].checks != before.scenarios["lost-site"].checks
    for name in subjects(before):
        assert subject_digest(before, name) == subject_digest(after, name)


@pytest.mark.parametrize("subject", ["tolerance:nothing", "scenario:", "service:payments", "payments", ""])
def test_what_is_no_subject_is_refused(subject: str) -> None:
    with pytest.raises(LookupError):
        subject_digest(model(), subject)
