"""One self-contained page for one tabletop: the same judgement gives the same bytes, and no string can break out."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from holdfast import __version__
from holdfast.checks.words import count, declared
from holdfast.measures.tabletop import Decision, Discussed, ExpectedDecision
from holdfast.report.headline import VERDICT_WORDS
from holdfast.report.incident_words import called, hours_minutes, who
from holdfast.report.page import ENVIRONMENT, MARKS, Card, policy
from holdfast.report.record_style import STYLE, STYLE_DIGEST
from holdfast.report.strips import Flag, Span, Strip, strips
from holdfast.report.tabletop_template import PAGE
from holdfast.report.when import Local
from holdfast.state.tabletop import Tabletop

_TEMPLATE = ENVIRONMENT.from_string(PAGE)
_US_PER_MS = 1_000
_MINUTE_US = 60_000_000
_MARGIN = 30
_STATES = {"held": "available", "broken": "disrupted", "unknown": "degraded"}


def render_tabletop(found: Discussed, local: Local) -> str:
    """Return the page of a tabletop, with the times of day at which it was held in ``local``."""
    tabletop = found.tabletop
    event = tabletop.opened.event
    return _TEMPLATE.render(
        d=found,
        title=found.scenario.title,
        institution=found.model.institution,
        kind=event.exercise_type.capitalize(),
        began=local.date_time(event.occurred.utc_us),
        zone=local.name,
        words=VERDICT_WORDS,
        marks=MARKS,
        story=_story(found),
        why=_why(found),
        cards=list(_cards(found)),
        timeline=_timeline(found),
        injects=list(_injects(found)),
        others=[_decision(each) for each in found.others],
        attended=", ".join(who(each) for each in tabletop.attended),
        absent=", ".join(found.absent),
        observed=list(_said(tabletop, "note")),
        washed=list(_said(tabletop, "hot-wash")),
        gaps=[
            {
                "outcome": each.outcome.capitalize(),
                "what": each.inject.expect,
                "who": each.inject.by,
                "entries": each.entries,
            }
            for each in found.missed
        ],
        actions=[
            {"action": each.event.action, "owner": who(each.event.owner), "due": each.event.due, "entries": (each.seq,)}
            for each in tabletop.actions
        ],
        identity=[
            ("Log", tabletop.log),
            ("Entries", f"#{tabletop.opened.seq} to #{tabletop.last_seq}"),
            ("Scenario", f"{event.scenario} ({event.exercise_type}), service {event.service}"),
            ("Model digest", event.model_digest),
            ("Recorded with", f"Holdfast {event.version}"),
        ],
        record=sorted(_record(tabletop, local), key=lambda row: int(str(row["seq"]))),
        version=__version__,
        style=Markup(STYLE),  # noqa: S704 -- our own constant
        policy=policy(STYLE_DIGEST),
        right=Markup(' class="right"'),
    )


def _clock(clock_ms: int) -> str:
    return hours_minutes(clock_ms * _US_PER_MS)


def _story(found: Discussed) -> str:
    """Return what came of it in a few sentences."""
    if found.verdict == "invalid":
        return "It ended before anything was told: there was no exercise."
    expected = len(found.expected)
    counts = {word: sum(each.outcome == word for each in found.expected) for word in ("in time", "late", "not made")}
    parts = [f"Of {count(expected, 'decision')} that were expected, {counts['in time']} were made in time"]
    if counts["late"]:
        parts.append(f"{counts['late']} late")
    if counts["not made"]:
        parts.append(f"{counts['not made']} not at all")
    other = sum(each.answer == "broken" for each in found.expected) - counts["late"] - counts["not made"]
    if other:
        parts.append(f"{other} otherwise or by another role")
    unknown = sum(each.answer == "unknown" for each in found.expected)
    tail = f" Of {unknown} nothing can be said." if unknown else ""
    return f"{', '.join(parts)}.{tail}" if expected else "Nothing was expected of anybody, so nothing was shown."


def _why(found: Discussed) -> str:
    open_ = "" if found.tabletop.closed else " The exercise is still open."
    unapproved = "" if found.limits_approved else " The service's limits were approved by no body."
    return f"Evidence class: {found.evidence_class}. A tabletop proves no recovery time.{unapproved}{open_}"


def _cards(found: Discussed) -> Iterator[Card]:
    tabletop = found.tabletop
    made = sum(each.answer == "held" for each in found.expected)
    yield Card("Decided in time", f"{made} of {len(found.expected)}", "decisions that were expected")
    told = f"{len(tabletop.injects)} of {len(found.scenario.injects)}"
    yield Card("Injects told", told, f"up to {_clock(tabletop.clock_ms)} of the scenario")
    late = [each for each in found.expected if each.outcome == "late" and each.after_ms is not None]
    worst = max(late, key=lambda each: (each.after_ms or 0) - (each.inject.within_ms or 0), default=None)
    if worst is None:
        yield Card("Latest decision", "–", "none was late, as discussed")
    else:
        passed = (worst.after_ms or 0) - (worst.inject.within_ms or 0)
        yield Card("Latest decision", f"+{declared(passed)}", f"past its time, by {worst.inject.by}")
    yield Card("At the table", f"{len(tabletop.attended)}", f"{count(len(found.absent), 'role')} missing")


def _timeline(found: Discussed) -> Markup:
    """Return the clock of the scenario: each inject that was told, and how long its decision took."""
    tabletop = found.tabletop
    flags = [
        Flag(told.event.clock_ms * _US_PER_MS, f"{number}", "objective") for number, told in tabletop.injects.items()
    ]
    rows = tuple(_strip(each, tabletop) for each in found.expected if each.told_ms is not None)
    ends = [flag.at for flag in flags] + [span.end for row in rows for span in row.spans]
    end = max([*ends, tabletop.clock_ms * _US_PER_MS, _MINUTE_US])
    margin = max(end // _MARGIN, _MINUTE_US)
    return strips(flags, rows, 0, end + margin, hours_minutes, f"The scenario of {tabletop.id}, as discussed")


def _strip(each: ExpectedDecision, tabletop: Tabletop) -> Strip:
    """Return the strip of one decision: the time it may take, and what was needed beyond or left."""
    told_us = (each.told_ms or 0) * _US_PER_MS
    due_us = told_us + (each.inject.within_ms or 0) * _US_PER_MS
    state = _STATES[each.answer]
    taken_ms = None if each.after_ms is None else (each.told_ms or 0) + each.after_ms
    until_us = (tabletop.clock_ms if taken_ms is None else taken_ms) * _US_PER_MS
    spans = [Span(told_us, max(until_us, told_us), state, f"{each.outcome}: {each.inject.expect}")]
    limits = [Flag(due_us, "due", "limit")]
    if taken_ms is not None:
        limits.append(Flag(until_us, "", "objective"))
    return Strip(f"{each.number} {each.inject.by}"[:28], tuple(spans), tuple(limits))


def _injects(found: Discussed) -> Iterator[dict[str, object]]:
    judged = {each.number: each for each in found.expected}
    for number, inject in enumerate(found.scenario.injects, 1):
        told = found.tabletop.injects.get(number)
        came = judged.get(number)
        own = [each for each in found.tabletop.decisions if each.event.inject == number]
        yield {
            "clock": _clock(inject.at_ms if told is None else told.event.clock_ms),
            "to": inject.to,
            "tell": inject.tell,
            "told": () if told is None else (told.seq,),
            "expect": inject.expect,
            "by": inject.by,
            "within": declared(inject.within_ms or 0),
            "tests": ", ".join(inject.tests),
            "decisions": [_decision(each) for each in own] if came is not None else [],
            "answer": came.answer if came is not None else "",
            "outcome": came.outcome.capitalize() if came is not None else ("Told" if told else "Not told"),
            "why": came.why if came is not None else "",
        }


def _decision(each: Decision) -> dict[str, object]:
    return {
        "clock": _clock(each.event.clock_ms),
        "text": each.event.text,
        "by": who(each.event.by),
        "entries": (each.seq,),
    }


def _said(tabletop: Tabletop, kind: str) -> Iterator[dict[str, object]]:
    for fact in tabletop.of(kind):
        clock = "" if fact.event.clock_ms is None else _clock(fact.event.clock_ms)
        yield {"clock": clock, "text": fact.event.text, "by": who(fact.event.by), "entries": (fact.seq,)}


def _record(tabletop: Tabletop, local: Local) -> Iterator[dict[str, object]]:
    """Yield every entry of the tabletop."""

    def row(seq: int, at_utc_us: int, what: str) -> dict[str, object]:
        return {"seq": seq, "at": local.date_time(at_utc_us), "what": what}

    opened = tabletop.opened
    by = f", led by {who(opened.event.by)}" if opened.event.by else ""
    yield row(opened.seq, opened.at_utc_us, f"{opened.event.exercise_type} of {opened.event.scenario} began{by}")
    for told in tabletop.told:
        yield row(told.seq, told.at_utc_us, f"inject {told.event.inject} told at {_clock(told.event.clock_ms)}")
    for each in tabletop.decisions:
        event = each.event
        on = f"on inject {event.inject}" if event.inject is not None else "on nothing that was told"
        made = f"decided {on} at {_clock(event.clock_ms)}, as expected: {event.as_expected}"
        yield row(each.seq, each.at_utc_us, f"{made}; {event.text}{f' ({who(event.by)})' if event.by else ''}")
    for fact in tabletop.facts:
        name = f" {who(fact.event.by)}" if fact.event.by else ""
        text = f": {fact.event.text}" if fact.event.text else ""
        yield row(fact.seq, fact.at_utc_us, f"{called(fact.event.fact)}{name}{text}")
    for action in tabletop.actions:
        told_of = f"action: {action.event.action}; {who(action.event.owner)}, by {action.event.due}"
        yield row(action.seq, action.at_utc_us, told_of)
