"""HF601: what alone stops a service, told once, at its lowest cause, for all the services that it stops.

Of things stacked on each other the lowest is told, with the path through the others: a host and what runs on it, a
thing and the one other that uses it. Where a service has no second site, that is one finding, not one for everything
that stands there. Suppliers are told by HF614, what only *looks* redundant by HF602, and a team can miss people as long
as it has more than it needs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from holdfast.analysis.events import SUPPLYING
from holdfast.analysis.kinds import Weakness
from holdfast.analysis.survey import Survey, some, verb
from holdfast.analysis.weights import of_loss
from holdfast.model.types import Resource
from holdfast.model.wording import counted

CODE = "HF601"
# From this many single points of one service at one site on, what it lacks is a second site.
SITE_LACKS_A_SECOND = 3


def single_points(survey: Survey) -> Iterator[Weakness]:
    """Yield the single points of failure of all services."""
    single = {
        event.name: number
        for number, event in enumerate(survey.events)
        if number in survey.stopped and event.cause == "resource" and fails_as_one(survey.model.resources[event.name])
    }
    only_site = sites_without_second(survey, single)
    for site, services in only_site.items():
        yield _site(survey, site, services, single)
    lowest = _lowest(survey, single)
    for name in lowest:
        site_services = only_site.get(survey.model.resources[name].site or "", ())
        services = tuple(service for service in survey.stopped[single[name]] if service not in site_services)
        if services:
            yield _resource(survey, name, services, single[name], single)


def fails_as_one(resource: Resource) -> bool:
    """Whether a resource fails as one thing of the institution's own: no supplier, no team with people to spare."""
    if resource.kind in SUPPLYING:
        return False
    return resource.kind != "people" or (resource.team is not None and resource.team.headcount <= resource.team.minimum)


def sites_without_second(survey: Survey, single: Collection[str] | None = None) -> Mapping[str, tuple[str, ...]]:
    """Return the services that a site's loss stops because much of them is there and only there, by site."""
    names = survey.number if single is None else single
    there: dict[tuple[str, str], int] = {}
    for name in names:
        site = survey.model.resources[name].site
        for service in survey.stopped.get(survey.number[name], ()):
            if site is not None and fails_as_one(survey.model.resources[name]):
                there[site, service] = there.get((site, service), 0) + 1
    found: dict[str, tuple[str, ...]] = {}
    for (site, service), amount in sorted(there.items()):
        if amount >= SITE_LACKS_A_SECOND:
            found[site] = (*found.get(site, ()), service)
    return found


def _lowest(survey: Survey, single: Mapping[str, int]) -> tuple[str, ...]:
    """Return the single points that are not told by one that lies below them."""
    below: dict[str, str] = {}
    for name in single:
        for child in survey.circuit.gates[survey.circuit.nodes[name]].children:
            gate = survey.circuit.gates[child]
            if gate.sort == "resource" and gate.name in single and _stacked(survey, name, gate.name):
                below[name] = gate.name
                break
    kept = {name for name in single if name not in below}
    for start in below:
        seen = [start]
        while seen[-1] in below and below[seen[-1]] not in seen:
            seen.append(below[seen[-1]])
        if seen[-1] in below:  # they stand on each other in a circle: one of them speaks for all
            kept.add(min(seen[seen.index(below[seen[-1]]) :]))
    return tuple(name for name in single if name in kept)


def _stacked(survey: Survey, upper: str, lower: str) -> bool:
    """Whether ``upper`` simply stands on ``lower``: a host carries it, or nothing else under a service uses it."""
    if survey.model.resources[lower].kind == "host":
        return True
    above = survey.circuit.parents[survey.circuit.nodes[lower]]
    return {gate for gate in above if survey.carries[gate]} == {survey.circuit.nodes[upper]}


def _site(survey: Survey, site: str, services: tuple[str, ...], single: Mapping[str, int]) -> Weakness:
    """Return the one finding for services that have no second site."""
    event = next(number for number, event in enumerate(survey.events) if event.cause == "site" and event.name == site)
    there = [
        name
        for name, number in single.items()
        if survey.model.resources[name].site == site and set(services) & set(survey.stopped[number])
    ]
    paths = [
        survey.path(service, single[name]) for service in services for name in there if _stops(survey, name, service)
    ]
    first = {next(name for name in path[1:] if name in there) for path in paths if set(path[1:]) & set(there)}
    path = min(paths, key=lambda path: (len(path), path))
    return Weakness(
        CODE,
        of_loss(survey, services, event),
        survey.model.place("sites", site),
        tuple(sorted({site, *services})),
        survey.noticed(services, event),
        f"{some(services)} {verb(services, 'has', 'have')} no second site: {counted(len(there), 'thing')} at "
        f"{survey.site(site)} {verb(there, 'has', 'have')} no stand-in anywhere else, among them {some(first)}."
        f"{survey.felt(services, event)}",
        path,
        f"Run {some(first)} at a second site as well, or declare a mode of service that does without it.",
    )


def _stops(survey: Survey, name: str, service: str) -> bool:
    return service in survey.stopped[survey.number[name]]


def _resource(survey: Survey, name: str, services: tuple[str, ...], event: int, single: Mapping[str, int]) -> Weakness:
    path = max((survey.path(service, event) for service in services), key=lambda path: (-len(path), path))
    services = survey.noticed(services, event)
    through = [step for step in path[1:-1] if step in single]
    counting = survey.circuit.members
    redundant = [step for step in path if step in counting and survey.circuit.gates[counting[step]].redundant]
    needed = [step for step in path if step in counting and _needs_every_member(survey, step)]
    stands_in = "nothing stands in for it"
    if needed:
        stands_in = f"{some(needed)} {verb(needed, 'needs', 'need')} all of {verb(needed, 'its', 'their')} members"
    happens = "stays away" if survey.bridged(services, event) else "fails"
    sentences = [
        f"If {survey.called(name)} {happens}, {some(services)} {verb(services, 'stops', 'stop')}: {stands_in}."
    ]
    if through:
        sentences.append(f"It takes {some(through)} with it.")
    if redundant:
        sentences.append(f"That {some(redundant)} {verb(redundant, 'is', 'are')} redundant does not help.")
    return Weakness(
        CODE,
        of_loss(survey, services, event),
        survey.node_place(name),
        (name,),
        services,
        " ".join(sentences) + survey.felt(services, event),
        path,
        _remedy(survey.model.resources[name]),
    )


def _needs_every_member(survey: Survey, group: str) -> bool:
    gate = survey.circuit.gates[survey.circuit.members[group]]
    return len(gate.children) > 1 and not gate.redundant


def _remedy(resource: Resource) -> str:
    match resource.kind:
        case "people":
            return "Train more people for this team, or declare a mode of service that does without it."
        case "network":
            return "Lay a second way that shares nothing with this one, and declare that either will do."
        case "facility" | "information" | "process":
            return "Have a second one elsewhere, and declare that either will do."
        case _:
            return "Run a second one on another host at another site, put both in a group, and exercise the failover."
