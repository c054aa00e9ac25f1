"""``holdfast judge``: what a log proves, from the log alone, on whichever machine it lies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from holdfast.cli.options import EVIDENCE, AsJson, Key, Place
from holdfast.cli.terminal import console, print_json, safe, write
from holdfast.errors import ExitCode, HoldfastError, UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.measures.judgement import Judgement
    from holdfast.store.port import LogReader


def judge(
    place: Place = EVIDENCE,
    exercise: Annotated[
        str | None, typer.Option("--exercise", metavar="ID", help="Only this exercise. [default: all of them]")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Also write the report of the exercise, as HTML.")
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option("--journal", metavar="FILE", help="Also write it as a Chaos Toolkit journal, in JSON."),
    ] = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Judge exercises again from the record alone.

    Nothing but the log is read: the same entries give the same verdicts on any machine. A log whose entries were
    altered is not judged; whose they are is verified with the key that is kept on this machine, or the one you give.
    Exit status: 0 held or as expected, 1 broken, unknown or invalid, 3 not runnable where it was tried.
    """
    from holdfast.cli.record import audited, facts, opened, sentence
    from holdfast.cli.verdicts import line, show, worst
    from holdfast.measures.summary import summary

    audit = audited(place, key)
    with opened(place) as log:
        judgements, refused = _judged(log, exercise)
    if (report or journal) and refused and not judgements:
        raise refused[0]
    if report is not None:
        _write(report, judgements)
    if journal is not None:
        _write_journal(journal, judgements)
    if as_json:
        problems = [{"code": each.code, "message": each.message} for each in refused]
        print_json(
            {"record": facts(audit), "exercises": [summary(each) for each in judgements], "not_judged": problems}
        )
        raise typer.Exit(ExitCode.BROKEN if refused else worst(judgements))
    screen = console()
    for number, each in enumerate(judgements):
        if number:
            screen.print()
        show(screen, each)
    if len(judgements) > 1:
        screen.print()
        for each in judgements:
            screen.print(Text.assemble(f"{each.exercise.id}  ", line(each)), soft_wrap=True)
    for problem in refused:
        screen.print(Text.assemble(("? not judged: ", "bold yellow"), safe(str(problem))), soft_wrap=True)
    screen.print(Text(f"record: {sentence(audit)}"), soft_wrap=True)
    if report is not None:
        screen.print(Text(f"report: {report}"), soft_wrap=True)
    if journal is not None:
        screen.print(Text(f"journal: {journal}"), soft_wrap=True)
    raise typer.Exit(ExitCode.BROKEN if refused else worst(judgements))


def _judged(log: LogReader, exercise: str | None) -> tuple[tuple[Judgement, ...], tuple[HoldfastError, ...]]:
    """Return one judgement or all of them, and why others cannot be made; HF920 when the log holds no exercise."""
    from holdfast.cli.record import entries
    from holdfast.exercises.vocabulary import vocabulary
    from holdfast.measures.judgement import judge_all, judge_exercise

    recorded = entries(log)
    if exercise is not None:
        return (judge_exercise(recorded, log.attachment, exercise, vocabulary()),), ()
    judgements, refused = judge_all(recorded, log.attachment, vocabulary())
    if not judgements and not refused:
        message = f"the log {log.origin} holds no exercise to judge"
        raise UsageError("HF920", message, remedy="Run one first: holdfast drill NAME.")
    return judgements, refused


def _write(file: Path, judgements: tuple[Judgement, ...]) -> None:
    """Write the report of the one exercise that was judged; HF921 when there are several."""
    from holdfast.report.html import render

    write(file, render(_only(judgements, "report")))


def _write_journal(file: Path, judgements: tuple[Judgement, ...]) -> None:
    """Write the one exercise that was judged as a Chaos Toolkit journal; HF921 when there are several."""
    import json

    from holdfast.report.chaos_journal import journal

    write(file, json.dumps(journal(_only(judgements, "journal")), indent=2, ensure_ascii=False) + "\n")


def _only(judgements: tuple[Judgement, ...], what: str) -> Judgement:
    if len(judgements) != 1:
        ids = ", ".join(judgement.exercise.id for judgement in judgements)
        message = f"a {what} is of one exercise, and this log holds {len(judgements)}: {ids}"
        raise UsageError("HF921", message, remedy="Name one of them with --exercise.")
    return judgements[0]
