"""What a host runs: one supervised process, and what every builder of such processes is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ACCOUNTS: Mapping[str, int] = {
    "meridian-db": 61001,
    "meridian-etcd": 61002,
    "meridian-app": 61003,
    "meridian-vault": 61004,
    "meridian-banks": 61005,
    "meridian-rebuild": 61006,
    "meridian-cloud": 61007,
    "meridian-oob": 61008,
    "meridian-watch": 61009,
    "meridian-market": 61010,
}
"""Unprivileged account → its user and group id when the range is held by root. Rootless, all are the caller's."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One supervised process of a host; it is started again ``restart_after_s`` after it ended."""

    name: str
    host: str
    account: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    restart_after_s: float = 1.0
    fatal: bool = False
    """Whether it is so deep in the host that the host stops when it fails."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process with a name of its own that a unit starts; its pid is on the first line of ``pid_file``."""

    name: str
    pid_file: Path
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RangeContext:
    """Where a range lives. ``disk`` and ``log`` and ``run`` are paths as seen from inside the host."""

    directory: Path
    profile: str
    client: str
    rate_per_s: int
    python: str
    disk: Mapping[str, Path]
    run: Mapping[str, Path]
    log: Mapping[str, Path]
    secrets: Path

    def secret(self, name: str) -> str:
        """Return a secret of this range; only the one who builds the range can read it."""
        return (self.secrets / name).read_text(encoding="utf-8").strip()
