"""Instants in words: in UTC, and in the time of a place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

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


@dataclass(frozen=True, slots=True)
class Local:
    """The time of a place, for people who work by its clocks."""

    zone: tzinfo

    @property
    def name(self) -> str:
        """What the zone is called, like ``Europe/Amsterdam``."""
        return str(self.zone)

    def date_time(self, utc_us: int) -> str:
        """Return an instant as ``2026-11-21 09:41``."""
        return self._shown(utc_us, "%Y-%m-%d %H:%M")

    def time(self, utc_us: int) -> str:
        """Return an instant as ``09:41``."""
        return self._shown(utc_us, "%H:%M")

    def _shown(self, utc_us: int, form: str) -> str:
        try:
            return (_EPOCH + timedelta(microseconds=utc_us)).astimezone(self.zone).strftime(form)
        except OverflowError:
            return f"{utc_us} µs"
