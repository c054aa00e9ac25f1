"""How measured quantities read: one form each, so that a table, a report and a terminal never differ."""

from __future__ import annotations

from collections.abc import Collection

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))
_SHOWN = 3
_SECOND_US = 1_000_000
_TWO_DECIMALS_BELOW_US = 10 * _SECOND_US
_ONE_DECIMAL_BELOW_US = 100 * _SECOND_US
_HOUR_S = 3_600


def duration(us: int) -> str:
    """Return microseconds as people read them: ``0.84 s``, ``23.4 s``, ``4 min 05 s``, ``2 h 10 min``."""
    if us < 0:
        return f"−{duration(-us)}"
    if us < _TWO_DECIMALS_BELOW_US:
        return f"{us / _SECOND_US:.2f} s" if us else "0 s"
    if us < _ONE_DECIMAL_BELOW_US:
        return f"{us / _SECOND_US:.1f} s"
    seconds = (us + _SECOND_US // 2) // _SECOND_US
    if seconds < _HOUR_S:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    minutes = (seconds + 30) // 60
    return f"{minutes // 60} h {minutes % 60:02d} min"


def declared(ms: int) -> str:
    """Return a declared duration exactly, in its largest whole unit: ``2 h``, ``90 min``, ``0 s``."""
    for unit_ms, unit in _UNITS:
        if ms and ms % unit_ms == 0:
            return f"{ms // unit_ms} {unit}"
    return f"{ms:,} ms" if ms else "0 s"


def count(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 instruction``, ``2,431 instructions``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def money(cents: int) -> str:
    """Return minor units as an amount with two decimals, without a currency: the model declares none."""
    sign = "−" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def share(ppm: int) -> str:
    """Return parts per million as a percentage without needless zeros."""
    return f"{ppm / 10_000:.4f}".rstrip("0").rstrip(".") + " %"


def some(names: Collection[str]) -> str:
    """Return the first few of many names, in order, and how many more there are."""
    ordered = sorted(names)
    more = len(ordered) - _SHOWN
    return ", ".join(ordered[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def minute_of_day(minute: int) -> str:
    """Return minutes since midnight as ``15:30``."""
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"
