"""The reachability matrix: every host tries every port of every other, and what comes of it is held against the policy.

Nothing is taken from the word of whoever enforces the policy. Who listens where is read from the kernel's own table
inside each host, and whether a way is open is tried from inside the other. A way is judged by what was observed: one
that is denied must be silent, because a refusal, too, is an answer of a host that was reached.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from holdfast.connectors.netns import Inside, Reach
from holdfast.connectors.processes import Process
from holdfast.connectors.range import Inventory
from holdfast.errors import EnvironmentProblem
from holdfast.exercises.reach import Way, vantages, walk

UNUSED_PORTS = (22, 443, 9999)
"""Tried on every host although nothing listens there: what is filtered stays silent, what is not refuses."""

_ELSEWHERE = "prove it on a range in namespaces, which enforces it"

Outcome = Literal["open", "idle", "closed", "broken", "leak", "unknown"]
"""``open``: allowed, and it is. ``idle``: allowed, the host answers, nobody listens. ``closed``: denied, and silent.
``broken``: allowed, and it is not open. ``leak``: denied, and answered. ``unknown``: nobody could try."""

FINDINGS: Mapping[Outcome, str] = {
    "leak": "denied, but answered",
    "broken": "allowed, but closed",
    "unknown": "could not be tried",
}
"""The outcomes that are findings, worst first, and what each says."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One way that was tried: from which host to which port of which other, what is allowed, and what came of it."""

    source: str
    target: str
    port: int
    allowed: bool
    listened: bool
    found: Reach | None

    @property
    def outcome(self) -> Outcome:
        """What that says of the policy."""
        if self.found is None:
            return "unknown"
        if not self.allowed:
            return "closed" if self.found in {"timeout", "unreachable"} else "leak"
        if self.found == "reachable":
            return "open"
        return "idle" if self.found == "refused" and not self.listened else "broken"


@dataclass(frozen=True, slots=True)
class Matrix:
    """All trials, sorted by source, target and port; the hosts that have no power are named and were not tried."""

    trials: tuple[Trial, ...]
    hosts: tuple[str, ...]
    without_power: tuple[str, ...]

    def having(self, outcome: Outcome) -> tuple[Trial, ...]:
        """Return the trials with an outcome."""
        return tuple(trial for trial in self.trials if trial.outcome == outcome)

    @property
    def proved(self) -> bool:
        """Whether every way is as the policy says, and every way was tried."""
        return bool(self.trials) and not any(self.having(outcome) for outcome in FINDINGS)


def prove(inventory: Inventory, allowed: Collection[tuple[str, str, int | None]]) -> Matrix:
    """Try every way between hosts that have power and return what came of it; takes some seconds. HF415.

    ``allowed`` are source, target and port, ``None`` for every port. Ports are all that anybody listens on, all that
    the policy names, and some that nobody uses.
    """
    if why := inventory.cannot.get("network"):
        raise EnvironmentProblem("HF415", f"no segmentation can be proved here: {why}", remedy=_ELSEWHERE)
    places = vantages(inventory)
    listened = _listened(inventory, places)
    ports = {port for _, port in listened} | {port for _, _, port in allowed if port} | set(UNUSED_PORTS)
    ways = {
        (source, target, port): Way(source, inventory.hosts[target].address, port)
        for source in sorted(places)
        for target in sorted(places)
        if source != target
        for port in sorted(ports)
    }
    found = walk(ways.values(), places)
    return Matrix(
        tuple(
            Trial(
                *end,
                allowed=end in allowed or (*end[:2], None) in allowed,
                listened=end[1:] in listened,
                found=found.get(way),
            )
            for end, way in ways.items()
        ),
        tuple(sorted(places)),
        tuple(sorted(inventory.hosts.keys() - places.keys())),
    )


def _listened(inventory: Inventory, places: Mapping[str, Process]) -> frozenset[tuple[str, int]]:
    """Return each host with each port that somebody listens on there, on an address that others can reach."""

    def on(host: str) -> set[tuple[str, int]]:
        with Inside(places[host].pid) as inside:
            own = {inventory.hosts[host].address, "0.0.0.0"}  # noqa: S104 - compared with, not bound to
            return {(host, port) for address, port in inside.listening() if address in own}

    if not places:
        return frozenset()
    with ThreadPoolExecutor(len(places)) as pool:
        return frozenset().union(*pool.map(on, places))
