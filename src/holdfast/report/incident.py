"""One self-contained page for one incident: the same standing gives the same bytes, and no string can break out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from holdfast import __version__
from holdfast.checks.words import count, duration
from holdfast.evidence.spoken import Happening
from holdfast.measures.classification import limit_of
from holdfast.measures.incident import IncidentStanding, ServiceStanding
from holdfast.report.incident_template import PAGE
from holdfast.report.incident_words import answer_words, called, classified_words, hours_minutes, left_words, what, who
from holdfast.report.page import ENVIRONMENT, Card, policy
from holdfast.report.record_style import STYLE, STYLE_DIGEST
from holdfast.report.strips import Flag, Span, Strip, strips
from holdfast.report.when import Local

_TEMPLATE = ENVIRONMENT.from_string(PAGE)
_FLAGGED: tuple[Happening, ...] = (
    *("occurred", "detected", "declared", "contained", "trust-lost", "eradicated", "rebuilt", "verified"),
    *("decided", "notified-initial", "notified-intermediate", "notified-final"),
)
_KINDS = {"occurred": "outage", "detected": "alarm", "declared": "day", "contained": "restored"}
_MARGIN = 25  # one so many-th of the whole is left free at either end
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the record."""

    seq: int
    occurred: str
    recorded: str
    what: str
    by: str
    source: str
    gone: bool = False


def render_incident(found: IncidentStanding, local: Local) -> str:
    """Return the page of an incident at the moment of its standing, with its times in ``local``."""
    incident, model = found.incident, found.model
    rule = found.classification
    turning = {question.name for question in rule.could_turn}
    return _TEMPLATE.render(
        i=found,
        title=incident.opened.event.title,
        institution=model.institution if model else "No model was committed",
        now=local.date_time(found.now_utc_us),
        zone=local.name,
        badge="major" if found.is_major else _decided(found) or rule.result,
        open=not found.is_major and rule.result != "not major",
        story=_story(found, local),
        classified=f"{classified_words(found)[:1].upper()}{classified_words(found)[1:]}.",
        cards=list(_cards(found, local)),
        timeline=_timeline(found, local),
        services=[_service(each, local) for each in found.services],
        clocks=[
            {
                "name": clock.name,
                "formula": clock.formula,
                "value": "–" if clock.value_us is None else duration(clock.value_us) + (", running" * clock.running),
                "note": clock.note,
                "entries": clock.entries,
            }
            for clock in found.clocks
        ],
        decisions=list(_decisions(found, local)),
        reports=list(_reports(found, local)),
        turning=bool(turning),
        answers=[
            {
                "asks": answer.question.asks,
                "clause": answer.question.clause,
                "limit": limit_of(answer.question),
                "shown": answer.shown,
                "met": answer.truth,
                "source": answer.given.source if answer.given else "",
                "entries": (answer.given.entry,) if answer.given and answer.given.entry is not None else (),
                "turning": answer.question.name in turning,
            }
            for answer in rule.answers
        ],
        review=incident.reviews[-1] if incident.reviews else None,
        actions=[
            {"action": each.event.action, "owner": who(each.event.owner), "due": each.event.due, "entries": (each.seq,)}
            for each in incident.actions
        ],
        record=sorted(_record(found, local), key=lambda row: row.seq),
        identity=_identity(found),
        version=__version__,
        style=Markup(STYLE),  # noqa: S704 -- our own constant
        policy=policy(STYLE_DIGEST),
        right=Markup(' class="right"'),
    )


def _decided(found: IncidentStanding) -> str:
    """Return what was decided, said to be a decision: the rule may give something else."""
    decided = found.incident.classified
    return f"decided: {decided[-1].event.decided.replace('-', ' ')}" if decided else ""


def _story(found: IncidentStanding, local: Local) -> str:
    """Return the incident in a few sentences."""
    incident = found.incident
    parts = []
    began = incident.first("occurred") or incident.first("detected", "disrupted")
    if began is not None:
        parts.append(
            f"It {'began' if began.event.fact == 'occurred' else 'was noticed'} at "
            f"{local.date_time(began.event.occurred_utc_us)}."
        )
    down = [each for each in found.services if each.restored_utc_us is None]
    back = [each for each in found.services if each.restored_utc_us is not None]
    parts += [f"{each.service} has been out {left_words(each)}." for each in down]
    parts += [f"{each.service} was {left_words(each)}." for each in back]
    declared = incident.first("declared")
    if declared is not None:
        by = f" by {who(declared.event.by)}" if declared.event.by else ""
        parts.append(f"Declared at {local.time(declared.event.occurred_utc_us)}{by}.")
    if incident.trust_lost and not incident.done("verified"):
        parts.append("Trust was lost and nothing has been verified yet: nothing may serve.")
    return " ".join(parts) or "Nothing but its opening is on record."


def _cards(found: IncidentStanding, local: Local) -> Iterator[Card]:
    """Yield the four figures that a reader looks for first."""
    worst = min(found.services, key=lambda each: (each.restored_utc_us is not None, _left(each) or 0), default=None)
    if worst is None:
        yield Card("Services disrupted", "none", "that anybody recorded")
    else:
        left = _left(worst)
        value = "–" if left is None else ("−" if left < 0 else "") + hours_minutes(left)
        name = "Tolerance left" if worst.restored_utc_us is None else "Tolerance that was left"
        until = ", until the day must close" if left is not None and left == worst.day_left_us else ""
        yield Card(name, value, f"{worst.service}{until}")
    clocks = {clock.formula: clock for clock in found.clocks}
    for name, formula in (("Noticed after", "occurred → detected"), ("Declared after", "detected → declared")):
        clock = clocks[formula]
        value = "–" if clock.value_us is None else duration(clock.value_us)
        of = "and still running" if clock.running else (clock.note or formula)
        yield Card(name, value, of)
    due = [(fact.event.due_utc_us or 0, fact.event.text) for fact in found.decisions_due]
    due += [
        (report.due_utc_us, report.name)
        for report in found.deadlines
        if report.due_utc_us is not None and report.sent_utc_us is None
    ]
    if due:
        at, text = min(due)
        left = at - found.now_utc_us
        yield Card("Due next", ("−" if left < 0 else "") + hours_minutes(left), f"{text}, {local.time(at)}")
    else:
        yield Card("Due next", "–", "no decision and no report")


def _left(each: ServiceStanding) -> int | None:
    """Return what is left of a tolerance, by its time or by the end of the day: whichever comes first."""
    return min((left for left in (each.left_us, each.day_left_us) if left is not None), default=None)


def _timeline(found: IncidentStanding, local: Local) -> Markup:
    incident = found.incident
    flags = [
        Flag(
            fact.event.occurred_utc_us,
            f"{called(fact.event.fact)} {local.time(fact.event.occurred_utc_us)}",
            _KINDS.get(fact.event.fact, "objective" if fact.event.fact == "decided" else ""),
        )
        for fact in incident.of(*_FLAGGED)
    ]
    rows = tuple(_strip(each, found.now_utc_us) for each in found.services)
    times = [flag.at for flag in flags] + [span.end for row in rows for span in row.spans if span.state != "available"]
    times += [span.begin for row in rows for span in row.spans] + [limit.at for row in rows for limit in row.limits]
    if not incident.closed:
        times.append(found.now_utc_us)
    begin, end = min(times, default=found.now_utc_us), max(times, default=found.now_utc_us)
    margin = max((end - begin) // _MARGIN, 60_000_000)
    shown = local.time if end - begin < _DAY_US else local.date_time
    return strips(flags, rows, begin - margin, end + margin, shown, f"Timeline of incident {incident.id}")


def _strip(each: ServiceStanding, now_utc_us: int) -> Strip:
    """Return a service's strip: disrupted until its minimum, degraded until it is whole; again, if it fell again."""
    spans = []
    for number, spell in enumerate(each.spells):
        begin = spell.disrupted_utc_us
        next_us = each.spells[number + 1].disrupted_utc_us if number + 1 < len(each.spells) else now_utc_us
        minimum = next_us if spell.minimum_utc_us is None else spell.minimum_utc_us
        spans.append(Span(begin, minimum, "disrupted", f"disrupted for {hours_minutes(minimum - begin)}"))
        until = next_us if spell.full_utc_us is None else spell.full_utc_us
        if spell.minimum_utc_us is not None and until > minimum:
            spans.append(Span(minimum, until, "degraded", "at its minimum service"))
        if spell.full_utc_us is not None:
            spans.append(Span(until, max(until, next_us), "available", "available"))
    # Every disruption has the RTO to itself; of the tolerance those before it have taken their part.
    last_us = each.spells[-1].disrupted_utc_us
    before_us = sum(max(0, (spell.minimum_utc_us or 0) - spell.disrupted_utc_us) for spell in each.spells[:-1])
    limits = []
    if each.rto_us is not None:
        limits.append(Flag(last_us + each.rto_us, "RTO", "objective"))
    if each.tolerance_us is not None and (before_us or each.tolerance_us != each.rto_us):
        limits.append(Flag(last_us + max(0, each.tolerance_us - before_us), "tolerance", "limit"))
    return Strip(each.service, tuple(spans), tuple(limits))


def _service(each: ServiceStanding, local: Local) -> dict[str, object]:
    def shown(at: int | None) -> str:
        return "–" if at is None else local.date_time(at)

    return {
        "name": each.service,
        "state": each.state,
        "tone": {"available": "done", "degraded": "due"}.get(each.state, "late"),
        "disrupted": shown(each.disrupted_utc_us),
        "minimum": shown(each.restored_utc_us),
        "full": shown(each.full_utc_us),
        "limits": left_words(each),
        "entries": each.entries,
    }


def _decisions(found: IncidentStanding, local: Local) -> Iterator[dict[str, object]]:
    """Yield what was decided and what is due, as it occurred."""
    due = {fact.seq for fact in found.decisions_due}
    for fact in found.incident.of("declared", "decided", "decision-due"):
        event = fact.event
        by = f" ({who(event.by)})" if event.by else ""
        if fact.seq in due and event.due_utc_us is not None:
            left = event.due_utc_us - found.now_utc_us
            soon = f"in {hours_minutes(left)}" if left >= 0 else f"overdue by {hours_minutes(left)}"
            told = f"Due by {local.time(event.due_utc_us)}, {soon}: {event.text}{by}"
            yield {"at": "", "what": told, "tone": "late" if left < 0 else "due", "entries": (fact.seq,)}
        else:
            text = event.text or called(event.fact)
            said = (
                f"Declared: {text}"
                if event.fact == "declared" and event.text
                else text.capitalize()
                if not event.text
                else text
            )
            yield {"at": local.time(event.occurred_utc_us), "what": f"{said}{by}", "tone": "", "entries": (fact.seq,)}


def _reports(found: IncidentStanding, local: Local) -> Iterator[dict[str, object]]:
    for report in found.deadlines:
        standing = report.standing(found.now_utc_us)
        told = {"due": "due by", "overdue": "overdue since"}.get(standing, standing)
        at = report.sent_utc_us if report.sent_utc_us is not None else report.due_utc_us
        if at is None and report.if_major_utc_us is not None:
            told, at = "not running; if major, by", report.if_major_utc_us
        tone = {"overdue": "late", "sent late": "late", "due": "due", "sent": "done"}.get(standing, "muted")
        yield {
            "name": report.name.capitalize(),
            "clause": report.clause,
            "counted": report.counted_from,
            "note": report.note,
            "standing": told,
            "at": "" if at is None else local.date_time(at),
            "tone": tone,
            "entries": report.entries,
        }


def _record(found: IncidentStanding, local: Local) -> Iterator[_Row]:
    """Yield every entry of the incident, what was corrected marked as gone."""
    incident = found.incident
    opened = incident.opened
    yield _Row(
        opened.seq, "", local.date_time(opened.at_utc_us), f"opened: {opened.event.title}", who(opened.event.by), ""
    )
    counting = {fact.seq for fact in incident.counting}
    for fact in incident.facts:
        event = fact.event
        more = ""
        if event.corrects is not None:
            more = f" ({'decides' if event.fact == 'decided' else 'corrects'} entry {event.corrects})"
        answered = event.fact == "decision-due"
        gone = fact.seq not in counting and not answered and event.standing != "withdrawn"
        yield _Row(
            fact.seq,
            local.date_time(event.occurred_utc_us),
            local.date_time(fact.at_utc_us),
            f"{what(event)}{more}",
            who(event.by),
            event.source or "",
            gone,
        )
    last = {name: answer.seq for name, answer in incident.worksheet.items()}
    for answer in incident.answers:
        given = answer.event
        told = f"worksheet: {given.question} {answer_words(given)}"
        occurred, recorded = local.date_time(given.occurred_utc_us), local.date_time(answer.at_utc_us)
        gone = last[given.question] != answer.seq
        yield _Row(answer.seq, occurred, recorded, told, who(given.by), given.source, gone)
    for each in incident.classified:
        told = f"classified as {each.event.decided.replace('-', ' ')}: {each.event.why}"
        occurred, recorded = local.date_time(each.event.occurred_utc_us), local.date_time(each.at_utc_us)
        yield _Row(each.seq, occurred, recorded, told, who(each.event.by), "")
    for review in incident.reviews:
        occurred, recorded = local.date_time(review.event.occurred_utc_us), local.date_time(review.at_utc_us)
        told = f"reviewed, with {count(len(review.event.lessons), 'lesson')}"
        yield _Row(review.seq, occurred, recorded, told, who(review.event.by), "")
    for action in incident.actions:
        told = f"action: {action.event.action}; {who(action.event.owner)}, by {action.event.due}"
        yield _Row(action.seq, "", local.date_time(action.at_utc_us), told, who(action.event.by), "")


def _identity(found: IncidentStanding) -> list[tuple[str, str]]:
    incident = found.incident
    return [
        ("Log", incident.log),
        ("Entries", f"#{incident.opened.seq} to #{incident.last_seq}"),
        ("Model digest", incident.opened.event.model_digest or "none: no model could be read when it was opened"),
        ("Recorded with", f"Holdfast {incident.opened.event.version}"),
    ]
