"""``holdfast explain`` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.holdfast.cli.model_commands import ROOT, holdfast
from tests.holdfast.model.declared import WHOLE


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    """Return a declaration that the installed vocabulary takes."""
    (tmp_path / "bank.yaml").write_text(WHOLE[: WHOLE.index("scenarios:")].split("risk_acceptances:")[0])
    return tmp_path


def test_a_group_of_the_example() -> None:
    done = holdfast("explain", "ledger")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].split() == ["ledger", "Ledger", "group"]
    declared = lines[1].removeprefix("declared at ")
    file, _, number = declared.partition(":")
    assert (ROOT / file).read_text(encoding="utf-8").splitlines()[int(number) - 1].startswith("  ledger:")
    assert "├── ledger-a  database at dc-a" in done.out
    assert max(map(len, lines)) <= 100


def test_json_says_the_same(bank: Path) -> None:
    (found,) = json.loads(holdfast("explain", "db-a", "--model", bank, "--json").out)["explained"]
    assert (found["name"], found["sort"], found["facts"]["kind"]) == ("db-a", "resource", "host")
    assert found["if_it_alone_fails"] == {"payments": "down", "reporting": "down"}
    assert found["parts"]["stands-on"] == [
        {"words": "power", "name": "power", "note": "does without for 25m; facility", "below": []}
    ]
    assert found["file"] == str(bank / "bank.yaml")


def test_what_stops_with_it_is_said(bank: Path) -> None:
    shown = holdfast("explain", "db-a", "--model", bank).out
    assert "if it alone fails  payments stops, reporting stops" in " ".join(shown.split()).replace("  ", " ") or (
        "payments stops, reporting stops" in shown
    )
    assert "every service goes on as before" in holdfast("explain", "desk", "--model", bank).out


def test_an_unknown_name_finds_its_like(bank: Path) -> None:
    done = holdfast("explain", "legder", "--model", bank)
    assert (done.code, done.out) == (2, "")
    assert "HF950 nothing in" in done.err
    assert 'Did you mean "ledger"' in done.err
    nothing = holdfast("explain", "qqqqqq", "--model", bank)
    assert "holdfast check" in nothing.err


def test_a_log_that_is_not_there_is_not_taken_for_none(bank: Path, tmp_path: Path) -> None:
    assert "HF201" in holdfast("explain", "payments", "--model", bank, "--log", tmp_path / "no").err
    assert "unapproved" in holdfast("explain", "payments", "--model", bank).out
