"""``holdfast drill`` where nothing has to run: lists, plans, refusals, and a range that this machine cannot hold."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.exercises.faults import FAULTS
from tests.repository.tree import ROOT

HOLDFAST = (sys.executable, "-c", "from holdfast.cli import main; main()")
EXAMPLE = ROOT / "examples" / "meridian"
TIMEOUT_S = 120


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*HOLDFAST, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


def declaration(tmp_path: Path, script: str) -> Path:
    """Return a copy of the example whose range is started by a shell script."""
    folder = tmp_path / "model"
    folder.mkdir()
    for path in EXAMPLE.glob("*.yaml"):
        text = path.read_text()
        (folder / path.name).write_text(text.replace("[python, -m, meridian]", f"[sh, -c, {json.dumps(script)}, x]"))
    return folder


def test_the_list_names_every_scenario() -> None:
    done = run("drill", "--list", "--json")
    assert done.returncode == 0
    listed = json.loads(done.stdout)["scenarios"]
    assert "lose-dc-a" in {each["name"] for each in listed}
    assert run("drill", "--list").stdout.count("\n") == len(listed)


def test_a_scenario_that_is_only_modelled_is_not_listed_and_cannot_be_run(tmp_path: Path) -> None:
    folder = declaration(tmp_path, "exit 3")
    modelled = "family: site, type: tabletop, service: gross-settlement, basis: It happens., fail_site: [dc-a]"
    (folder / "modelled.yaml").write_text(f"scenarios:\n  thought-of: {{{modelled}}}\n")
    listed = run("drill", "--list", "--json", "--model", folder)
    assert "thought-of" not in {each["name"] for each in json.loads(listed.stdout)["scenarios"]}
    planned = run("drill", "--all", "--plan", "--json", "--model", folder)
    assert "thought-of" not in {each["scenario"] for each in json.loads(planned.stdout)["plans"]}
    refused = run("drill", "thought-of", "--model", folder, "--log", tmp_path / "evidence")
    assert refused.returncode == 2
    assert "HF409" in refused.stderr
    assert "only modelled" in refused.stderr
    assert not (tmp_path / "evidence").exists()


def test_a_plan_shows_everything_and_touches_nothing(tmp_path: Path) -> None:
    done = run("drill", "--all", "--plan", "--json", "--log", tmp_path / "evidence")
    assert done.returncode == 0
    plans = json.loads(done.stdout)["plans"]
    for step in (step for plan in plans for step in plan["steps"]):
        assert step["fault"] in FAULTS
        assert step["hits"]
        assert step["undo"]
        assert step["shown_by"]
        assert step["box_ms"] >= step["hold_ms"] > 0
    assert not (tmp_path / "evidence").exists()
    assert "This is a plan: nothing was touched." in run("drill", "lose-dc-a", "--plan").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        (("drill",), "HF409", 2),
        (("drill", "no-such-scenario"), "HF409", 2),
        (("drill", "lose-dc-a", "--environment", "production"), "HF402", 1),
        (("drill", "lose-dc-a", "--environment", "test"), "HF402", 1),
        (("drill", "lose-dc-a", "--environment", "moon"), "HF402", 2),
        (("drill", "--heal", "--log", "no/such/log"), "HF201", 3),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is(arguments: tuple[str, ...], code: str, status: int) -> None:
    done = run(*arguments)
    assert done.stderr.startswith(code)
    assert "remedy:" in done.stderr
    assert done.returncode == status


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("exit_code", "verdict", "status"), [(3, "not-runnable", 3), (1, "invalid", 1)], ids=["cannot", "failed"]
)
def test_a_range_that_does_not_start_is_no_verdict_on_the_service(
    tmp_path: Path, exit_code: int, verdict: str, status: int
) -> None:
    model = declaration(tmp_path, f"echo something is missing >&2; exit {exit_code}")
    done = run("drill", "primary-killed", "--model", model, "--log", tmp_path / "evidence", "--json")
    assert done.returncode == status
    told = json.loads(done.stdout)["exercises"][0]
    assert told["verdict"] == verdict
    assert "something is missing" in told["validity"]["why"]
    assert Path(told["report"]).is_file()
    assert (Path(told["bundle"]) / "checkpoint").is_file()


@pytest.mark.usefixtures("environment")
def test_a_log_without_anything_open_has_nothing_to_stop_or_heal(tmp_path: Path) -> None:
    model = declaration(tmp_path, "exit 3")
    run("drill", "primary-killed", "--model", model, "--log", tmp_path / "evidence", "--json")
    assert run("drill", "--heal", "--log", tmp_path / "evidence").stdout == "nothing was left to heal\n"
    assert run("drill", "--stop", "--log", tmp_path / "evidence").stdout == "nothing was running on this log\n"


def test_range_commands_are_passed_through_with_their_exit_code(tmp_path: Path) -> None:
    model = declaration(tmp_path, 'echo "got $@"; exit 7')
    done = run("range", "status", "--model", model, "--json", "--name", "other")
    assert done.stdout == "got status --json --name other\n"
    assert done.returncode == 7
