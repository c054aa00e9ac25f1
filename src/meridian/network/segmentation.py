"""Micro-segmentation: a filter in every host's network namespace that drops whatever the policy does not allow.

It drops on the way in and on the way out, so a flow is open only where both hosts allow it, and it drops silently:
whoever tries what is not allowed hears nothing. The rules hold no state. What belongs to a connection that the other
side opened is known by its ports and by its flags: a segment with SYN and without ACK opens a connection (RFC 9293,
3.1), and only the side that may open one is let through with it. So nothing is forgotten when a host loses its power,
and a connection that one side has forgotten is reset at once, as without a filter.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Mapping
from functools import cache
from ipaddress import IPv4Network
from typing import Any

from pyroute2.netlink.nfnetlink import NFNL_SUBSYS_NFTABLES, nfgen_msg
from pyroute2.netlink.nfnetlink.nftsocket import (
    NFT_MSG_DELTABLE,
    NFT_MSG_NEWCHAIN,
    NFT_MSG_NEWRULE,
    NFT_MSG_NEWSET,
    NFT_MSG_NEWSETELEM,
    NFT_MSG_NEWTABLE,
    nft_chain_msg,
    nft_rule_msg,
    nft_set_elem_list_msg,
    nft_set_msg,
    nft_table_msg,
)
from pyroute2.nftables.expressions import genex, verdict

from meridian.errors import MachineCannot
from meridian.network.policy import Doors, Ends
from meridian.topology import LINES

TABLE = "segmentation"
ANSWER_TIMEOUT_S = 5.0
ANSWER_LIMIT_BYTES = 1 << 16
_IPV4 = 2  # NFPROTO_IPV4
_NETFILTER = 12  # NETLINK_NETFILTER
_REQUEST, _ACKNOWLEDGE, _MAKE = 0x1, 0x4, 0x400 | 0x800  # NLM_F_CREATE and NLM_F_APPEND of netlink.h
_BEGIN, _END = 0x10, 0x11  # NFNL_MSG_BATCH_BEGIN and _END of nfnetlink.h
_ANSWER = struct.Struct("=IHHIIi")  # nlmsghdr and the error of nlmsgerr, 0 or negative (netlink.h)
_HOOKS = {"input": 1, "output": 3}  # nf_inet_hooks
_PRIORITY = 0
_ACCEPT, _DROP = 1, 0
_NETWORK_HEADER, _TRANSPORT_HEADER = 1, 2
_SOURCE_ADDRESS, _TARGET_ADDRESS, _PROTOCOL = (12, 4), (16, 4), (9, 1)  # offset and length (RFC 791, 3.1)
_SOURCE_PORT, _TARGET_PORT, _FLAGS = (0, 2), (2, 2), (13, 1)  # of a TCP header (RFC 9293, 3.1)
_ICMP_TYPE = (0, 1)
_ICMP, _TCP, _UNREACHABLE = b"\x01", b"\x06", b"\x03"
_ECHO_REPLY, _ECHO_REQUEST = b"\x00", b"\x08"
_SOURCE_NETWORK, _TARGET_NETWORK = (12, 3), (16, 3)  # the first three bytes of an address
_LINES = IPv4Network(LINES).network_address.packed[:3]
_SYN, _SYN_ACK = b"\x02", b"\x12"
_LOOPBACK = struct.pack("=I", 1)  # its index in every network namespace
_IN_BY, _OUT_BY = 4, 5  # NFT_META_IIF, NFT_META_OIF
_REGISTER, _PAIR, _PAIR_SECOND = 1, 8, 9  # the last two are four bytes each, and adjacent
_EQUAL, _OTHER = 0, 1
_KEY_BYTES = 8

Expressions = list[Mapping[str, object]]


class HostFilter:
    """The filter of one host."""

    def __init__(self) -> None:
        """Open the socket in the network namespace that this process is in now; it stays there."""
        self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETFILTER)
        self._netlink.settimeout(ANSWER_TIMEOUT_S)
        self._applied = False

    def apply(self, doors: Doors) -> None:
        """Let through what ``doors`` allow and nothing else, all at once; it replaces what was there.

        Raise MR116 when the kernel refuses it: what was there before is there still.
        """
        before = _encoded(nft_table_msg, NFT_MSG_DELTABLE, name=TABLE) if self._applied else b""
        sets = (("outward", doors.outward), ("inward", doors.inward))
        elements = b"".join(_elements(name, ends) for name, ends in sets if ends)
        tables, rules = _same_everywhere()
        # One batch is one transaction; only its last message is acknowledged, and each that is refused.
        self._netlink.send(b"".join((_bound(_BEGIN), before, tables, elements, rules, _bound(_END))))
        if number := self._refusal():
            raise MachineCannot(
                "MR116",
                f"the kernel refuses a part of the range's network: the filter of a host: {os.strerror(number)}",
                remedy="it needs nf_tables with IPv4 and sets: built in, or loaded by root",
            )
        self._applied = True

    def _refusal(self) -> int:
        """Return the error number of the first message that was refused, 0 if the last one was acknowledged."""
        try:
            answer = self._netlink.recv(ANSWER_LIMIT_BYTES)
        except TimeoutError:
            return errno.ETIMEDOUT
        return -int(_ANSWER.unpack_from(answer)[5])

    def close(self) -> None:
        """Close the netlink socket."""
        self._netlink.close()


def _encoded(kind: type[nfgen_msg], message_type: int, flags: int = 0, **attributes: object) -> bytes:
    """Return one message of a batch."""
    message = kind()
    message["attrs"] = [[kind.name2nla(name), value] for name, value in attributes.items()]
    message["header"]["type"] = NFNL_SUBSYS_NFTABLES << 8 | message_type
    message["header"]["flags"] = _REQUEST | flags
    message["nfgen_family"] = _IPV4
    message.encode()
    return bytes(message.data)


def _bound(message_type: int) -> bytes:
    """Return the message that a batch begins or ends with."""
    message = nfgen_msg()
    message["res_id"] = NFNL_SUBSYS_NFTABLES
    message["header"]["type"] = message_type
    message["header"]["flags"] = _REQUEST
    message.encode()
    return bytes(message.data)


@cache
def _same_everywhere() -> tuple[bytes, bytes]:
    """Return what is the same on every host: table, chains and sets, and the rules that go by them."""
    tables = [_encoded(nft_table_msg, NFT_MSG_NEWTABLE, _MAKE, name=TABLE)]
    for chain, hook in _HOOKS.items():
        place = {"attrs": [["NFTA_HOOK_HOOKNUM", hook], ["NFTA_HOOK_PRIORITY", _PRIORITY]]}
        about = {"table": TABLE, "name": chain, "hook": place, "type": "filter", "policy": _DROP}
        tables.append(_encoded(nft_chain_msg, NFT_MSG_NEWCHAIN, _MAKE, **about))
    for number, name in enumerate(("outward", "inward"), 1):
        about = {"table": TABLE, "name": name, "key_type": 0, "key_len": _KEY_BYTES, "id": number}
        tables.append(_encoded(nft_set_msg, NFT_MSG_NEWSET, _MAKE, **about))
    *others, last = _rules()
    rules = [_rule(chain, expressions, _MAKE) for chain, expressions in others]
    rules.append(_rule(*last, _MAKE | _ACKNOWLEDGE))
    return b"".join(tables), b"".join(rules)


def _rule(chain: str, expressions: Expressions, flags: int) -> bytes:
    return _encoded(nft_rule_msg, NFT_MSG_NEWRULE, flags, table=TABLE, chain=chain, expressions=expressions)


def _elements(name: str, ends: Ends) -> bytes:
    """Return the message that fills a set with addresses and a port each."""
    keys = (socket.inet_aton(address) + struct.pack("!HH", port, 0) for address, port in ends)
    elements = [{"attrs": [["NFTA_SET_ELEM_KEY", _value(key)]]} for key in keys]
    return _encoded(nft_set_elem_list_msg, NFT_MSG_NEWSETELEM, _MAKE, table=TABLE, set=name, elements=elements)


def _rules() -> list[tuple[str, Expressions]]:
    """Return each chain's rules; whatever matches one is let through."""
    accept = verdict(_ACCEPT)
    return [
        ("input", [*_meta(_IN_BY), *accept]),
        ("output", [*_meta(_OUT_BY), *accept]),
        # A router that knows no way says so, and a connection fails at once instead of waiting.
        ("input", [*_icmp(_UNREACHABLE), *accept]),
        # Lines are measured by echo to the routers' ends of them, and to nothing else.
        ("output", [*_icmp(_ECHO_REQUEST), *_is(_NETWORK_HEADER, _TARGET_NETWORK, _LINES), *accept]),
        ("input", [*_icmp(_ECHO_REPLY), *_is(_NETWORK_HEADER, _SOURCE_NETWORK, _LINES), *accept]),
        ("output", [*_to(_TARGET_ADDRESS, _TARGET_PORT, "outward"), *accept]),
        ("input", [*_to(_SOURCE_ADDRESS, _SOURCE_PORT, "outward"), *_opens_nothing(), *accept]),
        ("input", [*_to(_SOURCE_ADDRESS, _TARGET_PORT, "inward"), *accept]),
        ("output", [*_to(_TARGET_ADDRESS, _SOURCE_PORT, "inward"), *_opens_nothing(), *accept]),
    ]


def _icmp(kind: bytes) -> Expressions:
    return [*_is(_NETWORK_HEADER, _PROTOCOL, _ICMP), *_is(_TRANSPORT_HEADER, _ICMP_TYPE, kind)]


def _to(address: tuple[int, int], port: tuple[int, int], name: str) -> Expressions:
    """Return expressions that match TCP of which an address and a port are in a set."""
    return [
        *_is(_NETWORK_HEADER, _PROTOCOL, _TCP),
        _load(_NETWORK_HEADER, address, _PAIR),
        _load(_TRANSPORT_HEADER, port, _PAIR_SECOND),
        genex("lookup", {"set": name, "sreg": _PAIR}),
    ]


def _opens_nothing() -> Expressions:
    """Return expressions that match a TCP segment that opens no connection: any but SYN without ACK."""
    mask = {
        "sreg": _REGISTER, "dreg": _REGISTER, "len": len(_SYN), "mask": _value(_SYN_ACK), "xor": _value(bytes(1)),
    }  # fmt: skip
    return [_load(_TRANSPORT_HEADER, _FLAGS, _REGISTER), genex("bitwise", mask), _compare(_SYN, _OTHER)]


def _is(header: int, place: tuple[int, int], octets: bytes) -> Expressions:
    return [_load(header, place, _REGISTER), _compare(octets)]


def _meta(key: int) -> Expressions:
    """Return expressions that match what comes in, or goes out, by loopback: a host's talk with itself."""
    return [genex("meta", {"key": key, "dreg": _REGISTER}), _compare(_LOOPBACK)]


def _load(header: int, place: tuple[int, int], register: int) -> Mapping[str, object]:
    offset, length = place
    found: Mapping[str, object] = genex("payload", {"dreg": register, "base": header, "offset": offset, "len": length})
    return found


def _compare(octets: bytes, operator: int = _EQUAL) -> Mapping[str, object]:
    found: Mapping[str, object] = genex("cmp", {"sreg": _REGISTER, "op": operator, "data": _value(octets)})
    return found


def _value(octets: bytes) -> dict[str, Any]:
    return {"attrs": [("NFTA_DATA_VALUE", octets)]}
