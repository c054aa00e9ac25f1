"""The bundle: a log as it leaves the house, laid out as C2SP ``tlog-tiles``, with its attachments and a verifier.

``checkpoint`` · ``tile/<level>/…`` · ``tile/entries/…`` · ``attachments/<sha256>`` · ``verify.py``. The verifier key
is not in it: it must reach the reader by another way. Personal data is in it only if that was asked for: salt and value
one after the other, in a file ``aside/<digest>``, whose name is again the SHA-256 of its content.
"""

from __future__ import annotations

import secrets
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from holdfast.errors import EnvironmentProblem, HoldfastError, UsageError
from holdfast.evidence import tiles
from holdfast.evidence.envelope import Envelope, decode
from holdfast.evidence.events import Attachment
from holdfast.evidence.merkle import HASH_BYTES, Frontier, leaf_hash
from holdfast.evidence.notes import NOTE_LIMIT_BYTES, Checkpoint, read_checkpoint
from holdfast.evidence.personal import SALT_BYTES, Concealed
from holdfast.evidence.verification import REMEDY_ALTERED, References, StoredEntry
from holdfast.store import verify_bundle
from holdfast.store.attachments import Attachments
from holdfast.store.places import ASIDE, ATTACHMENTS
from holdfast.store.port import ATTACHMENT_LIMIT_BYTES, Log, Snapshot

CHECKPOINT = "checkpoint"
PRIVATE_DIRECTORY_MODE = 0o700
VERIFIER = "verify.py"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was exported: the checkpoint it ends with, and the attachments that could not be taken along."""

    checkpoint: Checkpoint
    attachments: int
    personal: int  # values that were concealed and are readable in the bundle
    problems: tuple[HoldfastError, ...]


def export(log: Log, directory: Path, *, personal: bool = False) -> Exported:
    """Write a log's bundle into a directory that is empty or not there; whole or not at all.

    With ``personal``, also what was concealed and not erased: whoever has the bundle can then read it. Attachments that
    are missing or altered are left out and returned as problems. HF216 if the directory holds something, HF219 if an
    entry was altered, HF233 if a concealed value was.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        message = f"{directory} exists and is not an empty directory"
        raise UsageError("HF216", message, remedy="export into a new directory")
    directory.parent.mkdir(parents=True, exist_ok=True)
    draft = directory.with_name(f".{directory.name}.{secrets.token_hex(4)}.draft")
    draft.mkdir()
    try:
        with log.snapshot() as snapshot:
            checkpoint, named = _write_log(snapshot, draft)
            concealed = _write_aside(snapshot, draft) if personal else 0
        problems = _write_attachments(log, named, draft)
        (draft / VERIFIER).write_bytes(Path(verify_bundle.__file__).read_bytes())
        draft.replace(directory)
    except OSError as error:
        message = f"the bundle could not be written to {directory}: {error}"
        raise EnvironmentProblem(
            "HF216", message, remedy="see to disk space and permissions, or name another"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    attachments = len({attachment.sha256 for attachment in named}) - len(problems)
    return Exported(checkpoint, attachments, concealed, tuple(problems))


def _write_log(snapshot: Snapshot, draft: Path) -> tuple[Checkpoint, list[Attachment]]:
    note = snapshot.checkpoints[-1].note
    checkpoint = read_checkpoint(note, None)
    references = References()
    leaves: list[bytes] = []

    def sound() -> Iterator[bytes]:
        for entry in references.tap(snapshot.entries):
            if entry.seq != len(leaves) or leaf_hash(entry.data) != entry.leaf:
                message = f"entry {len(leaves)} is missing or was altered: a bundle of this log would not verify"
                raise HoldfastError("HF219", message, remedy="run `holdfast log verify` on this log")
            leaves.append(entry.leaf)
            yield entry.data

    for path, content in tiles.entry_bundles(sound()):
        _write(draft / path, content)
    for path, content in tiles.hash_tiles(leaves):
        _write(draft / path, content)
    if (checkpoint.size, checkpoint.root) != (len(leaves), Frontier().extended(leaves).root()):
        message = f"the log's {len(leaves)} entries do not lead to its latest checkpoint: a bundle would not verify"
        raise HoldfastError("HF219", message, remedy="run `holdfast log verify` on this log")
    _write(draft / CHECKPOINT, note)
    return checkpoint, [attachment for _, attachment in references.found]


def _write_aside(snapshot: Snapshot, draft: Path) -> int:
    written = 0
    for concealed in snapshot.aside:
        concealed.text()
        (draft / ASIDE).mkdir(mode=PRIVATE_DIRECTORY_MODE, exist_ok=True)
        _write(draft / ASIDE / concealed.digest, concealed.salt + concealed.value)
        written += 1
    return written


def _write_attachments(log: Log, named: list[Attachment], draft: Path) -> list[HoldfastError]:
    problems = []
    for digest in sorted({attachment.sha256 for attachment in named}):
        try:
            _write(draft / ATTACHMENTS / digest, log.attachment(digest))
        except HoldfastError as error:
            problems.append(error)
    return problems


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def is_bundle(directory: Path) -> bool:
    """Return whether a directory looks like a bundle: it has a checkpoint where a bundle has it."""
    return (directory / CHECKPOINT).is_file()


def read_note(directory: Path) -> bytes:
    """Return a bundle's signed note; HF215 if it cannot be read."""
    return _read(directory / CHECKPOINT, NOTE_LIMIT_BYTES)


def stored_entries(directory: Path, size: int, first: int = 0) -> Iterator[StoredEntry]:
    """Yield a bundle's entries from the tile of ``first`` on, with the hashes of its level 0 tiles beside them.

    HF215 if a file is missing or is not as long as it must be.
    """
    for index, (bundle, tile, width) in enumerate(tiles.bundle_paths(size)):
        start = index * tiles.TILE_WIDTH
        if start + width <= first:
            continue
        entries = tiles.split_bundle(_read(directory / bundle, tiles.BUNDLE_LIMIT_BYTES))
        hashes = _read(directory / tile, width * HASH_BYTES)
        if (len(entries), len(hashes)) != (width, width * HASH_BYTES):
            message = f"{bundle} has {len(entries)} entries and {tile} {len(hashes)} bytes; expected {width} of each"
            raise HoldfastError("HF215", message, remedy=REMEDY_ALTERED)
        for i, data in enumerate(entries):
            yield StoredEntry(start + i, hashes[i * HASH_BYTES : (i + 1) * HASH_BYTES], data)


def _read(path: Path, limit: int) -> bytes:
    """Return a file of a bundle that somebody else may have made: no pipe is waited for, and no endless file read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _unreadable(path, "it is no file")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise _unreadable(path, error.strerror) from error
    if len(data) > limit:
        raise _unreadable(path, f"it has more than {limit:,} bytes")
    return data


def _unreadable(path: Path, why: str | None) -> HoldfastError:
    message = f"{path} of the bundle cannot be read: {why}"
    return HoldfastError("HF215", message, remedy="copy the bundle again, whole, or export it again")


class BundleLog:
    """A bundle, read like a log. Implements ``holdfast.store.port.LogReader``."""

    def __init__(self, directory: Path, checkpoint: Checkpoint) -> None:
        """Take a bundle that ``read_bundle`` has looked through."""
        self.directory = directory
        self._checkpoint = checkpoint
        self._attachments = Attachments(directory / ATTACHMENTS)

    @property
    def origin(self) -> str:
        """Return the log's id."""
        return self._checkpoint.origin

    def size(self) -> int:
        """Return the number of entries that the checkpoint covers."""
        return self._checkpoint.size

    def read(self, after: int = -1, limit: int = 1000) -> list[Envelope]:
        """Return up to ``limit`` entries with a sequence number above ``after``, in order; HF219 if one was altered."""
        return [decode(entry.data) for entry in self.read_stored(after, limit)]

    def read_stored(self, after: int = -1, limit: int = 1000) -> list[StoredEntry]:
        """Return the same entries as they lie in the bundle, held against their leaf hashes."""
        found: list[StoredEntry] = []
        for entry in stored_entries(self.directory, self.size(), max(after + 1, 0)):
            if entry.seq <= after:
                continue
            if len(found) >= limit:
                break
            if leaf_hash(entry.data) != entry.leaf:
                raise _altered(f"entry {entry.seq} was altered")
            found.append(entry)
        return found

    def attachment(self, sha256: str) -> bytes:
        """Return an attachment's bytes; HF213 if it is missing, HF214 if it is not what its digest says."""
        return self._attachments.get(sha256)

    def revealed(self, digest: str) -> str | None:
        """Return the text that was concealed under this digest, None if it is not in the bundle.

        HF233 if what lies there is not what the digest says.
        """
        for path in (self.directory / ASIDE).glob("*"):
            if path.name == digest:
                data = _read(path, ATTACHMENT_LIMIT_BYTES)
                return Concealed(digest, data[:SALT_BYTES], data[SALT_BYTES:]).text()
        return None

    def close(self) -> None:
        """Let go of nothing: a bundle's files are opened when they are read."""


def read_bundle(directory: Path) -> BundleLog:
    """Return a bundle for reading, once its entries were found to lead to its checkpoint's root.

    That says that it is whole, not who made it: only ``holdfast log verify --key`` does. HF215 if it is not a bundle
    or a file is missing, HF219 if an entry was altered, HF221 if the checkpoint is malformed.
    """
    if not is_bundle(directory):
        message = f"{directory} is not a bundle: it has no file {CHECKPOINT}"
        raise EnvironmentProblem("HF215", message, remedy="name a directory that `holdfast log export` wrote")
    checkpoint = read_checkpoint(read_note(directory), None)
    leaves = (leaf_hash(entry.data) for entry in stored_entries(directory, checkpoint.size))
    if Frontier().extended(leaves).root() != checkpoint.root:
        raise _altered("its entries do not lead to the root of its checkpoint")
    return BundleLog(directory, checkpoint)


def _altered(what: str) -> HoldfastError:
    return HoldfastError("HF219", f"this bundle was altered: {what}", remedy="run `holdfast log verify` on this bundle")
