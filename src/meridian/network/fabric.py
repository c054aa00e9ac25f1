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
from pathlib import Path

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from meridian.errors import MachineCannot
from meridian.linux import CLONE_NEWNET, setns, unshare
from meridian.network.carriers import Carriers
from meridian.network.filter import Cut, Filter
from meridian.network.lines import Lines
from meridian.network.node import Node, veth
from meridian.network.passage import set_passage
from meridian.network.policy import Doors
from meridian.network.segmentation import HostFilter
from meridian.topology import HOSTS, SITES, Host

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
    # A route over a line whose cable is out is passed over, and stands again when the cable is in.
    ("ipv4/conf/default/ignore_routes_with_linkdown", "1"),
    _IPV6_OFF,
)


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
                remedy="it needs veth, bridges, nf_tables with IPv4, and IP forwarding: built in, or loaded by root",
            ) from error

    def _build(self) -> None:
        self._closed = False
        self._base = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._routers = {site: self._make(_ROUTER_SETTINGS) for site in SITES}
        self._filters = {site: self._filter(node) for site, node in self._routers.items()}
        self._hosts: dict[str, Node] = {}
        self._guards: dict[str, HostFilter] = {}
        self.lines = Lines(self._make(_HOST_SETTINGS), self._routers)
        self._carriers = Carriers(self._routers)
        for host in HOSTS.values():
            self.plug(host)
        # That packets can be dropped and refused is tried now, not in the middle of an exercise.
        self.cut_off(_TRIAL, Cut((([EVERYWHERE], [EVERYWHERE]),), refuse=True))
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
        if guard := self._guards.pop(host.name, None):
            guard.close()
        node = self._make(_HOST_SETTINGS)
        gateway = SITES[host.site].gateway
        near = veth(router, host.name, node, "eth0")
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

    def guard(self, host: str, doors: Doors) -> None:
        """Let a host's filter pass what ``doors`` allow and drop the rest. Raise MR116 for what the kernel lacks."""
        if host not in self._guards:
            with self._inside(self._hosts[host].descriptor):
                self._guards[host] = HostFilter()
        self._guards[host].apply(doors)

    def set_passage(self, *, opened: bool) -> None:
        """Let the clean room be reached through the vault's router, or not."""
        set_passage(self._routers, opened=opened)

    def look_after(self) -> None:
        """See whether the processes of the network live, and mend what became of one that does not."""
        if not self._closed:
            self.lines.look_after()
            self._carriers.look_after()

    def close(self) -> None:
        """End the processes of the network; its namespaces end with the process that holds them."""
        self._closed = True
        self.lines.close()
        self._carriers.close()

    def cut(self, name: str, one: Sequence[str], other: Sequence[str]) -> None:
        """Drop everything between two sets of prefixes at every router, silently."""
        self.cut_off(name, Cut(((one, other),)))

    def cut_off(self, name: str, cut: Cut) -> None:
        """Have every router drop or refuse what a cut says."""
        for each in self._filters.values():
            each.prepare(name, cut)
        for each in self._filters.values():
            each.take_effect(name)

    def fence(self, name: str, address: str) -> None:
        """Refuse every connection to an address, and drop what comes from it, at every router."""
        for each in self._filters.values():
            each.prepare_fence(name, address)
        for each in self._filters.values():
            each.take_effect(name)

    def everywhere(self, name: str) -> bool:
        """Return whether every router holds a cut or fence of that name, as the kernels have it."""
        return all(name in each.cuts() for each in self._filters.values())

    def mend(self, name: str) -> None:
        """Remove a cut or fence everywhere."""
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

    def _make(self, settings: tuple[tuple[str, str], ...]) -> Node:
        """Make a network namespace with its loopback up."""
        unshare(CLONE_NEWNET)
        try:
            descriptor = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            for name, value in settings:
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
