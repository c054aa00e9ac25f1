"""Print the help text of every command by its name, as one JSON object: a process of its own, but one for all."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout

from typer.main import get_command

import holdfast.cli
import meridian.cli

# What comes after these is the range's own command: its help is told where it belongs.
PASSED_ON = ("range",)


def tell() -> None:
    """Print them, parents first."""
    shown = {}
    for program, app in (("holdfast", holdfast.cli.app), ("meridian", meridian.cli.app)):
        whole = get_command(app)
        for name in _below((), whole):
            with redirect_stdout(io.StringIO()) as printed:
                whole.main([*name, "--help"], prog_name=program, standalone_mode=False)
            lines = [line.rstrip() for line in printed.getvalue().splitlines()]
            shown[" ".join((program, *name))] = "\n".join(lines).strip("\n")
    sys.stdout.write(json.dumps(shown))


def _below(name: tuple[str, ...], command: object) -> Iterator[tuple[str, ...]]:
    yield name
    for child, inner in getattr(command, "commands", {}).items() if name != PASSED_ON else ():
        yield from _below((*name, child), inner)


if __name__ == "__main__":
    tell()
