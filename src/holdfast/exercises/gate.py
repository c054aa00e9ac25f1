"""The armed gate: whether a target is whole, able to lose something, and serving steadily. Every reading is recorded.

A drill that breaks what was broken already proves nothing, and one that begins while a copy is still catching up loses
more than was asked. The same gate is read again after everything was undone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.connectors import http, postgres
from holdfast.connectors.netns import Inside
from holdfast.connectors.range import VAULT_JOURNAL, Endpoint, Inventory
from holdfast.connectors.records import last_row, record_files
from holdfast.errors import EnvironmentProblem, HoldfastError
from holdfast.exercises.clients import View
from holdfast.model.types import Model
from holdfast.store.clock import now

STEADY_US = 3_000_000
BEHIND_LIMIT_BYTES = 1024 * 1024
JOURNAL_AGE_LIMIT_US = 3_000_000
QUORUM_ROLES = frozenset({"quorum_standby", "sync_standby"})
REQUEST_TIMEOUT_S = 2.0
_CONSENSUS, _CLUSTER = "etcd-", "patroni-"


@dataclass(frozen=True, slots=True)
class Reading:
    """One condition: whether it holds, and what was read."""

    holds: bool
    observed: str


@dataclass(frozen=True, slots=True)
class Gate:
    """All conditions at one look."""

    readings: Mapping[str, Reading]

    @property
    def ready(self) -> bool:
        """Whether every condition holds."""
        return all(reading.holds for reading in self.readings.values())

    @property
    def observed(self) -> dict[str, str]:
        """What was read, by condition; where it does not suffice it says so."""
        return {
            name: reading.observed if reading.holds else f"not yet: {reading.observed}"
            for name, reading in self.readings.items()
        }

    @property
    def missing(self) -> str:
        """The conditions that do not hold, in words."""
        return "; ".join(f"{name}: {r.observed}" for name, r in self.readings.items() if not r.holds)


def look(inventory: Inventory, view: View, model: Model, *, in_order: bool, load: bool = True) -> Gate:
    """Read every condition once; what does not answer does not hold.

    ``in_order``: the declared leader must lead. Once there is no ``load``, no line is written any more:
    clients and the age of the vault's latest line are not asked for.
    """
    leader: list[str] = []
    ended = Reading(holds=True, observed="the load has ended: not asked")
    conditions: dict[str, Callable[[], Reading]] = {
        "power": lambda: power(inventory),
        "consensus": lambda: consensus(inventory),
        "failover": lambda: failover(inventory, leader),
        "copies": lambda: copies(inventory, leader),
        "vault": lambda: vault(inventory, leader),
        "journal": lambda: journal(inventory) if load else ended,
        "clients": lambda: clients(view) if load else ended,
    }
    if in_order:
        conditions["order"] = lambda: order(model, leader)
    return Gate({name: _read(condition) for name, condition in conditions.items()})


def _read(condition: Callable[[], Reading]) -> Reading:
    try:
        return condition()
    except (HoldfastError, OSError) as error:
        return Reading(holds=False, observed=str(error))


def power(inventory: Inventory) -> Reading:
    """Read whether everything that belongs to the range is on and runs, and no cut is left."""
    off = [name for name, host in inventory.hosts.items() if not host.powered]
    down = [name for name, link in inventory.links.items() if not link.up]
    still = [name for name, process in inventory.processes.items() if not process.running]
    wrong = [
        *(f"the cut {name} is still there" for name in inventory.cuts),
        *(f"{name} has no power" for name in off),
        *(f"{name} is down" for name in down),
        *(f"{name} is impaired by {each}" for name, link in inventory.links.items() for each in link.impaired),
        *(f"{name} is not running" for name in still),
    ]
    whole = f"{len(inventory.hosts)} hosts, {len(inventory.links)} lines, {len(inventory.processes)} processes"
    return Reading(not wrong, ", ".join(wrong) or whole)


def consensus(inventory: Inventory) -> Reading:
    """Ask every member of the consensus store: each must have a quorum behind it, and all one leader."""
    members = {name: end for name, end in inventory.endpoints.items() if name.startswith(_CONSENSUS)}
    healthy: list[str] = []
    leaders: set[str] = set()
    names: dict[str, str] = {}
    for name, end in members.items():
        health = _ask(inventory, name, end, "GET", "/health")
        status = _ask(inventory, name, end, "POST", "/v3/maintenance/status", {})
        if str(health.get("health")) in {"true", "True"}:
            healthy.append(name)
        leaders.add(str(status.get("leader", "0")))
        names[str(status.get("header", {}).get("member_id"))] = name
    led = names.get(next(iter(leaders), "0")) if len(leaders) == 1 else None
    holds = bool(members) and len(healthy) == len(members) and led is not None
    return Reading(holds, f"{len(healthy)} of {len(members)} healthy, led by {led or 'nobody that all agree on'}")


def failover(inventory: Inventory, leader: list[str]) -> Reading:
    """Read from the cluster manager who leads, and who may take over without losing anything."""
    members: list[dict[str, Any]] = []
    for name, end in inventory.endpoints.items():
        if name.startswith(_CLUSTER):
            try:
                members = _ask(inventory, name, end, "GET", "/cluster").get("members", [])
            except HoldfastError:
                continue
            break
    leader[:] = [str(member.get("name")) for member in members if member.get("role") == "leader"]
    voters = [str(member.get("name")) for member in members if member.get("role") in QUORUM_ROLES]
    holds = len(leader) == 1 and len(voters) == len(members) - 1 > 0
    successors = ", ".join(voters) or "nobody"
    return Reading(holds, f"led by {', '.join(leader) or 'nobody'}, may be taken over by {successors}")


def copies(inventory: Inventory, leader: list[str]) -> Reading:
    """Ask the leader who streams from it: every other copy, each one whose answer a commit waits for.

    And ask every other copy itself: for seconds after one lost its power without a word, the leader still counts it.
    """
    servers = {server.name: server for server in inventory.servers()}
    if not leader or leader[0] not in servers:
        return Reading(holds=False, observed="no leader to ask")
    standbys = {s.name: s for s in postgres.replication(servers[leader[0]]) if s.name in servers}
    good = [
        s.name
        for s in standbys.values()
        if s.state == "streaming" and s.sync_state in {"quorum", "sync"} and s.behind_bytes <= BEHIND_LIMIT_BYTES
    ]
    shown = ", ".join(f"{s.name} {s.state}, {s.sync_state}" for s in standbys.values()) or "none"
    deaf = sorted(name for name in good if not postgres.receives(servers[name]))
    said = f"{shown}; but {', '.join(deaf)} receives nothing" if deaf else shown
    return Reading(len(good) == len(servers) - 1 and not deaf, said)


def vault(inventory: Inventory, leader: list[str]) -> Reading:
    """Ask the leader for who else receives the write-ahead log: somebody must, and be in step with it."""
    servers = {server.name: server for server in inventory.servers()}
    if not leader or leader[0] not in servers:
        return Reading(holds=False, observed="no leader to ask")
    others = [s for s in postgres.replication(servers[leader[0]]) if s.name not in servers]
    streaming = [s for s in others if s.state == "streaming"]
    if not streaming:
        return Reading(holds=False, observed="nobody pulls the write-ahead log")
    behind = min(s.behind_bytes for s in streaming)
    return Reading(behind <= BEHIND_LIMIT_BYTES, f"{behind:,} bytes behind")


def journal(inventory: Inventory) -> Reading:
    """Read the vault's copies of the instruction journals: the latest line of any must be that of a moment ago."""
    copies = record_files(inventory.records[VAULT_JOURNAL])
    rows = [row for path in copies if (row := last_row(path)) is not None]
    latest = max((row["utc_us"] for row in rows if isinstance(row.get("utc_us"), int)), default=None)
    if latest is None:
        return Reading(holds=False, observed="the vault has no line of any instruction journal")
    age_us = max(0, now().utc_us - latest)
    return Reading(age_us <= JOURNAL_AGE_LIMIT_US, f"the vault's latest line is {age_us // 1000:,} ms old")


def clients(view: View) -> Reading:
    """Judge the clients' view: served without a break for a while."""
    steady_us = view.steady_us()
    shown = f"steady for {steady_us / 1_000_000:.1f} s, {view.answered_per_s} of {view.offered_per_s} answered"
    return Reading(
        view.disrupted_us is None and steady_us >= STEADY_US and view.answered_per_s > 0, f"{shown} in the last second"
    )


def led_by(inventory: Inventory) -> str:
    """Return who leads, as the cluster manager says; HF404 if nobody does."""
    found: list[str] = []
    failover(inventory, found)
    if len(found) != 1:
        message = f"expected one leader, got {', '.join(found) or 'none'}"
        raise HoldfastError("HF404", message, remedy="let the range become whole again")
    return found[0]


def declared_leader(model: Model, leading: str) -> str:
    """Return who is declared to serve first in the group of ``leading``; itself if there is no such group."""
    groups = (group for group in model.groups.values() if leading in group.members)
    return next((group.members[0] for group in groups), leading)


def order(model: Model, leader: list[str]) -> Reading:
    """Compare who leads with who is declared to serve first: else a drill would hit another than it says."""
    for group in model.groups.values():
        if leader and leader[0] in group.members:
            expected = group.members[: group.active]
            return Reading(leader[0] in expected, f"{leader[0]} leads; declared to serve first: {', '.join(expected)}")
    return Reading(holds=bool(leader), observed=f"led by {', '.join(leader) or 'nobody'}")


def _ask(
    inventory: Inventory, name: str, end: Endpoint, method: str, path: str, body: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """Ask a process over HTTP from inside its own host: from outside there is no way to it."""
    host = inventory.hosts[inventory.processes[name].host]
    if host.pid is None or end.address is None or end.port is None:
        message = f"{name} has no power"
        raise EnvironmentProblem("HF304", message, remedy="let the range become whole again")
    with Inside(host.pid) as inside:
        connection = inside.open((end.address, end.port), REQUEST_TIMEOUT_S)
        said = http.exchange(connection, method, path, body, timeout_s=REQUEST_TIMEOUT_S)
    return said if isinstance(said, dict) else {}
