"""``holdfast observe`` as its user meets it, on the example set: recorded, judged, verified, carried away."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.holdfast.commands import holdfast
from tests.repository.tree import ROOT

EXAMPLE = ROOT / "examples" / "observed" / "dc-a-recovery-test"
SCENARIO = "dc-a-recovery-test"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the example recorded in ``log``, its keys in ``state``, and what was said in ``said``."""
    directory = tmp_path_factory.mktemp("observed")
    run = holdfast("observe", EXAMPLE, SCENARIO, "--log", directory / "log", "--json", state=directory / "state")
    assert run.code == 0, run.err
    (directory / "said").write_text(run.out)
    return directory


def test_the_example_holds_and_says_by_what(place: Path) -> None:
    said = json.loads((place / "said").read_text())
    assert (said["verdict"], said["evidence_class"]) == ("held", "production-like")
    assert {check["check"]: check["answer"] for check in said["checks"]} == dict.fromkeys(
        [
            *("restored-within-rto", "within-tolerance", "nothing-acknowledged-lost", "nothing-duplicated"),
            *("no-phantom", "day-completed", "detected", "undone-and-rearmed", "without-manual-workarounds"),
        ],
        "held",
    )
    (recovery,) = (clock for clock in said["clocks"] if clock["name"] == "rta")
    # Five bad samples, five seconds apart: at least twenty seconds, at most thirty, and what its clock may be wrong by.
    assert recovery["interval"] == [19_960_000, 30_040_000]
    assert recovery["value"] == 30_040_000
    # The range's own record of that run had 21.5 s: between the two.
    assert said["observation"]["contradictions"] == []
    assert said["observation"]["lacking"] == {}
    assert len(said["observation"]["sources"]) == 12


def test_the_log_verifies_and_is_judged_the_same_from_its_bundle_elsewhere(place: Path, tmp_path: Path) -> None:
    said = json.loads((place / "said").read_text())
    assert holdfast("log", "verify", place / "log", state=place / "state").code == 0
    (key,) = (place / "state").rglob("*.vkey")
    there = holdfast("judge", said["bundle"], "--json", "--key", key, state=tmp_path / "elsewhere")
    (judged,) = json.loads(there.out)["exercises"]
    assert judged | {"log": ""} == {name: value for name, value in said.items() if name in judged} | {"log": ""}


def test_posture_tells_of_its_class(place: Path) -> None:
    run = holdfast("posture", "--log", place / "log", "--json", state=place / "state")
    cells = json.loads(run.out)["services"]["gross-settlement"]
    (line,) = (each for each in cells["site"]["scenarios"] if each["scenario"] == SCENARIO)
    # Nobody approved the limits in this log: what held is shown, and proves nothing yet.
    assert (line["state"], line["why"]) == ("unproven", "held, by limits that no body approved")
    assert line["last"]["evidence_class"] == "production-like"
    # It counts on the day on which it ran, not on the day on which it was recorded.
    assert line["last"]["at_utc_us"] == json.loads((place / "said").read_text())["observation"]["began_utc_us"]


def test_the_report_shows_the_sources_and_the_timeline(place: Path) -> None:
    page = Path(json.loads((place / "said").read_text())["report"]).read_text()
    for text in (
        "monitoring/probe_success.json",
        "Prometheus 3.5, /api/v1/query_range",
        "2.00 s behind, ± 0.50 s",
        "the people are simulated",
        "Who knew beforehand: exercise lead",
        "20.0 s to 30.0 s",
        "Nowhere do two sources contradict each other",
    ):
        assert text in page, text
    assert "<script" not in page


def test_looking_records_nothing(tmp_path: Path) -> None:
    run = holdfast("observe", EXAMPLE, SCENARIO, "--check", "--log", tmp_path / "log", state=tmp_path / "state")
    assert (run.code, "✓ sound" in run.out, (tmp_path / "log").exists()) == (0, True, False)


def test_what_is_wrong_is_told_at_once_and_nothing_is_recorded(tmp_path: Path) -> None:
    directory = shutil.copytree(EXAMPLE, tmp_path / "records")
    bank, ledger = directory / "banks" / "eider.csv", directory / "settlement" / "extract.csv"
    bank.write_text(bank.read_text().replace("ACSC", "DONE", 1))
    ledger.write_text(ledger.read_text().rsplit("\n", 3)[0] + "\n")
    run = holdfast("observe", directory, SCENARIO, "--log", tmp_path / "log", state=tmp_path / "state")
    assert (run.code, (tmp_path / "log").exists()) == (1, False)
    assert "banks/eider.csv:2: HF522" in run.out
    assert "HF525 error: expected 809 rows" in run.out
    assert "not recorded" in run.out
    asked = holdfast("observe", directory, SCENARIO, "--json", "--log", tmp_path / "log", state=tmp_path / "state")
    told = json.loads(asked.out)
    assert (told["sound"], sorted(each["code"] for each in told["findings"] if each["severity"] == "error")) == (
        False,
        ["HF522", "HF525"],
    )


def test_a_scenario_that_is_not_there_is_named_nearly(tmp_path: Path) -> None:
    run = holdfast("observe", EXAMPLE, "dc-a-recovery", "--log", tmp_path / "log", state=tmp_path / "state")
    assert (run.code, run.error) == (2, "HF421")
    assert "Did you mean dc-a-recovery-test?" in run.err


def test_the_example_is_small() -> None:
    assert sum(path.stat().st_size for path in EXAMPLE.rglob("*") if path.is_file()) < 400_000
