"""Where an incident stands at one moment: its clocks by name, each service against its own limits, what is due next.

Times are those that people gave: wall-clock time, never a monotonic one, so that a clock is as exact as they were. A
clock without its two instants says which one is missing; one that still runs says how long so far.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

from holdfast.evidence.spoken import CriterionAnswered, Happening
from holdfast.measures.classification import QUESTIONS, Classification, Given, classify, result_of
from holdfast.measures.deadlines import Deadline, Moment, deadlines
from holdfast.model.types import Calendar, Model, Service
from holdfast.state.exercise import Recorded
from holdfast.state.incident import Fact, Incident, oddities

US_PER_MS = 1_000
_SATURDAY = 5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

State = Literal["available", "degraded", "disrupted", "tolerance breached", "limits unknown"]


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock: which two instants it lies between, how long, and whether it still runs."""

    name: str
    formula: str
    value_us: int | None
    running: bool
    entries: tuple[int, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """One time that a service was disrupted, until its minimum and until it was whole; None where that is not yet."""

    disrupted_utc_us: int
    minimum_utc_us: int | None
    full_utc_us: int | None


@dataclass(frozen=True, slots=True)
class ServiceStanding:
    """One service that was disrupted, against its own limits, in microseconds; None where it has none, or is unknown.

    One that fell again was disrupted more than once, in ``spells``: ``out_us`` is all the time until the minimum
    service, or until now, which is what the tolerance limits; ``longest_us`` is the longest of them, which the RTO
    limits. ``disrupted_utc_us`` is when it was disrupted first, ``restored_utc_us`` and ``full_utc_us`` when it was
    back last, None while it is not. ``day_left_us`` is what was left, when it was back or else now, until the day must
    be closed, where the tolerance asks for that.
    """

    service: str
    state: State
    disrupted_utc_us: int
    restored_utc_us: int | None
    full_utc_us: int | None
    spells: tuple[Span, ...]
    out_us: int
    longest_us: int
    rto_us: int | None
    tolerance_us: int | None
    day_left_us: int | None
    entries: tuple[int, ...]

    @property
    def left_us(self) -> int | None:
        """What is left of the tolerance, below zero what it was passed by."""
        return None if self.tolerance_us is None else self.tolerance_us - self.out_us

    @property
    def rto_left_us(self) -> int | None:
        """What is left of the RTO, below zero what it was missed by."""
        return None if self.rto_us is None else self.rto_us - self.longest_us

    @property
    def kept(self) -> bool:
        """Whether its tolerance was kept so far: the time, and the end of the day where it asks for that."""
        return (self.left_us is None or self.left_us >= 0) and (self.day_left_us is None or self.day_left_us >= 0)


@dataclass(frozen=True, slots=True)
class IncidentStanding:
    """Everything that can be said of an incident at one moment, with the entries it rests on."""

    incident: Incident
    model: Model | None
    now_utc_us: int
    classification: Classification
    is_major: bool
    clocks: tuple[Clock, ...]
    services: tuple[ServiceStanding, ...]
    decisions_due: tuple[Fact, ...]
    deadlines: tuple[Deadline, ...]
    oddities: tuple[str, ...]


def standing(incident: Incident, model: Model | None, now_utc_us: int, zone: tzinfo) -> IncidentStanding:
    """Return where an incident stands at ``now_utc_us``; ``zone`` is the institution's, for days and months."""
    services = tuple(_services(incident, model, now_utc_us, zone))
    result = classify(worksheet(incident, now_utc_us))
    decided = incident.classified[-1].event.decided if incident.classified else None
    is_major = decided == "major" or (decided is None and result.result == "major")
    reports = _reports(incident, model.calendar if model else None, zone, now_utc_us) if _reported(model) else ()
    return IncidentStanding(
        incident=incident,
        model=model,
        now_utc_us=now_utc_us,
        classification=result,
        is_major=is_major,
        clocks=tuple(_clocks(incident, now_utc_us)),
        services=services,
        decisions_due=_due(incident),
        deadlines=reports,
        oddities=oddities(incident),
    )


def worksheet(incident: Incident, now_utc_us: int) -> Mapping[str, Given]:
    """Return the answers of the worksheet, and what the record itself answers where nobody did: duration, downtime.

    Article 3(1): the duration runs from the occurrence, else from the detection, until it is resolved; 3(2): the
    downtime from the first partial unavailability until the level of before. As long as they run they are *longer
    than so far*: that can meet a threshold, and never shows that it is not met. A number that somebody gave, or
    *unknown*, counts until the record itself has passed the limit.
    """
    given = {name: _given(answer) for name, answer in incident.worksheet.items()}
    derived = {name: one for name, one, _ in _derived(incident, now_utc_us)}
    return {**derived, **{name: one for name, one in given.items() if not _outrun(name, one, derived.get(name))}}


def _given(answer: Recorded[CriterionAnswered]) -> Given:
    event = answer.event
    estimated = event.estimated and event.answer != "unknown"
    return Given(event.answer, event.source, event.value, event.of, estimated, answer.seq)


def _outrun(name: str, given: Given, derived: Given | None) -> bool:
    """Return whether the record has passed a limit that an earlier number did not pass, or that was unknown then.

    A plain yes or no stands: only people know that no critical function was behind what was down.
    """
    limit = QUESTIONS[name].limit
    if derived is None or derived.value is None or derived.value <= limit or given.answer in {"yes", "no"}:
        return False
    return given.value is None or given.value <= limit


def _derived(incident: Incident, now_utc_us: int) -> Iterator[tuple[str, Given, int]]:
    """Yield what the record itself answers, with when it came to that: UTC µs.

    One that was closed without a service that was disrupted ended, at the latest, then: that can show that a limit was
    kept, and not that it was passed.
    """
    over = [incident.whole(service) for service in incident.services]
    ends = [fact.event.occurred_utc_us for fact in over if fact is not None]
    whole = bool(over) and len(ends) == len(over)
    closed = incident.first("closed")
    latest_only = closed is not None and not over
    until = max(ends) if whole else _until(incident, now_utc_us)
    for name, since in (
        ("duration", incident.first("occurred", "detected")),
        ("downtime", incident.first("disrupted")),
    ):
        if since is None:
            continue
        value = max(0, until - since.event.occurred_utc_us) // US_PER_MS
        limit = QUESTIONS[name].limit
        passed_us = since.event.occurred_utc_us + limit * US_PER_MS
        if value > limit and not latest_only:
            said = "the record" if whole else "the record, so far"
            yield name, Given("value", said, value, entry=since.seq), passed_us
        elif value <= limit and (whole or latest_only):
            yield name, Given("value", "the record", value, entry=since.seq), until


def _reported(model: Model | None) -> bool:
    """Whether the institution answers to DORA; without a model nobody knows, and the clocks are shown."""
    return model is None or "dora" in model.regimes


def _clocks(incident: Incident, now_utc_us: int) -> Iterator[Clock]:
    yield _between(incident, "MTTD, time to detect", "occurred", "detected", now_utc_us)
    yield _between(incident, "Time to declare", "detected", "declared", now_utc_us)
    yield _execution(incident, now_utc_us)
    if incident.done("contained") or incident.trust_lost:
        yield _between(incident, "Time to contain", "detected", "contained", now_utc_us)
    if incident.trust_lost:
        yield _between(incident, "Eradication", "contained", "eradicated", now_utc_us)
        yield _between(incident, "Verified", "contained", "verified", now_utc_us)


def _between(incident: Incident, name: str, begin: Happening, end: Happening, now_utc_us: int) -> Clock:
    """Return the clock between the first of each; one that has begun and not ended runs."""
    first, last = incident.first(begin), incident.first(end)
    formula = f"{begin} → {end}"
    entries = tuple(fact.seq for fact in (first, last) if fact is not None)
    if first is None:
        return Clock(
            name, formula, None, running=False, entries=entries, note=f"Nobody recorded when it {_was(begin)}."
        )
    if last is not None:
        value = last.event.occurred_utc_us - first.event.occurred_utc_us
        if value < 0:
            note = f"{end.capitalize()} is said to be before {begin}: one of the two is wrong."
            return Clock(name, formula, None, running=False, entries=entries, note=note)
        return Clock(name, formula, value, running=False, entries=entries)
    if (waived := incident.waived(end)) is not None:
        note = f"Not needed: {waived.event.text}"
        return Clock(name, formula, None, running=False, entries=(*entries, waived.seq), note=note)
    if incident.closed:
        return Clock(name, formula, None, running=False, entries=entries, note=f"Never {end}: censored.")
    return Clock(name, formula, max(0, now_utc_us - first.event.occurred_utc_us), running=True, entries=entries)


def _was(step: Happening) -> str:
    return step if step == "occurred" else f"was {step}"


def _execution(incident: Incident, now_utc_us: int) -> Clock:
    """Return declared → minimum service of the last service that came back."""
    name, formula = "Execution", "declared → minimum service"
    declared = incident.first("declared")
    if declared is None:
        waived = incident.waived("declared")
        note = f"Not needed: {waived.event.text}" if waived else "Nobody declared."
        return Clock(name, formula, None, running=False, entries=(), note=note)
    back = [incident.restored(service) for service in incident.services]
    ended = [fact for fact in back if fact is not None]
    entries = (declared.seq, *(fact.seq for fact in ended))
    running = len(ended) < len(back) or not back
    until = now_utc_us if running else max(fact.event.occurred_utc_us for fact in ended)
    value = until - declared.event.occurred_utc_us
    if value < 0:
        note = "The service was back before anybody declared."
        return Clock(name, formula, None, running=False, entries=entries, note=note)
    note = "Of the last of them." if len(back) > 1 and not running else ""
    return Clock(name, formula, value, running=running and not incident.closed, entries=entries, note=note)


def _services(incident: Incident, model: Model | None, now_utc_us: int, zone: tzinfo) -> Iterator[ServiceStanding]:
    end_us = _until(incident, now_utc_us)
    for name in incident.services:
        spells = incident.spells(name)
        if not spells:
            continue
        spans = tuple(Span(_at(each.disrupted), _told(each.back), _told(each.full)) for each in spells)
        lasted = [
            max(0, (end_us if each.minimum_utc_us is None else each.minimum_utc_us) - each.disrupted_utc_us)
            for each in spans
        ]
        service = model.services.get(name) if model else None
        last = spans[-1]
        day_left_us = _day_left(service, model.calendar if model else None, last, end_us, zone)
        facts = [fact for each in spells for fact in (each.disrupted, each.minimum, each.full) if fact is not None]
        standing_ = ServiceStanding(
            service=name,
            state="limits unknown",
            disrupted_utc_us=spans[0].disrupted_utc_us,
            restored_utc_us=last.minimum_utc_us,
            full_utc_us=last.full_utc_us,
            spells=spans,
            out_us=sum(lasted),
            longest_us=max(lasted),
            rto_us=service.rto_ms * US_PER_MS if service else None,
            tolerance_us=service.impact_tolerance.duration_ms * US_PER_MS if service else None,
            day_left_us=day_left_us,
            entries=tuple(fact.seq for fact in facts),
        )
        yield replace(standing_, state=_state(standing_))


def _state(stands: ServiceStanding) -> State:
    """Return the state in the words of docs/incidents.md; one that is back is back, whatever it took."""
    if stands.restored_utc_us is not None:
        return "available" if stands.full_utc_us is not None else "degraded"
    if stands.tolerance_us is None:
        return "limits unknown"
    return "disrupted" if stands.kept else "tolerance breached"


def _until(incident: Incident, now_utc_us: int) -> int:
    """Return until when what has no end is counted: until now, and no longer than the incident was open."""
    closed = incident.first("closed")
    return now_utc_us if closed is None else min(now_utc_us, _at(closed))


def _at(fact: Fact) -> int:
    return fact.event.occurred_utc_us


def _told(fact: Fact | None) -> int | None:
    return None if fact is None else fact.event.occurred_utc_us


def _day_left(
    service: Service | None, calendar: Calendar | None, last: Span, end_utc_us: int, zone: tzinfo
) -> int | None:
    """Return what was left until the day must be closed that the service was disrupted in, or before.

    The first close after it was disrupted, of a day with settlement: neither a weekend nor a holiday of the calendar.
    None where the tolerance does not ask for it.
    """
    if service is None or calendar is None or not service.impact_tolerance.end_of_day:
        return None
    since_us = last.disrupted_utc_us
    day = (_EPOCH + timedelta(microseconds=since_us)).astimezone(zone).date()
    at = time(calendar.close_by_min // 60 % 24, calendar.close_by_min % 60)
    while day.weekday() >= _SATURDAY or day.isoformat() in calendar.holidays or _utc(day, at, zone) < since_us:
        day += timedelta(days=1)
    return _utc(day, at, zone) - (end_utc_us if last.minimum_utc_us is None else last.minimum_utc_us)


def _utc(day: date, at: time, zone: tzinfo) -> int:
    return (datetime.combine(day, at, zone) - _EPOCH) // timedelta(microseconds=1)


def _due(incident: Incident) -> tuple[Fact, ...]:
    """Return the decisions that are still open, the next one first."""
    waiting = [fact for fact in incident.of("decision-due") if fact.event.due_utc_us is not None]
    return tuple(sorted(waiting, key=lambda fact: (fact.event.due_utc_us or 0, fact.seq)))


def _reports(incident: Incident, calendar: Calendar | None, zone: tzinfo, now_utc_us: int) -> tuple[Deadline, ...]:
    def moment(fact: Fact | None) -> Moment | None:
        return None if fact is None else Moment(fact.event.occurred_utc_us, fact.seq)

    opened = Moment(incident.opened.at_utc_us, incident.opened.seq)
    return deadlines(
        moment(incident.first("detected")),
        opened,
        classified_as_major(incident, now_utc_us),
        moment(incident.first("notified-initial")),
        [Moment(fact.event.occurred_utc_us, fact.seq) for fact in incident.of("notified-intermediate")],
        moment(incident.first("notified-final")),
        calendar,
        zone,
    )


def classified_as_major(incident: Incident, now_utc_us: int) -> Moment | None:
    """Return when the incident became major: by the decision that counts, or by the answer that made it so.

    The earlier of the two, and of several that say the same the first: whoever answers or decides again, with the same
    result, has no more time for it. A last decision of *not major* ends it, whatever the rule gives; that the rule
    disagrees is told beside it.
    """
    if incident.classified and incident.classified[-1].event.decided == "not-major":
        return None
    found: list[Moment] = []
    for each in incident.classified:
        if each.event.decided == "major":
            found.append(Moment(each.event.occurred_utc_us, each.seq))
        else:
            found.clear()
    if result_of(worksheet(incident, now_utc_us)) == "major":
        found.append(_by_the_rule(incident, now_utc_us))
    return min(found, key=lambda moment: moment.utc_us, default=None)


def _by_the_rule(incident: Incident, now_utc_us: int) -> Moment:
    """Return with which answer the rule came to *major*, in the order of their times, since it last gave *not major*.

    An answer that was open again in between did not make it less than major.
    """
    shown = {name: (given, at_us) for name, given, at_us in _derived(incident, now_utc_us)}
    told = [(answer.event.occurred_utc_us, answer.seq, answer.event.question) for answer in incident.answers]
    told += [(at_us, given.entry or 0, name) for name, (given, at_us) in shown.items()]
    said = {answer.seq: _given(answer) for answer in incident.answers}
    known: dict[str, Given] = {}
    became: Moment | None = None
    for at_us, seq, name in sorted(told):
        derived, since_us = shown.get(name, (None, 0))
        given = said.get(seq, known.get(name))
        if derived is not None and at_us >= since_us and (given is None or _outrun(name, given, derived)):
            given = derived
        if name not in QUESTIONS or given is None:
            continue
        known[name] = given
        result = result_of(known)
        if result == "not major":
            became = None
        elif result == "major" and became is None:
            became = Moment(at_us, seq)
    return became or Moment(now_utc_us, incident.last_seq)
