"""The log as everyone else sees it: one port, which every store implements and every reader codes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from holdfast.evidence.envelope import Envelope
from holdfast.evidence.events import Attachment, Event
from holdfast.evidence.verification import StoredCheckpoint, StoredEntry

APPEND_LIMIT_EVENTS = 10_000
ATTACHMENT_LIMIT_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows of a log at one instant, as they lie there; ``entries`` can be gone through once."""

    checkpoints: tuple[StoredCheckpoint, ...]
    frontier: tuple[int, bytes]  # its size, and its hashes one after the other
    entries: Iterator[StoredEntry]


class LogReader(Protocol):
    """What can be read from a log, wherever it lies. Readers never block a writer, nor wait for one."""

    @property
    def origin(self) -> str:
        """Return the log's id."""

    def size(self) -> int:
        """Return the number of entries that a checkpoint covers."""

    def read(self, after: int = -1, limit: int = 1000) -> list[Envelope]:
        """Return up to ``limit`` entries with a sequence number above ``after``, in order; HF219 if one was altered."""

    def attachment(self, sha256: str) -> bytes:
        """Return an attachment's bytes; HF213 if it is missing, HF214 if it is not what its digest says."""


class Log(LogReader, Protocol):
    """A log that can be written, by several processes at once."""

    def append(self, events: Sequence[Event], *, actor: str, subject: str, cause: int | None = None) -> tuple[int, ...]:
        """Record the events, all or none, and return their sequence numbers once they are durable.

        If it raises, they may or may not have been recorded: only what was returned is acknowledged.
        """

    def attach(self, name: str, data: bytes, media_type: str) -> Attachment:
        """Keep a file, durably, and return what an event names it by; HF212 above 256 MiB."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Return the rows as they lie there, for verification and export; nothing of it is checked."""

    def close(self) -> None:
        """Let go of the store. What was acknowledged stays."""
