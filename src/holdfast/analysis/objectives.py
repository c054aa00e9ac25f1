"""HF607, HF608 and HF609: objectives that contradict the declaration, or each other.

An objective is out of reach where the best case of section "at best" still exceeds it after the loss of one resource or
one site, or where a failover gives up more data than may be lost. What never comes back at all is told by HF603, HF604
and HF606, a supplier whose absence exceeds the tolerance by HF614.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from holdfast.analysis.at_best import Course, Step, promised_ms
from holdfast.analysis.circuit import Circuit
from holdfast.analysis.events import SUPPLYING
from holdfast.analysis.exposure import Exposure
from holdfast.analysis.kinds import RANK, Weakness, Weight
from holdfast.analysis.survey import Survey, about, some, verb
from holdfast.analysis.ways import NEVER, shortest_ms
from holdfast.analysis.weights import by_services
from holdfast.model.quantities import written
from holdfast.model.types import Failover, Resource, Service
from holdfast.model.wording import listed

OUT_OF_REACH = "HF607"
RTO_ABOVE_TOLERANCE = "HF608"
TOLERANCE_ABOVE_MTPD = "HF609"


@dataclass(frozen=True, slots=True)
class _Miss:
    """A service that is away for longer than its objective after an event, even at best."""

    service: str
    away_ms: int
    event: int
    steps: tuple[Step, ...]


def out_of_reach(survey: Survey) -> Iterator[Weakness]:
    """Yield what makes an objective impossible, once for all services that it does so to."""
    worst: dict[tuple[str, str | None], dict[str, _Miss]] = {}
    for number, services in _suspects(survey).items():
        course = survey.course(number)
        for name in services:
            miss = _miss(survey, name, number, course)
            if miss is None:
                continue
            known = worst.setdefault((miss.steps[-1].name, miss.steps[-1].by), {})
            if name not in known or known[name].away_ms < miss.away_ms:
                known[name] = miss
    for misses in worst.values():
        yield _out_of_reach(survey, misses)
    for name, group in survey.model.groups.items():
        if group.failover is not None and survey.at_best.ways.loses_too_much(group) and survey.services_on(name):
            yield _gives_up_data(survey, name, group.failover)


def _miss(survey: Survey, name: str, number: int, course: Course) -> _Miss | None:
    service = survey.model.services[name]
    away_ms = course.recovery_ms(service)
    if not service.rto_ms < away_ms < NEVER:
        return None
    steps = course.way_back(service)
    if _supplier(survey, steps[-1].name) and away_ms > service.impact_tolerance.duration_ms:
        return None
    return _Miss(name, away_ms, number, steps)


def _supplier(survey: Survey, name: str) -> Resource | None:
    """Return a third party or FMI of this name."""
    found = survey.model.resources.get(name)
    return found if found is not None and found.kind in SUPPLYING else None


def _suspects(survey: Survey) -> Mapping[int, tuple[str, ...]]:
    """Return the events after which an objective could be missed, with the services that they interrupt.

    A site always may. A resource by itself only if its own best recovery, or a failover that it sets off, is longer
    than the objective of a service that it interrupts: what stands on it simply resumes.
    """
    before = Exposure.of(Circuit.of(survey.model, before_failover=True), survey.events)
    interrupted: dict[int, list[str]] = {}
    for name, gate in before.circuit.services.items():
        for number in before.events_in(before.fatal[gate]):
            if survey.events[number].fails and survey.events[number].cause != "shared":
                interrupted.setdefault(number, []).append(name)
    slow = _slow_failovers(survey)
    found: dict[int, tuple[str, ...]] = {}
    for number, names in sorted(interrupted.items()):
        event = survey.events[number]
        if event.cause == "site" or event.name in slow or _outlasts(survey, event.name, names):
            found[number] = tuple(names)
    return found


def _slow_failovers(survey: Survey) -> frozenset[str]:
    """Return the members that serve first in groups whose failover alone is too long for a service on them."""
    found: set[str] = set()
    for name, group in survey.model.groups.items():
        if group.failover is not None:
            takes_ms = shortest_ms(group.failover.detects) + shortest_ms(group.failover.takes)
            services = (survey.model.services[service] for service in survey.services_on(name))
            if any(_away_ms(service, takes_ms) > service.rto_ms for service in services):
                found.update(group.members[: group.active])
    return frozenset(found)


def _outlasts(survey: Survey, name: str, services: list[str]) -> bool:
    resource = survey.model.resources[name]
    own_ms = min(survey.at_best.alone_ms(resource), promised_ms(resource))
    found = (survey.model.services[service] for service in services)
    return own_ms < NEVER and any(_away_ms(service, own_ms) > service.rto_ms for service in found)


def _away_ms(service: Service, repair_ms: int) -> int:
    """Return how long a service is away if what it needs is back after ``repair_ms``."""
    return repair_ms if repair_ms <= service.rides_out_ms else repair_ms + shortest_ms(service.reestablish)


def _out_of_reach(survey: Survey, misses: Mapping[str, _Miss]) -> Weakness:
    """Return the finding for services that all wait for the same last step."""
    services = tuple(sorted(misses))
    weight: Weight = min((_weight(survey, miss) for miss in misses.values()), key=RANK.__getitem__)
    over = {name: miss.away_ms - survey.model.services[name].rto_ms for name, miss in misses.items()}
    shown = misses[max(services, key=over.__getitem__)]
    event = survey.events[shown.event]
    lost = survey.site(event.name) if event.cause == "site" else survey.called(event.name)
    cause = shown.steps[-1]
    limits = listed([f"{name} {written(survey.model.services[name].rto_ms)}" for name in services], most=4)
    if len(services) == 1:
        limits = written(survey.model.services[services[0]].rto_ms)
    return Weakness(
        OUT_OF_REACH,
        weight,
        survey.model.place("services", shown.service, "rto"),
        tuple(sorted({cause.name, *services})),
        services,
        f"After the loss of {lost}, {shown.service} is away for at least {about(shown.away_ms)}, even if nothing goes "
        f"wrong: {_told(survey, shown)}. The {verb(services, 'objective is', 'objectives are')} {limits}.",
        tuple(step.name for step in shown.steps),
        f"Agree a shorter time with {cause.name}, declare a mode that does without it, or say that the objective is "
        "another."
        if _supplier(survey, cause.name)
        else f"Shorten what {cause.name} takes to come back, give it a stand-in, or say that the objective is another.",
    )


def _gives_up_data(survey: Survey, name: str, failover: Failover) -> Weakness:
    """Return the finding for a failover that may not be used, because of the data that it gives up."""
    services = tuple(
        service for service in survey.services_on(name) if survey.model.services[service].rpo_ms < failover.loses_ms
    )
    limits = [f"{service} may lose {written(survey.model.services[service].rpo_ms)}" for service in services]
    return Weakness(
        OUT_OF_REACH,
        by_services(survey, services, "high", "medium"),
        survey.model.place("resources", name, "failover"),
        tuple(sorted({name, *services})),
        services,
        f"The failover of {survey.called(name)} gives up {written(failover.loses_ms)} of data, and "
        f"{listed(limits, most=4)}: unless somebody accepts that loss, {some(services)} "
        f"{verb(services, 'waits', 'wait')} for what failed.",
        (services[0], name),
        "Let the copies follow more closely, accept the loss on purpose (accept_loss), or correct the objective.",
    )


def _weight(survey: Survey, miss: _Miss) -> Weight:
    if miss.away_ms > survey.model.services[miss.service].impact_tolerance.duration_ms:
        return by_services(survey, [miss.service], "high", "medium")
    return by_services(survey, [miss.service], "medium", "low")


def _told(survey: Survey, miss: _Miss) -> str:
    """Return what the time goes into: the recoveries on the way, the last one first, and the re-establishment."""
    steps = [step for step in reversed(miss.steps) if step.by is not None]
    said = [f"{step.name} is back by {step.by} after {about(step.until_ms)}" for step in steps]
    if _supplier(survey, miss.steps[-1].name) and miss.steps[-1].by is None:
        said.insert(0, f"{miss.steps[-1].name} promises to be back within {about(miss.steps[-1].until_ms)}")
    service = survey.model.services[miss.service]
    if service.reestablish is not None and miss.steps[0].until_ms > service.rides_out_ms:
        said.append(f"re-establishing the service takes another {about(shortest_ms(service.reestablish))}")
    return ", ".join(said)


def contradictions(survey: Survey) -> Iterator[Weakness]:
    """Yield objectives above the limit that they should keep: RTO, impact tolerance, MTPD, in this order."""
    for name, service in survey.model.services.items():
        tolerance_ms, mtpd_ms = service.impact_tolerance.duration_ms, service.mtpd_ms
        if service.rto_ms > tolerance_ms:
            yield Weakness(
                RTO_ABOVE_TOLERANCE,
                by_services(survey, [name], "high", "medium"),
                survey.model.place("services", name, "rto"),
                (name,),
                (name,),
                f"{name} may take {written(service.rto_ms)} to recover, but others bear its absence only for "
                f"{written(tolerance_ms)}: a recovery that meets its objective still breaches the tolerance.",
                (name,),
                "Set the objective inside the tolerance, with a margin for what goes wrong.",
            )
        if mtpd_ms is not None and tolerance_ms > mtpd_ms:
            yield Weakness(
                TOLERANCE_ABOVE_MTPD,
                by_services(survey, [name], "high", "medium"),
                survey.model.place("services", name, "impact_tolerance"),
                (name,),
                (name,),
                f"{name} may be away for {written(tolerance_ms)}, but its own impact analysis calls the harm "
                f"intolerable after {written(mtpd_ms)}.",
                (name,),
                "Lower the tolerance, or correct the impact analysis if it is too dark.",
            )
