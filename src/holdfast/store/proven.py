"""What was signed, and nothing else: an entry is handed out once a checkpoint of the log's own key covers it.

The hash that lies beside an entry proves nothing by itself: whoever can alter the one can alter the other. Faults are
undone and processes are stopped by what a log says, so whoever can write its rows, but has no key, must not be able to
have anything done by that. Verification looks at the whole log at once; this keeps up with one that grows.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from holdfast.errors import HoldfastError
from holdfast.evidence.merkle import HASH_BYTES, Frontier
from holdfast.evidence.notes import VerifierKey, read_checkpoint
from holdfast.evidence.verification import StoredEntry
from holdfast.store.rows import Store

LEAVES_AT_ONCE = 100_000
REMEDY = "run `holdfast log verify` on this log"


class Proven:
    """The leaf hashes of a log as far as its key signed them: 32 bytes for each entry. Threads may share it."""

    def __init__(self, store: Store, key: VerifierKey) -> None:
        """Begin with nothing proven."""
        self._store, self._key = store, key
        self._frontier, self._leaves = Frontier(), bytearray()
        self._turn = threading.Lock()

    def hold(self, entries: Sequence[StoredEntry]) -> None:
        """Hold entries, whose bytes have the hashes beside them, against what was signed.

        HF219 if one of them is not what was signed, or is signed by nobody; HF221 if the checkpoint is not.
        """
        with self._turn:
            if entries and entries[-1].seq >= self._frontier.size:
                self._go_on()
            for seq, leaf, _ in entries:
                if seq >= self._frontier.size:
                    raise _wrong(f"entry {seq} is signed by nobody")
                if leaf != self._leaves[seq * HASH_BYTES : (seq + 1) * HASH_BYTES]:
                    raise _wrong(f"entry {seq} was altered")

    def _go_on(self) -> None:
        """Take in what was appended, up to the latest checkpoint."""
        checkpoint = read_checkpoint(self._store.note(self._store.size()) or b"", self._key)
        frontier, leaves = self._frontier, bytearray()
        while frontier.size < checkpoint.size:
            end = min(frontier.size + LEAVES_AT_ONCE, checkpoint.size)
            more = self._store.leaves(frontier.size, end)
            if len(more) != end - frontier.size:
                raise _wrong(f"of the entries {frontier.size} to {end - 1}, {len(more)} are there")
            frontier = frontier.extended(more)
            leaves += b"".join(more)
        if (frontier.size, frontier.root()) != (checkpoint.size, checkpoint.root):
            raise _wrong(f"its entries do not lead to the root that was signed at size {checkpoint.size}")
        self._frontier = frontier
        self._leaves += leaves


def _wrong(what: str) -> HoldfastError:
    return HoldfastError("HF219", f"this log is not what was signed: {what}", remedy=REMEDY)
