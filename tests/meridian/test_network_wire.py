"""The wire: when a frame leaves, and that what goes in at one end comes out at the other."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meridian.network.wire import MILLION, PERFECT, QUEUE_LIMIT_NS, Quality, Shaper, Wire

MS_NS = 1_000_000
FRAME = bytes(10) + b"frame"  # the kernel's header, then the frame itself
PATIENCE_S = 5.0

qualities = st.builds(
    Quality,
    st.integers(0, 100_000),
    st.integers(0, 200_000),
    st.sampled_from((0, 1, 500_000, MILLION)),
    st.sampled_from((0, 256, 10_000)),
)
frames = st.lists(st.tuples(st.integers(0, 50 * MS_NS), st.integers(60, 1514)), max_size=60)


@given(qualities, frames)
def test_frames_keep_their_order_and_none_leaves_before_it_came(quality: Quality, came: list[tuple[int, int]]) -> None:
    shaper, now_ns, last_ns = Shaper(quality, "seed"), 0, 0
    for gap_ns, size in came:
        now_ns += gap_ns
        due_ns = shaper.due_ns(now_ns, size)
        if due_ns is not None:
            assert due_ns >= max(now_ns, last_ns)
            last_ns = due_ns


@given(st.integers(0, 100_000), st.integers(0, 100_000), st.integers(0, 10**12))
def test_a_frame_alone_is_late_by_the_delay_and_at_most_the_jitter(delay_us: int, jitter_us: int, now_ns: int) -> None:
    due_ns = Shaper(Quality(delay_us, jitter_us), "seed").due_ns(now_ns, 100)
    assert due_ns is not None
    late_us = (due_ns - now_ns) / 1000
    assert max(0, delay_us - jitter_us) <= late_us <= delay_us + jitter_us


def test_the_same_seed_loses_the_same_frames_and_about_the_share() -> None:
    def lost(seed: str) -> list[bool]:
        shaper = Shaper(Quality(loss_ppm=100_000), seed)
        return [shaper.due_ns(index, 100) is None for index in range(10_000)]

    assert lost("a") == lost("a") != lost("b")
    assert 850 < sum(lost("a")) < 1150  # five standard deviations of a binomial of 10,000 and a tenth


@pytest.mark.parametrize(("loss_ppm", "all_lost"), [(0, False), (MILLION, True)])
def test_no_loss_is_none_and_all_is_all(loss_ppm: int, *, all_lost: bool) -> None:
    shaper = Shaper(Quality(loss_ppm=loss_ppm), "seed")
    assert {shaper.due_ns(index, 100) is None for index in range(1000)} == {all_lost}


def test_a_rate_spaces_frames_and_loses_what_would_wait_too_long() -> None:
    """One megabit a second is a thousand bits a millisecond: 125 bytes take one."""
    shaper = Shaper(Quality(rate_kbit_s=1000), "seed")
    due = [shaper.due_ns(0, 125) for _ in range(1000)]
    kept = [ns for ns in due if ns is not None]
    assert kept == [(index + 1) * MS_NS for index in range(len(kept))]
    assert len(kept) == QUEUE_LIMIT_NS // MS_NS + 1
    # The line is idle again after a while: nothing of the burst is remembered.
    assert shaper.due_ns(10**12, 125) == 10**12 + MS_NS


@given(qualities, qualities)
def test_qualities_add_up_in_either_order(one: Quality, other: Quality) -> None:
    assert one.with_(other) == other.with_(one)
    assert one.with_(PERFECT) == one
    both = one.with_(other)
    assert both.delay_us == one.delay_us + other.delay_us
    assert max(one.loss_ppm, other.loss_ppm) <= both.loss_ppm <= min(MILLION, one.loss_ppm + other.loss_ppm)
    assert both.rate_kbit_s in {one.rate_kbit_s, other.rate_kbit_s}


# -- a wire between sockets that are not a network's --


class Line:
    """A wire in a thread, and one line of it with both ends in hand."""

    def __init__(self) -> None:
        """Start it; it carries nothing yet."""
        self.control, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(PATIENCE_S)
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2)]
        self.ends, self.inner = zip(*pairs, strict=True)
        for end in self.ends:
            end.settimeout(PATIENCE_S)
        self.wire = threading.Thread(target=Wire(self.theirs).run)
        self.wire.start()

    def tell(self, *qualities: Quality, new: bool = False) -> None:
        message = {"line": "x", "qualities": [asdict(each) for each in qualities] or None}
        descriptors = [each.fileno() for each in self.inner] if new else []
        socket.send_fds(self.control, [json.dumps(message).encode()], descriptors)
        assert self.control.recv(16) == b"done"


@contextmanager
def a_line(*qualities: Quality) -> Iterator[Line]:
    line = Line()
    try:
        line.tell(*qualities, new=True)
        yield line
    finally:
        line.control.close()
        line.wire.join(PATIENCE_S)
        for each in (line.theirs, *line.ends, *line.inner):
            each.close()
    assert not line.wire.is_alive(), "the wire outlives whoever controls it"


def test_what_goes_in_comes_out_at_the_other_end_later_and_each_way_by_itself() -> None:
    with a_line(Quality(delay_us=50_000), PERFECT) as line:
        begun_s = time.monotonic()
        line.ends[0].send(FRAME)
        line.ends[1].send(FRAME[::-1])
        assert line.ends[0].recv(100) == FRAME[::-1]
        assert line.ends[1].recv(100) == FRAME
        assert time.monotonic() - begun_s >= 0.05


def test_a_line_changes_while_it_runs_and_a_forgotten_one_carries_nothing() -> None:
    with a_line(Quality(loss_ppm=MILLION), PERFECT) as line:
        line.ends[0].send(b"x" * 10 + b"lost")
        line.tell(PERFECT, PERFECT)
        line.ends[0].send(FRAME)
        assert line.ends[1].recv(100) == FRAME
        line.tell()
        line.ends[0].send(FRAME)
        line.ends[1].settimeout(0.1)
        with pytest.raises(TimeoutError):
            line.ends[1].recv(100)
