"""Where a log is, from how it was named: a directory on this machine, or the address of a database."""

from __future__ import annotations

from pathlib import Path

from holdfast.evidence.events import Continued
from holdfast.store.places import Outside, is_address
from holdfast.store.signed import SignedLog, Store, open_signed
from holdfast.store.sqlite import SqliteStore


def open_log(
    place: str | Path,
    *,
    create: bool = False,
    origin: str | None = None,
    keys: Path | None = None,
    anchors: Path | None = None,
    continues: Continued | None = None,
) -> SignedLog:
    """Return the log in this place, held against its anchor; with ``create`` a new one if there is none.

    HF201 if there is no log, HF203 if it has another origin than the given one, HF208 and HF209 if it is older than
    its anchor or another history. ``continues`` is the older log that a new one goes on from: HF239 if there is a log
    already.
    """
    outside = Outside.of(place, keys, anchors)
    return open_signed(store_at(place), outside, create=create, origin=origin, continues=continues)


def store_at(place: str | Path) -> Store:
    """Return the store that a place names; nothing is opened yet. HF244 if an address cannot be used."""
    if is_address(place):
        # Loading the client library takes longer than reading a short log in a directory.
        from holdfast.store.postgresql import PostgresqlStore  # noqa: PLC0415

        return PostgresqlStore(str(place))
    return SqliteStore(Path(place))
