"""How quantities are written, and the integers that they become.

Scalars are typed by what the schema expects at that place, never by what they look like: ``no`` is a word, ``12:30``
is a time only where a time belongs, and ``1e3`` is nothing at all. Every parser returns ``None`` for what it does not
accept; none rounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from holdfast.model.types import Money

_UNIT_MS: Mapping[str, int] = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "y": 31_536_000_000}
_DURATION = re.compile(r"(0|[1-9][0-9]{0,8})(ms|s|m|h|d|y)", re.ASCII)
_SHARE = re.compile(r"(0|[1-9][0-9]{0,4})(?:\.([0-9]{1,4}))?%", re.ASCII)
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_RATE = re.compile(r"([1-9][0-9]{0,5})/s", re.ASCII)
_HOURLY = re.compile(r"(0|[1-9][0-9]{0,8})/(s|min|h)", re.ASCII)
_CHANCE = re.compile(r"([01])(?:\.([0-9]{1,6}))?", re.ASCII)
_MONEY = re.compile(r"(0|[1-9][0-9]{0,14})(?:\.([0-9]{1,9}))?(k|m|bn)? ([A-Z]{3})", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_CODE = re.compile(r"HF[0-9]{3}", re.ASCII)
_GAP = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_COUNT = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)

MAX_DURATION_MS = 3_660 * _UNIT_MS["d"]  # ten years: longer than any objective or exercise
WHOLE_PPM = 1_000_000
_MOST_PPM = 100 * WHOLE_PPM
_HOURLY_OF: Mapping[str, int] = {"s": 3_600, "min": 60, "h": 1}
_MOST_PER_H = 10**12
_TIMES: Mapping[str, int] = {"": 0, "k": 3, "m": 6, "bn": 9}  # powers of ten
# The decimals of a currency's minor unit where they are not two (ISO 4217:2015, list one).
_DECIMALS: Mapping[str, int] = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"), 0
    ),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
MAX_MINOR = 2**53 - 1  # the largest amount that every reader of JSON keeps whole
MAX_PORT = 65_535
MAX_COUNT = 999_999_999


def duration_ms(text: str) -> int | None:
    """Return milliseconds for ``500ms``, ``30s``, ``90m``, ``2h``, ``1d`` or ``1y`` (365 days), up to ten years."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    value = int(match[1]) * _UNIT_MS[match[2]]
    return value if value <= MAX_DURATION_MS else None


def written(duration_ms: int) -> str:
    """Return a duration in the largest unit that holds it whole: the way in which somebody would write it."""
    unit = max((unit for unit, ms in _UNIT_MS.items() if duration_ms % ms == 0), key=lambda unit: _UNIT_MS[unit])
    return f"{duration_ms // _UNIT_MS[unit]}{unit}" if duration_ms else "0s"


def share_ppm(text: str) -> int | None:
    """Return parts per million for ``95%`` or ``99.95%``, from 0 to 100 % in steps of 0.0001 %."""
    value = _percentage_ppm(text)
    return value if value is not None and value <= WHOLE_PPM else None


def percent_ppm(text: str) -> int | None:
    """Return parts per million for ``250%``, how many times as much: from 100 to 10,000 %."""
    value = _percentage_ppm(text)
    return value if value is not None and WHOLE_PPM <= value <= _MOST_PPM else None


def chance_ppm(text: str) -> int | None:
    """Return parts per million for a probability, written ``0.1`` or ``10%``."""
    match = _CHANCE.fullmatch(text)
    if match is None:
        return share_ppm(text)
    value = int(match[1]) * WHOLE_PPM + int((match[2] or "").ljust(6, "0"))
    return value if value <= WHOLE_PPM else None


def _percentage_ppm(text: str) -> int | None:
    match = _SHARE.fullmatch(text)
    return int(match[1]) * 10_000 + int((match[2] or "").ljust(4, "0")) if match else None


def time_min(text: str) -> int | None:
    """Return minutes since midnight for ``17:00``, two digits each."""
    match = _TIME.fullmatch(text)
    return int(match[1]) * 60 + int(match[2]) if match else None


def rate_per_s(text: str) -> int | None:
    """Return the number of times a second for ``60/s``, from 1."""
    match = _RATE.fullmatch(text)
    return int(match[1]) if match else None


def hourly(text: str) -> int | None:
    """Return how many an hour for ``40/s``, ``120/min`` or ``600/h``, from 0."""
    match = _HOURLY.fullmatch(text)
    value = int(match[1]) * _HOURLY_OF[match[2]] if match else None
    return value if value is not None and value <= _MOST_PER_H else None


def count(text: str) -> int | None:
    """Return a whole number from 0, in plain digits."""
    return int(text) if _COUNT.fullmatch(text) else None


def positive(text: str) -> int | None:
    """Return a whole number from 1, in plain digits."""
    return count(text) or None


def port(text: str) -> int | None:
    """Return the number of a TCP or UDP port, 1 to 65535."""
    value = positive(text)
    return value if value is not None and value <= MAX_PORT else None


def minor_decimals(currency: str) -> int:
    """Return how many decimals the minor unit of a currency (ISO 4217 code) has."""
    return _DECIMALS.get(currency, 2)


def money(text: str) -> Money | None:
    """Return an amount for ``2bn EUR``, ``300m EUR``, ``45k EUR`` or ``12.50 EUR``: a whole number of minor units."""
    match = _MONEY.fullmatch(text)
    if match is None:
        return None
    decimals = match[2] or ""
    power = _TIMES[match[3] or ""] + minor_decimals(match[4]) - len(decimals)
    if power < 0:
        return None
    minor = int(match[1] + decimals) * 10**power
    return Money(minor, match[4]) if minor <= MAX_MINOR else None


def iso_date(text: str) -> str | None:
    """Return the text of a date that is in the calendar, such as ``2026-05-12`` (ISO 8601)."""
    if not _DATE.fullmatch(text):
        return None
    try:
        date.fromisoformat(text)
    except ValueError:
        return None
    return text


def code(text: str) -> str | None:
    """Return the text of a code of this program, such as ``HF601``."""
    return text if _CODE.fullmatch(text) else None


def gap(text: str) -> str | None:
    """Return the text of what a gap is about: a scenario and a check, such as ``lose-dc-a/within-tolerance``."""
    return text if _GAP.fullmatch(text) else None


@dataclass(frozen=True, slots=True)
class Form:
    """A way of writing an integer: its parser, how a message describes it, and how to write it where that is longer."""

    parse: Callable[[str], int | None]
    expected: str
    how: str = ""

    @property
    def remedy(self) -> str:
        """How to write it, limits included."""
        return self.how or f"Write {self.expected}."


@dataclass(frozen=True, slots=True)
class TextForm:
    """A way of writing a text that is kept as it is: what accepts it and how a message describes it."""

    parse: Callable[[str], str | None]
    expected: str


FORMS: Mapping[str, Form] = {
    "duration": Form(
        duration_ms,
        "a duration such as 2h, 90m, 30s or 500ms",
        "Write one whole number and one unit (ms, s, m, h, d, y), at most ten years: 90m, not 1.5h or 1h30m.",
    ),
    "share": Form(share_ppm, "a share from 0% to 100%, such as 95%"),
    "percent": Form(percent_ppm, "a percentage from 100% to 10000%, such as 250%"),
    "chance": Form(chance_ppm, "a probability such as 0.1 or 10%"),
    "time": Form(time_min, 'a time of day such as "17:00"'),
    "rate": Form(rate_per_s, "a rate such as 60/s", "Write a whole number from 1 to 999999 a second, such as 60/s."),
    "hourly": Form(hourly, "a rate such as 40/s, 120/min or 600/h"),
    "count": Form(count, "a whole number from 0", f"Write digits only, from 0 to {MAX_COUNT}."),
    "positive": Form(positive, "a whole number from 1", f"Write digits only, from 1 to {MAX_COUNT}."),
    "port": Form(port, "the number of a port, 1 to 65535"),
}

# The forms that stay texts, and the one that becomes an amount of money.
TEXTS: Mapping[str, TextForm] = {
    "date": TextForm(iso_date, "a date such as 2026-05-12"),
    "code": TextForm(code, "the code of a finding, such as HF601"),
    "gap": TextForm(gap, "a scenario and a check, such as lose-dc-a/within-tolerance"),
}
MONEY = "an amount such as 2bn EUR, 300m EUR, 45k EUR or 12.50 EUR"
MONEY_REMEDY = (
    "Write an amount and the code of a currency (ISO 4217), such as 2bn EUR or 12.50 EUR: whole minor units, "
    "at most 90,000bn with two decimals."
)
