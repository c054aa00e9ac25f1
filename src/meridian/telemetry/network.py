"""Connections that begin at a host, from the packets that open them, and the sockets that listen there.

A packet socket in the host's network namespace gets the first packets of TCP connections alone (a filter in the kernel
sees to it), so nothing short-lived is missed; it stands before the host's own filter on the way in and behind it on the
way out. Listening sockets are asked for over netlink (sock_diag(7)); reading ``/proc/net/tcp`` would walk through all
connections of the machine.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from meridian.linux import CLONE_NEWNET, setns
from meridian.telemetry.processes import account
from meridian.telemetry.rows import FAILURE, SUCCESS, Event, event, gap

ANSWER_WITHIN_US = 3_000_000
"""An attempt that nobody answered for so long is told as unanswered; its system may go on trying."""
_ETH_P_ALL = 3  # if_ether.h
_SO_ATTACH_FILTER = 26  # socket.h
_SOL_PACKET, _PACKET_STATISTICS = 263, 6  # if_packet.h
_SO_TIMESTAMPNS = 35  # socket.h; the time of a packet as the kernel got it, in UTC
_ROOM_BYTES = 1 << 20
_SNAP_BYTES = 128
_SYN, _RST, _ACK = 0x02, 0x04, 0x10
_TCP = 6
_LOOPBACK = "127."

# Classic BPF over an IPv4 packet (linux/filter.h): TCP, no later fragment, SYN or RST set.
_FILTER = (
    (0x30, 0, 0, 0),           # A = version and header length
    (0x54, 0, 0, 0xF0),
    (0x15, 0, 8, 0x40),        # IPv4
    (0x30, 0, 0, 9),
    (0x15, 0, 6, _TCP),
    (0x28, 0, 0, 6),
    (0x45, 4, 0, 0x1FFF),      # a later fragment has no TCP header
    (0xB1, 0, 0, 0),           # X = length of the IPv4 header
    (0x50, 0, 0, 13),
    (0x45, 0, 1, _SYN | _RST),
    (0x06, 0, 0, _SNAP_BYTES),
    (0x06, 0, 0, 0),
)  # fmt: skip

_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY = 4, 20
_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_LISTEN_ONLY = 1 << 10
_ANSWER_BYTES = 1 << 16

Ends = tuple[str, int, str, int]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A connection that somebody tries to open; its answer is awaited."""

    direction: str
    begun_utc_us: int
    until_us: int


class Network:
    """What one host opens and what is opened to it, while it has power."""

    def __init__(self, first: int, address: str) -> None:
        """Open sockets in the network namespace of the host's first process. Raise OSError if it is gone."""
        self._address = address
        self._packets, self._netlink = _within(first)
        self._attempts: dict[Ends, _Attempt] = {}
        self._listening: dict[tuple[str, int], int] = {}

    def look(self, t_us: int) -> list[Event]:
        """Return the connections of which the outcome became known since the last look, and what was not seen."""
        found = [each for packet, at_us in self._received() for each in self._take(packet, at_us, t_us)]
        late = [ends for ends, attempt in self._attempts.items() if attempt.until_us <= t_us]
        found += [_told(ends, self._attempts.pop(ends), "unanswered", FAILURE) for ends in late]
        lost = struct.unpack("II", self._packets.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))[1]
        return [*found, gap("connections", "overflow", count=lost)] if lost else found

    def look_at_listening(self) -> list[Event]:
        """Return the listening sockets that were opened or closed since the last look."""
        present = {place: uid for family in (socket.AF_INET, socket.AF_INET6) for place, uid in self._dump(family)}
        closed = [(place, self._listening[place], "closed") for place in self._listening.keys() - present.keys()]
        opened = [(place, present[place], "opened") for place in present.keys() - self._listening.keys()]
        self._listening = present
        return [
            event("network_listening", action, SUCCESS, server_ip=ip, server_port=port, user_id=uid,
                  user_name=account(uid))
            for (ip, port), uid, action in (*closed, *opened)
        ]  # fmt: skip

    def close(self) -> None:
        """Let go of the host's network."""
        self._packets.close()
        self._netlink.close()

    def _received(self) -> Iterator[tuple[bytes, int]]:
        """Yield each packet that waits, and when the kernel got it in UTC microseconds."""
        while True:
            try:
                packet, about, _, _ = self._packets.recvmsg(_SNAP_BYTES, 64)
            except BlockingIOError:
                return
            seconds, nanoseconds = struct.unpack("qq", about[0][2][:16]) if about else (0, 0)
            yield packet, seconds * 1_000_000 + nanoseconds // 1000

    def _take(self, packet: bytes, at_us: int, t_us: int) -> list[Event]:
        start = 4 * (packet[0] & 15)
        source, destination = (socket.inet_ntoa(packet[offset : offset + 4]) for offset in (12, 16))
        source_port, destination_port, flags = *struct.unpack_from("!HH", packet, start), packet[start + 13]
        ends: Ends = (source, source_port, destination, destination_port)
        if flags & _SYN and not flags & _ACK:
            begun = _Attempt(self._direction(source, destination), at_us, t_us + ANSWER_WITHIN_US)
            self._attempts.setdefault(ends, begun)
            return []
        asked = (destination, destination_port, source, source_port)
        attempt = self._attempts.pop(asked, None)
        if attempt is None:
            return []
        refused = bool(flags & _RST)
        return [_told(asked, attempt, "refused" if refused else "opened", FAILURE if refused else SUCCESS)]

    def _direction(self, source: str, destination: str) -> str:
        if source == destination or source.startswith(_LOOPBACK):
            return "internal"
        return "outgoing" if source == self._address else "incoming"

    def _dump(self, family: int) -> Iterator[tuple[tuple[str, int], int]]:
        """Yield address and port of each socket that listens, and the account that it belongs to."""
        # struct inet_diag_req_v2: family, protocol, extensions, padding, states, an empty socket id.
        asked = struct.pack("=BBBBI48x", family, socket.IPPROTO_TCP, 0, 0, _LISTEN_ONLY)
        self._netlink.send(struct.pack("=IHHII", 16 + len(asked), _SOCK_DIAG_BY_FAMILY, _DUMP, 1, 0) + asked)
        while True:
            data, offset = self._netlink.recv(_ANSWER_BYTES), 0
            while offset + 16 <= len(data):
                length, kind = struct.unpack_from("=IH", data, offset)
                if kind in {_NLMSG_DONE, _NLMSG_ERROR}:
                    return
                yield _listener(data, offset + 16, family)
                offset += (length + 3) & ~3


def _listener(data: bytes, offset: int, family: int) -> tuple[tuple[str, int], int]:
    """Return what a struct inet_diag_msg says: address and port, and the account."""
    (port,) = struct.unpack_from("!H", data, offset + 4)
    text = data[offset + 8 : offset + 24]
    (uid,) = struct.unpack_from("=I", data, offset + 64)
    return (socket.inet_ntop(family, text[:4] if family == socket.AF_INET else text), port), uid


def _told(ends: Ends, attempt: _Attempt, action: str, outcome: str) -> Event:
    source, source_port, destination, destination_port = ends
    return event(
        "network_connection", action, outcome, source_utc_us=attempt.begun_utc_us, network_direction=attempt.direction,
        source_ip=source, source_port=source_port, destination_ip=destination, destination_port=destination_port,
    )  # fmt: skip


def _within(first: int) -> tuple[socket.socket, socket.socket]:
    """Return the two sockets, opened in the network namespace of a process; this one is back in its own after."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        there = os.open(f"/proc/{first}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            setns(there, CLONE_NEWNET)
        finally:
            os.close(there)
        try:
            return sockets()
        finally:
            setns(own, CLONE_NEWNET)
    finally:
        os.close(own)


def sockets() -> tuple[socket.socket, socket.socket]:
    """Return a packet and a netlink socket of this network namespace. Raise OSError where that is not allowed."""
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in _FILTER))
    packets.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HxxxxxxP", len(_FILTER), ctypes.addressof(program))
    )
    packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM_BYTES)
    packets.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    packets.settimeout(0)
    # Whatever passed before the filter was there.
    with suppress(BlockingIOError):
        while packets.recv(_SNAP_BYTES):
            pass
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
    netlink.bind((0, 0))
    netlink.settimeout(1.0)
    return packets, netlink
