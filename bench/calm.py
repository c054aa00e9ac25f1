"""Whether a fence ever leads to the next one: the leading copy is frozen again and again, and what follows is counted.

One freeze should cost one fence and one new leader. More of either is a cascade: the fencer, or the stack, took the
failover itself for another failure. Fences are counted in the fencer's record, new leaders by the timeline that the
primary writes, until the range is armed again. If none of n freezes cascaded, that is no proof that none ever will: the
exact upper bound on its probability is printed (Clopper and Pearson, *Biometrika* 26, 1934, one-sided, 95 %).

Every freeze is kept in a file as it comes; started again, the run goes on where it was. ``--fresh`` begins anew.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.figures import machine
from bench.outage import CASES, RATE_PER_S, SERVICE, US, Bench
from holdfast.connectors import postgres
from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.range import FENCER_RECORD, KEEPER_SOCKET, PARTICIPANTS_RECORDS, Command, inventory
from holdfast.exercises.business import Operator
from holdfast.exercises.clients import Clients
from holdfast.model.types import Load

RESULTS = Path(__file__).parents[1] / ".cache" / "bench" / "calm.ndjson"
FREEZES = 60
CONFIDENCE = 0.95
FREEZE = next(case for case in CASES if case.name == "primary frozen")


def upper_bound(seen: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """Return the largest probability with which at most ``seen`` of ``trials`` are not yet too unlikely."""
    if seen >= trials:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        at_most = sum(math.comb(trials, k) * middle**k * (1 - middle) ** (trials - k) for k in range(seen + 1))
        low, high = (middle, high) if at_most > 1 - confidence else (low, middle)
    return high


def fences(bench: Bench) -> int:
    """Return how many fences the fencer has asked for so far; asking again for the same one is none."""
    asked: list[tuple[str, str]] = []
    for line in bench.now().records[FENCER_RECORD].read_bytes().splitlines(keepends=True):
        row = json.loads(line) if line.endswith(b"\n") else {}
        if row.get("op") in {"fence-asked", "released"}:
            asked.append((row["op"], row["host"]))
    return sum(now[0] == "fence-asked" and now != before for before, now in zip([None, *asked], asked, strict=False))


def timeline(bench: Bench) -> int:
    """Return the timeline that the primary writes: one more for each promotion."""
    return postgres.timeline(postgres.primary(bench.now().servers())) or 0


@dataclass(frozen=True, slots=True)
class Freeze:
    """What one freeze cost; the outage is None if it did not end by itself."""

    fences: int
    leaders: int
    outage_us: int | None


def known() -> list[Freeze]:
    """Return the freezes that were done, without what is only said of them together."""
    rows = [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []
    return [Freeze(**row) for row in rows if "fences" in row]


def keep(result: Mapping[str, object]) -> None:
    """Add a result to the file."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with RESULTS.open("a") as file:
        file.write(json.dumps(result) + "\n")


def freeze(bench: Bench, number: int) -> None:
    """Freeze whoever leads, wait until the range is armed again, and keep what it cost."""
    bench.armed()
    fences_before, timeline_before = fences(bench), timeline(bench)
    outage_us = bench.strike(FREEZE)
    bench.armed()
    fenced, promoted = fences(bench) - fences_before, timeline(bench) - timeline_before
    keep(asdict(Freeze(fenced, promoted, outage_us)))
    shown = "never" if outage_us is None else f"{outage_us / US:.2f} s"
    sys.stdout.write(f"freeze {number:>3}: {fenced} fences, {promoted} new leaders, outage {shown}\n")
    sys.stdout.flush()


def run(freezes: int) -> None:
    """Do what is still to be done, on one range."""
    done = len(known())
    if done >= freezes:
        return
    command = Command((sys.executable, "-m", "meridian"))
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name) / "r"
        command.start(directory, {"profile": "fenced", "rate": str(RATE_PER_S)}, lambda _: None)
        try:
            there = inventory(Hypervisor(directory / KEEPER_SOCKET))[0]
            bench = Bench(directory, Clients(there.records[PARTICIPANTS_RECORDS], SERVICE.measured))
            Operator(there).set_load(Load(RATE_PER_S, 1))
            try:
                for number in range(done + 1, freezes + 1):
                    freeze(bench, number)
            finally:
                bench.armed()
                lost = bench.lost()
                keep({"lost": lost})
                sys.stdout.write(f"acknowledged and lost: {lost}\n")
        finally:
            command.stop(directory)


def main() -> None:
    """Freeze as often as is missing, and print how often it cascaded and how often it may yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--freezes", type=int, default=FREEZES)
    parser.add_argument("--fresh", action="store_true")
    asked = parser.parse_args()
    if asked.fresh:
        RESULTS.unlink(missing_ok=True)
    sys.stdout.write(f"{machine()}\n")
    run(asked.freezes)
    done = known()
    cascades = sum(max(each.fences, each.leaders) > 1 for each in done)
    ended = [each.outage_us / US for each in done if each.outage_us is not None]
    fenced, promoted = sum(each.fences for each in done), sum(each.leaders for each in done)
    sys.stdout.write(f"{len(done)} freezes, {fenced} fences, {promoted} new leaders, {cascades} cascades\n")
    bound = upper_bound(cascades, len(done))
    sys.stdout.write(f"with {CONFIDENCE:.0%} confidence at most {bound:.1%} of freezes cascade\n")
    if ended:
        spread = f"[{min(ended):.2f} to {max(ended):.2f}, n={len(ended)}]"
        sys.stdout.write(f"outage: {statistics.median(ended):.2f} s {spread}, never ended {len(done) - len(ended)}\n")


if __name__ == "__main__":
    main()
