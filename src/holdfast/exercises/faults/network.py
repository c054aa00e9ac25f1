"""Faults of the network: what is cut off from what, shown by connecting from inside of it.

A partition has a shape (one side and the other, or a ring), a direction, and may concern one kind of traffic alone. It
is compiled to pairs of address blocks and to ports by the range's own inventory, before the injection and again from
what is recorded, so probe and undoing need nothing but the intention.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, cast

from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.netns import HalfOpen
from holdfast.connectors.processes import Process
from holdfast.connectors.range import Inventory
from holdfast.errors import HoldfastError
from holdfast.evidence.events import FaultIntended
from holdfast.exercises import reach
from holdfast.exercises.faults.kinds import Aim, FaultKind, Prepared, Seen, absent, request
from holdfast.exercises.reach import ARROW, Way
from holdfast.model.vocabulary import Parameter, ParameterSchema

_FROM, _WITH, _RING, _ONLY, _DIRECTION, _STYLE = "from", "with", "ring", "only", "direction", "style"
_CONTROL = "control "
_HOST, _ADDRESS = " (host)", " (address)"
_BEGINS = "reachable; its first packet will still arrive"
_SHOWN = 3  # of a list of ways, in a sentence
_CLOSED = frozenset({"timeout", "unreachable"})
_REFUSED = _CLOSED | {"refused"}
LEAST_RING = 4
"""In a smaller ring everybody is everybody's neighbour."""

Direction = Literal["both", "out", "in"]
_DIRECTIONS: tuple[Direction, ...] = ("both", "out", "in")
_PROCESSES = {"consensus": "etcd-", "cluster": "patroni-"}
_REPLICATION = "replication"
Blocks = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """What is dropped: between the two sides of each pair; ``out`` and ``in`` are seen from the first of them."""

    pairs: tuple[tuple[Blocks, Blocks], ...]
    direction: Direction
    ports: tuple[int, ...]
    refuse: bool

    def crosses(self, source: str, target: str, port: int) -> bool:
        """Return whether a connection needs packets that are dropped: one direction is enough to prevent it."""
        sides = ((source, target), (target, source))
        return (not self.ports or port in self.ports) and any(
            _within(one, ours) and _within(other, theirs) for ours, theirs in self.pairs for one, other in sides
        )

    def begins(self, source: str, target: str) -> bool:
        """Return whether the first packet of a connection that crosses still arrives, and only the answer does not."""
        outward = any(_within(source, ours) and _within(target, theirs) for ours, theirs in self.pairs)
        # What is refused is not left half open: whoever answered is told at once.
        return self.direction == ("in" if outward else "out") and not self.refuse


# -- what is declared, compiled --


def _cut_of(target: str, parameters: Mapping[str, object], inventory: Inventory) -> Cut:
    """Return the cut that is declared, or recorded. HF401 for what the range does not have, or what cuts nothing."""
    others, beside, ring = (_listed(parameters.get(name, ())) for name in (_FROM, _WITH, _RING))
    if ring:
        if others or beside:
            raise _wrong(f"{_RING} does not go together with {_FROM} or {_WITH}")
        pairs = _ring((target, *ring), inventory)
    else:
        pairs = (_sides((target, *beside), others, inventory),)
    only = str(parameters.get(_ONLY, ""))
    if only == _REPLICATION:
        copies = _copies(inventory)
        pairs = tuple((_narrowed(ours, copies), _narrowed(theirs, copies)) for ours, theirs in pairs)
        pairs = tuple(pair for pair in pairs if all(pair))
    ports = _ports(only, inventory)
    if not pairs or (only and not ports):
        raise _wrong(f"there is no {only or 'traffic'} between them")
    direction = cast("Direction", str(parameters.get(_DIRECTION, "both")))
    return Cut(pairs, direction, ports, refuse=str(parameters.get(_STYLE)) == "reject")


def _sides(ours: tuple[str, ...], others: tuple[str, ...], inventory: Inventory) -> tuple[Blocks, Blocks]:
    """Return the address blocks on both sides of a cut; without ``others`` everything else is the other side."""
    own = tuple(block for place in ours for block in _blocks(place, inventory))
    if others:
        return own, tuple(block for place in others for block in _blocks(place, inventory))
    touched = {_site_of(place, inventory) for place in ours}
    sites = {site.cidr for name, site in inventory.sites.items() if name not in touched}
    partly = touched - set(ours)
    beside = {f"{h.address}/32" for name, h in inventory.hosts.items() if h.site in partly and name not in ours}
    return own, tuple(sorted(sites | beside))


def _ring(members: tuple[str, ...], inventory: Inventory) -> tuple[tuple[Blocks, Blocks], ...]:
    """Return a pair for every two members of a ring that are not neighbours in it."""
    if len(members) < LEAST_RING:
        raise _wrong(f"a ring of {len(members)} cuts nothing: everybody is everybody's neighbour")
    last = len(members) - 1
    apart = ((one, other) for one, other in combinations(range(len(members)), 2) if other - one not in {1, last})
    return tuple((_blocks(members[one], inventory), _blocks(members[other], inventory)) for one, other in apart)


def _blocks(place: str, inventory: Inventory) -> Blocks:
    if place in inventory.sites:
        return (inventory.sites[place].cidr,)
    if place in inventory.hosts:
        return (f"{inventory.hosts[place].address}/32",)
    raise _wrong(f"{place} is neither a site nor a host of the range")


def _ports(only: str, inventory: Inventory) -> tuple[int, ...]:
    """Return the ports of one kind of traffic, as the range's inventory has them; none for all traffic."""
    if only == _REPLICATION:
        return tuple(sorted({server.port for server in inventory.servers()}))
    prefix = _PROCESSES.get(only)
    named = (process for name, process in inventory.processes.items() if prefix and name.startswith(prefix))
    return tuple(sorted({port for process in named for port in process.ports}))


def _copies(inventory: Inventory) -> Blocks:
    """Return the addresses of the hosts on which copies of the database run."""
    hosts = {inventory.processes[server.name].host for server in inventory.servers()}
    return tuple(sorted(f"{inventory.hosts[host].address}/32" for host in hosts))


def _narrowed(blocks: Blocks, addresses: Blocks) -> Blocks:
    return tuple(address for address in addresses if _within(address.partition("/")[0], blocks))


def _site_of(place: str, inventory: Inventory) -> str:
    return place if place in inventory.sites or place not in inventory.hosts else inventory.hosts[place].site


def _within(address: str, blocks: Blocks) -> bool:
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(block) for block in blocks)


def _listed(value: object) -> tuple[str, ...]:
    """Return the places of a parameter, as it is declared or as it is recorded."""
    words = value.split(",") if isinstance(value, str) else value if isinstance(value, tuple | list) else ()
    return tuple(str(word).strip() for word in words if str(word).strip())


def _wrong(message: str) -> HoldfastError:
    return HoldfastError("HF401", message, remedy="name sites and hosts as the range's inventory does")


# -- before, during, after --


def _prepare_partition(aim: Aim, inventory: Inventory) -> Prepared:
    """Record what is reachable now: without a way that the cut will close there is nothing to show it by."""
    cut = _cut_of(aim.target, aim.parameters, inventory)
    places = reach.vantages(inventory)
    found = reach.walk(reach.ways(inventory), places)
    identity = {f"{name}{_HOST}": str(place) for name, place in sorted(places.items())}
    if cut.direction != "both":
        identity |= {f"{name}{_ADDRESS}": inventory.hosts[name].address for name in sorted(places)}
    crossing = 0
    for way, result in sorted(found.items(), key=lambda item: str(item[0])):
        if result == "reachable":
            source = inventory.hosts[way.source].address
            if cut.crosses(source, way.address, way.port):
                crossing += 1
                identity[str(way)] = _BEGINS if cut.begins(source, way.address) else result
            else:
                identity[f"{_CONTROL}{way}"] = result
    if not crossing:
        raise absent(aim, "nothing could be reached across the cut even before it")
    if crossing == sum(result == "reachable" for result in found.values()):
        raise absent(aim, "every open way crosses the cut: no control would show that the probe itself works")
    return Prepared(request(inventory, "mend", id=aim.id), identity)


def _cut(intended: FaultIntended, keeper: Hypervisor, inventory: Inventory) -> None:
    cut = _cut_of(intended.target, intended.parameters, inventory)
    asked = {"op": "cut", "id": intended.undo["id"], "pairs": [[list(one), list(other)] for one, other in cut.pairs]}
    # The keeper's "forth" is from the first side to the second.
    direction = {"both": "both", "out": "forth", "in": "back"}[cut.direction]
    how = {"direction": direction, "ports": list(cut.ports), "refuse": cut.refuse}
    keeper.call({**asked, **how, "exercise": intended.exercise})


def _probe_cut(intended: FaultIntended) -> Seen:
    places = {name: Process.parse(text) for name, text in _of_hosts(intended, _HOST).items()}
    addresses = _of_hosts(intended, _ADDRESS)
    texts = [name for name in intended.identity if ARROW in name]
    before = reach.half_open(addresses, places)
    found = reach.walk([Way.parse(text.removeprefix(_CONTROL)) for text in texts], places)
    crossing = {way: result for way, result in found.items() if str(way) in intended.identity}
    controls = [result for way, result in found.items() if f"{_CONTROL}{way}" in intended.identity]
    still = [str(way) for way, result in crossing.items() if result not in _closed(intended)]
    kept = controls.count("reachable")
    if still or not crossing:
        return Seen(so=False, observed=f"still open: {', '.join(still[:_SHOWN]) or 'no way could be tried'}")
    end = "fail" if _is_refusing(intended) else "time out"
    observed = f"all {len(crossing)} ways across the cut {end}; {kept} of {len(controls)} others are open"
    if _BEGINS not in intended.identity.values():
        return Seen(kept > 0, observed)
    after = reach.half_open(addresses, places)
    one_way = _one_way(intended, list(crossing), {host: after[host] - before[host] for host in after})
    return Seen(kept > 0 and one_way.so, f"{observed}; {one_way.observed}")


def _one_way(intended: FaultIntended, crossing: list[Way], begun: Mapping[str, frozenset[HalfOpen]]) -> Seen:
    """Judge whether the first packet came in at the far ends of the ways that begin in the open direction alone."""
    addresses = _of_hosts(intended, _ADDRESS)
    came = {(peer, addresses[host], port) for host, found in begun.items() for peer, _, port in found}
    arrived = {way for way in crossing if (addresses[way.source], way.address, way.port) in came}
    promised = {way for way in crossing if intended.identity[str(way)] == _BEGINS}
    if wrong := arrived - promised:
        return Seen(so=False, observed=f"packets cross where none should: {', '.join(sorted(map(str, wrong)))}")
    if not arrived:
        return Seen(so=False, observed="no packet arrives in either direction")
    return Seen(so=True, observed=f"packets arrive on {len(arrived)} of {len(promised)} ways that begin so")


def _of_hosts(intended: FaultIntended, suffix: str) -> dict[str, str]:
    return {name.removesuffix(suffix): text for name, text in intended.identity.items() if name.endswith(suffix)}


def _is_refusing(intended: FaultIntended) -> bool:
    return intended.parameters.get(_STYLE) == "reject"


def _closed(intended: FaultIntended) -> frozenset[str]:
    return _REFUSED if _is_refusing(intended) else _CLOSED


def _verify_mended(intended: FaultIntended, inventory: Inventory) -> Seen:
    """See whether packets cross again: a refusal shows it as well as a connection, unless the cut itself refused."""
    texts = [name for name in intended.identity if ARROW in name and not name.startswith(_CONTROL)]
    found = reach.walk([Way.parse(text) for text in texts], reach.vantages(inventory))
    closed = [str(way) for way, result in found.items() if result in _closed(intended)]
    if closed or not found:
        return Seen(so=False, observed=f"still closed: {', '.join(closed[:_SHOWN]) or 'no way could be tried'}")
    return Seen(so=True, observed=f"packets cross again on all {len(found)} ways")


FAULTS: Mapping[str, FaultKind] = {
    "network.partition": FaultKind(
        schema=ParameterSchema(
            frozenset({"host", "site"}),
            {
                _FROM: Parameter(
                    "places", meaning="The sites and hosts that it is cut off from; all, if it is left out."
                ),
                _WITH: Parameter("places", meaning="The sites and hosts that stay on its side of the cut."),
                _RING: Parameter(
                    "places",
                    meaning="The other members of a ring in this order; each reaches only its two neighbours in it.",
                ),
                _ONLY: Parameter(
                    "text",
                    choices=(*_PROCESSES, _REPLICATION),
                    meaning="The one kind of traffic that is cut; all, if it is left out.",
                ),
                _DIRECTION: Parameter(
                    "text",
                    choices=_DIRECTIONS,
                    meaning="Which packets are dropped: both ways, only those it sends, or only those sent to it.",
                ),
                _STYLE: Parameter(
                    "text",
                    choices=("drop", "reject"),
                    meaning="Whether packets vanish, or TCP is answered with a reset.",
                ),
            },
        ),
        does="packets between {target} and the other side are dropped, or refused, at every router",
        shown_by="connections that crossed the cut before fail, tried from inside; others still open",
        undone_by="the keeper removes the rules that drop the packets",
        prepare=_prepare_partition,
        inject=_cut,
        probe=_probe_cut,
        verify=_verify_mended,
        needs="network",
    ),
}
