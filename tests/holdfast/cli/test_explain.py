"""``holdfast explain`` as a user meets it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.holdfast.commands import holdfast
from tests.holdfast.model.declared import WHOLE
from tests.repository.tree import ROOT


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


def test_trees_are_cut_where_they_would_hide_the_rest_and_say_so() -> None:
    shown, whole = holdfast("explain", "gross-settlement").out, holdfast("explain", "gross-settlement", "--all").out
    assert shown.count("\n") < whole.count("\n") / 2
    assert "shown by --all" not in whole
    left = [int(number) for number in re.findall(r"… (\d+) more, shown by --all", shown)]
    # A long line is wrapped, so it is names that are counted.
    told = [len(re.findall(r"^[│ ]*[├└]── (?!…)", text, re.MULTILINE)) for text in (shown, whole)]
    assert sum(left) + told[0] == told[1]
    for above, name in ((shown[: each.start()], each[1]) for each in re.finditer(r"── (\S+) [^\n]*see above", shown)):
        assert re.search(rf"── {re.escape(name)}  (?![^\n]*(see above|by --all))", above), name


def test_json_says_the_same(bank: Path) -> None:
    (found,) = json.loads(holdfast("explain", "db-a", "--model", bank, "--json").out)["explained"]
    assert (found["name"], found["sort"], found["facts"]["kind"]) == ("db-a", "resource", "host")
    assert found["if_it_alone_fails"] == {"payments": "down", "reporting": "down"}
    assert found["parts"]["stands-on"] == [
        {"words": "power", "name": "power", "note": "can be missing for 25m; facility", "below": []}
    ]
    assert found["file"] == str(bank / "bank.yaml")


def test_what_stops_with_it_is_said(bank: Path) -> None:
    shown = holdfast("explain", "db-a", "--model", bank).out
    assert "if it alone fails  payments stops, reporting stops" in " ".join(shown.split()).replace("  ", " ") or (
        "payments stops, reporting stops" in shown
    )
    assert "no service stops, once what stands by has taken over" in holdfast("explain", "desk", "--model", bank).out


def test_an_unknown_name_finds_its_like(bank: Path) -> None:
    done = holdfast("explain", "legder", "--model", bank)
    assert (done.code, done.out) == (2, "")
    assert "HF950 nothing in" in done.err
    assert 'Did you mean "ledger"' in done.err
    nothing = holdfast("explain", "qqqqqq", "--model", bank)
    assert "holdfast map" in nothing.err


def test_a_log_that_is_not_there_is_not_taken_for_none(bank: Path, tmp_path: Path) -> None:
    assert "HF201" in holdfast("explain", "payments", "--model", bank, "--log", tmp_path / "no").err
    assert "unapproved" in holdfast("explain", "payments", "--model", bank).out
