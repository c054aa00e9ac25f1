"""``holdfast observe``: what a test or an incident that ran with other tools proves, from the records that it left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from holdfast.cli.options import EVIDENCE, AsJson, Declaration, Recording
from holdfast.cli.terminal import console, did_you_mean, print_json, safe
from holdfast.errors import ExitCode, UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.exercises.observation import Sound
    from holdfast.model.findings import Finding
    from holdfast.model.types import Model, Scenario


def observe(
    directory: Annotated[Path, typer.Argument(metavar="DIRECTORY", help="The records, with their observation.yaml.")],
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="The scenario of the model that it was.")],
    *,
    checking: Annotated[
        bool, typer.Option("--check", help="Read the records and say what is wrong; record nothing.")
    ] = False,
    model: Declaration = None,
    log: Recording = EVIDENCE,
    reports: Annotated[
        Path | None, typer.Option("--reports", metavar="DIR", help="Where reports go. [default: reports in the log]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a recovery test or an incident that ran with your own tools, from its records.

    The directory holds a manifest, observation.yaml, that says which file is what, from where and by whose clock.
    Nothing is recorded until all of it is sound: then every file is committed by its digest, and judged as a drill is.
    Exit status: 0 held or as expected, 1 broken, unknown, or records that are not sound.
    """
    from holdfast.cli.declaration import named_or_usual, usable_model
    from holdfast.exercises.observation import read_directory

    place = named_or_usual(model)
    declared = usable_model(place)
    chosen = _chosen(declared, place, scenario)
    sound, findings = read_directory(directory, declared, chosen)
    if sound is None or checking:
        _tell(directory, findings, sound, as_json=as_json)
        raise typer.Exit(ExitCode.BROKEN if sound is None else ExitCode.HELD)
    if findings and not as_json:
        from holdfast.cli import findings as telling

        telling.show(console(), directory, findings)
    _record(sound, declared, chosen, log, reports, as_json=as_json)


def _chosen(model: Model, place: Path, name: str) -> Scenario:
    """Return the scenario of that name; HF421 if there is none."""
    if name in model.scenarios:
        return model.scenarios[name]
    message = f"the model in {place} has no scenario {name!r}"
    raise UsageError(
        "HF421", message, remedy=f"{did_you_mean(name, model.scenarios)}There are: {', '.join(model.scenarios)}."
    )


def _tell(directory: Path, findings: tuple[Finding, ...], sound: Sound | None, *, as_json: bool) -> None:
    """Say what is wrong with the records, or what they lack."""
    from holdfast.cli import findings as telling

    lacking = list(sound.observed.lacks.values()) if sound else []
    if as_json:
        print_json({"sound": sound is not None, "findings": telling.as_json(findings), "lacking": lacking})
        return
    screen = console()
    telling.show(screen, directory, findings)
    if sound is None:
        said = telling.counted(findings)
        screen.print(Text.assemble(("✗ not recorded", "bold red"), f": {said}"), soft_wrap=True)
        return
    rows = ", ".join(f"{name} {number:,}" for name, number in sound.read.rows.items())
    screen.print(Text.assemble(("✓ sound", "bold green"), f": {safe(rows)} rows; nothing was recorded"), soft_wrap=True)
    for why in lacking:
        screen.print(Text.assemble(("? ", "bold yellow"), safe(why)), soft_wrap=True)
    if who := tuple(dict.fromkeys(line.by for line in sound.read.lines)):
        said = f"In the log for good, as they stand: {safe(', '.join(who))}. Write roles, not people."
        screen.print(Text.assemble(("! ", "bold yellow"), said), soft_wrap=True)


def _record(sound: Sound, model: Model, scenario: Scenario, place: str, reports: Path | None, *, as_json: bool) -> None:
    """Commit the records, judge them from the log alone, and write the report."""
    from holdfast.cli.record import audited, entries, facts, sentence
    from holdfast.cli.terminal import write
    from holdfast.cli.verdicts import show
    from holdfast.exercises.observation import record
    from holdfast.exercises.vocabulary import vocabulary
    from holdfast.measures.judgement import judge_exercise
    from holdfast.measures.summary import summary
    from holdfast.report.html import render
    from holdfast.store.bundle import export
    from holdfast.store.opening import open_log
    from holdfast.store.places import is_address

    with open_log(place, create=True) as log:
        exercise = record(log, sound, model, scenario)
        audit = audited(log.place, None)
        judgement = judge_exercise(entries(log), log.attachment, exercise, vocabulary())
        folder = (reports or Path("" if is_address(place) else place, "reports")) / exercise
        write(folder / "report.html", render(judgement))
        export(log, folder / "bundle")
        written = {"report": str(folder / "report.html"), "bundle": str(folder / "bundle"), "log": log.place}
    if as_json:
        print_json({**summary(judgement), **written, "record": facts(audit)})
    else:
        screen = console()
        show(screen, judgement)
        screen.print()
        for name, where in {"record": sentence(audit), **written}.items():
            screen.print(f"{name:>9}  {where}", soft_wrap=True)
    raise typer.Exit(judgement.exit_code)
