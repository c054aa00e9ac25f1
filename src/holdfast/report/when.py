"""UTC instants in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def date_time(utc_us: int) -> str:
    """Return a UTC instant as ``2026-11-21 09:41:07.250``; one that no calendar holds as its microseconds."""
    return _shown(utc_us, "%Y-%m-%d %H:%M:%S.%f", 3)


def date_minute(utc_us: int) -> str:
    """Return a UTC instant as ``21 November 2026, 09:41``."""
    shown = _shown(utc_us, "%d %B %Y, %H:%M", 0)
    return shown.removeprefix("0")


def _shown(utc_us: int, form: str, cut: int) -> str:
    try:
        text = (_EPOCH + timedelta(microseconds=utc_us)).strftime(form)
    except OverflowError:
        return f"{utc_us} µs"
    return text[:-cut] if cut else text
