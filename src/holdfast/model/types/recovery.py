"""How something comes back: strategies, failover, and the points in time that a vault keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from holdfast.model.types.needs import Need
from holdfast.model.types.quantities import Duration

Cure = Literal["failed", "untrusted"]


@dataclass(frozen=True, slots=True)
class Strategy:
    """One way to recover a resource. Strategies are tried in their declared order.

    ``needs`` is what the recovery itself stands on; ``source`` the resource or group whose data or software it takes;
    ``crew`` how many people of which team it holds; ``after_ms`` when it begins at the earliest, counted from its
    release (``None``: when the one before it is usually over). It gives up ``loses_ms`` of data unless it replays the
    journal.
    ``exercised`` is the date (ISO 8601) on which it was last shown to work, ``None`` if never.
    """

    name: str
    takes: Duration
    cures: tuple[Cure, ...]
    needs: Need
    source: str | None = None
    automatic: bool = False
    loses_ms: int = 0
    replays: Literal["journal"] | None = None
    accept_loss: bool = False
    crew: Mapping[str, int] | None = None
    playbook: str | None = None
    after_ms: int | None = None
    exercised: str | None = None


@dataclass(frozen=True, slots=True)
class Failover:
    """How a redundancy group goes on with its other members, and how often that was seen to work."""

    automatic: bool
    takes: Duration
    passed: int
    failed: int
    loses_ms: int = 0
    detects: Duration | None = None
    accept_loss: bool = False
    exercised: str | None = None


@dataclass(frozen=True, slots=True)
class Keeps:
    """The points in time that a vault can return to: one ``every_ms``, each kept ``for_ms``."""

    every_ms: int
    for_ms: int
