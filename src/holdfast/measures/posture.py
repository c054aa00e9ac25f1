"""Where the institution stands: what its record shows, service by family of scenarios, worst first, never averaged.

Each scenario of a service is one line. Of each class of evidence its last attempt counts, unless a stronger class was
tried later: what broke live is not mended by a range on which it held. Of those that count:

- **broken**: one was broken, and nobody expected it to be;
- **unproven**: of one the outcome is unknown, or one was broken as expected, or all held and the strongest class proves
  no objective (people, reconnection and volume were assumed), or the limits were approved by nobody, or none was tried;
- **stale**: all held, and the one of the strongest class has expired or what it tested has changed since;
- **held**: all held, and none of the above.

A cell is as bad as the worst of its lines: broken, then unproven, then stale, then held. What was broken as its author
expected is a *breaking point*: where the service is known to end. It is told with what failed and what is overdue, and
no cell is held by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from holdfast.evidence.classes import CLASSES, PROVING, EvidenceClass, strength
from holdfast.measures.programme import US_PER_MS, Attempt, Due
from holdfast.measures.tested import tested_now
from holdfast.model.types import Family, Model

State = Literal["broken", "unproven", "stale", "held"]
STATES: tuple[State, ...] = get_args(State)
FAMILIES: tuple[Family, ...] = get_args(Family)
UNPLANNED_VALID_MS = 365 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Line:
    """How one scenario of a service stands: its state, why, the attempt that says so, and until when that counts.

    ``counting`` are the attempts that count, of the strongest class first. ``overdue`` is whether a period of the plan
    ended without an attempt; ``breaking_point`` whether it was broken as expected.
    """

    scenario: str
    state: State
    why: str
    last: Attempt | None
    expires_utc_us: int | None
    overdue: bool
    breaking_point: bool
    counting: tuple[Attempt, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the last attempt did not hold, unexpectedly: one that was stopped or crashed shows nothing either."""
        return self.state == "broken" or any(each.verdict == "unknown" for each in self.counting)


@dataclass(frozen=True, slots=True)
class Cell:
    """One service and one family of scenarios. Without a line no scenario of that family is declared for it."""

    service: str
    family: Family
    lines: tuple[Line, ...]

    @property
    def state(self) -> State:
        """The worst state of its lines; *unproven* without any: what nobody thought of is not shown to hold."""
        return min((line.state for line in self.lines), key=STATES.index, default="unproven")

    @property
    def overdue(self) -> bool:
        """Whether any test of it is overdue."""
        return any(line.overdue for line in self.lines)

    @property
    def by_class(self) -> Mapping[EvidenceClass, tuple[Attempt, ...]]:
        """The attempts that count, by the class of their evidence, the weakest first; a class without any is not in."""
        every = [attempt for line in self.lines for attempt in line.counting]
        found = {each: tuple(one for one in every if one.evidence_class == each) for each in CLASSES}
        return {each: attempts for each, attempts in found.items() if attempts}

    @property
    def breaking_point(self) -> bool:
        """Whether any scenario of it is known to break the service."""
        return any(line.breaking_point for line in self.lines)


def posture(
    model: Model, attempts: Sequence[Attempt], dues: Sequence[Due], at_utc_us: int
) -> Mapping[str, tuple[Cell, ...]]:
    """Return the cells of every service of a model, in the order of ``FAMILIES``, as they stand at ``at_utc_us``."""
    overdue = {(due.test.service, due.test.scenario) for due in _latest_ended(dues) if due.standing == "overdue"}
    found: dict[tuple[str, Family], list[Line]] = {}
    for service, scenario in _asked(model):
        counting = _counting(attempts, service, scenario, at_utc_us)
        line = _line(model, scenario, counting, at_utc_us, overdue=(service, scenario) in overdue)
        found.setdefault((service, model.scenarios[scenario].family), []).append(line)
    return {
        service: tuple(Cell(service, family, tuple(found.get((service, family), ()))) for family in FAMILIES)
        for service in model.services
    }


def worst_first(cells: Mapping[str, tuple[Cell, ...]]) -> tuple[tuple[str, Line], ...]:
    """Return what a board reads first, with its service: what failed, what is overdue, where it is known to break."""
    every = [(service, line) for service, row in cells.items() for cell in row for line in cell.lines]
    told = [(service, line) for service, line in every if line.failed or line.overdue or line.breaking_point]
    return tuple(sorted(told, key=lambda item: (STATES.index(item[1].state), not item[1].failed, not item[1].overdue)))


def _asked(model: Model) -> tuple[tuple[str, str], ...]:
    """Return every service and scenario that belong together: by the scenario itself, or by the plan."""
    own = [(scenario.service, scenario.name) for scenario in model.scenarios.values()]
    planned = [(test.service, test.scenario) for test in model.test_plan]
    return tuple(dict.fromkeys((*own, *planned)))


def _latest_ended(dues: Sequence[Due]) -> tuple[Due, ...]:
    """Return the last period of each line of the plan that has ended, unless the one that is open was tried."""
    latest: dict[object, Due] = {}
    for due in dues:
        if due.ended or due.counts is not None:
            latest[due.test] = due
    return tuple(latest.values())


def _counting(attempts: Sequence[Attempt], service: str, scenario: str, at_utc_us: int) -> tuple[Attempt, ...]:
    """Return the last valid attempt of each class, unless a stronger class was tried later; strongest class first."""
    found: list[Attempt] = []
    own = [each for each in attempts if (each.service, each.scenario) == (service, scenario) and each.valid]
    for each in sorted((one for one in own if one.at_utc_us <= at_utc_us), key=lambda one: -one.at_utc_us):
        if all(strength(later.evidence_class) < strength(each.evidence_class) for later in found):
            found.insert(0, each)
    return tuple(found)


def _line(model: Model, scenario: str, counting: tuple[Attempt, ...], at_utc_us: int, *, overdue: bool) -> Line:
    if not counting:
        return Line(scenario, "unproven", "never tried", None, None, overdue, breaking_point=False)
    said = [(*_said(model, each, at_utc_us), each) for each in counting]
    # Where all held, the strongest evidence says what that proves; else what shows least.
    state, why, last = (
        said[0] if all(each.verdict == "held" for each in counting) else min(said, key=lambda one: _badness(one[2]))
    )
    expected = any(each.verdict == "broken" and each.as_expected for each in counting)
    expires_us = expires_utc_us(model, last)
    return Line(scenario, state, why, last, expires_us, overdue, breaking_point=expected, counting=counting)


def _badness(attempt: Attempt) -> int:
    """Return a number that is smaller for what is worse: broken, then unknown, then broken as expected, then held."""
    match attempt.verdict:
        case "broken":
            return 2 if attempt.as_expected else 0
        case "held":
            return 3
        case _:
            return 1


def _said(model: Model, last: Attempt, at_utc_us: int) -> tuple[State, str]:
    """Return the state that an attempt gives, and why: what shows least comes first."""
    match last.verdict:
        case "broken" if last.as_expected:
            return "unproven", "it breaks here, as its author expected"
        case "broken":
            return "broken", "the last attempt was broken"
        case "held":
            pass
        case _:
            return "unproven", "what came of the last attempt is unknown"
    if last.evidence_class not in PROVING:
        return "unproven", f"held, but the evidence is of class {last.evidence_class}"
    if not last.limits_approved:
        return "unproven", "held, by limits that no body approved"
    if tested_now(model, last.service, last.scenario) != last.tested:
        return "stale", "what was tested has changed since"
    if expires_utc_us(model, last) <= at_utc_us:
        return "stale", "its validity is over"
    return "held", "held"


def expires_utc_us(model: Model, attempt: Attempt) -> int:
    """Return until when an attempt counts."""
    return attempt.at_utc_us + _valid_ms(model, attempt) * US_PER_MS


def _valid_ms(model: Model, last: Attempt) -> int:
    """Return how long a result counts: as the plan says of that test, the shortest where several do, else a year."""
    planned = [
        test.valid_ms
        for test in model.test_plan
        if (test.scenario, test.service, test.exercise_type) == (last.scenario, last.service, last.exercise_type)
    ]
    return min(planned, default=UNPLANNED_VALID_MS)
