"""Boots ground alone, and looks at it from outside: through ``/proc`` and through sockets that live on its hosts."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from meridian import control
from meridian.errors import MachineCannot
from meridian.keeper import isolation, layout
from meridian.topology import HOSTS
from tests.meridian.bare_ground import PORT

ROOT = Path(__file__).parents[2]
CONTENT = "tests.meridian.bare_ground"
LISTENING_TIMEOUT_S = 20.0
SILENCE_S = 1.0
"""How long nothing must come for it to count as nothing: many times what an answer takes here."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A running range with trivial units."""

    directory: Path

    @property
    def keeper(self) -> control.Keeper:
        """Return a client of its keeper."""
        return control.Keeper(self.directory)

    def inventory(self) -> dict[str, Any]:
        """Return its inventory."""
        return self.keeper.inventory()

    def pid(self, process: str) -> int:
        """Return the pid of a process that must run."""
        pid = self.inventory()["processes"][process]["pid"]
        assert isinstance(pid, int), f"{process} does not run"
        return pid

    def from_to(self, source: str, target: str) -> socket.socket:
        """Return a connection from one host to the listener of another, on which it said who it is; raise OSError."""
        connection = self.keeper.socket_on(source)
        connection.settimeout(SILENCE_S)
        try:
            connection.connect((HOSTS[target].address, PORT))
            assert connection.recv(200).startswith(f"{target} ".encode())
        except BaseException:
            connection.close()
            raise
        return connection

    def reach(self, source: str, target: str) -> str:
        """Return how an attempt to connect ends: ``open``, ``silence``, or what the network said."""
        try:
            self.from_to(source, target).close()
        except TimeoutError:
            return "silence"
        except OSError as error:
            return os.strerror(error.errno or 0)
        return "open"


def mode() -> str | None:
    """Return how this machine can isolate hosts, None when it cannot."""
    try:
        return isolation.probe()
    except MachineCannot:
        return None


def start(directory: Path) -> Ground:
    """Start ground in a directory, and return once all its listeners listen."""
    settings = layout.Settings("ground", isolation.probe(), "fast", "safe", 0, CONTENT)
    with patch.dict(os.environ, PYTHONPATH=str(ROOT)):
        control.start(directory, settings)
    range_ = Ground(directory)
    with control.ended_on_failure(directory):
        deadline = time.monotonic() + LISTENING_TIMEOUT_S
        while any(range_.reach(host, host) != "open" for host in HOSTS):
            assert time.monotonic() < deadline, "a listener does not listen"
            time.sleep(0.02)
    return range_


@contextmanager
def running(directory: Path) -> Iterator[Ground]:
    """Run ground for the length of a block."""
    try:
        yield start(directory)
    finally:
        control.stop(directory)
