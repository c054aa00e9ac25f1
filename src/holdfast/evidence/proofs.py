"""Merkle proofs: that an entry is in a tree, and that a tree is the continuation of a smaller one.

Proofs are made as RFC 6962, sections 2.1.1 and 2.1.2, defines them, by recursion over the tree. They are verified as
RFC 9162, sections 2.1.3.2 and 2.1.4.2, says, by walking up from a leaf. The two share no code but the hash of a node.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from holdfast.evidence.merkle import EMPTY_ROOT, HASH_BYTES, NODE_PREFIX, node_hash

PAIR_BYTES = 2 * HASH_BYTES


@dataclass(frozen=True, slots=True)
class Tree:
    """The hashes of all full subtrees over some leaves; ``levels[h]`` holds those of height h, one after the other."""

    levels: tuple[bytes, ...]

    @classmethod
    def over(cls, leaves: Iterable[bytes]) -> Tree:
        """Return the tree over these leaf hashes; it costs one hash and 64 bytes for each."""
        levels = [b"".join(leaves)]
        while len(below := levels[-1]) >= PAIR_BYTES:
            pairs = range(0, len(below) - HASH_BYTES, PAIR_BYTES)
            levels.append(b"".join([sha256(NODE_PREFIX + below[i : i + PAIR_BYTES]).digest() for i in pairs]))
        return cls(tuple(levels))

    @property
    def size(self) -> int:
        """Return the number of leaves."""
        return len(self.levels[0]) // HASH_BYTES

    def root(self, end: int, begin: int = 0) -> bytes:
        """Return the tree hash over the leaves from ``begin`` up to ``end``, as RFC 6962, section 2.1, defines it."""
        if begin == end:
            return EMPTY_ROOT
        width = end - begin
        height = width.bit_length() - 1
        if width == 1 << height and begin % width == 0:
            at = (begin >> height) * HASH_BYTES
            return self.levels[height][at : at + HASH_BYTES]
        middle = begin + _split(width)
        return node_hash(self.root(middle, begin), self.root(end, middle))

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """Return the proof that leaf ``index`` is in the tree of the first ``size``: PATH of RFC 6962, leaf to root."""
        return tuple(self._path(index, 0, size))

    def consistency(self, old: int, size: int) -> tuple[bytes, ...]:
        """Return the proof that the first ``size`` leaves begin with the first ``old``: PROOF of RFC 6962.

        Empty if the two are equal, or the older tree was.
        """
        return tuple(self._subproof(old, 0, size, known=True)) if old else ()

    def _path(self, index: int, begin: int, end: int) -> list[bytes]:
        if end - begin == 1:
            return []
        middle = begin + _split(end - begin)
        if index < middle:
            return [*self._path(index, begin, middle), self.root(end, middle)]
        return [*self._path(index, middle, end), self.root(middle, begin)]

    def _subproof(self, old: int, begin: int, end: int, *, known: bool) -> list[bytes]:
        """Return the proof below one subtree; ``known`` while its hash is the older root itself."""
        if old == end:
            return [] if known else [self.root(end, begin)]
        middle = begin + _split(end - begin)
        if old <= middle:
            return [*self._subproof(old, begin, middle, known=known), self.root(end, middle)]
        return [*self._subproof(old, middle, end, known=False), self.root(middle, begin)]


def _split(width: int) -> int:
    """Return the largest power of two that is smaller than ``width``."""
    return 1 << ((width - 1).bit_length() - 1)


def includes(root: bytes, size: int, leaf: bytes, index: int, proof: Sequence[bytes]) -> bool:
    """Return whether the proof leads from this leaf hash, at this index, to the root of a tree of ``size`` leaves.

    RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        return False
    node, last, reached = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            reached = node_hash(sibling, reached)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            reached = node_hash(reached, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and reached == root


def continues(root: bytes, size: int, old_root: bytes, old: int, proof: Sequence[bytes]) -> bool:
    """Return whether the tree of ``size`` leaves with this root begins with the one of ``old`` leaves and its root.

    RFC 9162, section 2.1.4.2; that section leaves out two trees of equal size and an empty older one, which need no
    proof and take none.
    """
    if old in {0, size}:
        return not proof and old_root == (root if old else EMPTY_ROOT)
    if not 0 < old < size:
        return False
    # The root of a full older tree is a node of the newer one, and is left out of the proof.
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    node, last = old - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    reached_old = reached = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            reached_old, reached = node_hash(sibling, reached_old), node_hash(sibling, reached)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            reached = node_hash(reached, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and (reached_old, reached) == (old_root, root)
