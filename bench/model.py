"""How long a declaration takes to read and check, and how much memory it takes, by the number of resources in it.

The declaration is of the kind that a bank writes: applications on databases on hosts, in groups over two sites, each
with recoveries, what it shares, its owner and its segment; third parties with contracts; teams with rotas; services,
scenarios, allowed flows and what is known of edges. Each size is read in a process of its own: cold, as a command does.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator

from bench.figures import machine, show, timed
from holdfast.exercises.vocabulary import vocabulary
from holdfast.model.loader import load

REPEATS = 5
SIZES = (100, 1_000, 10_000)
_OF_A_STACK = 10  # resources that go with one application


def declaration(resources: int) -> dict[str, str]:
    """Return a whole declaration with this many resources, in the files that somebody would write."""
    stacks = range(resources // _OF_A_STACK)
    return {
        "bank.yaml": _ROOT,
        "services.yaml": _lines("services", (_service(n) for n in stacks[::20])),
        "resources.yaml": _lines("resources", (_stack(n) for n in stacks)),
        "network.yaml": _lines("flows", (_flow(n) for n in stacks)) + _lines("edges", (_edge(n) for n in stacks)),
        "scenarios.yaml": _lines("scenarios", (_scenario(n) for n in stacks[::20])),
    }


def _lines(section: str, entries: Iterator[str]) -> str:
    return f"{section}:\n{''.join(entries)}"


_ROOT = """\
institution: Bench
calendar: {timezone: UTC, open: "07:00", cut_off: "17:00", close_by: "18:00"}
sites:
  dc-a: {title: Data centre A, environment: test, shares: {landlord: one}}
  dc-b: {title: Data centre B, environment: test}
segments: {data: {}, applications: {}}
common_causes: {firmware: {beta: 0.1}, vendor: {beta: 5%, spreads: [failed, untrusted]}}
roles: {gold: {title: Gold commander, holder: p1}}
people: {p1: {title: Head of operations, site: dc-a}}
"""


def _stack(n: int) -> str:
    """Return an application with everything under it: ten resources and two groups."""
    before = f", {{any: [app-{n - 1}, db-{n // 2}]}}" if n else ""
    return f"""\
  app-{n}:
    kind: application
    members: [app-{n}-a, app-{n}-b]
    failover: {{mode: automatic, takes: {{p50: 20s, p95: 2m}}, works: {{passed: 11, failed: 1}}, exercised: 2026-03-01}}
  db-{n}:
    kind: database
    members: [db-{n}-a, db-{n}-b]
    owner: head-of-databases
    failover: {{mode: manual, takes: {{min: 1m, mode: 4m, max: 20m}}, loses: 1s}}
{"".join(_side(n, side, before) for side in "ab")}\
  team-{n}: {{kind: people, environment: test, headcount: 6, minimum: 2, on_call: {{p50: 10m, p95: 30m}}}}
  vendor-{n}:
    kind: third-party
    environment: test
    contract: {{reference: C-{n}, starts: 2024-01-01, ends: 2028-12-31, notice: 90d, critical: true}}
    continuity: {{plan_seen: 2026-01-01, tested: 2026-02-01, rto: 4h}}
    substitutability: highly-complex
    exit: {{plan_seen: 2026-01-01, takes: {{min: 90d, mode: 180d, max: 1y}}}}
"""


def _side(n: int, side: str, before: str) -> str:
    here = f"environment: test, site: dc-{side}, owner: head-of-infrastructure, tier: gold"
    return f"""\
  host-{n}-{side}: {{kind: host, {here}, needs: [power-{n}-{side}], shares: {{firmware: v{n % 7}, hall: h{n % 5}}}}}
  power-{n}-{side}: {{kind: facility, {here}}}
  app-{n}-{side}:
    kind: application
    environment: test
    site: dc-{side}
    segment: applications
    owner: head-of-applications
    needs: [db-{n}, {{host-{n}-{side}: {{holds_for: 5m}}}}, vendor-{n}{before}]
    shares: {{vendor: v{n % 11}}}
    rides_out: 5m
    recovery:
      restart: {{takes: {{p50: 1m, p95: 6m}}, automatic: true}}
      redeploy: {{takes: {{p50: 20m, p95: 90m}}, needs: [team-{n}], crew: {{team-{n}: 2}}, playbook: redeploy}}
  db-{n}-{side}:
    kind: database
    environment: test
    site: dc-{side}
    segment: data
    needs: [host-{n}-{side}]
    {f"replica_of: db-{n}-a" if side == "b" else "asset: primary"}
    keeps: {{every: 5m, for: 30d}}
    recovery:
      restart: {{takes: 2m, cures: [failed], automatic: true}}
      restore: {{takes: {{min: 30m, mode: 1h, max: 6h}}, needs: [team-{n}], source: db-{n}-{"ba"[side == "b"]},
                cures: [failed, untrusted], loses: 5m, replays: journal, crew: {{team-{n}: 1}}, exercised: 2026-05-12}}
"""


def _service(n: int) -> str:
    return f"""\
  service-{n}:
    owner: head-of-{n}
    why_important: {{harm: [clients], basis: Everybody uses it.}}
    impact: {{15m: minor, 1h: serious, 4h: {{severity: severe, value: 300m EUR, participants: 4}}, 1d: systemic}}
    impact_tolerance: {{duration: 4h, end_of_day: required, failed_share: 0.1%, value: 2bn EUR}}
    rto: 2h
    rpo: 0s
    flow: {{arrivals: {{"07:00": 40/s, "12:00": 120/s, "16:00": 60/s}}, capacity: 300/s, value_per_day: 80bn EUR}}
    reestablish: {{p50: 2m, p95: 15m}}
    modes:
      full: {{capacity: 100%, needs: [app-{n}], meets_minimum: true}}
      slow: {{capacity: 30%, needs: [app-{n}-a], meets_minimum: true, decision: gold, sustain: {{max: 3d}}}}
"""


def _flow(n: int) -> str:
    return f"  - {{from: app-{n}-a, to: db-{n}-a, port: 5432, states: [normal, degraded]}}\n"


def _edge(n: int) -> str:
    return f"  - {{from: app-{n}-a, to: db-{n}, seen: observed, on: 2026-05-12, by: netflow}}\n"


def _scenario(n: int) -> str:
    return f"""\
  lost-{n}:
    family: hardware
    type: simulation
    service: service-{n}
    basis: It happened elsewhere.
    fail: [host-{n}-a, db-{n}]
    detection: {{p50: 5m, p95: 20m}}
    decision: {{p50: 10m, p95: 45m}}
"""


def _measure(size: int) -> None:
    """Print the seconds of the first reading in this process, those of the processor, and the most memory in MiB."""
    files = declaration(size)
    words = vocabulary()

    def read() -> None:
        model, findings = load(files, "bank.yaml", words)
        if model is None or findings:
            sys.exit(f"the generated declaration is wrong: {findings[0]}")

    before = time.process_time()
    seconds = timed(read)
    processor = time.process_time() - before
    sys.stdout.write(f"{seconds} {processor} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}")


def _cold(size: int) -> list[float]:
    command = [sys.executable, "-m", "bench.model", str(size)]
    return [float(part) for part in subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.split()]


def main() -> None:
    """Print the time and memory to load a declaration of each size."""
    if len(sys.argv) > 1:
        _measure(int(sys.argv[1]))
        return
    sys.stdout.write(f"{machine()}\n")
    for size in SIZES:
        lines = sum(text.count("\n") for text in declaration(size).values())
        elapsed, processor, mebibytes = (
            list(column) for column in zip(*(_cold(size) for _ in range(REPEATS)), strict=True)
        )
        show(f"{size:,} resources, {lines:,} lines: read and checked", elapsed, "s")
        show(f"{size:,} resources: of that on the processor", processor, "s")
        show(f"{size:,} resources: most memory", mebibytes, "MiB")


if __name__ == "__main__":
    main()
