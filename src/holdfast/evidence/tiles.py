"""The layout of an exported log: C2SP ``tlog-tiles`` (https://c2sp.org/tlog-tiles).

A tile is 256 hashes of one level of the tree, one after the other; the leaves are level 0, and a hash of level n + 1
is the root over a *full* tile of level n. The last tile of a level may be partial, and says so in its path. Entries
lie in bundles of 256, each entry after its length as a big-endian uint16.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from holdfast.errors import HoldfastError
from holdfast.evidence.merkle import root_of

TILE_WIDTH = 256
LENGTH_BYTES = 2
BUNDLE_LIMIT_BYTES = TILE_WIDTH * (LENGTH_BYTES + 2 ** (8 * LENGTH_BYTES) - 1)  # whatever its entries say they are
PATH_ELEMENT = 1000

T = TypeVar("T")


def index_path(index: int) -> str:
    """Return a tile's index in path elements of three digits: 1234067 is ``x001/x234/067``."""
    path = f"{index % PATH_ELEMENT:03d}"
    while index >= PATH_ELEMENT:
        index //= PATH_ELEMENT
        path = f"x{index % PATH_ELEMENT:03d}/{path}"
    return path


def _path(level: str, index: int, width: int) -> str:
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{index_path(index)}{partial}"


def hash_tiles(leaves: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of every tile of the tree over these leaf hashes, level by level."""
    hashes, level = list(leaves), 0
    while hashes:
        above = []
        for index, tile in enumerate(batches(hashes)):
            yield _path(str(level), index, len(tile)), b"".join(tile)
            if len(tile) == TILE_WIDTH:
                above.append(root_of(tile))
        hashes, level = above, level + 1


def entry_bundles(entries: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of every bundle of these entries' bytes."""
    for index, bundle in enumerate(batches(entries)):
        content = b"".join(len(entry).to_bytes(LENGTH_BYTES, "big") + entry for entry in bundle)
        yield _path("entries", index, len(bundle)), content


def bundle_paths(size: int) -> Iterator[tuple[str, str, int]]:
    """Yield, for a log of ``size`` entries, each bundle's path, its level 0 tile's path, and its number of entries."""
    for index, start in enumerate(range(0, size, TILE_WIDTH)):
        width = min(TILE_WIDTH, size - start)
        yield _path("entries", index, width), _path("0", index, width), width


def split_bundle(content: bytes) -> list[bytes]:
    """Return the entries of a bundle; HF215 if its last length runs over its end."""
    entries: list[bytes] = []
    position = 0
    while position < len(content):
        start = position + LENGTH_BYTES
        position = start + int.from_bytes(content[start - LENGTH_BYTES : start], "big")
        if position > len(content):
            message = f"entry {len(entries)} of the bundle runs over its end at byte {len(content):,}"
            raise HoldfastError("HF215", message, remedy="export the log again")
        entries.append(content[start:position])
    return entries


def batches(items: Iterable[T]) -> Iterator[tuple[T, ...]]:
    """Yield the items in groups of a tile's width; the last group may be shorter."""
    rest = iter(items)
    while group := tuple(islice(rest, TILE_WIDTH)):
        yield group
