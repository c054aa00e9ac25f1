"""``holdfast drill``: break the range for real, bring it back, and say what that proved."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from holdfast.errors import HoldfastError, UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.envelope import Envelope
    from holdfast.exercises.plan import Plan
    from holdfast.measures.judgement import Judgement
    from holdfast.model.types import Environment, Model, Scenario
    from holdfast.store.signed import SignedLog

_MODEL = Path("examples/meridian")
_EVIDENCE = "evidence"
_REPORTS = "reports"  # in the log's directory; where the command runs, if the log lies in a database


@dataclass(frozen=True, slots=True)
class _Drill:
    """What was asked for."""

    model: Model
    environment: Environment
    log: SignedLog
    range_dir: Path | None
    keep_range: bool
    reports: Path
    as_json: bool


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application."""
    app.command()(drill)


def drill(  # noqa: PLR0913 -- options of a command
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]…", help="Scenarios of the model.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Run every drill of the model, one after the other.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="List the drills; run nothing.")] = False,
    planning: Annotated[
        bool, typer.Option("--plan", help="Show targets, blast radius and undo; act on nothing.")
    ] = False,
    stopping: Annotated[bool, typer.Option("--stop", help="Stop what runs on this log: undo, collect, close.")] = False,
    healing: Annotated[
        bool, typer.Option("--heal", help="Undo what a drill that died left behind; run nothing.")
    ] = False,
    model: Annotated[Path, typer.Option("--model", metavar="DIR", help="The declaration.")] = _MODEL,
    log: Annotated[
        str, typer.Option("--log", metavar="LOG", help="Where the log is, or begins: a directory or an address.")
    ] = _EVIDENCE,
    range_dir: Annotated[Path | None, typer.Option("--range", metavar="DIR", help="Use this running range.")] = None,
    keep_range: Annotated[bool, typer.Option("--keep-range", help="Leave the range up afterwards.")] = False,
    environment: Annotated[str, typer.Option("--environment", help="What may be touched: range or test.")] = "range",
    report: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", help="Where reports go. [default: reports in the log]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end instead.")] = False,
) -> None:
    """Run scenarios on the range: break it, watch it recover, undo, and judge it from the record.

    Every exercise starts a range of its own unless you name one that runs. Before anything else, what a drill that
    died may have left behind is undone. Exit status: 0 held or as expected, 1 broken or unknown, 3 not runnable here.
    """
    if stopping or healing:
        _tidy(log, stopping=stopping)
        return
    from holdfast.cli.declaration import usable_model

    declared = usable_model(model)
    chosen = _chosen(declared, names or [], every=every or (listing and not names))
    if listing:
        _list(chosen, as_json=as_json)
        return
    allowed = _environment(environment)
    from holdfast.exercises.plan import plan

    plans = [plan(declared, scenario, allowed) for scenario in chosen]
    if planning:
        _show_plans(plans, as_json=as_json)
        return
    from holdfast.store.opening import open_log
    from holdfast.store.places import is_address

    with open_log(log, create=True) as opened:
        place = None if range_dir is None else range_dir.resolve()
        reports = report or Path("" if is_address(log) else log, _REPORTS)
        wanted = _Drill(declared, allowed, opened, place, keep_range, reports, as_json)
        judged = _run_all(wanted, chosen)
    from holdfast.cli.verdicts import worst

    raise typer.Exit(worst(judged))


def _chosen(model: Model, names: list[str], *, every: bool) -> list[Scenario]:
    """Return the scenarios that were named, in that order, or all of them that are rehearsed."""
    rehearsed = {name: scenario for name, scenario in model.scenarios.items() if scenario.rehearsed}
    if every:
        return list(rehearsed.values())
    known = ", ".join(rehearsed) or "none"
    if not names:
        raise UsageError("HF409", "expected the name of a scenario, got none", remedy=f"Name one of {known}, or --all.")
    for name in names:
        if name not in model.scenarios:
            message = f"the model has no scenario {name!r}"
            raise UsageError("HF409", message, remedy=f"There are: {known}.")
        if name not in rehearsed:
            message = f"scenario {name!r} is only modelled: it has no disruption that a drill could run"
            remedy = f"Give it disruption, load and abort_when, or name one of {known}."
            raise UsageError("HF409", message, remedy=remedy)
    return [rehearsed[name] for name in names]


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
    from holdfast.cli.verdicts import WIDTH, line, show
    from holdfast.exercises.heal import heal
    from holdfast.exercises.order import Order
    from holdfast.exercises.runner import Runner
    from holdfast.measures.summary import summary

    console = Console(highlight=False, stderr=wanted.as_json)
    if not console.is_terminal:
        console.width = WIDTH
    heal(wanted.log, _once(lambda line: console.print(line, markup=False)))
    judged: list[Judgement] = []
    results: list[dict[str, object]] = []
    for scenario in chosen:
        order = Order(
            wanted.model, scenario, wanted.environment, wanted.log, wanted.range_dir, keep_range=wanted.keep_range
        )
        with watching(console) as watcher:
            runner = Runner(order, watcher.tell)
            exercise = runner.run()
        audit = audited(wanted.log.place, None)
        judgement = _judge(wanted.log, exercise)
        judged.append(judgement)
        written = _write(wanted, judgement)
        results.append({**summary(judgement), **written, "record": facts(audit)})
        if not wanted.as_json:
            show(console, judgement)
            _show_places(
                console, {"record": sentence(audit), **written}, runner.directory if wanted.keep_range else None
            )
        if runner.interrupted:
            break
    if wanted.as_json:
        typer.echo(json.dumps({"exercises": results}, ensure_ascii=False, indent=2))
    elif len(judged) > 1:
        for judgement in judged:
            console.print(line(judgement), soft_wrap=True)
    return judged


def _judge(log: SignedLog, exercise: str) -> Judgement:
    from holdfast.exercises.vocabulary import vocabulary
    from holdfast.measures.judgement import judge_exercise

    envelopes: list[Envelope] = []
    while page := log.read(envelopes[-1].seq if envelopes else -1):
        envelopes += page
    return judge_exercise(envelopes, log.attachment, exercise, vocabulary())


def _write(wanted: _Drill, judgement: Judgement) -> dict[str, str]:
    """Write the report and the bundle of an exercise; return where they and the log are."""
    from holdfast.report.html import render
    from holdfast.store.bundle import export

    directory = wanted.reports / judgement.exercise.id
    directory.mkdir(parents=True, exist_ok=True)
    report, bundle = directory / "report.html", directory / "bundle"
    report.write_text(render(judgement), encoding="utf-8")
    export(wanted.log, bundle)
    return {"report": str(report), "bundle": str(bundle), "log": wanted.log.place}


# -- showing --


def _list(scenarios: list[Scenario], *, as_json: bool) -> None:
    if as_json:
        listed = [{"name": s.name, "title": s.title, "family": s.family, "type": s.exercise_type} for s in scenarios]
        typer.echo(json.dumps({"scenarios": listed}, ensure_ascii=False, indent=2))
        return
    width = max((len(scenario.name) for scenario in scenarios), default=0)
    for scenario in scenarios:
        typer.echo(f"{scenario.name:<{width}}  {scenario.title}")


def _show_plans(plans: list[Plan], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"plans": [_plan_as_json(each) for each in plans]}, ensure_ascii=False, indent=2))
        return
    console = Console(highlight=False)
    for each in plans:
        scenario = each.scenario
        console.print(Text.assemble((scenario.name, "bold"), f"  {scenario.title}"))
        for step in each.steps:
            fault = step.fault
            given = ", ".join(f"{name}: {value}" for name, value in step.parameters.items())
            when = f"{fault.after_ms / 1000:g} s after the first, " if fault.after_ms else ""
            console.print(f"  {fault.name} on {fault.target}" + (f" ({given})" if given else ""), style="bold red")
            _lines(
                console,
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
            console,
            {
                "taken along": ", ".join(each.taken_along) or "nothing",
                "still possible": ", ".join(stay) or f"no mode of {scenario.service}",
                "aborts when": aborts,
                "expected": ", ".join(f"{k} {v}" for k, v in scenario.expect.items()) or "every check holds",
            },
        )
        console.print()
    console.print("This is a plan: nothing was touched.", style="dim")


def _lines(console: Console, rows: dict[str, str]) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", min_width=16, justify="right")
    table.add_column()
    for name, value in rows.items():
        table.add_row(name, Text(value))
    console.print(table)


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


def _show_places(console: Console, written: dict[str, str], kept: Path | None) -> None:
    """Print where the report, the bundle and the log are."""
    console.print()
    for name, where in written.items():
        console.print(f"{name:>9}  {where}", markup=False, soft_wrap=True)
    if kept is not None:
        console.print(f"    range  {kept}", markup=False, soft_wrap=True)
    console.print()
