"""How fast and how reliably packets cross, measured by trains of echo requests from inside hosts.

Hosts may send them to the routers' ends of the lines and to nothing else. A way there is written ``db-a >
10.71.250.2``; like a connection's, it is worth something only beside a control.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from holdfast.connectors.netns import Echo, Inside
from holdfast.connectors.processes import Process
from holdfast.exercises.reach import ARROW, from_inside


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
    """Send a train over every trip. One trip follows the other where trains are bursts: they share the lines."""

    def sent(inside: Inside, begun: Sequence[Trip]) -> list[Echo]:
        together = [begun] if train.every_s else [[trip] for trip in begun]
        return [
            echo
            for part in together
            for echo in inside.echo(
                [trip.address for trip in part],
                train.count,
                every_s=train.every_s,
                size_bytes=train.size_bytes,
                within_s=train.within_s,
            )
        ]

    return from_inside(trips, places, sent, at_once=train.every_s > 0)
