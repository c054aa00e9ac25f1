"""Running a command in this process as a user would, for the tests of commands on models."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from holdfast.cli import main

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Run:
    """What a command left: its exit status and what it printed."""

    code: int
    out: str
    err: str


def holdfast(*arguments: str | Path, state: Path | None = None) -> Run:
    """Run the command from the root of the repository; ``state`` is where keys and anchors are kept."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    kept = {"HOLDFAST_STATE": str(state or "/nonexistent"), "NO_COLOR": "1"}
    with (
        contextlib.chdir(ROOT),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.dict(os.environ, kept),
        mock.patch.object(sys, "argv", ["holdfast", *map(str, arguments)]),
    ):
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
    return Run(code, out.getvalue(), err.getvalue())
