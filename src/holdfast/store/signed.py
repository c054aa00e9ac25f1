"""The log on any store: what is appended is signed, and nothing is built upon what nobody signed.

A ``Store`` keeps rows and vouches for none of them. Who signed what, and whether this is the log that was acknowledged
here, is decided in this module, the same for every store. One append is one transaction of the store: entries with
their leaf hashes, the new frontier, and a signed checkpoint over all of it, so that no entry is ever unsigned. Then the
anchor, outside the store; then the acknowledgement.
"""

from __future__ import annotations

import os
import pwd
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Self

from holdfast.errors import EnvironmentProblem, HoldfastError, UsageError
from holdfast.evidence.envelope import ENVELOPE_VERSION, Envelope, body_of, decode, encode, kind_of
from holdfast.evidence.events import Attachment, Continued, Event, LogOpened, PersonalErased
from holdfast.evidence.merkle import EMPTY_ROOT, Frontier, leaf_hash
from holdfast.evidence.notes import Checkpoint, Signer, check_origin, is_origin, read_checkpoint
from holdfast.evidence.personal import SALT_BYTES, Concealed
from holdfast.evidence.verification import REMEDY_ALTERED, Anchored, StoredCheckpoint, StoredEntry
from holdfast.store import keys
from holdfast.store.anchor import Anchor
from holdfast.store.clock import now
from holdfast.store.places import Outside
from holdfast.store.port import APPEND_LIMIT_EVENTS, Snapshot
from holdfast.store.proven import Proven
from holdfast.store.rows import Head, Store, Transaction
from holdfast.store.succession import name_successor, refuse_if_continued

OWN_ACTOR = "holdfast"


@dataclass(frozen=True, slots=True)
class _Draft:
    """An event on its way into the log: what is known before its place and time are."""

    kind: str
    body: dict[str, Any]
    actor: str
    subject: str
    cause: int | None


class SignedLog:
    """A log on a store; ``open_log`` opens one. Implements ``holdfast.store.port.Log``; threads may share it."""

    def __init__(self, store: Store, origin: str, outside: Outside) -> None:
        """Take a log that exists, or is about to begin."""
        self._store = store
        self._origin = origin
        self._outside = outside
        self._anchor = Anchor(outside.anchors, origin)
        self._signer: Signer | None = None
        self._proven: Proven | None = None
        self._signed: tuple[bytes, Checkpoint] | None = None  # the last note that was found to be the key's

    @property
    def origin(self) -> str:
        """Return the log's id, which is also the name of its key."""
        return self._origin

    @property
    def place(self) -> str:
        """Return the directory or address by which ``open_log`` finds this log again."""
        return self._store.place

    def append(self, events: Sequence[Event], *, actor: str, subject: str, cause: int | None = None) -> tuple[int, ...]:
        """Record the events, all or none, and return their sequence numbers once they are durable.

        If it raises, they may or may not have been recorded: only what was returned is acknowledged. HF206 for an
        event that cannot be recorded, HF204 and HF205 without the log's own key, HF218 if the log's head was altered,
        HF208 and HF209 if what was acknowledged here before is no longer in it, HF246 if another log continues it.
        """
        if len(events) > APPEND_LIMIT_EVENTS:
            message = f"{len(events):,} events in one append; at most {APPEND_LIMIT_EVENTS:,} fit in a transaction"
            raise UsageError("HF206", message, remedy="append them in parts, or attach them as a file")
        drafts = [_Draft(kind_of(event), body_of(event), actor, subject, cause) for event in events]
        return self._record(drafts) if drafts else ()

    def _record(self, drafts: Sequence[_Draft], erased: Sequence[str] = ()) -> tuple[int, ...]:
        """Write the drafts, and remove what is to be erased, in one transaction; return once it is anchored."""
        signer = self.own_key()
        with _outside_problems():
            refuse_if_continued(self._outside, self._origin)
        with self._store.writing() as transaction:
            if erased:
                transaction.erase(erased)
            start, checkpoint = self._write(transaction, signer, drafts)
        self._acknowledge(checkpoint, begun_at=start)
        return tuple(range(start, checkpoint.size))

    def _write(self, transaction: Transaction, signer: Signer, drafts: Sequence[_Draft]) -> tuple[int, Checkpoint]:
        """Write all rows of one append; return its first sequence number, and the checkpoint that covers it all."""
        # Read before the head, the anchor is never ahead of an honest one.
        anchor = self._anchored()
        number, frontier = self._trusted(transaction.head(), signer)
        # A server that failed over, or a file that was replaced beneath us, may be older than what was acknowledged.
        self._hold_against(anchor, frontier.size, transaction.note)
        rows = self._rows(frontier.size, drafts)
        grown = frontier.extended(row.leaf for row in rows)
        checkpoint = Checkpoint(self._origin, grown.size, grown.root())
        note = signer.sign(checkpoint)
        transaction.add(rows, StoredCheckpoint(number + 1, grown.size, note), grown.encode())
        self._signed = note, checkpoint
        return frontier.size, checkpoint

    def _rows(self, start: int, drafts: Sequence[_Draft]) -> list[StoredEntry]:
        # Read inside the transaction, so that within one boot the times never run against the order.
        at, user = now(), _os_user()
        rows = []
        for seq, draft in enumerate(drafts, start):
            if draft.cause is not None and not 0 <= draft.cause < start:
                message = f"entry {draft.cause} cannot be the cause of entry {seq}: it must have come before"
                raise UsageError("HF206", message, remedy="name an entry that is in the log already, or none")
            envelope = Envelope(
                v=ENVELOPE_VERSION,
                log=self._origin,
                seq=seq,
                at_utc_us=at.utc_us,
                mono_us=at.mono_us,
                clock_id=at.clock_id,
                kind=draft.kind,
                actor=draft.actor,
                os_user=user,
                subject=draft.subject,
                cause=draft.cause,
                body=draft.body,
            )
            data = encode(envelope)
            rows.append(StoredEntry(seq, leaf_hash(data), data))
        return rows

    def _trusted(self, head: Head, signer: Signer) -> tuple[int, Frontier]:
        """Return the number of the latest checkpoint and the frontier at it; never build on what nobody signed."""
        frontier = Frontier.decode(*head.frontier)
        if head.checkpoint is None and frontier.size == 0:
            return -1, frontier
        number, _, note = head.checkpoint or StoredCheckpoint(-1, 0, b"")
        # To check a signature takes 0.1 ms; the same note need not be checked again, what lies beside it must.
        known, checkpoint = self._signed or (b"", None)
        if checkpoint is None or note != known:
            try:
                checkpoint = read_checkpoint(note, signer.key)
            except HoldfastError as error:
                message = f"the key at hand did not sign the head of this log: {error.message}"
                remedy = "put the log's own key back, or run `holdfast log verify`"
                raise HoldfastError("HF205", message, remedy=remedy) from error
        if (checkpoint.size, checkpoint.root) != (frontier.size, frontier.root()):
            message = "the stored frontier does not lead to the signed root: the head of this log was altered"
            raise HoldfastError("HF218", message, remedy=REMEDY_ALTERED)
        return number, frontier

    def read(self, after: int = -1, limit: int = 1000) -> list[Envelope]:
        """Return up to ``limit`` entries with a sequence number above ``after``, in order; HF219 if one was altered.

        Where the log's key is kept, each is what that key signed; elsewhere it is only whole in itself.
        """
        return [decode(data) for _, _, data in self.read_stored(after, limit)]

    def read_stored(self, after: int = -1, limit: int = 1000) -> list[StoredEntry]:
        """Return the same entries as they lie in the store."""
        rows = self._store.entries(after, limit)
        for expected, row in enumerate(rows, max(after, -1) + 1):
            if row.seq != expected or leaf_hash(row.data) != row.leaf:
                what = "was altered" if row.seq == expected else "is missing"
                raise HoldfastError("HF219", f"entry {expected} {what}", remedy="run `holdfast log verify` on this log")
        if self._proven is None:
            key = self._signer.key if self._signer else keys.load_verifier(self._outside.keys, self._origin)
            self._proven = None if key is None else Proven(self._store, key)
        if self._proven is not None:
            self._proven.hold(rows)
        return rows

    def own_key(self) -> Signer:
        """Return the key that signs this log; HF204 if it is not here.

        Who acts on what a log says asks for it first: then everything that is read is what this key signed.
        """
        if self._signer is None:
            self._signer = keys.load_key(self._outside.keys, self._origin)
            self._proven = Proven(self._store, self._signer.key)
        return self._signer

    def size(self) -> int:
        """Return the number of entries that a checkpoint covers."""
        return self._store.size()

    def attach(self, name: str, data: bytes, media_type: str) -> Attachment:
        """Keep a file, durably, and return what an event names it by; HF212 above 256 MiB."""
        return self._store.attachments.put(name, data, media_type)

    def attachment(self, sha256: str) -> bytes:
        """Return an attachment's bytes; HF213 if it is missing, HF214 if it is not what its digest says."""
        return self._store.attachments.get(sha256)

    def conceal(self, text: str) -> str:
        """Keep personal data aside, durably, with a fresh salt of 32 bytes; return the digest that an event names.

        The digest is SHA-256(salt || UTF-8) in lower-case hex: the same text concealed again has another. HF204 without
        the log's own key: no entry could name it, and nobody would know by which digest to erase it.
        """
        self.own_key()
        concealed = Concealed.of(text, secrets.token_bytes(SALT_BYTES))
        self._store.keep(concealed)
        return concealed.digest

    def revealed(self, digest: str) -> str | None:
        """Return the text that was concealed under this digest, None if it was erased or is not known here.

        HF233 if what is kept is not what the digest says.
        """
        concealed = self._store.find(digest)
        return None if concealed is None else concealed.text()

    def erase(self, digests: Sequence[str], why: str, by: str) -> int:
        """Remove these texts and their salts for good and return the entry that records it: ``personal.erased``.

        ``by`` is the entry's actor. All or none: HF234 if one of them never was here. When this returns, no file in
        which the log lies holds the bytes any more; if it raises HF235 they may still lie in one, and it must be done
        again. What a server keeps besides (its write-ahead log, standbys, backups), it keeps as it is set to.
        """
        event = erasure(digests, why)
        draft = _Draft(kind_of(event), body_of(event), by, self._origin, None)
        # Somebody who would be in the way later is found before anything is recorded.
        self._store.scrub()
        (seq,) = self._record([draft], event.digests)
        self._store.scrub()
        return seq

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Return the rows as they lie there, for verification and export; nothing of it is checked."""
        return self._store.snapshot()

    def exclusive(self) -> AbstractContextManager[None]:
        """Wait until nobody else holds this log exclusively, and hold it; appends and readers are not concerned."""
        return self._store.exclusive()

    def anchored(self) -> bool:
        """Return whether there is an anchor here that this log was held against when it was opened."""
        return self._anchor.read() is not None

    def close(self) -> None:
        """Let go of the store. What was acknowledged stays."""
        self._store.close()

    def __enter__(self) -> Self:
        """Return the log, to be closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the log."""
        self.close()

    def begin(self, continues: Continued | None = None) -> None:
        """Begin the log: key, anchor at size 0, then tables and first entry in one transaction.

        ``continues`` is the older log that it goes on from. What an interrupted creation left is taken up. HF208 if a
        log of this origin was acknowledged before, HF246 if the older one was continued already.
        """
        anchor = self._anchored()
        if anchor is not None and anchor.size:
            message = f"{anchor.size} entries of a log {self._origin} were acknowledged, but {self.place} holds no log"
            raise HoldfastError("HF208", message, remedy="bring that log back, or begin one with another origin")
        with _outside_problems():
            if continues is not None:
                name_successor(self._outside, continues.origin, self._origin)
            signer = keys.load_or_create_key(self._outside.keys, self._origin)
            self._anchor.advance(0, EMPTY_ROOT, begun_at=0)
        opened = LogOpened(self._origin, str(signer.key), version("holdfast"), continues)
        draft = _Draft(kind_of(opened), body_of(opened), OWN_ACTOR, self._origin, None)
        with self._store.beginning() as transaction:
            _, checkpoint = self._write(transaction, signer, [draft])
        self._acknowledge(checkpoint, begun_at=0)

    def hold_against_anchor(self) -> None:
        """Raise HF208 if the log is older than its anchor, HF209 if it is another history than the anchored one."""
        # Read before the log, the anchor is never ahead of an honest one.
        anchor = self._anchored()
        self._hold_against(anchor, self.size(), self._store.note)

    def _hold_against(self, anchor: Anchored | None, size: int, note_at: Callable[[int], bytes | None]) -> None:
        if anchor is None or not anchor.size:
            return
        if size < anchor.size:
            message = (
                f"this log has {size} entries, but {anchor.size} were acknowledged (anchor {self._anchor.path}): "
                "it was restored from an older backup, or its end was cut off"
            )
            remedy = (
                "bring back the newer copy; if that is lost for good, keep this one as it is (`holdfast log verify` "
                "says what it still proves) and go on in a new log that says so: `holdfast log continue`"
            )
            raise HoldfastError("HF208", message, remedy=remedy)
        note = note_at(anchor.size)
        if note is None or read_checkpoint(note, None).root != anchor.root:
            message = (
                f"this log does not hold the root that was acknowledged at size {anchor.size}: it is another history"
            )
            raise HoldfastError("HF209", message, remedy=REMEDY_ALTERED)

    def _anchored(self) -> Anchored | None:
        with _outside_problems():
            return self._anchor.read()

    def _acknowledge(self, checkpoint: Checkpoint, *, begun_at: int) -> None:
        """Remember, durably and outside the store, what is about to be returned."""
        with _outside_problems():
            self._anchor.advance(checkpoint.size, checkpoint.root, begun_at=begun_at)


def open_signed(
    store: Store,
    outside: Outside,
    *,
    create: bool = False,
    origin: str | None = None,
    continues: Continued | None = None,
    reading: bool = False,
) -> SignedLog:
    """Return the log on a store, held against its anchor; with ``create`` a new one if there is none.

    ``reading`` only: then it is for the caller to hold it against its anchor, for an older copy is worth reading too.

    HF201 if there is no log, HF203 if it has another origin than the given one, HF208 and HF209 if it is older than
    its anchor or another history. ``continues`` is the older log that a new one goes on from: HF239 if there is a log
    already. If it raises, the store is closed.
    """
    with ExitStack() as unless_opened:
        unless_opened.callback(store.close)
        begun = create and _begin_if_none(store, outside, origin, continues)
        if continues is not None and not begun:
            message = f"there is a log in {store.place} already: only a new one can continue another"
            raise UsageError("HF239", message, remedy="name a place without a log")
        found = _origin_of(store)
        if found is None:
            message = f"there is no log in {store.place}"
            remedy = "name the directory or address of a log; `holdfast drill` begins one, by default in ./evidence"
            raise EnvironmentProblem("HF201", message, remedy=remedy)
        if origin is not None and origin != found:
            message = f"the log in {store.place} is {found}, expected was {origin}"
            raise UsageError("HF203", message, remedy="name the other log's place, or leave the origin out")
        log = SignedLog(store, found, outside)
        if not reading:
            log.hold_against_anchor()
        unless_opened.pop_all()
    return log


def _begin_if_none(store: Store, outside: Outside, origin: str | None, continues: Continued | None) -> bool:
    """Begin a log unless there is one, and return whether that was done."""
    if _origin_of(store) is not None:
        return False
    store.prepare()
    with store.exclusive():
        if _origin_of(store) is not None:
            return False
        SignedLog(store, check_origin(origin or f"holdfast/{secrets.token_hex(8)}"), outside).begin(continues)
        return True


def erasure(digests: Sequence[str], why: str) -> PersonalErased:
    """Return the event that says that these were erased; HF234 if there are none."""
    if not digests:
        raise UsageError("HF234", "no digest was named: nothing was erased", remedy="name what shall be erased")
    return PersonalErased(tuple(dict.fromkeys(digests)), why)


def origins_in(notes: Iterable[bytes]) -> list[str]:
    """Return the origins that these notes claim, each once, if they can be one. Nobody's signature is checked."""
    claimed = [note.partition(b"\n")[0].decode(errors="replace") for note in notes]
    return [origin for origin in dict.fromkeys(claimed) if is_origin(origin)]


def _origin_of(store: Store) -> str | None:
    """Return what the latest checkpoint claims to be the log's origin, None if there is no log; HF221 if it is none.

    That it was signed is not checked here: an altered one leads to a key that did not sign it.
    """
    claimed = store.claimed_origins()
    if claimed is None:
        return None
    if not claimed:
        message = f"the log in {store.place} has no checkpoint with an origin"
        raise HoldfastError("HF221", message, remedy=REMEDY_ALTERED)
    return claimed[0]


@contextmanager
def _outside_problems() -> Iterator[None]:
    """Turn what the system raises about keys and anchors into HF211."""
    try:
        yield
    except OSError as error:
        message = f"the keys and anchors of this log could not be reached: {error}"
        remedy = "see to disk space and permissions there; what was not acknowledged may or may not be recorded"
        raise EnvironmentProblem("HF211", message, remedy=remedy) from error


def _os_user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid:{os.geteuid()}"
