"""How fast and how reliably packets cross, measured by trains of echo requests from inside hosts.

Hosts may send them to the routers' ends of the lines and to nothing else. A way there is written ``db-a >
10.71.250.2``; like a connection's, it is worth something only beside a control.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from holdfast.connectors.netns import Echo, Inside
from holdfast.connectors.processes import Process
from holdfast.errors import EnvironmentProblem

ARROW = " > "


@dataclass(frozen=True, slots=True)
class Train:
    """How many echo requests are sent, how close together, how large, and how long the last one is waited for."""

    count: int
    every_s: float = 0.01
    size_bytes: int = 56
    within_s: float = 0.5


FEW = Train(10)
BURST = Train(100, every_s=0, size_bytes=1400, within_s=0.6)


@dataclass(frozen=True, slots=True)
class Trip:
    """From inside a host to the far end of a line."""

    source: str
    address: str

    def __str__(self) -> str:
        """Return the form that ``parse`` reads."""
        return f"{self.source}{ARROW}{self.address}"

    @classmethod
    def parse(cls, text: str) -> Trip:
        """Return the trip that ``str`` wrote."""
        source, _, address = text.partition(ARROW)
        return cls(source, address)


def measure(trips: Iterable[Trip], places: Mapping[str, Process], train: Train) -> dict[Trip, Echo]:
    """Send a train over every trip. One host sends after the other where trains are bursts: they share the lines."""
    by_source: dict[str, list[Trip]] = {}
    for trip in trips:
        if trip.source in places:
            by_source.setdefault(trip.source, []).append(trip)
    if not by_source:
        return {}
    with ThreadPoolExecutor(len(by_source) if train.every_s else 1) as pool:
        found = pool.map(lambda source: _from(places[source], by_source[source], train), by_source)
        return {trip: echo for part in found for trip, echo in part.items()}


def _from(place: Process, trips: list[Trip], train: Train) -> dict[Trip, Echo]:
    together = [trips] if train.every_s else [[trip] for trip in trips]
    found: dict[Trip, Echo] = {}
    try:
        with Inside(place.pid) as inside:
            for part in together:
                addresses = [trip.address for trip in part]
                echoes = inside.echo(
                    addresses, train.count, every_s=train.every_s, size_bytes=train.size_bytes, within_s=train.within_s
                )
                found |= dict(zip(part, echoes, strict=True))
    except EnvironmentProblem:
        # A host that loses its power meanwhile takes its trips along.
        return {}
    return found
