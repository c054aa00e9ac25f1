"""The log as everyone else sees it: one port, which every store implements and every reader codes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from holdfast.evidence.envelope import Envelope
from holdfast.evidence.events import Attachment, Event
from holdfast.evidence.notes import Signer
from holdfast.evidence.personal import Concealed
from holdfast.evidence.verification import StoredCheckpoint, StoredEntry

APPEND_LIMIT_EVENTS = 10_000
ATTACHMENT_LIMIT_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows of a log at one instant, as they lie there; ``entries`` and ``aside`` can be gone through once."""

    checkpoints: tuple[StoredCheckpoint, ...]
    frontiers: tuple[tuple[int, bytes], ...]  # size, and hashes one after the other; appends build on the last
    entries: Iterator[StoredEntry]
    aside: Iterator[Concealed] = field(default_factory=lambda: iter(()))  # personal data that was not erased


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

    def revealed(self, digest: str) -> str | None:
        """Return the text that was concealed under this digest, None if it was erased or is not known here.

        HF233 if what is kept is not what the digest says.
        """

    def close(self) -> None:
        """Let go of what was opened. What was acknowledged stays."""


class Log(LogReader, Protocol):
    """A log that can be written, by several processes at once, on several machines if its store is shared."""

    @property
    def place(self) -> str:
        """Return the directory or address by which ``open_log`` finds this log again; no secret is in it."""

    def append(self, events: Sequence[Event], *, actor: str, subject: str, cause: int | None = None) -> tuple[int, ...]:
        """Record the events, all or none, and return their sequence numbers once they are durable.

        If it raises, they may or may not have been recorded: only what was returned is acknowledged. A store that is
        reached over a network says HF243 when its answer to the commit was lost.
        """

    def attach(self, name: str, data: bytes, media_type: str) -> Attachment:
        """Keep a file, durably, and return what an event names it by; HF212 above 256 MiB."""

    def conceal(self, text: str) -> str:
        """Keep personal data aside, durably, with a fresh salt of 32 bytes; return the digest that an event names.

        The digest is SHA-256(salt || UTF-8) in lower-case hex: the same text concealed again has another.
        """

    def erase(self, digests: Sequence[str], why: str, by: str) -> int:
        """Remove these texts and their salts for good and return the entry that records it: ``personal.erased``.

        ``by`` is the entry's actor. All or none: HF234 if one of them never was here. When this returns, no file in
        which the log lies holds the bytes any more; if it raises HF235 they may still lie in one, and it must be done
        again. What a server keeps besides (its write-ahead log, standbys, backups), it keeps as it is set to.
        """

    def own_key(self) -> Signer:
        """Return the key that signs this log; HF204 if it is not here.

        Who acts on what a log says asks for it first: then everything that is read is what this key signed.
        """

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Return the rows as they lie there, for verification and export; nothing of it is checked."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Wait until nobody else holds this log exclusively, and hold it; appends and readers are not concerned.

        Whoever ends lets go. In a shared store, whoever loses the connection does.
        """
