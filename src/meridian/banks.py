"""The eight banks that settle at Meridian: how big they are, what they hold, what they may owe.

Sizes follow a Zipf law with exponent 0.8. Flows between two banks are equally large both ways on average (a gravity
model), so that nobody drains; balances wander. The smallest bank lives from hand to mouth: one to three in a hundred of
all payments are its own and wait in the queue for a credit. The others are well funded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_NAMES = ("AURUM", "BOREAL", "CASTOR", "DELTA", "EIDER", "FJORD", "GARNET", "HALYARD")
_ZIPF_EXPONENT = 0.8
_OPENING_TOTAL_CENTS = 8_000_000_000
_LIMIT_TOTAL_CENTS = 4_000_000_000
_FUNDED: Mapping[str, float] = {"HALYARD": 0.05}
"""What of its share of the totals a bank really has, where that is not all."""


@dataclass(frozen=True, slots=True)
class Bank:
    """A participant: its share of the system's size (all sum to 1), opening balance and how far it may fall below 0."""

    name: str
    size: float
    opening_cents: int
    limit_cents: int


def _banks() -> tuple[Bank, ...]:
    """Return the banks, largest first."""
    sizes = [rank**-_ZIPF_EXPONENT for rank in range(1, len(_NAMES) + 1)]
    total = sum(sizes)
    found = []
    for name, size in zip(_NAMES, sizes, strict=True):
        funded = size / total * _FUNDED.get(name, 1.0)
        found.append(Bank(name, size / total, round(_OPENING_TOTAL_CENTS * funded), round(_LIMIT_TOTAL_CENTS * funded)))
    return tuple(found)


BANKS = _banks()
