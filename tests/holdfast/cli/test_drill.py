"""``holdfast drill`` where nothing has to run: lists, plans, refusals, and a range that this machine cannot hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.exercises.faults import FAULTS
from tests.holdfast.commands import Run, holdfast
from tests.repository.tree import ROOT

EXAMPLE = ROOT / "examples" / "meridian"


def drilled(tmp_path: Path, *arguments: str | Path) -> Run:
    """Run ``holdfast drill`` on a log of its own."""
    return holdfast("drill", *arguments, "--log", tmp_path / "evidence", state=tmp_path / "state")


def declaration(tmp_path: Path, script: str) -> Path:
    """Return a copy of the example whose range is started by a shell script."""
    folder = tmp_path / "model"
    folder.mkdir()
    for path in EXAMPLE.glob("*.yaml"):
        text = path.read_text()
        (folder / path.name).write_text(text.replace("[python, -m, meridian]", f"[sh, -c, {json.dumps(script)}, x]"))
    return folder


def test_the_list_names_every_scenario() -> None:
    done = holdfast("drill", "--list", "--json")
    assert done.code == 0
    listed = json.loads(done.out)["scenarios"]
    assert "lose-dc-a" in {each["name"] for each in listed}
    assert holdfast("drill", "--list").out.count("\n") == len(listed)


def test_what_nobody_approved_says_so_before_it_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    log = ("--log", tmp_path / "evidence")

    def listed() -> str:
        (line,) = (line for line in holdfast("drill", "--list", *log).out.splitlines() if line.startswith("lose-dc-a"))
        return line

    assert listed().endswith("(scenario unapproved, limits unapproved)")
    assert "scenario unapproved, limits unapproved" in holdfast("drill", "lose-dc-a", "--plan", *log).out
    decided = ("--body", "Board", "--on", "2026-11-20", *log)
    assert holdfast("approve", "scenario:lose-dc-a", *decided).code == 0
    planned = json.loads(holdfast("drill", "lose-dc-a", "--plan", "--json", *log).out)["plans"][0]
    assert planned["approvals"] == {"scenario": "approved", "limits": "unapproved"}
    assert holdfast("approve", "tolerance:gross-settlement", *decided).code == 0
    assert "approved" not in listed()


def test_a_scenario_that_is_only_modelled_is_not_listed_and_cannot_be_run(tmp_path: Path) -> None:
    folder = declaration(tmp_path, "exit 3")
    modelled = "family: site, type: tabletop, service: gross-settlement, basis: It happens., fail_site: [dc-a]"
    (folder / "modelled.yaml").write_text(f"scenarios:\n  thought-of: {{{modelled}}}\n")
    listed = holdfast("drill", "--list", "--json", "--model", folder)
    assert "thought-of" not in {each["name"] for each in json.loads(listed.out)["scenarios"]}
    planned = holdfast("drill", "--all", "--plan", "--json", "--model", folder)
    assert "thought-of" not in {each["scenario"] for each in json.loads(planned.out)["plans"]}
    refused = holdfast("drill", "thought-of", "--model", folder, "--log", tmp_path / "evidence")
    assert refused.code == 2
    assert "HF409" in refused.err
    assert "only modelled" in refused.err
    assert not (tmp_path / "evidence").exists()


def test_a_plan_shows_everything_and_touches_nothing(tmp_path: Path) -> None:
    done = holdfast("drill", "--all", "--plan", "--json", "--log", tmp_path / "evidence")
    assert done.code == 0
    plans = json.loads(done.out)["plans"]
    for step in (step for plan in plans for step in plan["steps"]):
        assert step["fault"] in FAULTS
        assert step["hits"]
        assert step["undo"]
        assert step["shown_by"]
        assert step["box_ms"] >= step["hold_ms"] > 0
    assert not (tmp_path / "evidence").exists()
    assert "This is a plan: nothing was touched." in holdfast("drill", "lose-dc-a", "--plan").out


def test_what_lasts_too_long_for_a_run_of_everything_is_left_out_and_named() -> None:
    def planned(*arguments: str) -> tuple[set[str], str]:
        done = holdfast("drill", *arguments, "--plan", "--json")
        return {plan["scenario"] for plan in json.loads(done.out)["plans"]}, done.err

    usual, said = planned("--all")
    every, nothing = planned("--all", "--long")
    left = every - usual
    assert "saturated-for-half-an-hour" in left
    assert "lose-dc-a" in usual
    assert all(f"{name} (30 min)" in said for name in left)
    assert "left out" not in nothing
    assert planned(*sorted(left)) == (left, "")
    listed = json.loads(holdfast("drill", "--list", "--json").out)["scenarios"]
    assert every == {each["name"] for each in listed}


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
    done = holdfast(*arguments)
    assert done.err.startswith(code)
    assert "remedy:" in done.err
    assert done.code == status


@pytest.mark.parametrize(
    ("exit_code", "verdict", "status"), [(3, "not-runnable", 3), (1, "invalid", 1)], ids=["cannot", "failed"]
)
def test_a_range_that_does_not_start_is_no_verdict_on_the_service(
    tmp_path: Path, exit_code: int, verdict: str, status: int
) -> None:
    model = declaration(tmp_path, f"echo something is missing >&2; exit {exit_code}")
    done = drilled(tmp_path, "primary-killed", "--model", model, "--json")
    assert done.code == status
    told = json.loads(done.out)["exercises"][0]
    assert told["verdict"] == verdict
    assert "something is missing" in told["validity"]["why"]
    assert Path(told["report"]).is_file()
    assert (Path(told["bundle"]) / "checkpoint").is_file()


def test_a_log_without_anything_open_has_nothing_to_stop_or_heal(tmp_path: Path) -> None:
    model = declaration(tmp_path, "exit 3")
    drilled(tmp_path, "primary-killed", "--model", model, "--json")
    assert drilled(tmp_path, "--heal").out == "nothing was left to heal\n"
    assert drilled(tmp_path, "--stop").out == "nothing was running on this log\n"


def test_a_model_without_a_drill_is_refused_and_not_passed(tmp_path: Path) -> None:
    assert holdfast("init", tmp_path / "bank").code == 0
    for asked in (("--all",), ("--list",), ("--all", "--plan"), ("north-lost",)):
        done = drilled(tmp_path, *asked, "--model", tmp_path / "bank")
        assert (done.code, done.out) == (2, "")
        assert "HF409 the model in" in done.err
    assert not (tmp_path / "evidence").exists()


def test_a_name_that_is_nearly_one_is_told() -> None:
    assert "Did you mean lose-dc-a?" in holdfast("drill", "lose-dca").err


def test_range_commands_are_passed_through_with_their_exit_code(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = declaration(tmp_path, 'echo "got $@"; exit 7')
    done = holdfast("range", "status", "--model", model, "--json", "--name", "other")
    assert capfd.readouterr().out == "got status --json --name other\n"
    assert done.code == 7
