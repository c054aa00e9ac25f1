"""The ledger: its tables, rules and rights as SQL, run once on a new cluster.

``tables.sql`` what is kept and what may never be, ``rules.sql`` how an instruction settles, ``day.sql`` the business
day, ``operation.sql`` gridlock, modes, duties and the stream, ``entrance.sql`` what gateways may call. The roles
``ledger_app`` and ``auditor`` must exist; everything belongs to ``ledger_owner``, which cannot log in. Error codes of
the SQL (SQLSTATE): ``MR301`` not durable at two sites, ``MR302`` an attempt to rewrite the journal or an entry.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import resources

from meridian.banks import BANKS, Bank
from meridian.duties import DUTIES

_WATCH = "watch.sql"
_PARTS = ("tables.sql", "rules.sql", "day.sql", "operation.sql", "entrance.sql")

NOT_DURABLE = "MR301"
"""SQLSTATE of a refusal: the primary would not wait for a second site."""


def sql(banks: Iterable[Bank] = BANKS) -> str:
    """Return the script that makes the ledger of these banks and opens its first day; run it in one transaction."""
    package = resources.files(__name__)
    parts = [(package / part).read_text(encoding="utf-8") for part in _PARTS]
    accounts = json.dumps(
        [
            {"participant": bank.name, "opening_cents": bank.opening_cents, "limit_cents": bank.limit_cents}
            for bank in banks
        ]
    )
    parts.append(f"SELECT FROM establish('{accounts}', '{json.dumps(DUTIES)}');")
    parts.append("RESET ROLE;\nSET LOCAL search_path = DEFAULT;\n")
    return "\n".join(parts)


def watch_sql() -> str:
    """Return the script that makes what observers write to; run it after the ledger's, as it. Role ``observer``."""
    return (resources.files(__name__) / _WATCH).read_text(encoding="utf-8")
