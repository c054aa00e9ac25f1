"""What an incident's facts, limits and classification read like, alike on a terminal and on a page."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.checks.words import count
from holdfast.evidence.spoken import CriterionAnswered, FactRecorded, Happening
from holdfast.measures.classification import QUESTIONS, number_words
from holdfast.measures.deadlines import Deadline
from holdfast.measures.incident import IncidentStanding, ServiceStanding
from holdfast.report.when import Local
from holdfast.state.incident import Fact

_MINUTE_US = 60_000_000
DIGEST_CHARS = 64
_CALLED: Mapping[Happening, str] = {
    "minimum-service": "minimum service",
    "full-service": "full service",
    "trust-lost": "trust lost",
    "decision-due": "decision due",
    "notified-initial": "initial notification sent",
    "notified-intermediate": "intermediate report sent",
    "notified-final": "final report sent",
    "hot-wash": "hot wash",
}


def hours_minutes(us: int) -> str:
    """Return microseconds as ``1:05``, hours and minutes, what has begun of a minute left out."""
    minutes = abs(us) // _MINUTE_US
    return f"{minutes // 60}:{minutes % 60:02d}"


def called(happening: Happening) -> str:
    """Return what a fact's kind is called."""
    return _CALLED.get(happening, happening)


def who(by: str | None) -> str:
    """Return who, in words: a role by its name, a person by the first digits of the digest."""
    if by is None:
        return ""
    return f"person {by[:8]}…" if len(by) == DIGEST_CHARS else by


def what(event: FactRecorded) -> str:
    """Return what a fact says, without its time."""
    happened = called(event.fact)
    if event.standing != "happened":
        happened = f"{happened} {event.standing.replace('-', ' ')}"
    of = f" {event.service}" if event.service else ""
    return f"{happened}{of}{f': {event.text}' if event.text else ''}"


def fact_words(fact: Fact) -> str:
    """Return a fact in one line."""
    event = fact.event
    parts = [what(event)]
    if event.by:
        parts.append(f"by {who(event.by)}")
    if event.source:
        parts.append(f"source: {event.source}")
    if event.corrects is not None:
        parts.append(f"{'decides' if event.fact == 'decided' else 'corrects'} entry {event.corrects}")
    return ", ".join(parts)


def answer_words(event: CriterionAnswered) -> str:
    """Return an answer of the worksheet in words, in the unit of its question."""
    question = QUESTIONS.get(event.question)
    if question is None or event.answer != "value" or event.value is None:
        return f"{event.answer}{', estimated' if event.estimated else ''}"
    return f"{'about ' if event.estimated else ''}{number_words(question, event.value, event.of)}"


def left_words(service: ServiceStanding) -> str:
    """Return how a service stands against each of its limits."""
    back, left_us = service.restored_utc_us is not None, service.left_us
    times = f" in {len(service.spells)} times" if len(service.spells) > 1 else ""
    out = f"for {hours_minutes(service.out_us)}{times}"
    parts = [f"out {out}" if back else out]
    if left_us is None:
        parts[0] += "" if back else "; no model, no limits"
    elif back:
        parts.append("tolerance kept" if service.kept else _passed(left_us))
    else:
        parts.append(f"tolerance left {hours_minutes(left_us)}" if left_us >= 0 else _passed(left_us))
    if service.rto_left_us is not None:
        met = "met" if back else f"left {hours_minutes(service.rto_left_us)}"
        parts.append(f"RTO {met if service.rto_left_us >= 0 else f'missed by {hours_minutes(service.rto_left_us)}'}")
    if service.day_left_us is not None and (not back or service.day_left_us < 0):
        left, late = hours_minutes(service.day_left_us), service.day_left_us < 0
        should = f"the day should have closed {left} {'before' if back else 'ago'}"
        parts.append(should if late else f"the day must close {left} from now")
    return ", ".join(parts)


def _passed(left_us: int) -> str:
    """Return how a tolerance was passed: by its time, or by the end of the day alone."""
    return f"tolerance passed by {hours_minutes(left_us)}" if left_us < 0 else "tolerance passed by the end of the day"


def due_words(fact: Fact, now_utc_us: int, local: Local) -> str:
    """Return a decision that is due, and how soon."""
    until = fact.event.due_utc_us or 0
    left = until - now_utc_us
    soon = f"in {hours_minutes(left)}" if left >= 0 else f"overdue by {hours_minutes(left)}"
    return f"by {local.time(until)} ({soon}): {fact.event.text} (entry {fact.seq})"


def classified_words(found: IncidentStanding) -> str:
    """Return how the incident is classified: by the rule, by whoever decided, and where the two part."""
    rule = found.classification
    open_ = count(len(rule.could_turn), "answer that could turn it is", "answers that could turn it are")
    by_rule = rule.result if rule.result != "not yet decidable" else f"not yet decidable, {open_} open"
    if not found.incident.classified:
        return f"by the rule: {by_rule}"
    last = found.incident.classified[-1]
    by = f" by {who(last.event.by)}" if last.event.by else ""
    decided = last.event.decided.replace("-", " ")
    parts = "" if rule.result in {decided, "not yet decidable"} else ": the two differ"
    return f"decided: {decided}{by} (entry {last.seq}); by the rule: {by_rule}{parts}"


def report_when(report: Deadline, local: Local) -> str:
    """Return when a report was sent, or until when it is due, or would be."""
    if report.sent_utc_us is not None:
        return f" {local.date_time(report.sent_utc_us)}"
    if report.due_utc_us is not None:
        return f" by {local.date_time(report.due_utc_us)}"
    if report.if_major_utc_us is not None:
        return f" (if major, by {local.date_time(report.if_major_utc_us)} or four hours after that is decided)"
    return ""
