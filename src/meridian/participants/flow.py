"""What a bank wants to pay, and when: drawn from a seed, so that the same load can be offered again.

Payments between two banks are equally frequent both ways, by the product of their sizes (a gravity model); what a bank
pays out comes back on average. Amounts are lognormal, many small ones and a few large; a fifth is urgent.

With an *imbalance*, off unless it is asked for, the three smallest banks also pay each other in a circle, every so many
payments and so at about the same time, an amount that none of them has: each waits for what it is owed, and only
together can they settle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from random import Random

from meridian.banks import BANKS, Bank

MEDIAN_CENTS = 850_000
SIGMA = 1.5
LARGEST_CENTS = 200_000_000
PRIORITY_SHARE = 0.2
CIRCLE = tuple(bank.name for bank in BANKS[-3:])
CIRCLE_CENTS = 3_000_000_000
"""More than all of them have together, limits included: had one of them as much, it would go round without a wait."""
_PPM = 1_000_000


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

    def __init__(self, bank: Bank, seed: int, imbalance_ppm: int = 0, banks: Sequence[Bank] = BANKS) -> None:
        """Know the others. So many of a million payments of the smallest bank go round the circle."""
        self.imbalance_ppm = imbalance_ppm
        self._circling = 0.0
        if bank.name in CIRCLE:
            rarest = min(share(other, banks) for other in banks if other.name in CIRCLE)
            self._circling = imbalance_ppm / _PPM * rarest / share(bank, banks)
        self.bank = bank
        self.seed = seed
        self._others = [other for other in banks if other.name != bank.name]
        self._weights = [other.size for other in self._others]

    def payment(self, number: int) -> Payment:
        """Return a payment by its number: the same for the same seed, whatever was drawn before."""
        dice = Random(f"{self.seed}/{self.bank.name}/{number}")  # noqa: S311 - repeatable, no secret
        payment = Payment(
            number=number,
            gap=dice.expovariate(1.0),
            to=dice.choices(self._others, self._weights)[0].name,
            amount_cents=min(LARGEST_CENTS, max(1, round(dice.lognormvariate(log(MEDIAN_CENTS), SIGMA)))),
            priority="priority" if dice.random() < PRIORITY_SHARE else "normal",
        )
        if int(number * self._circling) > int((number - 1) * self._circling):
            return replace(payment, to=self._next_round(), amount_cents=CIRCLE_CENTS)
        return payment

    def _next_round(self) -> str:
        return CIRCLE[(CIRCLE.index(self.bank.name) + 1) % len(CIRCLE)]


def share(bank: Bank, banks: Sequence[Bank] = BANKS) -> float:
    """Return a bank's share of all payments: its size times that of all the others together."""
    return bank.size * (1 - bank.size) / sum(other.size * (1 - other.size) for other in banks)
