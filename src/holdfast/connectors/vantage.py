"""The far end of ``netns``: a process that enters another process's network namespace and connects from there.

It is a process of its own because a thread cannot enter a user namespace, and it is started by its path, without the
rest of Holdfast, so that it is there in some milliseconds. It serves one Unix socket (descriptor 0) with JSON
messages: ``{"reach": [[address, port], …], "within_ms": n}`` is answered by one word for each, ``{"open": [address,
port], "within_ms": n}`` by a word and, if it is ``reachable``, by the connected socket itself.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import select
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

CLONE_NEWUSER = 0x10000000  # linux/sched.h
CLONE_NEWNET = 0x40000000
MESSAGE_LIMIT_BYTES = 65_536
REACHABLE, REFUSED, TIMEOUT, UNREACHABLE = "reachable", "refused", "timeout", "unreachable"


def enter(pid: int) -> None:
    """Enter the network namespace of a process, through its user namespace where that is not ours; raises OSError."""
    here, there = Path("/proc/self/ns/user"), Path(f"/proc/{pid}/ns/user")
    # Both are opened first: inside the other user namespace /proc may no longer let us.
    namespaces = [(CLONE_NEWUSER, os.open(there, os.O_RDONLY | os.O_CLOEXEC))] if not here.samefile(there) else []
    namespaces.append((CLONE_NEWNET, os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)))
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


def word(number: int) -> str:
    """Return what an error number of connect(2) says about the way there."""
    if number == 0:
        return REACHABLE
    if number == errno.ECONNREFUSED:
        return REFUSED
    return TIMEOUT if number == errno.ETIMEDOUT else UNREACHABLE


def serve(control: socket.socket) -> None:
    """Answer until the other end closes."""
    while message := control.recv(MESSAGE_LIMIT_BYTES):
        request = json.loads(message)
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
