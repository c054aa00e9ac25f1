"""The fold of a log into exercises that were talked through: what was told, decided, noted, and who was there.

Read tolerantly, as an incident is: what came in an odd order stays, an inject that was told twice counts from the
first time. What may be recorded next is for whoever records it to ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from holdfast.evidence.envelope import Envelope, event_of
from holdfast.evidence.spoken import ActionAgreed, DecisionTaken, FactRecorded, InjectTold, TabletopOpened
from holdfast.state.exercise import Recorded, known_kind


@dataclass(frozen=True, slots=True)
class Tabletop:
    """All that the log says about one exercise that was talked through, in the order in which it was said."""

    log: str
    opened: Recorded[TabletopOpened]
    last_seq: int
    told: tuple[Recorded[InjectTold], ...] = ()
    decisions: tuple[Recorded[DecisionTaken], ...] = ()
    facts: tuple[Recorded[FactRecorded], ...] = ()
    actions: tuple[Recorded[ActionAgreed], ...] = ()

    @property
    def id(self) -> str:
        """The name of this exercise."""
        return self.opened.event.exercise

    @property
    def injects(self) -> Mapping[int, Recorded[InjectTold]]:
        """The injects that were told, by number, each as it was told first."""
        found: dict[int, Recorded[InjectTold]] = {}
        for told in self.told:
            found.setdefault(told.event.inject, told)
        return found

    @property
    def clock_ms(self) -> int:
        """The time in the scenario that was reached: the latest of anything said."""
        said = [*(each.event.clock_ms for each in self.told), *(each.event.clock_ms for each in self.decisions)]
        said += [fact.event.clock_ms for fact in self.facts if fact.event.clock_ms is not None]
        return max(said, default=0)

    @property
    def closed(self) -> Recorded[FactRecorded] | None:
        """The fact that closed it."""
        return next((fact for fact in self.facts if fact.event.fact == "closed"), None)

    @property
    def attended(self) -> tuple[str, ...]:
        """Who was there: roles by their names, persons by their digests, in the order in which they came."""
        return tuple(dict.fromkeys(fact.event.by for fact in self.of("attended") if fact.event.by))

    def of(self, kind: str) -> tuple[Recorded[FactRecorded], ...]:
        """Return the facts of one kind."""
        return tuple(fact for fact in self.facts if fact.event.fact == kind)


def fold_tabletops(envelopes: Iterable[Envelope]) -> Mapping[str, Tabletop]:
    """Return every exercise of a log that was talked through, by its id, in the order of opening.

    Raises HF501 for a kind that this version does not know, because it could say something about one.
    """
    found: dict[str, Tabletop] = {}
    for envelope in envelopes:
        if known_kind(envelope) not in _TAKEN:
            continue
        event = event_of(envelope)
        match event:
            case TabletopOpened() if event.exercise not in found:
                opened = Recorded(envelope.seq, envelope.at_utc_us, event)
                found[event.exercise] = Tabletop(envelope.log, opened, envelope.seq)
            case InjectTold() | DecisionTaken() if event.exercise in found:
                found[event.exercise] = _next(found[event.exercise], envelope, event)
            case FactRecorded() | ActionAgreed() if event.about in found:
                found[event.about] = _next(found[event.about], envelope, event)
    return found


_TAKEN = frozenset({TabletopOpened, InjectTold, DecisionTaken, FactRecorded, ActionAgreed})


def _next(
    tabletop: Tabletop, envelope: Envelope, event: InjectTold | DecisionTaken | FactRecorded | ActionAgreed
) -> Tabletop:
    """Return the exercise after one more event."""
    seq, at = envelope.seq, envelope.at_utc_us
    tabletop = replace(tabletop, last_seq=seq)
    match event:
        case InjectTold():
            return replace(tabletop, told=(*tabletop.told, Recorded(seq, at, event)))
        case DecisionTaken():
            return replace(tabletop, decisions=(*tabletop.decisions, Recorded(seq, at, event)))
        case FactRecorded():
            return replace(tabletop, facts=(*tabletop.facts, Recorded(seq, at, event)))
        case ActionAgreed():
            return replace(tabletop, actions=(*tabletop.actions, Recorded(seq, at, event)))
