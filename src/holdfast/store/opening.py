"""Where a log is, from how it was named: a directory on this machine, or the address of a database."""

from __future__ import annotations

import re
from pathlib import Path

from holdfast.errors import UsageError
from holdfast.evidence.events import Continued
from holdfast.store.places import Outside, is_address
from holdfast.store.rows import Store
from holdfast.store.signed import SignedLog, open_signed
from holdfast.store.sqlite import SqliteStore

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")


def open_log(
    place: str | Path,
    *,
    create: bool = False,
    origin: str | None = None,
    keys: Path | None = None,
    anchors: Path | None = None,
    continues: Continued | None = None,
    reading: bool = False,
) -> SignedLog:
    """Return the log in this place, as ``open_signed`` does and raising what it raises, and HF244 as ``store_at``."""
    outside = Outside.of(place, keys, anchors)
    return open_signed(store_at(place), outside, create=create, origin=origin, continues=continues, reading=reading)


def store_at(place: str | Path) -> Store:
    """Return the store that a place names; nothing is opened yet. HF244 if an address cannot be used."""
    if is_address(place):
        # Loading the client library takes longer than reading a short log in a directory.
        from holdfast.store.postgresql import PostgresqlStore  # noqa: PLC0415

        return PostgresqlStore(str(place))
    if _SCHEME.match(str(place)):
        # It may hold a password, which must become neither the name of a directory nor part of a message.
        message = "the place of the log looks like an address, and is none of PostgreSQL's"
        raise UsageError("HF244", message, remedy="write postgresql://USER@HOST/DATABASE, or the name of a directory")
    return SqliteStore(Path(place))
