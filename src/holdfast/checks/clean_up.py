"""The check of the drill's own clean-up: everything injected was undone, and the target is as ready as before."""

from __future__ import annotations

from holdfast.checks.case import Case, Said
from holdfast.checks.words import count


def undone_and_rearmed(case: Case) -> Said:
    """Ask whether every fault was undone, by whomever, and the target was armed again afterwards."""
    faults, rearmed = case.exercise.faults, case.exercise.rearmed
    evidence = tuple(undo.seq for fault in faults for undo in fault.undos) + ((rearmed.seq,) if rearmed else ())
    undone = sum(fault.undone is not None for fault in faults)
    measured = f"{undone:,} of {len(faults):,} undone, {_readiness(case)}"
    # What a later start mended after the close was not the exercise's own clean-up.
    closed_seq = min((closed.seq for closed in case.exercise.closes), default=case.exercise.last_seq + 1)
    failed = [f for f in faults if f.undos and (f.undone is None or f.undone.seq > closed_seq)]
    if failed:
        event = failed[0].intended.event
        later = " A later start undid it." if failed[0].undone else ""
        text = f"{event.name} on {event.target} could not be undone: {failed[0].undos[0].event.observed}.{later}"
        return Said("broken", measured, text, evidence)
    if rearmed is not None and not rearmed.event.ready:
        why = "; ".join(f"{name}: {read}" for name, read in sorted(rearmed.event.observed.items()))
        text = f"After the undoing the target was not as ready as before ({why})."
        return Said("broken", measured, text, evidence)
    if undone < len(faults):
        text = f"Nothing shows the undoing of {count(len(faults) - undone, 'fault')}."
        return Said("unknown", measured, text, evidence)
    if rearmed is None:
        return Said("unknown", measured, "Nothing shows that the target was made ready again.", evidence)
    if any(fault.undone and fault.undone.seq > rearmed.seq for fault in faults):
        text = "The target was seen ready only before the last fault was undone."
        return Said("unknown", measured, text, evidence)
    by = sorted({fault.undone.event.by for fault in faults if fault.undone})
    who = {"runner": "the drill itself", "guard": "the guard", "later-start": "a later start"}
    text = f"Undone by {' and '.join(who[name] for name in by)}; afterwards the target was as ready as before."
    return Said("held", measured, text, evidence)


def _readiness(case: Case) -> str:
    rearmed = case.exercise.rearmed
    if rearmed is None:
        return "re-arming not recorded"
    return "re-armed" if rearmed.event.ready else "not re-armed"
