"""How a judgement looks on a terminal: the verdict table, in at most a hundred columns, and the line below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from holdfast.cli.terminal import safe
from holdfast.errors import ExitCode

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from collections.abc import Iterable

    from holdfast.checks.case import Outcome
    from holdfast.measures.judgement import Judgement

WIDTH = 100
_STYLES = {"held": "bold green", "broken": "bold red", "unknown": "bold yellow"}
_SHAPES = {"held": "✓", "broken": "✗", "unknown": "?"}
_COLUMNS = (("objective", 33), ("measured", 17), ("bound", 16), ("evidence class", 15), ("verdict", 11))


def show(console: Console, judgement: Judgement) -> None:
    """Print what happened, the verdict table, and why anything in it did not hold."""
    from holdfast.report.headline import headline

    scenario = judgement.case.scenario
    title = Text.assemble((safe(scenario.title), "bold"), f"  ({safe(judgement.exercise.id)})")
    if judgement.scenario_approval.mark:
        title.append(f"  scenario {judgement.scenario_approval.mark}", "yellow")
    console.print(title, soft_wrap=True)
    console.print(Padding(Text(safe(headline(judgement))), (0, 0, 1, 0)), width=WIDTH)
    table = Table(header_style="dim", pad_edge=False, box=None, padding=(0, 2, 0, 0))
    for name, width in _COLUMNS:
        table.add_column(name, overflow="fold", width=width)
    for outcome in judgement.outcomes:
        unapproved = judgement.limits_approval.mark if outcome.declared_bound else ""
        bound = f"{outcome.bound}, {unapproved}" if unapproved else outcome.bound
        cells = (outcome.objective, outcome.measured, bound, judgement.evidence_class)
        table.add_row(*(Text(safe(cell)) for cell in cells), _verdict(outcome))
    console.print(table)
    for outcome in judgement.outcomes:
        # Where the exercise does not count, why it does not is all that there is to say.
        if outcome.answer != "held" and judgement.validity.verdict == "valid":
            told = Text.assemble((f"{outcome.check}: ", "bold"), safe(outcome.explanation))
            console.print(Padding(told, (0, 0, 0, 2)), width=WIDTH)
    console.print(line(judgement), soft_wrap=True)


def line(judgement: Judgement) -> Text:
    """Return the verdict of an exercise in one line."""
    style = _STYLES.get(judgement.verdict, _STYLES["unknown"])
    text = Text.assemble((safe(judgement.case.scenario.name), "bold"), ": ", (judgement.verdict, style))
    if judgement.as_expected and judgement.verdict != "held":
        text.append(", as expected", _STYLES["held"])
    if judgement.verdict == "held" and not judgement.as_expected:
        text.append(", not as expected", _STYLES["unknown"])
    if judgement.validity.answer != "held":
        text.append(f" ({safe(judgement.validity.why)})")
    return text


def worst(judgements: Iterable[Judgement]) -> ExitCode:
    """Return one exit status for several exercises: broken before not runnable here before held."""
    order = (ExitCode.HELD, ExitCode.ENVIRONMENT, ExitCode.BROKEN)
    return max((judgement.exit_code for judgement in judgements), key=order.index, default=ExitCode.HELD)


def _verdict(outcome: Outcome) -> Text:
    """Return an answer as shape, colour and word, with what was expected where that is worth a word."""
    text = Text(f"{_SHAPES[outcome.answer]} {outcome.answer}", style=_STYLES[outcome.answer])
    if outcome.expected != "held":
        text.append(", as expected" if outcome.as_expected else f", expected {outcome.expected}", "dim")
    return text
