"""Cuts: silent drops in a router, one nftables table for each, made and removed over netlink.

A table is named by the cut's id, hooks before routing (so that nothing answers with an error, whatever the routes say)
and drops packets by source and destination. What is cut is read back from the kernel, never remembered.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Any

from pyroute2.nftables.expressions import genex, verdict
from pyroute2.nftables.main import NFTables

_IPV4 = 2  # NFPROTO_IPV4
_PREROUTING_PRIORITY = -300  # before connection tracking and everything else
_ACCEPT, _DROP = 1, 0
_SOURCE_OFFSET, _DESTINATION_OFFSET = 12, 16  # of the addresses in an IPv4 header (RFC 791)
_NETWORK_HEADER = 1
_REGISTER = 1
_OCTET_BITS = 8
TABLE_PREFIX = "cut-"


def _prefix(cidr: str, offset: int) -> list[Any]:
    """Return expressions that match an address in an IPv4 header; the prefix length is a multiple of eight."""
    address, _, bits = cidr.partition("/")
    octets = int(bits or 32) // _OCTET_BITS
    if not octets:
        return []
    data = {"attrs": [("NFTA_DATA_VALUE", socket.inet_aton(address)[:octets])]}
    load = {"dreg": _REGISTER, "base": _NETWORK_HEADER, "offset": offset, "len": octets}
    return [genex("payload", load), genex("cmp", {"sreg": _REGISTER, "op": 0, "data": data})]


class Filter:
    """The cuts of one router."""

    def __init__(self) -> None:
        """Open the socket in the network namespace that this process is in now; it stays there."""
        self._netlink = NFTables(nfgen_family=_IPV4)

    def cuts(self) -> frozenset[str]:
        """Return the ids of the cuts that the kernel holds."""
        names = (table.get_attr("NFTA_TABLE_NAME") for table in self._netlink.get_tables())
        return frozenset(name.removeprefix(TABLE_PREFIX) for name in names if name.startswith(TABLE_PREFIX))

    def cut(self, identity: str, one: Iterable[str], other: Iterable[str]) -> None:
        """Drop everything between two sets of addresses, both ways, silently. Cutting again replaces the cut."""
        self.mend(identity)
        table = TABLE_PREFIX + identity
        self._netlink.table("add", name=table)
        self._netlink.chain(
            "add", table=table, name="cut", hook="prerouting", type="filter",
            priority=_PREROUTING_PRIORITY, policy=_ACCEPT,
        )  # fmt: skip
        others = tuple(other)
        for left in one:
            for right in others:
                for source, destination in ((left, right), (right, left)):
                    match = (_prefix(source, _SOURCE_OFFSET), _prefix(destination, _DESTINATION_OFFSET), verdict(_DROP))
                    self._netlink.rule("add", table=table, chain="cut", expressions=match)

    def mend(self, identity: str) -> None:
        """Remove a cut; one that is not there is mended already."""
        if identity in self.cuts():
            self._netlink.table("del", name=TABLE_PREFIX + identity)

    def close(self) -> None:
        """Close the netlink socket."""
        self._netlink.close()
