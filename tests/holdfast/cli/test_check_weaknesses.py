"""``holdfast check`` beyond the reader: weaknesses by weight, who bears them, SARIF, and when the command fails."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from holdfast.cli.baseline import read_baseline
from holdfast.cli.sarif import FINGERPRINT
from tests.holdfast.cli.test_check import check, on_a_terminal
from tests.repository.tree import ROOT

BANK = """\
institution: Example Bank
resources:
  host: {kind: host, recovery: {boot: {takes: 10m, automatic: true, exercised: 2026-01-01}}}
  app: {kind: application, needs: [host], recovery: {restart: {takes: 5m, exercised: 2026-01-01}}}
  db: {kind: database}
services:
  payments:
    owner: somebody
    impact_tolerance: {duration: 4h}
    rto: 2h
    rpo: 0s
    modes: {full: {capacity: 100%, needs: [app, db], meets_minimum: true}}
"""
ON = ("--on", "2026-11-21")


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    (tmp_path / "bank.yaml").write_text(BANK, encoding="utf-8")
    return tmp_path


def said(bank: Path, *arguments: str) -> Any:  # noqa: ANN401 -- any JSON
    return json.loads(check("bank.yaml", "--json", *ON, *arguments, cwd=bank).out)


def test_in_a_pipe_each_is_one_line_worst_first(bank: Path) -> None:
    done = check("bank.yaml", *ON, cwd=bank)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith("bank.yaml:5: HF601 critical: If db fails, payments stops: nothing stands in for it.")
    assert lines[0].endswith("[payments → db]")
    weights = [line.split(": ")[1].split()[1] for line in lines if ": HF6" in line]
    assert weights == sorted(weights, key=("critical", "high", "medium", "low").index)
    assert lines[-1].endswith("5 weaknesses (1 critical, 1 high, 1 medium, 2 low)")


def test_json_is_complete(bank: Path) -> None:
    found = said(bank)["weaknesses"]
    assert found[0] == {
        "name": "single-point-of-failure",
        "fingerprint": found[0]["fingerprint"],
        "code": "HF601",
        "weight": "critical",
        "subjects": ["db"],
        "services": ["payments"],
        "message": found[0]["message"],
        "path": ["payments", "db"],
        "remedy": found[0]["remedy"],
        "file": "bank.yaml",
        "line": 5,
        "borne": None,
    }
    assert re.fullmatch("[0-9a-f]{16}", found[0]["fingerprint"])


def test_weaknesses_fail_the_command_only_if_that_is_asked_for(bank: Path) -> None:
    assert check("bank.yaml", *ON, cwd=bank).code == 0
    assert check("bank.yaml", *ON, "--strict", "critical", cwd=bank).code == 1
    lighter = BANK.replace(
        "kind: database}", "kind: application, recovery: {restart: {takes: 5m, exercised: 2026-01-01}}}"
    )
    (bank / "bank.yaml").write_text(lighter, encoding="utf-8")
    assert check("bank.yaml", *ON, "--strict", "high", cwd=bank).code == 0
    assert check("bank.yaml", *ON, "--strict", "medium", cwd=bank).code == 1


def test_a_baseline_is_written_filled_in_and_bears_what_it_names(bank: Path) -> None:
    written = check("bank.yaml", *ON, "--write-baseline", "base.yaml", cwd=bank)
    assert written.code == 0
    text = (bank / "base.yaml").read_text(encoding="utf-8")
    assert text.count("- finding:") == len(said(bank)["weaknesses"])
    assert "until: 2027-11-21" in text
    unfinished = check("bank.yaml", *ON, "--baseline", "base.yaml", cwd=bank)
    assert unfinished.code == 2
    assert "HF620" in unfinished.err
    filled = text.replace('why: ""', "why: Known since May.").replace('by: ""', "by: cro")
    (bank / "base.yaml").write_text(filled, encoding="utf-8")
    done = check("bank.yaml", *ON, "--baseline", "base.yaml", "--strict", "low", cwd=bank)
    assert done.code == 0
    assert done.out.splitlines()[-1].endswith("no weakness, 5 borne")
    borne = said(bank, "--baseline", "base.yaml")["weaknesses"][0]["borne"]
    assert (borne["by"], borne["why"]) == ("cro", "Known since May.")
    again = check("bank.yaml", *ON, "--write-baseline", "base.yaml", cwd=bank)
    assert (again.code, "HF927" in again.err) == (2, True)


def test_a_baseline_that_was_written_can_be_read_whatever_things_are_called(bank: Path) -> None:
    text = BANK.replace("  db: {kind: database}", '  "null": {kind: database}').replace("[app, db]", '[app, "null"]')
    (bank / "bank.yaml").write_text(text, encoding="utf-8")
    check("bank.yaml", *ON, "--write-baseline", "base.yaml", cwd=bank)
    filled = (bank / "base.yaml").read_text(encoding="utf-8").replace('""', "known")
    (bank / "base.yaml").write_text(filled, encoding="utf-8")
    lines, findings = read_baseline(bank / "base.yaml")
    assert findings == ()
    assert frozenset({"null"}) in {line.on for line in lines}


def test_lines_that_expired_or_match_nothing_are_said(bank: Path) -> None:
    lines = [
        "- {finding: HF601, on: [db], why: Known., until: 2026-11-20, by: cro}",
        "- {finding: 0123456789abcdef, why: Known., until: 2027-01-01, by: cro}",
    ]
    (bank / "base.yaml").write_text("\n".join(lines), encoding="utf-8")
    done = check("bank.yaml", *ON, "--baseline", "base.yaml", cwd=bank)
    assert "base.yaml:1: HF621 cro bore HF601 of db until 2026-11-20, which is over" in done.out
    assert "base.yaml:2: HF622 0123456789abcdef is accepted, but was not found" in done.out
    assert "HF601 critical" in done.out


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("finding: HF601", "expected a list"),
        ("- HF601", "as a mapping"),
        ("- {finding: HF601, on: [db], why: x, until: soon, by: cro}", "expected a date"),
        ("- {finding: HF999, on: [db], why: x, until: 2027-01-01, by: cro}", "expected a code or a fingerprint"),
        ("- {finding: HF601, why: x, until: 2027-01-01, by: cro}", "expected on with the subjects"),
        ("- {finding: HF601, on: [db], until: 2027-01-01, by: cro}", "expected why"),
        ("- {finding: HF601, on: [[db]], why: x, until: 2027-01-01, by: cro}", "names of subjects under on"),
        ("- {finding: HF601, on: [db], why: x, until: 2027-01-01, by: cro, who: me}", 'unknown key "who"'),
    ],
)
def test_a_baseline_that_is_not_understood_accepts_nothing(text: str, wrong: str, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(text, encoding="utf-8")
    _, findings = read_baseline(tmp_path / "base.yaml")
    assert [finding.code for finding in findings] == ["HF620"]
    assert wrong in findings[0].message


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--on", "tomorrow"), "HF929"),
        (("--baseline", "nowhere.yaml"), "HF926"),
        (("--sarif", "bank.yaml/out.sarif"), "HF922"),
        (("--write-baseline", "bank.yaml/base.yaml"), "HF922"),
        (("--write-baseline", "bank.yaml"), "HF927"),
    ],
)
def test_what_cannot_be_done_is_a_wrong_call(bank: Path, arguments: tuple[str, str], code: str) -> None:
    done = check("bank.yaml", *arguments, cwd=bank)
    assert (done.code, code in done.err) == (3 if code == "HF922" else 2, True)


def test_sarif_has_rules_places_fingerprints_and_what_is_borne(bank: Path) -> None:
    (bank / "base.yaml").write_text(
        "- {finding: HF601, on: [db], why: Known., until: 2027-01-01, by: cro}\n", encoding="utf-8"
    )
    assert check("bank.yaml", *ON, "--baseline", "base.yaml", "--sarif", "out.sarif", cwd=bank).code == 0
    found = json.loads((bank / "out.sarif").read_text(encoding="utf-8"))
    assert found["version"] == "2.1.0"
    (run,) = found["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) == 5
    for result in run["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert (ROOT / rule["properties"]["page"]).is_file()
        place = result["locations"][0]["physicalLocation"]
        assert (place["artifactLocation"]["uri"], place["region"]["startLine"] >= 1) == ("bank.yaml", True)
    borne = [result for result in run["results"] if "suppressions" in result]
    assert [result["properties"]["subjects"] for result in borne] == [["db"]]
    assert borne[0]["level"] == "error"
    wanted = {weakness["fingerprint"] for weakness in said(bank)["weaknesses"]}
    assert {result["partialFingerprints"][FINGERPRINT] for result in run["results"]} == wanted


def test_sarif_of_a_broken_declaration_has_the_readers_findings(bank: Path) -> None:
    (bank / "bank.yaml").write_text(BANK.replace("rto: 2h", "rto: soon"), encoding="utf-8")
    assert check("bank.yaml", *ON, "--sarif", "out.sarif", cwd=bank).code == 1
    (run,) = json.loads((bank / "out.sarif").read_text(encoding="utf-8"))["runs"]
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == [("HF108", "error")]
    assert run["tool"]["driver"]["rules"][0]["properties"]["page"] == "docs/errors.md"


def terminal(*arguments: str, cwd: Path) -> str:
    """Return what the command writes on a terminal of 100 columns, without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", on_a_terminal(*arguments, columns=100, cwd=cwd))


def test_on_a_terminal_they_are_grouped_wrapped_and_cut_short(bank: Path) -> None:
    many = "".join(f"  d{number}: {{kind: database}}\n" for number in range(6))
    text = BANK.replace("services:\n", f"{many}services:\n").replace("[app, db]", "[app, db, d0, d1, d2, d3, d4, d5]")
    (bank / "bank.yaml").write_text(text, encoding="utf-8")
    shown = terminal("bank.yaml", *ON, cwd=bank)
    assert re.search(r"^ critical  7\s*$", shown, re.MULTILINE)
    assert shown.index(" critical ") < shown.index(" high ") < shown.index(" low ")
    assert "payments → d0" in shown
    assert "4 more of HF601, shown by --all: d3; d4; d5; db" in shown
    assert max(len(line.rstrip()) for line in shown.splitlines()[:-2]) <= 100
    assert "payments → d5" in terminal("bank.yaml", "--all", *ON, cwd=bank)
