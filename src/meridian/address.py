"""Addresses as arguments, and waiting for one to be heard: with little enough loaded to do it while others boot."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence

PROBE_S = 0.5


def address(text: str) -> tuple[str, int]:
    """Return ADDRESS:PORT as a pair."""
    host, _, port = text.rpartition(":")
    return host, int(port)


def wait_until_heard(addresses: Sequence[tuple[str, int]]) -> None:
    """Return once any of these takes a connection: before that there is nothing to do."""
    while not any(_heard(each) for each in addresses):
        time.sleep(PROBE_S)


def _heard(each: tuple[str, int]) -> bool:
    try:
        socket.create_connection(each, timeout=PROBE_S).close()
    except OSError:
        return False
    return True
