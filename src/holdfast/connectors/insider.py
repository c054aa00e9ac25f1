"""PostgreSQL as an insider with every right: what a fault does behind the service's back. Nothing is judged here.

An insider comes over the Unix socket of the host, as its superuser, and switches the ledger's own triggers off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import psycopg

from holdfast.connectors import postgres
from holdfast.connectors.postgres import Server
from holdfast.connectors.range import Inventory
from holdfast.errors import EnvironmentProblem

WRITE_TIMEOUT_S = 10.0

_DRAWN = """
SELECT key, participant, amount_cents FROM ledger.entry ORDER BY key, participant
OFFSET mod(%(draw)s, greatest(1, (SELECT count(*) FROM ledger.entry))) LIMIT 1
"""
_AMOUNT = "SELECT amount_cents FROM ledger.entry WHERE key = %(key)s AND participant = %(participant)s"
_BALANCE = "SELECT sum(amount_cents)::bigint FROM ledger.entry WHERE key = %(key)s"
_EDIT = """
UPDATE ledger.entry SET amount_cents = %(becomes)s
WHERE key = %(key)s AND participant = %(participant)s AND amount_cents = %(was)s
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the ledger: of which instruction, on whose account, over how much (credits above zero)."""

    key: str
    participant: str
    amount_cents: int


def superuser(inventory: Inventory, server: Server) -> Server:
    """Return the same copy, reached as its superuser; HF306 where the range does not say how."""
    login = inventory.endpoints[server.name].superuser
    if login is None:
        message = f"the range does not say how {server.name} is reached as its superuser"
        raise EnvironmentProblem("HF306", message, remedy="use a range whose inventory names it")
    return replace(server, user=login.user, password_file=login.password_file)


def drawn_entry(server: Server, draw: int) -> Entry | None:
    """Return the entry that a number from 0 draws among all, ``None`` if there is none; HF306."""
    with postgres.session(server, postgres.STATEMENT_TIMEOUT_S) as connection:
        row = connection.execute(_DRAWN, {"draw": draw}).fetchone()
    return None if row is None else Entry(*row)


def amounts(server: Server, key: str, participant: str) -> tuple[int | None, int | None]:
    """Return the amount of an entry, and the sum over its instruction, which is zero in a sound ledger; HF306."""
    with postgres.session(server, postgres.STATEMENT_TIMEOUT_S) as connection:
        asked = {"key": key, "participant": participant}
        one, whole = connection.execute(_AMOUNT, asked).fetchone(), connection.execute(_BALANCE, asked).fetchone()
    return (None if one is None else int(one[0])), (None if whole is None or whole[0] is None else int(whole[0]))


def edit(server: Server, entry: Entry, becomes_cents: int) -> bool:
    """Change the amount of an entry from what it was, past every trigger; return whether it was so. HF306."""
    asked = {"key": entry.key, "participant": entry.participant, "was": entry.amount_cents, "becomes": becomes_cents}
    with postgres.session(server, WRITE_TIMEOUT_S, writing=True) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        return connection.execute(_EDIT, asked).rowcount == 1


def refuses_writes(server: Server) -> bool:
    """Return whether a transaction that nobody declared read-only may not write; HF306 if it does not answer."""
    with postgres.session(server, postgres.STATEMENT_TIMEOUT_S, writing=True) as connection:
        try:
            # Refused before anything is done, or done in a transaction that is never committed.
            connection.execute("CREATE TABLE ledger.holdfast_probe ()")
        except psycopg.errors.ReadOnlySqlTransaction:
            connection.rollback()
            return True
        connection.rollback()
    return False
