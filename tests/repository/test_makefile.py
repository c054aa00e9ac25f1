"""The first commands of a newcomer: they explain themselves, and say what is missing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.repository.tree import ROOT, read

MAKE_TIMEOUT_S = 120


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # A make that runs these tests hands its own flags down, which the one under test must not inherit.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT,
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=MAKE_TIMEOUT_S,
        check=False,
    )


def test_make_alone_lists_every_target() -> None:
    targets = re.findall(r"^\.PHONY: (.*)$", read(Path("Makefile")), re.MULTILINE)[0].split()
    listed = re.findall(r"^  make (\w+) +\S", make().stdout, re.MULTILINE)
    assert sorted(listed) == sorted(targets)


def test_without_a_new_enough_python_the_remedy_is_named() -> None:
    done = make("setup", PYTHON="no-such-python")
    assert done.returncode != 0
    assert "no Python 3.11 or later was found" in done.stderr
    assert "remedy: " in done.stderr


def test_setup_does_nothing_when_nothing_changed() -> None:
    stamp = ROOT / ".venv" / "installed"
    make("setup", PYTHON=sys.executable)
    before = stamp.stat().st_mtime_ns
    done = make("setup", PYTHON=sys.executable)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert stamp.stat().st_mtime_ns == before
