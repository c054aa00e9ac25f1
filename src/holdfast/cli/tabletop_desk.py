"""The log and the tabletop that a command works on, and what becomes of each line: one durable entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.byhand import ACTOR, named, now_utc_us, words
from holdfast.cli.tabletop_lines import Agree, Close, Decide, Here, Line, MoveTo, Next, Say
from holdfast.cli.terminal import safe
from holdfast.errors import HoldfastError, UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.events import Event
    from holdfast.evidence.spoken import Happening
    from holdfast.model.types import Model
    from holdfast.state.tabletop import Tabletop
    from holdfast.store.port import LogReader
    from holdfast.store.signed import SignedLog

SCRIPT = "script"
"""Who records what a file says: its lines are counted by this, so that an interrupted run goes on where it was."""
_MINUTE_MS = 60_000
PAUSE_US = 4 * 3_600_000_000
"""After so long without a word nobody takes the clock of the scenario to have run on."""

Of = Annotated[
    str | None, typer.Option("--exercise", metavar="ID", help="Which tabletop. [default: the only one that is open]")
]


@dataclass(frozen=True, slots=True)
class Table:
    """An open log, the tabletop that is held, and its model; it is read anew before every line."""

    log: SignedLog
    exercise: str
    model: Model

    def look(self) -> Tabletop:
        """Return the tabletop as it stands now."""
        return tabletops(self.log)[self.exercise]

    def record(self, line: Line, clock_ms: int, *, actor: str = ACTOR) -> int | None:
        """Record what a line says, durably, and return its entry; ``None`` for one that only moves the clock.

        HF987 for a decision on an inject that there is not or that was not told, for a next inject when all were told,
        and for anything but a note, a word of the hot wash or an action once it is closed.
        """
        if isinstance(line, MoveTo):
            return None
        tabletop = self.look()
        if tabletop.closed is not None and not isinstance(line, Say | Agree):
            message = f"tabletop {safe(self.exercise)} is closed"
            raise HoldfastError("HF987", message, remedy="A note, a word of the hot wash and an action still land.")
        event = self._event(line, tabletop, clock_ms)
        (seq,) = self.log.append([event], actor=actor, subject=f"exercise:{self.exercise}")
        return seq

    def _event(self, line: Line, tabletop: Tabletop, clock_ms: int) -> Event:
        from holdfast.evidence.spoken import ActionAgreed, DecisionTaken, InjectTold
        from holdfast.store.clock import now

        match line:
            case Next():
                number = self.following(tabletop)
                if number is None:
                    message = "every inject was told"
                    raise UsageError("HF987", message, remedy="Go on with decisions and notes, then close.")
                return InjectTold(self.exercise, number, clock_ms, now())
            case Decide():
                at_ms = clock_ms if line.clock_ms is None else line.clock_ms
                self._check_told(tabletop, line.inject, at_ms)
                by = named(self.log, self.model, line.by)
                text = words(line.text, "a decision")
                return DecisionTaken(self.exercise, text, line.as_expected, at_ms, now(), line.inject, by)
            case Agree():
                owner = named(self.log, self.model, line.owner) or line.owner
                return ActionAgreed(self.exercise, words(line.action, "an action"), owner, line.due)
            case Here():
                return self._fact("attended", "", line.who, clock_ms)
            case Say():
                return self._fact(line.kind, words(line.text, "a note"), line.by, clock_ms)
            case Close():
                return self._fact("closed", words(line.why, "why"), None, clock_ms)
            case MoveTo():
                raise TypeError(line)

    def _fact(self, kind: Happening, text: str, by: str | None, clock_ms: int) -> Event:
        from holdfast.evidence.spoken import FactRecorded

        return FactRecorded(
            self.exercise, kind, text, now_utc_us(), by=named(self.log, self.model, by), clock_ms=clock_ms
        )

    def _check_told(self, tabletop: Tabletop, inject: int | None, at_ms: int) -> None:
        if inject is not None and inject not in tabletop.injects:
            message = f"inject {inject} was not told"
            remedy = f"Told are {', '.join(map(str, tabletop.injects)) or 'none'}; - is a decision on none of them."
            raise UsageError("HF987", message, remedy=remedy)
        if inject is not None and at_ms // _MINUTE_MS < tabletop.injects[inject].event.clock_ms // _MINUTE_MS:
            message = f"inject {inject} was told at {shown(tabletop.injects[inject].event.clock_ms)}, not before"
            raise UsageError(
                "HF987", message, remedy=f"The decision is said to be of {shown(at_ms)}: correct its time."
            )

    def following(self, tabletop: Tabletop) -> int | None:
        """Return the number of the next inject, ``None`` when every one was told."""
        injects = self.model.scenarios[tabletop.opened.event.scenario].injects
        return next((number for number in range(1, len(injects) + 1) if number not in tabletop.injects), None)


def tabletops(log: LogReader) -> Mapping[str, Tabletop]:
    """Return the tabletops of a log."""
    from holdfast.cli.record import entries
    from holdfast.state.tabletop import fold_tabletops

    return fold_tabletops(entries(log))


def chosen(found: Mapping[str, Tabletop], which: str | None) -> Tabletop:
    """Return the tabletop of this id, or the only one that is open; HF985 when there is none, or several."""
    if which is not None:
        if which in found:
            return found[which]
        message = f"expected a tabletop of this log, got {safe(which)}"
        raise UsageError("HF985", message, remedy=f"There are {', '.join(map(safe, found)) or 'none'}.")
    going = [each for each in found.values() if each.closed is None]
    if len(going) == 1:
        return going[0]
    if not going:
        raise UsageError(
            "HF985", "no tabletop is open in this log", remedy="Begin one: holdfast tabletop run SCENARIO."
        )
    remedy = f"Name one with --exercise: {', '.join(safe(each.id) for each in going)}."
    raise UsageError("HF985", f"{len(going)} tabletops are open", remedy=remedy)


@contextmanager
def table(place: str, which: str | None) -> Iterator[Table]:
    """Open a log to write and find the tabletop; HF985 as ``chosen``, or when its model cannot be read."""
    from holdfast.store.opening import open_log

    with open_log(place) as log:
        tabletop = chosen(tabletops(log), which)
        yield Table(log, tabletop.id, model_of(log, tabletop))


def model_of(log: LogReader, tabletop: Tabletop) -> Model:
    """Return the model that a tabletop committed; HF985 when this version cannot read it."""
    from holdfast.cli.byhand import committed

    model = committed(log, tabletop.opened.event.model)
    if model is None or tabletop.opened.event.scenario not in model.scenarios:
        message = f"the model of tabletop {safe(tabletop.id)} cannot be read"
        raise HoldfastError("HF985", message, remedy="Use the version of Holdfast that began it.")
    return model


def clock_now(tabletop: Tabletop, given_ms: int | None) -> int:
    """Return the time in the scenario: as given, or run on since the last word; HF987 after a long silence."""
    if given_ms is not None:
        return given_ms
    said = [each.event.occurred.utc_us for each in tabletop.told]
    said += [each.event.occurred.utc_us for each in tabletop.decisions]
    said += [fact.event.occurred_utc_us for fact in tabletop.facts]
    since_us = now_utc_us() - max(said, default=tabletop.opened.event.occurred.utc_us)
    if since_us > PAUSE_US:
        message = "nothing was said for more than four hours: what time it is in the scenario is not known"
        raise UsageError("HF987", message, remedy="Say it: --clock 40m.")
    return tabletop.clock_ms + max(0, since_us) // 1000


def shown(clock_ms: int) -> str:
    """Return the time in a scenario as hours and minutes: ``0:12``."""
    minutes = clock_ms // 60_000
    return f"{minutes // 60}:{minutes % 60:02d}"


def last_word(tabletop: Tabletop) -> str:
    """Return where a tabletop stands, in a few words."""
    if tabletop.closed is not None:
        return "closed"
    return f"open at {shown(tabletop.clock_ms)}"
