"""Which queued instructions can settle together although none of them can alone.

Each bank waits for what another one owes it: gridlock. Two searches, the cheap one first, both without ever letting a
sender's later instruction overtake its earlier one:

- *Bilateral offset*: the head of one bank's queue against the leading instructions the other way, at most ``DEPTH`` of
  them, the fewest that do (as in RITS: Clarke and Hancock, RBA RDP 2012-05, appendix A; here in queue order only).
- *Multilateral*: Bech and Soramäki, "Gridlock Resolution in Interbank Payment Systems", Bank of Finland Discussion
  Paper 9/2001. Begin with all that is queued and, while some bank could not pay, take out that bank's last one. What is
  left is the largest set that keeps every sender's order, and there is only one: of two sets that can settle, their
  union can too, because it gives each bank no less and takes from it no more than one of the two does.

Pure: amounts in cents in, sets of keys out. The ledger verifies what comes of it and is free to refuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

DEPTH = 10
"""How many instructions of a queue may be offset against one the other way."""


@dataclass(frozen=True, slots=True)
class Queued:
    """An instruction that waits."""

    key: str
    sender: str
    receiver: str
    amount_cents: int


@dataclass(frozen=True, slots=True)
class Offset:
    """Instructions to be settled at once, and how they were found."""

    method: Literal["bilateral", "multilateral"]
    keys: tuple[str, ...]


def resolve(available_cents: Mapping[str, int], queued: Sequence[Queued]) -> tuple[Offset, ...]:
    """Return the sets to settle, one after the other: bilateral offsets, then what else can settle together.

    ``available_cents`` is what each bank may still pay, its limit included, never below zero. ``queued`` is in the
    order in which it was accepted.
    """
    available = dict(available_cents)
    found: list[Offset] = []
    left = list(queued)
    while pair := bilateral(available, left):
        found.append(Offset("bilateral", tuple(payment.key for payment in pair)))
        for payment in pair:
            available[payment.sender] -= payment.amount_cents
            available[payment.receiver] += payment.amount_cents
        settled = {payment.key for payment in pair}
        left = [payment for payment in left if payment.key not in settled]
    together = multilateral(available, left)
    if together:
        found.append(Offset("multilateral", tuple(payment.key for payment in together)))
    return tuple(found)


def bilateral(available_cents: Mapping[str, int], queued: Sequence[Queued]) -> tuple[Queued, ...]:
    """Return the first head of a queue with the fewest leading instructions against it that settle it, or nothing."""
    queues = _queues(queued)
    for payer, queue in queues.items():
        head = queue[0]
        against: list[Queued] = []
        for payment in queues.get(head.receiver, ())[:DEPTH]:
            if payment.receiver != payer:
                break
            against.append(payment)
            back = sum(each.amount_cents for each in against)
            if (
                available_cents[payer] - head.amount_cents + back >= 0
                and available_cents[head.receiver] + head.amount_cents - back >= 0
            ):
                return (head, *against)
    return ()


def multilateral(available_cents: Mapping[str, int], queued: Sequence[Queued]) -> tuple[Queued, ...]:
    """Return the one largest set that can settle at once and keeps every sender's order, in the order given."""
    queues = _queues(queued)
    taken = {bank: len(queue) for bank, queue in queues.items()}
    net_cents = dict(available_cents)
    for payment in queued:
        net_cents[payment.sender] -= payment.amount_cents
        net_cents[payment.receiver] += payment.amount_cents
    short = [bank for bank in queues if net_cents[bank] < 0]
    while short:
        bank = short.pop()
        while net_cents[bank] < 0:
            taken[bank] -= 1
            removed = queues[bank][taken[bank]]
            net_cents[bank] += removed.amount_cents
            net_cents[removed.receiver] -= removed.amount_cents
            # Who has nothing left to take out is not short: it keeps what it had and gets no less than nothing.
            if net_cents[removed.receiver] < 0:
                short.append(removed.receiver)
    chosen = {payment.key for bank, queue in queues.items() for payment in queue[: taken[bank]]}
    return tuple(payment for payment in queued if payment.key in chosen)


def _queues(queued: Sequence[Queued]) -> dict[str, list[Queued]]:
    """Return each sender's queue."""
    queues: dict[str, list[Queued]] = {}
    for payment in queued:
        queues.setdefault(payment.sender, []).append(payment)
    return queues
