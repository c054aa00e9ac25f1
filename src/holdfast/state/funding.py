"""Which priority instructions waited for want of their sender's own money: read from the ledger's journal.

Instructions of one sender settle in the order in which they were accepted. So one that has to wait does so for its
sender's sake, and not for the service's, if the oldest of the sender's that waits, itself if there is none, is more
than what the sender has, its limit included.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from holdfast.state.history import Ledger
from holdfast.state.rows import JournalRow


def unfunded(ledger: Ledger) -> frozenset[str] | str:
    """Return the keys of all priority instructions that were queued for that, or why the journal cannot be followed."""
    books = _Books()
    for row in ledger.journal:
        try:
            books.take(row, from_json(row.body))
        except (ValueError, KeyError, TypeError):
            return f"line {row.seq} of the ledger's journal cannot be followed"
    return frozenset(books.unfunded)


class _Books:
    """What everybody may pay, and whose priority instructions wait, oldest first."""

    def __init__(self) -> None:
        self.unfunded: set[str] = set()
        self._available_cents: dict[str, int] = {}
        self._waiting: defaultdict[str, dict[str, int]] = defaultdict(dict)

    def take(self, row: JournalRow, body: Mapping[str, Any]) -> None:
        """Take the next line of the journal."""
        match row.kind:
            case "open":
                for account in body["accounts"]:
                    self._available_cents[account["participant"]] = account["balance_cents"] + account["limit_cents"]
            case "accept" if body["priority"] == "priority":
                sender, key = body["sender"], body["key"]
                waiting = self._waiting[sender]
                waiting[key] = body["amount_cents"]
                if next(iter(waiting.values())) > self._available_cents[sender]:
                    self.unfunded.add(key)
            case "settle":
                self._available_cents[body["sender"]] -= body["amount_cents"]
                self._available_cents[body["receiver"]] += body["amount_cents"]
                self._waiting[body["sender"]].pop(body["key"], None)
            case "reject":
                self._waiting[body["sender"]].pop(body["key"], None)
