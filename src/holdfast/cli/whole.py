"""A declaration and all that its record shows: what posture, gaps, coverage and the campaign are drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.cli.options import day_meant
from holdfast.errors import HoldfastError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.envelope import Envelope
    from holdfast.evidence.events import ApprovalRecorded
    from holdfast.measures.judgement import Judgement
    from holdfast.measures.programme import Attempt, Due
    from holdfast.measures.remediation import Remediation
    from holdfast.measures.tabletop import Discussed
    from holdfast.model.types import Model
    from holdfast.state.approvals import ApprovalEntries, Standing
    from holdfast.state.exercise import Recorded
    from holdfast.state.gaps import Handling
    from holdfast.store.audit import Audit

_US_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class Whole:
    """One model and one record at one moment; a record may go on from older logs, which are then read with it.

    ``audits`` are of its logs, oldest first, the last of them the one that was named. ``attempts`` are those of
    ``judgements``, one for one, and then those of what was talked through. ``unread`` is the id of the older
    log that the first of them continues, if it does. ``refused`` are exercises that cannot be judged again, and why.
    """

    model: Model
    audits: tuple[Audit, ...]
    at_utc_us: int
    judgements: tuple[Judgement, ...]
    discussed: tuple[Discussed, ...]
    refused: tuple[HoldfastError, ...]
    attempts: tuple[Attempt, ...]
    dues: tuple[Due, ...]
    approved: Mapping[str, Standing]
    handled: Mapping[str, Handling]
    unread: str | None

    @property
    def audit(self) -> Audit:
        """What was found about the log that was named."""
        return self.audits[-1]

    @property
    def day(self) -> str:
        """The day (ISO 8601) of the moment."""
        return datetime.fromtimestamp(self.at_utc_us // _US_PER_S, UTC).date().isoformat()

    def remediations(self) -> tuple[Remediation, ...]:
        """Return how every gap stands, what comes first first."""
        from holdfast.measures.gaps import gaps
        from holdfast.measures.remediation import remediations

        return remediations(gaps(self.judgements, self.discussed), self.handled, self.model, self.approved, self.day)

    def head(self) -> dict[str, object]:
        """Return, for a program, which model and record this is of, as of when, and what of it was not judged."""
        from holdfast.cli.record import facts

        return {
            "institution": self.model.institution,
            "model_digest": self.model.digest,
            "record": facts(self.audit),
            "at_utc_us": self.at_utc_us,
            "unread": self.unread,
            "not_judged": [{"code": each.code, "message": each.message} for each in self.refused],
        }

    def footnote(self, log: str, entry: int) -> str:
        """Return where something stands, as ``entry 12``; of an older log also which."""
        return f"entry {entry}" if log == self.audit.origin else f"entry {entry} of {log}"


def whole(model: Model, source: str, older: Sequence[str], on: str | None, key: str | None) -> Whole:
    """Read a record, judge everything in it, and hold the model's plan against it, as of a day or now.

    ``older`` are the logs that ``source`` goes on from, newest first; HF241 where one is not what the next one
    continues. What was tried after the moment is left out. In a record that nobody verified no approval counts, and
    nothing that people said of gaps.
    """
    from holdfast.measures.programme import began_utc_us, programme
    from holdfast.state.approvals import approvals
    from holdfast.state.gaps import together

    at_us = _moment(on)
    audits = _audits(source, older, key)
    trusted = audits[-1].key is not None
    read: list[_Read] = []
    for number, audit in enumerate(audits):
        following = audits[number + 1].continues if number + 1 < len(audits) else None
        read.append(_read(audit.place, following.size if following else None, at_us, trusted=trusted))
    attempts = (*(each for one in read for each in one.run), *(each for one in read for each in one.talked))
    handled: Mapping[str, Handling] = {}
    given: dict[str, tuple[Recorded[ApprovalRecorded], ...]] = {}
    for one in read:
        handled = together(handled, one.handled)
        given |= one.given  # what a newer log says of a subject takes the place of what an older one said
    before = audits[0].continues
    began = read[0].began
    dues = programme(
        model.test_plan,
        attempts,
        began_utc_us(began),
        at_us,
        began.at_utc_us if before is not None else None,
    )
    return Whole(
        model=model,
        audits=audits,
        at_utc_us=at_us,
        judgements=tuple(each for one in read for each in one.judgements),
        discussed=tuple(each for one in read for each in one.discussed),
        refused=tuple(each for one in read for each in one.refused),
        attempts=attempts,
        dues=dues,
        approved={subject: each.standing for subject, each in approvals(model, given).items()},
        handled=handled,
        unread=before.origin if before is not None else None,
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """What one log of a record says, up to the moment."""

    recorded: tuple[Envelope, ...]
    judgements: tuple[Judgement, ...]
    discussed: tuple[Discussed, ...]
    refused: tuple[HoldfastError, ...]
    run: tuple[Attempt, ...]
    talked: tuple[Attempt, ...]
    handled: Mapping[str, Handling]
    given: ApprovalEntries

    @property
    def began(self) -> Envelope:
        """Its first entry."""
        return self.recorded[0]


def _read(place: str, size: int | None, at_utc_us: int, *, trusted: bool) -> _Read:
    """Read one log, as far as the next one continues it, and judge everything in it."""
    from holdfast.cli.record import entries, opened
    from holdfast.exercises.vocabulary import vocabulary
    from holdfast.measures.judgement import judge_all
    from holdfast.measures.programme import attempt
    from holdfast.measures.tabletop import judge_tabletops, tabletop_attempts
    from holdfast.state.approvals import approval_entries
    from holdfast.state.gaps import handlings

    with opened(place) as log:
        whole_log = entries(log)[:size]
        recorded = (whole_log[0], *(each for each in whole_log[1:] if each.at_utc_us <= at_utc_us))
        judgements, refused = judge_all(recorded, log.attachment, vocabulary())
        discussed, unheard = judge_tabletops(recorded, log.attachment, vocabulary())

    def counted(found: Iterable[Attempt]) -> tuple[Attempt, ...]:
        # Whoever made a record that nobody verified could have approved anything in it.
        return tuple(each if trusted else replace(each, limits_approved=False) for each in found)

    return _Read(
        recorded=recorded,
        judgements=judgements,
        discussed=discussed,
        refused=(*refused, *unheard),
        run=counted(attempt(each) for each in judgements),
        talked=counted(tabletop_attempts(discussed)),
        handled=handlings(recorded) if trusted else {},
        given=approval_entries(recorded) if trusted else {},
    )


def _audits(source: str, older: Sequence[str], key: str | None) -> tuple[Audit, ...]:
    """Verify a log and those that it goes on from, and return them oldest first.

    Of an older log that part counts to which the newer one's first entry links: the newer one's signature stands for
    it, whatever the older one was restored from since. HF241 where its entries do not lead there.
    """
    from holdfast.cli.record import audited
    from holdfast.evidence.verification import is_error
    from holdfast.store.audit import audit_bundle, audit_log
    from holdfast.store.bundle import is_bundle
    from holdfast.store.continuation import with_link
    from holdfast.store.places import Outside

    audits = [audited(source, key)]
    for place in older:
        outside = Outside.of(place)
        linked = with_link(replace(audits[0], findings=()), place, outside)
        wrong = next(filter(is_error, linked.findings), None)
        if wrong is not None:
            raise HoldfastError(wrong.code, f"{wrong.place}: {wrong.message}", remedy=wrong.remedy)
        older_one = audit_bundle(Path(place), None) if is_bundle(Path(place)) else audit_log(place, None, outside)
        audits.insert(0, older_one)
    return tuple(audits)


def _moment(on: str | None) -> int:
    """Return the moment that is shown, in UTC microseconds: now, or the end of the day that was named."""
    now = datetime.now(UTC)
    if on is None:
        return round(now.timestamp() * _US_PER_S)
    end = datetime.fromisoformat(day_meant(on)).replace(tzinfo=UTC) + timedelta(days=1)
    return round(end.timestamp() * _US_PER_S) - 1


def day(utc_us: int) -> str:
    """Return the day of an instant, as ``2026-11-21``."""
    return datetime.fromtimestamp(utc_us // _US_PER_S, UTC).date().isoformat()
