"""``holdfast gaps``: what exercises left open, whose it is and until when; what people do about it is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from holdfast.cli import gap_actions
from holdfast.cli.commands import grouped
from holdfast.cli.options import EVIDENCE, AsJson, Declaration, Key, Older, On, Source
from holdfast.cli.terminal import amount, console, print_json, safe
from holdfast.errors import ExitCode

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.cli.whole import Whole
    from holdfast.evidence.gaps import GapSeverity
    from holdfast.measures.due import Upcoming
    from holdfast.measures.remediation import GapState, Remediation

WIDTH = 100
_SHAPES: Mapping[GapState, tuple[str, str]] = {
    "overdue": ("!", "bold red"),
    "open": ("✗", "bold red"),
    "borne": ("○", "yellow"),
    "closed": ("✓", "green"),
}
_STYLES: Mapping[GapSeverity, str] = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "dim"}


def list_(
    model: Declaration = None,
    source: Source = EVIDENCE,
    older: Older = None,
    on: On = None,
    every: Annotated[bool, typer.Option("--all", help="Show what is closed as well.")] = False,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show the gaps: what is overdue or nobody's first, then by severity.

    A check that was broken, or whose answer is unknown, opens a gap. It closes when the same scenario, or a harder one,
    holds later; nobody can close it by hand. An acceptance of the model, approved and not over, bears it meanwhile.
    Exit status: 0 if none is open, 1 otherwise.
    """
    from holdfast.cli.declaration import named_or_usual, usable_model
    from holdfast.cli.whole import whole
    from holdfast.measures.due import upcoming

    found = whole(usable_model(named_or_usual(model)), source, older or (), on, key)
    every_gap = found.remediations()
    planned = {(each.test.service, each.test.scenario): each for each in upcoming(found.dues)}
    if as_json:
        print_json(_as_json(found, every_gap))
    else:
        _show(console(), found, [each for each in every_gap if every or each.state != "closed"], every_gap, planned)
    if found.refused or any(each.open for each in every_gap):
        raise typer.Exit(ExitCode.BROKEN)


app = grouped(
    "What exercises left open, whose it is and until when. Without a command it is listed.",
    {
        "Commands": {
            "list": list_,
            "assign": gap_actions.assign,
            "escalate": gap_actions.escalate,
            "accept": gap_actions.accept,
            "note": gap_actions.note,
        }
    },
    usual="list",
)
"""The commands of ``holdfast gaps``; without one it lists them."""


def _show(
    screen: Console,
    found: Whole,
    shown: Sequence[Remediation],
    every: Sequence[Remediation],
    planned: Mapping[tuple[str, str], Upcoming],
) -> None:
    """Print how many there are, each in a few lines, and on what it all rests."""
    from holdfast.cli.record import sentence

    screen.print(Text.assemble((safe(found.model.institution), "bold"), f"  as of {found.day}"))
    counts = [(word, sum(each.state == word for each in every)) for word in _SHAPES]
    unowned = sum(each.open and each.owner is None for each in every)
    said = [f"{count} {word}" for word, count in counts if count]
    said += [f"{amount(unowned, 'open one')} without an owner"] if unowned else []
    screen.print(", ".join(said) if said else "no gap: nothing that was tried and counts was broken or unknown")
    for each in shown:
        screen.print()
        for line in _lines(found, each, planned.get((each.gap.service, each.gap.about.scenario))):
            screen.print(line, width=WIDTH)
    screen.print()
    for problem in found.refused:
        screen.print(Text.assemble(("? not judged: ", "bold yellow"), safe(str(problem))), soft_wrap=True)
    for warning in warnings(found, every):
        screen.print(Text(f"! {warning}", "yellow"), width=WIDTH)
    screen.print(Text(f"record: {sentence(found.audit)}", "dim"), soft_wrap=True)


def _lines(found: Whole, each: Remediation, planned: Upcoming | None) -> list[Text | Padding]:
    """Return one gap: what it is, what was seen, who has it, and how it closes."""
    gap, handling = each.gap, each.handling
    shape, style = _SHAPES[each.state]
    head = Text.assemble(
        (f"{shape} {each.state:<8}", style),
        (f"{each.severity}  ", _STYLES[each.severity]),
        (f"{gap.service}: {gap.about}", "bold"),
    )
    last = gap.last
    expected = ", as its author expected" if last.as_expected else ""
    again = f"; seen {len(gap.seen)} times since {day_of(gap.opened.at_utc_us)}" if len(gap.seen) > 1 else ""
    where = found.footnote(last.log, last.entry)
    seen = (
        f"{gap.objective}: {last.answer}{expected}, {last.measured}; bound {last.bound};"
        f" {last.evidence_class}, {day_of(last.at_utc_us)}, {where}{again}"
    )
    whose = f"owner {each.owner}" if each.owner else "owner: nobody"
    due = f"due {each.due}" + ("" if handling.due else " by the rule")
    moved = f", moved {amount(handling.postponed, 'time')}" if handling.postponed else ""
    lines: list[Text | Padding] = [head, _indented(f"id {gap.id}", "dim"), _indented(safe(seen))]
    if each.state != "closed":
        lines.append(_indented(f"{whose}, {due}{moved}", "bold red" if each.escalate else ""))
    lines += _severity_set(each)
    lines += [_indented(f"cause: {safe(handling.cause)}")] if handling.cause else []
    lines += [_indented(f"▲ escalate: {each.escalate}", "bold red")] if each.escalate else []
    lines += [
        _indented(f"escalated to {taken.event.to} on {day_of(taken.at_utc_us)}: {safe(taken.event.why)}")
        for taken in handling.escalated[-1:]
    ]
    lines += [_indented(f"note: {safe(noted.event.text)}") for noted in handling.noted[-1:]]
    return [*lines, _indented(_ending(found, each, planned))]


def _severity_set(each: Remediation) -> list[Text | Padding]:
    """Return why a gap is not as severe as the rule says, if somebody said so."""
    from holdfast.measures.remediation import rule_severity

    said = next((one.event for one in reversed(each.handling.assigned) if one.event.severity), None)
    if said is None:
        return []
    return [_indented(f"severity set, by the rule {rule_severity(each.gap)}: {safe(said.why or 'no reason given')}")]


def _ending(found: Whole, each: Remediation, planned: Upcoming | None) -> str:
    """Return how a gap ended, what bears it, or what closes it."""
    gap = each.gap
    if gap.closed is not None:
        where = found.footnote(gap.closed.log, gap.closed.entry)
        held = f"{gap.closed.scenario} held on {day_of(gap.closed.at_utc_us)}, {where}"
        return f"closed: {held} ({gap.closed.evidence_class})"
    if each.borne_by is not None:
        accepted = each.borne_by
        return f"borne by {accepted.owner} until {accepted.until} ({accepted.name}): {safe(accepted.why)}"
    lesser = f" {gap.lesser[-1].scenario} held since, and asked less." if gap.lesser else ""
    refused = f" {each.not_borne[:1].upper()}{each.not_borne[1:]}." if each.not_borne else ""
    scenario = found.model.scenarios.get(gap.about.scenario)
    how = f"holdfast drill {gap.about.scenario}" if scenario is not None and scenario.rehearsed else "the same again"
    by = f", due by the plan {day_of(planned.due_utc_us)}" if planned is not None else ", in no test plan"
    return f"closes when it holds: {how}{by}.{lesser}{refused}"


def warnings(found: Whole, every: Sequence[Remediation]) -> list[str]:
    """Return what a reader must know of a list of gaps: what it does not hold, and what matches nothing."""
    said = []
    if found.unread is not None:
        said.append(f"this log goes on from {found.unread}: its gaps are not here, give it with --older")
    if not found.audit.key:
        said.append("the record was not verified, so no owner, date, escalation or acceptance in it counts")
    known = {each.gap.id for each in every}
    said += [
        f"nothing here is the gap {safe(gap)}, of which the log speaks" for gap in found.handled if gap not in known
    ]
    about = {(each.gap.service, each.gap.about) for each in every}
    for accepted in found.model.risk_acceptances.values():
        if accepted.gap and not any((service, accepted.gap) in about for service in accepted.on):
            said.append(f"the risk acceptance {accepted.name} is about {accepted.gap}, which is no gap")
    return said


def _indented(text: str, style: str = "") -> Padding:
    return Padding(Text(text, style), (0, 0, 0, 4))


def day_of(utc_us: int) -> str:
    """Return the day of an instant."""
    from holdfast.measures.remediation import day_of as named

    return named(utc_us)


def _as_json(found: Whole, every: Sequence[Remediation]) -> dict[str, object]:
    """Return the same for a program, what is closed included."""
    return {
        **found.head(),
        "gaps": [gap_as_json(each) for each in every],
        "warnings": warnings(found, every),
    }


def gap_as_json(each: Remediation) -> dict[str, object]:
    """Return one gap as JSON values."""
    gap, handling = each.gap, each.handling

    def seen(sighting: object) -> dict[str, object]:
        return {name: value for name, value in asdict(sighting).items() if name != "hardness"}  # type: ignore[call-overload]

    return {
        "id": gap.id,
        "service": gap.service,
        "scenario": gap.about.scenario,
        "check": gap.about.check,
        "state": each.state,
        "severity": each.severity,
        "due": each.due,
        "due_set": handling.due is not None,
        "owner": each.owner,
        "cause": handling.cause,
        "escalate": each.escalate or None,
        "borne_by": each.borne_by.name if each.borne_by else None,
        "borne_until": each.borne_by.until if each.borne_by else None,
        "not_borne": each.not_borne or None,
        "seen": [seen(sighting) for sighting in gap.seen],
        "held_but_lesser": [seen(sighting) for sighting in gap.lesser],
        "closed_by": seen(gap.closed) if gap.closed else None,
        "entries": list(handling.entries),
    }
