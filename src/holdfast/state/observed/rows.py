"""What is read from the files of an observation: typed rows, each with the line where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from holdfast.evidence.observed import Milestone, Workaround
from holdfast.state.history import Record
from holdfast.state.observed.manifest import Source
from holdfast.state.rows import Instruction


@dataclass(frozen=True, slots=True)
class Sample:
    """The service was looked at, at an instant of UTC by the source's corrected clock, and was good or not."""

    at_us: int
    good: bool


@dataclass(frozen=True, slots=True)
class Samples:
    """All samples of a source in order; a written time may be up to ``written_to_us`` too early."""

    source: Source
    samples: tuple[Sample, ...]
    written_to_us: int


@dataclass(frozen=True, slots=True)
class PositionRow:
    """A participant's position of the day, in minor units, and whether the participant confirmed it."""

    participant: str
    opening_cents: int
    debits_cents: int
    credits_cents: int
    closing_cents: int
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a timeline; the instant may have been up to ``written_to_us`` later than ``at_us``.

    ``zoned`` says whether the file wrote the zone of its time; it stands in no entry, and the files tell it again.
    """

    source: str
    number: int
    at_us: int
    written_to_us: int
    by: str
    what: str
    milestone: Milestone | None
    workaround: Workaround | None
    zoned: bool = True


@dataclass(slots=True)
class Read:
    """What the sources gave. ``unread`` names each that could not be relied on, and why; ``rows`` counts by source."""

    samples: Samples | None = None
    records: dict[str, Record] = field(default_factory=dict)
    instructions: tuple[Instruction, ...] | None = None
    positions: tuple[PositionRow, ...] | None = None
    lines: list[Line] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


Offsets = Mapping[str, int]
"""Seconds ahead of UTC of each time zone while the observation ran."""
