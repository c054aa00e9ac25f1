"""The checks by name: one literal table, which is also the vocabulary of scenarios and of ``docs/checks.md``."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.checks import calm, clean_up, day, ledger, modes, observed, promises, service, told, way_back
from holdfast.checks.case import Case, Check, Outcome
from holdfast.checks.words import declared
from holdfast.model.types import Scenario, Service
from holdfast.state.exercise import Exercise
from holdfast.state.history import History
from holdfast.state.modes import lesser_modes
from holdfast.state.service import observe

CHECKS: Mapping[str, Check] = {
    "restored-within-rto": Check(
        "Service restored within its recovery time objective",
        lambda case: f"RTO {declared(case.service.rto_ms)}",
        service.restored_within_rto,
        declared_bound=True,
    ),
    "within-tolerance": Check(
        "Harm to others within the impact tolerance",
        service.tolerance_bound,
        service.within_tolerance,
        declared_bound=True,
    ),
    "nothing-acknowledged-lost": Check(
        "Nothing acknowledged is lost", promises.loss_bound, promises.nothing_acknowledged_lost, declared_bound=True
    ),
    "nothing-duplicated": Check("Nothing settles twice", lambda _: "none", promises.nothing_duplicated),
    "no-phantom": Check("Nothing in the ledger that nobody sent", lambda _: "none", promises.no_phantom),
    "debits-equal-credits": Check("Debits equal credits", lambda _: "difference 0.00", ledger.debits_equal_credits),
    "limits-respected": Check("No balance below its limit, all day", lambda _: "none", ledger.limits_respected),
    "journal-chain-intact": Check("Ledger journal unaltered", lambda _: "every hash", ledger.journal_chain_intact),
    "replay-gives-balances": Check(
        "Replaying the journal gives the ledger", lambda _: "no difference", ledger.replay_gives_balances
    ),
    "journal-covers-ledger": Check(
        "The vault could rebuild the ledger", lambda _: "every instruction", ledger.journal_covers_ledger
    ),
    "day-completed": Check("Settlement day completed", day.close_by, day.day_completed, declared_bound=True),
    "detected": Check("Disruption noticed by the participants' alarm", lambda _: "noticed", service.detected),
    "told-once": Check("Everything final is told, once", lambda _: "each once, in order", told.told_once),
    "undone-and-rearmed": Check(
        "Everything undone and ready again", lambda _: "all, re-armed", clean_up.undone_and_rearmed
    ),
    "mode-kept": Check("Minimum service of the mode kept up", modes.bound, modes.mode_kept),
    "no-needless-failover": Check(
        "No fence and no failover where nothing has failed", lambda _: "none", calm.no_needless_failover
    ),
    "failed-back": Check("Failed back as planned", way_back.bound, way_back.failed_back),
}

# These judge a business day and so apply only to a scenario with a time of day.
CALENDAR_CHECKS = frozenset({"day-completed"})
# And these the planned way back, where a scenario ends with one.
FAIL_BACK_CHECKS = frozenset({"failed-back"})
# And these the modes that the service is put in.
MODE_CHECKS = frozenset({"mode-kept"})
# These are made only where a scenario names them.
NAMED_CHECKS = frozenset({"told-once", "no-needless-failover"})


def judge(exercise: Exercise, history: History, scenario: Scenario, declared_service: Service) -> tuple[Outcome, ...]:
    """Return the outcome of every check that the scenario makes, in the order of the registry."""
    lesser = lesser_modes(history, scenario, declared_service)
    timeline = observe(history, declared_service.measured, lesser)
    return judge_case(Case(exercise, history, scenario, declared_service, timeline))


def judge_case(case: Case) -> tuple[Outcome, ...]:
    """Return the outcomes of a case whose timeline is already known."""
    if case.imported is not None:
        asked = observed.asked(case)
        own = tuple(_outcome(name, check, case) for name, check in observed.OBSERVED_CHECKS.items())
        return (*(_outcome(name, CHECKS[name], case) for name in CHECKS if name in asked), *own)
    return tuple(_outcome(name, CHECKS[name], case) for name in CHECKS if name in case.scenario.checks)


def _outcome(name: str, check: Check, case: Case) -> Outcome:
    said = check.ask(case) if case.imported is None else observed.ask(name, check, case)
    return Outcome(
        check=name,
        answer=said.answer,
        expected=case.scenario.expect.get(name, "held"),
        objective=check.objective if case.imported is None else observed.objective(name, check),
        measured=said.measured,
        bound=said.bound or (check.bound(case) if case.imported is None else observed.bound(name, check, case)),
        evidence=tuple(sorted(set(said.evidence))),
        explanation=said.explanation,
        declared_bound=check.declared_bound,
    )
