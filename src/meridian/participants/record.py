"""A bank's own record: one JSON object a line, written and flushed as it happens, never changed.

It is the independent witness of what was promised. A participants' process that was killed takes its record up again
where it ends: what had no definite answer is asked again, with the same key.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meridian.banks import Bank
from meridian.errors import MeridianError

DEFINITE = frozenset({"settled", "queued", "rejected"})
FINAL = frozenset({"settled", "rejected"})
ENDED = DEFINITE | {"conflict"}


def now_us() -> int:
    """Return monotonic microseconds, comparable between all processes of one boot."""
    return time.monotonic_ns() // 1000


def boot_id() -> str:
    """Return which boot of which machine the monotonic clock belongs to."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


@dataclass(slots=True)
class Book:
    """What a record says so far: by key what was offered, what is open or queued, what was settled by day."""

    offers: dict[str, dict[str, Any]] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    debits_cents: dict[int, int] = field(default_factory=dict)
    closing_cents: dict[int, int] = field(default_factory=dict)
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("settled", "queued", "rejected", "conflict"), 0)
    )

    @property
    def open(self) -> list[str]:
        """Return the keys without a definite answer, oldest first."""
        return [key for key in self.offers if key not in self.status]

    @property
    def queued(self) -> list[str]:
        """Return the keys that are queued as far as is known, oldest first."""
        return [key for key, status in self.status.items() if status == "queued"]

    def take(self, line: dict[str, Any]) -> None:
        """Take one line of the record."""
        match line["op"]:
            case "offer":
                self.offers[line["key"]] = line
            case "answer":
                self.attempts[line["key"]] = line["attempt"]
                if line["status"] in ENDED:
                    self._say(line)
            case "update":
                self._say(line)
            case "position":
                self.closing_cents[line["day"]] = line["closing_cents"]

    def _say(self, line: dict[str, Any]) -> None:
        key, status = line["key"], line["status"]
        before = self.status.get(key)
        if before in FINAL or before == status:
            return
        if before is not None:
            self.counts[before] -= 1
        self.status[key] = status
        self.counts[status] += 1
        if status == "settled":
            day = line["day"]
            self.debits_cents[day] = self.debits_cents.get(day, 0) + self.offers[key]["amount_cents"]


class Record:
    """The file of one bank, and what it says."""

    def __init__(self, directory: Path, bank: Bank, seed: int) -> None:
        """Begin a record, or take up the one that is there. Raise MR305 if that is not one of this bank and boot."""
        self.path = directory / f"{bank.name}.ndjson"
        self.book = Book()
        self._rows = 0
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        kept = whole_lines(self.path.read_bytes())
        os.ftruncate(self._file, len(kept))
        if kept:
            self._take_up(kept, bank)
        else:
            self._begin(bank, seed)

    def write(self, **line: Any) -> None:  # noqa: ANN401 - members of a JSON object
        """Append a line, stamped with the time."""
        stamped = {"op": line.pop("op"), "t_us": now_us(), **line}
        self._append(stamped)
        self.book.take(stamped)

    def stopped(self) -> None:
        """Write that no more is offered, and how many rows stand before this one, so that a cut record is known.

        What comes after it can only be about what stands before it, until the load begins again.
        """
        self.write(op="stopped", rows=self._rows)

    def _append(self, row: dict[str, Any]) -> None:
        os.write(self._file, json.dumps(row, separators=(",", ":")).encode() + b"\n")
        self._rows += 1

    def _begin(self, bank: Bank, seed: int) -> None:
        clock = {
            "op": "clock",
            "clock_id": boot_id(),
            "utc_us": time.time_ns() // 1000,
            "mono_us": now_us(),
            "bank": bank.name,
            "opening_cents": bank.opening_cents,
            "limit_cents": bank.limit_cents,
            "seed": seed,
        }
        self._append(clock)

    def _take_up(self, kept: bytes, bank: Bank) -> None:
        try:
            clock, *lines = (json.loads(line) for line in kept.splitlines())
            ours = (clock["op"], clock["bank"], clock["clock_id"]) == ("clock", bank.name, boot_id())
            for line in lines:
                self.book.take(line)
            self._rows = 1 + len(lines)
        except (ValueError, KeyError, TypeError):
            ours = False
        if not ours:
            raise MeridianError(
                "MR305",
                f"{self.path.name} is not a record of {bank.name} on this boot of the machine",
                remedy="take the range down and up again: a record has one clock",
            )


def whole_lines(data: bytes) -> bytes:
    """Return the data without a last line that was cut off."""
    return data[: data.rfind(b"\n") + 1]
