"""The range's routers, hosts' network namespaces and links, held by the process that builds them.

Namespaces are anonymous: an open descriptor or a process keeps each, nothing appears in the machine's own network, and
with the keeper's end all of it is gone. A netlink socket stays in the namespace in which it was opened, so one process
configures them all.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from meridian.errors import MachineCannot
from meridian.linux import CLONE_NEWNET, setns, unshare
from meridian.network.filter import Filter
from meridian.topology import HOSTS, LINKS, SITES, Host, Link

_SCOPE_LINK, _SCOPE_HOST = 253, 254  # rtnetlink.h
_LOCAL_TABLE = 255
_LOOPBACK = 1  # the index of loopback in every network namespace
EVERYWHERE = "0.0.0.0/0"
_TRIAL = "trial"

_AT_ONCE = {"quickack": 1}
"""Acknowledge every segment at once: a client that sends a request in two writes would else wait 40 ms for the second.
Patroni's etcd client does, several times in each of its loops."""

_IPV6_OFF = ("ipv6/conf/all/disable_ipv6", "1")
_HOST_SETTINGS = (_IPV6_OFF,)
_ROUTER_SETTINGS = (
    ("ipv4/ip_forward", "1"),
    # A packet must come from where its answer would go (RFC 3704, strict): nobody speaks with another site's address.
    ("ipv4/conf/all/rp_filter", "1"),
    ("ipv4/conf/default/rp_filter", "1"),
    _IPV6_OFF,
)


@dataclass(slots=True)
class Node:
    """One network namespace: the descriptor that keeps it and a netlink socket inside it."""

    descriptor: int
    netlink: IPRoute

    def index(self, interface: str) -> int:
        """Return the index of an interface; each is named by what is at its other end."""
        return int(self.netlink.link_lookup(ifname=interface)[0])

    def is_up(self, interface: str) -> bool:
        """Return whether an interface is up, as the kernel has it."""
        return bool(self.netlink.get_links(ifname=interface)[0].get("state") == "up")

    def close(self) -> None:
        """Let go of the namespace; it ends when no process and no socket is left in it."""
        self.netlink.close()
        os.close(self.descriptor)


class Fabric:
    """All routers and host namespaces of one range. Must be built and used by one thread."""

    def __init__(self) -> None:
        """Build all of it; this process stays in the namespace it is in. Raise MR116 for what the kernel lacks."""
        try:
            self._build()
        except (OSError, NetlinkError) as error:
            raise MachineCannot(
                "MR116",
                f"the kernel refuses a part of the range's network: {error}",
                remedy="it needs veth interfaces, nf_tables with IPv4, and IP forwarding: built in, or loaded by root",
            ) from error

    def _build(self) -> None:
        self._base = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._routers = {site: self._make(router=True) for site in SITES}
        self._filters = {site: self._filter(node) for site, node in self._routers.items()}
        self._hosts: dict[str, Node] = {}
        for link in LINKS.values():
            self._join(link)
        for host in HOSTS.values():
            self.plug(host)
        # That packets can be dropped is tried now, not in the middle of an exercise.
        self.cut(_TRIAL, [EVERYWHERE], [EVERYWHERE])
        self.mend(_TRIAL)

    def descriptor(self, host: str) -> int:
        """Return the descriptor of a host's network namespace."""
        return self._hosts[host].descriptor

    def socket_in(self, host: str) -> socket.socket:
        """Return a new TCP socket that lives in a host's network namespace, whoever uses it."""
        with self._inside(self._hosts[host].descriptor):
            return socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    def plug(self, host: Host) -> None:
        """Give a host a fresh network namespace, joined to its site's router by a link of its own."""
        old = self._hosts.pop(host.name, None)
        router = self._routers[host.site]
        for index in router.netlink.link_lookup(ifname=host.name):
            router.netlink.link("del", index=index)
        if old:
            old.close()
        node = self._make(router=False)
        gateway = SITES[host.site].gateway
        near = _veth(router, host.name, node, "eth0")
        router.netlink.addr("add", index=near, address=gateway, prefixlen=32)
        router.netlink.link("set", index=near, state="up")
        router.netlink.route("add", dst=f"{host.address}/32", oif=near, scope=_SCOPE_LINK)
        far = node.index("eth0")
        node.netlink.addr("add", index=far, address=host.address, prefixlen=32)
        node.netlink.link("set", index=far, state="up")
        node.netlink.route("add", dst=f"{gateway}/32", oif=far, scope=_SCOPE_LINK, metrics=_AT_ONCE)
        node.netlink.route("add", dst=EVERYWHERE, gateway=gateway, metrics=_AT_ONCE)
        node.netlink.route(
            "replace", dst=f"{host.address}/32", prefsrc=host.address, oif=_LOOPBACK,
            table=_LOCAL_TABLE, type="local", scope=_SCOPE_HOST, metrics=_AT_ONCE,
        )  # fmt: skip
        self._hosts[host.name] = node

    def set_link(self, link: Link, *, up: bool) -> None:
        """Take a wide-area link down, or up with its routes."""
        one, other = link.between
        for site, peer in ((one, other), (other, one)):
            node = self._routers[site]
            node.netlink.link("set", index=node.index(peer), state="up" if up else "down")
            if up:
                # The kernel forgets a route when its link goes down.
                self._route(link, site, peer)

    def link_is_up(self, link: Link) -> bool:
        """Return whether both ends of a link are up, as the kernel has it."""
        one, other = link.between
        return self._routers[one].is_up(other) and self._routers[other].is_up(one)

    def cut(self, name: str, one: Sequence[str], other: Sequence[str]) -> None:
        """Drop everything between two sets of prefixes at every router, silently."""
        for each in self._filters.values():
            each.prepare(name, one, other)
        for each in self._filters.values():
            each.take_effect(name)

    def mend(self, name: str) -> None:
        """Remove a cut everywhere."""
        for each in self._filters.values():
            each.mend(name)

    def cuts(self) -> tuple[str, ...]:
        """Return the names of all cuts that any router holds."""
        return tuple(sorted(frozenset().union(*(each.cuts() for each in self._filters.values()))))

    @contextmanager
    def _inside(self, descriptor: int) -> Iterator[None]:
        setns(descriptor, CLONE_NEWNET)
        try:
            yield
        finally:
            setns(self._base, CLONE_NEWNET)

    def _make(self, *, router: bool) -> Node:
        """Make a network namespace with its loopback up; a router forwards."""
        unshare(CLONE_NEWNET)
        try:
            descriptor = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            for name, value in _ROUTER_SETTINGS if router else _HOST_SETTINGS:
                setting = Path("/proc/sys/net", name)
                # A kernel without IPv6 has nothing to switch off.
                if setting.exists():
                    setting.write_text(value, encoding="ascii")
            netlink = IPRoute()
            netlink.link("set", index=_LOOPBACK, state="up")
        finally:
            setns(self._base, CLONE_NEWNET)
        return Node(descriptor, netlink)

    def _filter(self, node: Node) -> Filter:
        with self._inside(node.descriptor):
            return Filter()

    def _join(self, link: Link) -> None:
        """Join two routers by a link and route the two sites to each other over it."""
        one, other = link.between
        _veth(self._routers[one], other, self._routers[other], one)
        for site, peer, address in zip(link.between, reversed(link.between), link.addresses, strict=True):
            node = self._routers[site]
            node.netlink.addr("add", index=node.index(peer), address=address, prefixlen=30)
        self.set_link(link, up=True)

    def _route(self, link: Link, site: str, peer: str) -> None:
        there = link.addresses[link.between.index(peer)]
        self._routers[site].netlink.route("replace", dst=SITES[peer].cidr, gateway=there)


def _veth(near: Node, near_name: str, far: Node, far_name: str) -> int:
    """Join two namespaces by a pair of virtual interfaces and return the index of the near one."""
    near.netlink.link("add", ifname=near_name, kind="veth", peer={"ifname": far_name, "net_ns_fd": far.descriptor})
    return near.index(near_name)
