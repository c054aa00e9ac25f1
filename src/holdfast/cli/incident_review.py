"""``holdfast incident classify`` and ``review``: the worksheet of the regulation, and what is learned."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer
from rich.text import Text

from holdfast.cli.byhand import At, By, action_meant, named, time_meant, words
from holdfast.cli.incident_desk import Desk, Of, desk
from holdfast.cli.options import EVIDENCE, AsJson, Written
from holdfast.cli.terminal import amount, console, did_you_mean, print_json, safe, write
from holdfast.errors import HoldfastError, UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.events import Event
    from holdfast.evidence.spoken import CriterionAnswered
    from holdfast.measures.classification import Question

_SHARE = re.compile(r"(\d{1,15})/(\d{1,15})", re.ASCII)
_PERCENT = re.compile(r"(\d{1,5})(?:\.(\d{1,4}))? ?%", re.ASCII)
_WHOLE = re.compile(r"\d{1,15}", re.ASCII)
_GROUPED = re.compile(r"(?<=\d)[,_](?=\d{3}(?!\d))", re.ASCII)
_PARTS = frozenset({"clients-share", "counterparts"})  # shares that cannot be more than the whole
Decided = Literal["major", "not-major"]


def classify(  # noqa: PLR0913 -- options of a command
    answers: Annotated[
        list[str] | None,
        typer.Argument(metavar="ANSWER", help="QUESTION=yes, no, unknown, a number, or ~ before an estimate."),
    ] = None,
    *,
    source: Annotated[str, typer.Option("--source", metavar="TEXT", help="Where the answers are from.")] = "",
    decided: Annotated[
        Decided | None, typer.Option("--as", metavar="RESULT", help="Decide: major or not-major; with --why.")
    ] = None,
    why: Annotated[str | None, typer.Option("--why", metavar="TEXT", help="Why it is decided so.")] = None,
    at: At = None,
    by: By = None,
    incident: Of = None,
    log: Written = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Answer questions of the classification worksheet (Delegated Regulation (EU) 2024/1772), or decide.

    Without an answer it shows the questions, the rules applied so far, and what could still turn the result. Numbers:
    clients-share=450/3000 or 15%, duration=3h, costs=250000. What nobody answered is unknown, never no.
    """
    from holdfast.cli.incident_show import as_data, show_worksheet, standing_of
    from holdfast.evidence.spoken import IncidentClassified

    when = time_meant(at)
    with desk(log, incident) as at_desk:
        given = [_answer(at_desk, text, source, when) for text in answers or []]
        who = named(at_desk.log, at_desk.model, by) if given or decided else None
        events: list[Event] = [_by(answer, who) for answer in given]
        if decided is not None:
            events.append(IncidentClassified(at_desk.incident.id, decided, words(why, "--why"), when, who))
        if events:
            _refuse_closed(at_desk)
        seqs = at_desk.record(*events) if events else ()
        found = standing_of(at_desk.log, at_desk.incident.id)
    if as_json:
        print_json({"entries": list(seqs), **as_data(found)})
        return
    show_worksheet(console(), found, whole=not events)


@dataclass(frozen=True, slots=True)
class _Blow:
    """What the scenario that is proposed hits, as its options named it."""

    family: str
    fail: tuple[str, ...]
    fail_site: tuple[str, ...]
    third_party: tuple[str, ...]


def review(  # noqa: PLR0913 -- options of a command
    root_cause: Annotated[str, typer.Option("--root-cause", metavar="TEXT", help="The root cause.")],
    *,
    lesson: Annotated[
        list[str] | None, typer.Option("--lesson", metavar="TEXT", help="What was learned; repeatable.")
    ] = None,
    action: Annotated[
        list[str] | None,
        typer.Option(
            "--action", metavar="WHAT;OWNER;DATE", help="What is to be done, by whom, until when; repeatable."
        ),
    ] = None,
    scenario: Annotated[
        Path | None,
        typer.Option("--scenario", metavar="FILE", help="Write a scenario of it, as YAML; - for the screen."),
    ] = None,
    family: Annotated[
        str, typer.Option("--family", metavar="WORD", help="Of the scenario: hardware, site, cyber, …")
    ] = "",
    fail: Annotated[list[str] | None, typer.Option("--fail", metavar="NAME", help="What failed; repeatable.")] = None,
    fail_site: Annotated[
        list[str] | None, typer.Option("--fail-site", metavar="NAME", help="A site that was lost.")
    ] = None,
    third_party: Annotated[
        list[str] | None, typer.Option("--third-party-out", metavar="NAME", help="A third party that was out.")
    ] = None,
    at: At = None,
    by: By = None,
    incident: Of = None,
    log: Written = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Record the review: root cause, lessons, actions with owner and date; and propose a scenario.

    The scenario carries the times that were measured and names the incident as its basis: put it into the declaration
    and holdfast check accepts it.
    """
    when = time_meant(at)
    blow = _Blow(family, tuple(fail or ()), tuple(fail_site or ()), tuple(third_party or ()))
    with desk(log, incident) as at_desk:
        events = _reviewed(at_desk, root_cause, lesson or [], [action_meant(text) for text in action or []], when, by)
        block = None if scenario is None else _proposal(at_desk, root_cause, blow)
        seqs = at_desk.record(*events)
    on_screen = str(scenario) == "-"
    if block is not None and not on_screen:
        write(cast("Path", scenario), block)
    if as_json:
        print_json({"entries": list(seqs), "scenario": block})
        return
    screen = console()
    told = f"reviewed, with {amount(len(lesson or []), 'lesson')} and {amount(len(action or []), 'action')}"
    screen.print(Text.assemble(("✓ ", "bold green"), f"{told}: entry {seqs[0]}"), soft_wrap=True)
    if block is not None and on_screen:
        typer.echo(block, nl=False)
    elif block is not None:
        screen.print(Text(f"  scenario: {scenario}"), soft_wrap=True)


def _reviewed(
    at_desk: Desk, root_cause: str, lessons: list[str], actions: list[tuple[str, str, str]], when: int, by: str | None
) -> list[Event]:
    """Return the events of a review; HF973 when something has to be recorded before it."""
    from holdfast.evidence.spoken import ActionAgreed, IncidentReviewed
    from holdfast.state.incident import missing_for_review

    incident = at_desk.incident.id
    if lacking := missing_for_review(at_desk.incident):
        message = f"the review of incident {safe(incident)} is not recorded: missing is {'; '.join(lacking)}"
        raise HoldfastError("HF973", message, remedy="Record that first, or keep what was found as a note.")
    cause, learned = words(root_cause, "--root-cause"), tuple(words(each, "a lesson") for each in lessons)
    who = named(at_desk.log, at_desk.model, by)
    events: list[Event] = [IncidentReviewed(incident, cause, learned, when, who)]
    for what, owner, due in actions:
        events.append(ActionAgreed(incident, what, named(at_desk.log, at_desk.model, owner) or owner, due, who))
    return events


def _answer(at_desk: Desk, text: str, source: str, when: int) -> CriterionAnswered:
    """Return one answer; HF975 for a question that there is not, or an answer that does not fit it."""
    from holdfast.evidence.spoken import CriterionAnswered
    from holdfast.measures.classification import QUESTIONS

    name, _, given = text.partition("=")
    question = QUESTIONS.get(name.strip())
    if question is None:
        message = f"the worksheet has no question {safe(name)!r}"
        raise UsageError(
            "HF975", message, remedy=f"{did_you_mean(name, QUESTIONS)}holdfast incident classify shows all of them."
        )
    estimated = given.strip().startswith("~")
    meant = given.strip().removeprefix("~").strip().lower()
    said = words(source, "--source")
    if meant in {"yes", "no", "unknown"}:
        answer = cast("Literal['yes', 'no', 'unknown']", meant)
        return CriterionAnswered(at_desk.incident.id, question.name, answer, estimated, said, when)
    value, of = _value(question, meant)
    return CriterionAnswered(at_desk.incident.id, question.name, "value", estimated, said, when, value, of)


def _value(question: Question, text: str) -> tuple[int, int | None]:
    """Return a number in the question's unit, and of what it is a share."""
    from holdfast.model.quantities import FORMS

    # A comma stands before three digits or it is a decimal one, which is not guessed at: 15,5 is no 155.
    plain = _GROUPED.sub("", text)
    most = 1 if question.name in _PARTS else 10**15
    match question.unit:
        case "share" if found := _SHARE.fullmatch(plain):
            if int(found[2]) > 0 and int(found[1]) <= most * int(found[2]):
                return int(found[1]), int(found[2])
        case "share" if found := _PERCENT.fullmatch(plain):
            ppm = int(found[1]) * 10_000 + int((found[2] or "0").ljust(4, "0"))
            if ppm <= most * 1_000_000:
                return ppm, 1_000_000
        case "duration" if (value := FORMS["duration"].parse(text)) is not None:
            return value, None
        case "count" | "euro" if _WHOLE.fullmatch(plain):
            return int(plain), None
    expected = {
        "flag": "yes, no or unknown",
        "share": f"a share such as 450/3000 or 15.5%{', of all of them at most' if most == 1 else ''}",
        "duration": "a duration such as 150m or 3h",
        "count": "a whole number",
        "euro": "an amount in whole euro",
    }[question.unit]
    message = f"expected {expected} for {question.name} ({question.asks}), got {safe(text)!r}"
    raise UsageError("HF975", message, remedy="A ~ before it marks an estimate; unknown is an answer too.")


def _by(answer: CriterionAnswered, who: str | None) -> CriterionAnswered:
    from dataclasses import replace

    return replace(answer, by=who)


def _refuse_closed(at_desk: Desk) -> None:
    if at_desk.incident.closed:
        message = f"incident {safe(at_desk.incident.id)} is closed: its worksheet is not changed any more"
        raise HoldfastError("HF973", message, remedy="Keep it as a note: holdfast incident note TEXT --incident ID.")


def _proposal(at_desk: Desk, root_cause: str, blow: _Blow) -> str:
    """Return the YAML of a scenario, tried on the incident's own model; HF977 when that does not accept it."""
    from holdfast.exercises.vocabulary import vocabulary
    from holdfast.measures.learning import proposed_scenario
    from holdfast.model.loader import load

    block = proposed_scenario(at_desk.incident, root_cause, blow.family, blow.fail, blow.fail_site, blow.third_party)
    if at_desk.model is None:
        return block
    name = "proposed-scenario.yaml"
    _, findings = load({**at_desk.model.files, name: block}, at_desk.model.root, vocabulary())
    wrong = [finding for finding in findings if finding.severity == "error" and finding.place.file == name]
    if wrong:
        message = f"the scenario would not be accepted: {'; '.join(finding.message for finding in wrong)}"
        remedy = (
            "Say what it hits with --fail, --fail-site or --third-party-out, and its --family; nothing was recorded."
        )
        raise UsageError("HF977", message, remedy=remedy)
    return block
