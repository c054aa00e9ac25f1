"""A person's declaration in a drill that runs: said from another terminal, recorded with the time at which it was."""

from __future__ import annotations

from holdfast.errors import UsageError
from holdfast.evidence.events import DisasterDeclared
from holdfast.exercises.heal import runner_lives, unclosed
from holdfast.exercises.vocabulary import vocabulary
from holdfast.model.loader import load_attachment
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
