"""What evidence costs: durable appends beside SQLite doing only the same inserts, and verifying all of it.

Every drill waits for its log: a fault is recorded, durably, before it is injected. The peer inserts the same number
of bytes into one table through the same SQLite, in WAL mode with ``synchronous=FULL``: no hash, no signature, no
anchor. Both run in the same directory, one right after the other. Measured on the file system of the working
directory: on one without real synchronisation (tmpfs) the figures flatter.

``--million`` measures something else instead: the commands that verify a log of a million entries, its bundle, and
one entry's proof, as a reader types them, with the start of the interpreter and all the memory that they take.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from functools import partial
from pathlib import Path

import apsw

from bench.figures import machine, show, timed
from holdfast.evidence.events import PhaseEntered
from holdfast.store import verify_bundle
from holdfast.store.audit import audit_bundle, audit_log
from holdfast.store.bundle import export
from holdfast.store.clock import now
from holdfast.store.keys import load_verifier
from holdfast.store.opening import open_log
from holdfast.store.places import Outside
from holdfast.store.signed import SignedLog

REPEATS = 5
SHAPES = ((300, 1), (5, 1000))  # appends, and events in each
VERIFIED = ((100_000, 100), (10_000, 1))  # entries, and how many of them to an append
MILLION = 1_000_000
MILLION_REPEATS = 3
EACH = 1000  # events in an append, of the million
KIB_IN_MIB = 1024
EVENT = PhaseEntered("exercise-1", "steady", "x" * 100, now())


def append(log: SignedLog, appends: int, events: int) -> None:
    """Append so many times so many events."""
    for _ in range(appends):
        log.append([EVENT] * events, actor="bench", subject="bench")


def peer(path: Path) -> apsw.Connection:
    """Return SQLite with one table, as durable as the log."""
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "WAL")
    connection.pragma("synchronous", "FULL")
    connection.execute("CREATE TABLE entry (seq INTEGER PRIMARY KEY, data BLOB NOT NULL)")
    return connection


def insert(connection: apsw.Connection, appends: int, events: int, entry: bytes) -> None:
    """Insert so many times so many rows, each time in one transaction."""
    for _ in range(appends):
        with connection:
            connection.executemany("INSERT INTO entry(data) VALUES (?)", [(entry,)] * events)


def measure_appends() -> dict[str, list[float]]:
    """Return durable events per second of the log and its peer, for each shape of append."""
    figures: dict[str, list[float]] = defaultdict(list)
    for appends, events in SHAPES * REPEATS:
        with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as name:
            place = Path(name)
            with open_log(place / "log", create=True, keys=place / "keys", anchors=place / "anchors") as log:
                seconds = timed(partial(append, log, appends, events))
                entry = log.read_stored(limit=2)[-1].data
            figures[f"log, {events:,} events an append"].append(appends * events / seconds)
            connection = peer(place / "peer.sqlite3")
            seconds = timed(partial(insert, connection, appends, events, entry))
            connection.close()
            figures[f"plain SQLite, {events:,} rows a transaction"].append(appends * events / seconds)
    return figures


def measure_verification(entries: int, each: int) -> dict[str, list[float]]:
    """Return the seconds to verify a log that was appended ``each`` events at a time, and its bundle."""
    figures: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as name:
        place = Path(name)
        outside, bundle = Outside(place / "keys", place / "anchors"), place / "bundle"
        with open_log(place / "log", create=True, keys=outside.keys, anchors=outside.anchors) as log:
            append(log, entries // each, each)
            export(log, bundle)
            key = load_verifier(outside.keys, log.origin)
        if not audit_log(place / "log", None, outside).held or verify_bundle.verify(bundle, str(key)):
            sys.exit("what was measured does not verify")
        for _ in range(REPEATS):
            seconds = timed(partial(audit_log, place / "log", None, outside))
            figures[f"log of {entries:,}, {each} an append"].append(seconds)
            # However it was appended, a bundle carries one checkpoint: measured once.
            if each > 1:
                figures[f"bundle of {entries:,}"].append(timed(partial(audit_bundle, bundle, key)))
                seconds = timed(partial(verify_bundle.verify, bundle, str(key)))
                figures[f"the same by its own verify.py, {entries:,}"].append(seconds)
    return figures


def measure_million() -> None:
    """Print what the commands take on a log of a million entries, appended 1,000 at a time."""
    figures: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as name:
        state = Path(name)
        log, bundle, older = state / "log", state / "bundle", state / "older"
        with open_log(log, create=True, keys=state / "keys", anchors=state / "anchors") as opened:
            append(opened, MILLION // EACH, EACH)
            key = str(load_verifier(state / "keys", opened.origin))
            with opened.snapshot() as snapshot:
                older.write_bytes(snapshot.checkpoints[777].note)

        def measure(what: str, program: str | Path, *arguments: str | Path) -> None:
            environment = os.environ | {"HOLDFAST_STATE": str(state)}
            run = partial(subprocess.run, check=True, env=environment, stdout=subprocess.DEVNULL)
            figures[what].append(timed(partial(run, [program, *arguments])))

        holdfast = Path(sys.executable).with_name("holdfast")
        measure("holdfast log export", holdfast, "log", "export", bundle, "--log", log)
        for _ in range(MILLION_REPEATS):
            measure("holdfast log verify", holdfast, "log", "verify", log)
            measure("holdfast log verify BUNDLE", holdfast, "log", "verify", bundle, "--key", key)
            measure("python3 BUNDLE/verify.py", sys.executable, bundle / "verify.py", key)
            measure("holdfast log prove --since", holdfast, "log", "prove", "500", "--log", log, "--since", older)
    for what, samples in figures.items():
        show(f"{what}, {MILLION:,} entries", samples, "s")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    sys.stdout.write(f"most memory that one of them took: {peak / KIB_IN_MIB:,.0f} MiB\n")


def main() -> None:
    """Print every figure with its spread."""
    sys.stdout.write(f"{machine()}\n")
    if sys.argv[1:] == ["--million"]:
        measure_million()
        return
    for name, samples in measure_appends().items():
        show(name, samples, "events/s")
    for entries, each in VERIFIED:
        for name, samples in measure_verification(entries, each).items():
            show(f"verify: {name}", samples, "s")


if __name__ == "__main__":
    main()
