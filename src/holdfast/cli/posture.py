"""``holdfast posture``: what the record shows of every service and family of scenarios, worst first, never averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from holdfast.cli.options import EVIDENCE, AsJson, Key, Named, On, Source, day_meant
from holdfast.cli.terminal import console, print_json, safe
from holdfast.errors import ExitCode, HoldfastError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from rich.console import Console

    from holdfast.measures.posture import Cell, Line, State
    from holdfast.measures.programme import Due, Rate
    from holdfast.model.types import Model
    from holdfast.store.audit import Audit

_MARKS: Mapping[State, tuple[str, str]] = {
    "broken": ("✗", "bold red"),
    "unproven": ("?", "yellow"),
    "stale": ("~", "yellow"),
    "held": ("✓", "green"),
}
_NOTHING = ("·", "dim")
_US_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class _Standing:
    """All that is shown, at one moment, of one model and one record."""

    model: Model
    audit: Audit
    at_utc_us: int
    cells: Mapping[str, tuple[Cell, ...]]
    dues: tuple[Due, ...]
    refused: tuple[HoldfastError, ...]


def posture(
    path: Named = None,
    *,
    source: Source = EVIDENCE,
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

    standing = _standing(usable_model(named_or_usual(path)), source, on, key)
    if as_json:
        print_json(_as_json(standing))
    else:
        _show(console(), standing, every=every)
    if standing.refused or _failing(standing.cells):
        raise typer.Exit(ExitCode.BROKEN)


def _standing(model: Model, source: str, on: str | None, key: str | None) -> _Standing:
    """Read a record and hold the model's plan against it."""
    from holdfast.cli.record import audited, entries, opened
    from holdfast.exercises.vocabulary import vocabulary
    from holdfast.measures.judgement import judge_all
    from holdfast.measures.posture import posture as standing_of
    from holdfast.measures.programme import attempt, programme

    at_us = _moment(on)
    audit = audited(source, key)
    with opened(source) as log:
        recorded = entries(log)
        judgements, refused = judge_all(recorded, log.attachment, vocabulary())
    # Whoever made a record that nobody verified could have approved anything in it.
    attempts = tuple(
        each if audit.key else replace(each, limits_approved=False) for each in (attempt(one) for one in judgements)
    )
    dues = programme(model.test_plan, attempts, recorded[0].at_utc_us, at_us)
    return _Standing(model, audit, at_us, standing_of(model, attempts, dues, at_us), dues, refused)


def _moment(on: str | None) -> int:
    """Return the moment that is shown, in UTC microseconds: now, or the end of the day that was named."""
    now = datetime.now(UTC)
    if on is None:
        return round(now.timestamp() * _US_PER_S)
    end = datetime.fromisoformat(day_meant(on)).replace(tzinfo=UTC) + timedelta(days=1)
    return round(end.timestamp() * _US_PER_S) - 1


def _failing(cells: Mapping[str, tuple[Cell, ...]]) -> bool:
    return any(line.failed or line.overdue for row in cells.values() for cell in row for line in cell.lines)


def _show(screen: Console, standing: _Standing, *, every: bool) -> None:
    """Print what comes first, the matrix, the test plan, and on what it all rests."""
    from holdfast.cli.record import sentence
    from holdfast.measures.posture import worst_first

    screen.print(Text.assemble((safe(standing.model.institution), "bold"), f"  as of {_day(standing.at_utc_us)}"))
    first = worst_first(standing.cells)
    for service, line in first:
        screen.print(_first(service, line), soft_wrap=True)
    if not first:
        screen.print("nothing that was tried failed, and nothing is overdue")
    screen.print()
    screen.print(_matrix(standing.cells))
    marks = "✗ broken  ? unproven  ~ stale  ✓ held  ! overdue  ◆ known to break"
    screen.print(f"{marks}  1/3 one of three tried  · no scenario", style="dim")
    if every:
        _every(screen, standing.cells)
    screen.print()
    screen.print(_plan(standing.dues))
    for problem in standing.refused:
        screen.print(Text.assemble(("? not judged: ", "bold yellow"), safe(str(problem))), soft_wrap=True)
    screen.print(f"model {standing.model.digest[:16]}…  record: {sentence(standing.audit)}", soft_wrap=True)


def _first(service: str, line: Line) -> Text:
    """Return one line of what a board reads first."""
    if line.state == "broken":
        word, style = "✗ broken", "bold red"
    elif line.failed:
        word, style = "? unknown", "bold yellow"
    elif line.overdue:
        word, style = "! overdue", "bold yellow"
    else:
        word, style = "◆ breaks", "yellow"
    return Text.assemble((f"{word:<10}", style), f" {service}: {line.scenario}, {safe(line.why)}{_last(line)}")


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
    return Text(f"{mark}{many}{'!' if cell.overdue else ''}{'◆' if cell.breaking_point else ''}", style=style)


def _every(screen: Console, cells: Mapping[str, tuple[Cell, ...]]) -> None:
    """Print every scenario of every service, with why it reads as it does."""
    for service, row in cells.items():
        screen.print()
        screen.print(service, style="bold")
        for cell in row:
            for line in cell.lines:
                mark, style = _MARKS[line.state]
                until = f", counts until {_day(line.expires_utc_us)}" if line.expires_utc_us is not None else ""
                said = f" {cell.family:<11}  {line.scenario}: {safe(line.why)}{_last(line)}{until}"
                screen.print(Text.assemble((f"  {mark} {line.state:<8}", style), said), soft_wrap=True)


def _last(line: Line) -> str:
    return f", last tried {_day(line.last.at_utc_us)} (entry {line.last.entry})" if line.last else ""


def _plan(dues: Sequence[Due]) -> Table:
    """Return the test success rate of each service, with its bound and what stands beside it."""
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    table.add_column("test plan")
    for heading in ("held of due", "at least (95 %)", "overdue", "retests", "invalid"):
        table.add_column(heading, justify="right")
    for service, rate in _rates(dues).items():
        bound = "not due yet" if rate.lower_ppm is None else f"{rate.lower_ppm // 10_000} %"
        beside = (str(rate.overdue), str(rate.retests), str(rate.invalid))
        table.add_row(service, f"{rate.passed} of {rate.due}", bound, *beside)
    return table


def _rates(dues: Sequence[Due]) -> Mapping[str, Rate]:
    """Return the rate of each service that the plan names, in the order of the plan, and none over all of them."""
    from holdfast.measures.programme import success_rate

    services = dict.fromkeys(due.test.service for due in dues)
    return {service: success_rate(due for due in dues if due.test.service == service) for service in services}


def _day(utc_us: int) -> str:
    return f"{datetime.fromtimestamp(utc_us // _US_PER_S, UTC):%Y-%m-%d}"


def _as_json(standing: _Standing) -> dict[str, object]:
    """Return the same for a program."""
    from holdfast.cli.record import facts

    return {
        "institution": standing.model.institution,
        "model_digest": standing.model.digest,
        "record": facts(standing.audit),
        "at_utc_us": standing.at_utc_us,
        "services": {
            service: {
                cell.family: {
                    "state": cell.state,
                    "overdue": cell.overdue,
                    "breaking_point": cell.breaking_point,
                    "scenarios": [asdict(line) for line in cell.lines],
                }
                for cell in row
            }
            for service, row in standing.cells.items()
        },
        "success_rate": {
            service: {**asdict(rate), "lower_ppm": rate.lower_ppm} for service, rate in _rates(standing.dues).items()
        },
        "not_judged": [{"code": each.code, "message": each.message} for each in standing.refused],
    }
