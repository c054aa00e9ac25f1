"""``holdfast gaps assign``, ``escalate``, ``accept`` and ``note``: what people do about a gap, recorded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.text import Text

from holdfast.cli.byhand import ACTOR, By, named, words
from holdfast.cli.options import EVIDENCE, AsJson, Declaration, Older, Written
from holdfast.cli.terminal import console, print_json, safe
from holdfast.errors import HoldfastError, UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.gaps import GapAssigned, GapEscalated, GapNoted, GapSeverity
    from holdfast.measures.remediation import Remediation
    from holdfast.model.types import Model

INCOMPLETE = "HF981"

Which = Annotated[str, typer.Argument(metavar="GAP", help="Its id, or SCENARIO/CHECK of the one that is open.")]
Why = Annotated[str | None, typer.Option("--why", metavar="TEXT", help="The reason.")]


def assign(  # noqa: PLR0913 -- options of a command
    gap: Which,
    *,
    owner: Annotated[str | None, typer.Option("--owner", metavar="ROLE", help="The role that answers for it.")] = None,
    due: Annotated[str | None, typer.Option("--due", metavar="DATE", help="By when it is to be closed.")] = None,
    severity: Annotated[
        str | None, typer.Option("--severity", metavar="WORD", help="critical, high, medium or low; takes a --why.")
    ] = None,
    cause: Annotated[str | None, typer.Option("--cause", metavar="TEXT", help="What caused it.")] = None,
    why: Why = None,
    by: By = None,
    model: Declaration = None,
    log: Written = EVIDENCE,
    older: Older = None,
    as_json: AsJson = False,
) -> None:
    """Say who answers for a gap, until when, how severe it is, or what caused it; what you leave out stays.

    A severity other than the rule's, and a date later than before, take a reason: it stands in the record.
    """
    from holdfast.evidence.gaps import GapAssigned

    declared, each = _gap(model, log, older, gap)
    if (owner, due, severity, cause) == (None, None, None, None):
        raise _incomplete("expected --owner, --due, --severity or --cause, got none", "Say what is to be recorded.")
    _check_due(each, due, why)
    _check_severity(severity, why)
    event = GapAssigned(
        gap=each.gap.id,
        owner=None if owner is None else _role(declared, owner, "--owner"),
        due=due,
        severity=cast("GapSeverity | None", severity),
        cause=None if cause is None else words(cause, "--cause", INCOMPLETE),
        why=None if why is None else words(why, "--why", INCOMPLETE),
    )
    _record(declared, event, log, by, as_json=as_json)


def escalate(
    gap: Which,
    *,
    to: Annotated[str | None, typer.Option("--to", metavar="ROLE", help="The role that it is taken to.")] = None,
    why: Why = None,
    by: By = None,
    model: Declaration = None,
    log: Written = EVIDENCE,
    older: Older = None,
    as_json: AsJson = False,
) -> None:
    """Record that a gap was taken to somebody above its owner, and why."""
    from holdfast.evidence.gaps import GapEscalated

    declared, each = _gap(model, log, older, gap)
    if to is None:
        raise _incomplete("expected --to with the role that it is taken to, got none", "Name a role of the model.")
    event = GapEscalated(each.gap.id, _role(declared, to, "--to"), words(why, "--why", INCOMPLETE))
    _record(declared, event, log, by, as_json=as_json)


def note(
    gap: Which,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is to be said of it. No names of people.")],
    *,
    by: By = None,
    model: Declaration = None,
    log: Written = EVIDENCE,
    older: Older = None,
    as_json: AsJson = False,
) -> None:
    """Record a remark on a gap."""
    from holdfast.evidence.gaps import GapNoted

    declared, each = _gap(model, log, older, gap)
    _record(declared, GapNoted(each.gap.id, words(text, "TEXT", INCOMPLETE)), log, by, as_json=as_json)


def accept(  # noqa: PLR0913 -- options of a command
    gap: Which,
    *,
    body: Annotated[str | None, typer.Option("--body", metavar="TEXT", help="The body that decided.")] = None,
    on: Annotated[str | None, typer.Option("--on", metavar="DATE", help="When it decided, like 2026-11-20.")] = None,
    by: By = None,
    minutes: Annotated[
        str | None, typer.Option("--minutes", metavar="REF", help="Where the decision is written down.")
    ] = None,
    model: Declaration = None,
    log: Written = EVIDENCE,
    older: Older = None,
    as_json: AsJson = False,
) -> None:
    """Record that a body approved the risk acceptance of the model that bears a gap.

    The acceptance itself is declared: under risk_acceptances, with the gap, the service, the reason, the role that
    bears it and its last day. Nothing is recorded of a gap that no acceptance names; the remedy shows what to write.
    """
    from holdfast.cli.approve import approve

    declared, each = _gap(model, log, older, gap)
    names = [
        accepted.name
        for accepted in declared.risk_acceptances.values()
        if accepted.gap == each.gap.about and each.gap.service in accepted.on
    ]
    if not names:
        message = f"no risk acceptance of the model is about {each.gap.about} of {each.gap.service}"
        declare = f"{{gap: {each.gap.about}, on: [{each.gap.service}], why: REASON, owner: ROLE, until: DATE}}"
        raise HoldfastError("HF982", message, remedy=f"Declare it under risk_acceptances, as NAME: {declare}.")
    subjects = [f"risk-acceptance:{name}" for name in names]
    approve(subjects, body=body, on=on, by=by, minutes=minutes, model=model, log=log, as_json=as_json)


def _gap(model: Path | None, log: str, older: list[str] | None, named: str) -> tuple[Model, Remediation]:
    """Return the declaration and the gap of that id, or the one that is not closed of that scenario and check.

    HF980 when there is none or there are several, HF983 when it is closed.
    """
    from holdfast.cli.declaration import named_or_usual, usable_model
    from holdfast.cli.whole import whole

    declared = usable_model(named_or_usual(model))
    every = whole(declared, log, older or (), None, None).remediations()
    left = [each for each in every if each.state != "closed"]
    fitting = [each for each in every if each.gap.id == named]
    fitting = fitting or [
        each for each in left if named in {str(each.gap.about), f"{each.gap.service}:{each.gap.about}"}
    ]
    if len(fitting) != 1:
        found = f"{len(fitting)} of them" if fitting else "none"
        ids = ", ".join(each.gap.id for each in (fitting or left)) or "there is none that is open"
        message = f'expected one gap that is "{safe(named)}", got {found}'
        raise UsageError("HF980", message, remedy=f"Name it by its id: {ids}.")
    if fitting[0].gap.closed is not None:
        message = f"{fitting[0].gap.id} is closed: {fitting[0].gap.closed.scenario} held since"
        raise UsageError(
            "HF983", message, remedy="Nothing is left to be done about it; holdfast gaps list --all shows it."
        )
    return declared, fitting[0]


def _role(model: Model, name: str, option: str) -> str:
    """Return the name of a role of the model; HF981 for anything else."""
    from difflib import get_close_matches

    if name in model.roles:
        return name
    near = get_close_matches(name, model.roles, n=3, cutoff=0.4)
    remedy = f"Did you mean {', '.join(near)}?" if near else f"It declares {', '.join(model.roles) or 'none'}."
    raise _incomplete(f'expected {option} with a role of the model, got "{safe(name)}"', remedy)


def _check_due(each: Remediation, due: str | None, why: str | None) -> None:
    """Refuse what is no date, and a later one than before without a reason."""
    if due is None:
        return
    from holdfast.model.quantities import iso_date

    if iso_date(due) is None:
        raise _incomplete(f'expected --due with a date, got "{safe(due)}"', "Write a day, as 2026-12-04.")
    if due > each.due and why is None:
        message = f"{due} is later than {each.due}, by when it is to be closed now"
        raise _incomplete(message, "Give the reason with --why: it stands in the record.")


def _check_severity(severity: str | None, why: str | None) -> None:
    from holdfast.measures.remediation import SEVERITIES

    if severity is None:
        return
    if severity not in SEVERITIES:
        raise _incomplete(f'expected --severity {", ".join(SEVERITIES)}, got "{safe(severity)}"', "Name one of these.")
    if why is None:
        message = "another severity than the rule gives takes a reason"
        raise _incomplete(message, "Give it with --why: it stands in the record.")


def _incomplete(message: str, remedy: str) -> UsageError:
    return UsageError(INCOMPLETE, message, remedy=remedy)


def _record(
    model: Model, event: GapAssigned | GapEscalated | GapNoted, place: str, by: str | None, *, as_json: bool
) -> None:
    """Append what was decided, and say so."""
    from holdfast.evidence.envelope import body_of, kind_of
    from holdfast.store.opening import open_log

    with open_log(place) as log:
        event = replace(event, by=named(log, model, by))
        (seq,) = log.append([event], actor=ACTOR, subject=event.gap)
    if as_json:
        print_json({"entry": seq, "kind": kind_of(event), **body_of(event)})
        return
    said = ", ".join(f"{name} {safe(value)}" for name, value in body_of(event).items() if name not in {"gap", "by"})
    console().print(Text.assemble(("✓ ", "bold green"), f"{event.gap}: {said} (entry {seq})"), soft_wrap=True)
