"""HF614: a third party or FMI without which a service stops, and no way out within the service's tolerance.

A way out is a substitute that is there in time and does not fall with the supplier, an exit that is quick enough, or a
supplier that has shown it will itself be back in time: its own recovery time lies within the tolerance and a test of
that was seen within the last thirteen months (Regulation (EU) 2022/2554, Article 11(6): at least yearly). How long the
institution can do without it counts (``holds_for``, or a degraded mode that it can sustain). A contract that has ended
is told in any case.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from holdfast.analysis.at_best import Course
from holdfast.analysis.circuit import Gate
from holdfast.analysis.events import SUPPLYING
from holdfast.analysis.kinds import Weakness
from holdfast.analysis.survey import DAY_MS, Survey, about, some, verb
from holdfast.analysis.weights import by_services, softer
from holdfast.model.quantities import written
from holdfast.model.types import Continuity, Resource, Supplier, leaves
from holdfast.model.wording import listed, usual_ms

CODE = "HF614"
EVIDENCE_COUNTS_DAYS = 400
_NOTHING = Supplier()


@dataclass(frozen=True, slots=True)
class _Limit:
    """The service that bears a supplier's absence for the shortest time, what is held or sustained included."""

    service: str
    bears_ms: int
    felt_ms: int


def no_way_out(survey: Survey) -> Iterator[Weakness]:
    """Yield suppliers that stop a service for too long, and contracts that have ended."""
    for name, resource in survey.model.resources.items():
        if resource.kind not in SUPPLYING:
            continue
        services = _directly_stopped(survey, resource)
        if services:
            found = _stopping(survey, resource, services)
            if found is not None:
                yield found
                continue
        supplier = resource.supplier or _NOTHING
        if survey.services_served(name):
            if _ended(survey, supplier):
                yield _contract_over(survey, resource)
            elif _too_late_to_leave(survey, supplier):
                yield _contract_ends(survey, resource, supplier)


def _directly_stopped(survey: Survey, resource: Resource) -> tuple[str, ...]:
    """Return the services that stop when it is out, at once or when what bridges it ends.

    None, if they stop only through other suppliers, who rest on it: those are told.
    """
    number = survey.number[resource.name]
    position = survey.circuit.nodes[resource.name]
    above = (gate for gate in survey.circuit.parents[position] if survey.carries[gate])
    if all(_of_supplier(survey, survey.circuit.gates[gate]) for gate in above):
        return ()
    return (*survey.stopped.get(number, ()), *survey.running_out(number))


def _of_supplier(survey: Survey, gate: Gate) -> bool:
    return gate.sort == "resource" and survey.model.resources[gate.name].kind in SUPPLYING


def _limit(survey: Survey, name: str, number: int, course: Course) -> _Limit:
    """Return for how long a service bears that a supplier never comes back."""
    service = survey.model.services[name]
    felt_ms = course.felt_ms(name)
    if name in survey.running_out(number):
        sustained = (mode.sustain for mode in survey.sustained(name, number))
        felt_ms = course.lasting(service)[0] + sum(sustain.max_ms for sustain in sustained if sustain is not None)
    return _Limit(name, service.impact_tolerance.duration_ms + felt_ms, felt_ms)


def _stopping(survey: Survey, resource: Resource, services: tuple[str, ...]) -> Weakness | None:
    supplier = resource.supplier or _NOTHING
    number = survey.number[resource.name]
    course = survey.at_best.after(survey.events[number].hits, for_good=True)
    limits = (_limit(survey, name, number, course) for name in services)
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
    promised_ms = supplier.continuity.rto_ms if supplier.continuity is not None else None
    in_time = promised_ms is not None and promised_ms <= tightest.bears_ms
    wrong = [substitute, exit_, own, *ended]
    sustained = survey.sustained(tightest.service, number)
    path = survey.way_to(tightest.service, sustained, number) if sustained else survey.path(tightest.service, number)
    return Weakness(
        CODE,
        softer(weight) if in_time else weight,
        survey.node_place(resource.name),
        (resource.name,),
        services,
        f"Without {survey.called(resource.name)}{_resting(survey, resource)}, {some(services)} "
        f"{verb(services, 'stops', 'stop')}{after}; "
        f"{tightest.service} can bear {about(tightest.bears_ms)} of it. But {listed(wrong)}.",
        path,
        "Agree a substitute and try it, see the supplier's own recovery tested, or declare a mode that does without.",
    )


def _resting(survey: Survey, resource: Resource) -> str:
    """Return on whom a supplier rests in turn, for a sentence: several who rest on one are a concentration."""
    subcontracts = resource.supplier.subcontracts if resource.supplier is not None else ()
    needed = (name for name in leaves(resource.needs) if name in survey.model.resources)
    below = {*subcontracts, *(name for name in needed if survey.model.resources[name].kind in SUPPLYING)}
    return f" (who rests on {some(below)})" if below else ""


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


def _too_late_to_leave(survey: Survey, supplier: Supplier) -> bool:
    """Whether the contract ends sooner than leaving the supplier usually takes."""
    if supplier.contract is None or supplier.contract.ends is None or supplier.exit is None or not supplier.exit.takes:
        return False
    left = date.fromisoformat(supplier.contract.ends) - date.fromisoformat(survey.on)
    return left < timedelta(milliseconds=usual_ms(supplier.exit.takes))


def _contract_ends(survey: Survey, resource: Resource, supplier: Supplier) -> Weakness:
    ends = supplier.contract.ends if supplier.contract else None
    takes_ms = usual_ms(supplier.exit.takes) if supplier.exit and supplier.exit.takes else 0
    what = (
        f"ends on {ends}, and leaving usually takes {about(takes_ms)}: unless it is renewed, nothing obliges it while"
    )
    return _contract(
        survey, resource, f"{what} you leave", "Renew it, or agree that it goes on for as long as leaving takes."
    )


def _contract_over(survey: Survey, resource: Resource) -> Weakness:
    ends = resource.supplier.contract.ends if resource.supplier and resource.supplier.contract else None
    what = f"ended on {ends}: nothing obliges it any more"
    return _contract(survey, resource, what, "Renew it, or declare the contract that replaced it.")


def _contract(survey: Survey, resource: Resource, what: str, remedy: str) -> Weakness:
    """Return what is weak in the contract with a supplier, in words that follow its name."""
    services: Sequence[str] = survey.services_served(resource.name)
    stand = verb(services, "stands", "stand")
    return Weakness(
        CODE,
        by_services(survey, services, "medium", "low"),
        survey.model.place("resources", resource.name, "contract"),
        (resource.name,),
        tuple(services),
        f"The contract with {survey.called(resource.name)}, on whom {some(services)} {stand}, {what}.",
        (services[0], resource.name),
        remedy,
    )
