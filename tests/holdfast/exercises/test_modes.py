"""Modes are set when they are due, by the role that decides them, and only after that was recorded."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from holdfast.errors import EnvironmentProblem
from holdfast.evidence.events import DayScheduled, DisasterDeclared, Event, ModeDeclared
from holdfast.exercises import business
from holdfast.exercises.business import Operator
from holdfast.exercises.course import Course, Recorder
from holdfast.exercises.modes import Modes
from holdfast.exercises.order import Order
from holdfast.model.types import Declaration, ModeChange
from holdfast.store.clock import now
from holdfast.store.port import Log
from tests.holdfast.remains import example_model

MODEL = example_model()
ROLE = "duty-manager"
SECOND = 1_000_000


@dataclass
class Gateway:
    """A way in that does not answer ``away`` times, and says what was recorded before each mode was set."""

    kept: list[Event]
    away: int = 0
    was_set: list[tuple[str, str, int]] = field(default_factory=list)

    def set_mode(self, mode: str, reason: str) -> None:
        if self.away:
            self.away -= 1
            raise EnvironmentProblem("HF304", "nobody answers", remedy="wait")
        self.was_set.append((mode, reason, len(self.kept)))


@dataclass
class Kept:
    """Records what is recorded."""

    events: list[Event]

    def record(self, *events: Event, cause: int | None = None) -> int:
        assert cause is None
        self.events.extend(events)
        return len(self.events)


@dataclass
class Stage:
    """Everything that sets modes in one exercise, and the course that it reads."""

    modes: Modes
    course: Course
    gateway: Gateway
    events: list[Event]

    def until(self, condition: Callable[[], bool], days: tuple[DayScheduled, ...] = ()) -> None:
        deadline = time.monotonic() + 10
        while not condition() and time.monotonic() < deadline:
            self.modes.look(days)
            time.sleep(0.002)
        assert condition()

    def look(self, days: tuple[DayScheduled, ...]) -> None:
        for _ in range(20):
            self.modes.look(days)
            time.sleep(0.002)

    def says(self, role: str) -> None:
        self.course.declarations.append(DisasterDeclared("exercise", role, simulated=False, occurred=now()))


def stage(*, attended: bool = False, away: int = 0, by_the_same: bool = False) -> Stage:
    scenario = replace(
        MODEL.scenarios["priority-only-three-days"],
        set_mode=(ModeChange("priority-only", 1, 570), ModeChange("full", 2, 600)),
        declaration=Declaration(ROLE, 0) if by_the_same else None,
    )
    log = cast("Log", None)
    events: list[Event] = []
    gateway, course = Gateway(events, away), Course(log, "exercise")
    order = Order(MODEL, scenario, "range", log, attended=attended)
    modes = Modes(order, course, cast("Recorder", Kept(events)), lambda: cast("Operator", gateway))
    return Stage(modes, course, gateway, events)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.exercises.modes.TRY_EVERY_S", 0.01)


def laid(*begun_ago_s: int) -> tuple[DayScheduled, ...]:
    """Return days so long ago, 60 times faster: the first was struck at 09:00, the others opened at 07:00."""
    found = []
    for number, ago_s in enumerate(begun_ago_s, start=1):
        began = business.later(now(), -ago_s * SECOND)
        opens = None if number == 1 else began
        found.append(DayScheduled("exercise", number, began, began, began, 60, opens))
    return tuple(found)


def test_the_first_is_set_when_it_is_due_and_the_other_on_its_own_day() -> None:
    on = stage()
    on.look(laid(29))
    assert on.events == []
    on.until(lambda: bool(on.gateway.was_set), laid(31))
    on.look(laid(31))
    on.look(laid(9_999, 179))
    assert [mode for mode, *_ in on.gateway.was_set] == ["priority-only"]
    on.until(lambda: len(on.gateway.was_set) == 2, laid(9_999, 181))
    said = [(each.mode, each.by, each.simulated) for each in on.events if isinstance(each, ModeDeclared)]
    assert said == [("priority-only", ROLE, True), ("full", ROLE, True)]
    assert len(on.events) == 2
    assert [recorded for *_, recorded in on.gateway.was_set] == [1, 2]
    assert all(ROLE in reason for _, reason, _ in on.gateway.was_set)
    on.modes.end()


def test_what_fails_is_tried_again_and_decided_once() -> None:
    on = stage(away=3)
    on.until(lambda: bool(on.gateway.was_set), laid(31))
    assert on.gateway.away == 0
    assert len(on.events) == 1
    on.modes.end()


def test_where_somebody_attends_nothing_is_set_before_that_role_declares() -> None:
    on = stage(attended=True)
    on.look(laid(31))
    on.says("silver-commander")
    on.course.declarations.append(DisasterDeclared("exercise", ROLE, simulated=True, occurred=now()))
    on.look(laid(31))
    assert on.events == []
    on.says(ROLE)
    on.until(lambda: bool(on.gateway.was_set), laid(31))
    on.look(laid(31))
    assert len(on.events) == 1
    on.says(ROLE)
    on.until(lambda: len(on.gateway.was_set) == 2, laid(31))
    said = [(each.mode, each.simulated, each.occurred) for each in on.events if isinstance(each, ModeDeclared)]
    spoken = [each.occurred for each in on.course.declarations if each.by == ROLE and not each.simulated]
    assert said == [("priority-only", False, spoken[0]), ("full", False, spoken[1])]
    on.modes.end()


def test_a_declaration_that_the_drill_waits_for_anyway_sets_no_mode() -> None:
    on = stage(attended=True, by_the_same=True)
    on.says(ROLE)
    on.look(laid(31))
    assert on.events == []
    on.says(ROLE)
    on.until(lambda: bool(on.gateway.was_set), laid(31))
    on.modes.end()
