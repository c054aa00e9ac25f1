"""What was exercised, when, by which exercise and with what outcome; what that is worth now; and what never was.

Nothing is exercised by being there. A thing was exercised by an exercise that counts if a fault was *shown* to have
taken effect on it, by that fault's own probe:

- a **resource**: the fault was aimed at it, or took a site or host with all that it carries, of which it is a part;
- a **site**: the fault was aimed at it;
- a **shared attribute**: the fault was aimed at it and not narrowed to some sites, or all that carries that value was
  away at the same time;
- a **failover**: an active member of the group was away, clients saw the service disrupted, and saw it back before the
  fault was undone, and the service cannot do without that group;
- a **recovery strategy**: never by a fault alone, which shows that something came back and not by which way; what the
  declaration says of when it last worked stands beside it and counts for nothing here;
- an **edge**, from what needs to what is needed: what is needed was away, and what needs it was watched (it is the
  service that was judged), or went with its host, or is the group whose failover was shown;
- a **scenario** of a service: it was tried, also at a table.

What was observed elsewhere had no probe of ours: there the timeline must say that it occurred, and then what the
scenario names as hit was exercised, nothing that stands on it.

Each of these keeps the verdict of the exercise and the class of its evidence. It is *stale* when its validity is over
or when what the exercise tested has changed since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from holdfast.analysis.events import carriers
from holdfast.analysis.survey import Survey
from holdfast.checks.validity import Verdict
from holdfast.evidence.classes import EvidenceClass
from holdfast.measures.hardness import SHARED, taken
from holdfast.measures.judgement import Judgement
from holdfast.measures.posture import expires_utc_us
from holdfast.measures.programme import Attempt
from holdfast.measures.tested import tested_now
from holdfast.measures.timestamps import principal
from holdfast.model.types import Fail, FailShared, FailSite, Model, leaves
from holdfast.model.uses import at_site, services_on, strategies
from holdfast.state.exercise import FaultRecord

Sort = Literal["scenario", "site", "shared attribute", "failover", "resource", "strategy", "edge"]
SORTS: tuple[Sort, ...] = get_args(Sort)
Worth = Literal["exercised", "stale", "never"]
WORTHS: tuple[Worth, ...] = get_args(Worth)


@dataclass(frozen=True, slots=True)
class Proof:
    """One exercise that exercised something: how, with which outcome and class, and until when that counts."""

    exercise: str
    log: str
    entry: int
    at_utc_us: int
    how: str
    verdict: Verdict
    evidence_class: EvidenceClass
    expires_utc_us: int
    changed: bool


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that can be exercised. ``services`` stand on it, ``stops`` are those that its loss alone stops.

    ``declared`` is when the declaration says that it last worked, which counts for nothing here.
    """

    sort: Sort
    name: str
    services: tuple[str, ...]
    stops: tuple[str, ...]
    proofs: tuple[Proof, ...]
    declared: str | None = None

    @property
    def last(self) -> Proof | None:
        """The last exercise that exercised it."""
        return max(self.proofs, key=lambda proof: proof.at_utc_us, default=None)

    def worth(self, at_utc_us: int) -> Worth:
        """Return what its last exercise is worth at a moment."""
        last = self.last
        if last is None:
            return "never"
        return "stale" if last.changed or last.expires_utc_us <= at_utc_us else "exercised"


def coverage(model: Model, judgements: Sequence[Judgement], attempts: Sequence[Attempt], on: str) -> tuple[Thing, ...]:
    """Return everything of a model that can be exercised, with what exercised it, by sort and in declared order.

    ``attempts`` are the same exercises as the programme sees them, one for one, and after them those that were talked
    through, of which the scenario alone was tried. ``on`` is a day (ISO 8601), by which single points are looked for.
    """
    found = _Found(model)
    for judgement, tried in zip(judgements, attempts, strict=False):
        if judgement.validity.verdict == "valid":
            found.add(dict(_exercised(model, judgement, found.carriers)), tried)
    for tried in attempts[len(judgements) :]:
        if tried.valid:
            found.add({("scenario", f"{tried.scenario} of {tried.service}"): "talked through"}, tried)
    return tuple(_things(model, found.proofs, on))


def expiring(things: Iterable[Thing], at_utc_us: int) -> tuple[tuple[Thing, Proof], ...]:
    """Return what counts now, what expires soonest first."""
    counting = [(thing, thing.last) for thing in things if thing.worth(at_utc_us) == "exercised" and thing.last]
    return tuple(sorted(counting, key=lambda pair: (pair[1].expires_utc_us, SORTS.index(pair[0].sort), pair[0].name)))


def untried(model: Model, things: Iterable[Thing]) -> tuple[Thing, ...]:
    """Return what was never exercised, what matters most first.

    First what alone stops a service, then by the shortest impact tolerance of the services that it stops or carries,
    then by how many those are.
    """
    return tuple(sorted((thing for thing in things if not thing.proofs), key=lambda thing: _matters(model, thing)))


def tolerance_ms(model: Model, thing: Thing) -> int | None:
    """Return the shortest impact tolerance of the services that something stops, or else carries; none without any."""
    names = thing.stops or thing.services
    return min((model.services[name].impact_tolerance.duration_ms for name in names), default=None)


def _matters(model: Model, thing: Thing) -> tuple[bool, float, int, int, str]:
    shortest = tolerance_ms(model, thing)
    return (
        not thing.stops,
        float("inf") if shortest is None else shortest,
        -len(thing.stops or thing.services),
        SORTS.index(thing.sort),
        thing.name,
    )


@dataclass(frozen=True)
class _Found:
    """The proofs so far, by sort and name."""

    model: Model

    @cached_property
    def proofs(self) -> dict[tuple[Sort, str], list[Proof]]:
        """What was shown of each thing."""
        return {}

    @cached_property
    def carriers(self) -> Mapping[str, frozenset[str]]:
        """Who carries each value of each shared attribute."""
        return {f"{attribute}={value}": frozenset(names) for (attribute, value), names in carriers(self.model).items()}

    @cached_property
    def tested(self) -> dict[tuple[str, str], str | None]:
        """What is tested of each service by each scenario as it is declared now; nothing where one is not there."""
        return {}

    def changed(self, tried: Attempt) -> bool:
        """Whether what an attempt tested is declared otherwise now."""
        key = (tried.service, tried.scenario)
        if key not in self.tested:
            self.tested[key] = tested_now(self.model, *key)
        return self.tested[key] != tried.tested

    def add(self, said: Mapping[tuple[Sort, str], str], tried: Attempt) -> None:
        """Add what one exercise exercised and how, each thing once."""
        expires_us, changed = expires_utc_us(self.model, tried), self.changed(tried)
        for thing, how in said.items():
            proof = Proof(
                exercise=tried.exercise,
                log=tried.log,
                entry=tried.entry,
                at_utc_us=tried.at_utc_us,
                how=how,
                verdict=tried.verdict,
                evidence_class=tried.evidence_class,
                expires_utc_us=expires_us,
                changed=changed,
            )
            self.proofs.setdefault(thing, []).append(proof)


def _exercised(
    model: Model, judgement: Judgement, carried: Mapping[str, frozenset[str]]
) -> Iterator[tuple[tuple[Sort, str], str]]:
    """Yield what an exercise exercised and how, by the faults whose effect was shown."""
    opened = judgement.exercise.opened.event
    yield ("scenario", f"{opened.scenario} of {opened.service}"), "tried"
    if judgement.case.imported is not None:
        yield from _observed(model, judgement)
        return
    away: dict[str, str] = {}
    for fault in reversed(judgement.case.effective):
        intended = fault.intended.event
        for name in taken(judgement.model, intended.name, intended.target, intended.parameters):
            direct = name == intended.target
            away[name] = intended.name if direct else f"{intended.name} of {intended.target}"
        if intended.name in SHARED:
            if not intended.parameters.get("sites"):
                yield ("shared attribute", f"{intended.parameters.get('of')}={intended.target}"), intended.name
        elif intended.target in model.sites:
            yield ("site", intended.target), intended.name
    for name, how in away.items():
        if name in model.resources:
            yield ("resource", name), how
    together = _together(judgement)
    for name, names in carried.items():
        if names and names <= together:
            yield ("shared attribute", name), "all that carry it were away at once"
    shown = _failed_over(judgement, frozenset(away))
    for name in shown & model.groups.keys():
        yield ("failover", name), "the service came back while an active member was away"
    yield from _edges(model, judgement, away, shown)


def _observed(model: Model, judgement: Judgement) -> Iterator[tuple[tuple[Sort, str], str]]:
    """Yield what an exercise exercised that was observed, where its timeline says that it occurred: what it hits."""
    record = judgement.case.imported
    if record is None or record.milestone("occurred") is None:
        return
    how = "its timeline says that it occurred"
    for hit in judgement.case.scenario.hits:
        match hit:
            case Fail(names):
                yield from ((("resource", name), how) for name in names if name in model.resources)
            case FailSite(sites):
                yield from ((("site", site), how) for site in sites if site in model.sites)
            case FailShared(attribute, value):
                yield ("shared attribute", f"{attribute}={value}"), how
            case _:
                pass


def _together(judgement: Judgement) -> frozenset[str]:
    """Return what was away when the last fault took effect, of the faults that were not yet undone then."""
    effective = judgement.case.effective
    if not effective:
        return frozenset()
    last = max(_injected_us(fault) for fault in effective)
    names = (
        taken(judgement.model, event.name, event.target, event.parameters)
        for event in (
            fault.intended.event
            for fault in effective
            if fault.undone is None or fault.undone.event.occurred.mono_us > last
        )
    )
    return frozenset().union(*names)


def _injected_us(fault: FaultRecord) -> int:
    return fault.effect.event.injected.mono_us if fault.effect else 0


def _failed_over(judgement: Judgement, away: frozenset[str]) -> frozenset[str]:
    """Return the groups whose failover an exercise showed, by the model that it ran against."""
    disruption = principal(judgement.case)
    undone = [fault.undone.event.occurred.mono_us for fault in judgement.case.effective if fault.undone]
    if disruption is None or disruption.restored_us is None or len(undone) < len(judgement.case.effective):
        return frozenset()
    if disruption.restored_us >= min(undone, default=0):
        return frozenset()
    model = judgement.model
    modes = [mode for mode in judgement.case.service.modes if mode.meets_minimum]
    needed = frozenset.intersection(*(_vitally_below(model, leaves(mode.needs)) for mode in modes)) if modes else ()
    return frozenset(
        group.name
        for group in model.groups.values()
        if group.failover is not None and group.name in needed and away & set(group.members[: group.active])
    )


def _vitally_below(model: Model, names: Iterable[str]) -> frozenset[str]:
    """Return the groups and resources that these are or name as a need at any remove, members of groups left out."""
    ahead, seen = list(names), set[str]()
    while ahead:
        name = ahead.pop()
        if name in seen:
            continue
        seen.add(name)
        thing = model.groups.get(name) or model.resources.get(name)
        ahead += leaves(thing.needs) if thing is not None else ()
    return frozenset(seen)


def _edges(
    model: Model, judgement: Judgement, away: Mapping[str, str], shown: frozenset[str]
) -> Iterator[tuple[tuple[Sort, str], str]]:
    """Yield the edges whose lower end was away while the upper one was looked at."""
    service = judgement.case.service.name
    watched = principal(judgement.case) is not None
    effect = "clients saw the service disrupted" if watched else "clients saw no disruption"
    for upper, lower in edges(model):
        if upper == service and (lower in away or lower in shown):
            yield ("edge", f"{upper} → {lower}"), effect
        elif upper in shown and lower in away:
            yield ("edge", f"{upper} → {lower}"), "the group went on without it"
        elif away.get(lower) == "host.loss" and away.get(upper) == f"host.loss of {lower}":
            yield ("edge", f"{upper} → {lower}"), "it went with its host"


def edges(model: Model) -> tuple[tuple[str, str], ...]:
    """Return every declared dependency, from what needs to what is needed, each once, in declared order."""
    found: dict[tuple[str, str], None] = {}
    for service in model.services.values():
        for mode in service.modes:
            found.update(dict.fromkeys((service.name, name) for name in sorted(leaves(mode.needs))))
    for group in model.groups.values():
        found.update(dict.fromkeys((group.name, name) for name in (*group.members, *sorted(leaves(group.needs)))))
    for resource in model.resources.values():
        found.update(dict.fromkeys((resource.name, name) for name in sorted(leaves(resource.needs))))
    return tuple(found)


def _things(model: Model, proofs: Mapping[tuple[Sort, str], Sequence[Proof]], on: str) -> Iterator[Thing]:
    """Yield everything that can be exercised."""
    survey = Survey(model, on)
    above = services_on(model)
    stops = {survey.events[number].name: names for number, names in survey.stopped.items()}

    def thing(sort: Sort, name: str, services: Iterable[str], alone: str = "", declared: str | None = None) -> Thing:
        known = tuple(each for each in model.services if each in set(services))
        return Thing(sort, name, known, stops.get(alone, ()), tuple(proofs.get((sort, name), ())), declared)

    asked = [(scenario.name, scenario.service) for scenario in model.scenarios.values()]
    asked += [(test.scenario, test.service) for test in model.test_plan]
    for scenario, service in dict.fromkeys(asked):
        yield thing("scenario", f"{scenario} of {service}", [service])
    for site in model.sites:
        yield thing("site", site, _above(above, at_site(model, site)), alone=site)
    for (attribute, value), names in carriers(model).items():
        if len(names) > 1:
            shared = f"{attribute}={value}"
            yield thing("shared attribute", shared, _above(above, names), alone=shared)
    for group in model.groups.values():
        if group.failover is not None:
            yield thing("failover", group.name, above.get(group.name, ()), declared=group.failover.exercised)
    for resource in model.resources.values():
        yield thing("resource", resource.name, above.get(resource.name, ()), alone=resource.name)
    for owner, strategy in strategies(model):
        name = f"{strategy.name} of {owner}"
        yield thing("strategy", name, above.get(owner, ()), declared=strategy.exercised)
    for upper, lower in edges(model):
        services = [upper] if upper in model.services else above.get(upper, ())
        yield thing("edge", f"{upper} → {lower}", services)


def _above(above: Mapping[str, tuple[str, ...]], names: Iterable[str]) -> frozenset[str]:
    return frozenset(service for name in names for service in above.get(name, ()))
