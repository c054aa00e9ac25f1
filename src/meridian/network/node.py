"""One network namespace of the range, held open, and the pairs of interfaces that join two of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pyroute2 import IPRoute

from meridian.linux import inside_network


@dataclass(slots=True)
class Node:
    """One network namespace: the descriptor that keeps it and a netlink socket inside it."""

    descriptor: int
    netlink: IPRoute

    def index(self, interface: str) -> int:
        """Return the index of an interface."""
        return int(self.netlink.link_lookup(ifname=interface)[0])

    def has_carrier(self, interface: str) -> bool:
        """Return whether an interface and what is at its other end are up, as the kernel has it."""
        return bool(self.netlink.get_links(ifname=interface)[0].get_attr("IFLA_CARRIER") == 1)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Be in the namespace for the length of a block; what is opened there stays there."""
        with inside_network(self.descriptor):
            yield

    def close(self) -> None:
        """Let go of the namespace; it ends when no process and no socket is left in it."""
        self.netlink.close()
        os.close(self.descriptor)


def veth(near: Node, near_name: str, far: Node, far_name: str) -> int:
    """Join two namespaces by a pair of virtual interfaces and return the index of the near one."""
    near.netlink.link("add", ifname=near_name, kind="veth", peer={"ifname": far_name, "net_ns_fd": far.descriptor})
    return near.index(near_name)
