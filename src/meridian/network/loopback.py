"""The machine's loopback, for a range that may have no network of its own.

Nothing is configured: all of 127.0.0.0/8 is local on Linux. So nothing lies between two hosts that could be cut, made
late or filtered, and there is room for one range.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable

from meridian.errors import MachineCannot
from meridian.topology import NETWORK

_NAME = f"\0meridian {NETWORK}"
"""A Unix socket without a file: it is there once in a network namespace, as the addresses are."""


class Loopback:
    """Loopback, taken for one range until it is closed."""

    def __init__(self, ends: Iterable[tuple[str, int]]) -> None:
        """Take it. Raise MR120 where another range has it, or anybody has an address and port of ``ends``."""
        self._held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._held.bind(_NAME)
        except OSError as error:
            self._held.close()
            raise MachineCannot(
                "MR120",
                "another range is on this machine's loopback, where there is room for one",
                remedy="end that one with `python -m meridian down`",
            ) from error
        if taken := [f"{address}:{port}" for address, port in ends if _taken(address, port)]:
            self._held.close()
            raise MachineCannot(
                "MR120",
                f"ports that the range needs on loopback are taken: {', '.join(taken)}",
                remedy="end what listens there, or on all addresses; `ss -ltnp` names it",
            )

    def close(self) -> None:
        """Let another range have it."""
        self._held.close()


def _taken(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        # As servers do: what is left of a connection that was closed is in nobody's way.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False
