"""What a thing needs in order to function, as a tree of names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class On:
    """A leaf of a need: it functions while this resource or group functions.

    With ``holds_for_ms`` it is met for so long after that stopped: a UPS, cached tokens, liquidity, a staff rota.
    """

    resource: str
    holds_for_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of these must function; an empty tuple needs nothing."""

    of: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of these must function."""

    of: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """``count`` of these must function."""

    count: int
    of: tuple[Need, ...]


Need = On | AllOf | AnyOf | AtLeast
NOTHING_NEEDED = AllOf(())


def leaves(need: Need) -> frozenset[str]:
    """Return every resource or group that a need names, at any depth."""
    if isinstance(need, On):
        return frozenset({need.resource})
    return frozenset().union(*(leaves(part) for part in need.of))
