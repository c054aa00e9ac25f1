"""The test plan held against the record: what was due, what of it was shown, and the test success rate.

A line of the plan asks for a test in each of its periods, counted from the day that it names (``since``), else from
when the record began; of a log that continues another that is when the first of them began. The first valid attempt in
a period is the one that counts: one that was repeated until it held did not hold. A period that ended without one is
overdue and counts as failed. Attempts that do not count (invalid, not runnable) and retests stand beside the rate and
never in it. So do periods that began in an older log that was not read: what was first tried in them is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import comb
from typing import Literal

from holdfast.checks.validity import Verdict
from holdfast.evidence.classes import EvidenceClass
from holdfast.evidence.envelope import Envelope, event_of
from holdfast.evidence.events import LogOpened
from holdfast.measures.judgement import Judgement
from holdfast.measures.tested import subgraph_digest
from holdfast.model.types import PlannedTest

US_PER_MS = 1_000
PPM = 1_000_000
CONFIDENCE_PPM = 950_000
MAX_PERIODS = 10_000
RED_TEAM = "red-blue"
_VALID: frozenset[Verdict] = frozenset({"held", "broken", "unknown"})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One exercise as the programme sees it: what was tried, when it was opened, and what the record said of it.

    ``limits_approved`` is whether a body had approved the limits that it was judged by; ``tested`` is what
    ``subgraph_digest`` gives for what it tested. ``entry`` of ``log`` opened it.
    """

    exercise: str
    scenario: str
    service: str
    exercise_type: str
    at_utc_us: int
    verdict: Verdict
    as_expected: bool
    evidence_class: EvidenceClass
    limits_approved: bool
    tested: str
    entry: int
    log: str

    @property
    def valid(self) -> bool:
        """Whether it counts: from the first effect of a fault on nothing makes an exercise invalid any more."""
        return self.verdict in _VALID


def attempt(judgement: Judgement) -> Attempt:
    """Return what the programme needs of a judgement."""
    opened = judgement.exercise.opened
    event = opened.event
    return Attempt(
        exercise=event.exercise,
        scenario=event.scenario,
        service=event.service,
        exercise_type=event.exercise_type,
        at_utc_us=judgement.exercise.began_utc_us,
        verdict=judgement.verdict,
        as_expected=judgement.as_expected,
        evidence_class=judgement.evidence_class,
        limits_approved=judgement.limits_approval.standing == "approved",
        tested=subgraph_digest(judgement.model, event.service, event.scenario),
        entry=opened.seq,
        log=judgement.exercise.log,
    )


Standing = Literal["passed", "failed", "overdue", "open", "elsewhere"]


@dataclass(frozen=True, slots=True)
class Due:
    """One period of one line of the plan, from ``begins_utc_us`` up to and without ``ends_utc_us``.

    *open*: it has not ended and nothing that counts was tried in it, so it is not due yet. *elsewhere*: it began in an
    older log that was not read (``unread``), and nothing here shows that it failed.
    """

    test: PlannedTest
    begins_utc_us: int
    ends_utc_us: int
    counts: Attempt | None
    retests: tuple[Attempt, ...]
    invalid: tuple[Attempt, ...]
    ended: bool
    unread: bool = False

    @property
    def standing(self) -> Standing:
        """How it stands. Only *held* passes: broken as expected is still broken, and unknown was not shown."""
        if self.counts is not None and self.counts.verdict != "held":
            return "failed"
        if self.unread:
            return "elsewhere"
        if self.counts is not None:
            return "passed"
        return "overdue" if self.ended else "open"


@dataclass(frozen=True, slots=True)
class Rate:
    """A test success rate: ``passed`` of ``due``, what stands beside it, and the 95 % lower bound in ppm."""

    passed: int
    due: int
    overdue: int
    retests: int
    invalid: int
    elsewhere: int = 0

    @property
    def lower_ppm(self) -> int | None:
        """The rate that is exceeded with 95 % confidence, ``None`` where nothing was due."""
        return lower_bound_ppm(self.passed, self.due) if self.due else None


def began_utc_us(first: Envelope) -> int:
    """Return when a programme began whose record begins with this entry: with the first log of its chain."""
    opened = event_of(first)
    link = opened.continues if isinstance(opened, LogOpened) else None
    return first.at_utc_us if link is None or link.began_utc_us is None else min(link.began_utc_us, first.at_utc_us)


def programme(
    plan: Sequence[PlannedTest],
    attempts: Iterable[Attempt],
    began_utc_us: int,
    at_utc_us: int,
    unread_before_utc_us: int | None = None,
) -> tuple[Due, ...]:
    """Return every period of every line of a plan that had begun by ``at_utc_us``, in the order of the plan.

    ``began_utc_us`` is when the programme began, for the lines that do not say since when they count. Before
    ``unread_before_utc_us`` the record is in an older log that was not read. Of a line with more than ``MAX_PERIODS``
    periods the last ones are returned. What was tried before a line counts, or after ``at_utc_us``, is no part of it.
    """
    tried = sorted((each for each in attempts if each.at_utc_us <= at_utc_us), key=lambda each: each.at_utc_us)
    return tuple(
        replace(due, unread=unread_before_utc_us is not None and due.begins_utc_us < unread_before_utc_us)
        for test in plan
        for due in _periods(test, tried, _origin_utc_us(test, began_utc_us), at_utc_us)
    )


def _origin_utc_us(test: PlannedTest, began_utc_us: int) -> int:
    """Return from when the periods of a line are counted."""
    if test.since is None:
        return began_utc_us
    return round(datetime.fromisoformat(test.since).replace(tzinfo=UTC).timestamp()) * 1_000_000


def success_rate(dues: Iterable[Due]) -> Rate:
    """Return the success rate over these periods; those that are open, or in another log, are not due.

    What a red team tries is left out: of flags fewer taken is better, and a rate of its own.
    """
    every = [due for due in dues if due.test.exercise_type != RED_TEAM]
    standings = [due.standing for due in every]
    return Rate(
        passed=standings.count("passed"),
        due=len(every) - standings.count("open") - standings.count("elsewhere"),
        overdue=standings.count("overdue"),
        retests=sum(len(due.retests) for due in every),
        invalid=sum(len(due.invalid) for due in every),
        elsewhere=standings.count("elsewhere"),
    )


def rates(dues: Iterable[Due]) -> Mapping[str, Rate]:
    """Return the rate of each service that the plan names, in the order of the plan, and none over all of them."""
    every = list(dues)
    services = dict.fromkeys(due.test.service for due in every)
    return {service: success_rate(due for due in every if due.test.service == service) for service in services}


def lower_bound_ppm(passed: int, due: int) -> int:
    """Return the exact one-sided 95 % lower bound of a share, in parts per million, rounded down.

    Clopper and Pearson, Biometrika 26 (1934) 404: the largest p at which ``passed`` or more of ``due`` would be seen
    with a probability of at most 5 %. In whole numbers, so that it is the same on every machine.
    """
    if not 0 <= passed <= due:
        raise ValueError(passed, due)
    low, high = 0, PPM
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _rarely(passed, due, middle) else (low, middle)
    return low


def _rarely(passed: int, due: int, ppm: int) -> bool:
    """Return whether at least ``passed`` of ``due`` are seen with at most 5 % where each passes with ``ppm``."""
    fewer: int = sum(comb(due, k) * ppm**k * (PPM - ppm) ** (due - k) for k in range(passed))
    whole: int = PPM**due
    return (whole - fewer) * PPM <= whole * (PPM - CONFIDENCE_PPM)


def _periods(test: PlannedTest, tried: Sequence[Attempt], began_utc_us: int, at_utc_us: int) -> Iterator[Due]:
    every_us = test.every_ms * US_PER_MS
    asked = (test.scenario, test.service, test.exercise_type)
    own = [each for each in tried if (each.scenario, each.service, each.exercise_type) == asked]
    last = (at_utc_us - began_utc_us) // every_us
    for number in range(max(0, last - MAX_PERIODS + 1), last + 1):
        begins_us = began_utc_us + number * every_us
        within = [each for each in own if begins_us <= each.at_utc_us < begins_us + every_us]
        valid = [each for each in within if each.valid]
        yield Due(
            test=test,
            begins_utc_us=begins_us,
            ends_utc_us=begins_us + every_us,
            counts=valid[0] if valid else None,
            retests=tuple(valid[1:]),
            invalid=tuple(each for each in within if not each.valid),
            ended=begins_us + every_us <= at_utc_us,
        )
