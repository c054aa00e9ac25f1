"""What only shows when everything is read: names that nothing declares, targets out of bounds, drills that miss.

Cycles of needs are allowed: two services that call each other are fine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from holdfast.errors import Place
from holdfast.model.fields import Reference, Sort
from holdfast.model.findings import Findings, listed, shown
from holdfast.model.sections import leaves
from holdfast.model.types import Fault, Group, Path, Resource, Scenario, Service, Site
from holdfast.model.vocabulary import ParameterSchema, Vocabulary

_CALLED: Mapping[Sort, str] = {
    "resource": "resource or group",
    "member": "resource",
    "site": "site",
    "service": "service",
    "place": "site or host",
}


@dataclass(frozen=True, slots=True)
class Declared:
    """Everything that was read, by name, and where."""

    sites: Mapping[str, Site]
    services: Mapping[str, Service]
    resources: Mapping[str, Resource]
    groups: Mapping[str, Group]
    scenarios: Mapping[str, Scenario]
    places: Mapping[Path, Place]

    def place(self, *path: str) -> Place:
        """Return where the value of this path was written, or the nearest one around it."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]

    def hosts(self) -> frozenset[str]:
        """Return the names of the hosts."""
        return frozenset(resource.name for resource in self.resources.values() if resource.kind == "host")


def check(declared: Declared, references: Iterable[Reference], vocabulary: Vocabulary, findings: Findings) -> None:
    """Add every finding that takes more than one declaration to see."""
    _check_references(declared, references, findings)
    _check_standing(declared, findings)
    for scenario in declared.scenarios.values():
        for position, fault in enumerate(scenario.disruption):
            if fault.name in vocabulary.faults:
                _check_fault(declared, scenario, position, vocabulary.faults[fault.name], findings)
        _check_reach(declared, scenario, findings)
    rehearsed = {scenario.service for scenario in declared.scenarios.values()}
    for service in declared.services:
        if service not in rehearsed:
            message = f"no scenario rehearses service {shown(service)}"
            findings.add(
                "note", "HF137", declared.place("services", service), message, f"Declare one with service: {service}."
            )


def _check_references(declared: Declared, references: Iterable[Reference], findings: Findings) -> None:
    """Find names that nothing declares."""
    known: Mapping[Sort, frozenset[str]] = {
        "resource": frozenset(declared.resources) | frozenset(declared.groups),
        "member": frozenset(declared.resources),
        "site": frozenset(declared.sites),
        "service": frozenset(declared.services),
        "place": frozenset(declared.sites) | declared.hosts(),
    }
    for reference in references:
        if reference.name not in known[reference.sort]:
            remedy = findings.did_you_mean(reference.name, known[reference.sort])
            message = f"expected the name of a declared {_CALLED[reference.sort]}, got {shown(reference.name)}"
            findings.error("HF111", reference.place, message, f"{remedy}Declare it, or correct the name.")


def _check_standing(declared: Declared, findings: Findings) -> None:
    """Refuse production that stands on what may be broken: breaking that would break production."""
    for resource in declared.resources.values():
        if resource.environment != "production":
            continue
        for name in sorted(_resources_in(declared, leaves(resource.needs))):
            environment = declared.resources[name].environment
            if environment != "production":
                message = f"{shown(resource.name)} is in production and needs {shown(name)}, which is in {environment}"
                remedy = "Say in which environment each of the two really is; without the key it is production."
                findings.error("HF138", declared.place("resources", resource.name, "needs"), message, remedy)


def _resources_in(declared: Declared, names: Iterable[str]) -> Iterator[str]:
    """Yield the resources behind names of resources and groups."""
    for name in names:
        if name in declared.groups:
            yield from (member for member in declared.groups[name].members if member in declared.resources)
        elif name in declared.resources:
            yield name


def _check_fault(
    declared: Declared, scenario: Scenario, position: int, schema: ParameterSchema, findings: Findings
) -> None:
    """Check what a fault is aimed at: that it exists, that the fault can take it, and that it may be broken."""
    fault = scenario.disruption[position]
    place = declared.place("scenarios", scenario.name, "disruption", str(position), "target")
    if not fault.target:
        return
    sort = _sort_of(declared, fault.target, schema)
    if sort is None:
        candidates = _candidates(declared, schema)
        message = f"expected the name of a declared {listed(sorted(schema.targets))}, got {shown(fault.target)}"
        if fault.target in declared.groups:
            message += ", which is a group"
        remedy = findings.did_you_mean(fault.target, candidates)
        remedy = f"{remedy}{fault.name} takes {listed(sorted(schema.targets))}."
        code = "HF131" if _is_declared(declared, fault.target) else "HF111"
        findings.error(code, place, message, remedy)
        return
    for name in sorted({fault.target, *_places_named(fault, schema)}):
        for hit, environment in _hit_by(declared, name, schema):
            if environment == "production":
                message = f"fault {fault.name} would hit {shown(hit)}, which is in production"
                remedy = "Nothing in production is broken: aim at the range or a test environment."
                findings.error("HF130", place, message, remedy)


def _is_declared(declared: Declared, name: str) -> bool:
    return any(name in names for names in (declared.resources, declared.groups, declared.sites, declared.services))


def _sort_of(declared: Declared, name: str, schema: ParameterSchema) -> str | None:
    """Return what a target is for this fault (a site before a resource of the same name), or ``None``."""
    if "site" in schema.targets and name in declared.sites:
        return "site"
    resource = declared.resources.get(name)
    return resource.kind if resource and resource.kind in schema.targets else None


def _candidates(declared: Declared, schema: ParameterSchema) -> frozenset[str]:
    """Return everything that a fault could be aimed at."""
    fitting = {resource.name for resource in declared.resources.values() if resource.kind in schema.targets}
    return frozenset(fitting | (set(declared.sites) if "site" in schema.targets else set()))


def _places_named(fault: Fault, schema: ParameterSchema) -> Iterator[str]:
    """Yield the sites and hosts that a fault's own parameters name."""
    for name, parameter in schema.parameters.items():
        value = fault.parameters.get(name)
        if parameter.form == "places" and isinstance(value, tuple):
            yield from value


def _hit_by(declared: Declared, name: str, schema: ParameterSchema) -> Iterator[tuple[str, str]]:
    """Yield everything that shares the fate of a target, with its environment: a site takes all that is at it."""
    if "site" in schema.targets and name in declared.sites:
        yield name, declared.sites[name].environment
        for resource in declared.resources.values():
            if resource.site == name or name in (resource.between or ()):
                yield resource.name, resource.environment
    elif name in declared.resources:
        yield name, declared.resources[name].environment


def _check_reach(declared: Declared, scenario: Scenario, findings: Findings) -> None:
    """Find drills that cannot hurt what they claim to test: they would hold because nothing was broken."""
    service = declared.services.get(scenario.service)
    targets = [fault.target for fault in scenario.disruption]
    if scenario.exercise_type == "site" and not any(target in declared.sites for target in targets):
        message = f"scenario {shown(scenario.name)} is a site exercise, and none of its faults takes a site"
        remedy = "Write type: functional, or take a whole site."
        findings.error("HF135", declared.place("scenarios", scenario.name, "type"), message, remedy)
    if service is None or not all(target in declared.sites or target in declared.resources for target in targets):
        return
    stood_on = _stood_on(declared, service)
    sites = {declared.resources[name].site for name in stood_on}
    if targets and not any(target in stood_on or target in sites for target in targets):
        message = f"service {shown(service.name)} needs nothing that scenario {shown(scenario.name)} breaks"
        remedy = "Declare what the service needs, or aim at something that it stands on."
        findings.add("warning", "HF136", declared.place("scenarios", scenario.name, "disruption"), message, remedy)


def _stood_on(declared: Declared, service: Service) -> frozenset[str]:
    """Return every resource that a service stands on, in any mode, directly or not."""
    reached: set[str] = set()
    ahead = set(_resources_in(declared, frozenset().union(*(leaves(mode.needs) for mode in service.modes))))
    while ahead:
        name = ahead.pop()
        reached.add(name)
        ahead |= set(_resources_in(declared, leaves(declared.resources[name].needs))) - reached
    return frozenset(reached)
