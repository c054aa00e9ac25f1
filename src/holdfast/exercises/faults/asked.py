"""Asking and telling the processes of a range over HTTP, from inside their own hosts: nothing leads there from outside.

A way is recorded as ``pid@ticks address:port``, so that whoever has the intention alone can go it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.connectors import http
from holdfast.connectors.netns import Inside
from holdfast.connectors.processes import Process
from holdfast.connectors.range import Inventory
from holdfast.errors import EnvironmentProblem

WITHIN_S = 2.0


def way_to(inventory: Inventory, name: str) -> str:
    """Return the way to a process, as it is recorded; HF304 if it has none now."""
    end, state = inventory.endpoints.get(name), inventory.processes.get(name)
    host = inventory.hosts[state.host].process if state else None
    if end is None or host is None or end.address is None or end.port is None:
        message = f"{name} cannot be asked: it has no address, or its host no power"
        raise EnvironmentProblem("HF304", message, remedy="let the range become whole again")
    return f"{host} {end.address}:{end.port}"


def ask(
    way: str,
    method: str,
    path: str,
    body: Mapping[str, object] | None = None,
    basic: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """Return what is answered, an empty mapping if that is no object; HF303 to HF305 if nobody answers, or no."""
    place, _, target = way.partition(" ")
    address, _, port = target.rpartition(":")
    with Inside(Process.parse(place).pid) as inside:
        connection = inside.open((address, int(port)), WITHIN_S)
        said = http.exchange(connection, method, path, body, basic=basic, timeout_s=WITHIN_S)
    return said if isinstance(said, dict) else {}
