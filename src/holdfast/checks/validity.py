"""Whether an exercise counts at all, and what all its checks together say.

An exercise is *invalid* only if it failed before its first fault was shown to have taken effect, *not runnable* if
the machine lacked what it needed. From that moment on nothing makes it invalid any more: a crash, an emergency stop, a
fault that was declared and never shown, or an end that is not on record make it *unknown*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from holdfast.checks.case import Answer, Case, Outcome, worst
from holdfast.model.types import Scenario
from holdfast.state.exercise import Exercise
from holdfast.state.service import NoTimeline

Verdict = Literal["held", "broken", "unknown", "invalid", "not-runnable"]


@dataclass(frozen=True, slots=True)
class Validity:
    """How an exercise may be read: ``counts`` false for invalid and not runnable; ``answer`` what its course adds."""

    verdict: Literal["valid", "invalid", "not-runnable"]
    answer: Answer
    why: str
    evidence: tuple[int, ...]


def validity(exercise: Exercise, scenario: Scenario) -> Validity:
    """Return whether an exercise counts, and whether it went its whole course."""
    close = exercise.closes[-1] if exercise.closes else None
    seqs = (*(stop.seq for stop in exercise.stops), *(ended.seq for ended in exercise.closes))
    if exercise.first_effect is None:
        if close is not None and close.event.how == "not-runnable":
            return Validity("not-runnable", "unknown", close.event.why, seqs)
        return Validity("invalid", "unknown", _why_invalid(exercise), (*_before_effect(exercise), *seqs))
    if close is None:
        return Validity("valid", "unknown", "the log does not say how the exercise ended", seqs)
    unfinished = next((c for c in exercise.closes if c.event.how != "finished"), None)
    if unfinished is not None:
        how = {"stopped": "it was stopped", "crashed": "it crashed"}.get(unfinished.event.how, "it did not finish")
        return Validity(
            "valid", "unknown", f"{how} after its first fault had taken effect: {unfinished.event.why}", seqs
        )
    if exercise.stops:
        why = f"somebody asked for a stop after its first fault had taken effect: {exercise.stops[0].event.why}"
        return Validity("valid", "unknown", why, seqs)
    if exercise.armed is None or not exercise.armed.event.ready:
        why = f"it went on although {_why_invalid(exercise)}"
        return Validity("valid", "unknown", why, (*_before_effect(exercise), *seqs))
    shown = sum(fault.effect is not None for fault in exercise.faults)
    if shown < max(len(scenario.disruption), len(exercise.faults)):
        declared = max(len(scenario.disruption), len(exercise.faults))
        why = f"only {shown} of the {declared} faults that were declared were shown to have taken effect"
        return Validity("valid", "unknown", why, (*_before_effect(exercise), *seqs))
    return Validity("valid", "held", "it ran its whole course", seqs)


def observed_validity(case: Case) -> Validity:
    """Return whether what was observed counts: nothing was injected from here, so its record must tell of a disruption.

    Its timeline says that something occurred, or the service was seen disrupted. Where neither is so, nothing was shown
    to have been broken, and what held was not tested.
    """
    exercise, record = case.exercise, case.imported
    seqs = tuple(closed.seq for closed in exercise.closes)
    line = record.milestone("occurred") if record else None
    if line is None and not case.interruptions:
        seen = case.observed
        why = seen.why if isinstance(seen, NoTimeline) else "the service was never seen disrupted"
        why = f"nothing shows that anything was disrupted: the timeline does not say that it occurred, and {why}"
        return Validity("invalid", "unknown", why, seqs)
    if not exercise.closes:
        return Validity("valid", "unknown", "the log does not say that the import of its records was finished", seqs)
    return Validity("valid", "held", "its records were imported whole", (*case.lines_of(line), *seqs))


def verdict(valid: Validity, outcomes: tuple[Outcome, ...]) -> Verdict:
    """Return the verdict of the exercise: broken > unknown > held, or why it does not count."""
    if valid.verdict != "valid":
        return valid.verdict
    return worst((worst(tuple(outcome.answer for outcome in outcomes)), valid.answer))


def as_expected(valid: Validity, outcomes: tuple[Outcome, ...]) -> bool:
    """Return whether the exercise ran its whole course and every check answered what the scenario expected."""
    whole = valid.verdict == "valid" and valid.answer == "held"
    return whole and bool(outcomes) and all(outcome.as_expected for outcome in outcomes)


def _why_invalid(exercise: Exercise) -> str:
    if exercise.armed is None:
        why = "the target was never shown to be armed"
    elif not exercise.armed.event.ready:
        read = "; ".join(f"{name}: {value}" for name, value in sorted(exercise.armed.event.observed.items()))
        why = f"the target was not armed ({read})"
    elif not exercise.faults:
        why = "it ended before any fault was injected"
    else:
        probe = next((p for fault in exercise.faults for p in fault.probes), None)
        why = "no probe saw a fault take effect" + (f" ({probe.event.observed})" if probe else "")
    return f"{why}: {exercise.closes[-1].event.why}" if exercise.closes and exercise.closes[-1].event.why else why


def _before_effect(exercise: Exercise) -> tuple[int, ...]:
    armed = (exercise.armed.seq,) if exercise.armed else ()
    return (*armed, *(probe.seq for fault in exercise.faults for probe in fault.probes))
