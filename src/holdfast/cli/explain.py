"""``holdfast explain``: what one declared thing stands on, what stands on it, and what would stop with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from holdfast.errors import UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.model.standing import Explanation
    from holdfast.model.trees import Line
    from holdfast.model.types import Model

WIDTH = 100
_MODEL = Path("examples/meridian")
_WARNING = ("unapproved", "changed since", "never", "down:", "without a declared way back", "nobody")


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application."""
    app.command()(explain)


def explain(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A service, resource, group, site, role, scenario, …")],
    model: Annotated[Path, typer.Option("--model", metavar="DIR", help="The declaration.")] = _MODEL,
    log: Annotated[
        str | None, typer.Option("--log", metavar="LOG", help="Where approvals stand. [default: evidence, if there]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Explain what something stands on and what stands on it.

    It takes the name of anything that the model declares: services, resources, redundancy groups, sites, teams, third
    parties, segments, roles, persons and scenarios. Where a name stands for several, all of them are explained.
    """
    from holdfast.cli.approved import approvals_said
    from holdfast.cli.declaration import usable_model
    from holdfast.exercises.vocabulary import vocabulary
    from holdfast.model.standing import explain as explained
    from holdfast.model.standing import nearest

    declared = usable_model(model)
    explanations = explained(declared, vocabulary(), name, approvals_said(declared, log))
    if not explanations:
        near = " or ".join(f'"{each}"' for each in nearest(declared, name))
        remedy = f"Did you mean {near}?" if near else f"holdfast check {model} shows what is declared."
        raise UsageError("HF950", f'nothing in {model} is called "{_safe(name)}"', remedy=remedy)
    folder = model if model.is_dir() else model.parent
    falls = {each.sort: _falls(declared, each) for each in explanations}
    if as_json:
        found = [_as_json(each, folder, falls[each.sort]) for each in explanations]
        typer.echo(json.dumps({"explained": found}, ensure_ascii=False, indent=2))
        return
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = WIDTH
    for number, each in enumerate(explanations):
        if number:
            console.rule(style="dim")
        _show(console, each, folder, falls[each.sort])


Falls = tuple[tuple[str, str], ...] | None
"""The services that stop or run worse, with their state; ``None`` where that is not told."""


def _falls(model: Model, explanation: Explanation) -> Falls:
    """Return what stops or runs worse when this alone fails."""
    from holdfast.analysis.what_if import standing

    name = explanation.name
    # The analysis takes a name of both for the site.
    if explanation.sort not in {"resource", "group", "site"} or (explanation.sort != "site" and name in model.sites):
        return None
    services = standing(model, frozenset({name})).services
    return tuple((service, state) for service, state in services.items() if state != "up")


def _show(console: Console, explanation: Explanation, folder: Path, falls: Falls) -> None:
    """Print one explanation: a headline, facts, and a tree for each part."""
    title = "" if explanation.title == explanation.name else f"  {_safe(explanation.title)}"
    console.print(Text.assemble((explanation.name, "bold"), title, (f"  {explanation.sort}", "cyan")), soft_wrap=True)
    place = explanation.place
    console.print(Text(f"declared at {folder / place.file}:{place.line}", "dim"), soft_wrap=True)
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", justify="right", no_wrap=True)
    table.add_column()
    for name, value in explanation.facts:
        table.add_row(name, _noted(_safe(value), ""))
    if falls is not None:
        table.add_row("if it alone fails", _fallen(falls))
    console.print(table)
    for part in explanation.parts:
        if not part.lines:
            console.print(Text.assemble((part.title, "bold"), (f": {part.nothing}", "dim")))
            continue
        tree = Tree(Text(part.title, "bold"), guide_style="dim")
        _grow(tree, part.lines)
        console.print(tree)


def _fallen(falls: tuple[tuple[str, str], ...]) -> Text:
    """Return which services stop and which run worse."""
    if not falls:
        return Text("every service goes on as before", "green")
    words = {"down": ("stops", "bold red"), "degraded": ("runs degraded", "yellow")}
    said = Text()
    for number, (name, state) in enumerate(falls):
        word, style = words[state]
        said.append(", " if number else "").append(name).append(f" {word}", style)
    return said


def _grow(tree: Tree, lines: tuple[Line, ...]) -> None:
    """Add lines to a tree; it grows without recursion, because a model may be deeper than Python's stack."""
    ahead = [(tree, line) for line in reversed(lines)]
    while ahead:
        parent, line = ahead.pop()
        words = Text(_safe(line.words), "" if line.name is None else "bold" if line.below else "")
        branch = parent.add(Text.assemble(words, "  ", _noted(_safe(line.note), "dim")) if line.note else words)
        ahead += [(branch, each) for each in reversed(line.below)]


def _noted(text: str, style: str) -> Text:
    """Return a note, in the colour of a warning when it is one."""
    return Text(text, "yellow" if text.startswith(_WARNING) or "never exercised" in text else style)


def _as_json(explanation: Explanation, folder: Path, falls: Falls) -> dict[str, object]:
    """Return one explanation for programs."""
    place = explanation.place
    return {
        "name": explanation.name,
        "sort": explanation.sort,
        "title": explanation.title,
        "file": str(folder / place.file),
        "line": place.line,
        "facts": dict(explanation.facts),
        "if_it_alone_fails": None if falls is None else dict(falls),
        "parts": {part.name: [_line_as_json(line) for line in part.lines] for part in explanation.parts},
    }


def _line_as_json(line: Line) -> dict[str, object]:
    return {
        "words": line.words,
        "name": line.name,
        "note": line.note,
        "below": [_line_as_json(each) for each in line.below],
    }


def _safe(text: str) -> str:
    """Return text on one line that cannot steer a terminal."""
    from holdfast.report.svg import visible

    return visible(" ".join(text.split()))
