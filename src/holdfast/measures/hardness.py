"""How hard an exercise was, and whether a later one was at least as hard: only such a one can close a gap.

The rule is conservative: where it cannot be told that the later exercise asked as much, it did not. It did if all of
this holds:

- it was about the same service, and its evidence is of the same class or a stronger one;
- the limits that judged it are the same as before, or a body of the institution approved them;
- it ran with the same options of the range and at least the same load, and, where the earlier one had a settlement
  day, with one that left no more time: struck as late, and compressed as much;
- what it broke covers what the earlier one broke, fault by fault (``covers``); where nothing was broken for real, it
  was the same scenario with at least the same hits, and at a table with the same injects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from holdfast.analysis.events import carriers
from holdfast.evidence.classes import EvidenceClass, strength
from holdfast.measures.judgement import Judgement
from holdfast.measures.tabletop import Discussed
from holdfast.model.canonical import TOLERANCE, subject_digest
from holdfast.model.types import Fault, Hit, Inject, Model, Scenario
from holdfast.model.uses import at_site, vital

# Faults after which the target and all that it carries is simply gone, at once and altogether: the loss of more of it
# includes the loss of less. What goes on half alive (frozen, slow, cut off) is covered by the same fault alone.
FAIL_STOP = frozenset({"process.kill", "host.loss", "site.loss", "shared.loss"})
# Faults that take every host that carries a value of a shared attribute. A bad update is not simply a loss: it is there
# again after every boot.
SHARED = frozenset({"shared.loss", "change.agent-update"})


@dataclass(frozen=True, slots=True)
class Broke:
    """One fault of a scenario, with the names of all that it takes along."""

    fault: Fault
    takes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Hardness:
    """What an exercise asked: everything that ``at_least_as_hard`` compares."""

    service: str
    scenario: str
    evidence_class: EvidenceClass
    limits: str
    limits_approved: bool
    broke: tuple[Broke, ...]
    hits: tuple[Hit, ...]
    rate_per_s: int
    time_of_day_min: int | None
    compression: int
    range_options: Mapping[str, str]
    injects: tuple[Inject, ...] = ()


def hardness(judgement: Judgement) -> Hardness:
    """Return how hard an exercise was, by the model that it committed."""
    approved = judgement.limits_approval.standing == "approved"
    service = judgement.case.service.name
    return _hardness(judgement.model, judgement.case.scenario, service, judgement.evidence_class, approved=approved)


def hardness_discussed(discussed: Discussed) -> Hardness:
    """Return how hard an exercise was that was talked through: the same scenario, and what was told at the table."""
    service = discussed.tabletop.opened.event.service
    found = _hardness(
        discussed.model, discussed.scenario, service, discussed.evidence_class, approved=discussed.limits_approved
    )
    # Nothing was broken at a table, and no load was offered: what a drill of the scenario would do is no part of it.
    return replace(found, broke=(), rate_per_s=0, time_of_day_min=None, injects=discussed.scenario.injects)


def _hardness(model: Model, scenario: Scenario, service: str, klass: EvidenceClass, *, approved: bool) -> Hardness:
    return Hardness(
        service=service,
        scenario=scenario.name,
        evidence_class=klass,
        limits=subject_digest(model, f"{TOLERANCE}:{service}"),
        limits_approved=approved,
        broke=broke(model, scenario),
        hits=scenario.hits,
        rate_per_s=scenario.load.rate_per_s,
        time_of_day_min=scenario.time_of_day_min,
        compression=scenario.compression,
        range_options=scenario.range_options,
    )


def at_least_as_hard(later: Hardness, earlier: Hardness) -> bool:
    """Return whether what holds in the later exercise would have held in the earlier one, by the rule above."""
    return (
        later.service == earlier.service
        and strength(later.evidence_class) >= strength(earlier.evidence_class)
        and (later.limits == earlier.limits or later.limits_approved)
        and later.range_options == earlier.range_options
        and (later.injects == earlier.injects or not earlier.injects)
        and later.rate_per_s >= earlier.rate_per_s
        and _as_tight_a_day(later, earlier)
        and _broke_as_much(later, earlier)
    )


def broke(model: Model, scenario: Scenario) -> tuple[Broke, ...]:
    """Return the faults of a scenario, each with all that it takes."""
    return tuple(
        Broke(fault, taken(model, fault.name, fault.target, fault.parameters)) for fault in scenario.disruption
    )


def taken(model: Model, fault: str, target: str, parameters: Mapping[str, object]) -> frozenset[str]:
    """Return the target of a fault and, of one that takes all that it carries, that too.

    A site takes everything that stands at it, a host everything that cannot run without it, a shared attribute every
    host that carries it, at the sites that are named if any are: by the model. ``parameters`` are those of a scenario,
    or the texts of an event.
    """
    if fault in SHARED:
        found = {target, *_carrying(model, target, parameters)}
    elif fault in FAIL_STOP:
        found = {target, *(at_site(model, target) if target in model.sites else ())}
    else:
        return frozenset({target})
    hosts = [name for name in found if name in model.resources and model.resources[name].kind == "host"]
    for host in hosts:
        found |= {each.name for each in model.resources.values() if vital(each.needs, host)}
    return frozenset(found)


def _carrying(model: Model, value: str, parameters: Mapping[str, object]) -> Iterator[str]:
    """Yield the hosts that carry a value of a shared attribute, at some sites or at all."""
    given = parameters.get("sites") or ()
    sites = {word.strip() for word in given.split(",")} if isinstance(given, str) else set(map(str, _listed(given)))
    for name in carriers(model).get((str(parameters.get("of", "")), value), ()):
        resource = model.resources[name]
        if resource.kind == "host" and (not sites or resource.site in sites):
            yield name


def _listed(given: object) -> tuple[object, ...]:
    return tuple(given) if isinstance(given, tuple | list) else ()


def covers(later: Broke, earlier: Broke) -> bool:
    """Return whether one fault asked at least what another did: it lasted as long, and it hit as much.

    It is the same fault on the same target with the same parameters, or both make all that they take vanish and the
    later one takes all that the earlier one took.
    """
    if later.fault.hold_ms < earlier.fault.hold_ms:
        return False
    same = (later.fault.name, later.fault.target) == (earlier.fault.name, earlier.fault.target)
    if same and later.fault.parameters == earlier.fault.parameters:
        return True
    return {later.fault.name, earlier.fault.name} <= FAIL_STOP and earlier.takes <= later.takes


def _broke_as_much(later: Hardness, earlier: Hardness) -> bool:
    """Compare what was broken: a single fault by any that covers it, several by as many at the same times."""
    if not earlier.broke:
        return later.scenario == earlier.scenario and all(hit in later.hits for hit in earlier.hits)
    if len(earlier.broke) == 1:
        return any(covers(each, earlier.broke[0]) for each in later.broke)
    return len(later.broke) == len(earlier.broke) and all(
        covers(one, other) and one.fault.after_ms == other.fault.after_ms
        for one, other in zip(later.broke, earlier.broke, strict=True)
    )


def _as_tight_a_day(later: Hardness, earlier: Hardness) -> bool:
    """Return whether there was a settlement day as tight as the earlier one's, if it had one."""
    if earlier.time_of_day_min is None:
        return True
    if later.time_of_day_min is None:
        return False
    return later.time_of_day_min >= earlier.time_of_day_min and later.compression >= earlier.compression
