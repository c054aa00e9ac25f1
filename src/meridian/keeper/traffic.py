"""What can be done to the range's traffic: packets cut, lines impaired, and both taken back by the name they have."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Any, get_args

from meridian.keeper.range import CUT, Range
from meridian.keeper.request import Operations, Request, count, known, text, wrong
from meridian.network.filter import Cut, Direction
from meridian.network.lines import Impairment
from meridian.network.wire import MILLION, PERFECT, Quality
from meridian.topology import LINKS

PREFIXES_LIMIT = 64
PAIRS_LIMIT = 64
PORTS_LIMIT = 16
_PORTS = range(1, 65536)
_QUALITY_LIMITS = {"delay_us": 10_000_000, "jitter_us": 10_000_000, "loss_ppm": MILLION, "rate_kbit_s": 100_000_000}
"""What a line can be asked to be; the wire holds a bounded number of frames, so a delay has a bound too."""


class Traffic:
    """The operations of one range on its network; ``admit`` refuses what may not be injected any more."""

    def __init__(self, held: Range, admit: Callable[[Request], None]) -> None:
        """Take the range."""
        self._range = held
        self._admit = admit

    def operations(self) -> Operations:
        """Return the operations by name."""
        return {
            "cut": self._cut,
            "mend": self._mend,
            "cuts": lambda _: {"cuts": self._range.cuts()},
            "impair": self._impair,
            "restore": self._restore,
        }

    def _cut(self, request: Request) -> dict[str, Any]:
        """Cut ``a`` off from ``b``, or the two sides of each of ``pairs``."""
        self._admit(request)
        direction = request.get("direction", "both")
        if direction not in get_args(Direction):
            raise wrong("direction", direction, f"one of: {', '.join(get_args(Direction))}")
        ports = request.get("ports", [])
        if not isinstance(ports, list) or len(ports) > PORTS_LIMIT or not all(port in _PORTS for port in ports):
            raise wrong("ports", ports, f"up to {PORTS_LIMIT} numbers from 1 to 65535")
        cut = Cut(_pairs(request), direction, tuple(ports), refuse=request.get("refuse") is True)
        self._range.fabric.cut_off(CUT + text(request, "id"), cut)
        return {}

    def _mend(self, request: Request) -> dict[str, Any]:
        self._range.fabric.mend(CUT + text(request, "id"))
        return {}

    def _impair(self, request: Request) -> dict[str, Any]:
        """Take a line down, or make it late, lossy or slow: toward one of its ends, or both ways."""
        self._admit(request)
        link, toward = LINKS[known(request, "link", LINKS)], request.get("toward")
        if toward is not None and toward not in link.between:
            raise wrong("toward", toward, f"one of: {', '.join(link.between)}")
        quality = Quality(
            **{each: count(request, each, most) for each, most in _QUALITY_LIMITS.items() if each in request}
        )
        # The first quality is toward the second end.
        forth, back = (quality if toward in {None, end} else PERFECT for end in reversed(link.between))
        impairment = Impairment(request.get("down") is True, (forth, back))
        self._range.fabric.lines.impair(CUT + text(request, "id"), link, impairment)
        return {}

    def _restore(self, request: Request) -> dict[str, Any]:
        self._range.fabric.lines.restore(CUT + text(request, "id"))
        return {}


def _pairs(request: Request) -> tuple[tuple[list[str], list[str]], ...]:
    pairs = request.get("pairs", [[request.get("a"), request.get("b")]])
    if not isinstance(pairs, list) or not 0 < len(pairs) <= PAIRS_LIMIT:
        raise wrong("pairs", pairs, f"1 to {PAIRS_LIMIT} pairs of sides")
    try:
        return tuple((_prefixes(one), _prefixes(other)) for one, other in pairs)
    except (TypeError, ValueError) as error:
        raise wrong("pairs", pairs, "two sides in each pair") from error


def _prefixes(side: object) -> list[str]:
    """Return the addresses and networks on one side of a cut. Raise MR108 for anything else."""
    try:
        if isinstance(side, list) and 0 < len(side) <= PREFIXES_LIMIT:
            return [str(IPv4Network(str(each))) for each in side]
    except ValueError as error:
        raise wrong("a side", str(error), "addresses and networks like 10.71.1.0/24 or 10.71.1.11/32") from error
    raise wrong("a side", side, f"1 to {PREFIXES_LIMIT} addresses or networks like 10.71.1.0/24")
