"""A log of what people recorded, for tests: events in order, each at a minute of one day."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from holdfast.evidence.envelope import Envelope, body_of, kind_of
from holdfast.evidence.events import Attachment, Event, Instant, LogOpened
from holdfast.evidence.spoken import (
    CriterionAnswered,
    DecisionTaken,
    FactRecorded,
    Happening,
    IncidentOpened,
    InjectTold,
    TabletopOpened,
)
from holdfast.model.loader import load
from holdfast.model.types import Model
from holdfast.model.vocabulary import Vocabulary

MINUTE_US = 60_000_000
DECLARED = """
institution: Test Bank
regimes: [dora]
calendar: {timezone: Europe/Amsterdam, open: "07:00", cut_off: "17:00", close_by: "17:30", holidays: [2026-12-25]}
services:
  payments:
    owner: gold
    why_important: {harm: [participants], basis: A test.}
    impact: {4h: intolerable}
    impact_tolerance: {duration: 3h, end_of_day: required}
    rto: 2h
    rpo: 0s
    modes: {full: {capacity: 100%, needs: [engine], meets_minimum: true}}
  statements:
    owner: silver
    why_important: {harm: [clients], basis: A test.}
    impact: {2d: intolerable}
    impact_tolerance: {duration: 1d}
    rto: 8h
    rpo: 0s
    modes: {full: {capacity: 100%, needs: [engine], meets_minimum: true}}
resources:
  engine: {kind: application, recovery: {restart: {takes: 5m, cures: [failed], playbook: start-the-engine}}}
roles:
  gold: {title: Gold}
  silver: {title: Silver}
  press: {title: The press office}
scenarios:
  talk:
    title: The engine stops
    family: hardware
    type: tabletop
    service: payments
    basis: A test.
    fail: [engine]
    injects:
      - {at: 0m, to: silver, tell: It is slow.}
      - {at: 10m, to: silver, tell: It stops., expect: Restart it, by: silver, within: 20m, tests: [restart]}
      - {at: 40m, to: press, tell: They ask., expect: Say what is known, by: press, within: 30m}
  alone: {title: Nothing to say, family: data, type: tabletop, service: payments, basis: A test., fail: [engine]}
"""
WORDS = Vocabulary({}, frozenset(), frozenset(), frozenset({"Europe/Amsterdam"}))
NOON_US = round(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()) * 1_000_000
FILE = Attachment("model.json", "0" * 64, 2, "application/json")


@cache
def declared() -> Model:
    """Return the model of ``DECLARED``, which has no errors."""
    found, findings = load({"bank.yaml": DECLARED}, "bank.yaml", WORDS)
    assert found is not None, [str(finding) for finding in findings]
    return found


def at(minute: int) -> int:
    """Return UTC µs so many minutes after noon of the day."""
    return NOON_US + minute * MINUTE_US


def spoken(*events: Event) -> list[Envelope]:
    """Return a log of these after its opening, which is entry 0."""
    every = (LogOpened("holdfast.example/log", "key", "0.1.0"), *events)
    return [
        Envelope(
            1, "log", seq, at(seq), seq, "clock", kind_of(event), "operator", "os", "subject", None, body_of(event)
        )
        for seq, event in enumerate(every)
    ]


def opened(incident: str = "fire") -> IncidentOpened:
    """Return the opening of an incident without a model."""
    return IncidentOpened(incident, "A fire", "0.1.0")


def fact(happening: Happening, minute: int, **more: Any) -> FactRecorded:  # noqa: ANN401 -- members of any type
    """Return a fact of the incident *fire*."""
    given: dict[str, Any] = {"about": "fire", "text": "", **more}
    return FactRecorded(fact=happening, occurred_utc_us=at(minute), **given)


def answer(question: str, given: str = "yes", minute: int = 0, **more: Any) -> CriterionAnswered:  # noqa: ANN401 -- as above
    """Return an answer of the worksheet."""
    said: dict[str, Any] = {"estimated": False, "source": "a test", **more}
    return CriterionAnswered("fire", question, given, occurred_utc_us=at(minute), **said)  # type: ignore[arg-type]


def clock(minute: int) -> Instant:
    """Return an instant on a clock."""
    return Instant(at(minute), minute * MINUTE_US, "boot")


def table_opened(scenario: str = "talk", service: str = "payments") -> TabletopOpened:
    """Return the opening of a tabletop."""
    return TabletopOpened("t-1", scenario, service, "tabletop", FILE, "digest", "0.1.0", clock(0))


def told(inject: int, minute: int) -> InjectTold:
    """Return an inject that was told at a minute of the scenario."""
    return InjectTold("t-1", inject, minute * 60_000, clock(minute))


def decided(inject: int | None, minute: int, by: str | None, as_expected: str = "yes") -> DecisionTaken:
    """Return a decision at a minute of the scenario."""
    return DecisionTaken("t-1", "so be it", as_expected, minute * 60_000, clock(minute), inject, by)  # type: ignore[arg-type]
