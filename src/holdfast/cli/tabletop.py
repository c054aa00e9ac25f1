"""``holdfast tabletop``: a scenario talked through, by one facilitator or by several who feed the same record."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from rich.text import Text

from holdfast.cli import tabletop_run, tabletop_show
from holdfast.cli.byhand import action_meant
from holdfast.cli.commands import grouped
from holdfast.cli.options import EVIDENCE, AsJson, Written
from holdfast.cli.tabletop_desk import Of, clock_now, shown, table
from holdfast.cli.tabletop_lines import Agree, Close, Decide, Here, Line, Next, Say
from holdfast.cli.terminal import console, print_json, safe
from holdfast.errors import UsageError

Clock = Annotated[
    str | None,
    typer.Option(
        "--clock", metavar="DURATION", help="The time in the scenario. [default: runs on since the last word]"
    ),
]
Expected = Literal["yes", "no", "unsure"]
ByRole = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who: a role, or a person (concealed).")]
Text_ = Annotated[str, typer.Argument(metavar="TEXT", help="What was said.")]


def tell(clock: Clock = None, exercise: Of = None, log: Written = EVIDENCE, as_json: AsJson = False) -> None:
    """Tell the next inject."""
    _one(Next(), clock, exercise, log, as_json=as_json)


def attend(
    who: Annotated[str, typer.Argument(metavar="NAME", help="A role, or a person (concealed).")],
    exercise: Of = None,
    log: Written = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Record who is at the table."""
    _one(Here(who), None, exercise, log, as_json=as_json)


def decide(
    text: Text_,
    *,
    inject: Annotated[int | None, typer.Option("--inject", metavar="N", help="The inject that it answers.")] = None,
    as_expected: Annotated[
        Expected, typer.Option("--as-expected", metavar="WORD", help="yes, no, or unsure: what the facilitator says.")
    ] = "unsure",
    by: ByRole = None,
    clock: Clock = None,
    exercise: Of = None,
    log: Written = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Record a decision of those at the table."""
    _one(Decide(inject, as_expected, by, None, text), clock, exercise, log, as_json=as_json)


def note(
    text: Text_,
    *,
    by: ByRole = None,
    clock: Clock = None,
    exercise: Of = None,
    log: Written = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Record an observer's note."""
    _one(Say("note", by, text), clock, exercise, log, as_json=as_json)


def hot_wash(
    text: Text_, *, by: ByRole = None, exercise: Of = None, log: Written = EVIDENCE, as_json: AsJson = False
) -> None:
    """Record what was said right after the exercise."""
    _one(Say("hot-wash", by, text), None, exercise, log, as_json=as_json)


def action(
    text: Annotated[str, typer.Argument(metavar="WHAT;OWNER;DATE", help="What is to be done, by whom, until when.")],
    exercise: Of = None,
    log: Written = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Record what is to be done because of it."""
    _one(Agree(*action_meant(text)), None, exercise, log, as_json=as_json)


def close(
    text: Text_, *, clock: Clock = None, exercise: Of = None, log: Written = EVIDENCE, as_json: AsJson = False
) -> None:
    """Close the exercise. What was not reached is unknown from here on."""
    _one(Close(text), clock, exercise, log, as_json=as_json)


def _one(line: Line, clock: str | None, exercise: str | None, place: str, *, as_json: bool) -> None:
    """Record one line, durably, and say so."""
    given_ms = None if clock is None else _clock(clock)
    with table(place, exercise) as at_table:
        stands = at_table.look()
        spoken = isinstance(line, Next | Decide | Close) or given_ms is not None
        clock_ms = clock_now(stands, given_ms) if spoken else stands.clock_ms
        number = at_table.following(stands)
        if isinstance(line, Next) and given_ms is None and number is not None:
            injects = at_table.model.scenarios[stands.opened.event.scenario].injects
            clock_ms = max(clock_ms, injects[number - 1].at_ms)
        seq = at_table.record(line, clock_ms)
        inject = None
        if isinstance(line, Next) and number is not None:
            inject = at_table.model.scenarios[stands.opened.event.scenario].injects[number - 1]
    if as_json:
        print_json({"exercise": at_table.exercise, "entry": seq, "clock_ms": clock_ms})
        return
    screen = console()
    if inject is not None:
        screen.print(Text(f"inject {number}, to {inject.to}: {safe(inject.tell)}"), soft_wrap=True)
    told = f"at {shown(clock_ms)} of the scenario: entry {seq} of {safe(at_table.exercise)}"
    screen.print(Text.assemble(("✓ ", "bold green"), told), soft_wrap=True)


def _clock(text: str) -> int:
    from holdfast.model.quantities import FORMS

    found = FORMS["duration"].parse(text)
    if found is None:
        message = f"expected a duration for --clock, got {safe(text)!r}"
        raise UsageError("HF987", message, remedy="Write how far the scenario is, such as 40m or 2h.")
    return found


app = grouped(
    "A scenario talked through: injects, decisions, notes, the hot wash. Evidence of class discussion.",
    {
        "Hold": {
            "run": tabletop_run.run,
            "tell": tell,
            "attend": attend,
            "decide": decide,
            "note": note,
            "hot-wash": hot_wash,
            "action": action,
            "close": close,
        },
        "See": {"list": tabletop_show.list_, "show": tabletop_show.show},
    },
)
