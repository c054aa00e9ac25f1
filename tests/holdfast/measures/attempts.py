"""Attempts as a test needs them: so many days after the programme began, with a verdict."""

from __future__ import annotations

from holdfast.checks.validity import Verdict
from holdfast.measures.programme import Attempt
from holdfast.model.types import PlannedTest

DAY_MS = 24 * 3_600_000
DAY_US = DAY_MS * 1_000
TEST = PlannedTest("lose-dc-a", "gross-settlement", "site", every_ms=30 * DAY_MS, valid_ms=90 * DAY_MS)


def tried(day: float, verdict: Verdict, tested: str = "") -> Attempt:
    """Return an attempt at ``TEST`` on a day, live and by limits that were approved."""
    return Attempt(
        exercise=f"ex-{day}",
        scenario=TEST.scenario,
        service=TEST.service,
        exercise_type=TEST.exercise_type,
        at_utc_us=round(day * DAY_US),
        verdict=verdict,
        as_expected=verdict == "held",
        evidence_class="live",
        limits_approved=True,
        tested=tested,
        entry=7,
        log="holdfast.example/log/5f2c",
    )
