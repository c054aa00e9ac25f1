"""``holdfast coverage``: what was exercised and what never was, and the test plan in the order in which it is due."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from holdfast.store.opening import open_log
from tests.holdfast.cli.test_gaps import record_as, small
from tests.holdfast.commands import holdfast

LATER = (datetime.now(UTC) + timedelta(days=200)).date().isoformat()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a log with one drill that held."""
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    record_as(small(), tmp_path / "evidence", "first")
    return tmp_path / "evidence"


def test_what_was_exercised_what_expires_and_what_never_was(place: Path) -> None:
    shown = holdfast("coverage", "--log", place)
    assert (shown.code, shown.err) == (0, "")
    rows = {line.split()[0]: line.split() for line in shown.out.splitlines() if line.startswith(("resource", "site "))}
    assert rows["resource"][1:3] == ["1", "0"]
    assert rows["site"][1:3] == ["0", "0"]
    assert "expires next" in shown.out
    assert "✓ resource ledger-a: held, counts until" in shown.out
    assert "never exercised, what matters most first" in shown.out
    assert "alone stops" in shown.out
    assert len(holdfast("coverage", "--log", place, "--all").out.splitlines()) > 100


def test_the_same_for_a_program(place: Path) -> None:
    found = json.loads(holdfast("coverage", "--log", place, "--json").out)
    things = {(each["sort"], each["name"]): each for each in found["things"]}
    ledger = things["resource", "ledger-a"]
    assert (ledger["worth"], ledger["never_rank"]) == ("exercised", None)
    assert ledger["exercised_by"][0]["exercise"] == "first"
    assert ledger["exercised_by"][0]["evidence_class"] == "range, scaled"
    ranks = sorted(each["never_rank"] for each in found["things"] if each["never_rank"])
    assert ranks == list(range(1, len(ranks) + 1))
    assert {each["worth"] for each in found["things"]} == {"exercised", "never"}


def test_the_plan_says_what_is_due_and_fails_when_anything_is_overdue(place: Path) -> None:
    now = holdfast("coverage", "--due", "--log", place)
    assert (now.code, "! since" in now.out) == (0, False)
    row = next(line for line in now.out.splitlines() if "primary-killed" in line)
    assert "held" in row
    later = holdfast("coverage", "--due", "--log", place, "--on", LATER)
    assert later.code == 1
    lines = [line for line in later.out.splitlines() if "! since" in line]
    assert lines
    assert lines == sorted(lines, key=lambda line: line.split()[2])
    found = json.loads(holdfast("coverage", "--due", "--json", "--log", place, "--on", LATER).out)
    overdue = [each["overdue_since_utc_us"] is not None for each in found["tests"]]
    assert overdue == sorted(overdue, reverse=True)


def test_a_log_that_continues_another_does_not_begin_its_periods_anew(place: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    assert holdfast("log", "continue", place, new, "--why", "another server").code == 0
    record_as(small(seed=8), new, "second")
    both, alone = (
        json.loads(holdfast("coverage", "--due", "--json", "--log", new, "--on", LATER, *older).out)["tests"]
        for older in (("--older", place), ())
    )
    one = {each["test"]["scenario"]: each for each in both}["primary-killed"]
    other = {each["test"]["scenario"]: each for each in alone}["primary-killed"]
    with open_log(place) as log:
        began = log.read(-1, 1)[0].at_utc_us
    period_us = one["test"]["every_ms"] * 1_000
    assert (one["due_utc_us"] - began) % period_us == 0
    assert other["due_utc_us"] == one["due_utc_us"]
    assert (one["elsewhere"], other["elsewhere"]) == (0, 1)
