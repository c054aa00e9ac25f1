"""Declarations in a drill that runs: a person's, said from another terminal, or said in a role's place."""

from __future__ import annotations

from holdfast.errors import UsageError
from holdfast.evidence.events import DisasterDeclared
from holdfast.exercises.course import Course, Recorder
from holdfast.exercises.heal import runner_lives, unclosed
from holdfast.exercises.vocabulary import vocabulary
from holdfast.model.loader import load_attachment
from holdfast.model.types import Declaration
from holdfast.store.clock import now
from holdfast.store.port import Log


def declare(log: Log, role: str) -> list[str]:
    """Record the declaration in each drill that runs on a log and return their ids.

    HF413 if none runs, or the model of one knows no such role: then nothing is recorded.
    """
    occurred = now()
    running = [each.opened for each in unclosed(log) if runner_lives(each)]
    if not running:
        message = "no drill is running on this log"
        raise UsageError("HF413", message, remedy="Name the log with --log, or start one with --attended.")
    for opened in running:
        model, _ = load_attachment(log.attachment(opened.model.sha256), vocabulary())
        if model is None or role not in model.roles:
            known = ", ".join(sorted(model.roles)) if model else "none that can be read"
            message = f"expected a role of the drill's model, got {role!r}"
            raise UsageError("HF413", message, remedy=f"Name one of: {known}.")
    for opened in running:
        declared = DisasterDeclared(opened.exercise, role, simulated=False, occurred=occurred)
        log.append([declared], actor=role, subject=f"exercise:{opened.exercise}")
    return [opened.exercise for opened in running]


def say_in_place_of(who: Declaration | None, course: Course, recorder: Recorder) -> None:
    """Record the declaration that nobody attends to say, once it is due; said to be simulated."""
    due = course.effect_us is not None and not course.declared
    if who is not None and due and now().mono_us >= (course.effect_us or 0) + who.after_ms * 1_000:
        recorder.record(DisasterDeclared(course.exercise, who.by, simulated=True, occurred=now()))
        course.look()
