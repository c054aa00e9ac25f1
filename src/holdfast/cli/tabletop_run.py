"""``holdfast tabletop run``: a scenario talked through, with its clock; every line is durable before the next is asked.

At a terminal the clock of the scenario runs with the one on the wall, and jumps when the next inject is told before it
is due. From a file nothing runs: the clock stands where the lines put it.
"""

from __future__ import annotations

import secrets
import select
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from holdfast.cli.byhand import ACTOR, By, named
from holdfast.cli.options import EVIDENCE, Declaration, Recording
from holdfast.cli.tabletop_desk import SCRIPT, Table, model_of, shown, tabletops
from holdfast.cli.tabletop_lines import Agree, Close, Decide, Here, Line, MoveTo, Next, Say, parse, parse_all
from holdfast.cli.terminal import console, safe
from holdfast.errors import HoldfastError, UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.events import Event
    from holdfast.model.types import Model, Scenario
    from holdfast.store.signed import SignedLog

_LEAVE = frozenset({"quit", "pause"})
_MS_PER_S = 1000


def run(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario with injects.")],
    *,
    script: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Take the lines from a file, without a clock.")
    ] = None,
    anew: Annotated[bool, typer.Option("--new", help="Begin again, though one of it is still open.")] = False,
    hide: Annotated[bool, typer.Option("--hide", help="Do not show what is expected: the screen is for all.")] = False,
    lead: By = None,
    model: Declaration = None,
    log: Recording = EVIDENCE,
) -> None:
    """Hold a tabletop: tell injects as they fall due or on Enter, take down decisions, notes and the hot wash.

    Every line is in the log before the next is asked for. What was interrupted goes on where it was; a file goes on
    after the lines that it had recorded.
    """
    from holdfast.store.opening import open_log

    lines = None if script is None else parse_all(_lines_of(script), script.name)
    with open_log(log, create=True) as opened:
        table, resumed = _begun(opened, scenario, model, lead, anew=anew)
        screen = console()
        facilitator = _Facilitator(table, screen, hide=hide)
        facilitator.greet(resumed=resumed)
        if lines is not None:
            facilitator.script(lines)
        elif sys.stdin.isatty():
            facilitator.converse()
        else:
            facilitator.script(parse_all(_lines_given(), "the lines given"), whole=False)
        facilitator.part()


def _lines_of(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read: {error}"
        raise UsageError("HF986", message, remedy="Name a text file in UTF-8.") from error


def _lines_given() -> list[str]:
    try:
        return sys.stdin.readlines()
    except UnicodeDecodeError as error:
        message = f"the lines given cannot be read: {error}"
        raise UsageError("HF986", message, remedy="Give text in UTF-8; nothing was recorded of it.") from error


def _begun(
    log: SignedLog, scenario: str, declaration: Path | None, lead: str | None, *, anew: bool
) -> tuple[Table, bool]:
    """Return the tabletop of this scenario that is open, or a new one; HF985 when the model has no such scenario."""
    open_ = [each for each in tabletops(log).values() if each.closed is None]
    own = [each for each in open_ if each.opened.event.scenario == scenario]
    if own and not anew:
        return Table(log, own[-1].id, model_of(log, own[-1])), True
    from holdfast.cli.declaration import named_or_usual, usable_model

    model = usable_model(named_or_usual(declaration))
    told = _discussed(model, scenario)
    exercise = _open(log, model, told, lead)
    return Table(log, exercise, model), False


def _discussed(model: Model, name: str) -> Scenario:
    scenario = model.scenarios.get(name)
    if scenario is not None and scenario.injects:
        return scenario
    known = [each.name for each in model.scenarios.values() if each.injects]
    what = "has no injects" if scenario is not None else "is not declared"
    message = f"scenario {safe(name)} {what}, so it cannot be talked through"
    raise UsageError("HF985", message, remedy=f"Those that can are {', '.join(known) or 'none: add injects to one'}.")


def _open(log: SignedLog, model: Model, scenario: Scenario, lead: str | None) -> str:
    from importlib.metadata import version

    from holdfast.evidence.spoken import TabletopOpened
    from holdfast.model.loader import ATTACHMENT, attachment
    from holdfast.store.clock import now

    exercise = f"{scenario.name}-{datetime.now(UTC):%Y-%m-%d}-{secrets.token_hex(2)}"
    kept = log.attach(ATTACHMENT, attachment(model), "application/json")
    event = TabletopOpened(
        exercise=exercise,
        scenario=scenario.name,
        service=scenario.service,
        exercise_type=scenario.exercise_type,
        model=kept,
        model_digest=model.digest,
        version=version("holdfast"),
        occurred=now(),
        by=named(log, model, lead),
    )
    log.append([event], actor=ACTOR, subject=f"exercise:{exercise}")
    return exercise


@dataclass(slots=True)
class _Facilitator:
    """Whoever leads: the table, the screen, and where the clock of the scenario stands."""

    table: Table
    screen: Console
    hide: bool
    clock_ms: int = 0
    since_s: float = 0.0  # when that was, on this machine's monotonic clock

    @property
    def scenario(self) -> Scenario:
        return self.table.model.scenarios[self.table.look().opened.event.scenario]

    def greet(self, *, resumed: bool) -> None:
        tabletop = self.table.look()
        self._stand(tabletop.clock_ms)
        scenario = self.scenario
        self.screen.print(Text.assemble((safe(scenario.title), "bold"), f"  ({safe(tabletop.id)})"), soft_wrap=True)
        count = len(scenario.injects)
        told = f"goes on at {shown(self.clock_ms)}, {len(tabletop.injects)} of {count} injects told"
        fresh = f"{count} injects; evidence of class discussion: its clocks are discussed, never measured"
        self.screen.print(Text(told if resumed else fresh, "dim"), soft_wrap=True)

    def part(self) -> None:
        """Say how it stands, and how it goes on."""
        from holdfast.cli.tabletop_show import print_judgement
        from holdfast.measures.tabletop import judge_tabletop

        tabletop = self.table.look()
        print_judgement(self.screen, judge_tabletop(tabletop, self.table.model))
        if tabletop.closed is None:
            said = f"still open: holdfast tabletop run {tabletop.opened.event.scenario} goes on"
            self.screen.print(Text(said, "yellow"), soft_wrap=True)

    def script(self, lines: tuple[Line, ...], *, whole: bool = True) -> None:
        """Record the lines of a file, after those that an interrupted run of it had recorded."""
        skip = self._recorded(lines) if whole else 0
        for line in lines:
            if isinstance(line, MoveTo):
                self._stand(max(self.clock_ms, line.clock_ms))
            elif skip:
                skip -= 1
            else:
                self._take(line, SCRIPT)

    def converse(self) -> None:
        """Ask for lines until it is closed or left; tell what falls due meanwhile."""
        self.screen.print(Text("Enter tells the next inject; pause leaves it open. Lines: docs/tabletop.md", "dim"))
        while self.table.look().closed is None:
            text = self._asked()
            if text is None:
                self._take(Next(), ACTOR)
            elif text.strip() in _LEAVE:
                return
            else:
                self._heard(text)

    def _heard(self, text: str) -> None:
        """Take one line of a person; what cannot be taken is said, and nothing is lost by it."""
        try:
            line = Next() if not text.strip() else parse(text)
            if isinstance(line, MoveTo):
                self._stand(line.clock_ms)
            elif line is not None:
                self._take(line, ACTOR)
        except HoldfastError as problem:
            self.screen.print(Text(f"{problem}\n  {problem.remedy}", "yellow"), soft_wrap=True)

    def _asked(self) -> str | None:
        """Return the next line, ``None`` when an inject falls due first; the end of the input leaves."""
        wait_s = self._until_due_s()
        if wait_s == 0:
            return None  # what is due is told before anything else, also to whoever typed ahead
        self.screen.print(Text(f"{shown(self._now_ms())} > ", "bold"), end="")
        ready, _, _ = select.select([sys.stdin], [], [], wait_s)
        if not ready:
            self.screen.print()
            return None
        try:
            line = sys.stdin.readline()
        except UnicodeDecodeError:
            return "\ufffd"  # no line that says anything: it is told so, and nothing is lost by it
        return line.rstrip("\n") if line else "pause"

    def _until_due_s(self) -> float | None:
        tabletop = self.table.look()
        number = self.table.following(tabletop)
        if number is None:
            return None
        return max(0.0, (self.scenario.injects[number - 1].at_ms - self._now_ms()) / _MS_PER_S)

    def _take(self, line: Line, actor: str) -> None:
        """Record a line and show what became of it."""
        if isinstance(line, Next):
            self._tell(actor)
            return
        if isinstance(line, Decide) and line.clock_ms is not None:
            self._stand(max(self._now_ms(), line.clock_ms))
        seq = self.table.record(line, self._now_ms(), actor=actor)
        told = f"  ✓ {shown(self._now_ms())} {_called(line)}: entry {seq}"
        self.screen.print(Text(told, "green"), soft_wrap=True)

    def _tell(self, actor: str) -> None:
        """Tell the next inject: the clock jumps to when it is due, if that is later."""
        number = self.table.following(self.table.look())
        if number is not None:
            self._stand(max(self._now_ms(), self.scenario.injects[number - 1].at_ms))
        self.table.record(Next(), self._now_ms(), actor=actor)
        if number is None:
            return
        inject = self.scenario.injects[number - 1]
        head = f"── inject {number} of {len(self.scenario.injects)}, {shown(self._now_ms())}, to {inject.to}"
        self.screen.print(Text(head, "bold cyan"), soft_wrap=True)
        self.screen.print(Padding(Text(safe(inject.tell)), (0, 0, 0, 3)))
        if inject.expect is not None and not self.hide:
            due = shown(self._now_ms() + (inject.within_ms or 0))
            expected = f"expected by {due} of {inject.by}: {safe(inject.expect)}"
            self.screen.print(Padding(Text(expected, "dim"), (0, 0, 0, 3)))

    def _stand(self, clock_ms: int) -> None:
        self.clock_ms, self.since_s = clock_ms, time.monotonic()

    def _now_ms(self) -> int:
        """Return the time in the scenario: it runs only while people are at a terminal."""
        if not sys.stdin.isatty():
            return self.clock_ms
        return self.clock_ms + int((time.monotonic() - self.since_s) * _MS_PER_S)

    def _recorded(self, lines: tuple[Line, ...]) -> int:
        """Return how many lines of a file were recorded in this tabletop; HF987 if these are not the same ones.

        A line that was put before them would else be passed over, and another recorded twice.
        """
        from holdfast.cli.record import entries
        from holdfast.evidence.envelope import event_of

        subject = f"exercise:{self.table.exercise}"
        told = [each for each in entries(self.table.log) if each.actor == SCRIPT and each.subject == subject]
        given = [line for line in lines if not isinstance(line, MoveTo)]
        for number, entry in enumerate(told):
            if number >= len(given) or _says(given[number]) != _said(event_of(entry)):
                message = f"entry {entry.seq} was recorded from another file, or this one was changed before that line"
                remedy = "Give the file as it was, and add to its end; or begin again with --new."
                raise HoldfastError("HF987", message, remedy=remedy)
        return len(told)


def _says(line: Line) -> tuple[str, str]:
    """Return what a line would record: of what kind, with which words."""
    match line:
        case Decide():
            return "decision", line.text
        case Agree():
            return "action", line.action
        case Say():
            return line.kind, line.text
        case Close():
            return "closed", line.why
        case Here():
            return "attended", ""
        case _:
            return "inject", ""


def _said(event: Event) -> tuple[str, str]:
    """Return what an entry recorded, as ``_says`` does of a line."""
    from holdfast.evidence.spoken import ActionAgreed, DecisionTaken, FactRecorded

    match event:
        case DecisionTaken():
            return "decision", event.text
        case ActionAgreed():
            return "action", event.action
        case FactRecorded():
            return event.fact, event.text
        case _:
            return "inject", ""


def _called(line: Line) -> str:
    """Return what a line is called when it was recorded."""
    match line:
        case Say(kind):
            return kind
        case Here(who):
            return f"{safe(who)} is here"
        case Decide():
            return "decision"
        case Agree():
            return "action"
        case Close():
            return "closed"
        case _:
            return ""
