"""Write ``docs/commands.md``: what ``--help`` prints, of every command; run by ``make docs``."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

from typer.main import get_command

import holdfast.cli
import meridian.cli
from tests.repository.tree import ROOT

PAGE = ROOT / "docs" / "commands.md"

HELP_TIMEOUT_S = 60
WIDTH_COLUMNS = 100

OPENING = """# Commands

This page is what `--help` prints, written by `make docs` and held true by a test. Exit status of every command: 0 held, or as expected; 1 broken, unknown, or findings of severity error; 2 used wrongly; 3 this machine, or the target, lacks what is needed.
"""  # noqa: E501 - a paragraph of Markdown is one line


def render() -> str:
    """Return the page as it has to be."""
    sections = (f"## {' '.join(name)}\n\n```text\n{shown(name)}\n```\n" for name in commands())
    return "\n".join((OPENING, *sections))


def commands() -> Iterator[tuple[str, ...]]:
    """Yield every command and group of commands that can be typed, parents first."""
    yield from _below(("holdfast",), get_command(holdfast.cli.app))
    yield from _below(("meridian",), get_command(meridian.cli.app))


def _below(name: tuple[str, ...], command: object) -> Iterator[tuple[str, ...]]:
    yield name
    for child, inner in getattr(command, "commands", {}).items():
        yield from _below((*name, child), inner)


def shown(name: tuple[str, ...]) -> str:
    """Return what the installed command prints for ``--help`` on a terminal without colours."""
    # A run from continuous integration must print the same as one from a terminal: nothing else is inherited.
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "NO_COLOR": "1", "TERM": "dumb"}
    environment |= {"COLUMNS": str(WIDTH_COLUMNS), "TERMINAL_WIDTH": str(WIDTH_COLUMNS), "LC_ALL": "C.UTF-8"}
    program = os.path.join(os.path.dirname(sys.executable), name[0])  # noqa: PTH118, PTH120 - not resolved
    printed = subprocess.run(
        [program, *name[1:], "--help"],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=HELP_TIMEOUT_S,
    ).stdout
    return "\n".join(line.rstrip() for line in printed.splitlines()).strip("\n")


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
