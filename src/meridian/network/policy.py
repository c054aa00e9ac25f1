"""Who may connect to whom in the range: the allow-list that was compiled from the institution's model.

The model is the policy's source; this program never reads it. ``policy.json`` beside this file is what
``holdfast segmentation policy examples/meridian`` compiles, and a test holds the two equal. ``up --policy`` takes
another one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from meridian.errors import MeridianError
from meridian.topology import HOSTS

STATES = ("normal", "degraded", "recovery")
"""When a flow is allowed; a range begins in the first."""
OPEN = "recovery"
"""The state in which the clean room is open."""
VERSION = 1
OWN = Path(__file__).with_name("policy.json")
_PORTS = range(1, 65536)


@dataclass(frozen=True, slots=True)
class Flow:
    """One host may open TCP connections to one port of another, in these states."""

    source: str
    target: str
    port: int
    states: frozenset[str]


Ends = tuple[tuple[str, int], ...]
"""Addresses, each with a port."""


@dataclass(frozen=True, slots=True)
class Doors:
    """What one host may do: the ports of others that it may connect to, and who may connect to which port of its own.

    An entry of ``inward`` is the address of the other host and the port of this one.
    """

    outward: Ends
    inward: Ends


def text_of(path: Path) -> str:
    """Return the text of a compiled policy in a file. Raise MR117 when it cannot be read, or is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise _unusable(str(path), error) from error
    parse(text, str(path))
    return text


def parse(text: str, name: str) -> tuple[Flow, ...]:
    """Return the flows of a compiled policy. Raise MR117 when it is none, or asks for what the range cannot do."""
    try:
        document = json.loads(text)
        _check_version(document["version"])
        return tuple(_flow(entry) for entry in document["flows"])
    except (ValueError, KeyError, TypeError) as error:
        raise _unusable(name, error) from error


def _unusable(name: str, error: Exception) -> MeridianError:
    return MeridianError(
        "MR117",
        f"{name} is not a policy that this range can enforce: {error}",
        remedy="compile it from the model: holdfast segmentation policy",
    )


def doors(flows: Collection[Flow], host: str, states: Collection[str]) -> Doors:
    """Return what ``host`` may do while the range is in all of ``states``."""
    allowed = [flow for flow in flows if not flow.states.isdisjoint(states)]
    outward = {(HOSTS[flow.target].address, flow.port) for flow in allowed if flow.source == host}
    inward = {(HOSTS[flow.source].address, flow.port) for flow in allowed if flow.target == host}
    return Doors(tuple(sorted(outward)), tuple(sorted(inward)))


def _check_version(version: object) -> None:
    if version != VERSION:
        raise ValueError(f"version {version!r}, {VERSION} is known")


def _flow(entry: Mapping[str, object]) -> Flow:
    """Return one flow. Raise ValueError or KeyError for what is not one."""
    source, target, port, states = entry["from"], entry["to"], entry["port"], entry["states"]
    if not (isinstance(source, str) and isinstance(target, str) and {source, target} <= set(HOSTS)):
        raise ValueError(f"{source!r} to {target!r}: both must be hosts of the range")
    if entry["protocol"] != "tcp" or not isinstance(port, int) or port not in _PORTS:
        raise ValueError(f"{source} to {target}: a flow of the range is TCP and names its port")
    if not isinstance(states, list) or not states or not set(states) <= set(STATES):
        raise ValueError(f"{source} to {target}: states are of {', '.join(STATES)}, got {states!r}")
    return Flow(source, target, port, frozenset(states))
