"""How long it takes to load a declaration, check it and find what is weak in it, by the number of resources.

The institution is made up but shaped like one: data centres with halls, power and routers, hosts in pairs across two of
them, databases in groups of three, applications in pairs, shared agents and firmware, suppliers behind suppliers,
recoveries that need teams, images and a vault, and a tenth of everything standing alone. Each size runs in a fresh
interpreter, as a user meets it.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator

from bench.figures import machine, show
from holdfast.analysis.weakness import weaknesses
from holdfast.exercises.vocabulary import vocabulary
from holdfast.model.loader import load

REPEATS = 3
SIZES = (1_000, 10_000)
ON = "2026-11-21"
SEED = 20
# One application stack (two hosts, a database of three copies, a pair of applications) is so many resources.
STACK = 12
STACKS_OF_A_SERVICE = 20


def declaration(resources: int) -> str:
    """Return a declaration with about this many resources."""
    dice = random.Random(SEED)  # noqa: S311 - the same made-up institution each time
    stacks = max(1, resources // STACK)
    sites = max(3, min(20, stacks // 20))
    lines = ["institution: Bench Bank", "sites:"]
    lines += [f"  dc{site}: {{title: Data centre {site}}}" for site in range(sites)]
    lines += ["  office: {title: Office}", "  bunker: {title: Bunker}", "resources:"]
    lines += [f"  {line}" for line in _shared_things(sites)]
    for stack in range(stacks):
        lines += [f"  {line}" for line in _stack(dice, stack, sites)]
    lines.append("services:")
    for service in range(max(1, stacks // STACKS_OF_A_SERVICE)):
        members = range(service * STACKS_OF_A_SERVICE, min(stacks, (service + 1) * STACKS_OF_A_SERVICE))
        lines += [f"  {line}" for line in _service(service, [f"apps{stack}" for stack in members])]
    return "\n".join(lines) + "\n"


def _shared_things(sites: int) -> Iterator[str]:
    """Yield what everything stands on: halls and power, routers, carriers, teams, images and the vault."""
    for party in ("orion", "vega", "landlord", "cloud"):
        below = "[cloud]" if party == "landlord" else "[]"
        yield f"{party}: {{kind: third-party, subcontracts: {below}, continuity: {{tested: 2026-05-01, rto: 4h}}}}"
    for team in ("dba", "platform", "network"):
        yield f"{team}: {{kind: people, site: office, headcount: 12, minimum: 2, on_call: {{p50: 15m, p95: 45m}}}}"
    yield "images: {kind: information, site: bunker, keeps: {every: 30d, for: 1y}}"
    yield "vault: {kind: host, site: bunker, keeps: {every: 5m, for: 60d}, shares: {admin-domain: vault}}"
    for site in range(sites):
        back = "recovery: {bypass: {takes: {p50: 40m, p95: 2h}, needs: [landlord], exercised: 2026-09-01}}"
        yield f"hall{site}: {{kind: facility, site: dc{site}, needs: [{{landlord: {{holds_for: 3d}}}}], {back}}}"
        carrier = ("orion", "vega")[site % 2]
        boot = "recovery: {boot: {takes: {p50: 4m, p95: 12m}, automatic: true, exercised: 2026-09-01}}"
        yield f"router{site}: {{kind: network, site: dc{site}, needs: [hall{site}, {carrier}], rides_out: 0s, {boot}}}"


def _stack(dice: random.Random, number: int, sites: int) -> Iterator[str]:
    """Yield one application with its hosts and database; one in ten has only one application and one host."""
    where = dice.sample(range(sites), 3)
    boot = "boot: {takes: {p50: 6m, p95: 15m}, automatic: true, exercised: 2026-09-01}"
    anew = (
        "reinstall: {takes: {p50: 70m, p95: 3h}, needs: [images, platform], source: images, "
        "cures: [failed, untrusted], crew: {platform: 1}}"
    )
    for part, site in zip("abcd", (*where, where[0]), strict=True):
        shares = f"{{agent: v{dice.randrange(3)}, firmware: r{dice.randrange(9)}, admin-domain: corp}}"
        needs = f"[hall{site}, router{site}]"
        yield (
            f"host{number}{part}: {{kind: host, site: dc{site}, needs: {needs}, shares: {shares}, rides_out: 0s, "
            f"recovery: {{{boot}, {anew}}}}}"
        )
    restore = (
        "restore: {takes: {p50: 3h, p95: 7h}, needs: [vault, dba], source: vault, cures: [failed, untrusted], "
        "replays: journal, crew: {dba: 2}, playbook: rebuild}"
    )
    for part, site in zip("abc", where, strict=True):
        copy = "" if part == "a" else f"replica_of: db{number}a, "
        yield (
            f"db{number}{part}: {{kind: database, site: dc{site}, needs: [host{number}{part}], {copy}"
            f"recovery: {{{boot}, {restore}}}}}"
        )
    failover = "failover: {mode: automatic, takes: {p50: 20s, p95: 45s}, works: {passed: 9, failed: 1}}"
    yield f"dbs{number}: {{kind: database, members: [db{number}a, db{number}b, db{number}c], quorum: 2, {failover}}}"
    alone = dice.random() < 0.1  # noqa: PLR2004 - one in ten
    apps = ("a",) if alone else ("a", "b")
    upstream = f", apps{dice.randrange(number)}" if number and dice.random() < 0.5 else ""  # noqa: PLR2004
    for part in apps:
        host = "d" if part == "a" else "b"
        yield (
            f"app{number}{part}: {{kind: application, site: dc{where['ab'.index(part)]}, "
            f"needs: [host{number}{host}, dbs{number}{upstream}], recovery: {{{boot}}}}}"
        )
    members = ", ".join(f"app{number}{part}" for part in apps)
    yield f"apps{number}: {{kind: application, members: [{members}]}}"
    for extra in range(3 if not alone else 4):
        yield f"batch{number}-{extra}: {{kind: application, needs: [dbs{number}], recovery: {{{boot}}}}}"


def _service(number: int, needs: list[str]) -> Iterator[str]:
    yield f"service{number}:"
    yield "  owner: somebody"
    yield "  impact_tolerance: {duration: 4h, end_of_day: required}"
    yield "  rto: 2h"
    yield "  rpo: 0s"
    yield f"  modes: {{full: {{capacity: 100%, needs: [{', '.join(needs)}], meets_minimum: true}}}}"


def measure(size: int) -> dict[str, float]:
    """Return seconds to load and to find, how much was there and found, and the peak of memory in MB."""
    files = {"bench.yaml": declaration(size)}
    begun = time.perf_counter()
    model, findings = load(files, "bench.yaml", vocabulary())
    if model is None:
        sys.exit(f"the generated declaration is wrong: {findings[0]}")
    loaded = time.perf_counter()
    found = weaknesses(model, ON)
    ended = time.perf_counter()
    return {
        "resources": len(model.resources),
        "load": loaded - begun,
        "find": ended - loaded,
        "found": len(found),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Print the time to load and to find for each size; with a size as argument, measure it once as JSON."""
    if len(sys.argv) > 1:
        sys.stdout.write(json.dumps(measure(int(sys.argv[1]))))
        return
    sys.stdout.write(f"{machine()}\n")
    for size in SIZES:
        command = [sys.executable, "-m", "bench.findings", str(size)]
        runs = [
            json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            for _ in range(REPEATS)
        ]
        name = f"{runs[0]['resources']:,.0f} resources, {runs[0]['found']:,.0f} weaknesses"
        show(f"{name}: load and check", [run["load"] for run in runs], "s")
        show(f"{name}: find", [run["find"] for run in runs], "s")
        show(f"{name}: both", [run["load"] + run["find"] for run in runs], "s")
        show(f"{name}: memory at most", [run["megabytes"] for run in runs], "MB")


if __name__ == "__main__":
    main()
