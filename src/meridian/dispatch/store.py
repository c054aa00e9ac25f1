"""What a dispatching process keeps: how far it read, what it must remember, what is numbered and not yet delivered.

A SQLite file on its host. Everything that one part of the stream brings is one transaction: a process that is killed
goes on from the last whole one, and derives the same again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from meridian.dispatch.outgoing import Desk

_SCHEMA = """
CREATE TABLE IF NOT EXISTS progress (
    one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, memory TEXT NOT NULL);
INSERT OR IGNORE INTO progress VALUES (1, 0, '{}');
CREATE TABLE IF NOT EXISTS numbered (addressee TEXT PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS item (
    id INTEGER PRIMARY KEY, addressee TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL,
    UNIQUE (addressee, number));
"""


class Store:
    """One process's file. It belongs to one thread."""

    def __init__(self, path: Path) -> None:
        """Open it, or begin it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = FULL")
        self._file.executescript(_SCHEMA)

    @property
    def position(self) -> int:
        """Return the last line of the ledger's journal that was taken."""
        [[seq]] = self._file.execute("SELECT seq FROM progress")
        return int(seq)

    @property
    def waiting(self) -> int:
        """Return how many items are not known to be delivered."""
        [[count]] = self._file.execute("SELECT count(*) FROM item")
        return int(count)

    def take(self, lines: Sequence[Mapping[str, Any]], last: int, desk: Desk) -> None:
        """Take a part of the stream, up to line ``last``: derive, number, remember, all at once."""
        with self._file:
            self._file.execute("BEGIN IMMEDIATE")
            [[memory_text]] = self._file.execute("SELECT memory FROM progress")
            memory = json.loads(memory_text)
            for line in lines:
                for item in desk(line, memory):
                    self._number(item.to, json.dumps(item.body, separators=(",", ":")))
            self._file.execute("UPDATE progress SET seq = ?, memory = ?", (last, json.dumps(memory)))

    def oldest(self, at_most: int) -> list[dict[str, Any]]:
        """Return the oldest items that are not known to be delivered."""
        rows = self._file.execute("SELECT addressee, number, body FROM item ORDER BY id LIMIT ?", (at_most,))
        return [{"to": to, "number": number, "body": json.loads(body)} for to, number, body in rows]

    def delivered(self, last: Mapping[str, int]) -> None:
        """Forget what was taken: for each addressee everything up to a number."""
        with self._file:
            self._file.execute("BEGIN IMMEDIATE")
            self._file.executemany("DELETE FROM item WHERE addressee = ? AND number <= ?", last.items())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _number(self, addressee: str, body: str) -> None:
        [[number]] = self._file.execute(
            "INSERT INTO numbered VALUES (?, 1) ON CONFLICT (addressee) DO UPDATE SET last = last + 1 RETURNING last",
            (addressee,),
        )
        self._file.execute("INSERT INTO item (addressee, number, body) VALUES (?, ?, ?)", (addressee, number, body))
