"""The far end of ``netns``: a process that enters another process's network namespace and connects from there.

It is a process of its own because a thread cannot enter a user namespace, and it is started by its path, without the
rest of Holdfast, so that it is there in some milliseconds. It serves one Unix socket (descriptor 0) with JSON
messages: ``{"reach": [[address, port], …], "within_ms": n}`` is answered by one word for each, ``{"open": [address,
port], "within_ms": n}`` by a word and, if it is ``reachable``, by the connected socket itself. ``{"listening": true}``
is answered by the addresses and ports on which anybody listens over TCP and IPv4, ``{"half_open": true}`` by address
and port of every peer that began a connection that is not established, and the port here. ``{"echo": [address, …],
"count": n, "every_us": n, "size": n, "within_ms": n}`` is answered, for each address, by how many came back, how long
that took, the time from the first answer to the last, and how often a router knew no way.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import select
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path

CLONE_NEWUSER = 0x10000000  # linux/sched.h
CLONE_NEWNET = 0x40000000
MESSAGE_LIMIT_BYTES = 65_536
LISTEN, SYN_RECV = "0A", "03"  # of tcp_states.h
ECHO_REPLY, UNREACHABLE_TYPE, ECHO_REQUEST = 0, 3, 8  # of ICMP (RFC 792)
IP_HEADER_BYTES, ICMP_HEADER_BYTES = 20, 8
PERCENTILES = (("low_us", 1), ("median_us", 5), ("high_us", 9))
ECHO_BUFFER_BYTES = 1 << 20
REACHABLE, REFUSED, TIMEOUT, UNREACHABLE = "reachable", "refused", "timeout", "unreachable"


def enter(pid: int) -> None:
    """Enter the network namespace of a process, through its user namespace where that is not ours; raises OSError."""
    here, there = Path("/proc/self/ns"), Path(f"/proc/{pid}/ns")
    # Both are opened first: inside the other user namespace /proc may no longer let us. Where we are in one already
    # there is nothing to enter, and entering it again takes a right that need not be had.
    namespaces = [
        (kind, os.open(there / name, os.O_RDONLY | os.O_CLOEXEC))
        for kind, name in ((CLONE_NEWUSER, "user"), (CLONE_NEWNET, "net"))
        if not (here / name).samefile(there / name)
    ]
    libc = ctypes.CDLL(None, use_errno=True)
    for kind, descriptor in namespaces:
        if libc.setns(descriptor, kind):
            number = ctypes.get_errno()
            raise OSError(number, f"setns: {os.strerror(number)}")
        os.close(descriptor)


def reach(targets: list[tuple[str, int]], within_s: float) -> tuple[list[str], list[socket.socket]]:
    """Return for each address and port what came of connecting, all tried at once, and the sockets in that order."""
    deadline = time.monotonic() + within_s
    found = [TIMEOUT] * len(targets)
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) for _ in targets]
    waiting, poll = {}, select.poll()
    for index, (connection, target) in enumerate(zip(sockets, targets, strict=True)):
        connection.settimeout(0)
        number = connection.connect_ex(target)
        if number == errno.EINPROGRESS:
            waiting[connection.fileno()] = index
            poll.register(connection, select.POLLOUT)
        else:
            found[index] = word(number)
    while waiting and (left_s := deadline - time.monotonic()) > 0:
        for descriptor, _ in poll.poll(left_s * 1000):
            index = waiting.pop(descriptor)
            poll.unregister(descriptor)
            found[index] = word(sockets[index].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    return found, sockets


def listening() -> list[tuple[str, int]]:
    """Return the addresses and ports on which anybody here listens, from the kernel's table (proc_net_tcp)."""
    return sorted({own for own, _ in _connections(LISTEN)})


def half_open() -> list[tuple[str, int, int]]:
    """Return, for every connection that a peer began and that is not established, its address and port, and our port.

    Its first segment came in; our answer, or its answer to that, did not arrive.
    """
    return sorted({(*peer, own[1]) for own, peer in _connections(SYN_RECV)})


def _connections(state: str) -> list[tuple[tuple[str, int], tuple[str, int]]]:
    """Return both ends of every TCP socket in a state, from the kernel's table (proc_net_tcp)."""
    lines = Path("/proc/self/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return [(_end(line.split()[1]), _end(line.split()[2])) for line in lines if line.split()[3] == state]


def _end(text: str) -> tuple[str, int]:
    # The address is printed as the number that its four bytes are in this machine's memory.
    address, port = text.split(":")
    return socket.inet_ntoa(int(address, 16).to_bytes(4, sys.byteorder)), int(port, 16)


class Echo:
    """Sends echo requests (RFC 792) to some addresses in turn, and notes what comes back."""

    def __init__(self, addresses: list[str], size: int) -> None:
        """Open the socket, which needs CAP_NET_RAW here; it sees the ICMP of all, and ours by its number."""
        self._addresses = addresses
        self._number = os.getpid() & 0xFFFF
        self._filling = bytes(size)
        self._sent_ns: dict[int, int] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.IPPROTO_ICMP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ECHO_BUFFER_BYTES)
        self._socket.settimeout(0)
        self._rtt_us: list[list[int]] = [[] for _ in addresses]
        self._heard_ns: list[list[int]] = [[] for _ in addresses]
        self._no_way = [0 for _ in addresses]

    def run(self, count: int, every_s: float, within_s: float) -> list[dict[str, int]]:
        """Send ``count`` requests to each address, one round every ``every_s``; wait for the last ``within_s``.

        Return for each address what came back; the low and the high round trip are the tenth and ninetieth percentile.
        """
        due_s = time.monotonic()
        for sequence in range(count * len(self._addresses)):
            self._send(sequence)
            if sequence % len(self._addresses) == len(self._addresses) - 1 and every_s:
                due_s += every_s
                self._take(due_s)
        deadline_s = time.monotonic() + within_s
        while self._sent_ns and time.monotonic() < deadline_s:
            self._take(deadline_s, once=True)
        self._socket.close()
        return [
            {
                "came_back": len(ordered),
                **{name: ordered[len(ordered) * tenths // 10] for name, tenths in PERCENTILES if ordered},
                "spread_us": (heard[-1] - heard[0]) // 1000 if heard else 0,
                "no_way": no_way,
            }
            for ordered, heard, no_way in zip(map(sorted, self._rtt_us), self._heard_ns, self._no_way, strict=True)
        ]

    def _send(self, sequence: int) -> None:
        head = struct.pack("!BBHHH", ECHO_REQUEST, 0, 0, self._number, sequence)
        packet = head[:2] + struct.pack("!H", checksum(head + self._filling)) + head[4:] + self._filling
        self._sent_ns[sequence] = time.monotonic_ns()
        with suppress(OSError):
            self._socket.sendto(packet, (self._addresses[sequence % len(self._addresses)], 0))

    def _take(self, until_s: float, *, once: bool = False) -> None:
        """Take in what comes until a moment, or until anything came."""
        while (left_s := until_s - time.monotonic()) > 0 and select.select([self._socket], [], [], left_s)[0]:
            with suppress(BlockingIOError):
                while True:
                    self._note(self._socket.recv(MESSAGE_LIMIT_BYTES))
            if once:
                return

    def _note(self, packet: bytes) -> None:
        inner = IP_HEADER_BYTES
        if packet[inner] == UNREACHABLE_TYPE:
            # It carries the head of the packet that it is about.
            inner += ICMP_HEADER_BYTES + IP_HEADER_BYTES
        head = packet[inner : inner + ICMP_HEADER_BYTES]
        if len(head) < ICMP_HEADER_BYTES or head[0] not in {ECHO_REPLY, ECHO_REQUEST}:
            return
        number, sequence = struct.unpack("!HH", head[4:8])
        if number != self._number or sequence not in self._sent_ns:
            return
        index = sequence % len(self._addresses)
        if inner > IP_HEADER_BYTES:
            self._no_way[index] += 1
        elif head[0] == ECHO_REPLY:
            now_ns = time.monotonic_ns()
            self._rtt_us[index].append((now_ns - self._sent_ns.pop(sequence)) // 1000)
            self._heard_ns[index].append(now_ns)


def checksum(octets: bytes) -> int:
    """Return the Internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def word(number: int) -> str:
    """Return what an error number of connect(2) says about the way there."""
    if number == 0:
        return REACHABLE
    if number == errno.ECONNREFUSED:
        return REFUSED
    return TIMEOUT if number == errno.ETIMEDOUT else UNREACHABLE


TABLES = {"listening": listening, "half_open": half_open}


def serve(control: socket.socket) -> None:
    """Answer until the other end closes."""
    while message := control.recv(MESSAGE_LIMIT_BYTES):
        request = json.loads(message)
        if table := next((name for name in TABLES if name in request), None):
            control.sendall(json.dumps({"found": TABLES[table]()}).encode())
            continue
        if "echo" in request:
            echo = Echo(request["echo"], request["size"])
            returned = echo.run(request["count"], request["every_us"] / 1_000_000, request["within_ms"] / 1000)
            control.sendall(json.dumps({"found": returned}).encode())
            continue
        wanted = [request["open"]] if "open" in request else request["reach"]
        found, sockets = reach([(address, port) for address, port in wanted], request["within_ms"] / 1000)
        reply = json.dumps({"found": found}).encode()
        if "open" in request and found == [REACHABLE]:
            socket.send_fds(control, [reply], [sockets[0].fileno()])
        else:
            control.sendall(reply)
        for connection in sockets:
            connection.close()


def main() -> None:
    """Enter the namespace of the process whose pid is the argument, say so, and serve."""
    control = socket.socket(fileno=0)
    try:
        enter(int(sys.argv[1]))
    except OSError as error:
        control.sendall(json.dumps({"error": str(error)}).encode())
        return
    # Whoever asked may have given up meanwhile: then there is nobody to tell.
    with suppress(BrokenPipeError, ConnectionResetError):
        control.sendall(b"{}")
        serve(control)


if __name__ == "__main__":
    main()
