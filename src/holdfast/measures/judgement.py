"""An exercise judged whole, from the log alone: the same entries and attachments give the same judgement anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from holdfast import __version__
from holdfast.checks.case import Case, Outcome
from holdfast.checks.registry import judge_case
from holdfast.checks.validity import Validity, Verdict, as_expected, observed_validity, validity, verdict
from holdfast.errors import ExitCode, HoldfastError, UsageError
from holdfast.evidence.classes import EvidenceClass
from holdfast.evidence.envelope import Envelope
from holdfast.measures.assumptions import assumptions, unproven
from holdfast.measures.clocks import clocks
from holdfast.measures.figure import Figure, evidence_class
from holdfast.measures.observed import observed_timestamps
from holdfast.measures.timestamps import Timestamp, timestamps
from holdfast.model.canonical import SCENARIO, TOLERANCE
from holdfast.model.findings import Finding
from holdfast.model.loader import load_attachment
from holdfast.model.types import Model, Scenario, Service
from holdfast.model.vocabulary import Vocabulary
from holdfast.state.approvals import Approval, ApprovalEntries, approval_entries, approvals
from holdfast.state.exercise import Exercise, fold
from holdfast.state.history import ReadAttachment, read_history
from holdfast.state.modes import lesser_modes
from holdfast.state.observed.record import observed
from holdfast.state.service import observe


@dataclass(frozen=True, slots=True)
class Judgement:
    """Everything that can be said about one exercise, with the entries it rests on."""

    case: Case
    model: Model
    validity: Validity
    verdict: Verdict
    as_expected: bool
    outcomes: tuple[Outcome, ...]
    timestamps: tuple[Timestamp, ...]
    clocks: tuple[Figure, ...]
    assumptions: tuple[str, ...]
    unproven: tuple[str, ...]
    evidence_class: EvidenceClass
    judged_by_version: str
    limits_approval: Approval
    scenario_approval: Approval

    @property
    def exercise(self) -> Exercise:
        """The exercise as the log tells it."""
        return self.case.exercise

    @property
    def exit_code(self) -> ExitCode:
        """Held, or all as expected, is 0; not runnable here is 3; everything else is 1."""
        if self.verdict == "not-runnable":
            return ExitCode.ENVIRONMENT
        return ExitCode.HELD if self.verdict == "held" or self.as_expected else ExitCode.BROKEN


def judge_exercise(
    envelopes: Sequence[Envelope], read_attachment: ReadAttachment, exercise_id: str, vocabulary: Vocabulary
) -> Judgement:
    """Return the judgement of one exercise of a log.

    ``vocabulary`` are the faults and checks by which its model is read again. Raises HF504 when the log has no such
    exercise, HF505 when the model that it ran against cannot be read again, and what ``fold`` raises.
    """
    given = approval_entries(envelopes)
    exercises = fold(envelopes)
    if exercise_id not in exercises:
        known = ", ".join(exercises) or "none"
        raise UsageError(
            "HF504",
            f"expected an exercise of this log, got {exercise_id!r}",
            remedy=f"Name one of those that it holds: {known}.",
        )
    return _judge(exercises[exercise_id], read_attachment, vocabulary, given, {})


def judge_all(
    envelopes: Sequence[Envelope], read_attachment: ReadAttachment, vocabulary: Vocabulary
) -> tuple[tuple[Judgement, ...], tuple[HoldfastError, ...]]:
    """Return the judgement of every exercise of a log, in the order in which they were opened.

    And of each that cannot be judged, because its model cannot be read again, why (HF505): it hides no other verdict.
    """
    given = approval_entries(envelopes)
    loaded: _Loaded = {}
    judged: list[Judgement] = []
    refused: list[HoldfastError] = []
    for exercise in fold(envelopes).values():
        try:
            judged.append(_judge(exercise, read_attachment, vocabulary, given, loaded))
        except HoldfastError as error:
            if error.code != "HF505":
                raise
            refused.append(error)
    return tuple(judged), tuple(refused)


_Loaded = dict[str, tuple[Model | None, tuple[Finding, ...]]]
"""Models that were read already, by the digest of their attachment: many exercises commit the same one."""


def _judge(
    exercise: Exercise,
    read_attachment: ReadAttachment,
    vocabulary: Vocabulary,
    given: ApprovalEntries,
    loaded: _Loaded,
) -> Judgement:
    model, findings = _model_of(exercise, read_attachment, vocabulary, loaded)
    opened = exercise.opened.event
    scenario = model.scenarios.get(opened.scenario)
    service = model.services.get(opened.service)
    if scenario is None or service is None:
        raise _unreadable(exercise, f"it has no scenario {opened.scenario!r} for a service {opened.service!r}")
    _refuse_nonsense(exercise, model, findings)
    case = _case(exercise, read_attachment, scenario, service)
    outcomes = judge_case(case)
    valid = validity(exercise, scenario) if case.imported is None else observed_validity(case)
    stamps = timestamps(case) if case.imported is None else observed_timestamps(case)
    approved = approvals(model, given, exercise.opened.seq)
    limits_approval = approved[f"{TOLERANCE}:{service.name}"]
    return Judgement(
        case=case,
        model=model,
        validity=valid,
        verdict=verdict(valid, outcomes),
        as_expected=as_expected(valid, outcomes),
        outcomes=outcomes,
        timestamps=stamps,
        clocks=clocks(case, stamps, model.regimes),
        assumptions=assumptions(case, model, limits_approval),
        unproven=unproven(case),
        evidence_class=evidence_class(opened),
        judged_by_version=__version__,
        limits_approval=limits_approval,
        scenario_approval=approved[f"{SCENARIO}:{scenario.name}"],
    )


def _case(exercise: Exercise, read_attachment: ReadAttachment, scenario: Scenario, service: Service) -> Case:
    """Return what the checks read: histories of our own form, or the record of what was observed."""
    imported = observed(exercise, read_attachment, service)
    if imported is not None:
        return Case(exercise, imported.history, scenario, service, imported.timeline, imported)
    history = read_history(exercise, read_attachment)
    lesser = lesser_modes(history, scenario, service)
    return Case(exercise, history, scenario, service, observe(history, service.measured, lesser))


def _model_of(
    exercise: Exercise, read_attachment: ReadAttachment, vocabulary: Vocabulary, loaded: _Loaded
) -> tuple[Model, tuple[Finding, ...]]:
    """Return the model that the exercise committed before it touched anything, if it is still the one it names.

    With it comes what this version finds wrong with it, which the version that recorded it may not have looked for.
    """
    opened = exercise.opened.event
    try:
        data = read_attachment(opened.model.sha256)
    except HoldfastError as error:
        raise _unreadable(exercise, str(error)) from error
    if opened.model.sha256 not in loaded:
        loaded[opened.model.sha256] = load_attachment(data, vocabulary)
    model, findings = loaded[opened.model.sha256]
    if model is None:
        first = next((str(finding) for finding in findings if finding.severity == "error"), "it is empty")
        raise _unreadable(exercise, first)
    if model.digest != opened.model_digest:
        raise _unreadable(exercise, f"its digest is {model.digest}, the exercise names {opened.model_digest}")
    return model, findings


def _refuse_nonsense(exercise: Exercise, model: Model, findings: tuple[Finding, ...]) -> None:
    """Raise HF505 when what the verdict rests on makes no sense: the service's limits, the scenario, the calendar."""
    opened = exercise.opened.event
    judged_by = {("services", opened.service), ("scenarios", opened.scenario), ("calendar",)}
    places = {place for path, place in model.places.items() if path[:1] in judged_by or path[:2] in judged_by}
    for finding in findings:
        if finding.severity == "error" and finding.place in places:
            raise _unreadable(exercise, str(finding))


def _unreadable(exercise: Exercise, why: str) -> HoldfastError:
    return HoldfastError(
        "HF505",
        f"the model of exercise {exercise.id!r} (entry {exercise.opened.seq}) cannot be judged by: {why}",
        remedy="Run `holdfast log verify`, and judge with the version of Holdfast that ran the exercise.",
    )
