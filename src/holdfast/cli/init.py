"""``holdfast init``: a small model to begin with, which checks clean and says in comments what to write."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from holdfast.cli.terminal import amount, console, write
from holdfast.errors import UsageError

SCHEMA_FILE = "holdfast.schema.json"
WRITTEN = date(2026, 11, 21)
"""The day for which the dates of the starter were written."""

_DATE = re.compile(r"\b2[0-9]{3}-[0-9]{2}-[0-9]{2}\b")


def init(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to write it: a new directory, or an empty one.")
    ] = Path("declaration"),
) -> None:
    """Write a small model to begin with: a payment bank with two data centres, people, suppliers and scenarios.

    Its comments say what each part is for and what to put in its place. It checks clean as it is. Beside it lies the
    JSON Schema by which editors complete and check. Nothing that is there is overwritten.
    """
    from importlib.resources import files

    from holdfast.cli.schema import schema_text

    texts = {each.name: each.read_text("utf-8") for each in (files("holdfast.model") / "starter").iterdir()}
    starter = {name: _moved(text, datetime.now(UTC).date() - WRITTEN) for name, text in sorted(texts.items())}

    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        message = f"expected a new or an empty directory, got {directory}, which is neither"
        raise UsageError("HF954", message, remedy="Name another directory: nothing is overwritten.")
    for name, text in (*starter.items(), (SCHEMA_FILE, schema_text())):
        write(directory / name, text)
    screen = console()
    said = f"a model of {amount(len(starter), 'file')} in {directory}, with its schema for editors"
    screen.print(Text.assemble(("✓ ", "bold green"), said), soft_wrap=True)
    for line in (
        f"holdfast check {directory}",
        f"holdfast explain payments --model {directory}",
        f"holdfast schema > {directory / SCHEMA_FILE}    (again after an update of Holdfast)",
    ):
        screen.print(Text(f"  {line}", "dim"), soft_wrap=True)


def _moved(text: str, days: timedelta) -> str:
    """Return the text with its dates moved, so that a test seen in spring is as long ago whenever one begins."""
    return _DATE.sub(lambda found: (date.fromisoformat(found[0]) + days).isoformat(), text)
