"""``holdfast incident list`` and ``show``: where an incident stands, now or as it stood at an entry."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from holdfast.cli.byhand import committed, now_utc_us, zone_of
from holdfast.cli.incident_desk import chosen, incidents
from holdfast.cli.options import EVIDENCE, AsJson, Source
from holdfast.cli.terminal import console, print_json, safe, write
from holdfast.errors import UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.measures.incident import IncidentStanding
    from holdfast.report.when import Local
    from holdfast.store.port import LogReader

_STYLES = {
    "available": ("✓", "green"),
    "degraded": ("~", "yellow"),
    "disrupted": ("✗", "bold red"),
    "tolerance breached": ("✗", "bold red"),
    "limits unknown": ("?", "bold yellow"),
}
SHOWN_FACTS = 12

AsOf = Annotated[
    int | None, typer.Option("--at", metavar="ENTRY", help="As it stood when this entry was recorded. [default: now]")
]


def list_(log: Source = EVIDENCE, as_json: AsJson = False) -> None:
    """List the incidents of a log."""
    from holdfast.cli.record import opened

    with opened(log) as source:
        found = incidents(source)
    if as_json:
        rows = [{"incident": each.id, "title": each.opened.event.title, "stage": each.stage} for each in found.values()]
        print_json({"incidents": rows})
        return
    screen = console()
    for each in found.values():
        line = Text.assemble((f"{safe(each.id)}  ", "bold"), f"{each.stage:<10}  {safe(each.opened.event.title)}")
        screen.print(line, soft_wrap=True)
    if not found:
        screen.print("no incident was opened in this log")


def show(
    incident: Annotated[
        str | None, typer.Argument(metavar="INCIDENT", help="Its id. [default: the only one that is open]")
    ] = None,
    *,
    at: AsOf = None,
    trace: Annotated[bool, typer.Option("--trace", help="Show the worksheet, rule by rule.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Show every entry, what was corrected included.")] = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Also write it as a page.")] = None,
    log: Source = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Show where an incident stands: clocks, each service against its limits, what is due next, the classification."""
    from holdfast.cli.record import opened
    from holdfast.report.incident import render_incident
    from holdfast.report.when import Local

    with opened(log) as source:
        found = standing_of(source, incident, at)
    local = Local(zone_of(found.model))
    if html is not None:
        write(html, render_incident(found, local))
    if as_json:
        print_json(as_data(found))
        return
    screen = console()
    _show(screen, found, local, every=every)
    if trace:
        _trace(screen, found)
    if html is not None:
        screen.print(Text(f"page: {html}"), soft_wrap=True)


def standing_of(log: LogReader, which: str | None, at: int | None = None) -> IncidentStanding:
    """Return where an incident stands now, or when an entry was recorded; HF970 as ``chosen``, HF974 for no entry."""
    from holdfast.measures.incident import standing

    found = chosen(incidents(log, at), which)
    now = now_utc_us()
    if at is not None:
        page = log.read(at - 1, 1)
        if not page or page[0].seq != at:
            message = f"this log has no entry {at}"
            raise UsageError("HF974", message, remedy=f"Name one from 0 to {log.size() - 1}.")
        now = page[0].at_utc_us
    model = committed(log, found.opened.event.model)
    return standing(found, model, now, zone_of(model))


def as_data(found: IncidentStanding) -> dict[str, object]:
    """Return where an incident stands, for a program."""
    incident = found.incident
    return {
        "incident": incident.id,
        "title": incident.opened.event.title,
        "stage": incident.stage,
        "at_utc_us": found.now_utc_us,
        "last_entry": incident.last_seq,
        "model_digest": incident.opened.event.model_digest,
        "clocks": [asdict(clock) for clock in found.clocks],
        "services": [
            {**asdict(each), "left_us": each.left_us, "rto_left_us": each.rto_left_us} for each in found.services
        ],
        "decisions_due": [{"entry": fact.seq, **asdict(fact.event)} for fact in found.decisions_due],
        "reports": [{**asdict(each), "standing": each.standing(found.now_utc_us)} for each in found.deadlines],
        "classification": {
            "by_the_rule": found.classification.result,
            "decided": incident.classified[-1].event.decided if incident.classified else None,
            "major": found.is_major,
            "could_turn": [question.name for question in found.classification.could_turn],
            "contradictions": list(found.classification.contradictions),
            "answers": [
                {
                    "question": each.question.name,
                    "clause": each.question.clause,
                    "answer": each.shown,
                    "met": each.truth,
                }
                for each in found.classification.answers
            ],
            "steps": [asdict(step) for step in found.classification.steps],
        },
        "facts": [
            {"entry": fact.seq, "recorded_utc_us": fact.at_utc_us, **asdict(fact.event)} for fact in incident.facts
        ],
        "actions": [{"entry": each.seq, **asdict(each.event)} for each in incident.actions],
        "oddities": list(found.oddities),
    }


def _show(screen: Console, found: IncidentStanding, local: Local, *, every: bool) -> None:
    from holdfast.checks.words import duration
    from holdfast.report.incident_words import classified_words, due_words, fact_words, left_words, report_when

    incident = found.incident
    title = Text.assemble((safe(incident.opened.event.title), "bold"), f"  ({safe(incident.id)})  ")
    title.append(incident.stage, "bold")
    screen.print(title, soft_wrap=True)
    screen.print(Text(f"as of {local.date_time(found.now_utc_us)}; every time here is {local.name}", "dim"))
    screen.print(Text(classified_words(found), "bold red" if found.is_major else "bold yellow"), soft_wrap=True)
    for service in found.services:
        shape, style = _STYLES[service.state]
        line = Text.assemble((f"{shape} {service.state:<18} ", style), (f"{safe(service.service)}  ", "bold"))
        screen.print(line.append(left_words(service)), soft_wrap=True)
    for clock in found.clocks:
        value = (
            "–" if clock.value_us is None else f"{duration(clock.value_us)}{' and running' if clock.running else ''}"
        )
        screen.print(Text(f"  {clock.name:<22} {clock.formula:<28} {value}  {safe(clock.note)}"), soft_wrap=True)
    for fact in found.decisions_due:
        screen.print(Text(f"→ decide {due_words(fact, found.now_utc_us, local)}", "bold yellow"), soft_wrap=True)
    for report in found.deadlines:
        word = report.standing(found.now_utc_us)
        when = report_when(report, local)
        style = {"overdue": "bold red", "sent late": "red", "due": "bold yellow"}.get(word, "dim")
        screen.print(Text(f"  {report.name:<22} {word}{when}  {report.clause}  {report.note}", style), soft_wrap=True)
    for oddity in found.oddities:
        screen.print(Text(f"! {safe(oddity)}", "yellow"), soft_wrap=True)
    facts = incident.facts if every else incident.counting[-SHOWN_FACTS:]
    if not every and len(facts) < len(incident.facts):
        screen.print(Text(f"  … {len(incident.facts) - len(facts)} more entries: --all", "dim"))
    for fact in facts:
        when = local.date_time(fact.event.occurred_utc_us)
        screen.print(Text(f"  {fact.seq:>5}  {when}  {safe(fact_words(fact))}"), soft_wrap=True)


def _trace(screen: Console, found: IncidentStanding) -> None:
    """Print the worksheet and the rules, in the order in which they were applied."""
    from holdfast.measures.classification import limit_of

    marks = {"yes": "✓", "no": "·", "unknown": "?"}
    screen.print()
    for answer in found.classification.answers:
        limit = limit_of(answer.question)
        source = f", {safe(answer.given.source)}" if answer.given else ""
        asked = f"{answer.question.name:<20} {answer.question.clause:<12} {answer.question.asks}"
        told = f"{asked}{f' ({limit})' if limit else ''}: {answer.shown}{source}"
        screen.print(Text(f"{marks[answer.truth]} {told}"), soft_wrap=True)
    screen.print()
    for rule in found.classification.steps:
        inputs = ", ".join(f"{name} {truth}" for name, truth in rule.inputs)
        screen.print(
            Text.assemble((f"{rule.clause}: {rule.truth}", "bold"), f"  {rule.says} ({inputs})"), soft_wrap=True
        )
    for contradiction in found.classification.contradictions:
        screen.print(Text(f"! {contradiction}", "yellow"), soft_wrap=True)


def show_worksheet(screen: Console, found: IncidentStanding, *, whole: bool) -> None:
    """Print the result, what could still turn it, and with ``whole`` every question and rule."""
    from holdfast.report.incident_words import classified_words

    if whole:
        _trace(screen, found)
        screen.print()
    style = "bold red" if found.is_major else "bold yellow"
    screen.print(Text(classified_words(found), style), soft_wrap=True)
    turning = found.classification.could_turn
    if turning:
        screen.print(Text(f"could turn it: {', '.join(question.name for question in turning)}"), soft_wrap=True)
