"""HF614: a third party or FMI without which a service stops, and no way out within the service's tolerance.

A way out is a substitute that is there in time and does not fall with the supplier, an exit that is quick enough, or a
supplier that has shown it will itself be back in time: its own recovery time lies within the tolerance and a test of
that was seen within the last thirteen months (Regulation (EU) 2022/2554, Article 11(6): at least yearly). How long the
institution can do without it (``holds_for``) counts. A contract that has ended is told in any case.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from holdfast.analysis.kinds import Weakness
from holdfast.analysis.survey import DAY_MS, Survey, about, some, verb
from holdfast.analysis.weights import by_services, softer
from holdfast.model.quantities import written
from holdfast.model.types import Continuity, Resource, Supplier
from holdfast.model.wording import listed, usual_ms

CODE = "HF614"
EVIDENCE_COUNTS_DAYS = 400
_NOTHING = Supplier()


@dataclass(frozen=True, slots=True)
class _Limit:
    """The service that bears a supplier's absence for the shortest time, what it needs held included."""

    service: str
    bears_ms: int
    felt_ms: int


def no_way_out(survey: Survey) -> Iterator[Weakness]:
    """Yield suppliers that stop a service for too long, and contracts that have ended."""
    for name, resource in survey.model.resources.items():
        if resource.kind not in {"third-party", "fmi"}:
            continue
        services = _directly_stopped(survey, resource)
        if services:
            found = _stopping(survey, resource, services)
            if found is not None:
                yield found
                continue
        supplier = resource.supplier or _NOTHING
        if _ended(survey, supplier) and survey.services_served(name):
            yield _contract_over(survey, resource)


def _directly_stopped(survey: Survey, resource: Resource) -> tuple[str, ...]:
    """Return the services that stop when it is out, unless they do so only through those who rest on it."""
    number = survey.number[resource.name]
    if survey.circuit.nodes[resource.name] not in _used(survey, resource, number):
        return ()
    return survey.stopped.get(number, ())


def _used(survey: Survey, resource: Resource, number: int) -> frozenset[int]:
    """Return its gate if some need that carries a service names it."""
    position = survey.circuit.nodes[resource.name]
    carried = any(survey.carries[above] for above in survey.circuit.parents[position])
    return frozenset({position}) if carried and number in survey.stopped else frozenset()


def _stopping(survey: Survey, resource: Resource, services: tuple[str, ...]) -> Weakness | None:
    supplier = resource.supplier or _NOTHING
    number = survey.number[resource.name]
    course = survey.at_best.after(survey.events[number].hits, for_good=True)
    limits = (
        _Limit(name, survey.model.services[name].impact_tolerance.duration_ms + felt_ms, felt_ms)
        for name in services
        for felt_ms in (course.felt_ms(name),)
    )
    tightest = min(limits, key=lambda limit: (limit.bears_ms, limit.service))
    substitute, exit_ = _substitute(survey, supplier, number, tightest), _exit(supplier, tightest)
    own = _own_recovery(survey, supplier.continuity, tightest)
    if substitute is None or exit_ is None or own is None:
        return None
    ended = (
        [f"its contract ended on {supplier.contract.ends}"] if supplier.contract and _ended(survey, supplier) else []
    )
    after = f" after {about(tightest.felt_ms)}" if tightest.felt_ms else ""
    weight = softer(by_services(survey, services, "high", "medium"), steps=int(tightest.felt_ms >= DAY_MS))
    shown = supplier.continuity is not None and supplier.continuity.rto_ms is not None
    in_time = shown and supplier.continuity is not None and (supplier.continuity.rto_ms or 0) <= tightest.bears_ms
    wrong = [substitute, exit_, own, *ended]
    return Weakness(
        CODE,
        softer(weight) if in_time else weight,
        survey.node_place(resource.name),
        (resource.name,),
        services,
        f"Without {survey.called(resource.name)}, {some(services)} {verb(services, 'stops', 'stop')}{after}; "
        f"{tightest.service} can bear {about(tightest.bears_ms)} of it. But {listed(wrong)}.",
        survey.path(tightest.service, number),
        "Agree a substitute and try it, see the supplier's own recovery tested, or declare a mode that does without.",
    )


def _substitute(survey: Survey, supplier: Supplier, number: int, limit: _Limit) -> str | None:
    """Return what is wrong with the substitute, ``None`` if nothing is."""
    if supplier.substitute is None:
        return "no substitute is named"
    if survey.exposure.takes_down(number, survey.circuit.nodes[supplier.substitute]):
        return f"its substitute {supplier.substitute} falls with it"
    if supplier.substitute_takes is None:
        return f"nobody says how long the change to {supplier.substitute} takes"
    takes_ms = usual_ms(supplier.substitute_takes)
    return (
        None if takes_ms <= limit.bears_ms else f"the change to {supplier.substitute} usually takes {about(takes_ms)}"
    )


def _exit(supplier: Supplier, limit: _Limit) -> str | None:
    if supplier.exit is None or supplier.exit.takes is None:
        return "no exit is planned" if supplier.exit is None else "nobody says how long the exit takes"
    takes_ms = usual_ms(supplier.exit.takes)
    return None if takes_ms <= limit.bears_ms else f"leaving it usually takes {about(takes_ms)}"


def _own_recovery(survey: Survey, continuity: Continuity | None, limit: _Limit) -> str | None:
    """Return what is wrong with relying on the supplier's own continuity, ``None`` if nothing is."""
    if continuity is None or continuity.rto_ms is None:
        return "it has not said in what time it is back itself"
    promised = f"it promises to be back within {written(continuity.rto_ms)}"
    if continuity.rto_ms > limit.bears_ms:
        return promised
    tests = [day for day in (continuity.tested, continuity.tested_with_us) if day is not None]
    if not tests:
        return f"{promised}, but has shown no test of that"
    last = max(tests)
    if date.fromisoformat(survey.on) - date.fromisoformat(last) > timedelta(days=EVIDENCE_COUNTS_DAYS):
        return f"{promised}, but the last test of that was on {last}"
    return None


def _ended(survey: Survey, supplier: Supplier) -> bool:
    return supplier.contract is not None and supplier.contract.ends is not None and supplier.contract.ends < survey.on


def _contract_over(survey: Survey, resource: Resource) -> Weakness:
    services: Sequence[str] = survey.services_served(resource.name)
    ends = resource.supplier.contract.ends if resource.supplier and resource.supplier.contract else None
    return Weakness(
        CODE,
        by_services(survey, services, "medium", "low"),
        survey.model.place("resources", resource.name, "contract"),
        (resource.name,),
        tuple(services),
        f"The contract with {survey.called(resource.name)}, on whom {some(services)} "
        f"{verb(services, 'stands', 'stand')}, ended on {ends}: nothing obliges it any more.",
        (services[0], resource.name),
        "Renew it, or declare the contract that replaced it.",
    )
