"""The rows of the histories that an exercise collects, as they are read: exact types, nothing guessed.

Times ``_us`` are monotonic microseconds of one boot unless they say UTC, amounts are integer minor units. A row may
carry more members than are named here (a newer range may say more); it may not carry fewer, nor other types.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import Field

# What PostgreSQL's bigint and a monotonic clock can hold; a longer number is no evidence of anything.
_BOUND = 2**63
Whole = Annotated[int, Field(ge=-_BOUND, lt=_BOUND)]
Amount = Annotated[int, Field(gt=0, lt=_BOUND)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

Final = Literal["settled", "rejected"]
Definite = Literal["settled", "queued", "rejected"]
Reached = Literal["confirmed", "stated", "booked"]
"""What comes by itself, later than an answer: a message, a statement, the RTGS's word."""
Priority = Literal["normal", "priority"]
_PROMISES = frozenset({*get_args(Definite), *get_args(Reached)})


# -- what each participant kept on its own side --


@dataclass(frozen=True, slots=True)
class Clock:
    """First line of every record: whose it is, and which clock its times are on, with one pair of readings."""

    op: Literal["clock"]
    bank: str
    clock_id: str
    utc_us: Whole
    mono_us: Whole
    opening_cents: Whole
    limit_cents: Whole


@dataclass(frozen=True, slots=True)
class Offer:
    """An instruction that the participant wants settled; the load is open, so this is due whether or not it works."""

    op: Literal["offer"]
    t_us: Whole
    key: str
    to: str
    amount_cents: Amount
    priority: Priority


@dataclass(frozen=True, slots=True)
class Answer:
    """What one attempt got. The first definite one (settled, queued, rejected) is the acknowledgement."""

    op: Literal["answer"]
    t_us: Whole
    key: str
    attempt: Whole
    gateway: str
    status: (
        Literal["settled", "queued", "rejected", "conflict", "unknown", "unavailable", "unreachable", "timeout"]
        | Reached
    )
    seq: Whole | None
    reason: str | None

    @property
    def definite(self) -> bool:
        """Whether this is a promise."""
        return self.status in _PROMISES


@dataclass(frozen=True, slots=True)
class Update:
    """A queued instruction seen final later."""

    op: Literal["update"]
    t_us: Whole
    key: str
    status: Final
    seq: Whole | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class PositionSeen:
    """A day's position as the participant was told it, beside its own sum, and whether it confirmed."""

    op: Literal["position"]
    t_us: Whole
    day: Whole
    opening_cents: Whole
    debits_cents: Whole
    credits_cents: Whole
    closing_cents: Whole
    own_debits_cents: Whole
    agrees: bool
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    """The participant was told to offer nothing more: so many rows stand before this one, and no offer comes after."""

    op: Literal["stopped"]
    t_us: Whole
    rows: Whole


RecordRow = Annotated[Clock | Offer | Answer | Update | PositionSeen | Stopped, Field(discriminator="op")]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A change of the participants' alarm, which reads only their records."""

    op: Literal["alarm"]
    t_us: Whole
    utc_us: Whole
    clock_id: str
    service: str
    by: str
    state: Literal["raised", "cleared"]
    detail: str


# -- what the auditor read on the primary, in one transaction --


@dataclass(frozen=True, slots=True)
class Source:
    """First line of the extract: which server was read; one in recovery is no primary."""

    table: Literal["_source"]
    node: str
    in_recovery: bool
    timeline: Whole
    lsn: str


@dataclass(frozen=True, slots=True)
class Account:
    """A participant's account; its balance may not fall below minus ``limit_cents``."""

    table: Literal["account"]
    participant: str
    opening_cents: Whole
    balance_cents: Whole
    limit_cents: Whole


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction that the ledger accepted or rejected by rule."""

    table: Literal["instruction"]
    key: str
    day: Whole
    sender: str
    receiver: str
    amount_cents: Whole
    priority: str
    status: Definite
    reason: str | None
    accepted_seq: Whole | None
    final_seq: Whole | None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One side of a settled instruction; negative for who pays."""

    table: Literal["entry"]
    seq: Whole
    key: str
    participant: str
    amount_cents: Whole


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One link of the ledger's hash chain; ``body`` is the JSON text that is hashed."""

    table: Literal["journal"]
    seq: Whole
    day: Whole
    kind: Literal["open", "accept", "settle", "reject", "close", "resolve", "mode", "duty"]
    key: str | None
    body: str
    hash: Digest


@dataclass(frozen=True, slots=True)
class BusinessDay:
    """A settlement day; times are UTC microseconds."""

    table: Literal["business_day"]
    day: Whole
    cut_off_us: Whole
    close_by_us: Whole
    closed_us: Whole | None


@dataclass(frozen=True, slots=True)
class Position:
    """A participant's final position of a day, and whether the participant confirmed it."""

    table: Literal["position"]
    day: Whole
    participant: str
    opening_cents: Whole
    debits_cents: Whole
    credits_cents: Whole
    closing_cents: Whole
    confirmed: bool


LedgerRow = Annotated[
    Source | Account | Instruction | LedgerEntry | JournalRow | BusinessDay | Position, Field(discriminator="table")
]


# -- what the gateways wrote before they asked the ledger, as the vault holds it --


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One line of a gateway's instruction journal; ``hash`` covers ``prev`` and every member but these two."""

    n: Whole
    gateway: str
    utc_us: Whole
    participant: str
    key: str
    to: str
    amount_cents: Whole
    priority: str
    prev: Digest
    hash: Digest
