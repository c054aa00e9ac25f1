"""``holdfast range``: the commands of the range that the model declares, passed through as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from holdfast.errors import UsageError

_MODEL = Path("examples/meridian")
_PASSED = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
_WORDS = {
    "up": "Start the range and return when it is armed.",
    "down": "Take the range down; nothing is left behind.",
    "status": "Show what runs and how it stands.",
    "shell": "Run a command inside a host or process of the range.",
}

Model = Annotated[Path, typer.Option("--model", metavar="DIR", help="The declaration.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="Start, stop and enter the range that the model declares.")
    for word, text in _WORDS.items():
        group.command(word, help=f"{text} Options are those of the range's own command.", context_settings=_PASSED)(
            _passing(word)
        )
    app.add_typer(group, name="range")


def _passing(word: str) -> Callable[..., None]:
    """Return the command that hands ``word`` and all it does not know itself to the range's own command."""

    def command(context: typer.Context, model: Model = _MODEL) -> None:
        from holdfast.cli.declaration import usable_model
        from holdfast.connectors.range import Command

        declared = usable_model(model).range
        if declared is None:
            message = f"the model in {model} declares no range"
            raise UsageError("HF405", message, remedy="Declare range: command in the model.")
        raise typer.Exit(Command(declared.command).run((word, *context.args)))

    return command
