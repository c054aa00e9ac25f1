"""``holdfast judge``: what a log proves, from the log alone, on whichever machine it lies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from holdfast.errors import EnvironmentProblem, UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.envelope import Envelope
    from holdfast.measures.judgement import Judgement
    from holdfast.store.port import LogReader

PAGE_ENTRIES = 1000
_EVIDENCE = "evidence"


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application."""
    app.command()(judge)


def judge(
    place: Annotated[
        str, typer.Argument(metavar="[LOG]", help="A log's directory or address, or an exported bundle.")
    ] = _EVIDENCE,
    exercise: Annotated[
        str | None, typer.Option("--exercise", metavar="ID", help="Only this exercise. [default: all of them]")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Also write the report of the exercise, as HTML.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="VKEY|FILE", help="The log's verifier key, or a file with it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Judge exercises again from the record alone.

    Nothing but the log is read: the same entries give the same verdicts on any machine. A log whose entries were
    altered is not judged; whose they are is verified with the key that is kept on this machine, or the one you give.
    Exit status: 0 held or as expected, 1 broken, unknown or invalid, 3 not runnable where it was tried.
    """
    from holdfast.cli.record import audited, facts, sentence
    from holdfast.cli.verdicts import WIDTH, line, show, worst
    from holdfast.measures.summary import summary

    audit = audited(place, key)
    judgements = _judge(place, exercise)
    if report is not None:
        _write(report, judgements)
    if as_json:
        typer.echo(
            json.dumps(
                {"record": facts(audit), "exercises": [summary(each) for each in judgements]},
                ensure_ascii=False,
                indent=2,
            )
        )
        raise typer.Exit(worst(judgements))
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = WIDTH
    for number, each in enumerate(judgements):
        if number:
            console.print()
        show(console, each)
    if len(judgements) > 1:
        console.print()
        for each in judgements:
            console.print(Text.assemble(f"{each.exercise.id}  ", line(each)), soft_wrap=True)
    console.print(Text(f"record: {sentence(audit)}"), soft_wrap=True)
    if report is not None:
        console.print(Text(f"report: {report}"), soft_wrap=True)
    raise typer.Exit(worst(judgements))


def _judge(place: str, exercise: str | None) -> tuple[Judgement, ...]:
    """Return the judgements asked for, of a log or of a bundle."""
    from holdfast.store.bundle import is_bundle, read_bundle
    from holdfast.store.opening import open_log

    if is_bundle(Path(place)):
        return _judged(read_bundle(Path(place)), exercise)
    with open_log(place) as log:
        return _judged(log, exercise)


def _judged(log: LogReader, exercise: str | None) -> tuple[Judgement, ...]:
    """Return one judgement or all of them; HF920 when the log holds no exercise."""
    from holdfast.exercises.vocabulary import vocabulary
    from holdfast.measures.judgement import judge_all, judge_exercise

    entries = _entries(log)
    if exercise is not None:
        return (judge_exercise(entries, log.attachment, exercise, vocabulary()),)
    judgements = judge_all(entries, log.attachment, vocabulary())
    if not judgements:
        message = f"the log {log.origin} holds no exercise to judge"
        raise UsageError("HF920", message, remedy="Run one first: holdfast drill NAME.")
    return judgements


def _entries(log: LogReader) -> list[Envelope]:
    """Return every entry of a log."""
    entries: list[Envelope] = []
    while page := log.read(entries[-1].seq if entries else -1, PAGE_ENTRIES):
        entries += page
    return entries


def _write(file: Path, judgements: tuple[Judgement, ...]) -> None:
    """Write the report of the one exercise that was judged; HF921 when there are several, HF922 when it cannot be."""
    from holdfast.report.html import render

    if len(judgements) != 1:
        ids = ", ".join(judgement.exercise.id for judgement in judgements)
        message = f"a report is of one exercise, and this log holds {len(judgements)}: {ids}"
        raise UsageError("HF921", message, remedy="Name one of them with --exercise.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(render(judgements[0]), encoding="utf-8")
    except OSError as error:
        message = f"the report cannot be written to {file}: {error.strerror or error}"
        raise EnvironmentProblem(
            "HF922", message, remedy="Name a file in a directory that you may write to."
        ) from error
