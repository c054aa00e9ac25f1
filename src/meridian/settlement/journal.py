"""The instruction journal: every instruction, on disk and chained, before the ledger is asked.

One JSON object per line. ``hash`` is SHA-256 over the previous line's hash and this line without ``prev`` and ``hash``
in canonical form (sorted keys, no spaces); the first ``prev`` is 32 zero bytes. The vault pulls it: with the ledger
lost or poisoned, what participants asked for is still known.
"""

from __future__ import annotations

import json
import os
import time
from array import array
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from meridian.errors import MeridianError

GENESIS = "0" * 64
READ_LIMIT_LINES = 2_000


def canonical(line: Mapping[str, Any]) -> bytes:
    """Return the bytes of a line that its hash covers."""
    covered = {name: value for name, value in line.items() if name not in {"prev", "hash"}}
    return json.dumps(covered, sort_keys=True, separators=(",", ":")).encode()


def chained(line: Mapping[str, Any], previous: str) -> dict[str, Any]:
    """Return the line with its place in the chain."""
    digest = sha256(bytes.fromhex(previous) + canonical(line)).hexdigest()
    return {**line, "prev": previous, "hash": digest}


class Chain:
    """The end of a verified chain of one gateway: how many lines, and the last one's hash."""

    def __init__(self, gateway: str) -> None:
        """Begin with the empty chain."""
        self.gateway = gateway
        self.lines = 0
        self.hash = GENESIS

    def extend(self, text: bytes) -> None:
        """Take the next line. Raise MR304 when it does not follow."""
        digest = self._digest(text)
        if digest is None:
            raise MeridianError(
                "MR304",
                f"line {self.lines + 1} of the instruction journal of {self.gateway} does not follow the one before",
                remedy="keep the file, take the vault's copy to see what it was, and find out who wrote to it",
            )
        self.lines += 1
        self.hash = digest

    def _digest(self, text: bytes) -> str | None:
        """Return the hash of a line if it is the one that must come next, else None."""
        try:
            line = json.loads(text)
            expected = chained(line, self.hash)
            given = (line["n"], line["gateway"], line["prev"], line["hash"])
        except (ValueError, KeyError, TypeError):
            return None
        follows = given == (self.lines + 1, self.gateway, self.hash, expected["hash"])
        return given[3] if follows else None


class InstructionJournal:
    """The journal of one gateway. One thread appends; any thread may read what is durable."""

    def __init__(self, path: Path, gateway: str) -> None:
        """Open it, and verify what is there. A last line that was cut off was never acted on: it is removed."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._chain = Chain(gateway)
        self._ends = array("Q", [0])
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        with path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self._chain.extend(line)
                self._ends.append(self._ends[-1] + len(line))
        os.ftruncate(self._file, self._ends[-1])
        os.fsync(self._file)

    @property
    def lines(self) -> int:
        """Return how many lines are durable."""
        return len(self._ends) - 1

    def append(self, instructions: Iterable[Mapping[str, Any]]) -> None:
        """Write instructions (``participant, key, to, amount_cents, priority``); they are durable when this returns.

        After an OSError what was written is removed again, so that the file never holds more than was acted on.
        """
        previous, written = self._chain.hash, []
        for number, instruction in enumerate(instructions, self.lines + 1):
            line = {
                "n": number,
                "gateway": self._chain.gateway,
                "utc_us": time.time_ns() // 1000,
                "mono_us": time.monotonic_ns() // 1000,
                **instruction,
            }
            complete = chained(line, previous)
            previous = complete["hash"]
            written.append(json.dumps(complete, separators=(",", ":")).encode() + b"\n")
        try:
            _write_all(self._file, b"".join(written))
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._ends[-1])
            raise
        self._chain.hash = previous
        self._chain.lines += len(written)
        for line_bytes in written:
            self._ends.append(self._ends[-1] + len(line_bytes))

    def read(self, after: int, limit: int = READ_LIMIT_LINES) -> bytes:
        """Return the durable lines after line ``after``, at most ``limit`` of them."""
        last = min(self.lines, after + min(limit, READ_LIMIT_LINES))
        if after >= last:
            return b""
        return os.pread(self._file, self._ends[last] - self._ends[after], self._ends[after])


def _write_all(file: int, data: bytes, write: Callable[[int, bytes], int] = os.write) -> None:
    """Write all of it; a file system that is full may take a part."""
    while data:
        data = data[write(file, data) :]
