"""What a facilitator writes down while a scenario is talked through, a line a fact; a file takes the same lines.

    next                                        the next inject is told (so does an empty line on a terminal)
    at 40m                                      the clock of the scenario is moved on
    here ROLE                                   somebody is there
    decide N yes|no|unsure ROLE [at 40m]: TEXT  a decision on inject N
    note [ROLE]: TEXT                           an observer's note
    hot-wash [ROLE]: TEXT                       what was said right after
    action: WHAT; OWNER; DATE                   what is to be done
    close: WHY                                  the exercise ends

A hyphen stands for N where the decision answers no inject, and for ROLE where nobody knows who decided. Each line but
``at`` becomes one entry of the log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

from holdfast.cli.byhand import action_meant
from holdfast.errors import UsageError

_DECIDE = re.compile(r"decide\s+(\d+|-)\s+(yes|no|unsure)\s+(\S+?)(?:\s+at\s+(\S+?))?\s*:\s*(.+)")
_SAID = re.compile(r"(note|hot-wash)(?:\s+(\S+?))?\s*:\s*(.+)")
_ACTION = re.compile(r"action\s*:\s*(.+)")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Next:
    """The next inject is told."""


@dataclass(frozen=True, slots=True)
class MoveTo:
    """The clock of the scenario is moved on."""

    clock_ms: int


@dataclass(frozen=True, slots=True)
class Here:
    """Somebody is there."""

    who: str


@dataclass(frozen=True, slots=True)
class Decide:
    """A decision: on which inject, as expected or not, by whom, at which time of the scenario if it was said."""

    inject: int | None
    as_expected: Literal["yes", "no", "unsure"]
    by: str | None
    clock_ms: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Say:
    """A note, or a word of the hot wash."""

    kind: Literal["note", "hot-wash"]
    by: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Agree:
    """What is to be done, by whom, until when."""

    action: str
    owner: str
    due: str


@dataclass(frozen=True, slots=True)
class Close:
    """The exercise ends."""

    why: str


Line = Next | MoveTo | Here | Decide | Say | Agree | Close


def parse(text: str) -> Line | None:
    """Return what a line says, ``None`` for one that says nothing (empty, or a comment); HF986 for any other."""
    line = " ".join(text.split())
    if not line or line.startswith("#"):
        return None
    found = _parsed(line)
    if found is None or not line.isprintable():
        message = f"expected a line such as 'next', 'here ROLE' or 'decide 2 yes ROLE: TEXT', got {line!r}"
        raise UsageError("HF986", message, remedy="docs/tabletop.md has every form.")
    return found


def parse_all(lines: Iterable[str], name: str) -> tuple[Line, ...]:
    """Return what the lines of a file say; HF986 names every one that says nothing known, before any is recorded."""
    found: list[Line] = []
    wrong: list[str] = []
    for number, text in enumerate(lines, 1):
        try:
            line = parse(text)
        except UsageError as problem:
            wrong.append(f"{name}:{number}: {problem.message}")
        else:
            found += [line] if line is not None else []
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        message = f"{'; '.join(wrong[:_SHOWN])}{more}"
        raise UsageError("HF986", message, remedy="Nothing was recorded. docs/tabletop.md has every form of a line.")
    return tuple(found)


def _parsed(line: str) -> Line | None:
    word, _, rest = line.partition(" ")
    if line == "next":
        return Next()
    if word == "at":
        clock_ms = _duration(rest)
        return None if clock_ms is None else MoveTo(clock_ms)
    if word == "here":
        return Here(rest) if rest else None
    if said := _SAID.fullmatch(line):
        return Say(cast("Literal['note', 'hot-wash']", said[1]), said[2], said[3])
    if agreed := _ACTION.fullmatch(line):
        return Agree(*action_meant(agreed[1]))
    if line.startswith("close:") and (why := line.removeprefix("close:").strip()):
        return Close(why)
    return _decision(line)


def _decision(line: str) -> Decide | None:
    found = _DECIDE.fullmatch(line)
    if found is None:
        return None
    clock_ms = None if found[4] is None else _duration(found[4])
    if found[4] is not None and clock_ms is None:
        return None
    answer = cast("Literal['yes', 'no', 'unsure']", found[2])
    inject, by = (None if part == "-" else part for part in (found[1], found[3]))
    return Decide(None if inject is None else int(inject), answer, by, clock_ms, found[5])


def _duration(text: str) -> int | None:
    from holdfast.model.quantities import FORMS

    return FORMS["duration"].parse(text)
