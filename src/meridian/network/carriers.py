"""Liveness of the lines that have an alternative: routers say hello over them, and use only those that answer.

A line whose cable is out loses its carrier, and the kernel passes over its routes by itself. A line that swallows
packets keeps its carrier, so each router sends a hello over it ten times a second and says in it whether it hears the
other. One that hears nothing three times in a row, or hears that it is not heard, withdraws its route, so both ends
leave a line that works in one direction only; they return when it has worked for a second. (The asynchronous mode of
RFC 5880, as far as it is needed.) One process does it for all routers; each end knows only what came over its line.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from meridian.linux import CAP_NET_ADMIN, CLONE_NEWNET, keep_only, setns
from meridian.network import offspring
from meridian.network.lines import metric
from meridian.network.node import Node
from meridian.network.offspring import Offspring
from meridian.topology import LINKS, SITES, Link, links_of

EVERY_S = 0.1
MISSES = 3
RETURN_AFTER = 10  # looks in a row at a line that works
PORT = 3784  # of BFD's single-hop control packets (RFC 5881, 4)
HEARD, NOT_HEARD = b"1", b"0"
_ONE_HOP = 1
_READY = b"ready"


@dataclass(slots=True)
class End:
    """What one router knows of one line. It is told of a look at a time, and answers whether its route should stand."""

    usable: bool = True
    missed: int = 0
    peer_hears: bool = True
    good: int = 0

    @property
    def hears(self) -> bool:
        """Return whether the other end was heard lately."""
        return self.missed < MISSES

    def look(self, said: bytes | None) -> bool:
        """Take in the last hello since the look before, None if there was none; return whether the line is usable."""
        if said is None:
            self.missed += 1
        else:
            self.missed, self.peer_hears = 0, said == HEARD
        works = self.hears and self.peer_hears
        self.good = self.good + 1 if works else 0
        self.usable = works if self.usable else self.good >= RETURN_AFTER
        return self.usable


class Router:
    """One end of one line as its router has it: a socket on that line, the other end's address, and the route."""

    def __init__(self, link: Link, end: int, netlink: IPRoute) -> None:
        """Must be made inside the router's network namespace."""
        own, self._peer = link.addresses[end], link.addresses[1 - end]
        self._end = End()
        self._netlink = netlink
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.interface.encode())
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, _ONE_HOP)
        self._socket.bind((own, PORT))
        self._socket.settimeout(0)
        self._route = {"dst": SITES[link.between[1 - end]].cidr, "gateway": self._peer, "priority": metric(link)}
        self._route["oif"] = netlink.link_lookup(ifname=link.interface)[0]
        # Whoever did this before may have ended with the route withdrawn.
        netlink.route("replace", **self._route)

    def look(self) -> None:
        """Take in the hellos that came, set the route by them, and say hello."""
        before = self._end.usable
        if self._end.look(self._heard()) != before:
            with suppress(NetlinkError):
                # It may be there, or gone, already: the line itself may have come or gone meanwhile.
                self._netlink.route("del" if before else "replace", **self._route)
        with suppress(OSError):
            self._socket.sendto(HEARD if self._end.hears else NOT_HEARD, (self._peer, PORT))

    def _heard(self) -> bytes | None:
        """Return the last hello that waits, None if there is none."""
        said = None
        with suppress(BlockingIOError):
            while True:
                said = self._socket.recv(1)
        return said


def _watch(control: socket.socket) -> None:
    """Watch every line that has an alternative until the keeper lets go of ``control``."""
    message, descriptors, _, _ = socket.recv_fds(control, 4096, len(SITES))
    routers: list[Router] = []
    for site, descriptor in zip(json.loads(message), descriptors, strict=True):
        setns(descriptor, CLONE_NEWNET)
        netlink = IPRoute()
        mine = [link for link in links_of(site) if link.alternative]
        routers += [Router(link, link.between.index(site), netlink) for link in mine]
    keep_only(CAP_NET_ADMIN)
    control.send(_READY)
    control.settimeout(EVERY_S)
    while True:
        # A process that slept has missed nothing: only what it looked for and did not find counts.
        for router in routers:
            router.look()
        with suppress(TimeoutError):
            if not control.recv(1):
                return


class Carriers:
    """The keeper's hold on that process."""

    def __init__(self, routers: Mapping[str, Node]) -> None:
        """Start it."""
        self._routers = routers
        self._process = self._start()

    def look_after(self) -> None:
        """Start it again if it ended; meanwhile the routes stand as they were."""
        if self._process.ended():
            self._process.end()
            self._process = self._start()

    def close(self) -> None:
        """End it."""
        self._process.end()

    def _start(self) -> Offspring:
        process = offspring.fork(_watch)
        sites = sorted({site for link in LINKS.values() if link.alternative for site in link.between})
        descriptors = [self._routers[site].descriptor for site in sites]
        with suppress(OSError):
            socket.send_fds(process.control, [json.dumps(sites).encode()], descriptors)
            process.control.recv(len(_READY))
        return process
