"""What the vault received from a primary that was replaced, beyond where its timeline was left, is set aside."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from meridian.vault.manifest import SEGMENT_BYTES
from meridian.vault.wal import AHEAD, forks_in, set_aside

HISTORY = "1\t0/5FFFFF0\tno recovery target specified\n\n2\t1/0A000028\tbefore that\n# a comment\n"


def name(timeline: int, segment: int) -> str:
    high, low = divmod(segment * SEGMENT_BYTES, 2**32)
    return f"{timeline:08X}{high:08X}{low // SEGMENT_BYTES:08X}"


def fill(directory: Path, *names: str) -> None:
    for each in names:
        (directory / each).write_bytes(b"x")


def kept(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.is_file())


def test_a_history_names_each_ancestor_and_where_it_was_left() -> None:
    assert forks_in(HISTORY) == {1: 0x5FFFFF0, 2: (1 << 32) + 0x0A000028}


def test_what_lies_beyond_the_fork_is_set_aside_and_nothing_else(tmp_path: Path) -> None:
    fill(tmp_path, name(1, 4), f"{name(1, 5)}.partial", f"{name(1, 6)}.partial", "00000002.history", "notes")
    assert set_aside(tmp_path, 2, {1: 5 * SEGMENT_BYTES + 77}) == [f"{name(1, 6)}.partial"]
    assert kept(tmp_path) == [name(1, 4), f"{name(1, 5)}.partial", "00000002.history", "notes"]
    assert kept(tmp_path / AHEAD) == [f"{name(1, 6)}.partial"]


def test_a_complete_segment_with_the_fork_inside_is_received_again_from_its_beginning(tmp_path: Path) -> None:
    """As seen: a primary that was cut off filled its segment, and the receiver asked for the next one for ever."""
    fill(tmp_path, name(1, 5))
    assert set_aside(tmp_path, 2, {1: 0x52F468}) == [name(1, 5)]
    assert kept(tmp_path) == [f"{name(1, 5)}.partial"]
    assert set_aside(tmp_path, 2, {1: 0x52F468}) == []


def test_a_fork_at_the_very_end_of_a_segment_leaves_it_whole(tmp_path: Path) -> None:
    """The next segment of the old timeline may be begun, and its first byte is where the new one goes on."""
    fill(tmp_path, name(1, 5), f"{name(1, 6)}.partial")
    assert set_aside(tmp_path, 2, {1: 6 * SEGMENT_BYTES}) == []


def test_a_timeline_that_is_no_ancestor_has_no_place(tmp_path: Path) -> None:
    fill(tmp_path, name(1, 4), name(2, 5), name(3, 5))
    assert set_aside(tmp_path, 3, {1: 5 * SEGMENT_BYTES}) == [name(2, 5)]


def test_the_servers_own_timeline_and_later_ones_are_never_touched(tmp_path: Path) -> None:
    fill(tmp_path, name(2, 9), name(3, 9))
    assert set_aside(tmp_path, 2, {1: 0}) == []


@given(st.integers(1, 9000), st.integers(0, 9000 * SEGMENT_BYTES))
def test_a_segment_is_set_aside_exactly_when_it_begins_after_the_fork(segment: int, fork: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        fill(Path(directory), f"{name(1, segment)}.partial")
        assert bool(set_aside(Path(directory), 2, {1: fork})) == (segment * SEGMENT_BYTES > fork)
