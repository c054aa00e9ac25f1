"""What a bank wants to pay, and when: drawn from a seed, so that the same load can be offered again.

Payments between two banks are equally frequent both ways, by the product of their sizes (a gravity model); what a bank
pays out comes back on average. Amounts are lognormal, many small ones and a few large; a fifth is urgent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from random import Random

from meridian.banks import BANKS, Bank

MEDIAN_CENTS = 850_000
SIGMA = 1.5
LARGEST_CENTS = 200_000_000
PRIORITY_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Payment:
    """The ``number``-th instruction of a bank, due ``gap`` mean gaps after the one before."""

    number: int
    gap: float
    to: str
    amount_cents: int
    priority: str


class Flow:
    """The payments of one bank for one seed."""

    def __init__(self, bank: Bank, seed: int, banks: Sequence[Bank] = BANKS) -> None:
        """Know the others."""
        self.bank = bank
        self.seed = seed
        self._others = [other for other in banks if other.name != bank.name]
        self._weights = [other.size for other in self._others]

    def payment(self, number: int) -> Payment:
        """Return a payment by its number: the same for the same seed, whatever was drawn before."""
        dice = Random(f"{self.seed}/{self.bank.name}/{number}")  # noqa: S311 - repeatable, no secret
        return Payment(
            number=number,
            gap=dice.expovariate(1.0),
            to=dice.choices(self._others, self._weights)[0].name,
            amount_cents=min(LARGEST_CENTS, max(1, round(dice.lognormvariate(log(MEDIAN_CENTS), SIGMA)))),
            priority="priority" if dice.random() < PRIORITY_SHARE else "normal",
        )


def share(bank: Bank, banks: Sequence[Bank] = BANKS) -> float:
    """Return a bank's share of all payments: its size times that of all the others together."""
    return bank.size * (1 - bank.size) / sum(other.size * (1 - other.size) for other in banks)
