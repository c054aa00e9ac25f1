"""Running a command in this process as a user would: what it printed on both streams, and its exit status."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from holdfast.cli import main
from tests.repository.tree import ROOT


@dataclass(frozen=True, slots=True)
class Run:
    """What a command left: its exit status and what it printed."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """Return the code of the error that ended the command."""
        assert self.err[:2] == "HF", self.err or self.out
        return self.err[:5]


def holdfast(*arguments: object, cwd: Path = ROOT, state: Path | None = None) -> Run:
    """Run the command in ``cwd``; ``state`` is where keys and anchors are kept, if not where the test says already."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    surroundings = {"NO_COLOR": "1"} | ({} if state is None else {"HOLDFAST_STATE": str(state)})
    with (
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.dict(os.environ, surroundings),
        mock.patch.object(sys, "argv", ["holdfast", *map(str, arguments)]),
    ):
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
    return Run(code, out.getvalue(), err.getvalue())
