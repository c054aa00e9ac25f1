"""The calendar of a drill that lasts for days: each day begins at its own opening hour."""

from __future__ import annotations

from holdfast.evidence.events import FailedBack
from holdfast.report.calendar import DrillCalendar, Stretch, drill_calendar
from holdfast.report.headline import headline
from holdfast.report.html import render
from tests.holdfast.checks.test_several_days import SECOND_DAY_US, one_day, two_days
from tests.holdfast.drill import EXERCISE, SECOND, START_US, instant

MINUTE_US = 60_000_000


def test_the_second_day_begins_at_its_opening_hour() -> None:
    calendar = drill_calendar(two_days().judge())
    assert calendar is not None
    opens_us = START_US + SECOND_DAY_US
    assert calendar.shown(opens_us) == "07:00"
    assert calendar.shown(opens_us + 60 * SECOND) == "10:00"  # 180 times faster
    assert calendar.shown(opens_us - 1) > "17:00"  # still the evening of the day before


def test_ticks_stand_on_whole_steps_of_each_day_and_in_order() -> None:
    calendar = DrillCalendar((Stretch(None, 0, 930), Stretch(40_000_000, 40_000_000, 420)), 180)
    ticks = calendar.ticks(-5_000_000, 80_000_000, 60)
    assert list(ticks) == sorted(set(ticks))
    shown = [calendar.shown(at_us) for at_us in ticks]
    assert shown == ["16:00", "17:00", "07:00", "08:00"]
    assert all(-5_000_000 <= at_us < 80_000_000 for at_us in ticks)


def test_the_headline_and_the_page_speak_of_both_days() -> None:
    drill = two_days()
    drill.before.append(
        FailedBack(
            EXERCISE,
            "ledger-a",
            done=True,
            observed="led by ledger-a",
            asked=instant(50 * SECOND),
            occurred=instant(52 * SECOND),
        )
    )
    judged = drill.judge()
    assert "Of 2 settlement days 2 closed, at " in headline(judged)
    assert headline(judged).count("each complete") == 1
    page = render(judged)
    for flag in ("day 2 opens", "day 2 closed", "failed back", "2 of 2"):
        assert flag in page


def test_a_day_that_is_missing_is_not_called_complete() -> None:
    said = headline(one_day().judge())
    assert "Of 2 settlement days 1 closed" in said
    assert "each complete" not in said
