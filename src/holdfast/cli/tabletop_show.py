"""``holdfast tabletop list`` and ``show``: what was expected, what was decided, and what that comes to."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from holdfast.cli.options import EVIDENCE, AsJson, Source
from holdfast.cli.tabletop_desk import chosen, last_word, model_of, shown, tabletops
from holdfast.cli.terminal import console, print_json, safe, write
from holdfast.errors import ExitCode

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.measures.tabletop import Discussed
    from holdfast.store.port import LogReader

_MARKS = {"held": ("✓", "green"), "broken": ("✗", "bold red"), "unknown": ("?", "yellow")}


def list_(log: Source = EVIDENCE, as_json: AsJson = False) -> None:
    """List the tabletops of a log."""
    from holdfast.cli.record import opened

    with opened(log) as source:
        found = tabletops(source)
    if as_json:
        rows = [
            {"exercise": each.id, "scenario": each.opened.event.scenario, "closed": each.closed is not None}
            for each in found.values()
        ]
        print_json({"tabletops": rows})
        return
    screen = console()
    for each in found.values():
        line = Text.assemble((safe(each.id), "bold"), f"  {each.opened.event.scenario}  {last_word(each)}")
        screen.print(line, soft_wrap=True)
    if not found:
        screen.print("no scenario was talked through in this log")


def show(
    exercise: Annotated[
        str | None, typer.Argument(metavar="EXERCISE", help="Its id. [default: the only one that is open]")
    ] = None,
    *,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Also write it as a page.")] = None,
    log: Source = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Show what a tabletop came to: each expected decision, the others, notes and the hot wash.

    Exit status: 0 held, 1 broken, unknown or invalid.
    """
    from holdfast.cli.byhand import zone_of
    from holdfast.cli.record import opened
    from holdfast.report.tabletop import render_tabletop
    from holdfast.report.when import Local

    with opened(log) as source:
        found = judged(source, exercise)
    if html is not None:
        write(html, render_tabletop(found, Local(zone_of(found.model))))
    if as_json:
        print_json(as_data(found))
    else:
        screen = console()
        title = Text.assemble((safe(found.scenario.title), "bold"), f"  ({safe(found.tabletop.id)})")
        screen.print(title, soft_wrap=True)
        print_judgement(screen, found)
        if html is not None:
            screen.print(Text(f"page: {html}"), soft_wrap=True)
    raise typer.Exit(ExitCode.HELD if found.verdict == "held" else ExitCode.BROKEN)


def judged(log: LogReader, which: str | None) -> Discussed:
    """Return the judgement of a tabletop; HF985 as ``chosen``."""
    from holdfast.cli.record import entries
    from holdfast.measures.tabletop import judge_tabletop
    from holdfast.model.canonical import TOLERANCE
    from holdfast.state.approvals import approval_entries, approvals

    tabletop = chosen(tabletops(log), which)
    model = model_of(log, tabletop)
    approved = approvals(model, approval_entries(entries(log)), tabletop.opened.seq)
    limits = approved.get(f"{TOLERANCE}:{tabletop.opened.event.service}")
    return judge_tabletop(tabletop, model, limits_approved=limits is not None and limits.standing == "approved")


def as_data(found: Discussed) -> dict[str, object]:
    """Return a judgement for a program."""
    tabletop = found.tabletop
    return {
        "exercise": tabletop.id,
        "scenario": found.scenario.name,
        "service": tabletop.opened.event.service,
        "verdict": found.verdict,
        "closed": tabletop.closed is not None,
        "evidence_class": found.evidence_class,
        "limits_approved": found.limits_approved,
        "expected": [asdict(each) for each in found.expected],
        "others": [{"entry": each.seq, **asdict(each.event)} for each in found.others],
        "attended": list(tabletop.attended),
        "absent": list(found.absent),
        "notes": [{"entry": each.seq, **asdict(each.event)} for each in tabletop.facts],
        "actions": [{"entry": each.seq, **asdict(each.event)} for each in tabletop.actions],
        "model_digest": tabletop.opened.event.model_digest,
    }


def print_judgement(screen: Console, found: Discussed) -> None:
    """Print each expected decision with what became of it, what else was decided, and what that comes to."""
    from holdfast.report.incident_words import who

    for each in found.expected:
        shape, style = _MARKS[each.answer]
        at_ms = None if each.after_ms is None or each.told_ms is None else each.told_ms + each.after_ms
        after = f", at {shown(at_ms)} as discussed" if at_ms is not None else ""
        head = Text.assemble((f"{shape} {each.outcome:<15}", style), f"{safe(each.inject.expect or '')}{after}")
        screen.print(head, soft_wrap=True)
        if each.answer != "held":
            screen.print(Padding(Text(safe(each.why), "dim"), (0, 0, 0, 4)))
    for other in found.others:
        by = f" by {who(other.event.by)}" if other.event.by else ""
        told = f"also decided at {shown(other.event.clock_ms)}{by}: {safe(other.event.text)} (entry {other.seq})"
        screen.print(Text(f"· {told}"), soft_wrap=True)
    if found.absent:
        screen.print(Text(f"not there: {', '.join(found.absent)}", "yellow"), soft_wrap=True)
    counts = {answer: sum(each.answer == answer for each in found.expected) for answer in _MARKS}
    said = ", ".join(f"{count} {answer}" for answer, count in counts.items() if count) or "nothing was expected"
    style = {"held": "bold green", "broken": "bold red"}.get(found.verdict, "bold yellow")
    screen.print(Text(f"{found.verdict}: {said}; evidence of class {found.evidence_class}", style), soft_wrap=True)
