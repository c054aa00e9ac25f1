"""Faults of the network: what is cut off from what, shown by connecting from inside of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.processes import Process
from holdfast.connectors.range import Inventory
from holdfast.errors import HoldfastError
from holdfast.evidence.events import FaultIntended
from holdfast.exercises import reach
from holdfast.exercises.faults.kinds import Aim, FaultKind, Prepared, Seen, absent, request
from holdfast.exercises.reach import Way
from holdfast.model.vocabulary import Parameter, ParameterSchema

_FROM = "from"
_CONTROL = "control "
_ARROW = " > "
_SHOWN = 3  # of a list of ways, in a sentence
_CLOSED = frozenset({"timeout", "unreachable"})


def _prepare_partition(aim: Aim, inventory: Inventory) -> Prepared:
    """Record what is reachable now: without a way that the cut will close there is nothing to show it by."""
    ours, theirs = _sides(aim.target, _listed(aim.parameters.get(_FROM, ())), inventory)
    places = reach.vantages(inventory)
    found = reach.walk(reach.ways(inventory), places)
    identity = {f"{name} (host)": str(place) for name, place in sorted(places.items())}
    crossing = 0
    for way, result in sorted(found.items(), key=lambda item: str(item[0])):
        if result == "reachable":
            crosses = _crosses(inventory.hosts[way.source].address, way.address, ours, theirs)
            crossing += crosses
            identity[str(way) if crosses else f"{_CONTROL}{way}"] = result
    if not crossing:
        raise absent(aim, "nothing could be reached across the cut even before it")
    if crossing == sum(result == "reachable" for result in found.values()):
        raise absent(aim, "every open way crosses the cut: no control would show that the probe itself works")
    return Prepared(request(inventory, "mend", id=_cut_id(aim.exercise, aim.fault)), identity)


def _cut(intended: FaultIntended, keeper: Hypervisor, inventory: Inventory) -> None:
    ours, theirs = _sides(intended.target, _listed(intended.parameters.get(_FROM, "")), inventory)
    cut = {"op": "cut", "id": _cut_id(intended.exercise, intended.fault), "a": ours, "b": theirs}
    keeper.call({**cut, "exercise": intended.exercise})


def _probe_cut(intended: FaultIntended) -> Seen:
    places = {
        name.removesuffix(" (host)"): Process.parse(text)
        for name, text in intended.identity.items()
        if name.endswith(" (host)")
    }
    texts = [name for name in intended.identity if _ARROW in name]
    found = reach.walk([Way.parse(text.removeprefix(_CONTROL)) for text in texts], places)
    crossing = {way: result for way, result in found.items() if str(way) in intended.identity}
    controls = [result for way, result in found.items() if f"{_CONTROL}{way}" in intended.identity]
    still = [str(way) for way, result in crossing.items() if result not in _CLOSED]
    kept = controls.count("reachable")
    if still or not crossing:
        return Seen(so=False, observed=f"still open: {', '.join(still[:_SHOWN]) or 'no way could be tried'}")
    observed = f"all {len(crossing)} ways across the cut time out; {kept} of {len(controls)} others are open"
    return Seen(kept > 0, observed)


def _verify_mended(intended: FaultIntended, inventory: Inventory) -> Seen:
    """Whether packets cross again: a refused connection shows it as well as an accepted one."""
    texts = [name for name in intended.identity if _ARROW in name and not name.startswith(_CONTROL)]
    found = reach.walk([Way.parse(text) for text in texts], reach.vantages(inventory))
    closed = [str(way) for way, result in found.items() if result in _CLOSED]
    if closed or not found:
        return Seen(so=False, observed=f"still closed: {', '.join(closed[:_SHOWN]) or 'no way could be tried'}")
    return Seen(so=True, observed=f"packets cross again on all {len(found)} ways")


def _sides(target: str, others: tuple[str, ...], inventory: Inventory) -> tuple[list[str], list[str]]:
    """Return the address blocks on both sides of a cut; without ``others`` everything else is the other side."""
    ours = _blocks(target, inventory)
    if others:
        return ours, [block for place in others for block in _blocks(place, inventory)]
    sites = {site.cidr for name, site in inventory.sites.items() if name != _site_of(target, inventory)}
    if target in inventory.sites:
        return ours, sorted(sites)
    site = inventory.hosts[target].site
    beside = {f"{host.address}/32" for name, host in inventory.hosts.items() if host.site == site and name != target}
    return ours, sorted(sites | beside)


def _blocks(place: str, inventory: Inventory) -> list[str]:
    if place in inventory.sites:
        return [inventory.sites[place].cidr]
    if place in inventory.hosts:
        return [f"{inventory.hosts[place].address}/32"]
    message = f"{place} is neither a site nor a host of the range"
    raise HoldfastError("HF401", message, remedy="name sites and hosts as the range's inventory does")


def _site_of(place: str, inventory: Inventory) -> str:
    return place if place in inventory.sites or place not in inventory.hosts else inventory.hosts[place].site


def _crosses(source: str, target: str, ours: list[str], theirs: list[str]) -> bool:
    return (_within(source, ours) and _within(target, theirs)) or (_within(source, theirs) and _within(target, ours))


def _within(address: str, blocks: list[str]) -> bool:
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(block) for block in blocks)


def _listed(value: object) -> tuple[str, ...]:
    """Return the places of a parameter, as it is declared or as it is recorded."""
    words = value.split(",") if isinstance(value, str) else value if isinstance(value, tuple | list) else ()
    return tuple(str(word).strip() for word in words if str(word).strip())


def _cut_id(exercise: str, fault: str) -> str:
    return f"{exercise}-{fault}"


FAULTS: Mapping[str, FaultKind] = {
    "network.partition": FaultKind(
        schema=ParameterSchema(
            frozenset({"host", "site"}),
            {
                _FROM: Parameter(
                    "places", meaning="The sites and hosts that it is cut off from; all, if it is left out."
                )
            },
        ),
        does="packets between {target} and the other side are dropped silently, both ways, at every router",
        shown_by="connections that crossed the cut before time out, tried from inside; others still open",
        undone_by="the keeper removes the rules that drop the packets",
        prepare=_prepare_partition,
        inject=_cut,
        probe=_probe_cut,
        verify=_verify_mended,
    ),
}
