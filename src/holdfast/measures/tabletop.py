"""What a tabletop showed: of every decision that was expected, whether it was made, by whom, and in time.

Its evidence is *discussion*: people said what they would do, and nothing was broken, so it proves no recovery time, and
its clocks are *discussed*. An expected decision is

- **held**: made as expected, by the role that has to make it, within its time;
- **broken**: made late, made otherwise, made by another role alone, or not made although its time had passed;
- **unknown**: never reached, still open when the exercise was closed, said to be made before its inject was told, or
  the facilitator could not tell.

Of several decisions the best counts, of those after the last that was otherwise: that one took back what was before it.

Times are those of the discussion, in whole minutes: nobody at a table means seconds. The time of a decision runs from
when its inject was told. The exercise is as bad as the worst of them: broken, then unknown, then held. One that
expected nothing shows nothing and is unknown; one that ended before its first inject was told is invalid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from holdfast.checks.case import Answer
from holdfast.checks.validity import Verdict
from holdfast.checks.words import declared
from holdfast.errors import HoldfastError
from holdfast.evidence.classes import EvidenceClass, class_of
from holdfast.evidence.envelope import Envelope
from holdfast.evidence.spoken import DecisionTaken
from holdfast.measures.programme import Attempt
from holdfast.measures.tested import subgraph_digest
from holdfast.model.canonical import TOLERANCE
from holdfast.model.loader import load_attachment
from holdfast.model.types import Inject, Model, Scenario
from holdfast.model.vocabulary import Vocabulary
from holdfast.state.approvals import approval_entries, approvals
from holdfast.state.exercise import Recorded
from holdfast.state.history import ReadAttachment
from holdfast.state.tabletop import Tabletop, fold_tabletops

Decision = Recorded[DecisionTaken]
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class ExpectedDecision:
    """One inject of which something was expected: what came of it, after how long as it was discussed, and why."""

    number: int
    inject: Inject
    answer: Answer
    outcome: str
    why: str
    after_ms: int | None  # from when it was told to the decision, as discussed
    told_ms: int | None
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Discussed:
    """A tabletop with its judgement: each expected decision, and what was decided that nobody had expected."""

    tabletop: Tabletop
    model: Model
    scenario: Scenario
    verdict: Verdict
    expected: tuple[ExpectedDecision, ...]
    others: tuple[Decision, ...]
    absent: tuple[str, ...]
    evidence_class: EvidenceClass
    limits_approved: bool

    @property
    def missed(self) -> tuple[ExpectedDecision, ...]:
        """What was broken: each of these is a gap, owned by the role that should have decided."""
        return tuple(each for each in self.expected if each.answer == "broken")


def judge_tabletop(tabletop: Tabletop, model: Model, *, limits_approved: bool = False) -> Discussed:
    """Return the judgement of a tabletop by the model that it committed; HF505 when that has no such scenario."""
    event = tabletop.opened.event
    scenario = model.scenarios.get(event.scenario)
    if scenario is None:
        raise _unreadable(tabletop, f"it has no scenario {event.scenario!r}")
    numbered = tuple(enumerate(scenario.injects, 1))
    expected = tuple(_expected(tabletop, number, inject) for number, inject in numbered if inject.expect is not None)
    asked = {each.number for each in expected}
    others = tuple(each for each in tabletop.decisions if each.event.inject not in asked)
    deciding = {each.event.by for each in tabletop.decisions}
    roles = dict.fromkeys(role for inject in scenario.injects for role in (inject.to, inject.by) if role is not None)
    return Discussed(
        tabletop=tabletop,
        model=model,
        scenario=scenario,
        verdict=_verdict(tabletop, expected),
        expected=expected,
        others=others,
        absent=tuple(role for role in roles if role not in {*tabletop.attended, *deciding}),
        evidence_class=class_of("", event.exercise_type),
        limits_approved=limits_approved,
    )


def judge_tabletops(
    envelopes: Sequence[Envelope], read_attachment: ReadAttachment, vocabulary: Vocabulary
) -> tuple[tuple[Discussed, ...], tuple[HoldfastError, ...]]:
    """Return the judgement of every tabletop of a log, and of each that cannot be judged, why (HF505)."""
    given = approval_entries(envelopes)
    judged: list[Discussed] = []
    refused: list[HoldfastError] = []
    for tabletop in fold_tabletops(envelopes).values():
        try:
            model = _model_of(tabletop, read_attachment, vocabulary)
            service = f"{TOLERANCE}:{tabletop.opened.event.service}"
            approved = approvals(model, given, tabletop.opened.seq).get(service)
            limits = approved is not None and approved.standing == "approved"
            judged.append(judge_tabletop(tabletop, model, limits_approved=limits))
        except HoldfastError as error:
            refused.append(error)
    return tuple(judged), tuple(refused)


def tabletop_attempts(discussed: Iterable[Discussed]) -> tuple[Attempt, ...]:
    """Return what the programme and the posture need of tabletops: attempts like any other, of class *discussion*.

    One that is still open is not among them: what comes of it is not known yet.
    """
    return tuple(_attempt(each) for each in discussed if each.tabletop.closed is not None)


def _attempt(discussed: Discussed) -> Attempt:
    opened = discussed.tabletop.opened
    event = opened.event
    return Attempt(
        exercise=event.exercise,
        scenario=event.scenario,
        service=event.service,
        exercise_type=event.exercise_type,
        at_utc_us=opened.at_utc_us,
        verdict=discussed.verdict,
        as_expected=False,
        evidence_class=discussed.evidence_class,
        limits_approved=discussed.limits_approved,
        tested=subgraph_digest(discussed.model, event.service, event.scenario),
        entry=opened.seq,
        log=discussed.tabletop.log,
    )


def _model_of(tabletop: Tabletop, read_attachment: ReadAttachment, vocabulary: Vocabulary) -> Model:
    try:
        model, _ = load_attachment(read_attachment(tabletop.opened.event.model.sha256), vocabulary)
    except HoldfastError as error:
        raise _unreadable(tabletop, str(error)) from error
    if model is None:
        raise _unreadable(tabletop, "it cannot be read")
    return model


def _unreadable(tabletop: Tabletop, why: str) -> HoldfastError:
    message = f"the model of tabletop {tabletop.id!r} (entry {tabletop.opened.seq}) cannot be judged by: {why}"
    remedy = "Run `holdfast log verify`, and judge with the version of Holdfast that recorded it."
    return HoldfastError("HF505", message, remedy=remedy)


def _verdict(tabletop: Tabletop, expected: tuple[ExpectedDecision, ...]) -> Verdict:
    """Return the worst answer; without any inject that was told there was no exercise, without an answer no verdict."""
    if not tabletop.told:
        return "invalid"
    answers = {each.answer for each in expected}
    if "broken" in answers:
        return "broken"
    # As long as it is open, what was decided can be taken back.
    return "held" if answers == {"held"} and tabletop.closed is not None else "unknown"


def _expected(tabletop: Tabletop, number: int, inject: Inject) -> ExpectedDecision:
    """Return what came of one expected decision: the best of what was decided on its inject, and not taken back."""
    told = tabletop.injects.get(number)
    own = [each for each in tabletop.decisions if each.event.inject == number]
    entries = tuple(sorted({each.seq for each in own} | ({told.seq} if told else set())))
    if own:
        began_ms = told.event.clock_ms if told is not None else inject.at_ms
        answer, outcome, why, after_ms = min(
            (_judged(each.event, inject, began_ms) for each in _standing(own)),
            key=lambda one: (_ORDER.index(one[0]), one[3]),
        )
        return ExpectedDecision(number, inject, answer, outcome, why, after_ms, began_ms, entries)
    if told is None:
        return ExpectedDecision(
            number, inject, "unknown", "not reached", "The inject was never told.", None, None, entries
        )
    if _whole_minutes(tabletop.clock_ms - told.event.clock_ms) > (inject.within_ms or 0):
        why = "Its time passed without that decision."
        return ExpectedDecision(number, inject, "broken", "not made", why, None, told.event.clock_ms, entries)
    why = "Its time had not passed when the exercise ended."
    return ExpectedDecision(number, inject, "unknown", "open", why, None, told.event.clock_ms, entries)


def _standing(own: Sequence[Decision]) -> Sequence[Decision]:
    """Return the decisions on an inject that stand: whoever decides otherwise takes back what was decided before."""
    ordered = sorted(own, key=lambda each: (each.event.clock_ms, each.seq))
    otherwise = [place for place, each in enumerate(ordered) if each.event.as_expected == "no"]
    if not otherwise:
        return ordered
    return ordered[otherwise[-1] + 1 :] or ordered[otherwise[-1] :]


_ORDER: tuple[Answer, ...] = ("held", "unknown", "broken")


def _judged(event: DecisionTaken, inject: Inject, began_ms: int) -> tuple[Answer, str, str, int]:
    """Return what one decision on an inject comes to; its time runs from when the inject was told."""
    after_ms = max(0, _whole_minutes(event.clock_ms - began_ms))
    within_ms = inject.within_ms or 0
    if event.clock_ms < _whole_minutes(began_ms):
        return "unknown", "before it was told", "It is said to be decided before its inject was told.", after_ms
    if event.as_expected == "no":
        return "broken", "other decision", "They decided otherwise.", after_ms
    if event.as_expected == "unsure":
        return "unknown", "unsure", "The facilitator could not tell whether that is what was expected.", after_ms
    if event.by is None:
        return "unknown", "by whom unknown", f"Nobody recorded who decided; expected is {inject.by}.", after_ms
    if event.by != inject.by:
        return "broken", "by another", f"Not by {inject.by}, who has to decide it.", after_ms
    if after_ms > within_ms:
        why = f"After {declared(after_ms)} as discussed, expected within {declared(within_ms)}."
        return "broken", "late", why, after_ms
    return "held", "in time", "", after_ms


def _whole_minutes(ms: int) -> int:
    """Return a time of the discussion without the seconds that the clock on the wall added."""
    return ms // _MINUTE_MS * _MINUTE_MS
