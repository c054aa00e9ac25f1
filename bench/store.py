"""Where to keep a log: durable appends in SQLite and in PostgreSQL, each beside its server doing only the inserts.

A team shares a log in PostgreSQL, and pays for it with messages to the server. Each store is measured beside a plain
table that takes the same bytes with the same durability: no hash, no signature, no anchor, and nothing to wait for but
its own commit. The server is the one that the tests start: on a Unix socket of this machine, so no network is in the
figures, and with its data in the directory for temporary files; SQLite's are in the working directory.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg

from bench.figures import machine, show, timed
from bench.log import EVENT, REPEATS, SHAPES, append, insert, peer
from holdfast.store.opening import open_log
from holdfast.store.places import Outside
from tests.holdfast.store.home import Home, PostgresHome
from tests.holdfast.store.postgres_server import OWNER, Server, running

WRITERS = 4
WRITERS_APPENDS = 100


@contextmanager
def home_in(server: Server | None) -> Iterator[Home]:
    """Yield a place for one log, on the server if there is one, else in SQLite."""
    with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as name:
        base = Path(name).resolve()
        yield Home(base) if server is None else PostgresHome.on(server, base)


def insert_rows(connection: psycopg.Connection, appends: int, events: int, entry: bytes) -> None:
    """Insert so many times so many rows, each time in one transaction."""
    for _ in range(appends):
        with connection.transaction(), connection.cursor() as cursor:
            if events == 1:
                cursor.execute("INSERT INTO plain (data) VALUES (%b)", (entry,))
            else:
                cursor.execute("INSERT INTO plain (data) SELECT * FROM unnest(%b::bytea[])", ([entry] * events,))


def plain_postgresql(home: PostgresHome, entry: bytes) -> Callable[[int, int], float]:
    """Return what measures the same inserts in a table of the same database."""

    def measure(appends: int, events: int) -> float:
        with psycopg.connect(home.server.url(home.name, OWNER), autocommit=True) as connection:
            connection.execute("CREATE SCHEMA plain; SET search_path = plain")
            connection.execute("CREATE TABLE plain (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, data bytea)")
            return timed(partial(insert_rows, connection, appends, events, entry))

    return measure


def plain_sqlite(home: Home, entry: bytes) -> Callable[[int, int], float]:
    """Return what measures the same inserts in an SQLite file beside the log."""

    def measure(appends: int, events: int) -> float:
        connection = peer(home.base / "peer.sqlite3")
        try:
            return timed(partial(insert, connection, appends, events, entry))
        finally:
            connection.close()

    return measure


def write(place: str, outside: Outside) -> None:
    """Append one event at a time, in a process of its own."""
    with open_log(place, keys=outside.keys, anchors=outside.anchors) as log:
        append(log, WRITERS_APPENDS, 1)


def at_once(home: Home) -> None:
    """Let several processes append at once, and wait for all of them."""
    children = []
    for _ in range(WRITERS):
        pid = os.fork()
        if not pid:
            write(home.place, home.outside)
            os._exit(0)
        children.append(pid)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    if any(statuses):
        sys.exit("a writer failed")


def main() -> None:
    """Print every figure with its spread."""
    figures: dict[str, list[float]] = defaultdict(list)
    with running() as server:
        sys.stdout.write(f"{machine()} · PostgreSQL {server.ask('SHOW server_version')[0][0]}\n")
        for appends, events in SHAPES * REPEATS:
            for store, where in (("SQLite", None), ("PostgreSQL", server)):
                with home_in(where) as home:
                    with home.open() as log:
                        log.append([EVENT], actor="bench", subject="bench")
                        seconds = timed(partial(append, log, appends, events))
                        entry = log.read_stored(limit=2)[-1].data
                    figures[f"log in {store}, {events:,} an append"].append(appends * events / seconds)
                    plain = (
                        plain_postgresql(home, entry) if isinstance(home, PostgresHome) else plain_sqlite(home, entry)
                    )
                    figures[f"plain {store}, {events:,} a transaction"].append(
                        appends * events / plain(appends, events)
                    )
        for store, where in (("SQLite", None), ("PostgreSQL", server)) * REPEATS:
            with home_in(where) as home:
                home.open().close()
                seconds = timed(partial(at_once, home))
                figures[f"log in {store}, {WRITERS} processes, one an append"].append(
                    WRITERS * WRITERS_APPENDS / seconds
                )
    for name, samples in figures.items():
        show(name, samples, "events/s")


if __name__ == "__main__":
    main()
