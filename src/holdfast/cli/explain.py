"""``holdfast explain``: what one declared thing stands on, what stands on it, and what would stop with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from holdfast.cli.options import Approvals, AsJson, Declaration
from holdfast.cli.terminal import console, print_json, safe
from holdfast.errors import UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.model.standing import Explanation
    from holdfast.model.trees import Line
    from holdfast.model.types import Model

SHOWN_LEVELS = 3
SHOWN_LINES = 20
_WARNING = ("unapproved", "changed since", "never", "down:", "without a declared way back", "nobody")


def explain(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A service, resource, group, site, role, scenario, …")],
    model: Declaration = None,
    log: Approvals = None,
    every: Annotated[bool, typer.Option("--all", help="Show every tree to its last leaf.")] = False,
    as_json: AsJson = False,
) -> None:
    """Explain what something stands on and what stands on it.

    It takes the name of anything that the model declares: services, resources, redundancy groups, sites, teams, third
    parties, segments, roles, persons, scenarios, what things share, candidates and risk acceptances. Where a name
    stands for several, all of them are explained.
    """
    from holdfast.cli.approved import approvals_said
    from holdfast.cli.declaration import named_or_usual, usable_model
    from holdfast.exercises.vocabulary import vocabulary
    from holdfast.model.standing import explain as explained
    from holdfast.model.standing import nearest

    place = named_or_usual(model)
    declared = usable_model(place)
    explanations = explained(declared, vocabulary(), name, approvals_said(declared, log))
    if not explanations:
        near = " or ".join(f'"{each}"' for each in nearest(declared, name))
        remedy = f"Did you mean {near}?" if near else f"holdfast map {place} shows what is declared."
        raise UsageError("HF950", f'nothing in {place} is called "{safe(name)}"', remedy=remedy)
    folder = place if place.is_dir() else place.parent
    falls = {each.sort: _falls(declared, each) for each in explanations}
    if as_json:
        found = [_as_json(each, folder, falls[each.sort]) for each in explanations]
        print_json({"explained": found})
        return
    screen = console()
    for number, each in enumerate(explanations):
        if number:
            screen.rule(style="dim")
        _show(screen, each, folder, falls[each.sort], every=every)


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


def _show(screen: Console, explanation: Explanation, folder: Path, falls: Falls, *, every: bool) -> None:
    """Print one explanation: a headline, facts, and a tree for each part."""
    title = "" if explanation.title == explanation.name else f"  {safe(explanation.title)}"
    screen.print(Text.assemble((explanation.name, "bold"), title, (f"  {explanation.sort}", "cyan")), soft_wrap=True)
    place = explanation.place
    screen.print(Text(f"declared at {folder / place.file}:{place.line}", "dim"), soft_wrap=True)
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", justify="right", no_wrap=True)
    table.add_column()
    for name, value in explanation.facts:
        table.add_row(name, _noted(safe(value), ""))
    if falls is not None:
        table.add_row("if it alone fails", _fallen(falls))
    screen.print(table)
    for part in explanation.parts:
        if not part.lines:
            screen.print(Text.assemble((part.title, "bold"), (f": {part.nothing}", "dim")))
            continue
        tree = Tree(Text(part.title, "bold"), guide_style="dim")
        _grow(tree, part.lines, every=every)
        screen.print(tree)


def _fallen(falls: tuple[tuple[str, str], ...]) -> Text:
    """Return which services stop and which run worse."""
    if not falls:
        return Text("no service stops, once what stands by has taken over", "green")
    words = {"down": ("stops", "bold red"), "degraded": ("runs degraded", "yellow")}
    said = Text()
    for number, (name, state) in enumerate(falls):
        word, style = words[state]
        said.append(", " if number else "").append(name).append(f" {word}", style)
    return said


def _grow(tree: Tree, lines: tuple[Line, ...], *, every: bool) -> None:
    """Add lines to a tree, the first levels and the first lines unless every one is wanted.

    It grows without recursion, because a model may be deeper than Python's stack.
    """
    shown, rest = (lines, ()) if every else (lines[:SHOWN_LINES], lines[SHOWN_LINES:])
    cut: set[str | None] = set()
    ahead = [(tree, line, 1) for line in reversed(shown)]
    while ahead:
        parent, line, level = ahead.pop()
        words = Text(safe(line.words), "" if line.name is None else "bold" if line.below else "")
        note = line.note.replace("see above", "more of it by --all") if line.name in cut else line.note
        branch = parent.add(Text.assemble(words, "  ", _noted(safe(note), "dim")) if note else words)
        if line.below and level == SHOWN_LEVELS and not every:
            left = _all_of(line.below)
            cut |= {each.name for each in left if each.below}
            branch.add(_more(len(left)))
        else:
            ahead += [(branch, each, level + 1) for each in reversed(line.below)]
    if rest:
        tree.add(_more(len(_all_of(rest))))


def _all_of(lines: tuple[Line, ...]) -> list[Line]:
    """Return lines and all that stand below them."""
    found, ahead = [], list(lines)
    while ahead:
        line = ahead.pop()
        found.append(line)
        ahead += line.below
    return found


def _more(count: int) -> Text:
    return Text(f"… {count} more, shown by --all", "dim")


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
