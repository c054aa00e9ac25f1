"""How quantities are written, and the integers that they become.

Scalars are typed by what the schema expects at that place, never by what they look like: ``no`` is a word, ``12:30``
is a time only where a time belongs, and ``1e3`` is nothing at all. Every parser returns ``None`` for what it does not
accept; none rounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_UNIT_MS: Mapping[str, int] = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(0|[1-9][0-9]{0,8})(ms|s|m|h|d)", re.ASCII)
_SHARE = re.compile(r"(0|[1-9][0-9]{0,2})(?:\.([0-9]{1,4}))?%", re.ASCII)
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_RATE = re.compile(r"([1-9][0-9]{0,5})/s", re.ASCII)
_COUNT = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)

MAX_DURATION_MS = 3_660 * _UNIT_MS["d"]  # ten years: longer than any objective or exercise
_WHOLE_PPM = 1_000_000


def duration_ms(text: str) -> int | None:
    """Return milliseconds for ``500ms``, ``30s``, ``90m``, ``2h`` or ``1d``, up to ten years."""
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
    match = _SHARE.fullmatch(text)
    if match is None:
        return None
    value = int(match[1]) * 10_000 + int((match[2] or "").ljust(4, "0"))
    return value if value <= _WHOLE_PPM else None


def time_min(text: str) -> int | None:
    """Return minutes since midnight for ``17:00``, two digits each."""
    match = _TIME.fullmatch(text)
    return int(match[1]) * 60 + int(match[2]) if match else None


def rate_per_s(text: str) -> int | None:
    """Return the number of times a second for ``60/s``, from 1."""
    match = _RATE.fullmatch(text)
    return int(match[1]) if match else None


def count(text: str) -> int | None:
    """Return a whole number from 0, in plain digits."""
    return int(text) if _COUNT.fullmatch(text) else None


def positive(text: str) -> int | None:
    """Return a whole number from 1, in plain digits."""
    return count(text) or None


@dataclass(frozen=True, slots=True)
class Form:
    """A way of writing an integer: its parser and how a message describes it."""

    parse: Callable[[str], int | None]
    expected: str


FORMS: Mapping[str, Form] = {
    "duration": Form(duration_ms, "a duration such as 2h, 90m, 30s or 500ms"),
    "share": Form(share_ppm, "a share from 0% to 100%, such as 95%"),
    "time": Form(time_min, 'a time of day such as "17:00"'),
    "rate": Form(rate_per_s, "a rate such as 60/s"),
    "count": Form(count, "a whole number from 0"),
    "positive": Form(positive, "a whole number from 1"),
}
