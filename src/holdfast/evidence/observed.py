"""What ran with the institution's own tools, and is judged by the records that it left: imported, never measured here.

They are kinds of events like the others, and stand with them in ``holdfast.evidence.events.KINDS``. Their instants are
on the clock ``UTC_CLOCK``, which is no clock at all but a scale: what a source's own clock said, less what that clock
was ahead of UTC. How far it can be wrong stands with the source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from holdfast.evidence.values import Attachment, Instant

UTC_CLOCK = "utc"

ObservedKind = Literal["recovery-test", "live-test", "incident"]
RecordKind = Literal["availability", "participant", "settlement", "positions", "timeline"]
Milestone = Literal[
    "occurred",
    "detected",
    "classified",
    "declared",
    "contained",
    "eradicated",
    "rebuilt",
    "verified",
    "minimum-service",
    "reconnected",
    "full-service",
    "backlog-cleared",
    "day-closed",
    "re-armed",
    "stood-down",
]
MILESTONES: tuple[Milestone, ...] = get_args(Milestone)
"""What a line of a timeline may say happened, in the order in which the field lists it."""

Workaround = Literal["planned", "contingency", "improvised"]


def on_utc(utc_us: int) -> Instant:
    """Return an instant of an imported record."""
    return Instant(utc_us, utc_us, UTC_CLOCK)


@dataclass(frozen=True, slots=True)
class ObservationDescribed:
    """What ran elsewhere, when, who answers for its records, and the manifest that says which file is what.

    ``knew`` are those who knew beforehand: that they noticed shows nothing.
    """

    exercise: str
    what: ObservedKind
    title: str
    lead: str
    knew: tuple[str, ...]
    began: Instant
    ended: Instant
    manifest: Attachment


@dataclass(frozen=True, slots=True)
class SourceImported:
    """A file of records was committed, with where it is from and how its clock stood to UTC.

    ``zone_offset_s`` is what the source's time zone was ahead of UTC while it ran (0 for times that say so themselves),
    ``clock_ahead_us`` how much its clock was ahead of UTC, give or take ``clock_within_us``; ``rows`` is how many
    samples, instructions, positions or lines were read from it.
    """

    exercise: str
    source: str
    record: RecordKind
    attachment: Attachment
    exported_by: str
    exported_with: str
    exported: Instant
    zone_offset_s: int
    clock_ahead_us: int
    clock_within_us: int
    rows: int


@dataclass(frozen=True, slots=True)
class TimelineImported:
    """One line of an imported timeline: who did, saw or decided what, and when by that source's corrected clock.

    ``written_to_us`` is how finely the time is written: the line may have been up to that much later. ``workaround``
    is what kind of manual work it was, if any: a planned step of the playbook, an approved contingency, or improvised.
    """

    exercise: str
    source: str
    line: int
    by: str
    what: str
    occurred: Instant
    written_to_us: int
    milestone: Milestone | None = None
    workaround: Workaround | None = None
