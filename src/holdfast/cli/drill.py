"""``holdfast drill``: break the range for real, bring it back, and say what that proved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from holdfast.cli.options import EVIDENCE, AsJson, Declaration, Recording
from holdfast.cli.terminal import console, did_you_mean, print_json, write
from holdfast.errors import HoldfastError, UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.exercises.plan import Plan
    from holdfast.measures.judgement import Judgement
    from holdfast.model.types import Environment, Model, Scenario
    from holdfast.store.signed import SignedLog

_LONG_MS = 15 * 60_000
"""A drill whose faults are held for longer than this is run only where it is asked for."""
_REPORTS = "reports"  # in the log's directory; where the command runs, if the log lies in a database


@dataclass(frozen=True, slots=True)
class _Drill:
    """What was asked for."""

    model: Model
    environment: Environment
    log: SignedLog
    range_dir: Path | None
    keep_range: bool
    attended: bool
    reports: Path
    as_json: bool


def drill(  # noqa: PLR0913 -- options of a command
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Scenarios of the model.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Run every drill of the model, one after the other.")] = False,
    long: Annotated[bool, typer.Option("--long", help="With --all: also those that last over a quarter hour.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="List the drills; run nothing.")] = False,
    planning: Annotated[
        bool, typer.Option("--plan", help="Show targets, blast radius and undo; act on nothing.")
    ] = False,
    stopping: Annotated[bool, typer.Option("--stop", help="Stop what runs on this log: undo, collect, close.")] = False,
    healing: Annotated[
        bool, typer.Option("--heal", help="Undo what a drill that died left behind; run nothing.")
    ] = False,
    attended: Annotated[
        bool, typer.Option("--attended", help="A person declares, with --declare: nobody's declaration is simulated.")
    ] = False,
    declaring: Annotated[
        str | None, typer.Option("--declare", metavar="ROLE", help="Declare in the drill that runs on this log.")
    ] = None,
    model: Declaration = None,
    log: Recording = EVIDENCE,
    range_dir: Annotated[Path | None, typer.Option("--range", metavar="DIR", help="Use this running range.")] = None,
    keep_range: Annotated[bool, typer.Option("--keep-range", help="Leave the range up afterwards.")] = False,
    environment: Annotated[str, typer.Option("--environment", metavar="range|test", help="What may be hit.")] = "range",
    reports: Annotated[
        Path | None, typer.Option("--reports", metavar="DIR", help="Where reports go. [default: reports in the log]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run scenarios on the range: break it, watch it recover, undo, and judge it from the record.

    Every exercise starts a range of its own unless you name one that runs. First what a drill that died left is undone.
    Exit status: 0 held or as expected, 1 broken or unknown, 3 not runnable here.
    """
    if stopping or healing or declaring is not None:
        _tidy(log, stopping=stopping) if declaring is None else _declare(log, declaring)
        return
    from holdfast.cli.declaration import named_or_usual, usable_model

    declared = usable_model(place := named_or_usual(model))
    chosen = _chosen(declared, place, names or [], every=every or (listing and not names), long=long or listing)
    if listing:
        _list(chosen, _standings(declared, chosen, log), as_json=as_json)
        return
    allowed = _environment(environment)
    from holdfast.exercises.plan import plan

    plans = [plan(declared, scenario, allowed) for scenario in chosen]
    if planning:
        _show_plans(plans, _standings(declared, chosen, log), as_json=as_json)
        return
    from holdfast.store.opening import open_log

    with open_log(log, create=True) as opened:
        wanted = _Drill(declared, allowed, opened, range_dir, keep_range, attended, _place(reports, log), as_json)
        judged = _run_all(wanted, chosen)
    from holdfast.cli.verdicts import worst

    raise typer.Exit(worst(judged))


def _place(reports: Path | None, log: str) -> Path:
    """Return where reports go: where it was said, else beside the log."""
    from holdfast.store.places import is_address

    return reports or Path("" if is_address(log) else log, _REPORTS)


def _chosen(model: Model, place: Path, names: list[str], *, every: bool, long: bool) -> list[Scenario]:
    """Return the scenarios that were named, in that order, or all of them that are rehearsed; HF409 if there is none.

    Nothing that ran is nothing that held: a model without a drill is refused, not passed.
    """
    rehearsed = {name: scenario for name, scenario in model.scenarios.items() if scenario.rehearsed}
    if not rehearsed:
        message = f"the model in {place} has no scenario that a drill could run"
        remedy = "Give one disruption, load and abort_when, or name another model with --model."
        raise UsageError("HF409", message, remedy=remedy)
    if every:
        return list(rehearsed.values()) if long else _without_long(list(rehearsed.values()))
    known = ", ".join(rehearsed)
    if not names:
        raise UsageError("HF409", "expected the name of a scenario, got none", remedy=f"Name one of {known}, or --all.")
    for name in names:
        if name not in model.scenarios:
            message = f"the model in {place} has no scenario {name!r}"
            raise UsageError("HF409", message, remedy=f"{did_you_mean(name, rehearsed)}There are: {known}.")
        if name not in rehearsed:
            message = f"scenario {name!r} is only modelled: it has no disruption that a drill could run"
            remedy = f"Give it disruption, load and abort_when, or name one of {known}."
            raise UsageError("HF409", message, remedy=remedy)
    return [rehearsed[name] for name in names]


def _without_long(chosen: list[Scenario]) -> list[Scenario]:
    """Leave out what lasts too long for a run of everything, and say so: nobody shall take it for rehearsed."""
    lasting = {each.name: max(fault.after_ms + fault.hold_ms for fault in each.disruption) for each in chosen}
    long = {name: ms for name, ms in lasting.items() if ms > _LONG_MS}
    if long:
        named = ", ".join(f"{name} ({ms // 60_000} min)" for name, ms in long.items())
        console(stderr=True).print(f"left out, as too long: {named}; name them, or say --long", soft_wrap=True)
    if len(long) == len(chosen):
        remedy = "Name one of them, or say --all --long."
        raise UsageError("HF409", "every drill of the model lasts over a quarter hour: nothing is run", remedy=remedy)
    return [each for each in chosen if each.name not in long]


def _environment(text: str) -> Environment:
    from holdfast.model.types import Environment

    allowed: tuple[Environment, ...] = get_args(Environment)
    for known in allowed:
        if known == text:
            return known
    message = f"no environment is called {text!r}"
    raise UsageError("HF402", message, remedy="Name range or test; production is refused in this version.")


def _tidy(place: str, *, stopping: bool) -> None:
    """Stop or heal what there is on a log."""
    from holdfast.exercises.heal import heal, stop
    from holdfast.store.opening import open_log

    tell = _once(typer.echo)
    with open_log(place) as log:
        if stopping:
            done = stop(log, tell)
            typer.echo(f"stopped: {', '.join(done)}" if done else "nothing was running on this log")
            return
        healing = heal(log, tell)
    if healing.healed or not healing.left:
        typer.echo(f"healed: {', '.join(healing.healed)}" if healing.healed else "nothing was left to heal")
    if healing.alive:
        typer.echo(f"still running: {', '.join(healing.alive)} (holdfast drill --stop ends them)")
    if healing.left:
        message = f"not all could be undone or taken down: {', '.join(healing.left)}"
        remedy = "holdfast log show tells what; take the range down with holdfast range down, or heal again"
        raise HoldfastError("HF412", message, remedy=remedy)


def _declare(place: str, role: str) -> None:
    """Record that a person declares, in every drill that runs on a log; HF413 if none does, or for an unknown role."""
    from holdfast.exercises.declaring import declare
    from holdfast.store.opening import open_log

    with open_log(place) as log:
        typer.echo(f"declared by {role}: {', '.join(declare(log, role))}")


def _once(echo: Callable[[str], None]) -> Callable[[str], None]:
    """Return a printer that says the same thing once, however often it is told."""
    said: set[str] = set()

    def tell(line: str) -> None:
        if line not in said:
            said.add(line)
            echo(line)

    return tell


# -- running --


def _run_all(wanted: _Drill, chosen: list[Scenario]) -> list[Judgement]:
    """Heal what is left of earlier drills, run each scenario, judge it, and write its report."""
    from holdfast.cli.progress import watching
    from holdfast.cli.record import audited, facts, sentence
    from holdfast.cli.verdicts import line, show
    from holdfast.exercises.heal import heal
    from holdfast.exercises.order import Order
    from holdfast.exercises.runner import Runner
    from holdfast.measures.summary import summary

    screen = console(stderr=wanted.as_json)
    heal(wanted.log, _once(screen.print))
    judged: list[Judgement] = []
    results: list[dict[str, object]] = []
    for scenario in chosen:
        order = Order(
            wanted.model,
            scenario,
            wanted.environment,
            wanted.log,
            wanted.range_dir.resolve() if wanted.range_dir else None,
            keep_range=wanted.keep_range,
            attended=wanted.attended,
        )
        with watching(screen) as watcher:
            runner = Runner(order, watcher.tell)
            exercise = runner.run()
        audit = audited(wanted.log.place, None)
        judgement = _judge(wanted.log, exercise)
        judged.append(judgement)
        written = _write(wanted, judgement)
        results.append({**summary(judgement), **written, "record": facts(audit)})
        if not wanted.as_json:
            show(screen, judgement)
            kept = runner.directory if wanted.keep_range else None
            _show_places(screen, {"record": sentence(audit), **written}, kept)
        if runner.interrupted:
            break
    if wanted.as_json:
        print_json({"exercises": results})
    elif len(judged) > 1:
        for judgement in judged:
            screen.print(line(judgement), soft_wrap=True)
    return judged


def _judge(log: SignedLog, exercise: str) -> Judgement:
    from holdfast.cli.record import entries
    from holdfast.exercises.vocabulary import vocabulary
    from holdfast.measures.judgement import judge_exercise

    return judge_exercise(entries(log), log.attachment, exercise, vocabulary())


def _write(wanted: _Drill, judgement: Judgement) -> dict[str, str]:
    """Write the report and the bundle of an exercise; return where they and the log are."""
    from holdfast.report.html import render
    from holdfast.store.bundle import export

    directory = wanted.reports / judgement.exercise.id
    report, bundle = directory / "report.html", directory / "bundle"
    write(report, render(judgement))
    export(wanted.log, bundle)
    return {"report": str(report), "bundle": str(bundle), "log": wanted.log.place}


# -- showing --


Approvals = Mapping[str, Mapping[str, str]]
"""By scenario: how it stands with its body, as ``scenario``, and the limits that it is judged by, as ``limits``."""


def _standings(model: Model, scenarios: list[Scenario], log: str) -> Approvals:
    """Return how each scenario and its limits stand by the log; nothing is approved where none has begun yet."""
    from holdfast.cli.approved import standings

    try:
        found = standings(model, None if log == EVIDENCE else log) or {}
    except HoldfastError as error:
        if error.code != "HF201":
            raise
        found = {}
    return {
        each.name: {
            "scenario": found.get(f"scenario:{each.name}", "unapproved"),
            "limits": found.get(f"tolerance:{each.service}", "unapproved"),
        }
        for each in scenarios
    }


def _said(standing: Mapping[str, str]) -> str:
    """Return what is not approved, in words; nothing when all is."""
    return ", ".join(f"{what} {word}" for what, word in standing.items() if word != "approved")


def _list(scenarios: list[Scenario], approvals: Approvals, *, as_json: bool) -> None:
    if as_json:
        listed = [
            {
                "name": each.name,
                "title": each.title,
                "family": each.family,
                "type": each.exercise_type,
                "approvals": approvals[each.name],
            }
            for each in scenarios
        ]
        print_json({"scenarios": listed})
        return
    screen = console()
    width = max((len(scenario.name) for scenario in scenarios), default=0)
    for scenario in scenarios:
        line = Text(f"{scenario.name:<{width}}  {scenario.title}")
        if said := _said(approvals[scenario.name]):
            line.append(f"  ({said})", "yellow")
        screen.print(line, soft_wrap=True)


def _show_plans(plans: list[Plan], approvals: Approvals, *, as_json: bool) -> None:
    if as_json:
        print_json({"plans": [_plan_as_json(each) | {"approvals": approvals[each.scenario.name]} for each in plans]})
        return
    screen = console()
    for each in plans:
        scenario = each.scenario
        screen.print(Text.assemble((scenario.name, "bold"), f"  {scenario.title}"))
        for step in each.steps:
            fault = step.fault
            given = ", ".join(f"{name}: {value}" for name, value in step.parameters.items())
            when = f"{fault.after_ms / 1000:g} s after the first, " if fault.after_ms else ""
            screen.print(f"  {fault.name} on {fault.target}" + (f" ({given})" if given else ""), style="bold red")
            _lines(
                screen,
                {
                    "does": step.does,
                    "hits": ", ".join(step.hit),
                    "shown by": step.shown_by,
                    "when": f"{when}held for {fault.hold_ms / 1000:g} s",
                    "undo": step.undone_by,
                    "time-box": f"{fault.box_ms / 1000:g} s, then the guard undoes it",
                },
            )
        stay = [name for name, works in each.modes.items() if works]
        bounds = scenario.abort_when
        limit_ms = bounds.disrupted_longer_than_ms
        aborts = f"the exercise takes longer than {bounds.exercise_longer_than_ms / 1000:g} s"
        if limit_ms is not None:
            aborts = f"clients are disrupted for longer than {limit_ms / 1000:g} s, or {aborts}"
        _lines(
            screen,
            {
                "taken along": ", ".join(each.taken_along) or "nothing",
                "still possible": ", ".join(stay) or f"no mode of {scenario.service}",
                "aborts when": aborts,
                "expected": ", ".join(f"{k} {v}" for k, v in scenario.expect.items()) or "every check holds",
                "approval": _said(approvals[scenario.name]) or "scenario and limits approved",
            },
        )
        screen.print()
    screen.print("This is a plan: nothing was touched.", style="dim")


def _lines(screen: Console, rows: dict[str, str]) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", min_width=16, justify="right")
    table.add_column()
    for name, value in rows.items():
        table.add_row(name, Text(value))
    screen.print(table)


def _plan_as_json(plan: Plan) -> dict[str, object]:
    return {
        "scenario": plan.scenario.name,
        "steps": [
            {
                "fault": step.fault.name,
                "target": step.fault.target,
                "parameters": dict(step.parameters),
                "does": step.does,
                "hits": list(step.hit),
                "shown_by": step.shown_by,
                "after_ms": step.fault.after_ms,
                "hold_ms": step.fault.hold_ms,
                "box_ms": step.fault.box_ms,
                "undo": step.undone_by,
            }
            for step in plan.steps
        ],
        "taken_along": list(plan.taken_along),
        "modes_still_possible": [name for name, works in plan.modes.items() if works],
        "abort_when": asdict(plan.scenario.abort_when),
    }


def _show_places(screen: Console, written: dict[str, str], kept: Path | None) -> None:
    """Print where the report, the bundle and the log are."""
    screen.print()
    for name, where in written.items():
        screen.print(f"{name:>9}  {where}", soft_wrap=True)
    if kept is not None:
        screen.print(f"    range  {kept}", soft_wrap=True)
    screen.print()
