"""Drills: what their faults are aimed at, whether it may be broken, and whether that could hurt the service."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping

from holdfast.model.aims import OF, stands_for
from holdfast.model.consistency.standing import reached
from holdfast.model.fields import Reading
from holdfast.model.findings import Findings, listed, shown
from holdfast.model.types import Fault, Model, Resource, Scenario, Site, leaves
from holdfast.model.vocabulary import ParameterSchema

MAX_NAMED = 3  # things that a message names before it only counts the rest
# Steps from a thing to what it needs that are taken to compare drills with services, in all: beyond any institution,
# and soon over for a file that was made to be slow.
MAX_STEPS = 1_000_000


def check_drills(model: Model, reading: Reading) -> None:
    """Add what is wrong with the faults of the scenarios that are rehearsed."""
    rehearsed = [scenario for scenario in model.scenarios.values() if scenario.rehearsed]
    if not rehearsed:
        return
    targets, findings, faults = _Targets(model, reading.unclear), reading.findings, reading.vocabulary.faults
    for scenario in rehearsed:
        for position, fault in enumerate(scenario.disruption):
            if fault.target and fault.name in faults and fault.target not in reading.unclear:
                _check_fault(targets, scenario, position, faults[fault.name], findings)
        if scenario.exercise_type == "site" and not any(f.target in model.sites for f in scenario.disruption):
            message = f"scenario {shown(scenario.name)} is a site exercise, and none of its faults takes a site"
            remedy = "Write type: functional, or take a whole site."
            findings.error("HF135", model.place("scenarios", scenario.name, "type"), message, remedy)
    _check_reach(model, rehearsed, findings)


class _Targets:
    """What faults can be aimed at, worked out once for all of them."""

    def __init__(self, model: Model, unclear: Container[str]) -> None:
        """Take ``unclear`` for what is in no environment yet."""
        self.model = model
        self._unclear = unclear
        self._production_at: Mapping[str, list[str]] = defaultdict(list)
        for resource in model.resources.values():
            if self._is_production(resource):
                for site in {resource.site, *(resource.between or ())} - {None}:
                    self._production_at[str(site)].append(resource.name)
        self._fitting: dict[frozenset[str], set[str]] = {}

    def sort_of(self, fault: Fault, schema: ParameterSchema) -> str | None:
        """Return what a target is for this fault (a site before a resource of the same name), or ``None``."""
        name = fault.target
        if "site" in schema.targets and name in self.model.sites:
            return "site"
        if "group" in schema.targets and name in self.model.groups:
            return "group"
        if "shared" in schema.targets:
            return "shared" if stands_for(self.model, fault, schema) else None
        resource = self.model.resources.get(name)
        return resource.kind if resource and resource.kind in schema.targets else None

    def in_production(self, name: str, schema: ParameterSchema) -> list[str]:
        """Return what is in production and shares the fate of a target: a site takes all that is at it."""
        if "site" in schema.targets and name in self.model.sites:
            itself = [name] if self._is_production(self.model.sites[name]) else []
            return itself + self._production_at[name]
        resource = self.model.resources.get(name)
        return [name] if resource and self._is_production(resource) else []

    def _is_production(self, declared: Site | Resource) -> bool:
        return declared.environment == "production" and declared.name not in self._unclear

    def fitting(self, kinds: frozenset[str]) -> Collection[str]:
        """Return the names of everything that a fault which takes these kinds could be aimed at."""
        if kinds not in self._fitting:
            names = {resource.name for resource in self.model.resources.values() if resource.kind in kinds}
            self._fitting[kinds] = names | (self.model.sites.keys() if "site" in kinds else set())
        return self._fitting[kinds]


def _check_fault(
    targets: _Targets, scenario: Scenario, position: int, schema: ParameterSchema, findings: Findings
) -> None:
    """Check what a fault is aimed at: that it exists, that the fault can take it, and that it may be broken."""
    model, fault = targets.model, scenario.disruption[position]
    place = model.place("scenarios", scenario.name, "disruption", str(position), "target")
    if targets.sort_of(fault, schema) is None:
        takes = listed(sorted(schema.targets))
        message = f"expected the name of a declared {takes}, got {shown(fault.target)}"
        if fault.target in model.groups:
            message += ", which is a group"
        elif "shared" in schema.targets:
            message += f": no host outside production has {fault.parameters.get(OF)} {fault.target}"
        declared = (model.resources, model.groups, model.sites, model.services)
        code = "HF131" if any(fault.target in names for names in declared) else "HF111"
        remedy = (
            findings.did_you_mean(fault.target, targets.fitting(frozenset(schema.targets))) if code == "HF111" else ""
        )
        findings.error(code, place, message, f"{remedy}{fault.name} takes {takes}.")
        return
    for name in sorted({fault.target, *stands_for(model, fault, schema), *_places_named(fault, schema)}):
        hit = targets.in_production(name, schema)
        if hit:
            named = ", ".join(map(shown, hit[:MAX_NAMED]))
            named += f" and {len(hit) - MAX_NAMED:,} more" if len(hit) > MAX_NAMED else ""
            message = f"fault {fault.name} would hit {named} in production"
            remedy = "Nothing in production is broken: aim at the range or a test environment."
            findings.error("HF130", place, message, remedy)


def _places_named(fault: Fault, schema: ParameterSchema) -> Iterator[str]:
    """Yield the sites and hosts that a fault's own parameters name."""
    for name, parameter in schema.parameters.items():
        value = fault.parameters.get(name)
        if parameter.form == "places" and isinstance(value, tuple):
            yield from value


def _check_reach(model: Model, rehearsed: Iterable[Scenario], findings: Findings) -> None:
    """Find drills that cannot hurt what they claim to test: they would hold because nothing was broken."""
    steps = 0
    stood_on: dict[str, frozenset[str]] = {}
    for scenario in rehearsed:
        service = model.services.get(scenario.service)
        targets = [fault.target for fault in scenario.disruption]
        if service is None or not all(target in model.sites or target in model.resources for target in targets):
            continue
        if service.name not in stood_on:
            if steps > MAX_STEPS:
                message = "drills from here on were not compared with what their services need: there are too many"
                findings.add("note", "HF136", model.place("scenarios", scenario.name), message, "Split the model.")
                return
            needed = reached(model, frozenset().union(*(leaves(mode.needs) for mode in service.modes)))
            sites = {model.resources[name].site for name in needed} - {None}
            stood_on[service.name] = needed | {str(site) for site in sites}
            steps += len(model.resources) + len(model.groups)
        if not stood_on[service.name] & set(targets):
            message = f"service {shown(service.name)} needs nothing that scenario {shown(scenario.name)} breaks"
            remedy = "Declare what the service needs, or aim at something that it stands on."
            findings.add("warning", "HF136", model.place("scenarios", scenario.name, "disruption"), message, remedy)
