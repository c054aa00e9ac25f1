"""What commands share by which people record what happened: when it was, who says so, and words fit for the record."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from holdfast.cli.terminal import console, safe
from holdfast.errors import HoldfastError, UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.events import Attachment
    from holdfast.model.types import Model
    from holdfast.store.port import Log, LogReader

ACTOR = "operator"
MAX_TEXT_CHARS = 4_000
AHEAD_US = 120_000_000
"""How far a time may lie ahead: clocks of people and of machines differ by so much."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_AGO = re.compile(r"([+-])(\d{1,5})(m|min|h|d)", re.ASCII)
_OF_TODAY = re.compile(r"(\d{1,2}:\d{2}(?::\d{2})?)\s*(Z|[+-]\d{2}:?\d{2})", re.ASCII)
_DAY_US = 86_400_000_000
_MOST_US = 2**53 - 1  # what an entry of the log holds: into the year 2255
_MINUTES = {"m": 1, "min": 1, "h": 60, "d": 1440}

At = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME",
        help="When it occurred: 14:05+01:00 of today, 2026-11-21T14:05+01:00, or -12m. [default: now]",
    ),
]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who says so: a role, or a person (concealed).")]
From = Annotated[str | None, typer.Option("--source", metavar="TEXT", help="Where that is from.")]


def now_utc_us() -> int:
    """Return this instant in UTC microseconds."""
    return (datetime.now(UTC) - _EPOCH) // _US


def time_meant(text: str | None, option: str = "--at", *, ahead: bool = False) -> int:
    """Return a time in UTC microseconds: as it was given, with its zone, or now.

    Raises ``UsageError`` HF971 for what is no time, has no zone, or has not come yet; with ``ahead``, for what is over.
    """
    now = now_utc_us()
    if text is None:
        return now
    found = _time(text.strip(), now)
    if found is None or not 0 <= found <= _MOST_US:
        message = f"expected a time with its zone for {option}, got {text!r}"
        soon = "+45m for forty-five minutes from now" if ahead else "-12m for twelve minutes ago"
        remedy = f"Write 14:05+01:00 (today), 2026-11-21T14:05+01:00, 2026-11-21T13:05Z, or {soon}."
        raise UsageError("HF971", message, remedy=remedy)
    if found > now + AHEAD_US and not ahead:
        message = f"{option} {text!r} has not come yet: what is recorded has happened"
        raise UsageError("HF971", message, remedy=_other_day(text, found - _DAY_US, "yesterday"))
    if found < now - AHEAD_US and ahead:
        message = f"{option} {text!r} is over: a decision is due in time to come"
        raise UsageError("HF971", message, remedy=_other_day(text, found + _DAY_US, "tomorrow"))
    return found


def _other_day(text: str, utc_us: int, day: str) -> str:
    """Return what to write for a time of day that was meant of the day before, or of the next one."""
    today = _OF_TODAY.fullmatch(text.strip())
    if today is None:
        return "Correct the time or its zone."
    return f"Correct it; if it is of {day}, write {(_EPOCH + utc_us * _US).astimezone(_zone(today[2])).isoformat()}."


def _zone(offset: str) -> tzinfo:
    return datetime.strptime(offset.replace("Z", "+00:00").replace(":", ""), "%z").tzinfo or UTC


def _time(text: str, now: int) -> int | None:
    if ago := _AGO.fullmatch(text):
        us = int(ago[2]) * _MINUTES[ago[3]] * 60_000_000
        return now - us if ago[1] == "-" else now + us
    try:
        if today := _OF_TODAY.fullmatch(text):
            zone = _zone(today[2])
            day = (_EPOCH + now * _US).astimezone(zone).date().isoformat()
            clock = today[1] if len(today[1].partition(":")[0]) > 1 else f"0{today[1]}"
            return (datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone) - _EPOCH) // _US
        given = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return None if given.tzinfo is None else (given - _EPOCH) // _US


def words(text: str | None, what: str, code: str = "HF972") -> str:
    """Return a text as it is recorded; refused by ``code`` when there is none, or it cannot be printed."""
    stripped = " ".join((text or "").split())
    if not stripped or len(stripped) > MAX_TEXT_CHARS or not stripped.isprintable():
        message = f"expected {what} of 1 to {MAX_TEXT_CHARS:,} printable characters"
        raise UsageError(code, message, remedy="Say it in words: they stand in the record for good.")
    return stripped


def action_meant(text: str) -> tuple[str, str, str]:
    """Return what is to be done, by whom and until which day; HF976 when one of them is missing, or the day is none."""
    from holdfast.model.quantities import iso_date

    what, owner, due = ([part.strip() for part in text.rsplit(";", 2)] + ["", ""])[:3]
    if iso_date(due) is None:
        message = f"expected what, owner and date, got {safe(text)!r}"
        raise UsageError("HF976", message, remedy='Write "What is to be done;role;2026-12-31".')
    return words(what, "an action"), words(owner, "an owner"), due


def named(log: Log, model: Model | None, name: str | None) -> str | None:
    """Return how the record names who: a role of the model by its name, anybody else by a salted digest.

    That it is no role is said on the screen: a role that was mistyped would be concealed, and nobody would know.
    """
    if name is None:
        return None
    text = words(name, "a name")
    if model is not None and text in model.roles:
        return text
    if model is not None:
        from difflib import get_close_matches

        near = get_close_matches(text.casefold().replace(" ", "-"), model.roles, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        told = f"note: {safe(text)} is no role of the model: recorded as a person, concealed{hint}"
        console(stderr=True).print(Text(told, "yellow"), soft_wrap=True)
    return log.conceal(text)


def committed(log: LogReader, attachment: Attachment | None) -> Model | None:
    """Return a model that was committed to a log; None without one, or when this version cannot read it."""
    from holdfast.exercises.vocabulary import vocabulary
    from holdfast.model.loader import load_attachment

    if attachment is None:
        return None
    try:
        return load_attachment(log.attachment(attachment.sha256), vocabulary())[0]
    except HoldfastError:
        return None


def zone_of(model: Model | None) -> tzinfo:
    """Return the institution's time zone, UTC where it is not known."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if model is None or model.calendar is None:
        return UTC
    try:
        return ZoneInfo(model.calendar.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
