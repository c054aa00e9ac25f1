"""Times as other tools write them, to microseconds of UTC: nothing guessed, and how finely they are written is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_UNIX = re.compile(r"(\d{1,12})(?:\.(\d{1,9}))?", re.ASCII)
_UNIX_MS = re.compile(r"\d{1,15}", re.ASCII)
# Names of days and months, and the forms of a locale, are written differently on every machine.
_PATTERN = re.compile(r"(?:[^%]|%[YmdHMSfz%])+", re.ASCII)
# Room for a zone and for the correction of a clock below what an entry of the log holds: into the year 2255.
_MOST_US = 2**53 - 10**14
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_US = 1_000_000
_MINUTE_US = 60 * _SECOND_US

ISO, UNIX, UNIX_MS = "iso", "unix", "unix-ms"


@dataclass(frozen=True, slots=True)
class Time:
    """A time as it was read: µs of UTC if ``zoned``, else of the source's zone, and to how many µs it was written."""

    us: int
    zoned: bool
    written_to_us: int

    def utc_us(self, zone_offset_s: int) -> int:
        """Return it in UTC, its zone being so many seconds ahead."""
        return self.us if self.zoned else self.us - zone_offset_s * _SECOND_US


def is_form(times: str) -> bool:
    """Return whether this says how times are written: one of the three words, or a pattern with a date and a time."""
    if times in {ISO, UNIX, UNIX_MS}:
        return True
    return _PATTERN.fullmatch(times) is not None and all(part in times for part in ("%Y", "%m", "%d", "%H", "%M"))


def read_time(text: str, times: str) -> Time | None:
    """Return a time that is written so; ``None`` when it is not, or when it is none that the log could hold."""
    found = _read(text, times)
    return found if found is not None and abs(found.us) <= _MOST_US else None


def _read(text: str, times: str) -> Time | None:
    match times:
        case "iso":
            return _iso(text)
        case "unix":
            found = _UNIX.fullmatch(text)
            if found is None:
                return None
            digits = found[2] or ""
            return Time(
                int(found[1]) * _SECOND_US + int(digits.ljust(6, "0")[:6]), zoned=True, written_to_us=_unit(digits)
            )
        case "unix-ms":
            return Time(int(text) * 1_000, zoned=True, written_to_us=1_000) if _UNIX_MS.fullmatch(text) else None
        case _:
            return _by_pattern(text, times)


def _iso(text: str) -> Time | None:
    """Return a time of ISO 8601's extended format, with a blank for the T if need be, to the minute at least."""
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    day, minute, second, digits, zone = found.groups()
    zone = {"Z": "+0000", None: "+0000"}.get(zone, (zone or "").replace(":", ""))
    at_us = _parsed(f"{day} {minute}:{second or '00'} {zone}", "%Y-%m-%d %H:%M:%S %z")
    if at_us is None:
        return None
    fraction_us = int((digits or "").ljust(6, "0")[:6])
    return Time(at_us + fraction_us, found[5] is not None, _MINUTE_US if second is None else _unit(digits or ""))


def _by_pattern(text: str, pattern: str) -> Time | None:
    at_us = _parsed(text, pattern)
    if at_us is None:
        return None
    written = _unit("000") if "%f" in pattern else _SECOND_US if "%S" in pattern else _MINUTE_US
    return Time(at_us, "%z" in pattern, written)


def _parsed(text: str, pattern: str) -> int | None:
    try:
        at = datetime.strptime(text, pattern)  # noqa: DTZ007 - a time without a zone is given the source's
        return _since_epoch_us(at)
    except (ValueError, OverflowError):
        return None


def _since_epoch_us(at: datetime) -> int:
    since: timedelta = (at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * _SECOND_US + since.microseconds


def _unit(digits: str) -> int:
    """Return how many microseconds the last of so many digits after the second stands for."""
    return max(1, _SECOND_US // int("1" + "0" * len(digits)))
