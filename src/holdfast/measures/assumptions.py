"""What a drill took for granted and what it therefore does not prove: said with every judgement, in whole sentences."""

from __future__ import annotations

from holdfast.checks.case import Case
from holdfast.checks.words import count, declared, share
from holdfast.measures.figure import evidence_class
from holdfast.measures.observed import limits_in_words, observed_assumptions, observed_unproven
from holdfast.model.types import Model
from holdfast.state.approvals import Approval
from holdfast.state.service import NoTimeline


def assumptions(case: Case, model: Model, limits: Approval) -> tuple[str, ...]:
    """Return what was taken for granted, most important first."""
    if case.imported is not None:
        return observed_assumptions(case, limits_in_words(limits, model.regimes))
    opened, scenario, service = case.exercise.opened.event, case.scenario, case.service
    indicator = service.measured
    load = (
        f"The load was {scenario.load.rate_per_s} instructions a second offered by simulated participants, drawn from"
        f" seed {opened.seed}; people, counterparties and their own recovery were not part of it."
    )
    restored = (
        f"The service counts as restored when, over {declared(indicator.window_ms)}, at least"
        f" {share(indicator.participants_ppm)} of the participants that offered work got"
        f" {' or '.join(indicator.answer)} within {declared(indicator.within_ms)} for all of it; the recovery time ends"
        " where that window begins."
    )
    said = [load, restored]
    if case.exercise.day is not None:
        said.append(
            f"The calendar ran {opened.compression} times faster than a real day. Load and outage were not scaled:"
            " both are in seconds of the clock on the wall, so the day had that many times fewer payments than a real"
            " one at this rate."
        )
    declaration = case.exercise.declared
    if declaration is not None and declaration.event.simulated:
        said.append(
            f"The declaration by {declaration.event.by} was simulated: nobody attended, so how long a person takes to"
            " decide was not measured."
        )
    said += _modes(case)
    if opened.environment == "range":
        said.append(
            "The institution ran in a range on one machine: distances, volumes of data and the number of systems are"
            " smaller than in production, and its sites share that machine's power and clock."
        )
    if not isinstance(case.observed, NoTimeline) and case.injected_us is not None:
        since = case.injected_us
        before = [i for i in case.observed.interruptions if i.restored_us is not None and i.restored_us <= since]
        if before:
            said.append(f"Not the drill's and not counted: {count(len(before), 'interruption')} before the injection.")
        earlier = [i for i in case.interruptions if i.disrupted_us < since - indicator.within_ms * 1_000]
        if earlier:
            said.append(
                "The service was disrupted already before the fault was injected; that time is counted as well."
            )
    said.append(
        f"RTO, RPO and impact tolerance are those of the model, {_approved(limits)}. Regimes named:"
        f" {', '.join(model.regimes) or 'none'}."
    )
    return tuple(said)


def _modes(case: Case) -> tuple[str, ...]:
    """Return what a mode asked of the service, and in whose place it was decided."""
    set_here = {change.mode for change in case.scenario.set_mode}
    stricter = [mode for mode in case.service.modes if mode.name in set_here and mode.priority_answer]
    said = [
        f"In {mode.name} the service is degraded at best, and a priority instruction has to get"
        f" {' or '.join(mode.priority_answer)} unless its sender cannot pay it; when the mode was in force the ledger's"
        " journal says."
        for mode in stricter
    ]
    if any(made.event.simulated for made in case.exercise.modes):
        deciding = " and ".join(sorted({made.event.by for made in case.exercise.modes}))
        said.append(
            f"The modes were decided in the place of {deciding}, when the scenario says: nobody attended, so how long a"
            " person takes to decide was not measured."
        )
    return tuple(said)


def unproven(case: Case) -> tuple[str, ...]:
    """Return what this exercise does not prove."""
    if case.imported is not None:
        return observed_unproven(case)
    opened = case.exercise.opened.event
    said = []
    if evidence_class(opened) == "range, scaled":
        said.append(
            f"Seconds on the range do not turn an objective of {declared(case.service.rto_ms)} green: a check of this"
            " run may read held, and the institution's posture stays unproven until people, data volumes and"
            " reconnection are rehearsed too."
        )
    said += [
        "One run says that it can be done, not how often: there is no interval around a single recovery time.",
        _people(case),
        "Nothing was compromised: recovery from corrupted or untrusted data is another exercise.",
    ]
    if case.exercise.day is None:
        said.append("The end of the settlement day was not rehearsed.")
    return tuple(said)


def _people(case: Case) -> str:
    """Return what of people's part was not tested."""
    made = case.exercise.declared
    modes = case.exercise.modes
    if (made is not None and not made.event.simulated) or (modes and not all(each.event.simulated for each in modes)):
        return "No communication and no counterparty's consent was needed, so neither was tested."
    return "No decision by a person, no communication and no counterparty's consent was needed, so none was tested."


def _approved(limits: Approval) -> str:
    """Return how the limits stand with the institution's body, by the entries of this log."""
    match limits.standing:
        case "approved":
            return str(limits)
        case "changed since":
            return f"{limits}: as they are now they read unapproved"
        case "unapproved":
            return "which no body of the institution approved in this log, so they read unapproved"
