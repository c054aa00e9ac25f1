"""An observer: what it tells while writes are answered, while they are not, and when another server leads."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from meridian.fencer.observer import Sight, Writer
from meridian.fencer.patience import FLOOR_US, TICK_US
from meridian.settlement.router import Primary
from meridian.settlement.wire import DeadlinePassed, NothingDone, OutcomeUnknown, Session

OLD, NEW = Primary(1, "10.71.1.11"), Primary(2, "10.71.2.11")


class Enough(Exception):
    """The story is told to its end."""


@dataclass(slots=True)
class Line:
    """A connection whose answers are a story: ``None`` is an answer, an exception is raised, the end ends the test."""

    story: list[Exception | None]
    warned: list[str] = field(default_factory=list)
    closed: bool = False
    connection: Any = None

    def send(self, statement: str, parameter: str) -> None:
        assert statement == "SELECT watch.beat($1::bigint, 'a')"
        assert int(parameter) > 0

    def answer(self, _: float) -> str:
        if not self.story:
            raise Enough
        time.sleep(TICK_US / 1e6)
        event = self.story.pop(0)
        if event is not None:
            raise event
        return ""

    def close(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let time pass by the ticks that are waited for, not by the clock; the kernel tells nothing of a line."""
    clock = [0]

    def sleep(duration_s: float) -> None:
        clock[0] += int(duration_s * 1e9)

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic_ns", lambda: clock[0])
    monkeypatch.setattr("meridian.fencer.observer._line_of", lambda _: 0)


def told(lines: list[Line], route: Callable[[], Primary | None]) -> tuple[Sight, list[Primary]]:
    """Let an observer work through the stories of its connections; return what it saw and whom it connected to."""
    sight, met = Sight(), list[Primary]()
    waiting = list(lines)

    def connect(primary: Primary) -> Session:
        met.append(primary)
        if not waiting:
            raise NothingDone("no connection")
        return cast("Session", waiting.pop(0))

    writer = Writer(connect, "a", route, sight)
    # What it connects in a thread of its own is not what is looked at here.
    writer._connecting = connect  # type: ignore[method-assign]  # noqa: SLF001
    with pytest.raises(Enough):
        writer.work()
    return sight, met


def test_answered_writes_are_counted_and_break_every_silence() -> None:
    silence: list[Exception | None] = [DeadlinePassed("no answer")] * 5
    sight, met = told([Line([None, *silence, None])], lambda: OLD)
    assert (sight.primary, sight.writes, sight.silent_us, sight.said) == (OLD, 2, 0, "")
    assert met == [OLD]


def test_silence_adds_up_over_one_write_and_is_told() -> None:
    silence: list[Exception | None] = [DeadlinePassed("no answer")] * 40
    sight, _ = told([Line([None, *silence])], lambda: OLD)
    assert sight.silent_us >= FLOOR_US
    facts = sight.facts("observer-b")
    assert facts["observer"] == "observer-b"
    assert (facts["address"], facts["timeline"], facts["writes"]) == (OLD.host, OLD.timeline, 1)


def test_an_error_is_no_answer_and_the_next_write_takes_a_fresh_connection() -> None:
    for error in (NothingDone("could not extend file: no space left", "53100"), OutcomeUnknown("the line broke")):
        first = Line([None, error])
        sight, met = told([first, Line([])], lambda: OLD)
        assert first.closed
        assert met == [OLD, OLD]
        assert sight.writes == 1
        assert sight.silent_us > 0


def test_a_warning_is_no_answer() -> None:
    """The server says so when it gave up waiting for the second site."""
    sight, _ = told([Line([None], warned=["canceling wait for synchronous replication"]), Line([])], lambda: OLD)
    assert sight.writes == 0


def test_another_leader_is_turned_to_and_nothing_of_the_old_one_counts_for_it() -> None:
    leads = [OLD]
    first = Line([None, None, DeadlinePassed("no answer")])

    def route() -> Primary:
        if not first.story:
            leads[0] = NEW
        return leads[0]

    sight, met = told([first, Line([])], route)
    assert met == [OLD, NEW]
    assert (sight.primary, sight.writes) == (NEW, 0)


def test_an_older_claim_is_not_followed() -> None:
    claims = iter([NEW, OLD, OLD, OLD])
    _, met = told([Line([None, None])], lambda: next(claims, OLD))
    assert met == [NEW]
