"""Options that several commands have, in the same words, and what is meant by them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from holdfast.errors import UsageError

EVIDENCE = "evidence"
"""Where the log is unless another is named: a directory where the command runs."""

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")]
Named = Annotated[
    Path | None,
    typer.Argument(
        metavar="PATH",
        help="A directory of YAML files, or one file. [default: declaration, or else examples/meridian]",
    ),
]
"""The declaration, to commands that are about it; those that are about something in it take it as an option."""
Declaration = Annotated[
    Path | None,
    typer.Option("--model", metavar="DIR", help="The declaration. [default: declaration, or else examples/meridian]"),
]
Place = Annotated[str, typer.Argument(metavar="LOG", help="A log's directory or address, or an exported bundle.")]
Source = Annotated[str, typer.Option("--log", metavar="LOG", help="A log's directory or address, or a bundle.")]
Written = Annotated[str, typer.Option("--log", metavar="LOG", help="The log's directory or address.")]
Recording = Annotated[
    str, typer.Option("--log", metavar="LOG", help="Where the log is, or begins: a directory or an address.")
]
Approvals = Annotated[
    str | None, typer.Option("--log", metavar="LOG", help="Where approvals stand. [default: evidence, if there]")
]
Older = Annotated[
    list[str] | None,
    typer.Option("--older", metavar="LOG", help="An older log that this one continues; several, newest first."),
]
On = Annotated[
    str | None,
    typer.Option("--on", metavar="DATE", help="Judge expiry and evidence as of this day. [default: today]"),
]
Key = Annotated[
    str | None, typer.Option("--key", metavar="VKEY|FILE", help="The log's verifier key, or a file with it.")
]


def day_meant(on: str | None) -> str:
    """Return the day to judge on: the one given, or today; raises ``UsageError`` HF929 for what is no date."""
    if on is None:
        return date.today().isoformat()  # noqa: DTZ011 - the day at the user's place, as the user would write it
    try:
        return date.fromisoformat(on).isoformat()
    except ValueError as error:
        message = f"expected a date such as 2026-11-21 for --on, got {on!r}"
        raise UsageError("HF929", message, remedy="Write year, month and day.") from error
