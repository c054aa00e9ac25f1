"""``holdfast campaign``: one page over all exercises, which the same record gives again to the byte."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from holdfast.store.opening import open_log
from tests.holdfast.cli.test_gaps import record_as, small
from tests.holdfast.commands import holdfast
from tests.holdfast.measures.campaigns import lost

TODAY = datetime.now(UTC).date().isoformat()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    return tmp_path / "evidence"


def test_the_same_record_and_day_give_the_same_bytes(place: Path, tmp_path: Path) -> None:
    record_as(small(), place, "first")
    record_as(lost(small(seed=9)), place, "second")
    first, second = tmp_path / "a.html", tmp_path / "b.html"
    shown = holdfast("campaign", "--log", place, "--report", first, "--on", TODAY)
    assert (shown.code, shown.err) == (1, "")
    assert "Broken when last tried: primary-killed." in shown.out
    assert f"report: {first}" in shown.out
    holdfast("campaign", "--log", place, "--report", second, "--on", TODAY)
    assert first.read_bytes() == second.read_bytes()
    assert "Campaign of 2 exercises" in first.read_text()


def test_a_log_without_an_exercise_gives_a_page_as_well(place: Path, tmp_path: Path) -> None:
    with open_log(place, create=True):
        pass
    shown = holdfast("campaign", "--log", place, "--report", tmp_path / "a.html")
    assert (shown.code, shown.err) == (0, "")
    assert "Nothing was exercised yet" in shown.out
    assert (tmp_path / "a.html").read_text().startswith("<!DOCTYPE html>")


def test_a_log_that_is_not_there_is_refused(place: Path) -> None:
    assert holdfast("campaign", "--log", place).error == "HF201"
