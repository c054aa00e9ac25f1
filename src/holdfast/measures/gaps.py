"""Gaps: what exercises left open. A function of the verdicts: nobody opens one by hand, and nobody closes one.

A check that was broken, or of which the answer is unknown, opens a gap for that service, scenario and check; so does an
exercise that was stopped or crashed after its first effect (``whole-course``), and a clean-up that failed, even where
the exercise itself does not count; so does a decision that was expected at a table and missed, or of which nobody can
tell (``decision-2`` for that on the second inject). That its author expected the break makes it no smaller. As long as
it is open, the same in a later exercise is the same gap, seen again. Its id names the exercise that opened it, and the
check.

It closes by the first later exercise whose whole verdict is *held*, which made the same check, and which was at least
as hard as every exercise that had shown the gap (``measures.hardness``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from holdfast.checks.case import Answer
from holdfast.checks.words import declared
from holdfast.evidence.classes import EvidenceClass
from holdfast.measures.hardness import Hardness, at_least_as_hard, hardness, hardness_discussed
from holdfast.measures.judgement import Judgement
from holdfast.measures.tabletop import Discussed
from holdfast.model.types import GapAbout

WHOLE_COURSE = "whole-course"
CLEAN_UP = "undone-and-rearmed"
DECISION = "decision-"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One exercise and what it showed of a gap: its answer to the check, and on which entries of ``log`` that rests.

    ``entry`` opened the exercise. ``as_expected`` is whether its author expected it to be broken.
    """

    exercise: str
    scenario: str
    log: str
    entry: int
    at_utc_us: int
    answer: Answer
    as_expected: bool
    measured: str
    bound: str
    why: str
    evidence: tuple[int, ...]
    evidence_class: EvidenceClass
    hardness: Hardness


@dataclass(frozen=True, slots=True)
class Gap:
    """One gap: what it is about, where it was seen, what held since and asked less, and what closed it, if anything."""

    id: str
    service: str
    about: GapAbout
    objective: str
    end_of_day: bool  # whether the service's tolerance has the settlement day completed
    seen: tuple[Sighting, ...]
    owner: str | None = None  # whose it is until somebody is named: of a decision, the role that had to make it
    lesser: tuple[Sighting, ...] = ()
    closed: Sighting | None = None

    @property
    def opened(self) -> Sighting:
        """The exercise that opened it."""
        return self.seen[0]

    @property
    def last(self) -> Sighting:
        """The exercise that showed it last."""
        return self.seen[-1]

    @property
    def broken(self) -> bool:
        """Whether it was ever shown to be broken; else it is only not known to hold."""
        return any(sighting.answer == "broken" for sighting in self.seen)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one exercise answered to one check."""

    check: str
    objective: str
    sighting: Sighting
    leaves: bool  # whether it leaves a gap
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class _Exercise:
    """What an exercise says of gaps: how hard it was, whether it held as a whole, and its answers."""

    asked: Hardness
    at: tuple[int, int]
    end_of_day: bool
    held: bool
    answers: tuple[_Answer, ...]


def gaps(judgements: Iterable[Judgement], discussed: Iterable[Discussed] = ()) -> tuple[Gap, ...]:
    """Return every gap that these exercises opened, also those that are closed, in the order of opening.

    The exercises are given in any order; they are taken in the order in which they were opened. Of those that were
    talked through only the ones that were closed say anything.
    """
    every = [_judged(judgement) for judgement in judgements]
    every += [_talked(each) for each in discussed if each.tabletop.closed is not None and each.verdict != "invalid"]
    done: list[Gap] = []
    open_: dict[tuple[str, str, str], Gap] = {}
    for exercise in sorted(every, key=lambda each: each.at):
        _close(exercise, open_, done)
        for answer in exercise.answers:
            if answer.leaves:
                key = (exercise.asked.service, exercise.asked.scenario, answer.check)
                before = open_.get(key)
                seen = (*(before.seen if before else ()), answer.sighting)
                open_[key] = replace(before, seen=seen) if before else _opened(exercise, answer)
    return tuple(sorted((*done, *open_.values()), key=lambda gap: (gap.opened.at_utc_us, gap.opened.entry)))


def _close(exercise: _Exercise, open_: dict[tuple[str, str, str], Gap], done: list[Gap]) -> None:
    """Close the gaps that an exercise closes: it held as a whole, made the check, and was as hard as all before it."""
    if not exercise.held:
        return
    made = {answer.check: answer.sighting for answer in exercise.answers}
    for key, gap in tuple(open_.items()):
        seen = made.get(gap.about.check)
        if seen is None or exercise.asked.service != gap.service:
            continue
        if all(at_least_as_hard(exercise.asked, each.hardness) for each in gap.seen):
            done.append(replace(open_.pop(key), closed=seen))
        else:
            open_[key] = replace(gap, lesser=(*gap.lesser, seen))


def _opened(exercise: _Exercise, answer: _Answer) -> Gap:
    sighting = answer.sighting
    return Gap(
        id=f"{sighting.exercise}/{answer.check}",
        service=exercise.asked.service,
        about=GapAbout(sighting.scenario, answer.check),
        objective=answer.objective,
        end_of_day=exercise.end_of_day,
        seen=(sighting,),
        owner=answer.owner,
    )


def _judged(judgement: Judgement) -> _Exercise:
    """Return what an exercise says that was run or observed."""
    asked, valid = hardness(judgement), judgement.validity.verdict == "valid"
    found = []
    for outcome in judgement.outcomes:
        said = (outcome.measured, outcome.bound, outcome.explanation)
        sighting = _sighting(judgement, asked, outcome.answer, said, outcome.evidence)
        failed_clean_up = (outcome.check, outcome.answer) == (CLEAN_UP, "broken")
        found.append(
            _Answer(
                outcome.check,
                outcome.objective,
                replace(sighting, as_expected=outcome.as_expected and outcome.answer != "held"),
                leaves=outcome.answer != "held" and (valid or failed_clean_up),
            )
        )
    whole = judgement.validity.answer == "held"
    said = ("the whole" if whole else "not the whole", "the whole course", judgement.validity.why)
    answer: Answer = "held" if whole else "unknown"
    course = _sighting(judgement, asked, answer, said, judgement.validity.evidence)
    found.append(_Answer(WHOLE_COURSE, "The exercise went its whole course", course, leaves=valid and not whole))
    opened = judgement.exercise.opened
    return _Exercise(
        asked,
        (opened.at_utc_us, opened.seq),
        judgement.case.service.impact_tolerance.end_of_day,
        judgement.verdict == "held",
        tuple(found),
    )


def _sighting(
    judgement: Judgement, asked: Hardness, answer: Answer, said: tuple[str, str, str], evidence: tuple[int, ...]
) -> Sighting:
    measured, bound, why = said
    opened = judgement.exercise.opened
    return Sighting(
        exercise=judgement.exercise.id,
        scenario=asked.scenario,
        log=judgement.exercise.log,
        entry=opened.seq,
        at_utc_us=opened.at_utc_us,
        answer=answer,
        as_expected=False,
        measured=measured,
        bound=bound,
        why=why,
        evidence=evidence,
        evidence_class=judgement.evidence_class,
        hardness=asked,
    )


def _talked(discussed: Discussed) -> _Exercise:
    """Return what an exercise says that was talked through: each decision that was expected is a check of it."""
    asked, opened = hardness_discussed(discussed), discussed.tabletop.opened
    found = []
    for each in discussed.expected:
        inject = each.inject
        sighting = Sighting(
            exercise=discussed.tabletop.id,
            scenario=asked.scenario,
            log=discussed.tabletop.log,
            entry=opened.seq,
            at_utc_us=opened.at_utc_us,
            answer=each.answer,
            as_expected=False,
            measured=each.outcome,
            bound="as expected" if inject.within_ms is None else f"within {declared(inject.within_ms)}",
            why=each.why,
            evidence=each.entries,
            evidence_class=discussed.evidence_class,
            hardness=asked,
        )
        leaves = each.answer != "held"
        objective = f"Decision: {inject.expect}"
        found.append(_Answer(f"{DECISION}{each.number}", objective, sighting, leaves, inject.by))
    service = discussed.model.services.get(asked.service)
    end_of_day = service is not None and service.impact_tolerance.end_of_day
    held = discussed.verdict == "held"
    return _Exercise(asked, (opened.at_utc_us, opened.seq), end_of_day, held, tuple(found))
