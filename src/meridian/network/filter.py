"""Cuts: silent drops in a router, one nftables table for each, made and removed over netlink.

A table has the cut's name, hooks before routing (so that nothing answers with an error, whatever the routes say)
and drops packets by source and destination. What is cut is read back from the kernel, never remembered.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network
from typing import Any

from pyroute2.nftables.expressions import genex, verdict
from pyroute2.nftables.main import NFTables

_IPV4 = 2  # NFPROTO_IPV4
_DORMANT = 1  # NFT_TABLE_F_DORMANT
_PREROUTING_PRIORITY = -300  # before connection tracking and everything else
_ACCEPT, _DROP = 1, 0
_SOURCE_OFFSET, _DESTINATION_OFFSET, _ADDRESS_BYTES = 12, 16, 4  # of an IPv4 header (RFC 791)
_NETWORK_HEADER = 1
_REGISTER = 1
_EQUAL = 0


def _prefix(network: IPv4Network, offset: int) -> list[Any]:
    """Return expressions that match an address in an IPv4 header: the address, masked, compared with the network's."""
    load = {"dreg": _REGISTER, "base": _NETWORK_HEADER, "offset": offset, "len": _ADDRESS_BYTES}
    mask = {
        "sreg": _REGISTER,
        "dreg": _REGISTER,
        "len": _ADDRESS_BYTES,
        "mask": _value(network.netmask.packed),
        "xor": _value(bytes(_ADDRESS_BYTES)),
    }
    compare = {"sreg": _REGISTER, "op": _EQUAL, "data": _value(network.network_address.packed)}
    return [genex("payload", load), genex("bitwise", mask), genex("cmp", compare)]


def _value(octets: bytes) -> dict[str, Any]:
    return {"attrs": [("NFTA_DATA_VALUE", octets)]}


class Filter:
    """The cuts of one router."""

    def __init__(self) -> None:
        """Open the socket in the network namespace that this process is in now; it stays there."""
        self._netlink = NFTables(nfgen_family=_IPV4)

    def cuts(self) -> frozenset[str]:
        """Return the names of the cuts that the kernel holds."""
        return frozenset(str(table.get_attr("NFTA_TABLE_NAME")) for table in self._netlink.get_tables())

    def prepare(self, name: str, one: Iterable[str], other: Iterable[str]) -> None:
        """Make a cut that does nothing yet: everything between two sets of addresses. It replaces one of that name."""
        self.mend(name)
        self._netlink.table("add", name=name, NFTA_TABLE_FLAGS=_DORMANT)
        self._netlink.chain(
            "add", table=name, name="drop", hook="prerouting", type="filter",
            priority=_PREROUTING_PRIORITY, policy=_ACCEPT,
        )  # fmt: skip
        others = tuple(IPv4Network(each) for each in other)
        for left in map(IPv4Network, one):
            for right in others:
                for source, destination in ((left, right), (right, left)):
                    match = (_prefix(source, _SOURCE_OFFSET), _prefix(destination, _DESTINATION_OFFSET), verdict(_DROP))
                    self._netlink.rule("add", table=name, chain="drop", expressions=match)

    def take_effect(self, name: str) -> None:
        """Let a prepared cut drop packets from now on, silently: all its rules at once."""
        self._netlink.table("add", name=name, NFTA_TABLE_FLAGS=0)

    def mend(self, name: str) -> None:
        """Remove a cut; one that is not there is mended already."""
        if name in self.cuts():
            self._netlink.table("del", name=name)

    def close(self) -> None:
        """Close the netlink socket."""
        self._netlink.close()
