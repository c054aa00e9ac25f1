"""What every command does alike when it prints or writes: the console, JSON, text on one line, a file for the user."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import typer
from rich.console import Console

from holdfast.errors import EnvironmentProblem

PIPE_WIDTH = 100


def console(*, stderr: bool = False) -> Console:
    """Return a console that prints text as it is; as wide as the terminal, or a hundred columns in a pipe."""
    made = Console(highlight=False, markup=False, stderr=stderr)
    if not made.is_terminal:
        made.width = PIPE_WIDTH
    return made


def print_json(value: object) -> None:
    """Print a value for programs."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def safe(text: str) -> str:
    """Return text on one line that cannot steer a terminal."""
    from holdfast.report.svg import visible

    return visible(" ".join(text.split()))


def amount(count: int, word: str, words: str = "") -> str:
    """Return ``1 entry`` or ``2 entries``; ``words`` is the plural where it is not the word and an s."""
    return f"{count:,} {word if count == 1 else words or f'{word}s'}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the beginning of a remedy, ``Did you mean NAME? ``; nothing where no known name is like it."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1)
    return f"Did you mean {near[0]}? " if near else ""


def write(path: Path, text: str) -> None:
    """Write a file that the user asked for, and the directories above it; HF922 when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}"
        raise EnvironmentProblem("HF922", message, remedy="Name a file where you may write.") from error
