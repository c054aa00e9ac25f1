"""What an infrastructure keeps: the deliveries that it took, in one order, until they are collected.

Each channel numbers what it delivers to an addressee from 1. A number that was taken is not taken again, whoever sends
it; one that leaves a gap is refused. A sender with an older term than another one before it has been replaced, and is
told so. A SQLite file, so that what was taken outlives the process.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

COLLECT_AT_ONCE = 500
KEPT_COLLECTED = 10_000
"""So many messages that were collected are kept, to tell a repeated delivery from another one with its number."""
MOST_KEPT = 1_000_000
"""Beyond that nothing is taken: whoever should collect does not."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    serial INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, addressee TEXT NOT NULL, number INTEGER NOT NULL,
    body TEXT NOT NULL, sent_by TEXT NOT NULL, taken_utc_us INTEGER NOT NULL, UNIQUE (channel, addressee, number));
CREATE TABLE IF NOT EXISTS numbered (
    channel TEXT NOT NULL, addressee TEXT NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (channel, addressee));
CREATE TABLE IF NOT EXISTS sender (channel TEXT PRIMARY KEY, term INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS reserve (participant TEXT PRIMARY KEY, balance_cents INTEGER NOT NULL);
"""


class Exchange:
    """The store of one infrastructure; any thread may use it, one at a time."""

    ORDERS = ""
    """The channel on which it is told to do something itself: nobody collects that."""

    def __init__(self, path: Path) -> None:
        """Open it, or begin it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = FULL")
        self._file.executescript(_SCHEMA)
        self._one = threading.Lock()

    def take(self, channel: str, by: str, term: int, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Take deliveries in order, as far as they follow; return what came of it and the last number of everybody."""
        with self._one:
            with self._file:
                self._file.execute("BEGIN IMMEDIATE")
                status = self._admit(channel, term) or self._take(channel, by, items)
            return {"status": status, "last": self._last(channel)}

    def last(self, channel: str) -> dict[str, int]:
        """Return the last number that was taken for each addressee of a channel."""
        with self._one:
            return self._last(channel)

    def collect(self, after: int) -> list[dict[str, Any]]:
        """Return what was taken after a serial number, oldest first. Who asks has everything up to that number."""
        with self._one:
            self._file.execute("DELETE FROM message WHERE serial <= ?", (after - KEPT_COLLECTED,))
            rows = self._file.execute(
                "SELECT serial, channel, addressee, number, body, sent_by, taken_utc_us FROM message"
                " WHERE serial > ? AND channel <> ? ORDER BY serial LIMIT ?",
                (after, self.ORDERS, COLLECT_AT_ONCE),
            ).fetchall()
        names = ("serial", "channel", "to", "number", "body", "by", "taken_utc_us")
        return [dict(zip(names, row, strict=True)) | {"body": json.loads(row[4])} for row in rows]

    def close(self) -> None:
        """Close the file."""
        with self._one:
            self._file.close()

    def _admit(self, channel: str, term: int) -> str | None:
        """Return why a sender is not heard, or None; the latest term that was heard is kept."""
        [[kept]] = self._file.execute("SELECT coalesce(max(serial) - min(serial), 0) FROM message")
        if kept >= MOST_KEPT:
            return "full"
        known = self._file.execute("SELECT term FROM sender WHERE channel = ?", (channel,)).fetchone()
        if known is not None and term < known[0]:
            return "superseded"
        self._file.execute(
            "INSERT INTO sender VALUES (?, ?) ON CONFLICT (channel) DO UPDATE SET term = excluded.term", (channel, term)
        )
        return None

    def _take(self, channel: str, by: str, items: Sequence[Mapping[str, Any]]) -> str:
        last = self._last(channel)
        for item in items:
            to, number, body = item["to"], item["number"], item["body"]
            if number <= last.get(to, 0):
                if not self._same(channel, item):
                    return "conflict"
                continue
            if number != last.get(to, 0) + 1:
                return "gap"
            last[to] = number
            self._keep(channel, to, number, body, by)
            self.on_taken(body)
        return "taken"

    def on_taken(self, body: Mapping[str, Any]) -> None:
        """Do what a delivery asks for, in the transaction that takes it: a network only hands on."""

    def _keep(self, channel: str, to: str, number: int, body: Mapping[str, Any], by: str) -> None:
        text = json.dumps(body, sort_keys=True, separators=(",", ":"))
        self._file.execute(
            "INSERT INTO message (channel, addressee, number, body, sent_by, taken_utc_us) VALUES (?, ?, ?, ?, ?, ?)",
            (channel, to, number, text, by, time.time_ns() // 1000),
        )
        self._file.execute(
            "INSERT INTO numbered VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last = excluded.last",
            (channel, to, number),
        )

    def _same(self, channel: str, item: Mapping[str, Any]) -> bool:
        """Return whether a repeated delivery says what the first one said, as far as that is still kept."""
        row = self._file.execute(
            "SELECT body FROM message WHERE channel = ? AND addressee = ? AND number = ?",
            (channel, item["to"], item["number"]),
        ).fetchone()
        return row is None or row[0] == json.dumps(item["body"], sort_keys=True, separators=(",", ":"))

    def _last(self, channel: str) -> dict[str, int]:
        return dict(self._file.execute("SELECT addressee, last FROM numbered WHERE channel = ?", (channel,)).fetchall())


class Rtgs(Exchange):
    """An exchange that books: each bank's reserve moves by the net of the day, and the bank is told."""

    ORDERS = "rtgs-connector"
    NOTICES = "rtgs"

    def on_taken(self, body: Mapping[str, Any]) -> None:
        """Book the transfers of a day, which sum to nothing, and tell each bank."""
        told = self._last(self.NOTICES)
        for participant, cents in body["net_cents"].items():
            [[balance]] = self._file.execute(
                "INSERT INTO reserve VALUES (?1, ?2)"
                " ON CONFLICT DO UPDATE SET balance_cents = balance_cents + ?2 RETURNING balance_cents",
                (participant, cents),
            ).fetchall()
            notice = {"status": "booked", "day": body["day"], "amount_cents": cents, "balance_cents": balance}
            self._keep(self.NOTICES, participant, told.get(participant, 0) + 1, notice, "rtgs")
