"""The rows of a log, wherever they lie: what every store does with them, and all that it does. It judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from holdfast.evidence.events import Attachment
from holdfast.evidence.personal import Concealed
from holdfast.evidence.verification import Measured, StoredCheckpoint, StoredEntry
from holdfast.store.port import Snapshot


@dataclass(frozen=True, slots=True)
class Head:
    """What the next append builds on, as it lies there: the latest checkpoint, if any, and the stored frontier."""

    checkpoint: StoredCheckpoint | None
    frontier: tuple[int, bytes]


class Transaction(Protocol):
    """One append under way: every other one waits until it ends, and its head stays the head."""

    def head(self) -> Head:
        """Return what this append builds on."""

    def note(self, size: int) -> bytes | None:
        """Return the signed note of the checkpoint at this size, None if there is none."""

    def add(self, entries: Sequence[StoredEntry], checkpoint: StoredCheckpoint, frontier: bytes) -> None:
        """Write the rows of this append; ``frontier`` is the one at the checkpoint's size."""

    def erase(self, digests: Sequence[str]) -> None:
        """Remove what is kept aside under these digests; HF234 if one of them never was here."""


class Files(Protocol):
    """The attachments of a log."""

    def put(self, name: str, data: bytes, media_type: str) -> Attachment:
        """Keep a file, durable when this returns; HF212 if it is too large."""

    def get(self, sha256: str) -> bytes:
        """Return a file's bytes; HF213 if it is missing, HF214 if it is not what its digest says."""

    def measure(self, sha256: str) -> Measured | None:
        """Return digest and size of a file as it lies there, None if there is none."""


class Store(Protocol):
    """Where the rows of one log lie. It reads and writes them and judges nothing; threads may share it."""

    @property
    def place(self) -> str:
        """Return the directory or address by which ``open_log`` finds it again; no secret is in it."""

    @property
    def attachments(self) -> Files:
        """Return the attachments."""

    def claimed_origins(self) -> list[str] | None:
        """Return the origins that the latest and the first checkpoint claim, if they can be one; None without a log."""

    def prepare(self) -> None:
        """Make the place where a log can begin, if it is for this program to make."""

    def beginning(self) -> AbstractContextManager[Transaction]:
        """Hold the log's first append; its tables come with it."""

    def writing(self) -> AbstractContextManager[Transaction]:
        """Hold one append: committed, and durable, at the end; undone by any error."""

    def size(self) -> int:
        """Return the size of the latest checkpoint."""

    def note(self, size: int) -> bytes | None:
        """Return the signed note of the checkpoint at this size, None if there is none."""

    def entries(self, after: int, limit: int) -> list[StoredEntry]:
        """Return up to ``limit`` entries with a sequence number above ``after``, in order."""

    def leaves(self, first: int, end: int) -> list[bytes]:
        """Return the stored leaf hashes of the entries from ``first`` up to ``end``, in order."""

    def keep(self, concealed: Concealed) -> None:
        """Keep personal data aside, durably."""

    def find(self, digest: str) -> Concealed | None:
        """Return what is kept aside under this digest; None if it was erased or was never here."""

    def scrub(self) -> None:
        """Let nothing hold what was erased any more; HF235 if somebody still reads an older state."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Return all rows at one instant."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Wait until nobody else holds this log exclusively, and hold it; appends and readers are not concerned."""

    def close(self) -> None:
        """Let go of files and connections."""
