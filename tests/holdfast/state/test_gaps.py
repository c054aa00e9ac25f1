"""What people did about a gap: the last that was said of each counts, and all of it remains."""

from __future__ import annotations

from holdfast.evidence.events import Event, LogOpened
from holdfast.evidence.gaps import GapAssigned, GapEscalated, GapNoted
from holdfast.state.exercise import fold
from holdfast.state.gaps import handlings, together
from tests.holdfast.remains import envelope

START = LogOpened("holdfast.example/log/5f2c", "holdfast.example/log/5f2c+1d0c9a1b+AbCd", "0.1.0")
EVENTS: list[Event] = [
    START,
    GapAssigned("e/a", owner="gold", due="2027-01-10", cause="a timer"),
    GapNoted("e/b", "seen before"),
    GapAssigned("e/a", due="2027-02-10", why="parts"),
    GapEscalated("e/a", "board-risk-chair", "nothing moved"),
    GapAssigned("e/a", owner="silver", severity="low", why="rare", due="2027-01-20"),
]
LOG = [envelope(seq, event) for seq, event in enumerate(EVENTS)]


def test_the_last_of_each_counts() -> None:
    found = handlings(LOG)
    assert set(found) == {"e/a", "e/b"}
    one = found["e/a"]
    assert (one.owner, one.due, one.severity, one.cause) == ("silver", "2027-01-20", "low", "a timer")
    assert one.postponed == 1
    assert one.entries == (1, 3, 4, 5)
    assert [taken.event.to for taken in one.escalated] == ["board-risk-chair"]
    assert found["e/b"].owner is None


def test_whoever_follows_exercises_passes_over_it() -> None:
    assert fold(LOG) == {}


def test_an_older_log_is_read_with_the_one_that_continues_it() -> None:
    both = together(handlings(LOG[:3]), handlings(LOG[3:]))
    assert both == handlings(LOG)
