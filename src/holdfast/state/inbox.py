"""What participants received besides answers, as rows: messages, and how far each participant had looked.

An inbox says of itself until when it is whole: everything that was there at the last ``looked`` stands above it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from holdfast.state.rows import Whole


@dataclass(frozen=True, slots=True)
class InboxClock:
    """First line of every inbox: whose it is, and which clock its times are on."""

    op: Literal["clock"]
    bank: str
    clock_id: str


@dataclass(frozen=True, slots=True)
class Content:
    """What of a message's content bears on a judgement; other members are passed over."""

    status: str
    key: str | None = None
    side: str | None = None
    day: Whole | None = None
    amount_cents: Whole | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came: ``again`` had come before with this number, before ``gap`` a number is missing."""

    op: Literal["received", "again", "gap"]
    t_us: Whole
    channel: str
    number: Whole
    by: str
    body: Content


@dataclass(frozen=True, slots=True)
class Looked:
    """Everything that was there at ``t_us``, from those in ``heard``, stands before this line: so many rows."""

    op: Literal["looked"]
    t_us: Whole
    heard: tuple[str, ...]
    rows: Whole


InboxRow = Annotated[InboxClock | Message | Looked, Field(discriminator="op")]


@dataclass(frozen=True, slots=True)
class Inbox:
    """One participant's inbox."""

    clock: InboxClock
    messages: tuple[Message, ...]
    looked: tuple[Looked, ...]
