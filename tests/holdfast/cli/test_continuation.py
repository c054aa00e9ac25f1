"""``holdfast log continue`` as a user types it, and what ``show`` and ``verify`` say of the link."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from holdfast.cli.continuation import told
from holdfast.evidence.events import Continued
from tests.holdfast.commands import Run, holdfast
from tests.holdfast.store.home import Home, phase


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Return a log of which three entries are left, restored from a backup; six were acknowledged."""
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path))
    home = Home(tmp_path)
    home.fill((1,))
    shutil.copytree(home.log, tmp_path / "backup")
    with home.open() as log:
        log.append([phase("lost")] * 3, actor="tester", subject="s")
    shutil.rmtree(home.log)
    (tmp_path / "backup").rename(home.log)
    return home


def run(*arguments: object) -> Run:
    return holdfast("log", *arguments)


def test_a_restored_log_is_continued(home: Home) -> None:
    new = home.base / "new"
    begun = run("continue", home.log, new)
    assert begun.code == 0
    assert "its first 3 entries; missing after them: 3 acknowledged entries. Why: HF208" in begun.out
    assert begun.out.splitlines()[-1].endswith(f"holdfast log verify {new} --continues {home.log}")
    verified = run("verify", new, "--continues", home.log)
    assert verified.code == 0
    said = " ".join(verified.out.split())
    assert "its first 3 entries; missing after them: 3 acknowledged entries" in said
    shown = run("show", new).out.splitlines()
    assert "missing after them: 3 acknowledged entries" in shown[1]
    assert json.loads(run("verify", new, "--json").out)["continues"]["acknowledged"] == 6
    assert run("verify", new, "--continues", new).code == 1
    assert "continues" not in run("verify", home.log).out
    assert run("continue", home.log, new).error == "HF239"


def test_the_reason_can_be_given(home: Home) -> None:
    begun = run("continue", home.log, home.base / "new", "--why", "the\x1b[2J disk is gone", "--json")
    said = json.loads(begun.out)
    assert (said["continues"]["size"], said["missing"], said["continues"]["why"]) == (3, 3, "the\x1b[2J disk is gone")
    assert "\x1b" not in run("show", home.base / "new").out
    assert "\x1b" not in run("verify", home.base / "new").out


@pytest.mark.parametrize(
    ("acknowledged", "said"),
    [
        (None, "how many are missing is not known"),
        (3, "by its anchor none is missing"),
        (4, "them: 1 acknowledged entry."),
    ],
)
def test_what_was_lost_is_never_left_out(acknowledged: int | None, said: str) -> None:
    assert said in told(Continued("o", 3, "00", "note", "why", acknowledged))
