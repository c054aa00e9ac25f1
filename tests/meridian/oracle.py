"""The rules of settlement once more, in plain Python and in another way: the ledger in SQL must do exactly the same.

Release of queues is written here as "look at everybody again until nothing moves", without a worklist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Payment:
    key: str
    sender: str
    receiver: str
    cents: int
    priority: str
    status: str = ""
    reason: str | None = None

    @property
    def content(self) -> tuple[str, str, int, str]:
        return (self.sender, self.receiver, self.cents, self.priority)


@dataclass
class Bank:
    opening: int
    limit: int
    balance: int
    debits: int = 0
    credits: int = 0


@dataclass
class Oracle:
    """A ledger in memory. ``closed`` has the positions of the days that were closed."""

    banks: dict[str, Bank]
    after_cut_off: bool = False
    mode: str = "full"
    payments: dict[str, Payment] = field(default_factory=dict)
    queues: dict[str, list[Payment]] = field(default_factory=dict)
    closed: list[dict[str, tuple[int, int, int, int]]] = field(default_factory=list)

    @classmethod
    def of(cls, accounts: Mapping[str, tuple[int, int]]) -> Oracle:
        """Make a ledger of ``name -> (opening balance, limit)``."""
        return cls({name: Bank(opening, limit, opening) for name, (opening, limit) in accounts.items()})

    def instruct(self, payment: Payment) -> tuple[str, str | None]:
        known = self.payments.get(payment.key)
        if known is not None:
            return ("conflict", "key-reused") if known.content != payment.content else (known.status, known.reason)
        if payment.sender not in self.banks or payment.receiver not in self.banks or payment.sender == payment.receiver:
            return ("invalid", "unknown-participant")
        if payment.cents <= 0:
            return ("invalid", "amount-not-positive")
        self.payments[payment.key] = payment
        if self.after_cut_off:
            payment.status, payment.reason = "rejected", "after-cut-off"
        elif not self._may(payment) or self._waiting(payment.sender) or not self._fits(payment):
            payment.status = "queued"
            self.queues.setdefault(payment.sender, []).append(payment)
        else:
            self._move(payment)
            self._release()
        return (payment.status, payment.reason)

    def close(self) -> None:
        for queue in self.queues.values():
            for payment in queue:
                payment.status = "rejected"
                payment.reason = "unfunded-at-close" if self._may(payment) else "held-at-close"
        self.queues.clear()
        self.closed.append({name: (b.opening, b.debits, b.credits, b.balance) for name, b in self.banks.items()})
        for bank in self.banks.values():
            bank.opening, bank.debits, bank.credits = bank.balance, 0, 0
        self.after_cut_off = False

    def put(self, mode: str) -> None:
        self.mode = mode
        self._release()

    def resolve(self, sets: list[list[str]]) -> None:
        """Settle each set at once."""
        for keys in sets:
            for payment in [self.payments[key] for key in keys]:
                self.queues[payment.sender].remove(payment)
                self._move(payment)
            assert all(bank.balance >= -bank.limit for bank in self.banks.values())
        self._release()

    def _may(self, payment: Payment) -> bool:
        return self.mode == "full" or payment.priority == "priority"

    def _waiting(self, sender: str) -> list[Payment]:
        return [payment for payment in self.queues.get(sender, ()) if self._may(payment)]

    def _fits(self, payment: Payment) -> bool:
        bank = self.banks[payment.sender]
        return bank.balance - payment.cents >= -bank.limit

    def _move(self, payment: Payment) -> None:
        sender, receiver = self.banks[payment.sender], self.banks[payment.receiver]
        sender.balance -= payment.cents
        sender.debits += payment.cents
        receiver.balance += payment.cents
        receiver.credits += payment.cents
        payment.status = "settled"

    def _release(self) -> None:
        moved = True
        while moved:
            moved = False
            for sender, queue in self.queues.items():
                while (heads := self._waiting(sender)) and self._fits(heads[0]):
                    queue.remove(heads[0])
                    self._move(heads[0])
                    moved = True
