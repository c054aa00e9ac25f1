"""Cuts and fences in a router: silent drops, and refusals, one nftables table for each, made and removed over netlink.

A table has the cut's name, hooks before routing (so that nothing answers with an error, whatever the routes say)
and drops packets by source, destination and port. What is cut is read back from the kernel, never remembered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import product
from typing import Any, Literal

from pyroute2.nftables.expressions import genex, verdict
from pyroute2.nftables.main import NFTables

_IPV4 = 2  # NFPROTO_IPV4
_DORMANT = 1  # NFT_TABLE_F_DORMANT
_PREROUTING_PRIORITY = -300  # before connection tracking and everything else
_FENCE_PRIORITY = -310  # before cuts: what a fence refuses must not vanish in a silent drop
_ACCEPT, _DROP = 1, 0
_SOURCE_OFFSET, _DESTINATION_OFFSET, _ADDRESS_BYTES = 12, 16, 4  # of an IPv4 header (RFC 791)
_SOURCE_PORT_OFFSET, _DESTINATION_PORT_OFFSET, _PORT_BYTES = 0, 2, 2  # of a TCP header (RFC 9293, 3.1)
_NETWORK_HEADER, _TRANSPORT_HEADER = 1, 2
_REGISTER = 1
_EQUAL = 0
_L4PROTO = 16  # NFT_META_L4PROTO
_TCP = b"\x06"
_TCP_RESET = 1  # NFT_REJECT_TCP_RST


Direction = Literal["both", "forth", "back"]
Side = Sequence[str]


@dataclass(frozen=True, slots=True)
class Cut:
    """What no router passes on: packets between the two sides of each pair, in both directions or in one.

    *Forth* is from the first side of a pair to the second. With ``ports``, only TCP of which either end has one of
    them: what the connections *to* these ports consist of, whoever opened them. ``refuse`` answers TCP with RST to
    its sender; everything else, and everything without it, vanishes silently.
    """

    pairs: tuple[tuple[Side, Side], ...]
    direction: Direction = "both"
    ports: tuple[int, ...] = ()
    refuse: bool = False


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


def _is_tcp() -> list[Any]:
    return [
        genex("meta", {"key": _L4PROTO, "dreg": _REGISTER}),
        genex("cmp", {"sreg": _REGISTER, "op": _EQUAL, "data": _value(_TCP)}),
    ]


def _port(number: int, offset: int) -> list[Any]:
    """Return expressions that match a port in a TCP header."""
    load = {"dreg": _REGISTER, "base": _TRANSPORT_HEADER, "offset": offset, "len": _PORT_BYTES}
    compare = {"sreg": _REGISTER, "op": _EQUAL, "data": _value(number.to_bytes(_PORT_BYTES, "big"))}
    return [*_is_tcp(), genex("payload", load), genex("cmp", compare)]


def _reset() -> list[Any]:
    return [genex("reject", {"type": _TCP_RESET})]


def _rules(cut: Cut) -> Iterator[list[Any]]:
    """Yield the rules of a cut; each is a list of groups of expressions, of which the last says what becomes of it."""
    for one, other in cut.pairs:
        ways = {"both": ((one, other), (other, one)), "forth": ((one, other),), "back": ((other, one),)}
        for sources, destinations in ways[cut.direction]:
            for source, destination in product(map(IPv4Network, sources), map(IPv4Network, destinations)):
                match = [_prefix(source, _SOURCE_OFFSET), _prefix(destination, _DESTINATION_OFFSET)]
                for port, offset in product(cut.ports, (_SOURCE_PORT_OFFSET, _DESTINATION_PORT_OFFSET)):
                    yield [*match, _port(port, offset), _reset() if cut.refuse else verdict(_DROP)]
                if not cut.ports:
                    if cut.refuse:
                        yield [*match, _is_tcp(), _reset()]
                    yield [*match, verdict(_DROP)]


class Filter:
    """The cuts of one router."""

    def __init__(self) -> None:
        """Open the socket in the network namespace that this process is in now; it stays there."""
        self._netlink = NFTables(nfgen_family=_IPV4)

    def cuts(self) -> frozenset[str]:
        """Return the names of the cuts that the kernel holds."""
        return frozenset(str(table.get_attr("NFTA_TABLE_NAME")) for table in self._netlink.get_tables())

    def prepare(self, name: str, cut: Cut) -> None:
        """Make a cut that does nothing yet. It replaces one of that name."""
        self.mend(name)
        self._netlink.table("add", name=name, NFTA_TABLE_FLAGS=_DORMANT)
        self._netlink.chain(
            "add", table=name, name="drop", hook="prerouting", type="filter",
            priority=_PREROUTING_PRIORITY, policy=_ACCEPT,
        )  # fmt: skip
        for expressions in _rules(cut):
            self._netlink.rule("add", table=name, chain="drop", expressions=expressions)

    def prepare_fence(self, name: str, address: str) -> None:
        """Make a fence that does nothing yet: TCP to an address is answered with RST, all else of it is dropped.

        Refused, not dropped: whoever asks a dead server and hears nothing waits for its whole timeout.
        """
        self.mend(name)
        self._netlink.table("add", name=name, NFTA_TABLE_FLAGS=_DORMANT)
        self._netlink.chain(
            "add", table=name, name="refuse", hook="prerouting", type="filter",
            priority=_FENCE_PRIORITY, policy=_ACCEPT,
        )  # fmt: skip
        host = IPv4Network(address)
        to, by = _prefix(host, _DESTINATION_OFFSET), _prefix(host, _SOURCE_OFFSET)
        for match in ((to, _is_tcp(), _reset()), (to, verdict(_DROP)), (by, verdict(_DROP))):
            self._netlink.rule("add", table=name, chain="refuse", expressions=match)

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
