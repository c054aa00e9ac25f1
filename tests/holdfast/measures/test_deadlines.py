"""When a major incident has to be reported: hours from instant to instant, a month by the calendar of the place."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from holdfast.measures.deadlines import Deadline, Moment, deadlines
from holdfast.model.types import Calendar

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
CALENDAR = Calendar("Europe/Amsterdam", 0, 0, 0, holidays=("2026-12-25", "2026-12-26"))


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000_000)


def moment(text: str | None, entry: int = 1) -> Moment | None:
    return None if text is None else Moment(us(text), entry)


def reports(
    aware: str | None = None,
    classified: str | None = None,
    initial: str | None = None,
    intermediate: tuple[str, ...] = (),
    final: str | None = None,
) -> tuple[Deadline, ...]:
    sent = [Moment(us(text), 9) for text in intermediate]
    opened = Moment(us("2026-11-21T11:00Z"), 0)
    given = (moment(classified), moment(initial), sent, moment(final))
    return deadlines(moment(aware), opened, *given, CALENDAR, AMSTERDAM)


def due(deadline: Deadline) -> str | None:
    if deadline.due_utc_us is None:
        return None
    return datetime.fromtimestamp(deadline.due_utc_us / 1_000_000, UTC).isoformat()[:16]


def test_four_hours_after_the_classification_and_no_later_than_a_day_after_becoming_aware() -> None:
    assert due(reports("2026-11-21T10:00Z", "2026-11-21T12:30Z")[0]) == "2026-11-21T16:30"
    assert due(reports("2026-11-21T10:00Z", "2026-11-22T09:00Z")[0]) == "2026-11-22T10:00"
    # Classified exactly a day later the day is over at that moment; later still it is the four hours alone: 5(2).
    assert due(reports("2026-11-21T10:00Z", "2026-11-22T10:00Z")[0]) == "2026-11-22T10:00"
    assert due(reports("2026-11-21T10:00Z", "2026-11-22T10:01Z")[0]) == "2026-11-22T14:01"


def test_whoever_opened_the_record_was_aware() -> None:
    """Nobody recorded that it was detected, or said that it was later: the day runs all the same."""
    for detected in (None, "2026-11-21T20:00Z"):
        nobody = reports(detected, "2026-11-22T10:00Z")[0]
        assert due(nobody) == "2026-11-22T11:00"
        assert "Aware when this was opened" in nobody.note
    assert "Aware when" not in reports("2026-11-21T10:00Z", "2026-11-22T10:00Z")[0].note


def test_nothing_is_due_before_it_is_major_and_the_day_runs_all_the_same() -> None:
    initial, intermediate, final = reports("2026-11-21T10:00Z")
    assert (due(initial), due(intermediate), due(final)) == (None, None, None)
    assert initial.if_major_utc_us == us("2026-11-22T10:00Z")
    assert initial.standing(us("2026-12-01T00:00Z")) == "not running"


def test_seventy_two_hours_and_a_month_of_the_calendar() -> None:
    _, intermediate, final = reports(
        "2026-11-21T10:00Z", "2026-11-21T10:00Z", "2026-11-21T12:00Z", ("2026-11-23T12:00Z", "2026-11-24T08:00Z")
    )
    assert due(intermediate) == "2026-11-24T12:00"
    assert due(final) == "2026-12-24T08:00"  # from the last one
    assert not final.note


def test_a_month_without_that_day_ends_on_its_last_and_the_clock_on_the_wall_counts() -> None:
    (*_, final) = reports(intermediate=("2027-01-31T22:00+01:00",))
    assert due(final) == "2027-02-28T21:00"
    (*_, leap) = reports(intermediate=("2028-01-31T22:00+01:00",))
    assert due(leap) == "2028-02-29T21:00"
    (*_, summer) = reports(intermediate=("2027-03-01T12:00+01:00",))  # the clocks go forward in between
    assert due(summer) == "2027-04-01T10:00"
    (*_, year) = reports(intermediate=("2026-12-15T12:00+01:00",))
    assert due(year) == "2027-01-15T11:00"


def test_what_falls_on_a_day_without_work_says_what_article_5_4_allows_and_does_not_count_it() -> None:
    (*_, final) = reports(intermediate=("2026-11-25T10:00+01:00",))
    assert due(final) == "2026-12-25T09:00"  # Christmas Day, a Friday
    assert "noon of 2026-12-28" in final.note
    sent = [Moment(us("2026-11-25T10:00+01:00"), 1)]
    unknown = deadlines(None, Moment(0, 0), None, None, sent, None, None, AMSTERDAM)[2]
    assert "not known" in unknown.note


def test_what_was_sent_is_sent_in_time_or_late() -> None:
    now = us("2027-01-01T00:00Z")
    initial = reports("2026-11-21T10:00Z", "2026-11-21T10:00Z", "2026-11-21T14:00Z")[0]
    assert initial.standing(now) == "sent"
    late = reports("2026-11-21T10:00Z", "2026-11-21T10:00Z", "2026-11-21T14:01Z")[0]
    assert late.standing(now) == "sent late"
    waiting = reports("2026-11-21T10:00Z", "2026-11-21T10:00Z")[0]
    assert waiting.standing(us("2026-11-21T14:00Z")) == "due"
    assert waiting.standing(us("2026-11-21T14:01Z")) == "overdue"
