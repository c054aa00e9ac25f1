"""What a drill would do, worked out from the model alone; and whether it may: the rule about environments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from holdfast.errors import EnvironmentProblem, HoldfastError, UsageError
from holdfast.exercises.faults import FAULTS, Aim, parameters_text
from holdfast.model.aims import stands_for
from holdfast.model.types import AllOf, AnyOf, AtLeast, Environment, Fault, Model, Need, On, Scenario

PRODUCTION: Environment = "production"


@dataclass(frozen=True, slots=True)
class Step:
    """One fault of a plan: what is hit directly, what that takes with it, and how it is undone."""

    fault: Fault
    parameters: Mapping[str, str]
    does: str
    shown_by: str
    undone_by: str
    hit: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A scenario as it would be run. ``taken_along`` stops functioning because what it needs does."""

    scenario: Scenario
    steps: tuple[Step, ...]
    taken_along: tuple[str, ...]
    modes: Mapping[str, bool]  # of the service: whether all they need still functions while everything is broken


def plan(model: Model, scenario: Scenario, environment: Environment) -> Plan:
    """Return the plan. HF402 if it would touch anything outside ``environment``, HF403 for an unknown fault."""
    steps = tuple(_step(model, fault) for fault in scenario.disruption)
    hit = {name for step in steps for name in step.hit}
    working = functioning(model, {n for step in steps if not FAULTS[step.fault.name].goes_on for n in step.hit})
    taken = tuple(sorted(set(model.resources) - working - hit))
    _check_environment(model, {*hit, *taken}, [fault.target for fault in scenario.disruption], environment)
    modes = {mode.name: _met(mode.needs, working) for mode in model.services[scenario.service].modes}
    return Plan(scenario, steps, taken, modes)


def functioning(model: Model, failed: Iterable[str]) -> frozenset[str]:
    """Return the largest set of resources and groups without ``failed`` in which each has what it needs."""
    working = frozenset((*model.resources, *model.groups)) - set(failed)
    while True:
        left = frozenset(name for name in working if _functions(model, name, working))
        if left == working:
            return working
        working = left


def _functions(model: Model, name: str, working: frozenset[str]) -> bool:
    group = model.groups.get(name)
    if group is None:
        return _met(model.resources[name].needs, working)
    enough = sum(member in working for member in group.members) >= max(group.active, group.quorum)
    return enough and _met(group.needs, working)


def _step(model: Model, fault: Fault) -> Step:
    kind = FAULTS.get(fault.name)
    if kind is None:
        message = f"no fault is called {fault.name!r}"
        raise UsageError("HF403", message, remedy=f"there are {', '.join(FAULTS)}")
    return Step(
        fault=fault,
        parameters=parameters_text(fault.parameters),
        does=kind.does.format(target=fault.target),
        shown_by=kind.shown_by.format(target=fault.target),
        undone_by=kind.undone_by.format(target=fault.target),
        hit=_hit(model, fault),
    )


def aimed_at(model: Model, fault: Fault) -> tuple[str, ...]:
    """Return what a fault takes of what its target stands for: the hosts that share a value, members of a group."""
    kind = FAULTS[fault.name]
    found, group = stands_for(model, fault, kind.schema), model.groups.get(fault.target)
    if kind.of_group == "quorum" and group is not None:
        return found[: len(found) - group.quorum + 1]
    return found


def aim_of(model: Model, fault: Fault, exercise: str, number: int) -> Aim:
    """Return the aim of the fault of this number in an exercise."""
    return Aim(exercise, f"fault-{number}", fault.target, fault.parameters, aimed_at(model, fault))


def refuse_impossible(scenario: Scenario) -> None:
    """Raise HF415 for a fault that no range of this kind can do; why is said by the fault."""
    for fault in scenario.disruption:
        if cannot := FAULTS[fault.name].cannot:
            message = f"{fault.name} cannot be injected here: {cannot}"
            raise EnvironmentProblem("HF415", message, remedy="drill it where the range has what it takes")


def refuse_unfit(
    scenario: Scenario, wanted: Mapping[str, str], runs_with: Mapping[str, object], lacking: Mapping[str, str]
) -> None:
    """Raise HF404 for a range that runs with other options than ``wanted``, HF415 for a fault that it cannot do.

    ``lacking`` is what it has not got, and why.
    """
    for name in sorted(set(wanted) & set(runs_with)):
        if runs_with[name] != wanted[name]:
            message = f"the range runs with {name} {runs_with[name]}; {scenario.name} wants {wanted[name]}"
            raise EnvironmentProblem("HF404", message, remedy="start one that fits, or leave --range out")
    for fault in scenario.disruption:
        if (need := FAULTS[fault.name].needs) is not None and need in lacking:
            message = f"{fault.name} cannot be injected here: {lacking[need]}"
            raise EnvironmentProblem("HF415", message, remedy="drill it where the range has what it takes")


def _hit(model: Model, fault: Fault) -> tuple[str, ...]:
    """Return the resources that a fault touches itself. A partition touches what it cuts off, not the other side."""
    if aimed := aimed_at(model, fault):
        return aimed
    if "site" in FAULTS[fault.name].schema.targets and fault.target in model.sites:
        at_site = [name for name, resource in model.resources.items() if resource.site == fault.target]
        lines = [name for name, r in model.resources.items() if r.between and fault.target in r.between]
        return tuple(sorted({*at_site, *lines}))
    return (fault.target,)


def _met(need: Need, working: frozenset[str]) -> bool:
    match need:
        case On(resource):
            return resource in working
        case AllOf(of):
            return all(_met(part, working) for part in of)
        case AnyOf(of):
            return any(_met(part, working) for part in of)
        case AtLeast(count, of):
            return sum(_met(part, working) for part in of) >= count


def _check_environment(model: Model, touched: Iterable[str], targets: Iterable[str], environment: Environment) -> None:
    """Refuse production, and whatever is not declared to be in the environment that was named."""
    if environment == PRODUCTION:
        message = "this version injects nothing into production"
        raise HoldfastError("HF402", message, remedy="drill the range or a test environment")
    declared: dict[str, Environment] = {
        name: model.resources[name].environment for name in touched if name in model.resources
    }
    declared |= {f"site {name}": model.sites[name].environment for name in targets if name in model.sites}
    outside = sorted(f"{name} ({where})" for name, where in declared.items() if where != environment)
    if outside:
        message = f"not in environment {environment}, but would be touched: {', '.join(outside)}"
        remedy = "correct `environment` in the model where it is wrong; a resource that names none is production"
        raise HoldfastError("HF402", message, remedy=remedy)
