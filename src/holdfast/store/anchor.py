"""The anchor: the latest size and root of a log, kept outside its directory and synced before anyone is told.

An older copy of a log is a log in perfect order; only somebody who remembers more can tell. The file has two slots
of 512 bytes, each a line with its own SHA-256. A new state goes into the slot that does not hold the latest one, in
place and with one sync: a write that a power loss tears leaves the other slot as it was. Writers take turns by a lock
on the file, and a smaller size never replaces a larger one.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from holdfast.errors import HoldfastError
from holdfast.evidence.verification import Anchored
from holdfast.store.durable import make_directory, sync_directory
from holdfast.store.keys import DIRECTORY_MODE, PRIVATE_MODE
from holdfast.store.places import file_name

SLOT_BYTES = 512
SLOTS = 2
_BLANK = b" " * (SLOT_BYTES - 1) + b"\n"
_FIELDS = 6


class Anchor:
    """The anchor of one log."""

    def __init__(self, directory: Path, origin: str) -> None:
        """Name the anchor; nothing is read or written yet."""
        self.path = directory / file_name(origin, ".anchor")
        self._origin = origin

    def read(self) -> Anchored | None:
        """Return the latest state, None if there is no anchor; HF210 if the file holds no whole state."""
        try:
            with self._opened(os.O_RDONLY, fcntl.LOCK_SH) as descriptor:
                return self._latest(descriptor)[0]
        except FileNotFoundError:
            return None

    def advance(self, size: int, root: bytes, *, begun_at: int) -> None:
        """Remember this state durably unless a later one is remembered; HF209 if the same size has another root.

        ``begun_at`` is kept if there was no anchor: what was before that size is not anchored.
        """
        make_directory(self.path.parent, DIRECTORY_MODE)
        with self._opened(os.O_RDWR | os.O_CREAT, fcntl.LOCK_EX) as descriptor:
            latest, slot = self._latest(descriptor)
            if latest is None:
                os.pwrite(descriptor, self._line(Anchored(size, root, begun_at)) + _BLANK * (SLOTS - 1), 0)
                os.fsync(descriptor)
                sync_directory(self.path.parent)
            elif latest.size < size:
                line = self._line(Anchored(size, root, latest.begun_at))
                os.pwrite(descriptor, line, (SLOTS - 1 - slot) * SLOT_BYTES)
                os.fdatasync(descriptor)
            elif latest.size == size and latest.root != root:
                message = f"another history of {self._origin} was acknowledged at size {size}: this log is a fork of it"
                raise HoldfastError("HF209", message, remedy="find the other copy of this log; only one may be written")

    @contextmanager
    def _opened(self, flags: int, lock: int) -> Iterator[int]:
        descriptor = os.open(self.path, flags | os.O_CLOEXEC, PRIVATE_MODE)
        try:
            fcntl.flock(descriptor, lock)
            yield descriptor
        finally:
            os.close(descriptor)

    def _line(self, state: Anchored) -> bytes:
        text = f"holdfast-anchor {self._origin} {state.size} {state.root.hex()} {state.begun_at}"
        return f"{text} {sha256(text.encode()).hexdigest()}".encode().ljust(SLOT_BYTES - 1) + b"\n"

    def _latest(self, descriptor: int) -> tuple[Anchored | None, int]:
        """Return the latest whole state and its slot; None if nothing was ever written."""
        content = os.pread(descriptor, SLOTS * SLOT_BYTES, 0)
        states = [
            (state, slot)
            for slot in range(SLOTS)
            if (state := self._parse(content[slot * SLOT_BYTES : (slot + 1) * SLOT_BYTES])) is not None
        ]
        if states:
            return max(states)
        if content.strip(b" \n\0"):
            message = f"the anchor {self.path} holds no whole state of {self._origin}: it was altered"
            raise HoldfastError("HF210", message, remedy="bring it back from a copy; delete it only if you know why")
        return None, 0

    def _parse(self, slot: bytes) -> Anchored | None:
        words = slot.decode(errors="replace").split()
        if len(words) != _FIELDS or words[1] != self._origin or not words[2].isdecimal() or not words[4].isdecimal():
            return None
        try:
            state = Anchored(int(words[2]), bytes.fromhex(words[3]), int(words[4]))
        except ValueError:
            return None
        return state if slot == self._line(state) else None
