"""A proof as a file that travels alone: C2SP ``tlog-proof`` (https://c2sp.org/tlog-proof).

The file holds an entry's index, the hashes that lead from its leaf to the root, and the signed checkpoint. The format
leaves a line ``extra`` to the application; in ours it is the base64 of a canonical JSON object (RFC 8785) with:

- ``entry``: the entry's text, so that the file says what it proves;
- ``since``, if the proof also says that the log continues an older state of itself: ``checkpoint``, the older signed
  note, and ``hashes``, the consistency proof from its root to the newer one, in base64.

Nothing in that line is believed: the entry must have the proven leaf hash, the older checkpoint must carry a signature
of the same key, and its proof must lead from its root to the newer one. Every byte of the file counts: base64 and JSON
are taken in their one canonical form.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from holdfast.errors import HoldfastError, UsageError
from holdfast.evidence.merkle import HASH_BYTES, leaf_hash
from holdfast.evidence.notes import Checkpoint, VerifierKey, read_checkpoint
from holdfast.evidence.proofs import Tree, continues, includes
from holdfast.evidence.verification import REMEDY_ALTERED, StoredCheckpoint, StoredEntry

HEADING = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})\Z")


@dataclass(frozen=True, slots=True)
class Since:
    """An older state of the log, as its signed note, and the hashes that lead from its root to the newer one."""

    note: str
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """What a proof file says; ``check`` tells whether it is so."""

    index: int
    entry: str
    hashes: tuple[bytes, ...]
    note: str
    since: Since | None = None

    def text(self) -> str:
        """Return the file."""
        extra: dict[str, Any] = {"entry": self.entry}
        if self.since is not None:
            extra["since"] = {"checkpoint": self.since.note, "hashes": [_spell(each) for each in self.since.hashes]}
        heading = (HEADING, f"extra {_spell(rfc8785.dumps(extra))}", f"index {self.index}")
        return "\n".join((*heading, *map(_spell, self.hashes), "", self.note))


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof proves: that ``checkpoint`` covers the entry, and that its log goes on from ``since``."""

    checkpoint: Checkpoint
    since: Checkpoint | None


def prove(
    checkpoints: Sequence[StoredCheckpoint],
    entries: Iterable[StoredEntry],
    index: int,
    size: int | None = None,
    since: bytes | None = None,
) -> Proof:
    """Return the proof of an entry in the checkpoint of ``size``, by default the latest; ``since`` is an older note.

    HF237 if there is no such entry or checkpoint, HF231 if the log is not the continuation of ``since``, HF219 if its
    entries do not lead to the checkpoint, HF221 if a note is malformed.
    """
    note = _note(checkpoints, index, size)
    checkpoint = read_checkpoint(note, None)
    leaves: list[bytes] = []
    proven: StoredEntry | None = None
    for row in entries:
        if len(leaves) == checkpoint.size:
            break
        leaves.append(row.leaf)
        proven = row if row.seq == index else proven
    tree = Tree.over(leaves)
    sound = proven is not None and leaf_hash(proven.data) == leaves[index] and tree.size == checkpoint.size
    if proven is None or not sound or tree.root(checkpoint.size) != checkpoint.root:
        message = f"the entries do not lead to the checkpoint of size {checkpoint.size}: nothing can be proven"
        raise HoldfastError("HF219", message, remedy="run `holdfast log verify` on this log")
    older = None if since is None else _since(since, tree, checkpoint)
    return Proof(index, proven.data.decode(), tree.inclusion(index, checkpoint.size), note.decode(), older)


def _note(checkpoints: Sequence[StoredCheckpoint], index: int, size: int | None) -> bytes:
    """Return the note of the checkpoint that shall cover the entry."""
    sizes = [stored.size for stored in checkpoints]
    chosen = size if size is not None else max(sizes, default=0)
    if chosen not in sizes:
        message = f"no checkpoint of size {chosen:,} was signed"
        nearest = sorted(sizes, key=lambda signed: abs(signed - chosen))[:3]
        remedy = f"one was at {', '.join(map(str, sorted(nearest)))}; without --size it is the latest"
        raise UsageError("HF237", message, remedy=remedy)
    if not 0 <= index < chosen:
        message = f"there is no entry {index} among the {chosen:,} of this checkpoint"
        raise UsageError("HF237", message, remedy=f"name one from 0 to {chosen - 1}")
    return next(stored.note for stored in checkpoints if stored.size == chosen)


def _since(note: bytes, tree: Tree, checkpoint: Checkpoint) -> Since:
    older = read_checkpoint(note, None)
    if older.origin != checkpoint.origin or not 0 < older.size <= checkpoint.size:
        message = f"the older checkpoint is of {older.origin} at size {older.size:,}"
        remedy = f"give one of {checkpoint.origin} at a size up to {checkpoint.size:,}"
        raise UsageError("HF237", message, remedy=remedy)
    if tree.root(older.size) != older.root:
        message = f"the log does not lead to the root that the older checkpoint signs at size {older.size:,}"
        raise HoldfastError("HF231", message, remedy=REMEDY_ALTERED)
    return Since(note.decode(), tree.consistency(older.size, checkpoint.size))


def read_proof(data: bytes) -> Proof:
    """Return what a proof file says; HF236 if it is not one in its one canonical spelling."""
    try:
        return _parse(data.decode())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"this is not a proof that can be checked: {error}"
        remedy = "give the file that `holdfast log prove` wrote: a tlog-proof whose line extra holds the entry"
        raise HoldfastError("HF236", message, remedy=remedy) from error


def _parse(text: str) -> Proof:
    head, _, note = text.partition("\n\n")
    heading, extra, index, *hashes = head.split("\n")
    at = _INDEX.match(index)
    if heading != HEADING or not extra.startswith("extra ") or at is None or not note:
        message = "its lines are not heading, extra, index, hashes, checkpoint"
        raise ValueError(message)
    entry, since = _read_extra(_read(extra.removeprefix("extra ")))
    proof = Proof(int(at[1]), entry, _read_hashes(hashes), note, since)
    if proof.text() != text:
        message = "it is not spelt as such a file is"
        raise ValueError(message)
    return proof


def _read_extra(data: bytes) -> tuple[str, Since | None]:
    members = json.loads(data)
    since = members.get("since")
    if since is None:
        return str(members["entry"]), None
    return str(members["entry"]), Since(str(since["checkpoint"]), _read_hashes(since["hashes"]))


def _read_hashes(lines: Iterable[str]) -> tuple[bytes, ...]:
    hashes = tuple(map(_read, lines))
    if any(len(each) != HASH_BYTES for each in hashes):
        message = f"a hash is not {HASH_BYTES} bytes long"
        raise ValueError(message)
    return hashes


def _read(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def _spell(data: bytes) -> str:
    return base64.b64encode(data).decode()


def check(proof: Proof, key: VerifierKey) -> Proven:
    """Return what a proof proves to whoever trusts this key; HF238 if it proves nothing, HF221 if it is not signed."""
    checkpoint = read_checkpoint(proof.note.encode(), key)
    leaf = leaf_hash(proof.entry.encode())
    if not includes(checkpoint.root, checkpoint.size, leaf, proof.index, proof.hashes):
        raise _refused(f"its hashes do not lead from entry {proof.index} to the root of the checkpoint")
    if proof.since is None:
        return Proven(checkpoint, None)
    older = read_checkpoint(proof.since.note.encode(), key)
    if not continues(checkpoint.root, checkpoint.size, older.root, older.size, proof.since.hashes):
        raise _refused(f"its hashes do not lead from the root at size {older.size:,} to that at {checkpoint.size:,}")
    return Proven(checkpoint, older)


def _refused(why: str) -> HoldfastError:
    return HoldfastError("HF238", f"the proof does not hold: {why}", remedy="ask for it again, and keep this one")
