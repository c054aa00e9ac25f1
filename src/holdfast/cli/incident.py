"""``holdfast incident``: the commander's record while it burns, one durable command a fact, without any network."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer
from rich.text import Text

from holdfast.cli import incident_review, incident_show
from holdfast.cli.byhand import ACTOR, At, By, From, named, time_meant, words, zone_of
from holdfast.cli.commands import grouped
from holdfast.cli.incident_desk import Desk, Of, desk, incidents
from holdfast.cli.options import EVIDENCE, AsJson, Declaration, Recording, Written
from holdfast.cli.terminal import console, did_you_mean, print_json, safe
from holdfast.errors import HoldfastError, UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.events import Event
    from holdfast.evidence.spoken import FactRecorded, Happening
    from holdfast.model.types import Model
    from holdfast.state.exercise import Recorded
    from holdfast.state.incident import Incident
    from holdfast.store.signed import SignedLog

Words = Annotated[str, typer.Argument(metavar="TEXT", help="What is to stand in the record.")]
MaybeWords = Annotated[str, typer.Argument(metavar="TEXT", help="More about it.")]
NotNeeded = Annotated[bool, typer.Option("--not-needed", help="It did not happen and need not; TEXT says why.")]
AllTheSame = Annotated[
    bool,
    typer.Option("--all-the-same", help="It happened, though what comes before it is not on record; that is shown."),
]
Marked = Literal["occurred", "detected", "disrupted", "trust-lost"]
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,47}", re.ASCII)
Report = Literal["initial", "intermediate", "final"]


def open_(  # noqa: PLR0913 -- options of a command
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What is happening, in a line.")],
    *,
    service: Annotated[
        list[str] | None, typer.Option("--service", metavar="NAME", help="A service that is disrupted; repeatable.")
    ] = None,
    occurred: Annotated[str | None, typer.Option("--occurred", metavar="TIME", help="When it occurred.")] = None,
    detected: Annotated[str | None, typer.Option("--detected", metavar="TIME", help="When it was noticed.")] = None,
    disrupted: Annotated[
        str | None, typer.Option("--disrupted", metavar="TIME", help="Since when. [default: as it occurred]")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Its id. [default: the day and four digits]")
    ] = None,
    by: By = None,
    source: From = None,
    model: Declaration = None,
    log: Recording = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Open an incident. The log begins here if there is none; the model is committed with it if it can be read.

    Everything after this is one command a fact. A time is given with its zone; what people's clocks said stands beside
    when it was recorded.
    """
    from importlib.metadata import version

    from holdfast.evidence.spoken import FactRecorded, IncidentOpened
    from holdfast.model.loader import ATTACHMENT, attachment
    from holdfast.store.opening import open_log

    times = {"occurred": occurred, "detected": detected}
    told = {fact: time_meant(given, f"--{fact}") for fact, given in times.items() if given is not None}
    first = told.get("occurred", told.get("detected"))
    since = first if disrupted is None and first is not None else time_meant(disrupted, "--disrupted")
    text = words(title, "a title")
    source = None if source is None else words(source, "a source")
    _check_id(name)
    declared = _model_if_any(model)
    _check_services(declared, service or [])
    with open_log(log, create=True) as opened:
        incident = name or f"{datetime.now(UTC):%Y-%m-%d}-{secrets.token_hex(2)}"
        _refuse_taken(opened, incident)
        who = named(opened, declared, by)
        kept = opened.attach(ATTACHMENT, attachment(declared), "application/json") if declared else None
        digest = declared.digest if declared else None
        events: list[Event] = [IncidentOpened(incident, text, version("holdfast"), kept, digest, who)]
        events += [FactRecorded(incident, cast("Happening", fact), text, at, who, source) for fact, at in told.items()]
        events += [
            FactRecorded(incident, "disrupted", text, since, who, source, service=each) for each in service or []
        ]
        seqs = opened.append(events, actor=ACTOR, subject=f"incident:{incident}")
    if as_json:
        print_json({"incident": incident, "entries": list(seqs), "model": digest})
        return
    screen = console()
    screen.print(Text.assemble(("✓ ", "bold green"), f"incident {safe(incident)} is open: entry {seqs[0]}"))
    if declared is None:
        screen.print(Text("! no model could be read: limits are not known, and every name is concealed", "yellow"))


def note(
    text: Words,
    *,
    service: Annotated[str | None, typer.Option("--service", metavar="NAME")] = None,
    at: At = None,
    by: By = None,
    source: From = None,
    incident: Of = None,
    log: Written = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Note something. A note always lands, whatever state the incident is in."""
    with desk(log, incident) as at_desk:
        _check_services(at_desk.model, [service] if service else [])
        _fact(at_desk, "note", words(text, "a note"), at, by, source, service=service, as_json=as_json)


def mark(  # noqa: PLR0913 -- options of a command
    fact: Annotated[Marked, typer.Argument(metavar="FACT", help="occurred, detected, disrupted or trust-lost.")],
    text: MaybeWords = "",
    *,
    service: Annotated[str | None, typer.Option("--service", metavar="NAME", help="Which one is disrupted.")] = None,
    at: At = None,
    by: By = None,
    source: From = None,
    incident: Of = None,
    log: Written = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Record when it occurred, was detected, disrupted a service, or took the trust in what runs."""
    if (fact == "disrupted") != (service is not None):
        message = "disrupted takes --service, and nothing else does"
        raise UsageError("HF972", message, remedy="Name the service: --service gross-settlement.")
    with desk(log, incident) as at_desk:
        _check_services(at_desk.model, [service] if service else [])
        _fact(at_desk, fact, text, at, by, source, service=service, as_json=as_json)


def step(happening: Happening, sentence: str) -> Callable[..., None]:
    """Return the command that records one step of the order, or that it was not needed."""

    def command(  # noqa: PLR0913 -- options of a command
        text: MaybeWords = "",
        *,
        not_needed: NotNeeded = False,
        all_the_same: AllTheSame = False,
        at: At = None,
        by: By = None,
        source: From = None,
        incident: Of = None,
        log: Written = EVIDENCE,
        as_json: AsJson = False,
    ) -> None:
        with desk(log, incident) as at_desk:
            _in_order(at_desk.incident, happening, ordered=not all_the_same)
            said = words(text, "why it was not needed") if not_needed else text
            _fact(at_desk, happening, said, at, by, source, not_needed=not_needed, as_json=as_json)

    command.__doc__ = sentence
    return command


def restore(  # noqa: PLR0913 -- options of a command
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="The service that is back.")],
    text: MaybeWords = "",
    *,
    full: Annotated[bool, typer.Option("--full", help="It is wholly back, not only at its minimum.")] = False,
    not_needed: NotNeeded = False,
    all_the_same: AllTheSame = False,
    at: At = None,
    by: By = None,
    source: From = None,
    incident: Of = None,
    log: Written = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Record that a service is back: at its minimum service, or wholly with --full.

    Where trust was lost, what was compromised has to be verified before anything serves.
    """
    happening: Happening = "full-service" if full else "minimum-service"
    with desk(log, incident) as at_desk:
        _check_services(at_desk.model, [service])
        _in_order(at_desk.incident, happening, service, ordered=not all_the_same)
        said = words(text, "why it was not needed") if not_needed else text
        _fact(at_desk, happening, said, at, by, source, service=service, not_needed=not_needed, as_json=as_json)


def due(
    text: Words,
    *,
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="Until when it has to be decided.")],
    at: At = None,
    by: By = None,
    incident: Of = None,
    log: Written = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Record that a decision is due, and until when."""
    when = time_meant(until, "--until", ahead=True)
    with desk(log, incident) as at_desk:
        _fact(at_desk, "decision-due", words(text, "a decision"), at, by, None, due_utc_us=when, as_json=as_json)


def decide(
    text: Words,
    *,
    entry: Annotated[int | None, typer.Option("--on", metavar="ENTRY", help="The decision that was due.")] = None,
    at: At = None,
    by: By = None,
    incident: Of = None,
    log: Written = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Record a decision: of its own, or one that was due."""
    with desk(log, incident) as at_desk:
        if entry is not None:
            _entry(at_desk.incident, entry, ("decision-due",))
        said = words(text, "a decision")
        _fact(at_desk, "decided", said, at, by, None, corrects=entry, as_json=as_json)


def close(
    text: MaybeWords = "",
    *,
    at: At = None,
    by: By = None,
    incident: Of = None,
    log: Written = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Close the incident, after its review and when every service is wholly back."""
    with desk(log, incident) as at_desk:
        _in_order(at_desk.incident, "closed")
        _fact(at_desk, "closed", text, at, by, None, as_json=as_json)


def notify(
    report: Annotated[Report, typer.Argument(metavar="REPORT", help="initial, intermediate or final.")],
    text: MaybeWords = "",
    *,
    at: At = None,
    by: By = None,
    source: From = None,
    incident: Of = None,
    log: Written = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Record that a report was sent to the authority, and when."""
    happening = cast("Happening", f"notified-{report}")
    with desk(log, incident) as at_desk:
        _fact(at_desk, happening, text, at, by, source, as_json=as_json)


def correct(  # noqa: PLR0913 -- options of a command
    entry: Annotated[int, typer.Argument(metavar="ENTRY", help="The entry that is wrong.")],
    *,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="What was wrong about it.")],
    text: Annotated[str | None, typer.Option("--text", metavar="TEXT", help="The right words.")] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="The right time, with its zone.")] = None,
    service: Annotated[str | None, typer.Option("--service", metavar="NAME", help="The right service.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Nothing takes its place.")] = False,
    by: By = None,
    incident: Of = None,
    log: Written = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Correct a fact: a new entry that points at the old one, which stays."""
    with desk(log, incident) as at_desk:
        old = _entry(at_desk.incident, entry, None).event
        _check_services(at_desk.model, [service] if service else [])
        event = replace(
            old,
            text=old.text if text is None else words(text, "a text"),
            occurred_utc_us=old.occurred_utc_us if at is None else time_meant(at),
            by=old.by if by is None else named(at_desk.log, at_desk.model, by),
            source=words(f"correction of entry {entry}: {words(why, 'a reason')}", "a reason"),
            service=service or old.service,
            corrects=entry,
            standing="withdrawn" if withdraw else old.standing,
        )
        _record(at_desk, event, as_json=as_json)


# -- what they share --


def _model_if_any(path: object) -> Model | None:
    """Return the declaration if there is one and it can be read: an incident does not wait for it."""
    from pathlib import Path

    from holdfast.cli.declaration import named_or_usual, usable_model

    try:
        return usable_model(named_or_usual(path if isinstance(path, Path) else None))
    except HoldfastError as problem:
        if path is not None:
            raise
        console(stderr=True).print(f"note: {problem.code} {problem.message}", style="yellow", soft_wrap=True)
        return None


def _check_services(model: Model | None, services: list[str]) -> None:
    unknown = [service for service in services if model is not None and service not in model.services]
    if unknown and model is not None:
        message = f"the model declares no service {', '.join(safe(each) for each in unknown)}"
        remedy = f"{did_you_mean(unknown[0], model.services)}There are {', '.join(model.services)}."
        raise UsageError("HF970", message, remedy=remedy)


def _check_id(name: str | None) -> None:
    """Refuse an id that could not be the name of a scenario, or a part of a path."""
    if name is not None and _ID.fullmatch(name) is None:
        message = f"expected an id of small letters, digits and hyphens, up to 48, got {safe(name)!r}"
        raise UsageError("HF972", message, remedy="Write one such as fire-amsterdam, or leave --id out.")


def _refuse_taken(log: SignedLog, incident: str) -> None:
    if incident in incidents(log):
        message = f"this log has an incident {safe(incident)} already"
        raise UsageError("HF970", message, remedy="Choose another --id, or work on that one with --incident.")


def _in_order(incident: Incident, happening: Happening, service: str | None = None, *, ordered: bool = True) -> None:
    """Refuse a step for which something is missing: HF973."""
    from holdfast.state.incident import missing

    if lacking := missing(incident, happening, service, ordered=ordered):
        message = f"{happening} of incident {safe(incident.id)} is not recorded: missing is {'; '.join(lacking)}"
        remedy = (
            "Record that first (--at gives it its own time, --not-needed says why it did not have to be). "
            "If it happened all the same, say so with --all-the-same, or keep it as a note."
        )
        raise HoldfastError("HF973", message, remedy=remedy)


def _entry(incident: Incident, entry: int, kinds: tuple[str, ...] | None) -> Recorded[FactRecorded]:
    """Return a fact of this incident by its entry, which still counts; HF974 when there is none."""
    found = next((fact for fact in incident.counting if fact.seq == entry), None)
    if found is None or (kinds is not None and found.event.fact not in kinds):
        what = "a decision that is due" if kinds else "a fact that counts"
        message = f"entry {entry} is not {what} of incident {safe(incident.id)}"
        raise UsageError("HF974", message, remedy="See the entries with holdfast incident show.")
    return found


def _fact(  # noqa: PLR0913 -- the members of a fact
    at_desk: Desk,
    happening: Happening,
    text: str,
    at: str | None,
    by: str | None,
    source: str | None,
    *,
    as_json: bool,
    service: str | None = None,
    due_utc_us: int | None = None,
    corrects: int | None = None,
    not_needed: bool = False,
) -> None:
    """Record one fact as it was said on the command line."""
    from holdfast.evidence.spoken import FactRecorded

    event = FactRecorded(
        about=at_desk.incident.id,
        fact=happening,
        text=words(text, "a text") if text else "",
        occurred_utc_us=time_meant(at),
        by=named(at_desk.log, at_desk.model, by),
        source=words(source, "a source") if source else None,
        service=service,
        due_utc_us=due_utc_us,
        corrects=corrects,
        standing="not-needed" if not_needed else "happened",
    )
    _record(at_desk, event, as_json=as_json)


def _record(at_desk: Desk, event: FactRecorded, *, as_json: bool) -> None:
    """Record one fact, durably, and say so in a line."""
    from holdfast.report.when import Local

    (seq,) = at_desk.record(event, cause=event.corrects)
    when, due_by = event.occurred_utc_us, event.due_utc_us
    if as_json:
        print_json({"incident": event.about, "entry": seq, "fact": event.fact, "occurred_utc_us": when})
        return
    how = {"happened": "", "not-needed": " not needed", "withdrawn": " withdrawn"}[event.standing]
    of = f" {safe(event.service)}" if event.service else ""
    local = Local(zone_of(at_desk.model))
    occurred = f"{local.date_time(when)} ({local.name})"
    until = f", due by {local.date_time(due_by)}" if due_by is not None else ""
    told = f"{event.fact}{how}{of} at {occurred}{until}: entry {seq} of incident {safe(event.about)}"
    console().print(Text.assemble(("✓ ", "bold green"), told), soft_wrap=True)


app = grouped(
    "An incident, recorded by hand while it lasts: every fact one durable command, offline.",
    {
        "Record": {
            "open": open_,
            "note": note,
            "mark": mark,
            "classify": incident_review.classify,
            "declare": step("declared", "Record that somebody with the authority declared."),
            "contain": step("contained", "Record that it is contained: it spreads no further."),
            "eradicate": step("eradicated", "Record that what was compromised is free of the intruder."),
            "rebuild": step("rebuilt", "Record that what was compromised was rebuilt."),
            "verify": step("verified", "Record that what was rebuilt was verified, before it serves."),
            "restore": restore,
            "due": due,
            "decide": decide,
            "notify": notify,
            "correct": correct,
        },
        "Learn": {"review": incident_review.review, "close": close},
        "See": {"list": incident_show.list_, "show": incident_show.show},
    },
)
