"""``holdfast coverage``: what was exercised and until when that counts, what never was, and what is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from holdfast.cli.options import EVIDENCE, AsJson, Key, Named, Older, On, Source
from holdfast.cli.terminal import amount, console, print_json, safe
from holdfast.cli.whole import day
from holdfast.errors import ExitCode

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from rich.console import Console

    from holdfast.checks.validity import Verdict
    from holdfast.cli.whole import Whole
    from holdfast.measures.coverage import Proof, Thing
    from holdfast.measures.due import Upcoming

SHOWN = 12
_STYLES: Mapping[Verdict, tuple[str, str]] = {
    "held": ("✓", "green"),
    "broken": ("✗", "bold red"),
    "unknown": ("?", "bold yellow"),
    "invalid": ("·", "dim"),
    "not-runnable": ("·", "dim"),
}


def coverage(
    path: Named = None,
    *,
    source: Source = EVIDENCE,
    older: Older = None,
    due: Annotated[
        bool, typer.Option("--due", help="Show the test plan instead: what is due, and since when.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Show everything, not only what comes first.")] = False,
    on: On = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show what was exercised, by which exercise and until when that counts, and what never was.

    Something was exercised when a fault was shown to have taken effect on it, or a failover to have run; being there
    is not enough. With --due: for every line of the test plan the last attempt that counts and when the next is due.
    Exit status: 0, or with --due 1 if anything is overdue.
    """
    from holdfast.cli.declaration import named_or_usual, usable_model
    from holdfast.cli.whole import whole
    from holdfast.measures.coverage import coverage as covered
    from holdfast.measures.due import upcoming

    found = whole(usable_model(named_or_usual(path)), source, older or (), on, key)
    plan = upcoming(found.dues)
    if due:
        if as_json:
            print_json(_plan_as_json(found, plan))
        else:
            _show_plan(console(), found, plan)
        if any(each.overdue_since_utc_us is not None for each in plan):
            raise typer.Exit(ExitCode.BROKEN)
        return
    things = covered(found.model, found.judgements, found.attempts, found.day)
    if as_json:
        print_json(_as_json(found, things))
    else:
        _show(console(), found, things, every=every)


def _show(screen: Console, found: Whole, things: Sequence[Thing], *, every: bool) -> None:
    """Print how much of each sort was exercised, what expires next, and what never was."""
    from holdfast.measures.coverage import expiring, untried

    screen.print(Text.assemble((safe(found.model.institution), "bold"), f"  as of {found.day}"))
    screen.print()
    screen.print(_counts(found, things))
    stale = [(thing, thing.last) for thing in things if thing.worth(found.at_utc_us) == "stale" and thing.last]
    _proofs(screen, "no longer counts", stale, every=every)
    _proofs(screen, "expires next", expiring(things, found.at_utc_us), every=every)
    _never(screen, found, untried(found.model, things), every=every)
    _end(screen, found)


def _counts(found: Whole, things: Sequence[Thing]) -> Table:
    from holdfast.measures.coverage import SORTS, WORTHS

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("sort")
    for worth in (*WORTHS, "of"):
        table.add_column(worth, justify="right")
    table.add_column("last shown with evidence of class")
    for sort in SORTS:
        own = [thing for thing in things if thing.sort == sort]
        if not own:
            continue
        counts = [str(sum(thing.worth(found.at_utc_us) == worth for thing in own)) for worth in WORTHS]
        classes: dict[str, int] = {}
        for thing in own:
            if thing.last is not None:
                classes[thing.last.evidence_class] = classes.get(thing.last.evidence_class, 0) + 1
        said = ", ".join(f"{each} {count}" for each, count in sorted(classes.items()))
        table.add_row(sort, *counts, str(len(own)), said)
    return table


def _proofs(screen: Console, title: str, found: Sequence[tuple[Thing, Proof]], *, every: bool) -> None:
    """Print things with their last exercise."""
    if not found:
        return
    screen.print()
    screen.print(Text(title, "bold"))
    for thing, proof in found[: None if every else SHOWN]:
        mark, style = _STYLES[proof.verdict]
        until = "what was tested has changed" if proof.changed else f"counts until {day(proof.expires_utc_us)}"
        said = f"{thing.sort} {thing.name}: {proof.verdict}, {until}  ({safe(proof.how)}; {proof.evidence_class}, "
        said += f"{day(proof.at_utc_us)}, entry {proof.entry})"
        screen.print(Text.assemble((f"  {mark} ", style), said), soft_wrap=True)
    _more(screen, len(found), every=every)


def _never(screen: Console, found: Whole, never: Sequence[Thing], *, every: bool) -> None:
    """Print what was never exercised, what matters most first."""
    from holdfast.checks.words import declared
    from holdfast.measures.coverage import tolerance_ms

    if not never:
        return
    screen.print()
    screen.print(Text("never exercised, what matters most first", "bold"))
    for thing in never[: None if every else SHOWN]:
        shortest = tolerance_ms(found.model, thing)
        limit = "" if shortest is None else f", tolerance {declared(shortest)}"
        if thing.stops:
            said = f"alone stops {_some(thing.stops)}{limit}"
        else:
            said = f"carries {_some(thing.services)}{limit}" if thing.services else "carries no service"
        told = f"; declared to have worked on {thing.declared}" if thing.declared else ""
        mark, style = ("!", "bold red") if thing.stops else ("·", "dim")
        line = Text.assemble((f"  {mark} ", style), f"{thing.sort} {thing.name}: {said}{told}")
        screen.print(line, soft_wrap=True)
    _more(screen, len(never), every=every)


def _more(screen: Console, number: int, *, every: bool) -> None:
    if not every and number > SHOWN:
        screen.print(Text(f"    and {number - SHOWN:,} more: --all", "dim"))


def _some(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {amount(len(names) - 1, 'other service')}"


def _show_plan(screen: Console, found: Whole, plan: Sequence[Upcoming]) -> None:
    """Print the test plan: overdue longest first, then what is due soonest."""
    screen.print(Text.assemble((safe(found.model.institution), "bold"), f"  as of {found.day}"))
    screen.print()
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("due", "test", "service", "as", "every", "last attempt that counts"):
        table.add_column(heading)
    for each in plan:
        table.add_row(*_line(found, each))
    screen.print(table)
    if not plan:
        screen.print("the declaration has no test plan")
    _end(screen, found)


def _line(found: Whole, each: Upcoming) -> tuple[Text, ...]:
    from holdfast.checks.words import declared

    if each.overdue_since_utc_us is not None:
        when = Text(f"! since {day(each.overdue_since_utc_us)}", "bold red")
    else:
        when = Text(f"  {day(each.due_utc_us)}")
    last = each.last
    said = "never" if last is None else f"{day(last.at_utc_us)} {last.verdict}, {last.evidence_class}"
    where = "" if last is None else f", {found.footnote(last.log, last.entry)}"
    older = f"; {amount(each.elsewhere, 'period')} in an older log" if each.elsewhere else ""
    style = "" if last is None or last.verdict == "held" else "bold red"
    test = each.test
    cells = (test.scenario, test.service, test.exercise_type, declared(test.every_ms))
    return (when, *(Text(cell) for cell in cells), Text(f"{said}{where}{older}", style))


def _end(screen: Console, found: Whole) -> None:
    """Print what could not be judged, and on what it all rests."""
    from holdfast.cli.record import sentence

    screen.print()
    for problem in found.refused:
        screen.print(Text.assemble(("? not judged: ", "bold yellow"), safe(str(problem))), soft_wrap=True)
    if found.unread is not None:
        said = f"! this log goes on from {safe(found.unread)}: what was tried there is not here, give it with --older"
        screen.print(Text(said, "yellow"), soft_wrap=True)
    screen.print(Text(f"record: {sentence(found.audit)}", "dim"), soft_wrap=True)


def _as_json(found: Whole, things: Sequence[Thing]) -> dict[str, object]:
    """Return the same for a program, all of it."""
    from holdfast.measures.coverage import untried

    order = {(thing.sort, thing.name): number for number, thing in enumerate(untried(found.model, things), start=1)}
    return {
        **found.head(),
        "things": [
            {
                "sort": thing.sort,
                "name": thing.name,
                "worth": thing.worth(found.at_utc_us),
                "services": list(thing.services),
                "stops": list(thing.stops),
                "declared": thing.declared,
                "never_rank": order.get((thing.sort, thing.name)),
                "exercised_by": [asdict(proof) for proof in thing.proofs],
            }
            for thing in things
        ],
    }


def _plan_as_json(found: Whole, plan: Sequence[Upcoming]) -> dict[str, object]:
    return {**found.head(), "tests": [asdict(each) for each in plan]}
