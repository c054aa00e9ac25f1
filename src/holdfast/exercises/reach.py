"""Who can connect to whom, tried from inside every host at once: what a partition is shown by.

A way is written ``db-b > 10.71.1.11:2379``. It is only worth something beside a control: a way that was open before
the cut must now be closed, while ways that do not cross the cut are still open.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from holdfast.connectors import processes
from holdfast.connectors.netns import HalfOpen, Inside, Reach
from holdfast.connectors.processes import Process
from holdfast.connectors.range import Inventory
from holdfast.errors import EnvironmentProblem

WITHIN_S = 1.0
ARROW = " > "
"""Stands in the name of whatever begins inside one host and leads to another place."""


class _Beginning(Hashable, Protocol):
    """Whatever begins inside one host."""

    @property
    def source(self) -> str: ...


B = TypeVar("B", bound=_Beginning)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Way:
    """From inside a host to an address and port."""

    source: str
    address: str
    port: int

    def __str__(self) -> str:
        """Return the form that ``parse`` reads."""
        return f"{self.source}{ARROW}{self.address}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Way:
        """Return the way that ``str`` wrote; ValueError if it is none."""
        source, _, target = text.partition(ARROW)
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

    def tried(inside: Inside, ways: Sequence[Way]) -> Sequence[Reach]:
        return inside.reach([(way.address, way.port) for way in ways], WITHIN_S)

    return from_inside(wanted, places, tried)


def from_inside(
    wanted: Iterable[B],
    places: Mapping[str, Process],
    look: Callable[[Inside, Sequence[B]], Sequence[R]],
    *,
    at_once: bool = True,
) -> dict[B, R]:
    """Return what ``look`` finds of all that begins at each host, in that order, from inside the host's own place.

    Hosts look at once, or one after the other. What begins at a place that is gone is left out, and so is what begins
    at one that goes meanwhile, as a host does that loses its power.
    """
    by_source: dict[str, list[B]] = {}
    for each in wanted:
        if each.source in places:
            by_source.setdefault(each.source, []).append(each)

    def one(source: str) -> dict[B, R]:
        if processes.condition(places[source]) == "gone":
            return {}
        try:
            with Inside(places[source].pid) as inside:
                return dict(zip(by_source[source], look(inside, by_source[source]), strict=True))
        except EnvironmentProblem:
            return {}

    with ThreadPoolExecutor(max(1, len(by_source)) if at_once else 1) as pool:
        return {each: found for part in pool.map(one, by_source) for each, found in part.items()}


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
