"""The bundle's layout against the numbers and definitions of C2SP tlog-tiles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import HoldfastError
from holdfast.evidence.merkle import leaf_hash, root_of
from holdfast.evidence.tiles import bundle_paths, entry_bundles, hash_tiles, index_path, split_bundle


@pytest.mark.parametrize(
    ("index", "path"),
    [(0, "000"), (999, "999"), (1000, "x001/000"), (1234067, "x001/x234/067"), (10**9, "x001/x000/x000/000")],
)
def test_paths(index: int, path: str) -> None:
    assert index_path(index) == path


def test_the_specification_s_tree_of_seventy_thousand() -> None:
    paths = [path for path, _ in hash_tiles([bytes(32)] * 70_000)]
    assert len([path for path in paths if path.startswith("tile/0/") and ".p/" not in path]) == 273
    assert paths[273:] == ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]


def test_a_full_tile_stands_beside_a_partial_one_above_it() -> None:
    assert [path for path, _ in hash_tiles([bytes(32)] * 256)] == ["tile/0/000", "tile/1/000.p/1"]


def test_every_tile_is_what_the_specification_defines() -> None:
    leaves = [leaf_hash(str(number).encode()) for number in range(1000)]
    tiles = dict(hash_tiles(leaves))
    for level in (0, 1):
        width = 256**level
        for n in range(4):
            hashes = [
                root_of(leaves[(n * 256 + i) * width : (n * 256 + i + 1) * width])
                for i in range(256)
                if (n * 256 + i + 1) * width <= len(leaves)
            ]
            if hashes:
                partial = "" if len(hashes) == 256 else f".p/{len(hashes)}"
                assert tiles.pop(f"tile/{level}/{n:03d}{partial}") == b"".join(hashes)
    assert tiles == {}


@given(st.lists(st.binary(max_size=300), max_size=600))
def test_entries_come_back_from_their_bundles(entries: list[bytes]) -> None:
    bundles = list(entry_bundles(entries))
    assert [entry for _, content in bundles for entry in split_bundle(content)] == entries
    assert [path for path, _ in bundles] == [path for path, _, _ in bundle_paths(len(entries))]
    assert sum(width for _, _, width in bundle_paths(len(entries))) == len(entries)


def test_lengths_are_sixteen_bits_big_endian() -> None:
    assert dict(entry_bundles([b"a" * 258, b"b"])) == {"tile/entries/000.p/2": b"\x01\x02" + b"a" * 258 + b"\x00\x01b"}


@pytest.mark.parametrize("content", [b"\x00", b"\x00\x02a", b"\x00\x01a\x01"])
def test_a_length_that_runs_over_the_end_is_refused(content: bytes) -> None:
    with pytest.raises(HoldfastError, match="runs over its end"):
        split_bundle(content)
