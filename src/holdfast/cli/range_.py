"""``holdfast range``: the commands of the range that the model declares, passed through as they are."""

from __future__ import annotations

from collections.abc import Callable

import typer

from holdfast.cli.commands import grouped
from holdfast.cli.options import Declaration
from holdfast.errors import UsageError

_PASSED = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
_WORDS = {
    "up": "Start the range and return when it is armed.",
    "down": "Take the range down; nothing is left behind.",
    "status": "Show what runs and how it stands.",
    "shell": "Run a command inside a host or process of the range.",
}


def _passing(word: str) -> Callable[..., None]:
    """Return the command that hands ``word`` and all it does not know itself to the range's own command."""

    def command(context: typer.Context, model: Declaration = None) -> None:
        from holdfast.cli.declaration import named_or_usual, usable_model
        from holdfast.connectors.range import Command

        place = named_or_usual(model)
        declared = usable_model(place).range
        if declared is None:
            message = f"the model in {place} declares no range"
            raise UsageError("HF405", message, remedy="Declare range: command in the model.")
        raise typer.Exit(Command(declared.command).run((word, *context.args)))

    command.__doc__ = _WORDS[word]
    return command


app = grouped(
    "Start, stop and enter the range that the model declares.\n\n"
    "Options, other than `--model DIR`, are those of the range's own command; `--help` shows them.",
    {"Commands": {word: _passing(word) for word in _WORDS}},
    settings=_PASSED,
)
"""The commands of ``holdfast range``."""
