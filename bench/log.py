"""What durability costs: appends to a log, alone and in batches, and verifying all of it afterwards.

Measured on the file system of the working directory: on one without real synchronisation (tmpfs) the figures flatter.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from bench.figures import machine, show, timed
from holdfast.evidence.events import Event, PhaseEntered
from holdfast.store.audit import audit_log
from holdfast.store.clock import now
from holdfast.store.places import Outside
from holdfast.store.sqlite import open_log

REPEATS = 5
ALONE = 200
BATCHES = 20
BATCH = 500


def events(count: int) -> list[Event]:
    """Return ordinary small events."""
    return [PhaseEntered("bench", "steady", f"step {number}", now()) for number in range(count)]


def measure(place: Path) -> tuple[float, float, float]:
    """Return appends per second, alone and in batches, and entries verified per second, of a new log."""
    directory, outside = place / "log", Outside(place / "keys", place / "anchors")
    single, many = events(1), events(BATCH)
    with open_log(directory, create=True, keys=outside.keys, anchors=outside.anchors) as log:
        append = partial(log.append, actor="bench", subject="bench")
        alone = ALONE / timed(lambda: [append(single) for _ in range(ALONE)])
        batched = BATCHES * BATCH / timed(lambda: [append(many) for _ in range(BATCHES)])
        size = log.size()
    return alone, batched, size / timed(partial(audit_log, directory, None, outside))


def main() -> None:
    """Print the three figures, each of several new logs."""
    sys.stdout.write(f"{machine()}\n")
    samples = []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as name:
            samples.append(measure(Path(name)))
    alone, batched, verified = (list(column) for column in zip(*samples, strict=True))
    show("durable appends, one event each", alone, "events/s")
    show(f"durable appends, {BATCH} events each", batched, "events/s")
    show(f"verification of a log of {ALONE + BATCHES * BATCH:,} events", verified, "entries/s")


if __name__ == "__main__":
    main()
