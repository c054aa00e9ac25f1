"""Many exercises out of a few: judgements of drills that were played, moved to another day and place in a log."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from holdfast.evidence.classes import EvidenceClass
from holdfast.measures.campaign import run
from holdfast.measures.coverage import coverage
from holdfast.measures.due import upcoming
from holdfast.measures.gaps import gaps
from holdfast.measures.judgement import Judgement
from holdfast.measures.posture import posture
from holdfast.measures.programme import attempt, programme, rates
from holdfast.measures.remediation import remediations
from holdfast.model.types import Model
from holdfast.report.campaign.content import Campaign, LogRead
from holdfast.state.gaps import Handling
from tests.holdfast.drill import SECOND, UTC_US, Drill, play
from tests.holdfast.remains import example_model

LOG = "holdfast.example/log/5f2c"
DAY_US = 86_400 * SECOND
ENTRIES = 40


def lost(drill: Drill) -> Drill:
    """Take an instruction that was acknowledged out of the ledger."""
    key = next(row["key"] for row in drill.records["AURUM"] if row.get("status") == "settled")
    drill.ledger = [row for row in drill.ledger if row.get("key") != key]
    return drill


def without_ledger(drill: Drill) -> Drill:
    """Leave out the ledger, so that nothing is known of it."""
    drill.omit.add("ledger.ndjson")
    return drill


@cache
def judged(scenario: str, outage_ms: int, change: Callable[[Drill], Drill] | None = None) -> Judgement:
    """Return the judgement of a drill of so long an outage, changed or not, without what not every drill makes."""
    with_day = scenario == "lose-dc-a"
    drill = play(scenario=scenario, rate_per_s=3.0, outage_us=outage_ms * 1_000, with_day=with_day)
    return (change(drill) if change else drill).judge()


def moved(judgement: Judgement, number: int, day: float, klass: EvidenceClass | None = None) -> Judgement:
    """Return a judgement as that of the ``number``-th exercise of a log, so many days after the first."""
    exercise = judgement.exercise
    first = 1 + (number - 1) * ENTRIES
    event = replace(exercise.opened.event, exercise=f"{judgement.case.scenario.name}-{number:03d}")
    opened = replace(exercise.opened, seq=first, at_utc_us=UTC_US + round(day * DAY_US), event=event)
    case = replace(judgement.case, exercise=replace(exercise, opened=opened, last_seq=first + ENTRIES - 1))
    return replace(judgement, case=case, evidence_class=klass or judgement.evidence_class)


def campaign(
    judgements: list[Judgement], at_day: float, model: Model | None = None, handled: dict[str, Handling] | None = None
) -> Campaign:
    """Return a campaign of these exercises as it stands so many days after the first."""
    declared = model or example_model()
    at_us = UTC_US + round(at_day * DAY_US)
    attempts = [attempt(each) for each in judgements]
    dues = programme(declared.test_plan, attempts, UTC_US, at_us)
    day = "2026-11-21" if at_day < 1 else "2027-06-01"
    return Campaign(
        model=declared,
        at_utc_us=at_us,
        runs=tuple(run(each) for each in judgements),
        cells=posture(declared, attempts, dues, at_us),
        rates=rates(dues),
        plan=upcoming(dues),
        gaps=remediations(gaps(judgements), handled or {}, declared, {}, day),
        things=coverage(declared, judgements, attempts, day),
        logs=(LogRead(LOG, 1 + ENTRIES * len(judgements), "ab" * 32, "every entry as signed by its key"),),
        refused=(),
        unread=None,
        version="0.1.0",
    )


def many(number: int, seed: int = 3) -> list[Judgement]:
    """Return so many exercises over half a year, of five scenarios, most of which held."""
    dice = random.Random(seed)
    scenarios = ("primary-killed", "primary-host-lost", "primary-frozen-thawed", "lose-dc-a", "naive-client")
    found = []
    for count in range(1, number + 1):
        scenario = scenarios[count % len(scenarios)]
        change = lost if dice.random() < 0.06 or scenario == "naive-client" else None
        change = without_ledger if dice.random() < 0.05 else change
        base = dict(zip(scenarios, (2, 4, 5, 9, 8), strict=True))[scenario]
        outage_ms = dice.choice((base * 600, base * 900, base * 1_000, base * 1_400))
        klass: EvidenceClass | None = "production-like" if scenario == "lose-dc-a" and count > number / 2 else None
        found.append(moved(judged(scenario, outage_ms, change), count, 190 * count / number, klass))
    return found
