"""Commands: the only room that prints, exits and writes the files a user asked for."""

from __future__ import annotations

import sys
from io import TextIOWrapper

import typer
from rich.console import Console

from holdfast.cli import (
    approve,
    check,
    diff,
    drill,
    explain,
    import_,
    init,
    judge,
    log,
    map_,
    range_,
    schema,
)
from holdfast.errors import HoldfastError

app = typer.Typer(
    name="holdfast",
    help="Operational resilience: declare, rehearse, recover, prove.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # paragraphs of a help text are filled to the width of the terminal
)
# In the order of the work: declare, rehearse, prove.
for command in (init, import_, check, map_, explain, diff, approve, drill, judge, log, range_, schema):
    command.register(app)


def main() -> None:
    """Run the command line; an error is shown as its line and its remedy, never as a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A locale that cannot show a character, or a file name that is none, must not end a command half way.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except HoldfastError as error:
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        console.print(str(error), style="bold red", markup=False)
        console.print(f"  remedy: {error.remedy}", markup=False)
        sys.exit(int(error.exit_code))
