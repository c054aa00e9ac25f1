"""How commands are put together, and how their help reads: grouped, flags without a type, usage without braces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

Commands = Mapping[str, Mapping[str, Callable[..., None] | typer.Typer]]
"""Panels of the help, each with its commands and groups of commands by name."""


class _Plain:
    """What the help of commands and of groups has in common."""

    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401 -- Typer's own classes are private
        """Return the parameters; a flag, and an argument that has a name, say nothing of types."""
        params = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            if getattr(param, "is_flag", False):
                param.metavar = ""
            elif param.param_type_name == "argument":
                param.display_type_rich = _untyped
        return params

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401 -- Typer's own classes are private
        """Return the parts of the usage line: what is required as it is, what is not in brackets."""
        pieces: list[str] = super().collect_usage_pieces(ctx)  # type: ignore[misc]
        return [piece.replace("{", "").replace("}", "") for piece in pieces]


def _untyped(ctx: object) -> None:
    """Return no type."""


class _Command(_Plain, TyperCommand):
    """A command."""


class _Group(_Plain, TyperGroup):
    """A group of commands."""


def grouped(
    words: str,
    commands: Commands,
    name: str | None = None,
    settings: dict[str, Any] | None = None,
    usual: str | None = None,
) -> typer.Typer:
    """Return a group with its commands in panels, in the order given; ``settings`` are Click's for each command.

    ``usual`` is the command that is meant where none is named.
    """

    class Ordered(_Group):
        """The group; Typer itself would list commands first and groups of commands last."""

        def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002 -- called as Typer calls it
            return [word for members in commands.values() for word in members]

        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 -- as above
            if usual is not None and (not args or (args[0].startswith("-") and args[0] != "--help")):
                args = [usual, *args]
            parsed: list[str] = super().parse_args(ctx, args)
            return parsed

    group = typer.Typer(
        name=name,
        cls=Ordered,
        help=words,
        no_args_is_help=usual is None,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",  # paragraphs of a help text are filled to the width of the terminal
    )
    for panel, members in commands.items():
        for word, command in members.items():
            if isinstance(command, typer.Typer):
                group.add_typer(command, name=word, rich_help_panel=panel)
            else:
                group.command(word, cls=_Command, rich_help_panel=panel, context_settings=settings)(command)
    return group
