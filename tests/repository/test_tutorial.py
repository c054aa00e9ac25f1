"""The tutorials' commands, run in order in a directory of their own, print what the tutorials show."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository.tree import ROOT, read

FIRST_DRILL, OWN_INSTITUTION = Path("docs/tutorial.md"), Path("docs/tutorial-import.md")
COMMAND_TIMEOUT_S = 300
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def steps(page: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return each command of the console blocks with the lines that the page shows below it."""
    found: list[tuple[str, list[str]]] = []
    for line in "".join(BLOCK.findall(page)).splitlines():
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        elif line.strip():
            found[-1][1].append(line)
    return [(command, tuple(lines)) for command, lines in found]


def not_printed(shown: tuple[str, ...], printed: str) -> list[str]:
    """Return the shown lines that were not printed in this order; ``…`` stands for any text, or any lines."""
    lines = iter([" ".join(line.split()) for line in printed.splitlines()])
    wanted = (" ".join(line.split()) for line in shown if line.strip() != "…")
    return [line for line in wanted if not any(_pattern(line).fullmatch(printed_line) for printed_line in lines)]


def _pattern(line: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, line.split("…"))))


@pytest.fixture
def workplace() -> Iterator[Path]:
    """Yield a directory with the examples in it, with a path short enough for the range's sockets."""
    with tempfile.TemporaryDirectory(prefix="hf-") as name:
        shutil.copytree(ROOT / "examples", Path(name) / "examples")
        (Path(name) / "tmp").mkdir()
        yield Path(name)


@pytest.mark.range
def test_the_tutorial_does_what_it_says(workplace: Path) -> None:
    follow(FIRST_DRILL, workplace)


def test_the_tutorial_of_importing_does_what_it_says(workplace: Path) -> None:
    follow(OWN_INSTITUTION, workplace)


def follow(page: Path, workplace: Path) -> None:
    """Run a page's commands one after the other, and compare what they print."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"XDG_STATE_HOME", "HOLDFAST_STATE"}}
    environment = inherited | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(workplace),
        "TMPDIR": str(workplace / "tmp"),
        "COLUMNS": "120",
        "NO_COLOR": "1",
    }
    for command, shown in steps(read(page)):
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=workplace,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}"
        assert not_printed(shown, done.stdout) == [], f"$ {command}\n{done.stdout}"


@pytest.mark.parametrize("page", [FIRST_DRILL, OWN_INSTITUTION])
def test_a_tutorial_has_commands(page: Path) -> None:
    assert len(steps(read(page))) > 3


def test_a_wrong_line_is_noticed() -> None:
    page = "```console\n$ date\n… 2026\n…\nend\n```\n"
    assert steps(page) == [("date", ("… 2026", "…", "end"))]
    assert not_printed(("… 2026", "…", "end"), "May 2026\nmore\nend\n") == []
    assert not_printed(("end", "… 2026"), "May 2026\nmore\nend\n") == ["… 2026"]
