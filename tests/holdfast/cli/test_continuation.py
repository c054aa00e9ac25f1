"""``holdfast log continue`` as a user types it, and what ``show`` and ``verify`` say of the link."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from holdfast.cli import log as commands
from holdfast.cli.continuation import told
from holdfast.errors import HoldfastError
from holdfast.evidence.events import Continued
from tests.holdfast.store.home import Home, phase


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Return a log of which three entries are left, restored from a backup; six were acknowledged."""
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    home = Home(tmp_path)
    home.fill((1,))
    shutil.copytree(home.log, tmp_path / "backup")
    with home.open() as log:
        log.append([phase("lost")] * 3, actor="tester", subject="s")
    shutil.rmtree(home.log)
    (tmp_path / "backup").rename(home.log)
    return home


def run(*arguments: object) -> Result:
    app = typer.Typer()
    commands.register(app)
    return CliRunner().invoke(app, ["log", *map(str, arguments)])


def test_a_restored_log_is_continued(home: Home) -> None:
    new = home.base / "new"
    begun = run("continue", home.log, new)
    assert begun.exit_code == 0
    assert "its first 3 entries; 3 acknowledged entries after them are missing. Why: HF208" in begun.stdout
    assert begun.stdout.splitlines()[-1].endswith(f"holdfast log verify {new} --continues {home.log}")
    verified = run("verify", new, "--continues", home.log)
    assert verified.exit_code == 0
    said = " ".join(verified.stdout.split())
    assert "its first 3 entries; 3 acknowledged entries after them are missing" in said
    shown = run("show", new).stdout.splitlines()
    assert "3 acknowledged entries after them are missing" in shown[1]
    assert json.loads(run("verify", new, "--json").stdout)["continues"]["acknowledged"] == 6
    assert run("verify", new, "--continues", new).exit_code == 1
    assert "continues" not in run("verify", home.log).stdout
    again = run("continue", home.log, new)
    assert isinstance(again.exception, HoldfastError)
    assert again.exception.code == "HF239"


def test_the_reason_can_be_given(home: Home) -> None:
    begun = run("continue", home.log, home.base / "new", "--why", "the\x1b[2J disk is gone", "--json")
    said = json.loads(begun.stdout)
    assert (said["continues"]["size"], said["missing"], said["continues"]["why"]) == (3, 3, "the\x1b[2J disk is gone")
    assert "\x1b" not in run("show", home.base / "new").stdout
    assert "\x1b" not in run("verify", home.base / "new").stdout


@pytest.mark.parametrize(
    ("acknowledged", "said"),
    [(None, "how many are missing is not known"), (3, "none that was acknowledged is missing"), (4, "1 acknowledged")],
)
def test_what_was_lost_is_never_left_out(acknowledged: int | None, said: str) -> None:
    assert said in told(Continued("o", 3, "00", "note", "why", acknowledged))
