"""The participants' alarm: it reads the banks' records, and nothing else.

The alarm is up while, of the banks that had work due in the last three seconds, fewer than 95 % got a definite answer
to all of it within two seconds. It is raised and cleared by what is known at that moment; without work it stays as it
is, because silence shows nothing.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meridian.participants.record import DEFINITE, boot_id, now_us, whole_lines

LOOK_EVERY_S = 0.25
WITHIN_US = 2_000_000
WINDOW_US = 3_000_000
SERVED_PPM = 950_000
READ_BYTES = 1 << 20

ALARMS = "alarms.ndjson"
SERVICE = "gross-settlement"
BY = "participants-monitor"


@dataclass(slots=True)
class _Offer:
    bank: str
    due_us: int
    served: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """Of the banks with work due in the window, who was not served."""

    banks: int
    unserved: tuple[str, ...]

    @property
    def disrupted(self) -> bool | None:
        """Return whether the criterion of the alarm holds; None when no work was due."""
        if not self.banks:
            return None
        return (self.banks - len(self.unserved)) * 1_000_000 < SERVED_PPM * self.banks

    def __str__(self) -> str:
        """Return the reading in words."""
        served = (
            f"{self.banks - len(self.unserved)} of {self.banks} banks got answers within {WITHIN_US // 1_000_000} s"
        )
        return f"{served}; without: {', '.join(self.unserved)}" if self.unserved else served


@dataclass(slots=True)
class Indicator:
    """What of the records bears on the window."""

    _open: dict[str, _Offer] = field(default_factory=dict)
    _offers: deque[_Offer] = field(default_factory=deque)

    def take(self, bank: str, rows: Iterable[dict[str, Any]]) -> None:
        """Take new lines of a bank's record."""
        for row in rows:
            if row["op"] == "offer":
                offer = self._open[row["key"]] = _Offer(bank, row["t_us"] + WITHIN_US)
                self._offers.append(offer)
            elif row["op"] == "answer" and row["status"] in DEFINITE:
                answered = self._open.pop(row["key"], None)
                if answered is not None and row["t_us"] <= answered.due_us:
                    answered.served = True

    def read(self, at_us: int) -> Reading:
        """Return the reading for the window that ends at ``at_us``; offers due before it are forgotten."""
        self._offers = deque(offer for offer in self._offers if offer.due_us > at_us - WINDOW_US)
        due = [offer for offer in self._offers if offer.due_us <= at_us]
        banks = {offer.bank for offer in due}
        return Reading(len(banks), tuple(sorted({offer.bank for offer in due if not offer.served})))


class Monitor:
    """Follows the records of a directory and keeps the alarms beside them."""

    def __init__(self, directory: Path) -> None:
        """Take up the alarm as it was left."""
        self._directory = directory
        self._read_until: dict[Path, int] = {}
        self._indicator = Indicator()
        self._clock_id = boot_id()
        self._file = os.open(directory / ALARMS, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        kept = whole_lines((directory / ALARMS).read_bytes())
        os.ftruncate(self._file, len(kept))
        states = [json.loads(line)["state"] for line in kept.splitlines()]
        self.raised = states[-1:] == ["raised"]

    def look(self) -> None:
        """Read what is new, and change the alarm if its criterion changed."""
        # The window ends when the reading began: an answer that is being written now is not missed.
        at_us = now_us()
        for path in sorted(self._directory.glob("*.ndjson")):
            if path.name != ALARMS:
                self._indicator.take(path.stem, self._news(path))
        reading = self._indicator.read(at_us)
        if reading.disrupted is not None and reading.disrupted != self.raised:
            self.raised = reading.disrupted
            self._write("raised" if self.raised else "cleared", str(reading))

    def _news(self, path: Path) -> Iterable[dict[str, Any]]:
        """Yield the complete lines that were added to a record since the last look."""
        with path.open("rb") as record:
            record.seek(self._read_until.get(path, 0))
            while whole := whole_lines(record.read(READ_BYTES)):
                self._read_until[path] = self._read_until.get(path, 0) + len(whole)
                record.seek(self._read_until[path])
                yield from (json.loads(line) for line in whole.splitlines())

    def _write(self, state: str, detail: str) -> None:
        line = {
            "op": "alarm",
            "t_us": now_us(),
            "utc_us": time.time_ns() // 1000,
            "clock_id": self._clock_id,
            "service": SERVICE,
            "by": BY,
            "state": state,
            "detail": detail,
        }
        os.write(self._file, json.dumps(line, separators=(",", ":")).encode() + b"\n")


def watch(directory: Path) -> None:
    """Look for ever."""
    monitor = Monitor(directory)
    while True:
        monitor.look()
        time.sleep(LOOK_EVERY_S)
