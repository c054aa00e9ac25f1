"""What people did about gaps, as the log tells it: by the gap's id, in the order of the log.

Whether there is such a gap is not said here: that follows from verdicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from holdfast.evidence.envelope import Envelope, event_of
from holdfast.evidence.events import KINDS
from holdfast.evidence.gaps import GapAssigned, GapEscalated, GapNoted, GapSeverity
from holdfast.state.exercise import Recorded

_ABOUT_GAPS = (GapAssigned, GapEscalated, GapNoted)


@dataclass(frozen=True, slots=True)
class Handling:
    """What was done about one gap. Of what was assigned repeatedly the last counts; all of it remains in the log."""

    assigned: tuple[Recorded[GapAssigned], ...] = ()
    escalated: tuple[Recorded[GapEscalated], ...] = ()
    noted: tuple[Recorded[GapNoted], ...] = ()

    @property
    def owner(self) -> str | None:
        """The role that answers for it, by its name; ``None`` when nobody does."""
        return next((each.event.owner for each in reversed(self.assigned) if each.event.owner), None)

    @property
    def due(self) -> str | None:
        """The date (ISO 8601) that was set, ``None`` when none was."""
        return next((each.event.due for each in reversed(self.assigned) if each.event.due), None)

    @property
    def cause(self) -> str | None:
        """What caused it, ``None`` when nobody said."""
        return next((each.event.cause for each in reversed(self.assigned) if each.event.cause), None)

    @property
    def severity(self) -> GapSeverity | None:
        """The severity that was set instead of the rule's, ``None`` when none was."""
        return next((each.event.severity for each in reversed(self.assigned) if each.event.severity), None)

    @property
    def postponed(self) -> int:
        """How often its date was moved to a later day."""
        dates = [each.event.due for each in self.assigned if each.event.due]
        return sum(later > earlier for earlier, later in pairwise(dates))

    @property
    def entries(self) -> tuple[int, ...]:
        """The entries in which all of this stands."""
        every: tuple[Recorded[GapAssigned] | Recorded[GapEscalated] | Recorded[GapNoted], ...]
        every = (*self.assigned, *self.escalated, *self.noted)
        return tuple(sorted(each.seq for each in every))


NOTHING_DONE = Handling()


def handlings(envelopes: Iterable[Envelope]) -> Mapping[str, Handling]:
    """Return what was done about each gap that a log names, by its id; other kinds are passed over."""
    found: dict[str, Handling] = {}
    for envelope in envelopes:
        if KINDS.get(envelope.kind) not in _ABOUT_GAPS:
            continue
        event = event_of(envelope)
        match event:
            case GapAssigned(gap):
                before = found.get(gap, NOTHING_DONE)
                said = Recorded(envelope.seq, envelope.at_utc_us, event)
                found[gap] = replace(before, assigned=(*before.assigned, said))
            case GapEscalated(gap):
                before = found.get(gap, NOTHING_DONE)
                taken = Recorded(envelope.seq, envelope.at_utc_us, event)
                found[gap] = replace(before, escalated=(*before.escalated, taken))
            case GapNoted(gap):
                before = found.get(gap, NOTHING_DONE)
                noted = Recorded(envelope.seq, envelope.at_utc_us, event)
                found[gap] = replace(before, noted=(*before.noted, noted))
    return found


def together(before: Mapping[str, Handling], after: Mapping[str, Handling]) -> Mapping[str, Handling]:
    """Return what was done about gaps in an older log and in the one that goes on from it."""
    found = dict(before)
    for gap, handling in after.items():
        one = found.get(gap, NOTHING_DONE)
        found[gap] = Handling(
            (*one.assigned, *handling.assigned), (*one.escalated, *handling.escalated), (*one.noted, *handling.noted)
        )
    return found
