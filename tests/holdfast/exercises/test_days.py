"""Business days laid on the clock one after the other, each once the one before is complete."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from holdfast.errors import EnvironmentProblem
from holdfast.evidence.events import DayScheduled, Event, Instant
from holdfast.exercises import business
from holdfast.exercises.business import Operator
from holdfast.exercises.course import Recorder
from holdfast.exercises.days import Days
from holdfast.model.types import Calendar, Scenario
from holdfast.store.clock import now
from tests.holdfast.remains import example_model

MODEL = example_model()
MINUTE_US = 60_000_000


def scenario(days: int) -> Scenario:
    """Return the example's long drill, so much faster that a whole day is over in a second."""
    return replace(MODEL.scenarios["whole-day"], days=days, compression=60_000)


@dataclass
class Ledger:
    """A way in to a ledger that closes a day as soon as it is asked twice; ``away`` is how often it does not answer."""

    day_number: int = 7
    away: int = 0
    asked: int = 0
    moved: list[tuple[int, int, int]] = field(default_factory=list)

    def day(self) -> int:
        return self.day_number

    def set_day(self, day: int, cut_off_utc_us: int, close_by_utc_us: int) -> None:
        self.moved.append((day, cut_off_utc_us, close_by_utc_us))

    def day_complete(self, day: int) -> bool:
        if self.away:
            self.away -= 1
            raise EnvironmentProblem("HF306", "nobody answers", remedy="wait")
        self.asked += 1
        if self.asked % 2 or day != self.day_number:
            return False
        self.day_number += 1
        return True


@dataclass
class Kept:
    """Records what is recorded."""

    exercise: str = "exercise"
    events: list[Event] = field(default_factory=list)

    def record(self, *events: Event, cause: int | None = None) -> int:
        assert cause is None
        self.events.extend(events)
        return len(self.events)


def days_of(ledger: Ledger, kept: Kept, days: int) -> Days:
    assert MODEL.calendar is not None
    return Days(cast("Recorder", kept), scenario(days), MODEL.calendar, lambda: cast("Operator", ledger))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.exercises.days.LOOK_EVERY_S", 0.01)


def until_over(days: Days) -> None:
    deadline = time.monotonic() + 10
    while not days.over and time.monotonic() < deadline:
        days.look()
        time.sleep(0.005)
    days.end()


@pytest.mark.parametrize("away", [0, 3])
def test_each_day_follows_the_one_that_is_complete(away: int) -> None:
    ledger, kept = Ledger(away=away), Kept()
    days = days_of(ledger, kept, 3)
    days.begin(now())
    until_over(days)
    assert [day.day for day in days.laid] == [7, 8, 9]
    assert days.complete == 3
    assert kept.events == days.laid
    assert [day for day, *_ in ledger.moved] == [7, 8, 9]
    assert [day.opens is None for day in days.laid] == [True, False, False]


def test_a_day_that_is_never_complete_ends_well_past_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.exercises.days.CLOSE_MARGIN_US", 100_000)
    ledger, kept = Ledger(day_number=3), Kept()
    days = days_of(ledger, kept, 2)
    days.begin(now())
    ledger.day_number = 99
    until_over(days)
    assert days.over
    assert days.complete == 0
    assert [day.day for day in days.laid] == [3]


def test_the_following_day_is_laid_from_its_opening_hour() -> None:
    calendar = Calendar("Europe/Amsterdam", 420, 1020, 1050)
    declared = replace(MODEL.scenarios["whole-day"], compression=180)
    struck = Instant(10**15, 5_000_000, "clock")
    first = business.lay_day("exercise", 1, declared, calendar, struck)
    assert first.cut_off.mono_us - struck.mono_us == 30 * 1_000_000
    opens = business.later(struck, 40_000_000)
    following = business.following_day(first, declared, calendar, opens)
    assert following == DayScheduled(
        "exercise", 2, business.later(opens, 200_000_000), business.later(opens, 210_000_000), struck, 180, opens
    )
    shown = business.calendar_clock(following, declared, calendar, opens.mono_us + 100_000_000)
    assert shown == "12:00:00"
    assert business.calendar_clock(first, declared, calendar, struck.mono_us) == "15:30:00"


def test_the_way_in_is_asked_for_anew_at_every_look(tmp_path: Path) -> None:
    """Hosts that come back have other addresses and pids: an old inventory would lead nowhere."""
    asked: list[Any] = []
    ledger, kept = Ledger(), Kept()
    days = days_of(ledger, kept, 1)

    def operator() -> Operator:
        asked.append(tmp_path)
        return cast("Operator", ledger)

    days.operator = operator
    days.begin(now())
    until_over(days)
    assert len(asked) >= 3
