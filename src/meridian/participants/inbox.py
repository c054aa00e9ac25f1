"""What the banks receive besides answers: confirmations, statements, notices of the RTGS. Recorded as it comes.

One file for each bank, one JSON object a line, never changed. A line of ``op`` ``received`` is one message; ``again``
one whose number had come before, ``gap`` one before which a number is missing: neither should ever be there. A line
``looked`` says that everything that was there at that moment is above, from which of the infrastructures (``heard``),
and how many lines stand before it: what comes after the last one of these may have been cut off.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from meridian.banks import BANKS
from meridian.errors import MeridianError
from meridian.participants.record import boot_id, now_us, whole_lines
from meridian.peer import Peer, Silent

COLLECT_EVERY_S = 0.5
LOOKED_EVERY_US = 1_000_000


class BankInbox:
    """The record of one bank, and how far it has what comes from where."""

    def __init__(self, directory: Path, bank: str) -> None:
        """Begin it, or take it up. Raise MR305 if what is there is not of this bank and boot."""
        self.bank = bank
        self.serials: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._rows = 0
        path = directory / f"{bank}.ndjson"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        kept = whole_lines(path.read_bytes())
        os.ftruncate(self._file, len(kept))
        for line in map(json.loads, kept.splitlines()):
            self._rows += 1
            if line["op"] in {"received", "again", "gap"}:
                self._numbers[line["channel"]] = max(line["number"], self._numbers.get(line["channel"], 0))
                self.serials[line["from"]] = line["serial"]
            elif line["op"] == "clock" and (line["bank"], line["clock_id"]) != (bank, boot_id()):
                raise MeridianError(
                    "MR305",
                    f"{path.name} is not an inbox of {bank} on this boot of the machine",
                    remedy="take the range down and up again: a record has one clock",
                )
        if not kept:
            utc_us = time.time_ns() // 1000
            self._write({"op": "clock", "clock_id": boot_id(), "utc_us": utc_us, "mono_us": now_us(), "bank": bank})

    def receive(self, source: str, message: Mapping[str, Any]) -> None:
        """Record a message that came from ``source``."""
        channel, number = message["channel"], message["number"]
        expected = self._numbers.get(channel, 0) + 1
        op = "received" if number == expected else ("again" if number < expected else "gap")
        self._numbers[channel] = max(number, expected - 1)
        self.serials[source] = message["serial"]
        told = {name: message[name] for name in ("serial", "channel", "number", "by", "taken_utc_us", "body")}
        self._write({"op": op, "t_us": now_us(), "from": source, **told})

    def looked(self, at_us: int, heard: list[str]) -> None:
        """Record that everything that was there at ``at_us`` is above."""
        self._write({"op": "looked", "t_us": at_us, "heard": heard, "rows": self._rows})

    def _write(self, row: Mapping[str, Any]) -> None:
        os.write(self._file, json.dumps(row, separators=(",", ":")).encode() + b"\n")
        self._rows += 1


class Inboxes:
    """All banks' inboxes: they have their messages collected by one process."""

    def __init__(self, directory: Path, sources: Mapping[str, Peer]) -> None:
        """Take up the inboxes in a directory; ``sources`` maps an infrastructure's name to it."""
        directory.mkdir(exist_ok=True)
        directory.chmod(0o755)
        self._sources = sources
        self._inboxes = {bank.name: BankInbox(directory, bank.name) for bank in BANKS}
        serials = [inbox.serials for inbox in self._inboxes.values()]
        self._after = {name: max((each.get(name, 0) for each in serials), default=0) for name in sources}
        self._looked_us = 0

    def collect(self) -> bool:
        """Collect once from everybody; return whether there may be more at once."""
        at_us, heard, more = now_us(), [], False
        for name, source in self._sources.items():
            try:
                messages = source.ask("GET", f"/v1/inbox?after={self._after[name]}")["messages"]
            except (Silent, KeyError):
                continue
            heard.append(name)
            for message in messages:
                if message["to"] in self._inboxes:
                    self._inboxes[message["to"]].receive(name, message)
                self._after[name] = message["serial"]
            more |= bool(messages)
        if not more and at_us - self._looked_us >= LOOKED_EVERY_US:
            self._looked_us = at_us
            for inbox in self._inboxes.values():
                inbox.looked(at_us, heard)
        return more


def collect(directory: Path, sources: Mapping[str, Peer]) -> None:
    """Collect for ever."""
    inboxes = Inboxes(directory, sources)
    while True:
        if not inboxes.collect():
            time.sleep(COLLECT_EVERY_S)
