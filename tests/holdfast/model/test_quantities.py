"""How quantities are read: exactly as documented, and nothing that merely looks like one."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.model.quantities import (
    FORMS,
    code,
    duration_ms,
    iso_date,
    minor_decimals,
    money,
    share_ppm,
    time_min,
    written,
)
from holdfast.model.types import Money


@pytest.mark.parametrize(
    ("form", "text", "value"),
    [
        ("duration", "0s", 0),
        ("duration", "500ms", 500),
        ("duration", "30s", 30_000),
        ("duration", "90m", 5_400_000),
        ("duration", "2h", 7_200_000),
        ("duration", "1d", 86_400_000),
        ("duration", "3660d", 316_224_000_000),
        ("duration", "1y", 31_536_000_000),
        ("duration", "10y", 315_360_000_000),
        ("percent", "100%", 1_000_000),
        ("percent", "250%", 2_500_000),
        ("percent", "10000%", 100_000_000),
        ("chance", "0", 0),
        ("chance", "0.1", 100_000),
        ("chance", "0.000001", 1),
        ("chance", "1", 1_000_000),
        ("chance", "1.000000", 1_000_000),
        ("chance", "10%", 100_000),
        ("hourly", "40/s", 144_000),
        ("hourly", "120/min", 7_200),
        ("hourly", "600/h", 600),
        ("hourly", "0/h", 0),
        ("port", "1", 1),
        ("port", "65535", 65_535),
        ("share", "0%", 0),
        ("share", "95%", 950_000),
        ("share", "99.95%", 999_500),
        ("share", "0.0001%", 1),
        ("share", "100%", 1_000_000),
        ("time", "00:00", 0),
        ("time", "17:00", 1_020),
        ("time", "23:59", 1_439),
        ("rate", "60/s", 60),
        ("count", "0", 0),
        ("count", "999999999", 999_999_999),
        ("positive", "1", 1),
    ],
)
def test_is_read(form: str, text: str, value: int) -> None:
    assert FORMS[form].parse(text) == value


@pytest.mark.parametrize(
    ("form", "texts"),
    [
        ("duration", ["", "0", "5", "-1s", "+1s", "1.5h", "1 h", "1h30m", "1H", "01s", "1e3s", "3661d", "9999999999s"]),
        ("duration", ["\u0661s", "1s\n", "inf", "12:30"]),
        ("share", ["95", "0.95", "101%", "100.0001%", "-1%", ".5%", "5.%", "1.00001%", "95 %", "\u0669%"]),
        ("duration", ["11y", "1.5y", "1Y", "1w", "1M"]),
        ("share", ["250%", "10000%"]),
        ("percent", ["99.9999%", "10000.0001%", "2.5", "250"]),
        ("chance", ["1.1", "1.000001", "2", ".1", "0.0000001", "-0.1", "1e-3", "101%", "0,1"]),
        ("hourly", ["40", "40/m", "40 /s", "1.5/s", "-1/h", "999999999/s"]),
        ("port", ["0", "65536", "-1", "http", "5432/tcp"]),
        ("time", ["24:00", "7:00", "17:60", "17:00:00", "1700", "61200", "17:00 "]),
        ("rate", ["0/s", "60", "60/m", "60 /s", "1e3/s", "-1/s", "1.5/s"]),
        ("count", ["", "-1", "+1", "1.0", "1e3", "0x10", "0o17", "017", "1_000", "1000000000", "no", "\u00b2"]),
        ("positive", ["0", "", "yes"]),
    ],
)
def test_is_refused(form: str, texts: list[str]) -> None:
    assert [text for text in texts if FORMS[form].parse(text) is not None] == []


@given(st.integers(0, 3_660 * 86_400_000))
def test_a_duration_reads_back_as_it_is_written(value: int) -> None:
    text = written(value)
    if len(text.rstrip("mshd")) <= 9:  # more digits than that nobody writes, and they are refused
        assert duration_ms(text) == value


@given(st.integers(0, 1_000_000))
def test_every_share_can_be_written(ppm: int) -> None:
    assert share_ppm(f"{ppm // 10_000}.{ppm % 10_000:04d}%") == ppm


@given(st.integers(0, 1_439))
def test_every_minute_can_be_written(minute: int) -> None:
    assert time_min(f"{minute // 60:02d}:{minute % 60:02d}") == minute


@given(st.sampled_from(sorted(FORMS)), st.text(max_size=12))
def test_no_text_is_too_strange(form: str, text: str) -> None:
    value = FORMS[form].parse(text)
    assert value is None or value >= 0


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12.50 EUR", Money(1_250, "EUR")),
        ("0 EUR", Money(0, "EUR")),
        ("45k EUR", Money(4_500_000, "EUR")),
        ("300m EUR", Money(30_000_000_000, "EUR")),
        ("2bn EUR", Money(200_000_000_000, "EUR")),
        ("1.5bn EUR", Money(150_000_000_000, "EUR")),
        ("0.0001m EUR", Money(10_000, "EUR")),
        ("500 JPY", Money(500, "JPY")),
        ("1bn JPY", Money(1_000_000_000, "JPY")),
        ("1.234 KWD", Money(1_234, "KWD")),
        ("90071992547409.91 USD", Money(2**53 - 1, "USD")),
    ],
)
def test_an_amount_is_whole_minor_units(text: str, amount: Money) -> None:
    assert money(text) == amount


@pytest.mark.parametrize(
    "text",
    [
        *("", "EUR", "12", "12 eur", "12 EURO", "EUR 12", "12EUR", "12  EUR", "12 EUR ", "-1 EUR", "+1 EUR", "1,5 EUR"),
        *("0.001 EUR", "0.5 JPY", "1.2345 KWD", "1.5 k EUR", "1kk EUR", "01 EUR", "1. EUR", ".5 EUR", "1e3 EUR"),
        *("90071992547409.92 USD", "999999bn EUR", "\u0661 EUR", "1 \u0395UR", "1\u00a0EUR"),
    ],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    assert money(text) is None


@given(st.integers(0, 10**15 - 1), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_every_amount_can_be_written(minor: int, currency: str) -> None:
    whole, rest = divmod(minor, 10 ** minor_decimals(currency))
    decimals = f".{rest:0{minor_decimals(currency)}d}" if minor_decimals(currency) else ""
    assert money(f"{whole}{decimals} {currency}") == Money(minor, currency)


@given(st.dates())
def test_every_date_of_the_calendar_is_one(day: date) -> None:
    assert iso_date(day.isoformat()) == day.isoformat()


@given(st.integers(1, 9_999), st.integers(0, 99), st.integers(0, 99))
def test_a_date_is_one_if_its_day_is_in_its_month(year: int, month: int, day: int) -> None:
    """The lengths of the months are counted here by the rule of Gregory XIII, and not by the library."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = [31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    real = 1 <= month <= 12 and 1 <= day <= lengths[month - 1]
    assert (iso_date(f"{year:04}-{month:02}-{day:02}") is not None) == real


@pytest.mark.parametrize(
    "text", ["0000-01-01", "2026-5-12", "2026-05-12T00:00", "12-05-2026", "2026-W20-2", "20260512"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    assert iso_date(text) is None


@pytest.mark.parametrize(("text", "sound"), [("HF601", True), ("HF6010", False), ("hf601", False), ("MR101", False)])
def test_codes(text: str, sound: bool) -> None:  # noqa: FBT001 - a column of the table
    assert (code(text) == text) is sound


@given(st.text(max_size=12))
def test_no_text_is_too_strange_for_the_others(text: str) -> None:
    assert money(text) is None or text.isascii()
    assert iso_date(text) in {None, text}
    assert code(text) in {None, text}
