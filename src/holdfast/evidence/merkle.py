"""The Merkle tree of RFC 6962, section 2.1, grown from its right edge.

The tree's hash is a function of the entries' bytes alone. What is kept between two appends is the *frontier*: the
hashes of the full subtrees that the entries make up so far, largest first, one for every bit that is set in their
number. Adding an entry costs one hash on average, the root costs as many as the number has bits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from holdfast.errors import HoldfastError

HASH_BYTES = 32
# RFC 6962 gives leaves and inner nodes different prefixes, so that no inner node can be passed off as an entry.
LEAF_PREFIX = b"\x00"
NODE_PREFIX = b"\x01"
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return the 32-byte leaf hash of an entry: SHA-256(0x00 || entry)."""
    return sha256(LEAF_PREFIX + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the 32-byte hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(NODE_PREFIX + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree of ``size`` leaves: its full subtrees' hashes, largest first."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def extended(self, leaves: Iterable[bytes]) -> Frontier:
        """Return the frontier after these leaf hashes; this one stays as it is."""
        stack = list(self.hashes)
        size = self.size
        for leaf in leaves:
            node = leaf
            full = size
            # Every trailing one bit is a full subtree of the same height that waited for this partner.
            while full & 1:
                node = sha256(NODE_PREFIX + stack.pop() + node).digest()
                full >>= 1
            stack.append(node)
            size += 1
        return Frontier(size, tuple(stack))

    def root(self) -> bytes:
        """Return the 32-byte root hash of the tree."""
        if not self.hashes:
            return EMPTY_ROOT
        node = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            node = node_hash(left, node)
        return node

    def encode(self) -> bytes:
        """Return the hashes one after the other, as a store keeps them beside the size."""
        return b"".join(self.hashes)

    @classmethod
    def decode(cls, size: int, data: bytes) -> Frontier:
        """Return the frontier that ``encode`` wrote; HF218 if the number of hashes does not fit the size."""
        if size < 0 or len(data) != size.bit_count() * HASH_BYTES:
            message = f"a frontier of {size} entries was expected, but {len(data)} bytes of hashes are stored"
            raise HoldfastError("HF218", message, remedy="run `holdfast log verify` on this log")
        return cls(size, tuple(data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)))


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root hash of the tree over these leaf hashes."""
    return Frontier().extended(leaves).root()
