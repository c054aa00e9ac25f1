"""``holdfast approve``: who approved which limits, scenario or risk, in what body, on exactly which declaration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from holdfast.cli.approved import Approved, read_approved
from holdfast.cli.byhand import ACTOR, named, words
from holdfast.cli.options import EVIDENCE, AsJson, Declaration, Recording
from holdfast.cli.terminal import console, print_json, safe
from holdfast.errors import HoldfastError, UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.model.types import Model
    from holdfast.state.approvals import Approval

SHOWN_CHANGES = 8
INCOMPLETE = "HF957"
_SHAPES = {"approved": ("✓", "bold green"), "unapproved": ("✗", "bold red"), "changed since": ("!", "bold yellow")}


@dataclass(frozen=True, slots=True)
class _Decision:
    """What was decided: by which body, on which date, answered for by whom, and where that is written down."""

    body: str
    on: str
    by: str | None
    minutes: str | None


def approve(  # noqa: PLR0913 -- options of a command
    subjects: Annotated[
        list[str] | None,
        typer.Argument(metavar="SUBJECT", help="tolerance:SERVICE, scenario:NAME or risk-acceptance:NAME."),
    ] = None,
    *,
    body: Annotated[str | None, typer.Option("--body", metavar="TEXT", help="The body that decided.")] = None,
    on: Annotated[str | None, typer.Option("--on", metavar="DATE", help="When it decided, like 2026-11-20.")] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who answers for it: a role, or a person (concealed).")
    ] = None,
    minutes: Annotated[
        str | None, typer.Option("--minutes", metavar="REF", help="Where the decision is written down.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="List what is approved and what is not.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Withdraw the approval that counts.")] = False,
    why: Annotated[str | None, typer.Option("--why", metavar="TEXT", help="Why it is withdrawn.")] = None,
    model: Declaration = None,
    log: Recording = EVIDENCE,
    key: Annotated[
        str | None, typer.Option("--key", metavar="VKEY|FILE", help="With --list: the log's verifier key.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Record that a body of the institution approved what is declared, or list what is approved.

    What is approved is that declaration alone, by its digest: of a service its impact tolerance, the impact analysis,
    RTO and RPO, and what they are measured by; of a scenario or a risk acceptance all of it but the title. When it
    changes it reads unapproved again; a change elsewhere does not matter. The name of a person never enters the log: it
    is kept aside and can be erased.
    """
    from holdfast.cli.declaration import named_or_usual, usable_model

    declared = usable_model(named_or_usual(model))
    chosen = _chosen(declared, subjects or [], every=listing)
    if listing:
        with read_approved(log, key) as approved:
            _list(declared, chosen, approved, as_json=as_json)
        return
    noted = None if minutes is None else words(minutes, "--minutes", INCOMPLETE)
    decision = _Decision(words(body, "--body", INCOMPLETE), decided_on(on), by, noted)
    if withdraw:
        _withdraw(declared, chosen, decision, words(why, "--why", INCOMPLETE), log, as_json=as_json)
    else:
        _approve(declared, chosen, decision, log, as_json=as_json)


# -- what was asked for --


def _chosen(model: Model, given: Sequence[str], *, every: bool) -> tuple[str, ...]:
    """Return the subjects that were named; with ``every`` all of them when none was. HF956 for what is not there."""
    from difflib import get_close_matches

    from holdfast.model.canonical import subjects

    known = subjects(model)
    if not given and every:
        return known
    unknown = [subject for subject in given if subject not in known]
    if not given or unknown:
        near = {each for subject in unknown for each in get_close_matches(subject, known, n=1)}
        named = ", ".join(f'"{safe(subject)}"' for subject in unknown)
        message = f"the model declares no {named}" if unknown else "expected what is approved, got nothing"
        hint = f"Did you mean {' and '.join(sorted(near))}? " if near else ""
        remedy = f"{hint}Name tolerance:SERVICE, scenario:NAME or risk-acceptance:NAME; --list shows all of them."
        raise UsageError("HF956", message, remedy=remedy)
    return tuple(dict.fromkeys(given))


def decided_on(text: str | None) -> str:
    """Return the date of a decision; HF957 when it is none, or has not come yet anywhere on earth."""
    from holdfast.model.quantities import iso_date

    given = iso_date(text or "")
    if given is None or date.fromisoformat(given) > datetime.now(UTC).date() + timedelta(days=1):
        message = f"expected --on with the date of the decision, got {safe(text or 'nothing')}"
        raise UsageError(INCOMPLETE, message, remedy="Write a day that has come, as 2026-11-20.")
    return given


# -- recording --


def _approve(model: Model, chosen: Sequence[str], decision: _Decision, place: str, *, as_json: bool) -> None:
    """Record the approvals, all or none, each with the declaration that it is of."""
    from holdfast.evidence.events import ApprovalRecorded
    from holdfast.model.canonical import subject_declaration
    from holdfast.store.opening import open_log

    with open_log(place, create=True) as log:
        began = f"the log {log.origin} began in {place}" if log.size() == 1 else ""
        by = named(log, model, decision.by)
        events = []
        for subject in chosen:
            name = f"approved/{subject.replace(':', '/')}.json"
            declaration = log.attach(name, subject_declaration(model, subject), "application/json")
            events.append(
                ApprovalRecorded(subject, declaration, model.digest, decision.body, decision.on, by, decision.minutes)
            )
        seqs = log.append(events, actor=ACTOR, subject=chosen[0])
    if as_json:
        recorded = [
            {"subject": event.subject, "entry": seq, "digest": event.digest, "body": event.body, "by": event.by}
            for event, seq in zip(events, seqs, strict=True)
        ]
        print_json({"approved": recorded})
        return
    screen = console()
    if began:
        screen.print(Text(f"! {began}", "yellow"), soft_wrap=True)
    for event, seq in zip(events, seqs, strict=True):
        said = f"{event.subject} approved by {safe(event.body)} on {event.decided_on}: entry {seq}"
        screen.print(Text.assemble(("✓ ", "bold green"), said), soft_wrap=True)
        screen.print(Text(f"  declaration  sha256 {event.digest}", "dim"), soft_wrap=True)
    _print_answering(screen, model, by)


def _print_answering(screen: Console, model: Model, by: str | None) -> None:
    if by is None:
        return
    how = f"role {by}" if by in model.roles else f"digest {by}  (holdfast log reveal, holdfast log erase)"
    screen.print(Text(f"  answered for by {how}", "dim"), soft_wrap=True)


def _withdraw(model: Model, chosen: Sequence[str], decision: _Decision, why: str, place: str, *, as_json: bool) -> None:
    """Record that the approvals which count are withdrawn, all or none; HF958 when one has none that counts."""
    from holdfast.cli.record import entries
    from holdfast.evidence.events import ApprovalWithdrawn
    from holdfast.state.approvals import approval_entries
    from holdfast.store.opening import open_log

    with open_log(place) as log:
        given = approval_entries(entries(log))
        missing = [subject for subject in chosen if not given.get(subject)]
        if missing:
            message = f"no approval of {', '.join(missing)} counts in this log: nothing was withdrawn"
            raise HoldfastError("HF958", message, remedy="See what is approved with holdfast approve --list.")
        by = named(log, model, decision.by)
        events = [
            ApprovalWithdrawn(subject, given[subject][-1].seq, decision.body, decision.on, why, by)
            for subject in chosen
        ]
        seqs = log.append(events, actor=ACTOR, subject=chosen[0])
    if as_json:
        withdrawn = [
            {"subject": event.subject, "entry": seq, "approval": event.approval}
            for event, seq in zip(events, seqs, strict=True)
        ]
        print_json({"withdrawn": withdrawn})
        return
    for event, seq in zip(events, seqs, strict=True):
        typer.echo(f"✓ {event.subject}: the approval of entry {event.approval} is withdrawn, by entry {seq}")


# -- listing --


def _list(model: Model, chosen: Sequence[str], approved: Approved, *, as_json: bool) -> None:
    """Show how each subject stands, and of what changed since its approval what that was."""
    from holdfast.state.approvals import approvals

    found = {subject: each for subject, each in approvals(model, approved.entries).items() if subject in chosen}
    changed = {
        subject: _changes(model, subject, each, approved)
        for subject, each in found.items()
        if each.standing == "changed since"
    }
    if as_json:
        listed = [_as_json(subject, each, changed.get(subject, ())) for subject, each in found.items()]
        print_json({"subjects": listed, "record": approved.record})
        return
    screen = console()
    width = max((len(subject) for subject in found), default=0)
    for subject, each in found.items():
        shape, style = _SHAPES[each.standing]
        line = Text.assemble((f"{shape} ", style), (f"{subject:<{width}}", "bold"), f"  {safe(str(each))}")
        screen.print(line, soft_wrap=True)
        for change in changed.get(subject, ())[:SHOWN_CHANGES]:
            screen.print(Padding(Text(safe(change)), (0, 0, 0, 4)))
        more = len(changed.get(subject, ())) - SHOWN_CHANGES
        if more > 0:
            screen.print(Padding(Text(f"… and {more} more", "dim"), (0, 0, 0, 4)))
    counts = {word: sum(each.standing == word for each in found.values()) for word in _SHAPES}
    screen.print(Text(", ".join(f"{count} {word}" for word, count in counts.items() if count), "bold"))
    screen.print(Text(f"record: {approved.trust}", "dim"), soft_wrap=True)


def _changes(model: Model, subject: str, approval: Approval, approved: Approved) -> tuple[str, ...]:
    """Return what changed since a subject was approved, or why that is not known."""
    from holdfast.model.canonical import subject_declaration
    from holdfast.model.difference.declared import declared_changes

    if approval.entry is None or approved.log is None:
        return ()
    try:
        before = approved.log.attachment(approval.entry.event.digest)
        return declared_changes(before, subject_declaration(model, subject))
    except (HoldfastError, ValueError) as error:
        return (f"what was approved is not known: {error}",)


def _as_json(subject: str, approval: Approval, changes: tuple[str, ...]) -> dict[str, object]:
    entry = approval.entry
    found: dict[str, object] = {"subject": subject, "standing": approval.standing}
    if entry is not None:
        event = entry.event
        found |= {"body": event.body, "on": event.decided_on, "by": event.by, "minutes": event.minutes}
        found |= {"entry": entry.seq, "digest": event.digest, "changes": list(changes)}
    return found
