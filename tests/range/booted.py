"""A running range for the tests of one module, in a directory of its own, gone when they are over."""

from __future__ import annotations

import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.range import KEEPER_SOCKET, Command, Inventory, inventory
from holdfast.errors import EnvironmentProblem

RANGE = Command((sys.executable, "-m", "meridian"))


@contextmanager
def booted(options: Mapping[str, str]) -> Iterator[Path]:
    """Start a range and yield its directory; skip where this machine cannot hold one."""
    # Short, because the paths of Unix sockets in it may have 107 bytes.
    directory = Path(tempfile.gettempdir()) / f"hf-{secrets.token_hex(4)}"
    try:
        # With all that a range has: what the tests do to it needs that.
        RANGE.start(directory, {"isolation": "namespaces", **options}, lambda _: None)
    except EnvironmentProblem as problem:
        pytest.skip(str(problem))
    try:
        yield directory
    finally:
        RANGE.stop(directory)


def keeper_of(directory: Path) -> Hypervisor:
    """Return the keeper of the range in a directory."""
    return Hypervisor(directory / KEEPER_SOCKET)


def inventory_of(directory: Path) -> Inventory:
    """Return the inventory of the range in a directory."""
    return inventory(keeper_of(directory))[0]
