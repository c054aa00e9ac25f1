"""Who can connect to whom, tried from inside every host at once: what a partition is shown by.

A way is written ``db-b > 10.71.1.11:2379``. It is only worth something beside a control: a way that was open before
the cut must now be closed, while ways that do not cross the cut are still open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from holdfast.connectors import processes
from holdfast.connectors.netns import HalfOpen, Inside, Reach
from holdfast.connectors.processes import Process
from holdfast.connectors.range import Inventory
from holdfast.errors import EnvironmentProblem

WITHIN_S = 1.0
_ARROW = " > "


@dataclass(frozen=True, slots=True)
class Way:
    """From inside a host to an address and port."""

    source: str
    address: str
    port: int

    def __str__(self) -> str:
        """Return the form that ``parse`` reads."""
        return f"{self.source}{_ARROW}{self.address}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Way:
        """Return the way that ``str`` wrote; ValueError if it is none."""
        source, _, target = text.partition(_ARROW)
        address, _, port = target.rpartition(":")
        return cls(source, address, int(port))


def ways(inventory: Inventory) -> tuple[Way, ...]:
    """Return a way from every powered host to every port of a running process on another one."""
    powered = {name: host for name, host in inventory.hosts.items() if host.powered and host.process is not None}
    return tuple(
        Way(source, powered[state.host].address, port)
        for source in sorted(powered)
        for _, state in sorted(inventory.processes.items())
        if state.running and state.host in powered and state.host != source
        for port in state.ports
    )


def vantages(inventory: Inventory) -> dict[str, Process]:
    """Return the first process of every powered host, by which its place in the network is entered."""
    return {name: host.process for name, host in inventory.hosts.items() if host.powered and host.process is not None}


def walk(wanted: Iterable[Way], places: Mapping[str, Process]) -> dict[Way, Reach]:
    """Return what came of each way; all are tried at once. A way from a place that is gone is left out."""
    by_source: dict[str, list[Way]] = {}
    for way in wanted:
        if way.source in places:
            by_source.setdefault(way.source, []).append(way)
    if not by_source:
        return {}
    with ThreadPoolExecutor(len(by_source)) as pool:
        found = pool.map(lambda source: _from(places[source], by_source[source]), by_source)
        return {way: reach for part in found for way, reach in part.items()}


def half_open(hosts: Iterable[str], places: Mapping[str, Process]) -> dict[str, frozenset[HalfOpen]]:
    """Return for each host the connections that were begun from elsewhere and did not come about, as its kernel has it.

    Each stays in its table for a minute, so that only what is new since an earlier look says anything.
    """
    asked = [host for host in hosts if host in places]
    with ThreadPoolExecutor(max(1, len(asked))) as pool:
        return dict(zip(asked, pool.map(lambda host: _half_open(places[host]), asked), strict=True))


def _half_open(place: Process) -> frozenset[HalfOpen]:
    try:
        with Inside(place.pid) as inside:
            return inside.half_open()
    except EnvironmentProblem:
        return frozenset()


def _from(place: Process, wanted: list[Way]) -> dict[Way, Reach]:
    if processes.condition(place) == "gone":
        return {}
    try:
        with Inside(place.pid) as inside:
            found = inside.reach([(way.address, way.port) for way in wanted], WITHIN_S)
    except EnvironmentProblem:
        # It went between the two looks, which is what a host that loses its power does.
        return {}
    return dict(zip(wanted, found, strict=True))
