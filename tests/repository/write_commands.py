"""Write what is made from code and example; run by ``make docs``.

That is ``docs/commands.md``, ``docs/map.svg``, and the range's own policy, compiled from ``examples/meridian``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache

from holdfast.analysis.segmentation import policy
from holdfast.cli.declaration import usable_model
from holdfast.cli.segmentation import policy_text
from holdfast.report.map.condition import conditions
from holdfast.report.map.graph import graph_of
from holdfast.report.map.sheet import Marks, View, svg_file
from tests.repository.tree import ROOT

PAGE = ROOT / "docs" / "commands.md"
MAP = ROOT / "docs" / "map.svg"
POLICY = ROOT / "src" / "meridian" / "network" / "policy.json"
# Whose failure the picture of Meridian shows.
FAILED = "duct-owner"

TIMEOUT_S = 60
WIDTH_COLUMNS = 100

OPENING = """# Commands

This page is what `--help` prints, written by `make docs` and held true by a test. Exit status of every command: 0 held, or as expected; 1 broken, unknown, or findings of severity error; 2 used wrongly; 3 this machine, or the target, lacks what is needed.
"""  # noqa: E501 - a paragraph of Markdown is one line


def render() -> str:
    """Return the page as it has to be."""
    sections = (f"## {' '.join(name)}\n\n```text\n{shown}\n```\n" for name, shown in help_texts().items())
    return "\n".join((OPENING, *sections))


def drawn() -> str:
    """Return the picture as ``holdfast map examples/meridian --svg docs/map.svg --fail duct-owner`` draws it.

    No log is asked what is approved, whatever was approved here: the picture is what a fresh clone draws.
    """
    graph = graph_of(usable_model(ROOT / "examples" / "meridian"))
    unapproved = frozenset(graph.model.services)
    return svg_file(graph, conditions(graph, frozenset({FAILED})), View(), Marks(unapproved=unapproved))


@cache
def help_texts() -> dict[tuple[str, ...], str]:
    """Return what every command prints for ``--help``, on a terminal of a hundred columns without colours."""
    # A run from continuous integration must print the same as one from a terminal: nothing else is inherited.
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "NO_COLOR": "1", "TERM": "dumb"}
    environment |= {"COLUMNS": str(WIDTH_COLUMNS), "TERMINAL_WIDTH": str(WIDTH_COLUMNS), "LC_ALL": "C.UTF-8"}
    printed = subprocess.run(
        [sys.executable, "-m", "tests.repository.help_texts"],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=TIMEOUT_S,
    ).stdout
    return {tuple(name.split()): shown for name, shown in json.loads(printed).items()}


def compiled() -> str:
    """Return the policy as ``holdfast segmentation policy examples/meridian`` prints it."""
    return policy_text(policy(usable_model(ROOT / "examples" / "meridian"), "range"))


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
    MAP.write_text(drawn(), encoding="utf-8")
    POLICY.write_text(compiled(), encoding="utf-8")
