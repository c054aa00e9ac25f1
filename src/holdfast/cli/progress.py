"""What is seen of a running exercise: a live view on a terminal, plain lines in a pipe."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from holdfast.exercises.order import Progress

SHOWN_S = 60
REFRESH_PER_S = 8
US = 1_000_000
_BARS = " ▁▂▃▄▅▆▇█"
_STEPS = {
    "opening": "opening",
    "boot": "start",
    "range": "start",
    "arming": "arm",
    "steady": "steady",
    "fault": "break",
    "observing": "observe",
    "undoing": "undo",
    "re-arming": "re-arm",
    "failing back": "day",
    "day": "day",
    "resolving": "day",
    "closing": "day",
    "leaving": "evidence",
    "closed": "done",
}
_ORDER = ("start", "arm", "steady", "break", "observe", "undo", "re-arm", "day", "evidence")


class Watcher(Protocol):
    """Somebody who is told how an exercise goes."""

    def tell(self, progress: Progress) -> None:
        """Take the latest state; called several times a second."""


class Lines:
    """Prints a line when the phase or what clients see changes, and nothing else."""

    def __init__(self, console: Console) -> None:
        """Print to ``console``."""
        self._console = console
        self._begun_us: int | None = None
        self._shown: tuple[str, str] | None = None
        self._state = "available"

    def tell(self, progress: Progress) -> None:
        """Print what is new."""
        self._begun_us = self._begun_us or progress.now_us
        view = progress.view
        if view is not None and view.state != self._state:
            self._state = view.state
            outage = f" after {view.outage_us / US:.1f} s" if view.state == "available" else ""
            self._print(progress, "clients", f"{view.state}{outage}")
        if (progress.phase, progress.detail) != self._shown:
            self._shown = (progress.phase, progress.detail)
            self._print(progress, progress.phase, progress.detail)

    def _print(self, progress: Progress, what: str, text: str) -> None:
        seconds = (progress.now_us - (self._begun_us or progress.now_us)) / US
        calendar = f" {progress.calendar}" if progress.calendar else ""
        self._console.print(f"{seconds:7.1f}s{calendar}  {what:<10} {text}", markup=False, soft_wrap=True)


class Screen:
    """A live view: where the exercise is, what clients see now, and how it has been for the last minute."""

    def __init__(self) -> None:
        """Begin empty."""
        self._latest: Progress | None = None
        self._begun_s = time.monotonic()
        self._reached: set[str] = set()
        self._history: deque[tuple[int, float, bool]] = deque(maxlen=SHOWN_S)  # second, share answered, available

    def tell(self, progress: Progress) -> None:
        """Keep the latest state; drawing is the terminal's affair."""
        self._latest = progress
        self._reached.add(_STEPS.get(progress.phase, progress.phase))
        view = progress.view
        if view is None:
            return
        second = progress.now_us // US
        # Against what is offered: a backlog that is caught up with would make everything after it look small.
        point = (second, view.answered_per_s / max(view.offered_per_s, 1), view.disrupted_us is None)
        if self._history and self._history[-1][0] == second:
            self._history[-1] = point
        else:
            self._history.append(point)

    def __rich__(self) -> RenderableType:
        """Return the view as it is drawn now."""
        progress = self._latest
        if progress is None:
            return Text("starting …", style="dim")
        rows = Table.grid(padding=(0, 2))
        rows.add_column(style="dim", justify="right")
        rows.add_column(ratio=1)
        rows.add_row("step", self._steps(progress))
        seconds = (progress.now_us - progress.phase_since_us) // US
        rows.add_row("now", Text.assemble(progress.detail, (f"  {seconds} s" if seconds else "", "dim")))
        rows.add_row("clock", self._clock(progress))
        if progress.view is not None:
            rows.add_row("clients", _clients(progress))
            rows.add_row("answers/s", self._spark())
        title = Text.assemble((progress.scenario.name, "bold"), "  ", progress.scenario.title)
        hint = Text("Ctrl-C stops: everything is undone first", style="dim")
        return Panel(Group(rows), title=title, title_align="left", subtitle=hint, subtitle_align="right")

    def _steps(self, progress: Progress) -> Text:
        now = _STEPS.get(progress.phase, progress.phase)
        shown = [step for step in _ORDER if step != "day" or progress.scenario.time_of_day_min is not None]
        text = Text()
        for step in shown:
            style = "bold reverse" if step == now else ("green" if step in self._reached else "dim")
            text.append(f" {step} ", style)
            text.append(" ")
        return text

    def _clock(self, progress: Progress) -> Text:
        text = Text(f"{datetime.now(UTC):%H:%M:%S} UTC · {time.monotonic() - self._begun_s:.0f} s since the start")
        if progress.calendar:
            text.append(f" · institution {progress.calendar}", "bold cyan")
            text.append(f" (calendar runs × {progress.scenario.compression})", "dim")
        return text

    def _spark(self) -> Text:
        text = Text()
        for _, share, available in self._history:
            bar = _BARS[round(min(share, 1.0) * (len(_BARS) - 1))]
            text.append(bar if available or bar != " " else "·", "green" if available else "bold red")
        return text


def _clients(progress: Progress) -> Text:
    view = progress.view
    if view is None:
        return Text()
    counts = f"{view.answered_per_s} answered, {view.offered_per_s} offered in the last second"
    if view.disrupted_us is not None:
        return Text.assemble((f"✗ disrupted for {view.outage_us / US:.1f} s", "bold red"), f" · {counts}")
    after = f" · last outage {view.outage_us / US:.1f} s" if view.outage_us else ""
    return Text.assemble(("✓ available", "bold green"), f" · {counts}{after}")


@contextmanager
def watching(console: Console) -> Iterator[Watcher]:
    """Show an exercise while the block runs: live on a terminal, as lines elsewhere."""
    if not console.is_terminal:
        yield Lines(console)
        return
    screen = Screen()
    with Live(screen, console=console, refresh_per_second=REFRESH_PER_S, transient=True):
        yield screen
