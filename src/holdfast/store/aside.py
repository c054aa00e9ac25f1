"""Personal data kept aside, in a table of the log's SQLite file: what entries hold is only its salted digest.

A value is erased by being overwritten where it lies, with as many zero bytes, and its row stays. SQLite then moves
nothing: deleting rows would let it merge pages and leave copies of what lay on them in unused parts of the file, which
``secure_delete`` does not reach. For the same reason rows are only ever added at the end. The old bytes are still in
the write-ahead log until it is checkpointed and truncated, which ``scrub`` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import apsw

from holdfast.errors import EnvironmentProblem, UsageError
from holdfast.evidence.personal import SALT_BYTES, Concealed

_TABLE = """
CREATE TABLE IF NOT EXISTS aside (
    number INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, salt BLOB NOT NULL, value BLOB NOT NULL
) STRICT
"""
_ERASED_SALT = bytes(SALT_BYTES)


def keep(connection: apsw.Connection, concealed: Concealed) -> None:
    """Add a value, inside the caller's transaction; a log without the table gets it."""
    connection.execute(_TABLE)
    row = (concealed.digest, concealed.salt, concealed.value)
    connection.execute("INSERT INTO aside(digest, salt, value) VALUES (?, ?, ?)", row)


def find(connection: apsw.Connection, digest: str) -> Concealed | None:
    """Return what is kept under this digest; None if it was erased or was never here."""
    if not _has_table(connection):
        return None
    query = "SELECT digest, salt, value FROM aside WHERE digest = ? AND salt <> ?"
    row = connection.execute(query, (digest, _ERASED_SALT)).fetchone()
    return None if row is None else Concealed(*row)


def kept(connection: apsw.Connection) -> Iterator[Concealed]:
    """Yield all that is kept, in the order in which it was concealed."""
    if _has_table(connection):
        query = "SELECT digest, salt, value FROM aside WHERE salt <> ? ORDER BY number"
        yield from (Concealed(*row) for row in connection.execute(query, (_ERASED_SALT,)))


def overwrite(connection: apsw.Connection, digests: Sequence[str]) -> None:
    """Put zeros in the place of these values and salts, inside the caller's transaction; again if need be.

    HF234 if one of them never was here.
    """
    here = "SELECT 1 FROM aside WHERE digest = ?"
    table = _has_table(connection)
    unknown = [each for each in digests if not table or connection.execute(here, (each,)).get is None]
    if unknown:
        message = f"nothing was ever kept aside here under {', '.join(unknown)}: nothing was erased"
        raise UsageError("HF234", message, remedy="name digests as the entries of this log hold them")
    zeros = "UPDATE aside SET salt = zeroblob(length(salt)), value = zeroblob(length(value)) WHERE digest = ?"
    connection.executemany(zeros, [(digest,) for digest in digests])


def scrub(connection: apsw.Connection) -> None:
    """Empty the write-ahead log, outside any transaction, so that no file holds what was overwritten.

    HF235 if somebody is still reading an older state out of it.
    """
    busy, _, _ = connection.pragma("wal_checkpoint", "TRUNCATE")
    if busy:
        message = "what was erased may still lie in the write-ahead log: somebody is reading an older state out of it"
        remedy = "wait until nobody verifies, exports or reads this log, and erase again"
        raise EnvironmentProblem("HF235", message, remedy=remedy)


def _has_table(connection: apsw.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'aside'").get is not None
