"""Times as other tools write them: each is read exactly, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.state.observed.times import is_form, read_time

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def us(text: str) -> int:
    """Return µs of UTC by Python's own reading of ISO 8601."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "times", "expected"),
    [
        ("2026-11-21 10:15:03.120", "iso", (us("2026-11-21T10:15:03.120+00:00"), False, 1_000)),
        ("2026-11-21T10:15:03Z", "iso", (us("2026-11-21T10:15:03+00:00"), True, 1_000_000)),
        ("2026-11-21T10:15:03,5+01:00", "iso", (us("2026-11-21T09:15:03.5+00:00"), True, 100_000)),
        ("2026-11-21 10:15", "iso", (us("2026-11-21T10:15:00+00:00"), False, 60_000_000)),
        ("2026-11-21T10:15:03.123456789-0530", "iso", (us("2026-11-21T15:45:03.123456+00:00"), True, 1)),
        ("1795295010.615", "unix", (1_795_295_010_615_000, True, 1_000)),
        ("1795295010", "unix", (1_795_295_010_000_000, True, 1_000_000)),
        ("1795295010615", "unix-ms", (1_795_295_010_615_000, True, 1_000)),
        ("21-11-2026 10:15:03.120", "%d-%m-%Y %H:%M:%S.%f", (us("2026-11-21T10:15:03.120+00:00"), False, 1_000)),
        ("11/21/2026 10:15", "%m/%d/%Y %H:%M", (us("2026-11-21T10:15:00+00:00"), False, 60_000_000)),
        ("21.11.2026 10:15:03 +0100", "%d.%m.%Y %H:%M:%S %z", (us("2026-11-21T09:15:03+00:00"), True, 1_000_000)),
    ],
)
def test_a_time_is_read_with_its_zone_and_how_finely_it_is_written(
    text: str, times: str, expected: tuple[int, bool, int]
) -> None:
    read = read_time(text, times)
    assert read is not None
    assert (read.us, read.zoned, read.written_to_us) == expected


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("10:15", "iso"),
        ("2026-02-30 10:15:00", "iso"),
        ("2026-11-21 25:15:00", "iso"),
        ("2026-11-21 10:15:03 CET", "iso"),
        ("1795295010,5", "unix"),
        ("-5", "unix"),
        ("1795295010.5", "unix-ms"),
        ("2026-11-21 10:15:03", "%d-%m-%Y %H:%M:%S"),
        ("", "iso"),
        ("9" * 400, "unix"),
        ("9" * 12, "unix"),
        ("9999-12-31 00:00:00", "iso"),
    ],
)
def test_what_is_no_time_is_none(text: str, times: str) -> None:
    assert read_time(text, times) is None


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_any_zone_gives_the_same_instant(moment: datetime, minutes: int) -> None:
    at = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes)))
    read = read_time(at.isoformat(timespec="microseconds"), "iso")
    assert read is not None
    assert read.utc_us(0) == (at - EPOCH) // timedelta(microseconds=1)


def test_a_time_without_a_zone_is_the_sources() -> None:
    read = read_time("2026-11-21 10:15:00", "iso")
    assert read is not None
    assert read.utc_us(3_600) == us("2026-11-21T09:15:00+00:00")


@pytest.mark.parametrize("times", ["%d %B %Y %H:%M", "%c", "%H:%M:%S", "%Y-%m-%d", "ISO", "%Y-%m-%d %I:%M %p"])
def test_a_form_that_a_locale_changes_or_that_lacks_a_part_is_none(times: str) -> None:
    assert not is_form(times)
