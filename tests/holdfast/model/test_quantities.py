"""How quantities are read: exactly as documented, and nothing that merely looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.model.quantities import FORMS, duration_ms, share_ppm, time_min, written


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
