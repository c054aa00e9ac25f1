"""Proofs against RFC 6962's definition word for word, against another library, and against every changed bit."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree  # type: ignore[import-untyped]  # it carries no types

from holdfast.evidence.merkle import EMPTY_ROOT, leaf_hash, node_hash, root_of
from holdfast.evidence.proofs import Tree, continues, includes
from tests.holdfast.evidence.test_merkle import defined

SIZE = 130
ENTRIES = [str(number).encode() for number in range(SIZE)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
TREE = Tree.over(LEAVES)


@cache
def root(begin: int, end: int) -> bytes:
    """Return the tree hash over these entries by definition."""
    return defined(ENTRIES[begin:end])


def split(count: int) -> int:
    k = 1
    while 2 * k < count:
        k *= 2
    return k


def path(index: int, begin: int, end: int) -> list[bytes]:
    """Return PATH(m, D[n]) of RFC 6962, section 2.1.1."""
    if end - begin == 1:
        return []
    k = begin + split(end - begin)
    if index < k:
        return [*path(index, begin, k), root(k, end)]
    return [*path(index, k, end), root(begin, k)]


def subproof(old: int, begin: int, end: int, whole: bool) -> list[bytes]:  # noqa: FBT001 -- the RFC's own argument
    """Return SUBPROOF(m, D[n], b) of RFC 6962, section 2.1.2."""
    if old == end:
        return [] if whole else [root(begin, end)]
    k = begin + split(end - begin)
    if old <= k:
        return [*subproof(old, begin, k, whole), root(k, end)]
    return [*subproof(old, k, end, whole=False), root(begin, k)]


def flipped(proof: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    """Yield the proof with each of its bits changed, one at a time."""
    for place, node in enumerate(proof):
        for bit in range(8 * len(node)):
            changed = bytearray(node)
            changed[bit // 8] ^= 1 << bit % 8
            yield (*proof[:place], bytes(changed), *proof[place + 1 :])


def misshapen(proof: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    """Yield the proof with a hash left out, doubled, added, or two exchanged."""
    for place in range(len(proof)):
        yield proof[:place] + proof[place + 1 :]
        yield (*proof[: place + 1], *proof[place:])
        if place and proof[place - 1] != proof[place]:
            yield (*proof[: place - 1], proof[place], proof[place - 1], *proof[place + 1 :])
    yield (*proof, bytes(32))


@pytest.mark.parametrize("size", range(1, SIZE + 1))
def test_every_inclusion_proof(size: int) -> None:
    for index in range(size):
        proof = TREE.inclusion(index, size)
        assert list(proof) == path(index, 0, size)
        assert includes(root(0, size), size, LEAVES[index], index, proof)
        for other in (index - 1, index + 1, size + index):
            assert not includes(root(0, size), size, LEAVES[index], other, proof)
        assert not includes(root(0, size), size, LEAVES[index - 1], index, proof) or size == 1
        for wrong in misshapen(proof):
            assert not includes(root(0, size), size, LEAVES[index], index, wrong)


@pytest.mark.parametrize("size", range(1, SIZE + 1))
def test_every_consistency_proof(size: int) -> None:
    for old in range(1, size + 1):
        proof = TREE.consistency(old, size)
        assert list(proof) == subproof(old, 0, size, whole=True)
        assert continues(root(0, size), size, root(0, old), old, proof)
        if old < size:
            assert not continues(root(0, size), size, root(0, old - 1), old, proof)
            assert not continues(root(0, size - 1), size, root(0, old), old, proof)
        for wrong in misshapen(proof):
            assert not continues(root(0, size), size, root(0, old), old, wrong)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 21, 33])
def test_every_changed_bit_is_refused(size: int) -> None:
    whole = root(0, size)
    for index in range(size):
        proof = TREE.inclusion(index, size)
        assert not any(includes(whole, size, LEAVES[index], index, wrong) for wrong in flipped(proof))
        assert not any(includes(whole, size, wrong, index, proof) for (wrong,) in flipped((LEAVES[index],)))
        assert not any(includes(wrong, size, LEAVES[index], index, proof) for (wrong,) in flipped((whole,)))
    for old in range(1, size):
        proof, begun = TREE.consistency(old, size), root(0, old)
        assert not any(continues(whole, size, begun, old, wrong) for wrong in flipped(proof))
        assert not any(continues(whole, size, wrong, old, proof) for (wrong,) in flipped((begun,)))
        assert not any(continues(wrong, size, begun, old, proof) for (wrong,) in flipped((whole,)))


def test_a_proof_of_another_height_is_refused() -> None:
    """A root over more than was claimed, or less: the hashes fit, the size does not."""
    assert includes(root(0, 2), 2, LEAVES[1], 1, (LEAVES[0],))
    assert not includes(root(0, 2), 1, LEAVES[0], 0, (LEAVES[1],))
    assert not includes(root(0, 2), 1, LEAVES[1], 0, (LEAVES[0],))
    for size in range(2, 40):
        assert not includes(root(0, size), 2 * size, LEAVES[0], 0, TREE.inclusion(0, size))
        for old in range(1, size):
            assert not continues(root(0, size), 4 * size, root(0, old), old, TREE.consistency(old, size))
    other, proof = LEAVES[9], TREE.consistency(3, 4)
    assert continues(root(0, 4), 4, root(0, 3), 3, proof)
    assert not continues(node_hash(other, root(0, 4)), 4, node_hash(other, root(0, 3)), 3, (*proof, other))


def test_the_empty_tree() -> None:
    empty = Tree.over([])
    assert (empty.size, empty.root(0)) == (0, EMPTY_ROOT)
    assert not includes(EMPTY_ROOT, 0, LEAVES[0], 0, ())
    assert TREE.consistency(0, 5) == ()
    assert continues(root(0, 5), 5, EMPTY_ROOT, 0, ())
    assert not continues(root(0, 5), 5, root(0, 1), 0, ())
    assert not continues(root(0, 5), 5, EMPTY_ROOT, 0, (LEAVES[0],))
    assert not continues(root(0, 5), 5, root(0, 3), 3, ())


def test_a_smaller_tree_continues_no_larger_one() -> None:
    assert not continues(root(0, 5), 5, root(0, 6), 6, ())
    assert not continues(root(0, 5), 5, root(0, 5), 8, ())
    assert not continues(root(0, 5), 5, root(0, 5), -8, ())


def test_another_library_makes_the_same_inclusion_proofs() -> None:
    """It counts entries from one, and begins the proof with the leaf itself."""
    other = InmemoryTree(algorithm="sha256")
    for entry in ENTRIES[:40]:
        other.append_entry(entry)
    for size in range(1, 41):
        for index in range(size):
            theirs = other.prove_inclusion(index + 1, size).path
            assert tuple(theirs[1:]) == TREE.inclusion(index, size)


@given(data=st.data(), count=st.integers(1, 5000))
def test_larger_trees(data: st.DataObject, count: int) -> None:
    """Roots come from the frontier, which grows another way: the proof must lead to them."""
    leaves = [leaf_hash(number.to_bytes(4, "big")) for number in range(count)]
    tree = Tree.over(leaves)
    size = data.draw(st.integers(1, count))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    whole, begun = root_of(leaves[:size]), root_of(leaves[:old])
    assert (tree.size, tree.root(size)) == (count, whole)
    inclusion, consistency = tree.inclusion(index, size), tree.consistency(old, size)
    assert includes(whole, size, leaves[index], index, inclusion)
    assert continues(whole, size, begun, old, consistency)
    bit = data.draw(st.integers(0, 255))
    for proof in (inclusion, consistency):
        if proof:
            place = data.draw(st.integers(0, len(proof) - 1))
            changed = bytearray(proof[place])
            changed[bit // 8] ^= 1 << bit % 8
            wrong = (*proof[:place], bytes(changed), *proof[place + 1 :])
            assert not includes(whole, size, leaves[index], index, wrong)
            assert not continues(whole, size, begun, old, wrong)
