"""What clients see of each fault, under each profile of the database stack, side by side in one run that can go on.

One range is booted for each profile, under steady load. Every fault strikes whoever leads then; the outage is the
longest time after the injection in which no participant got an acknowledgement, by the participants' own records. A
fault that is not over after ``NEVER_S`` is undone and counted as *never*. Before the next one the range must be armed
again. At the end everything that was acknowledged is looked for in the ledger.

Every result is kept in a file as it comes; started again, the run goes on where it was. ``--fresh`` begins anew,
``--profiles``, ``--repeat`` and ``--only`` choose less.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path

from bench.figures import machine
from holdfast.cli.declaration import usable_model
from holdfast.connectors import postgres
from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.range import KEEPER_SOCKET, PARTICIPANTS_RECORDS, Command, Inventory, inventory
from holdfast.errors import HoldfastError
from holdfast.evidence.events import FaultIntended
from holdfast.exercises import faults, gate
from holdfast.exercises.business import Operator
from holdfast.exercises.clients import ALARMS, Clients
from holdfast.exercises.faults import FAULTS, Aim, FaultKind, parameters_text
from holdfast.exercises.plan import aimed_at
from holdfast.model.types import Fault, Load
from holdfast.store.clock import now

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / ".cache" / "bench" / "outage.ndjson"
MODEL = usable_model(ROOT / "examples" / "meridian")
SERVICE = MODEL.services["gross-settlement"]
RATE_PER_S = 60
NEVER_S = 60.0
REST_S = 15.0
"""Between two faults: the fencer strikes once in 12 s at most, and a fault that comes sooner waits for that."""
SETTLE_S = 4.0  # after what only makes the ground ready
LEADS_ALREADY = "it leads already"  # why the votes cannot be moved to where they are
LONGER_S = 3.0  # how long clients must be served again before the fault is undone
ARMED_TIMEOUT_S = 180.0
EFFECT_TIMEOUT_S = 15.0
UNDO_TIMEOUT_S = 90.0
EXERCISE = "bench-outage"
REPEATS: Mapping[str, int] = {"stock": 3, "fast": 5, "fenced": 5}
PROMISES = frozenset({"settled", "queued", "rejected"})
US = 1_000_000


Targets = Callable[[str, Inventory], Sequence[str]]
"""From the letter of the member that leads, and what the range says of itself, to what is hit."""


@dataclass(frozen=True, slots=True)
class Case:
    """One fault, at every one of its targets at once; ``first`` is a fault that only makes the ground ready."""

    name: str
    fault: str
    targets: Targets
    parameters: Mapping[str, object] = field(default_factory=dict)
    first: Case | None = None


def _ledger(letter: str, _: Inventory) -> Sequence[str]:
    return (f"ledger-{letter}",)


def _host(letter: str, _: Inventory) -> Sequence[str]:
    return (f"db-{letter}",)


def _site(letter: str, there: Inventory) -> Sequence[str]:
    return (there.hosts[f"db-{letter}"].site,)


def _lines(letter: str, there: Inventory) -> Sequence[str]:
    site = there.hosts[f"db-{letter}"].site
    return sorted(name for name, line in there.links.items() if site in line.between)


def _votes(letter: str, _: Inventory) -> Sequence[str]:
    return (f"etcd-{letter}",)


_VOTES_LED_THERE = Case("", "cluster.move-leader", _votes, {"steward": "etcd-steward"})
CASES = (
    Case("primary killed", "process.kill", _ledger),
    Case("host lost", "host.loss", _host),
    Case("host lost that leads the votes too", "host.loss", _host, first=_VOTES_LED_THERE),
    Case("site lost", "site.loss", _site),
    Case("site lost that leads the votes too", "site.loss", _site, first=_VOTES_LED_THERE),
    Case("primary frozen", "process.freeze", _ledger),
    Case("host frozen", "process.freeze", _host),
    Case("host cut off from everything", "network.partition", _host),
    Case("host cut off from consensus", "network.partition", _host, {"only": "consensus"}),
    Case("host cut off from replication", "network.partition", _host, {"only": "replication"}),
    Case("every line of its site down", "link.down", _lines),
    Case("data disk full", "disk.full", _host, {"of": "data"}),
)


@dataclass(slots=True)
class Bench:
    """A running range, and what is done to it."""

    directory: Path
    clients: Clients

    @property
    def keeper(self) -> Hypervisor:
        """The way in to its hypervisor."""
        return Hypervisor(self.directory / KEEPER_SOCKET)

    def now(self) -> Inventory:
        """Return what the range says of itself."""
        return inventory(self.keeper)[0]

    def armed(self) -> None:
        """Wait until the next loss is survivable; what is missing after that ends the run."""
        deadline, missing = time.monotonic() + ARMED_TIMEOUT_S, ""
        while time.monotonic() < deadline:
            try:
                found = gate.look(self.now(), self.clients.look(now().mono_us), MODEL, in_order=False)
                if found.ready:
                    return
                missing = found.missing
            except HoldfastError as error:
                missing = str(error)
            time.sleep(0.2)
        sys.exit(f"not armed after {ARMED_TIMEOUT_S:.0f} s: {missing}")

    def strike(self, case: Case) -> int | None:
        """Take the range through one fault and return the outage in µs, None if it did not end by itself."""
        self.armed()
        time.sleep(REST_S)
        self.armed()
        letter = gate.led_by(self.now()).removeprefix("ledger-")
        done: list[FaultIntended] = []
        try:
            if case.first:
                self._make_ready(case.first, letter, done)
            injected_us = now().mono_us
            self._inject(case, letter, done)
            self._wait_for_the_end(injected_us)
            undone_us = now().mono_us
        finally:
            for intended in reversed(done):
                faults.undo(intended)
        for intended in reversed(done):
            kind = FAULTS[intended.name]
            _until(partial(self._undone, kind, intended), UNDO_TIMEOUT_S, f"{case.name}: not undone", intended)
        return longest_silence_us(self.records, injected_us, undone_us)

    def _make_ready(self, case: Case, letter: str, done: list[FaultIntended]) -> None:
        try:
            self._inject(case, letter, done)
        except HoldfastError as problem:
            if LEADS_ALREADY not in problem.message:
                raise
        time.sleep(SETTLE_S)

    def _inject(self, case: Case, letter: str, done: list[FaultIntended]) -> None:
        """Prepare a fault for all its targets, then inject all, then see that it took effect; ``done`` gets them."""
        there, kind = self.now(), FAULTS[case.fault]
        given = {name: p.default for name, p in kind.schema.parameters.items() if p.default is not None}
        parameters = {**given, **case.parameters}
        intentions = []
        for number, target in enumerate(case.targets(letter, there)):
            aimed = aimed_at(MODEL, Fault(case.fault, target, parameters, 0, 0, 1000))
            fault = f"f{time.monotonic_ns() // 1_000_000 % 10**8}-{number}"
            prepared = kind.prepare(Aim(EXERCISE, fault, target, parameters, aimed), there)
            intentions.append(
                FaultIntended(
                    EXERCISE,
                    fault,
                    case.fault,
                    target,
                    parameters_text(parameters),
                    round(NEVER_S * 2000),
                    prepared.undo,
                    prepared.identity,
                    now(),
                )
            )
        for intended in intentions:
            done.append(intended)
            kind.inject(intended, self.keeper, there)
        _until(lambda: kind.probe(intentions[0]).so, EFFECT_TIMEOUT_S, f"{case.name}: no effect was seen")

    def _undone(self, kind: FaultKind, intended: FaultIntended) -> bool:
        return kind.verify(intended, self.now()).so

    @property
    def records(self) -> Path:
        """The participants' own records."""
        return self.now().records[PARTICIPANTS_RECORDS]

    def _wait_for_the_end(self, injected_us: int) -> None:
        """Return once clients were served again for a while, or it takes too long."""
        deadline = time.monotonic() + NEVER_S
        while time.monotonic() < deadline:
            view = self.clients.look(now().mono_us)
            steady = view.steady_since_us is not None and view.decided_until_us > injected_us + LONGER_S * US
            if view.disrupted_us is None and steady and view.steady_us() >= LONGER_S * US:
                return
            time.sleep(0.1)

    def lost(self) -> int:
        """Stop the load and return how many acknowledged settlements the ledger does not have."""
        operator = Operator(self.now())
        operator.stop_load()
        settled = {str(row["key"]) for row in rows(self.records) if row.get("status") == "settled"}
        ledger = postgres.extract(postgres.primary(self.now().servers())).splitlines()
        entries = {json.loads(line)["key"] for line in ledger if line.startswith(b'{"table":"entry"')}
        return len(settled - entries)


def rows(records: Path) -> Iterator[Mapping[str, object]]:
    """Yield every row of all participants."""
    for path in sorted(records.glob("*.ndjson")):
        if path.name != ALARMS:
            for line in path.read_bytes().splitlines(keepends=True):
                if line.endswith(b"\n"):
                    yield json.loads(line)


def longest_silence_us(records: Path, since_us: int, until_us: int) -> int | None:
    """Return the longest time between two acknowledgements, of anybody, that reaches past ``since_us``.

    None when it lasts until ``until_us``: nobody can say that it would have ended.
    """
    answered = sorted(
        int(str(row["t_us"])) for row in rows(records) if row.get("op") == "answer" and row.get("status") in PROMISES
    )
    before = max((at for at in answered if at <= since_us), default=since_us)
    after = [at for at in answered if since_us < at <= until_us]
    times = [before, *after]
    longest = max((b - a for a, b in pairwise(times)), default=0)
    return None if until_us - times[-1] >= max(longest, 2 * US) else longest


def _until(so: Callable[[], bool], timeout_s: float, problem: str, intended: FaultIntended | None = None) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            if so():
                return
            if intended is not None:
                faults.undo(intended)
        except HoldfastError:
            # What undoing needs may itself be on its way back.
            pass
        time.sleep(0.2)
    sys.exit(problem)


def known() -> list[dict[str, object]]:
    """Return the results that there are."""
    return [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []


def keep(result: Mapping[str, object]) -> None:
    """Add a result to the file, durably enough for a run that is interrupted."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with RESULTS.open("a") as file:
        file.write(json.dumps(result) + "\n")


def run(profile: str, repeats: int, only: str) -> None:
    """Do for one profile what is still to be done, on one range."""
    done = [result["case"] for result in known() if result["profile"] == profile and "case" in result]
    asked = [case for case in CASES if only in case.name]
    wanted = [case for round_ in range(repeats) for case in asked if done.count(case.name) <= round_]
    if not wanted:
        return
    command = Command((sys.executable, "-m", "meridian"))
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory, struck = Path(name) / "r", 0
        command.start(directory, {"profile": profile, "rate": str(RATE_PER_S)}, lambda _: None)
        try:
            there = inventory(Hypervisor(directory / KEEPER_SOCKET))[0]
            bench = Bench(directory, Clients(there.records[PARTICIPANTS_RECORDS], SERVICE.measured))
            Operator(there).set_load(Load(RATE_PER_S, 1))
            try:
                for case in wanted:
                    outage_us = bench.strike(case)
                    struck += 1
                    keep({"profile": profile, "case": case.name, "outage_us": outage_us})
                    shown = "never" if outage_us is None else f"{outage_us / US:.2f} s"
                    sys.stdout.write(f"{profile:<8}{case.name:<36}{shown}\n")
                    sys.stdout.flush()
            finally:
                # A run that is interrupted has still to say what became of what it was told.
                bench.armed()
                lost = bench.lost()
                keep({"profile": profile, "lost": lost, "faults": struck})
                sys.stdout.write(f"{profile:<8}acknowledged and lost: {lost}, in {struck} faults\n")
        finally:
            command.stop(directory)


def table(profiles: list[str]) -> Iterator[str]:
    """Yield the table of all that is known, in the form in which the documentation has it."""
    yield "| longest silence, s | " + " | ".join(profiles) + " |"
    yield "|---|" + "---|" * len(profiles)
    results = known()
    for case in CASES:
        cells = []
        for profile in profiles:
            own = [r["outage_us"] for r in results if r.get("case") == case.name and r["profile"] == profile]
            cells.append(_cell([None if each is None else int(str(each)) for each in own]))
        yield f"| {case.name} | " + " | ".join(cells) + " |"
    yield "| acknowledged and lost | " + " | ".join(_lost(results, profile) for profile in profiles) + " |"


def _lost(results: list[dict[str, object]], profile: str) -> str:
    """Return how much was lost in how many faults; a run that was cut off could not count."""
    own = [r for r in results if r["profile"] == profile]
    lost, counted = (sum(int(str(r[what])) for r in own if "lost" in r) for what in ("lost", "faults"))
    uncounted = sum("case" in r for r in own) - counted
    return f"{lost} (in {counted} faults{f'; {uncounted} not counted' if uncounted else ''})"


def _cell(outages: list[int | None]) -> str:
    """Return the middle, with what never ended as so much at least, and the spread of what did."""
    if not outages:
        return "not measured"
    ended = [each / US for each in outages if each is not None]
    never = len(outages) - len(ended)
    if not ended:
        return f"never (n={never})"
    middle = statistics.median([*ended, *[NEVER_S] * never])
    spread = f"{middle:.2f} ({min(ended):.2f} to {'never' if never else f'{max(ended):.2f}'}, n={len(outages)})"
    return f"{spread}, never {never} of {len(outages)}" if never else spread


def main() -> None:
    """Measure what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--profiles", default="stock,fast,fenced")
    parser.add_argument("--repeat", type=int)
    parser.add_argument("--only", default="", help="the faults whose names contain this")
    parser.add_argument("--fresh", action="store_true")
    asked = parser.parse_args()
    if asked.fresh:
        RESULTS.unlink(missing_ok=True)
    sys.stdout.write(f"{machine()}\n")
    profiles = asked.profiles.split(",")
    for profile in profiles:
        run(profile, asked.repeat or REPEATS[profile], asked.only)
    sys.stdout.write("\n".join(table(profiles)) + "\n")


if __name__ == "__main__":
    main()
