"""The checksum of a page against a second reckoning; the range's tests hold it against PostgreSQL's own pages."""

from __future__ import annotations

import random
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.connectors import pages


def lane_by_lane(page: bytes, block: int) -> int:
    """Return the checksum with one lane after the other, each over its own column of the page."""
    words = [int.from_bytes(page[at : at + 4], "little") for at in range(0, len(page), 4)]
    words[2] &= 0xFFFF0000  # the checksum itself is the lower half of the third word
    found = block
    for lane, total in enumerate(pages.LANES):
        mixed = total
        for word in (*words[lane::32], 0, 0):
            mixed = ((mixed ^ word) * 16777619 % 2**32) ^ (mixed ^ word) // 2**17
        found ^= mixed
    return found % 65535 + 1


@st.composite
def written(draw: st.DrawFn) -> tuple[bytes, int]:
    """Return a page with the checksum that it should have, and its block."""
    noise = random.Random(draw(st.integers(0, 1 << 32))).randbytes(pages.PAGE_BYTES)
    block = draw(st.integers(0, (1 << 32) - 1))
    return noise[:8] + struct.pack("<H", pages.checksum(noise, block)) + noise[10:], block


@settings(max_examples=20)
@given(written())
def test_it_is_what_the_second_reckoning_says(given_page: tuple[bytes, int]) -> None:
    page, block = given_page
    assert pages.checksum(page, block) == lane_by_lane(page, block)
    assert pages.sound(page, block)


@settings(max_examples=20)
@given(written(), st.integers(10, pages.PAGE_BYTES - 1), st.integers(1, 255))
def test_one_changed_byte_shows(given_page: tuple[bytes, int], at: int, by: int) -> None:
    page, block = given_page
    assert not pages.sound(page[:at] + bytes([page[at] ^ by]) + page[at + 1 :], block)


def test_a_page_of_another_block_is_not_sound_here() -> None:
    page = bytes(range(256)) * 32
    page = page[:8] + struct.pack("<H", pages.checksum(page, 7)) + page[10:]
    assert pages.sound(page, 7)
    assert not pages.sound(page, 8)


def test_a_page_that_was_never_written_is_sound() -> None:
    assert pages.sound(bytes(pages.PAGE_BYTES), 3)
