"""``holdfast posture``: what comes first, the matrix, and that nothing reads held which the record does not show."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from holdfast.store.bundle import export
from holdfast.store.opening import open_log
from tests.holdfast.cli.test_judge import record
from tests.holdfast.commands import holdfast
from tests.holdfast.drill import Drill, play

LATER = (datetime.now(UTC) + timedelta(days=200)).date().isoformat()
FAMILIES = {"hardware", "site", "network", "change", "data", "cyber", "third-party", "people", "systemic"}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    state = tmp_path / "state"
    monkeypatch.setenv("HOLDFAST_STATE", str(state))
    return state


def lost(drill: Drill) -> Drill:
    """Take an instruction that was acknowledged out of the ledger."""
    key = next(row["key"] for row in drill.records["AURUM"] if row.get("status") == "settled")
    drill.ledger = [row for row in drill.ledger if row.get("key") != key]
    return drill


def test_a_drill_that_held_on_the_range_proves_no_objective(tmp_path: Path, state: Path) -> None:
    record(play(rate_per_s=4.0), tmp_path / "evidence")
    shown = holdfast("posture", "--log", tmp_path / "evidence", state=state)
    assert (shown.code, shown.err) == (0, "")
    assert "nothing that was tried failed, and nothing is overdue" in shown.out
    every = json.loads(holdfast("posture", "--log", tmp_path / "evidence", "--json", state=state).out)
    line = next(each for each in every["services"]["gross-settlement"]["site"]["scenarios"] if each["last"])
    assert (line["scenario"], line["state"]) == ("lose-dc-a", "unproven")
    assert line["why"] == "held, but the evidence is of class range, scaled"
    assert every["success_rate"]["gross-settlement"]["passed"] == 1
    assert every["success_rate"]["gross-settlement"]["due"] == 1
    assert every["success_rate"]["gross-settlement"]["lower_ppm"] == 50_000
    assert all(set(row) == FAMILIES for row in every["services"].values())
    states = {cell["state"] for row in every["services"].values() for cell in row.values()}
    assert states == {"unproven"}


def test_what_was_broken_comes_first_and_fails_the_command(tmp_path: Path, state: Path) -> None:
    record(lost(play(rate_per_s=4.0)), tmp_path / "evidence")
    shown = holdfast("posture", "--log", tmp_path / "evidence", state=state)
    assert shown.code == 1
    assert shown.out.splitlines()[1].startswith("✗ broken   gross-settlement: lose-dc-a, the last attempt was broken")
    row = next(line for line in shown.out.splitlines() if line.startswith("gross-settlement "))
    assert "✗" in row
    assert max(map(len, shown.out.splitlines())) <= 110


def test_what_is_overdue_is_told_and_every_scenario_on_request(tmp_path: Path, state: Path) -> None:
    with open_log(tmp_path / "evidence", create=True):
        pass
    shown = holdfast("posture", "--log", tmp_path / "evidence", "--on", LATER, "--all", state=state)
    assert shown.code == 1
    assert "! overdue  gross-settlement: primary-killed, never tried" in shown.out
    assert "  ? unproven site         campus-fire: never tried" in shown.out.splitlines()
    rate = next(line.split() for line in reversed(shown.out.splitlines()) if line.startswith("gross-settlement "))
    due = rate[3]
    assert int(due) > 0
    assert rate == ["gross-settlement", "0", "of", due, "0", "%", due, "0", "0"]


def test_a_log_that_is_not_there_is_refused(tmp_path: Path, state: Path) -> None:
    assert holdfast("posture", "--log", tmp_path / "nothing", state=state).error == "HF201"


def test_an_approval_in_a_record_that_nobody_verified_counts_for_nothing(tmp_path: Path, state: Path) -> None:
    place = tmp_path / "evidence"
    record(play(rate_per_s=4.0), place)
    said = ("tolerance:gross-settlement", "--body", "Board", "--on", "2026-11-20", "--model", "examples/meridian")
    assert holdfast("approve", *said, "--log", place, state=state).code == 0
    with open_log(place) as log:
        export(log, tmp_path / "bundle")
    (key,) = state.rglob("*.vkey")

    def approved(*arguments: object) -> bool:
        shown = json.loads(holdfast("posture", "--json", *arguments).out)
        lines = shown["services"]["gross-settlement"]["site"]["scenarios"]
        return bool(next(line["last"] for line in lines if line["last"])["limits_approved"])

    assert approved("--log", place)
    assert approved("--log", tmp_path / "bundle", "--key", key)
    key.unlink()
    assert not approved("--log", tmp_path / "bundle")
