"""What is declared, in words: quantities as somebody would write them, needs as somebody would say them."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.model.quantities import minor_decimals, written
from holdfast.model.types import AnyOf, AtLeast, Constant, Duration, Lognormal, Money, Need, On, Pert

_PPM_OF_PERCENT = 10_000
_SCALES = ((9, "bn"), (6, "m"), (3, "k"))


def percent(ppm: int) -> str:
    """Return a share given in parts per million, such as ``99.5%``."""
    whole, rest = divmod(ppm, _PPM_OF_PERCENT)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".") + "%"


def time_of_day(minutes: int) -> str:
    """Return minutes since midnight as ``17:00``."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def spread(duration: Duration) -> str:
    """Return a duration that may vary: ``usually 2m, 19 of 20 within 15m``."""
    match duration:
        case Constant(ms):
            return written(ms)
        case Lognormal(p50_ms, p95_ms):
            return f"usually {written(p50_ms)}, 19 of 20 within {written(p95_ms)}"
        case Pert(min_ms, mode_ms, max_ms):
            return f"{written(min_ms)} to {written(max_ms)}, most often {written(mode_ms)}"


def usual_ms(duration: Duration) -> int:
    """Return what a duration usually is: its median, or the mode where it is given by that."""
    match duration:
        case Constant(ms):
            return ms
        case Lognormal(p50_ms, _):
            return p50_ms
        case Pert(_, mode_ms, _):
            return mode_ms


def worst_ms(duration: Duration) -> int:
    """Return what a duration hardly exceeds: its p95, or the maximum where it is given by that."""
    match duration:
        case Constant(ms):
            return ms
        case Lognormal(_, p95_ms):
            return p95_ms
        case Pert(_, _, max_ms):
            return max_ms


def amount(money: Money) -> str:
    """Return an amount in the largest scale that shows it whole: ``2bn EUR``, ``12.50 EUR``."""
    decimals = minor_decimals(money.currency)
    for power, scale in _SCALES:
        if money.minor and money.minor % 10 ** (decimals + power) == 0:
            return f"{money.minor // 10 ** (decimals + power)}{scale} {money.currency}"
    whole, rest = divmod(money.minor, 10**decimals)
    return f"{whole}{f'.{rest:0{decimals}d}' if rest else ''} {money.currency}"


def listed(words: Sequence[str], last: str = "and", most: int | None = None) -> str:
    """Return ``a, b and c``; with ``most``, no more than so many and how many more there are."""
    if most is not None and len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else "nothing"


def counted(number: int, word: str) -> str:
    """Return a number with its word: ``1 member``, ``3 members``."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def need_said(need: Need, *, inner: bool = False) -> str:
    """Return a need in words: ``db-a and one of wan-1 or wan-2``."""
    if isinstance(need, On):
        holds = "" if need.holds_for_ms is None else f" (can be missing for {written(need.holds_for_ms)})"
        return f"{need.resource}{holds}"
    if len(need.of) == 1:
        return need_said(need.of[0], inner=inner)
    parts = [need_said(part, inner=True) for part in need.of]
    said = listed(parts, "or" if isinstance(need, AnyOf) else "and")
    if isinstance(need, AtLeast):
        said = f"{need.count} of {said}"
    return f"({said})" if inner and parts else said
