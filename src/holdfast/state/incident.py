"""The fold of a log into incidents that people record by hand, and what an incident still lacks for its next step.

Nothing that was recorded is refused when it is read: what came in an odd order stands in an odd order, and ``oddities``
says so. The order is held when a step is to be *recorded*: ``missing`` says what has to come before it. A note, an
answer of the worksheet and a correction always land.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from holdfast.evidence.envelope import Envelope, event_of
from holdfast.evidence.spoken import (
    ActionAgreed,
    CriterionAnswered,
    FactRecorded,
    Happening,
    IncidentClassified,
    IncidentOpened,
    IncidentReviewed,
)
from holdfast.state.exercise import Recorded, known_kind

Fact = Recorded[FactRecorded]

TRUST: tuple[Happening, ...] = ("eradicated", "rebuilt", "verified")
"""What has to be shown before anything serves again, where trust was lost."""

_BEFORE: Mapping[Happening, Happening] = {
    "contained": "declared",
    "eradicated": "contained",
    "rebuilt": "eradicated",
    "verified": "rebuilt",
}
_CLOSED = "the incident is closed; a note and a correction still land"
_IN_ORDER: tuple[Happening, ...] = ("occurred", "detected", "declared", "contained", *TRUST)


@dataclass(frozen=True, slots=True)
class Spell:
    """One time that a service was disrupted: from when, and when it was at its minimum and whole again, if it was."""

    disrupted: Fact
    minimum: Fact | None = None
    full: Fact | None = None

    @property
    def back(self) -> Fact | None:
        """When it served again: at its minimum, or wholly if nobody said when it reached the minimum."""
        return self.minimum or self.full


@dataclass(frozen=True, slots=True)
class Incident:
    """All that the log says about one incident, in the order in which it was said; what was corrected included."""

    log: str
    opened: Recorded[IncidentOpened]
    last_seq: int
    facts: tuple[Fact, ...] = ()
    answers: tuple[Recorded[CriterionAnswered], ...] = ()
    classified: tuple[Recorded[IncidentClassified], ...] = ()
    reviews: tuple[Recorded[IncidentReviewed], ...] = ()
    actions: tuple[Recorded[ActionAgreed], ...] = ()

    @property
    def id(self) -> str:
        """The name of this incident."""
        return self.opened.event.incident

    @property
    def counting(self) -> tuple[Fact, ...]:
        """The facts that count: without those that were corrected or withdrawn, as they are said to have occurred."""
        replaced = self._replaced
        kept = [fact for fact in self.facts if fact.seq not in replaced and fact.event.standing != "withdrawn"]
        return tuple(sorted(kept, key=lambda fact: (fact.event.occurred_utc_us, fact.seq)))

    @property
    def _replaced(self) -> frozenset[int]:
        """The entries of which another took the place: by a correction, or by a decision on what was due.

        A decision that was withdrawn took the place of nothing: what it decided is due again.
        """
        kinds = {fact.seq: fact.event.fact for fact in self.facts}
        corrected: dict[int, Fact] = {}
        decisions: list[Fact] = []
        for fact in self.facts:
            old = fact.event.corrects
            if old is not None and (fact.event.fact, kinds.get(old)) == ("decided", "decision-due"):
                decisions.append(fact)
            elif old is not None:
                corrected[old] = fact

        def stands(fact: Fact) -> bool:
            later = corrected.get(fact.seq)
            if later is None or later.seq <= fact.seq:
                return fact.event.standing != "withdrawn"
            return stands(later)

        return frozenset({*corrected, *(each.event.corrects or 0 for each in decisions if stands(each))})

    def of(self, *happenings: Happening, service: str | None = None) -> tuple[Fact, ...]:
        """Return what counts and happened of these kinds, as it occurred; of one service if it is named."""
        return tuple(
            fact
            for fact in self.counting
            if fact.event.fact in happenings
            and fact.event.standing == "happened"
            and (service is None or fact.event.service == service)
        )

    def first(self, *happenings: Happening, service: str | None = None) -> Fact | None:
        """Return the earliest of them."""
        return next(iter(self.of(*happenings, service=service)), None)

    def waived(self, happening: Happening, service: str | None = None) -> Fact | None:
        """Return the fact which says that a step was not needed."""
        told = [
            fact
            for fact in self.counting
            if (fact.event.fact, fact.event.standing) == (happening, "not-needed")
            and (service is None or fact.event.service == service)
        ]
        return max(told, key=lambda fact: fact.seq, default=None)

    def done(self, happening: Happening, service: str | None = None) -> bool:
        """Return whether a step happened or was said not to be needed."""
        return bool(self.first(happening, service=service) or self.waived(happening, service))

    def spells(self, service: str) -> tuple[Spell, ...]:
        """Return every time that a service was disrupted, as it occurred; what fell again has more than one."""
        found: list[Spell] = []
        for fact in self.of("disrupted", "minimum-service", "full-service", service=service):
            last = found[-1] if found else None
            match fact.event.fact:
                case "disrupted" if last is None or last.back is not None:
                    found.append(Spell(fact))
                case "minimum-service" if last is not None and last.back is None:
                    found[-1] = replace(last, minimum=fact)
                case "full-service" if last is not None and last.full is None:
                    found[-1] = replace(last, full=fact)
        return tuple(found)

    def restored(self, service: str) -> Fact | None:
        """Return when a service was back for the last time; ``None`` while it is disrupted."""
        spells = self.spells(service)
        return spells[-1].back if spells else None

    def whole(self, service: str) -> Fact | None:
        """Return when a service was wholly back for the last time; ``None`` while it is not."""
        spells = self.spells(service)
        return spells[-1].full if spells else None

    @property
    def services(self) -> tuple[str, ...]:
        """The services that were disrupted, in the order in which they were."""
        return tuple(dict.fromkeys(fact.event.service for fact in self.of("disrupted") if fact.event.service))

    @property
    def trust_lost(self) -> bool:
        """Whether somebody said that what runs cannot be trusted."""
        return bool(self.of("trust-lost"))

    @property
    def worksheet(self) -> Mapping[str, Recorded[CriterionAnswered]]:
        """The last answer to each question of the classification."""
        return {answer.event.question: answer for answer in self.answers}

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self.done("closed")

    @property
    def stage(self) -> str:
        """How far it has come: the last step that was reached, in one word."""
        if self.closed:
            return "closed"
        if self.reviews:
            return "reviewed"
        if self.services and all(self._is_back(service) for service in self.services):
            return "restored"
        reached = [step for step in ("declared", "contained", *TRUST) if self.of(step)]
        if reached:
            return reached[-1]
        return "classified" if self.answers or self.classified else "opened"

    def _is_back(self, service: str) -> bool:
        return self.restored(service) is not None or self.excused("minimum-service", service)

    def excused(self, happening: Happening, service: str) -> bool:
        """Return whether it was said, since the service was disrupted last, that a step of its return is not needed."""
        spells, told = self.spells(service), self.waived(happening, service)
        return told is not None and not (spells and spells[-1].disrupted.seq > told.seq)


def fold_incidents(envelopes: Iterable[Envelope]) -> Mapping[str, Incident]:
    """Return every incident of a log by its id, in the order of opening.

    What speaks of an incident that nobody opened is passed over: it may be about something else. Raises HF501 for a
    kind that this version does not know, because it could say something about an incident.
    """
    incidents: dict[str, Incident] = {}
    for envelope in envelopes:
        if known_kind(envelope) not in _TAKEN:
            continue
        event = event_of(envelope)
        match event:
            case IncidentOpened() if event.incident not in incidents:
                opened = Recorded(envelope.seq, envelope.at_utc_us, event)
                incidents[event.incident] = Incident(envelope.log, opened, envelope.seq)
            case FactRecorded() | ActionAgreed() if event.about in incidents:
                incidents[event.about] = _next(incidents[event.about], envelope, event)
            case CriterionAnswered() | IncidentClassified() | IncidentReviewed() if event.incident in incidents:
                incidents[event.incident] = _next(incidents[event.incident], envelope, event)
    return incidents


_About = FactRecorded | ActionAgreed | CriterionAnswered | IncidentClassified | IncidentReviewed
_TAKEN = frozenset(
    {IncidentOpened, FactRecorded, ActionAgreed, CriterionAnswered, IncidentClassified, IncidentReviewed}
)


def _next(incident: Incident, envelope: Envelope, event: _About) -> Incident:
    """Return the incident after one more event."""
    seq, at = envelope.seq, envelope.at_utc_us
    incident = replace(incident, last_seq=seq)
    match event:
        case FactRecorded():
            return replace(incident, facts=(*incident.facts, Recorded(seq, at, event)))
        case CriterionAnswered():
            return replace(incident, answers=(*incident.answers, Recorded(seq, at, event)))
        case IncidentClassified():
            return replace(incident, classified=(*incident.classified, Recorded(seq, at, event)))
        case IncidentReviewed():
            return replace(incident, reviews=(*incident.reviews, Recorded(seq, at, event)))
        case ActionAgreed():
            return replace(incident, actions=(*incident.actions, Recorded(seq, at, event)))


def missing(
    incident: Incident, happening: Happening, service: str | None = None, *, ordered: bool = True
) -> tuple[str, ...]:
    """Return what has to be recorded before this step may be, in words; nothing where it may be now.

    Without ``ordered`` a step may come though the one before it is not there: what happened, happened. Then only what
    it would say nothing without is missing, and ``oddities`` tells of the rest.
    """
    if ordered or happening == "closed":
        return tuple(_missing(incident, happening, service))
    needed = [f"{service} disrupted"] if service is not None and service not in incident.services else []
    return (_CLOSED,) if incident.closed else tuple(needed)


def missing_for_review(incident: Incident) -> tuple[str, ...]:
    """Return what has to be recorded before the review: every service that was disrupted is back."""
    if incident.closed:
        return ("the incident is closed",)
    out = [each for each in incident.services if incident.restored(each) is None]
    return tuple(f"{each} restored" for each in out if not incident.excused("minimum-service", each))


def _missing(incident: Incident, happening: Happening, service: str | None) -> Iterator[str]:
    if incident.closed:
        yield _CLOSED
        return
    match happening:
        case "declared":
            if not (incident.answers or incident.classified):
                yield "classified"
        case "contained" | "eradicated" | "rebuilt" | "verified":
            if not incident.done(_BEFORE[happening]):
                yield _BEFORE[happening]
        case "minimum-service" | "full-service":
            yield from _missing_to_serve(incident, service)
        case "closed":
            yield from () if incident.reviews else ("reviewed",)
            out = [each for each in incident.services if incident.whole(each) is None]
            yield from (f"{each} wholly restored" for each in out if not incident.excused("full-service", each))


def _missing_to_serve(incident: Incident, service: str | None) -> Iterator[str]:
    if service not in incident.services:
        yield f"{service} disrupted"
    if not incident.done("contained"):
        yield "contained"
    if incident.trust_lost and not incident.done("verified"):
        yield "verified, for trust was lost"


def oddities(incident: Incident) -> tuple[str, ...]:
    """Return what of the record does not fit together in time, which nobody has corrected yet."""
    return tuple(dict.fromkeys(_oddities(incident)))


def _oddities(incident: Incident) -> Iterator[str]:
    told = [fact for step in _IN_ORDER if (fact := incident.first(step)) is not None]
    for earlier, later in pairwise(told):
        if later.event.occurred_utc_us < earlier.event.occurred_utc_us:
            first, second = (f"{fact.event.fact} (entry {fact.seq})" for fact in (earlier, later))
            yield f"{second} is said to be before {first}"
    for service in incident.services:
        disrupted = incident.first("disrupted", service=service)
        served = incident.first("minimum-service", "full-service", service=service)
        if disrupted and served and _at(served) < _at(disrupted):
            yield f"{service} is said to be back (entry {served.seq}) before it was disrupted (entry {disrupted.seq})"
        verified = incident.first("verified")
        if incident.trust_lost and served and (verified is None or _at(verified) > _at(served)):
            yield f"{service} served (entry {served.seq}) before what was compromised was verified"
        elif served and not incident.done("contained"):
            yield f"{service} served (entry {served.seq}), and nobody said that it was contained"
    for step, before in _BEFORE.items():
        if (taken := incident.first(step)) is not None and not incident.done(before):
            yield f"{step} (entry {taken.seq}), and nobody said that it was {before}"


def _at(fact: Fact) -> int:
    return fact.event.occurred_utc_us
