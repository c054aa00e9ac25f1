"""What a scenario hits: which resources and groups, and in which words."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.model.aims import carries, stands_for
from holdfast.model.quantities import written
from holdfast.model.types import (
    Absent,
    Compromise,
    Fail,
    FailShared,
    FailSite,
    Fault,
    Hit,
    Model,
    Scenario,
    Slow,
    ThirdPartyOut,
)
from holdfast.model.uses import at_site
from holdfast.model.vocabulary import Vocabulary
from holdfast.model.wording import listed, percent, spread

Struck = tuple[str, str]
"""The name of a resource or group, and how it is hit."""


def struck(model: Model, vocabulary: Vocabulary, scenario: Scenario) -> Iterator[Struck]:
    """Yield everything that a scenario hits directly, in the model and in its drill; a thing may be hit twice."""
    for hit in scenario.hits:
        yield from _hit(model, hit)
    for fault in scenario.disruption:
        how = f"the drill injects {fault.name}"
        if takes_site(model, vocabulary, fault):
            yield from ((name, f"{how} into its site {fault.target}") for name in at_site(model, fault.target))
        elif schema := vocabulary.faults.get(fault.name):
            aimed = stands_for(model, fault, schema)
            yield from ((name, f"{how} into {fault.target}") for name in aimed)
            if not aimed and fault.target in model.resources:
                yield fault.target, f"{how} for {written(fault.hold_ms)}"
        elif fault.target in model.resources:
            yield fault.target, f"{how} for {written(fault.hold_ms)}"


def said(hit: Hit) -> str:
    """Return what a disruption does, in words."""
    match hit:
        case Fail(names):
            return f"{listed(names)} fail{'s' * (len(names) == 1)}"
        case FailSite(sites):
            return f"everything at {listed(sites)} fails"
        case FailShared(attribute, value):
            return f"everything with {attribute} {value} fails"
        case Compromise(foothold, dwell, cause, untrusted):
            return f"an intruder at {foothold} stays for {spread(dwell)}; {listed(untrusted)} untrusted ({cause})"
        case Absent(share_ppm, lasts, teams):
            return f"{percent(share_ppm)} of {listed(teams) if teams else 'all people'} missing for {spread(lasts)}"
        case ThirdPartyOut(names, lasts):
            return f"{listed(names)} {'is' if len(names) == 1 else 'are'} out for {spread(lasts)}"
        case Slow(name, capacity_ppm, lasts):
            return f"{name} at {percent(capacity_ppm)} of its capacity for {spread(lasts)}"


def _hit(model: Model, hit: Hit) -> Iterator[Struck]:
    match hit:
        case Fail(names):
            for name in names:
                yield name, "it fails"
                if name in model.groups:
                    yield from ((member, f"{name} fails with all its members") for member in model.groups[name].members)
        case FailSite(sites):
            yield from ((name, f"its site {site} fails") for site in sites for name in at_site(model, site))
        case FailShared(attribute, value):
            having = (each for each in model.resources.values() if carries(model, each, attribute, value))
            yield from ((each.name, f"everything with {attribute} {value} fails") for each in having)
        case Compromise(foothold, _, _, untrusted):
            yield foothold, "an intruder enters by it"
            yield from ((name, "it is untrusted") for name in untrusted)
        case Absent(share_ppm, lasts, teams):
            staffed = [each.name for each in model.resources.values() if each.team is not None]
            how = f"{percent(share_ppm)} of its people are missing for {spread(lasts)}"
            yield from ((name, how) for name in (teams or staffed))
        case ThirdPartyOut(names, lasts):
            yield from ((name, f"it is out for {spread(lasts)}") for name in names)
        case Slow(name, capacity_ppm, lasts):
            yield name, f"it has {percent(capacity_ppm)} of its capacity for {spread(lasts)}"


def takes_site(model: Model, vocabulary: Vocabulary, fault: Fault) -> bool:
    """Return whether a fault's target is a site: of a name that is both, the site wherever the fault takes sites."""
    schema = vocabulary.faults.get(fault.name)
    return fault.target in model.sites and (schema is None or "site" in schema.targets)
