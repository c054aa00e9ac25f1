"""``holdfast posture``: what the record shows of every service and family of scenarios, worst first, never averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from holdfast.cli.options import EVIDENCE, AsJson, Key, Named, Older, On, Source
from holdfast.cli.terminal import console, print_json, safe
from holdfast.cli.whole import day
from holdfast.errors import ExitCode

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from rich.console import Console

    from holdfast.cli.whole import Whole
    from holdfast.evidence.classes import EvidenceClass
    from holdfast.measures.posture import Cell, Line, State
    from holdfast.measures.programme import Due

_MARKS: Mapping[State, tuple[str, str]] = {
    "broken": ("✗", "bold red"),
    "unproven": ("?", "yellow"),
    "stale": ("~", "yellow"),
    "held": ("✓", "green"),
}
_NOTHING = ("·", "dim")
_CLASS_LETTERS: Mapping[EvidenceClass, str] = {
    "discussion": "d",
    "simulated": "s",
    "range, scaled": "r",
    "production-like": "p",
    "live": "l",
}


def posture(
    path: Named = None,
    *,
    source: Source = EVIDENCE,
    older: Older = None,
    on: On = None,
    every: Annotated[bool, typer.Option("--all", help="Show every scenario of every service.")] = False,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show where the institution stands, by service and family of scenarios.

    A cell is as bad as the worst that the record shows of it. Seconds on the range never show that an objective of
    hours is met: such a cell reads unproven, and so does one that nobody tried, or that was judged by limits that no
    body approved. Exit status: 0 if nothing failed or is overdue, 1 otherwise.
    """
    from holdfast.cli.declaration import named_or_usual, usable_model
    from holdfast.cli.whole import whole
    from holdfast.measures.posture import posture as standing_of

    found = whole(usable_model(named_or_usual(path)), source, older or (), on, key)
    cells = standing_of(found.model, found.attempts, found.dues, found.at_utc_us)
    if as_json:
        print_json(_as_json(found, cells))
    else:
        _show(console(), found, cells, every=every)
    if found.refused or _failing(cells):
        raise typer.Exit(ExitCode.BROKEN)


def _failing(cells: Mapping[str, tuple[Cell, ...]]) -> bool:
    return any(line.failed or line.overdue for row in cells.values() for cell in row for line in cell.lines)


def _show(screen: Console, found: Whole, cells: Mapping[str, tuple[Cell, ...]], *, every: bool) -> None:
    """Print what comes first, the matrix, the test plan, and on what it all rests."""
    from holdfast.cli.record import sentence
    from holdfast.measures.posture import worst_first

    screen.print(Text.assemble((safe(found.model.institution), "bold"), f"  as of {found.day}"))
    first = worst_first(cells)
    for service, line in first:
        screen.print(_first(found, service, line), soft_wrap=True)
    if not first:
        screen.print("nothing that was tried failed, and nothing is overdue")
    screen.print()
    screen.print(_matrix(cells))
    marks = "✗ broken  ? unproven  ~ stale  ✓ held  ! overdue  ◆ known to break  1/3 one of three tried"
    screen.print(marks, style="dim")
    used = {each for row in cells.values() for cell in row for each in cell.by_class}
    letters = "  ".join(f"{letter} {each}" for each, letter in _CLASS_LETTERS.items() if each in used)
    screen.print(f"· no scenario{f'  evidence: {letters}' if letters else ''}", style="dim")
    if every:
        _every(screen, found, cells)
    screen.print()
    screen.print(_plan(found.dues))
    for problem in found.refused:
        screen.print(Text.assemble(("? not judged: ", "bold yellow"), safe(str(problem))), soft_wrap=True)
    if found.unread is not None:
        said = f"! this log goes on from {safe(found.unread)}: what was tried there is not here, give it with --older"
        screen.print(Text(said, "yellow"), soft_wrap=True)
    screen.print(f"model {found.model.digest[:16]}…  record: {sentence(found.audit)}", soft_wrap=True)


def _first(found: Whole, service: str, line: Line) -> Text:
    """Return one line of what a board reads first."""
    if line.state == "broken":
        word, style = "✗ broken", "bold red"
    elif line.failed:
        word, style = "? unknown", "bold yellow"
    elif line.overdue:
        word, style = "! overdue", "bold yellow"
    else:
        word, style = "◆ breaks", "yellow"
    return Text.assemble((f"{word:<10}", style), f" {service}: {line.scenario}, {safe(line.why)}{_last(found, line)}")


def _matrix(cells: Mapping[str, tuple[Cell, ...]]) -> Table:
    """Return services by families: the mark of the worst, and how many of the scenarios were tried."""
    from holdfast.measures.posture import FAMILIES

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("service", no_wrap=True)
    for family in FAMILIES:
        table.add_column(family.replace("-", " "), justify="center", max_width=9)
    for service, row in cells.items():
        table.add_row(service, *(_cell(cell) for cell in row))
    return table


def _cell(cell: Cell) -> Text:
    mark, style = _MARKS[cell.state] if cell.lines else _NOTHING
    tried = sum(line.last is not None for line in cell.lines)
    many = f" {tried}/{len(cell.lines)}" if cell.lines else ""
    classes = "".join(_CLASS_LETTERS[each] for each in cell.by_class)
    marks = f"{'!' if cell.overdue else ''}{'◆' if cell.breaking_point else ''}{f' {classes}' if classes else ''}"
    return Text(f"{mark}{many}{marks}", style=style)


def _every(screen: Console, found: Whole, cells: Mapping[str, tuple[Cell, ...]]) -> None:
    """Print every scenario of every service, with why it reads as it does."""
    for service, row in cells.items():
        screen.print()
        screen.print(service, style="bold")
        for cell in row:
            for line in cell.lines:
                mark, style = _MARKS[line.state]
                until = f", counts until {day(line.expires_utc_us)}" if line.expires_utc_us is not None else ""
                said = f" {cell.family:<11}  {line.scenario}: {safe(line.why)}{_last(found, line)}{until}"
                screen.print(Text.assemble((f"  {mark} {line.state:<8}", style), said), soft_wrap=True)


def _last(found: Whole, line: Line) -> str:
    if line.last is None:
        return ""
    where = found.footnote(line.last.log, line.last.entry)
    return f", tried {day(line.last.at_utc_us)} ({where}; {line.last.evidence_class})"


def _plan(dues: Sequence[Due]) -> Table:
    """Return the test success rate of each service, with its bound and what stands beside it."""
    from holdfast.measures.programme import rates

    table = Table(box=None, padding=(0, 1), pad_edge=False)
    table.add_column("test plan")
    found = rates(dues)
    older = any(rate.elsewhere for rate in found.values())
    for heading in (
        "held of due",
        "at least (95 %)",
        "overdue",
        "retests",
        "invalid",
        *(["older log"] if older else []),
    ):
        table.add_column(heading, justify="right")
    for service, rate in found.items():
        bound = "not due yet" if rate.lower_ppm is None else f"{rate.lower_ppm // 10_000} %"
        counts = (rate.overdue, rate.retests, rate.invalid, *((rate.elsewhere,) if older else ()))
        beside = (str(count) for count in counts)
        table.add_row(service, f"{rate.passed} of {rate.due}", bound, *beside)
    return table


def _as_json(found: Whole, cells: Mapping[str, tuple[Cell, ...]]) -> dict[str, object]:
    """Return the same for a program."""
    from holdfast.measures.programme import rates

    return {
        **found.head(),
        "services": {
            service: {
                cell.family: {
                    "state": cell.state,
                    "overdue": cell.overdue,
                    "breaking_point": cell.breaking_point,
                    "evidence": {
                        each: {
                            word: sum(one.verdict == word for one in counting) for word in ("held", "broken", "unknown")
                        }
                        for each, counting in cell.by_class.items()
                    },
                    "scenarios": [asdict(line) for line in cell.lines],
                }
                for cell in row
            }
            for service, row in cells.items()
        },
        "success_rate": {
            service: {**asdict(rate), "lower_ppm": rate.lower_ppm} for service, rate in rates(found.dues).items()
        },
    }
