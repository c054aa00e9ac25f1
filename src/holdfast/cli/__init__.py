"""Commands: the only room that prints, exits and writes the files a user asked for."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import Annotated

import typer
from rich.console import Console

from holdfast.cli import (
    approve,
    campaign,
    check,
    coverage,
    diff,
    drill,
    explain,
    gaps,
    import_,
    incident,
    init,
    judge,
    log,
    map_,
    observe,
    posture,
    range_,
    schema,
    segmentation,
    tabletop,
)
from holdfast.cli.commands import grouped
from holdfast.errors import EnvironmentProblem, HoldfastError

# In the order of the work.
app = grouped(
    "Operational resilience: declare, rehearse, recover, prove.",
    {
        "Declare": {
            "init": init.init,
            "import": import_.app,
            "check": check.check,
            "explain": explain.explain,
            "map": map_.map_,
            "diff": diff.diff,
            "approve": approve.approve,
            "schema": schema.schema,
        },
        "Rehearse": {
            "drill": drill.drill,
            "tabletop": tabletop.app,
            "observe": observe.observe,
            "range": range_.app,
            "segmentation": segmentation.app,
        },
        "Respond": {"incident": incident.app},
        "Prove": {
            "judge": judge.judge,
            "posture": posture.posture,
            "gaps": gaps.app,
            "coverage": coverage.coverage,
            "campaign": campaign.campaign,
            "log": log.app,
        },
    },
    name="holdfast",
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"holdfast {version('holdfast')}")
        raise typer.Exit


@app.callback()
def _holdfast(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version.")
    ] = False,
) -> None:
    """Operational resilience: declare, rehearse, recover, prove."""


def main() -> None:
    """Run the command line; an error is shown as its line and its remedy, never as a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A locale that cannot show a character, or a file name that is none, must not end a command half way.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except HoldfastError as error:
        _refuse(error)
    except OSError as error:
        # Where a command can say more it does; what is left is a full disk, or a place that is closed to this account.
        subject = f"{error.filename}: " if error.filename else ""
        message = f"this machine refused: {subject}{error.strerror or error}"
        remedy = "Name another place, or see to free space and to who may read and write there."
        _refuse(EnvironmentProblem("HF960", message, remedy=remedy))


def _refuse(error: HoldfastError) -> None:
    """Show an error and its remedy, and leave with its exit status."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(str(error), style="bold red", markup=False)
    console.print(f"  remedy: {error.remedy}", markup=False)
    try:
        sys.stdout.flush()
    except OSError:
        # It would be tried again when the interpreter ends, with a message and an exit status of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(int(error.exit_code))
