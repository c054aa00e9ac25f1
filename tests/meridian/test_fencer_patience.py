"""How long an observer waits: as short as it may on a quiet line, never a fence for nothing on a slow one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from statistics import median_low

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meridian.fencer.patience import (
    BEAT_US,
    CEILING_US,
    FLOOR_US,
    LONGEST,
    TICK_US,
    TIMEOUTS,
    TYPICAL,
    WINDOW_US,
    Recent,
    observed_us,
    patience_us,
)

HALF_AN_HOUR_US = 1_800_000_000
OBSERVERS = 3


@given(st.lists(st.tuples(st.integers(0, 10_000_000), st.integers(0, 5_000_000)), min_size=1, max_size=60))
def test_longest_and_typical_are_those_of_the_window(story: list[tuple[int, int]]) -> None:
    recent, now_us, seen = Recent(), 0, list[tuple[int, int]]()
    for later_us, duration_us in story:
        now_us += later_us
        recent.add(now_us, duration_us)
        seen.append((now_us, duration_us))
        within = [d for at_us, d in seen if at_us >= now_us - WINDOW_US]
        assert (recent.longest_us(now_us), recent.typical_us(now_us)) == (max(within), median_low(within))
    assert recent.longest_us(now_us + WINDOW_US + 1) == recent.typical_us(now_us) == 0


def test_patience_has_a_floor_and_a_ceiling() -> None:
    least = (FLOOR_US // LONGEST, FLOOR_US // TYPICAL, FLOOR_US // TIMEOUTS)
    assert patience_us(0, 0, 0) == patience_us(*least) == FLOOR_US
    assert patience_us(FLOOR_US, 0, 0) == LONGEST * FLOOR_US
    assert patience_us(0, FLOOR_US // 10, 0) == TYPICAL * FLOOR_US // 10
    assert patience_us(0, 0, FLOOR_US) == TIMEOUTS * FLOOR_US
    assert patience_us(CEILING_US, 0, 0) == CEILING_US


def test_who_did_not_listen_did_not_hear_silence() -> None:
    assert observed_us(TICK_US) == TICK_US
    assert observed_us(30_000_000) == 2 * TICK_US


@dataclass(slots=True)
class Timer:
    """TCP's retransmission timer after RFC 6298, section 2."""

    smoothed_us: float = 200
    variation_us: float = 100

    @property
    def timeout_us(self) -> int:
        return int(self.smoothed_us + 4 * self.variation_us)

    @property
    def again_us(self) -> int:
        """Return after how long Linux sends a segment again: 200 ms above the round trip at least."""
        return int(self.smoothed_us + max(200_000, 4 * self.variation_us))

    def take(self, round_trip_us: int) -> None:
        """Take the round trip of a segment that was acknowledged."""
        self.variation_us = 0.75 * self.variation_us + 0.25 * abs(self.smoothed_us - round_trip_us)
        self.smoothed_us = 0.875 * self.smoothed_us + 0.125 * round_trip_us


@dataclass(slots=True)
class Line:
    """A line with TCP over it: what one message and its answer take."""

    dice: Random
    delay_us: int
    loss: float
    timer: Timer = field(default_factory=Timer)

    def exchange(self) -> int:
        """Return how long it takes; a lost segment goes again after a timeout that doubles each time."""
        taken_us = 0
        for _ in range(2):
            again_us = self.timer.again_us
            while self.dice.random() < self.loss:
                taken_us += again_us
                again_us *= 2
            taken_us += self.delay_us + self.dice.randrange(self.delay_us // 10 + 1)
            # Either segment is acknowledged at once by the other's kernel.
            self.timer.take(2 * self.delay_us + self.dice.randrange(self.delay_us // 10 + 1))
        return taken_us


Write = tuple[int, int]
"""How long a write took, and the line's timeout while it was under way."""


def stopped_at_once(stories: list[list[Write]], patience: Callable[[int, int, int], int] = patience_us) -> int:
    """Return how often two observers had lost patience at the same moment.

    ``stories`` has each observer's writes. Each begins a beat after the last was answered.
    """
    spans: list[tuple[int, int, int]] = []
    for observer, writes in enumerate(stories):
        recent, now_us = Recent(), 0
        for number, (duration_us, timeout_us) in enumerate(writes):
            limit_us = patience(recent.longest_us(now_us), recent.typical_us(now_us), timeout_us)
            if duration_us >= limit_us and number >= 10:
                spans.append((now_us + limit_us, now_us + duration_us, observer))
            now_us += duration_us
            recent.add(now_us, duration_us)
            now_us += BEAT_US
    return sum(
        one[2] != other[2] and max(one[0], other[0]) < min(one[1], other[1])
        for index, one in enumerate(spans)
        for other in spans[index + 1 :]
    )


def slow(seed: int, count: int, *, quiet: int = 0) -> list[list[Write]]:
    """Return writes over 200 ms each way with 5 % loss, after ``quiet`` ones over a line of 0.1 ms.

    A write goes to the primary, and from there, by quorum, to whichever of two standbys is first; those all share.
    """
    dice = Random(seed)
    lines = [Line(dice, 100, 0) for _ in range(OBSERVERS)]
    standbys = [Line(dice, 100, 0) for _ in range(2)]
    stories: list[list[Write]] = [[] for _ in lines]
    for number in range(quiet + count):
        if number == quiet:
            for line in (*lines, *standbys):
                line.delay_us, line.loss = 200_000, 0.05
        shared_us = min(line.exchange() for line in standbys)
        for line, story in zip(lines, stories, strict=True):
            # The acknowledgement of the query is there before the answer is.
            story.append((shared_us + line.exchange(), line.timer.timeout_us))
    return stories


@pytest.mark.parametrize("seed", range(5))
def test_two_hundred_milliseconds_and_five_percent_loss_for_half_an_hour_fence_nothing(seed: int) -> None:
    stories = slow(seed, HALF_AN_HOUR_US // (1_000_000 + BEAT_US), quiet=100)
    assert stopped_at_once(stories) == 0
    # A patience of one second whatever the line is like would have fenced, and often.
    assert stopped_at_once(stories, lambda *_: 1_000_000) > 10


def test_a_line_that_becomes_slow_at_once_fences_nothing_either() -> None:
    """The beginning alone, many times: the longest write of the window is still one of a quiet line."""
    beginnings = [slow(seed, 8, quiet=30) for seed in range(200)]
    assert sum(map(stopped_at_once, beginnings)) == 0
    # Without the line's timeout the first slow writes would have been taken for a stop.
    assert (
        sum(
            stopped_at_once(each, lambda longest_us, typical_us, _: patience_us(longest_us, typical_us, 0)) > 0
            for each in beginnings
        )
        > 20
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_saturated_processor_for_half_an_hour_fences_nothing(seed: int) -> None:
    """Waits for a processor, exponential with a mean of 40 ms at each of four turns, which all observers share."""
    dice = Random(seed)
    count = HALF_AN_HOUR_US // (200_000 + BEAT_US)
    shared = [int(sum(dice.expovariate(1 / 40_000) for _ in range(4))) for _ in range(count)]
    stories = [[(each + int(dice.expovariate(1 / 40_000)), 1_000) for each in shared] for _ in range(OBSERVERS)]
    assert stopped_at_once(stories) == 0


@pytest.mark.parametrize(
    ("usual_us", "longest_us", "patience"),
    [(5_000, 5_000, FLOOR_US), (5_000, 900_000, 1_800_000), (100_000, 100_000, 3_100_000), (900_000, 1, CEILING_US)],
)
def test_a_real_stop_is_noticed_at_the_floor_on_a_quiet_line_and_later_on_a_slow_one(
    usual_us: int, longest_us: int, patience: int
) -> None:
    recent = Recent()
    for beat in range(100):
        recent.add(beat * BEAT_US, usual_us)
    now_us = 100 * BEAT_US
    recent.add(now_us, longest_us)
    assert patience_us(recent.longest_us(now_us), recent.typical_us(now_us), 1_000) == patience


def test_stalls_behind_the_primary_are_outwaited_though_no_observers_own_line_shows_them() -> None:
    """As seen, nearly: writes of 450 ms over quiet lines, the longest of 2.3 s, and then a stall of 5 s for all."""
    usual, story = [(450_000, 1_000)] * 60, [(2_300_000, 1_000), (450_000, 1_000), (5_000_000, 1_000)]
    stories = [[*usual, *story] for _ in range(OBSERVERS)]
    assert stopped_at_once(stories) == 0
    assert stopped_at_once(stories, lambda longest_us, _, timeout_us: patience_us(longest_us, 0, timeout_us)) > 0
