"""Connecting from inside another network namespace: one that we make here, without root where that is allowed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from holdfast.connectors import vantage
from holdfast.connectors.netns import Inside
from holdfast.errors import EnvironmentProblem

WITHIN_S = 1.0
# A process in a user and network namespace of its own, with its loopback up, one port that answers and one whose queue
# is full. Bringing the loopback up is ioctl SIOCSIFFLAGS (0x8914) with IFF_UP (1), as netdevice(7) has it.
LISTENER = """
import fcntl, socket, struct, sys
probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(probe, 0x8914, struct.pack("16sh14x", b"lo", 1))
listening = socket.create_server(("127.0.0.1", 4321))
full = socket.create_server(("127.0.0.1", 4322), backlog=0)
waiting = [socket.socket() for _ in range(4)]
for one in waiting:
    one.setblocking(False)
    one.connect_ex(full.getsockname())
print("ready", flush=True)
while True:
    connection, _ = listening.accept()
    connection.sendall(b"from inside")
    connection.close()
"""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[int]:
    """Yield the pid of a process in a network namespace of its own."""
    command = ["unshare", "-Un", "--map-current-user", "--keep-caps", sys.executable, "-c", LISTENER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        said = child.stdout.readline() if child.stdout else ""
        if said != "ready\n":
            child.kill()
            pytest.skip(f"this machine allows no user namespaces: {child.stderr.read() if child.stderr else ''}")
        yield child.pid
        child.kill()


def test_what_is_reachable_from_inside_is_not_from_here(elsewhere: int) -> None:
    with Inside(elsewhere) as inside:
        assert inside.reach([("127.0.0.1", 4321), ("127.0.0.1", 9), ("10.71.1.11", 5432)], WITHIN_S) == (
            "reachable",
            "refused",
            "unreachable",
        )
    with socket.socket() as here:
        assert here.connect_ex(("127.0.0.1", 4321)) != 0


def test_where_one_is_already_nothing_is_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entering takes a right, even into the very namespace that one is in."""

    class Refusing:
        def setns(self, *_: int) -> int:
            return -1

    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: Refusing())
    vantage.enter(os.getpid())


def test_a_socket_from_inside_can_be_used_here(elsewhere: int) -> None:
    with Inside(elsewhere) as inside:
        connection = inside.open(("127.0.0.1", 4321), WITHIN_S)
    with connection:
        assert connection.recv(100) == b"from inside"


def test_nothing_listening_is_told(elsewhere: int) -> None:
    with Inside(elsewhere) as inside, pytest.raises(EnvironmentProblem, match=r"127\.0\.0\.1:9 is refused") as problem:
        inside.open(("127.0.0.1", 9), WITHIN_S)
    assert problem.value.code == "HF304"


def test_a_place_that_is_gone_is_told() -> None:
    with subprocess.Popen(["true"]) as child:
        pass
    with pytest.raises(EnvironmentProblem, match="cannot be entered") as problem:
        Inside(child.pid)
    assert problem.value.code == "HF303"


def test_an_unanswered_connection_is_a_timeout(elsewhere: int) -> None:
    """A listener whose queue is full lets a connection hang, as a silent drop does."""
    with Inside(elsewhere) as inside:
        assert inside.reach([("127.0.0.1", 4322)], 0.3) == ("timeout",)
