"""The limits of a service for which an export gives none: guessed on the safe side, and said to be.

The model requires an impact tolerance and two objectives of every service. An export seldom has them, and a service
without a limit would look as if it could not fail. What is missing is taken from this table by the criticality that the
export gives, and from its strictest line where it gives none. The strictest recovery time is the two hours within which
a market infrastructure must resume critical operations (CPMI-IOSCO PFMI, Principle 17, key consideration 6). The other
lines are the customary tiers of continuity plans and have no rule behind them; all of it is there to be corrected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from holdfast.model.importing.facts import Said
from holdfast.model.quantities import MAX_DURATION_MS, duration_ms, written

Criticality = Literal["critical", "high", "medium", "low"]
CRITICALITIES: tuple[Criticality, ...] = ("critical", "high", "medium", "low")

_UNIT_MS: Mapping[str, int] = {
    "ms": 1,
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
}
_UNIT_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "minuten"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "stunde", "stunden", "heure", "heures", "uur"), "h"),
    **dict.fromkeys(("d", "day", "days", "tag", "tage", "jour", "jours", "dagen", "dag"), "d"),
    **dict.fromkeys(("w", "week", "weeks", "woche", "wochen", "weken"), "w"),
    "ms": "ms",
}
_PART = re.compile(r"\s*([0-9]{1,9})\s*([a-z]+)\s*(?:,|and)?", re.ASCII)
_ISO_8601 = re.compile(r"p(?:([0-9]{1,6})d)?(?:t(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?)?", re.ASCII)
_CLOCK = re.compile(r"(?:1970-01-0([1-9]) )?([0-9]{1,3}):([0-5][0-9]):([0-5][0-9])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a line of the table stands for, as the model writes durations."""

    tolerance: str
    rto: str
    rpo: str


TABLE: Mapping[Criticality, Limits] = {
    "critical": Limits("4h", "2h", "0s"),
    "high": Limits("8h", "4h", "15m"),
    "medium": Limits("1d", "8h", "1h"),
    "low": Limits("3d", "1d", "1d"),
}
_STRICTEST: Criticality = "critical"


def duration_of(text: str, unit: str | None = None) -> str | None:
    """Return a duration as the model writes it, for the ways in which exports do; ``None`` if it is none of them.

    Understood are ``4h``, ``4 hours``, ``1h30m``, ``PT4H`` (ISO 8601), ``04:00:00`` and the calendar form of some
    CMDBs, ``1970-01-01 04:00:00``. A bare number counts in ``unit`` (``m``, ``h``, ``d``), and is nothing without one.
    """
    found = _milliseconds(text.strip().casefold(), unit)
    return None if found is None or found > MAX_DURATION_MS else written(found)


def unit_in(column: str) -> str | None:
    """Return the unit that the heading of a column names, as in ``rto_hours`` or ``RTO (min)``."""
    for word in re.findall(r"[a-z]+", column.casefold()):
        if (unit := _UNIT_WORDS.get(word)) is not None and len(word) > 1:
            return unit
    return None


def criticality_of(text: str) -> Criticality | None:
    """Return what a word or number for criticality, tier or priority means; 1 is the most critical."""
    words = re.findall(r"[a-z]+|[0-9]+", text.casefold())
    joined = " ".join(words)
    if joined in {"0", "1"} or any(word in joined for word in ("most critical", "mission", "vital", "platinum")):
        return "critical"
    for criticality, marks in _MARKS.items():
        if any(mark in words for mark in marks):
            return criticality
    return None


_MARKS: Mapping[Criticality, tuple[str, ...]] = {
    "low": ("low", "not", "non", "4", "5", "bronze", "minor", "niedrig", "faible", "laag"),
    "medium": ("medium", "moderate", "less", "3", "silver", "mittel", "moyen", "normal"),
    "high": ("high", "somewhat", "important", "2", "gold", "hoch", "major"),
    "critical": ("critical", "1", "0", "kritisch", "critique", "kritiek", "essential"),
}


def limits_said(given: Mapping[str, str], criticality: str | None) -> dict[str, Said]:
    """Return ``impact``, ``impact_tolerance``, ``rto`` and ``rpo`` of a service.

    ``given`` has what the export says, as the model writes durations: ``tolerance``, ``rto``, ``rpo`` and ``mtpd``, the
    maximum tolerable period of disruption, which becomes a point of the impact analysis and caps what is guessed.
    """
    known = criticality_of(criticality) if criticality else None
    table = TABLE[known or _STRICTEST]
    because = f'its criticality is "{criticality}"' if known else "no criticality is given, the strictest line is taken"
    values: dict[str, Said] = {}
    mtpd = given.get("mtpd")
    if mtpd is not None:
        values["impact"] = Said({mtpd: "intolerable"})
    tolerance = given.get("tolerance")
    if tolerance is None:
        # An objective that was given says that the service can be away for that long; no limit is invented below it.
        longest = max((table.tolerance, given.get("rto", "0s")), key=_ms)
        tolerance = longest if mtpd is None else min((longest, mtpd), key=_ms)
        values["impact_tolerance"] = Said({"duration": tolerance}, f"no impact tolerance is given; {because}")
    else:
        values["impact_tolerance"] = Said({"duration": tolerance})
    if "rto" in given:
        values["rto"] = Said(given["rto"])
    else:
        values["rto"] = Said(min((table.rto, tolerance), key=_ms), f"no objective is given; {because}")
    if "rpo" in given:
        values["rpo"] = Said(given["rpo"])
    else:
        values["rpo"] = Said(table.rpo, f"no objective is given; {because}")
    return values


def _milliseconds(text: str, unit: str | None) -> int | None:
    if text.isascii() and text.isdecimal() and unit is not None and len(text) <= _MAX_DIGITS:
        return int(text) * _UNIT_MS[unit]
    if (iso := _ISO_8601.fullmatch(text)) is not None and any(iso.groups()):
        return sum(int(part) * _UNIT_MS[key] for part, key in zip(iso.groups(), "dhms", strict=True) if part)
    if (clock := _CLOCK.fullmatch(text)) is not None:
        days, hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return ((max(days - 1, 0) * 24 + hours) * 60 + minutes) * _UNIT_MS["m"] + seconds * _UNIT_MS["s"]
    total, position = 0, 0
    while position < len(text):
        part = _PART.match(text, position)
        if part is None or part[2] not in _UNIT_WORDS:
            return None
        total += int(part[1]) * _UNIT_MS[_UNIT_WORDS[part[2]]]
        position = part.end()
    return total if text else None


_MAX_DIGITS = 9


def _ms(duration: str) -> int:
    return duration_ms(duration) or 0
