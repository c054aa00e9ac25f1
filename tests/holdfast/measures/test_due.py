"""What is due next and since when it is overdue; since when a plan counts; and what an older log holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.checks.validity import Verdict
from holdfast.evidence.events import Continued, LogOpened
from holdfast.measures.due import Upcoming, upcoming
from holdfast.measures.programme import Attempt, Rate, began_utc_us, programme, rates, success_rate
from tests.holdfast.measures.attempts import DAY_US, TEST, tried
from tests.holdfast.remains import envelope


def line(*attempts: Attempt, at_day: float, unread_before: int | None = None) -> Upcoming:
    (found,) = upcoming(programme([TEST], attempts, 0, round(at_day * DAY_US), unread_before))
    return found


@pytest.mark.parametrize(
    ("attempts", "at_day", "due_day", "since_day"),
    [
        ((), 5, 30, None),
        ((), 30, 60, 30),
        ((), 95, 120, 30),
        ((tried(3, "held"),), 5, 60, None),
        ((tried(3, "broken"),), 5, 60, None),
        ((tried(3, "invalid"),), 5, 30, None),
        ((tried(3, "held"),), 35, 60, None),
        ((tried(3, "held"),), 65, 90, 60),
        ((tried(3, "held"), tried(62, "held")), 65, 120, None),
    ],
)
def test_when_it_is_due(attempts: tuple[Attempt, ...], at_day: float, due_day: int, since_day: int | None) -> None:
    found = line(*attempts, at_day=at_day)
    assert found.due_utc_us == due_day * DAY_US
    assert found.overdue_since_utc_us == (None if since_day is None else since_day * DAY_US)


def test_the_last_attempt_is_the_last_that_counts_retests_included() -> None:
    found = line(tried(3, "broken"), tried(4, "held"), tried(5, "invalid"), at_day=6)
    assert found.last is not None
    assert found.last.verdict == "held"


def test_overdue_longest_comes_first_then_what_is_due_soonest() -> None:
    weekly, yearly = (
        replace(TEST, scenario=name, every_ms=days * DAY_US // 1_000) for name, days in (("w", 7), ("y", 365))
    )
    plan = [yearly, TEST, weekly]
    found = upcoming(programme(plan, [tried(29, "held")], 0, 30 * DAY_US))
    assert [each.test.scenario for each in found] == ["w", TEST.scenario, "y"]


def test_a_line_counts_from_the_day_that_it_names() -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    since = (epoch + timedelta(days=10)).date().isoformat()
    (due,) = programme([replace(TEST, since=since)], [tried(5, "held"), tried(12, "held")], 0, 39 * DAY_US)
    assert (due.begins_utc_us, due.ends_utc_us) == (10 * DAY_US, 40 * DAY_US)
    assert due.counts is not None
    assert due.counts.at_utc_us == 12 * DAY_US
    assert programme([replace(TEST, since="1970-03-01")], [], 0, 39 * DAY_US) == ()


def test_what_was_due_before_the_record_began_is_overdue_when_the_plan_says_so() -> None:
    before = programme([replace(TEST, since="1970-01-01")], [], 100 * DAY_US, 100 * DAY_US)
    assert [due.standing for due in before] == ["overdue"] * 3 + ["open"]


def opened(link: Continued | None, at_us: int) -> int:
    event = LogOpened("holdfast.example/log/5f2c", "holdfast.example/log/5f2c+1d0c9a1b+AbCd", "0.1.0", link)
    return began_utc_us(replace(envelope(0, event), at_utc_us=at_us))


def test_a_log_that_continues_another_does_not_begin_anew() -> None:
    link = Continued("o", 1, "00", "note", "why", began_utc_us=5)
    assert opened(link, 900) == 5
    assert opened(None, 900) == 900
    assert opened(replace(link, began_utc_us=None), 900) == 900


def test_periods_that_began_in_a_log_that_was_not_read_are_neither_held_nor_overdue() -> None:
    attempts = [tried(70, "held"), tried(95, "broken"), tried(125, "held")]
    dues = programme([TEST], attempts, 0, 155 * DAY_US, unread_before_utc_us=65 * DAY_US)
    assert [due.standing for due in dues] == ["elsewhere", "elsewhere", "elsewhere", "failed", "passed", "open"]
    assert success_rate(dues) == Rate(passed=1, due=2, overdue=0, retests=0, invalid=0, elsewhere=3)
    failed = programme([TEST], [tried(70, "broken")], 0, 80 * DAY_US, unread_before_utc_us=65 * DAY_US)
    assert [due.standing for due in failed] == ["elsewhere", "elsewhere", "failed"]
    found = line(at_day=155, unread_before=65 * DAY_US)
    assert (found.elsewhere, found.overdue_since_utc_us) == (3, 120 * DAY_US)


def test_no_rate_is_averaged_over_services() -> None:
    other = replace(TEST, service="other")
    dues = programme([TEST, other], [tried(3, "held")], 0, 31 * DAY_US)
    assert {name: (rate.passed, rate.due) for name, rate in rates(dues).items()} == {
        TEST.service: (1, 1),
        "other": (0, 1),
    }


def test_what_a_red_team_tries_is_due_and_never_in_the_rate() -> None:
    red = replace(TEST, exercise_type="red-blue")
    dues = programme([red], [replace(tried(3, "broken"), exercise_type="red-blue")], 0, 65 * DAY_US)
    assert [due.standing for due in dues] == ["failed", "overdue", "open"]
    assert success_rate(dues) == Rate(passed=0, due=0, overdue=0, retests=0, invalid=0)
    assert upcoming(dues)[0].overdue_since_utc_us == 60 * DAY_US


TRIES = st.lists(
    st.tuples(st.integers(0, 200), st.sampled_from(["held", "broken", "unknown", "invalid"])),
    max_size=10,
    unique_by=lambda each: each[0],
)


@given(TRIES, st.integers(0, 200), st.integers(1, 70))
def test_equals_the_calendar_read_day_by_day(tries: list[tuple[int, Verdict]], today: int, every: int) -> None:
    """The oracle: period by period from the last one back, by whole days."""
    plan = replace(TEST, every_ms=every * DAY_US // 1_000)
    attempts = [tried(day, verdict) for day, verdict in tries]
    (found,) = upcoming(programme([plan], attempts, 0, today * DAY_US))
    counted = {day // every for day, verdict in tries if verdict != "invalid" and day <= today}
    now = today // every
    assert found.due_utc_us == (now + 1 + (now in counted)) * every * DAY_US
    missed = None
    for period in range(now, -1, -1):
        if period in counted:
            break
        if period < now:
            missed = (period + 1) * every * DAY_US
    assert found.overdue_since_utc_us == missed
