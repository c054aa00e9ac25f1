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
_WHOLE = re.compile(r"^([0-9]{1,9})[.,]0+$")
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
    CMDBs, ``1970-01-01 04:00:00``. A bare number, also as spreadsheets have it (``4.0``), counts in ``unit`` (``m``,
    ``h``, ``d``), and is nothing without one.
    """
    found = _milliseconds(_WHOLE.sub(r"\1", text.strip().casefold()), unit)
    return None if found is None or found > MAX_DURATION_MS else written(found)


def unit_in(column: str) -> str | None:
    """Return the unit that the heading of a column ends in, as in ``rto_hours``, ``RTO (min)`` or ``RPO [h]``."""
    words = re.findall(r"[a-z]+", column.casefold())
    return next((unit for word in words[1:] if (unit := _UNIT_WORDS.get(word)) in {"m", "h", "d"}), None)


def criticality_of(text: str) -> tuple[Criticality, bool] | None:
    """Return what a word or number for criticality, tier or priority means, and whether that is only a guess.

    Words count before numbers, because scales run both ways: "4 - Critical" is critical, and so is "1 - most critical".
    A number alone is read as a tier, 1 the most critical, and is a guess.
    """
    folded = text.casefold()
    words = re.findall(r"[^\W\d_]+", folded)
    for criticality, marks in _MARKS:
        if any(mark in words for mark in marks):
            return criticality, False
    number = re.search(r"[0-9]+", folded)
    tier = _TIERS.get(number[0]) if number is not None else None
    return None if tier is None else (tier, True)


# In this order: what weakens or strengthens a word ("not critical", "very high") decides before the word itself.
_MARKS: tuple[tuple[Criticality, tuple[str, ...]], ...] = (
    ("low", ("not", "non", "nicht", "niet", "pas")),
    ("critical", ("most", "very", "sehr", "très", "zeer", "mission", "vital", "platinum", "extreme", "severe")),
    ("medium", ("less", "weniger", "moins", "minder")),
    ("high", ("somewhat",)),
    ("critical", ("critical", "kritisch", "critique", "kritiek", "essential")),
    ("high", ("high", "important", "gold", "hoch", "élevé", "élevée", "hoog", "major")),
    ("medium", ("medium", "moderate", "silver", "mittel", "moyen", "moyenne", "gemiddeld", "normal")),
    ("low", ("low", "bronze", "minor", "niedrig", "gering", "faible", "laag")),
)
_TIERS: Mapping[str, Criticality] = {
    "0": "critical",
    "1": "critical",
    "2": "high",
    "3": "medium",
    "4": "low",
    "5": "low",
}


def limits_said(given: Mapping[str, Said], criticality: str | None) -> dict[str, Said]:
    """Return ``impact``, ``impact_tolerance``, ``rto`` and ``rpo`` of a service.

    ``given`` has what the export says, as the model writes durations: ``tolerance``, ``rto``, ``rpo`` and ``mtpd``, the
    maximum tolerable period of disruption, which becomes a point of the impact analysis and caps what is guessed.
    """
    known = criticality_of(criticality) if criticality else None
    table = TABLE[known[0] if known else _STRICTEST]
    because = f'its criticality is "{criticality}"' if known else "no criticality is given, the strictest line is taken"
    values: dict[str, Said] = {}
    stated = {key: str(said.value) for key, said in given.items()}
    mtpd = stated.get("mtpd")
    if mtpd is not None:
        values["impact"] = Said({mtpd: "intolerable"}, given["mtpd"].guessed)
    if "tolerance" in given:
        tolerance, guessed = stated["tolerance"], given["tolerance"].guessed
    else:
        # An objective that was given says that the service can be away for that long; no limit is invented below it.
        longest = max((table.tolerance, stated.get("rto", "0s")), key=_ms)
        tolerance = longest if mtpd is None else min((longest, mtpd), key=_ms)
        by = because if tolerance == table.tolerance else f"it is the {'RTO' if tolerance == longest else 'MTPD'}"
        guessed = f"no impact tolerance is given; {by}"
    values["impact_tolerance"] = Said({"duration": tolerance}, guessed)
    nothing = f"no objective is given; {because}"
    values["rto"] = given.get("rto", Said(min((table.rto, tolerance), key=_ms), nothing))
    values["rpo"] = given.get("rpo", Said(table.rpo, nothing))
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
