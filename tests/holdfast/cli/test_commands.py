"""What holds of every command: how its help reads, which declaration it means, what it says when stuck."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.holdfast.commands import holdfast
from tests.repository.write_commands import help_texts

BANK = "institution: Example Bank\nresources: {db: {kind: database}}\n"


@pytest.mark.parametrize("name", [name for name in help_texts() if name[0] == "holdfast"], ids=" ".join)
def test_help_says_no_types_and_no_braces(name: tuple[str, ...]) -> None:
    shown = help_texts()[name]
    assert "<bool>" not in shown
    assert not re.search(r"[{}]|\[\[", shown.splitlines()[0])
    assert not re.search(r"^│ \*? +\S+ +<", shown, re.MULTILINE), "an argument has a name and no type"


def test_commands_are_grouped_by_what_they_are_for() -> None:
    panels = re.findall(r"^╭─ (\w+) ─", help_texts()[("holdfast",)], re.MULTILINE)
    assert panels == ["Options", "Declare", "Rehearse", "Respond", "Prove"]
    words = re.findall(r"^│ (\w+) {2,}", help_texts()[("holdfast",)], re.MULTILINE)
    assert words == [
        *("init", "import", "check", "explain", "map", "diff", "approve", "schema"),
        *("drill", "tabletop", "observe", "range", "segmentation"),
        "incident",
        *("judge", "posture", "gaps", "coverage", "campaign", "log"),
    ]


def test_the_version_is_that_of_the_package() -> None:
    assert holdfast("--version").out == f"holdfast {version('holdfast')}\n"


@pytest.mark.parametrize("command", [("check",), ("explain", "db"), ("map", "--json")])
def test_the_declaration_is_the_one_that_is_there(command: tuple[str, ...], tmp_path: Path) -> None:
    nothing = holdfast(*command, cwd=tmp_path)
    assert (nothing.code, nothing.out) == (2, "")
    assert "HF910 no declaration was named, and there is none in declaration" in nothing.err
    assert "holdfast init" in nothing.err
    (tmp_path / "examples" / "meridian").mkdir(parents=True)
    (tmp_path / "examples" / "meridian" / "m.yaml").write_text(BANK.replace("Example", "Other").replace("db", "dd"))
    other = holdfast(*command, cwd=tmp_path)
    assert ("Other Bank" in other.out) == (command[0] != "explain")
    (tmp_path / "declaration").mkdir()
    (tmp_path / "declaration" / "bank.yaml").write_text(BANK)
    done = holdfast(*command, cwd=tmp_path)
    assert done.code == 0
    assert "Example Bank" in done.out or "declaration/bank.yaml:2" in done.out


def test_what_is_there_and_cannot_be_read_is_not_called_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "HF910 expected a directory or a file at pipe, got neither" in holdfast("check", "pipe", cwd=tmp_path).err
    assert "got nothing there" in holdfast("check", "nowhere", cwd=tmp_path).err


def test_a_place_where_nothing_can_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text(BANK)
    log = ("--log", "bank.yaml/evidence")
    done = holdfast("drill", "--heal", *log, cwd=tmp_path)
    assert (done.code, done.error) == (3, "HF201")
    assert holdfast("init", "bank", cwd=tmp_path).code == 0
    decided = ("--model", "bank", "--body", "Board", "--on", "2026-11-20")
    done = holdfast("approve", "tolerance:payments", *decided, *log, cwd=tmp_path, state=tmp_path / "state")
    assert (done.code, done.error, done.err.count("\n")) == (3, "HF960", 2)
    assert "bank.yaml/evidence" in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_disk_that_is_full_is_said() -> None:
    command = [sys.executable, "-c", "from holdfast.cli import main; main()", "schema"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert done.stderr.splitlines()[0].startswith("HF960 this machine refused: ")
    assert [line.split(":")[0] for line in done.stderr.splitlines()[1:]] == ["  remedy"]
