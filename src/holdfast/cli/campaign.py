"""``holdfast campaign``: the report over all exercises of a record, as one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.padding import Padding
from rich.text import Text

from holdfast.cli.options import EVIDENCE, Key, Named, Older, On, Source
from holdfast.cli.terminal import console, safe, write
from holdfast.errors import ExitCode

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.cli.whole import Whole
    from holdfast.report.campaign.content import Campaign
    from holdfast.store.audit import Audit

WIDTH = 100


def campaign(
    path: Named = None,
    *,
    source: Source = EVIDENCE,
    older: Older = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="FILE", help="Write the report, as HTML.")] = None,
    on: On = None,
    key: Key = None,
) -> None:
    """Report over all exercises: what failed and is overdue first, then what is unproven.

    One page that needs nothing but a browser: posture, recovery times of every scenario, outage by fault, losses, gaps,
    coverage, the test plan and every exercise with its entries. With --on the same record gives the same bytes again.
    Exit status: 0 if nothing failed or is overdue, 1 otherwise.
    """
    from holdfast.cli.declaration import named_or_usual, usable_model
    from holdfast.cli.record import sentence
    from holdfast.cli.whole import whole
    from holdfast.report.campaign.page import render
    from holdfast.report.campaign.words import badge, story, success

    found = whole(usable_model(named_or_usual(path)), source, older or (), on, key)
    content = _content(found)
    if report is not None:
        write(report, render(content))
    screen = console()
    mark, word = badge(content)
    style = {"broken": "bold red", "unknown": "bold yellow", "held": "bold green"}[mark]
    head = Text.assemble((safe(found.model.institution), "bold"), f"  as of {found.day}  ", (word.lower(), style))
    screen.print(head, soft_wrap=True)
    screen.print(Padding(Text(f"{safe(story(content))} {success(content)}"), (0, 0, 1, 0)), width=WIDTH)
    for problem in found.refused:
        screen.print(Text.assemble(("? not judged: ", "bold yellow"), safe(str(problem))), soft_wrap=True)
    screen.print(Text(f"record: {sentence(found.audit)}", "dim"), soft_wrap=True)
    if report is not None:
        screen.print(Text(f"report: {report}"), soft_wrap=True)
    if found.refused or any(
        line.failed or line.overdue for row in content.cells.values() for cell in row for line in cell.lines
    ):
        raise typer.Exit(ExitCode.BROKEN)


def _content(found: Whole) -> Campaign:
    """Return everything that the page is made from."""
    from holdfast import __version__
    from holdfast.measures.campaign import run, run_discussed
    from holdfast.measures.coverage import coverage
    from holdfast.measures.due import upcoming
    from holdfast.measures.posture import posture
    from holdfast.measures.programme import rates
    from holdfast.report.campaign.content import Campaign, LogRead

    return Campaign(
        model=found.model,
        at_utc_us=found.at_utc_us,
        runs=(*(run(each) for each in found.judgements), *(run_discussed(each) for each in found.discussed)),
        cells=posture(found.model, found.attempts, found.dues, found.at_utc_us),
        rates=rates(found.dues),
        plan=upcoming(found.dues),
        gaps=found.remediations(),
        things=coverage(found.model, found.judgements, found.attempts, found.day),
        logs=tuple(
            LogRead(audit.origin, audit.entries, audit.root.hex() if audit.key else "", _trust(found, audit))
            for audit in found.audits
        ),
        refused=tuple(str(each) for each in found.refused),
        unread=found.unread,
        version=__version__,
    )


def _trust(found: Whole, audit: Audit) -> str:
    """Return how far a log is to be trusted: an older one as far as the next one links to it."""
    from holdfast.cli.record import sentence

    following = next((each for each in found.audits if each.continues and each.continues.origin == audit.origin), None)
    if following is None or following.continues is None:
        return sentence(audit)
    return f"its first {following.continues.size:,} entries, to which the signed first entry of the next log links"
