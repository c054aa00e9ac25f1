"""The tree against RFC 6962's definition, its published vectors, and another library."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree  # type: ignore[import-untyped]  # it carries no types

from holdfast.errors import HoldfastError
from holdfast.evidence.merkle import EMPTY_ROOT, Frontier, leaf_hash, root_of

# The entries and roots that Certificate Transparency's implementations test themselves with.
VECTOR_ENTRIES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
VECTOR_ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def defined(entries: list[bytes]) -> bytes:
    """Return the tree hash word for word as RFC 6962, section 2.1, defines it."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = 1
    while 2 * k < len(entries):
        k *= 2
    return sha256(b"\x01" + defined(entries[:k]) + defined(entries[k:])).digest()


@pytest.mark.parametrize("size", range(len(VECTOR_ROOTS)))
def test_published_vectors(size: int) -> None:
    entries = [bytes.fromhex(entry) for entry in VECTOR_ENTRIES[:size]]
    assert root_of(map(leaf_hash, entries)).hex() == VECTOR_ROOTS[size]


def test_every_size_up_to_five_hundred() -> None:
    entries = [str(number).encode() for number in range(500)]
    frontier = Frontier()
    other = InmemoryTree(algorithm="sha256")
    for size, entry in enumerate(entries, 1):
        frontier = frontier.extended([leaf_hash(entry)])
        other.append_entry(entry)
        assert frontier.size == size
        assert frontier.root() == defined(entries[:size]) == other.get_root()


@given(entries=st.lists(st.binary(max_size=40), max_size=80), cuts=st.lists(st.integers(0, 80), max_size=5))
def test_how_the_entries_were_grouped_does_not_matter(entries: list[bytes], cuts: list[int]) -> None:
    frontier = Frontier()
    bounds = [0, *sorted(min(cut, len(entries)) for cut in cuts), len(entries)]
    for start, end in pairwise(bounds):
        frontier = frontier.extended(map(leaf_hash, entries[start:end]))
        frontier = Frontier.decode(frontier.size, frontier.encode())
    assert frontier.root() == defined(entries)
    assert len(frontier.hashes) == len(entries).bit_count()


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert Frontier().root() == EMPTY_ROOT == defined([])


@pytest.mark.parametrize(("size", "length"), [(1, 0), (1, 31), (3, 32), (-1, 0), (2, 64)])
def test_a_frontier_that_does_not_fit_its_size_is_refused(size: int, length: int) -> None:
    with pytest.raises(HoldfastError, match="frontier"):
        Frontier.decode(size, bytes(length))
