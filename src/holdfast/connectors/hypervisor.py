"""The hypervisor API of a range: its keeper's Unix socket, JSON lines, one request and one reply at a time.

Faults act and are undone through it. Whether they took effect is never asked here: that is looked up in ``/proc`` and
tried from inside the network (``processes``, ``netns``).
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holdfast.errors import EnvironmentProblem, HoldfastError

CONNECT_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 60.0  # the longest operation, a site coming back, boots several hosts
REPLY_LIMIT_BYTES = 4 * 1024 * 1024
CHUNK_BYTES = 65_536


class Hypervisor:
    """One range's keeper. Every call opens its own connection, so that a dead keeper is noticed at once."""

    def __init__(self, path: Path) -> None:
        """Name the keeper's socket; nothing is opened yet."""
        self.path = path

    def call(self, request: Mapping[str, object], *, timeout_s: float = ANSWER_TIMEOUT_S) -> dict[str, Any]:
        """Return the keeper's reply. HF301 if there is no keeper or no answer in time, HF302 if it refuses."""
        op = request["op"]
        deadline = time.monotonic() + timeout_s
        line = json.dumps(request, separators=(",", ":")).encode() + b"\n"
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as connection:
                connection.settimeout(min(CONNECT_TIMEOUT_S, timeout_s))
                connection.connect(str(self.path))
                connection.sendall(line)
                reply = json.loads(_line(connection, deadline))
        except (OSError, ValueError) as error:
            message = f"the keeper at {self.path} gave no answer to {op!r}: {error}"
            remedy = "see whether the range runs (holdfast range status) and read keeper.log in its directory"
            raise EnvironmentProblem("HF301", message, remedy=remedy) from error
        if not isinstance(reply, dict) or reply.get("ok") is not True:
            said = reply if isinstance(reply, dict) else {}
            message = f"the keeper refused {op!r}: {said.get('code', 'no code')} {said.get('error', reply)}"
            remedy = str(said.get("remedy") or "read keeper.log in the range's directory")
            raise HoldfastError("HF302", message, remedy=remedy)
        return reply

    def alive(self) -> bool:
        """Return whether anybody listens: a socket left behind by a dead keeper refuses."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as connection:
                connection.settimeout(CONNECT_TIMEOUT_S)
                connection.connect(str(self.path))
        except (FileNotFoundError, ConnectionRefusedError, ConnectionResetError):
            return False
        except OSError:
            return True  # slow, or not for this account: there all the same, and its answer will say why
        return True


def _line(connection: socket.socket, deadline: float) -> bytes:
    """Return what is received up to the first line feed; raises OSError when it does not come in time or whole."""
    received = bytearray()
    while b"\n" not in received:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            message = "the deadline passed"
            raise TimeoutError(message)
        connection.settimeout(left_s)
        chunk = connection.recv(CHUNK_BYTES)
        received += chunk
        if not chunk or len(received) > REPLY_LIMIT_BYTES:
            message = f"the reply broke off after {len(received):,} bytes" if not chunk else "the reply is too long"
            raise ConnectionError(message)
    return bytes(received.partition(b"\n")[0])
