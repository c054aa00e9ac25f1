"""What a verdict costs: every check of a drill over 100,000 and over 1,000,000 transfers, from the collected files.

The drill never ran; its records, journals and ledger are as those of one that did (``tests.holdfast.drill``), and each
payment is in four of them: the participant's record, the gateway's journal, the ledger's rows, the ledger's journal.
The peer only parses the same lines with the standard library's JSON, which everybody must who reads them at all.

Both run in a fresh process, so that the memory shown is their own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench.figures import machine, show
from holdfast.evidence.envelope import decode, encode
from holdfast.measures.judgement import judge_exercise
from tests.holdfast.drill import EXERCISE, SECOND, VOCABULARY, Plan, play

REPEATS = {100_000: 3, 1_000_000: 1}
LOG, FILES = "log.ndjson", "files"
KIB_IN_MIB = 1024


def lay(directory: Path, transfers: int) -> int:
    """Write what a drill with about so many payments leaves, and return how many lines that is."""
    plan = Plan()
    drill = play(plan, rate_per_s=transfers * SECOND / plan.end_us)
    envelopes = drill.log()
    (directory / LOG).write_bytes(b"".join(encode(each) + b"\n" for each in envelopes))
    (directory / FILES).mkdir()
    for digest, data in drill.files.items():
        (directory / FILES / digest).write_bytes(data)
    return sum(data.count(b"\n") for data in drill.files.values())


def judge(directory: Path) -> None:
    """Judge the drill; every check has to answer *held* for a drill that went well, or nothing was measured."""
    envelopes = [decode(line) for line in (directory / LOG).read_bytes().splitlines()]
    judged = judge_exercise(envelopes, lambda digest: (directory / FILES / digest).read_bytes(), EXERCISE, VOCABULARY)
    if set(answers := Counter(each.answer for each in judged.outcomes)) != {"held"}:
        sys.exit(f"not every check held: {dict(answers)}")


def parse(directory: Path) -> None:
    """Only parse the same lines."""
    for path in sorted((directory / FILES).iterdir()):
        for line in path.read_bytes().splitlines():
            json.loads(line)


def peak_mib() -> float:
    """Return the most memory that this program took; ``ru_maxrss`` would still count what its parent had."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / KIB_IN_MIB


WORK = {"judge": judge, "parse": parse}


def main() -> None:
    """Measure every size, each work in processes of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--work", choices=sorted(WORK), help=argparse.SUPPRESS)
    parser.add_argument("--directory", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        begun = time.perf_counter()
        WORK[asked.work](asked.directory)
        took_s = time.perf_counter() - begun
        sys.stdout.write(json.dumps([took_s, peak_mib()]))
        return
    sys.stdout.write(f"{machine()}\n")
    for transfers, repeats in REPEATS.items():
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            lines = lay(Path(name), transfers)
            for work in WORK:
                command = [sys.executable, "-m", "bench.audit", "--work", work, "--directory", name]
                said = [
                    json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
                    for _ in range(repeats)
                ]
                what = f"{work}, {transfers:,} transfers, {lines:,} lines"
                show(what, [took_s for took_s, _ in said], "s")
                show("", [memory_mib for _, memory_mib in said], "MiB")


if __name__ == "__main__":
    main()
