"""The lines between the sites' routers: cables through one exchange, which can be unplugged, slowed and made lossy.

Each line is two cables into a network namespace of its own, the exchange, where a bridge joins them: that costs next to
nothing. While anything is wrong with a line's quality, its cables are taken out of the bridge and the wire carries its
frames. What is wrong is held under the name of whoever asked for it, so that each can take back its own and no more.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from meridian.errors import MeridianError
from meridian.network import offspring
from meridian.network.node import Node, veth
from meridian.network.offspring import Offspring
from meridian.network.wire import PERFECT, Quality, be_wire, packet_socket
from meridian.topology import LINKS, SITES, Link

_FIRST_METRIC = 10  # the kernel's own routes to the ends of a line have none, and come first
_NOT_THROUGH_FILTERS = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
_LOOSE = "2"  # rp_filter: a source is accepted if there is any way back to it (RFC 3704, 2.4)
_ONE_SEGMENT, _ANY_SEGMENTS = 1, 65535  # of a packet that the kernel may leave to be cut up by the line


@dataclass(frozen=True, slots=True)
class Impairment:
    """What is wrong with a line: it is down, which both routers see, or one or both directions are bad.

    ``qualities`` are from the first end of the line to the second, and back.
    """

    down: bool = False
    qualities: tuple[Quality, Quality] = (PERFECT, PERFECT)


class Lines:
    """All lines of one range."""

    def __init__(self, exchange: Node, routers: Mapping[str, Node]) -> None:
        """Lay every cable and give the routers their routes."""
        self._exchange = exchange
        self._routers = routers
        self._impairments: dict[str, dict[str, Impairment]] = {name: {} for name in LINKS}
        self._carried: set[str] = set()
        self._failed: set[str] = set()
        self._wire: Offspring | None = None
        with exchange.inside(), suppress(FileNotFoundError):
            _NOT_THROUGH_FILTERS.write_text("0", encoding="ascii")
        self._bridges = {link.name: self._lay(link) for link in LINKS.values()}

    def impair(self, name: str, link: Link, impairment: Impairment) -> None:
        """Put something wrong with a line, held under a name; it replaces what was held under it on this line."""
        self.look_after()
        self._impairments[link.name][name] = impairment
        self._settle(link)

    def restore(self, name: str) -> None:
        """Take back what is held under a name, on every line; where there is nothing, nothing changes."""
        for link in LINKS.values():
            if self._impairments[link.name].pop(name, None):
                self._settle(link)

    def is_up(self, link: Link) -> bool:
        """Return whether both routers see the line up, as the kernel has it."""
        return all(self._routers[site].has_carrier(link.interface) for site in link.between)

    def held(self, link: Link) -> dict[str, Impairment]:
        """Return what is wrong with a line, by the name under which it is held."""
        return dict(self._impairments[link.name])

    def qualities(self, link: Link) -> tuple[Quality, Quality]:
        """Return what all that is held comes to, from the first end to the second and back."""
        forth, back = PERFECT, PERFECT
        for impairment in self._impairments[link.name].values():
            forth, back = forth.with_(impairment.qualities[0]), back.with_(impairment.qualities[1])
        return forth, back

    def look_after(self) -> None:
        """See whether the wire has ended: what it carried is down from now on, and never simply whole again."""
        if self._wire is not None and self._wire.ended():
            self._lose_wire("it ended")

    def close(self) -> None:
        """End the wire."""
        if self._wire is not None:
            self._wire.end()

    def _settle(self, link: Link) -> None:
        """Make a line be as all that is held says."""
        qualities = self.qualities(link)
        if qualities == (PERFECT, PERFECT):
            self._failed.discard(link.name)
            self._let_go(link)
        elif link.name not in self._failed:
            self._carry(link, qualities)
        down = any(impairment.down for impairment in self._impairments[link.name].values())
        self._plug(link, up=not down and link.name not in self._failed)

    def _carry(self, link: Link, qualities: tuple[Quality, Quality]) -> None:
        """Have the wire carry a line."""
        first = link.name not in self._carried
        sockets: list[socket.socket] = []
        if first:
            self._carried.add(link.name)
            self._join(link, bridge=0, segments=_ONE_SEGMENT)
            with self._exchange.inside():
                sockets = [packet_socket(port) for port in _ports(link)]
        try:
            self._tell(link, qualities, [each.fileno() for each in sockets])
        except OSError as error:
            self._lose_wire(str(error))
            message = f"the wire does not carry {link.name}: {error}; the line is down"
            raise MeridianError("MR119", message, remedy="restore the line, then try again") from error
        finally:
            for each in sockets:
                each.close()

    def _lose_wire(self, why: str) -> None:
        """Give up the wire, with every line that it carries: their cables are in nobody's hands, and are taken out."""
        sys.stderr.write(f"the wire is lost, {why}; down with it: {', '.join(sorted(self._carried)) or 'nothing'}\n")
        sys.stderr.flush()
        if self._wire is not None:
            self._wire.end()
            self._wire = None
        self._failed |= self._carried
        self._carried.clear()
        for name in self._failed:
            self._plug(LINKS[name], up=False)

    def _let_go(self, link: Link) -> None:
        """Join the two cables of a line again, whether the wire lives or not."""
        if link.name in self._carried:
            self._carried.discard(link.name)
            try:
                self._tell(link, None, [])
            except OSError as error:
                self._lose_wire(str(error))
        self._join(link, bridge=self._bridges[link.name], segments=_ANY_SEGMENTS)

    def _tell(self, link: Link, qualities: tuple[Quality, Quality] | None, descriptors: list[int]) -> None:
        """Tell the wire how a line is from now on, and return when it obeys; raise OSError when it does not."""
        if self._wire is None:
            self._wire = offspring.fork(be_wire)
        wanted = None if qualities is None else [asdict(each) for each in qualities]
        message = json.dumps({"line": link.name, "qualities": wanted}).encode()
        socket.send_fds(self._wire.control, [message], descriptors)
        if not self._wire.control.recv(16):
            ended = "it ended"
            raise ConnectionError(ended)

    def _join(self, link: Link, *, bridge: int, segments: int) -> None:
        """Put a line's cables into a bridge, 0 for none; and say how large a packet may be that its routers send."""
        for port, site in zip(_ports(link), link.between, strict=True):
            self._exchange.netlink.link("set", index=self._exchange.index(port), master=bridge)
            router = self._routers[site]
            # What is lost or slowed must be packets, not the bundles of forty that the kernel hands on for speed.
            router.netlink.link("set", index=router.index(link.interface), gso_max_segs=segments)

    def _plug(self, link: Link, *, up: bool) -> None:
        """Plug a line's cables in or out at the exchange: the routers lose its carrier, and with it its routes."""
        for port in _ports(link):
            self._exchange.netlink.link("set", index=self._exchange.index(port), state="up" if up else "down")

    def _lay(self, link: Link) -> int:
        """Lay both cables of a line and route its sites to each other over it; return the index of its bridge."""
        netlink = self._exchange.netlink
        netlink.link("add", ifname=link.interface, kind="bridge")
        bridge = self._exchange.index(link.interface)
        netlink.link("set", index=bridge, state="up")
        for end, (site, port) in enumerate(zip(link.between, _ports(link), strict=True)):
            router, peer = self._routers[site], link.between[1 - end]
            near = veth(router, link.interface, self._exchange, port)
            netlink.link("set", index=self._exchange.index(port), master=bridge, state="up")
            router.netlink.addr("add", index=near, address=link.addresses[end], prefixlen=30)
            router.netlink.link("set", index=near, state="up")
            router.netlink.route(
                "add", dst=SITES[peer].cidr, gateway=link.addresses[1 - end], oif=near, priority=metric(link)
            )
            if link.alternative:
                with router.inside():
                    Path(f"/proc/sys/net/ipv4/conf/{link.interface}/rp_filter").write_text(_LOOSE, encoding="ascii")
        return bridge


def metric(link: Link) -> int:
    """Return the metric of the routes over a line: of two between the same sites the lower one is used."""
    return _FIRST_METRIC * (link.preference + 1)


def _ports(link: Link) -> tuple[str, str]:
    """Return the names of a line's two interfaces at the exchange."""
    return f"{link.interface}-1", f"{link.interface}-2"
