"""Names that nothing declares."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from holdfast.model.fields import Reading, Sort
from holdfast.model.findings import shown
from holdfast.model.types import Kind, Model

_CALLED: Mapping[Sort, str] = {
    "node": "resource or group",
    "resource": "resource",
    "team": "resource of kind people",
    "third-party": "resource of kind third-party or fmi",
    "segment": "segment",
    "endpoint": "resource or segment",
    "dependent": "resource, group or service",
    "site": "site",
    "place": "site or host",
    "attribute": "attribute that sites or resources share",
    "service": "service",
    "scenario": "scenario",
    "person": "person",
    "role": "role",
    "strategy": "recovery strategy",
    "practice": "recovery strategy or playbook",
    "subject": "thing",
}


def check_references(model: Model, reading: Reading) -> None:
    """Find names that nothing declares, over all sections and files."""
    known, findings = _known(model), reading.findings
    for reference in reading.references:
        if reference.name not in known[reference.sort] and reference.name not in reading.unclear:
            remedy = findings.did_you_mean(reference.name, known[reference.sort])
            called = _CALLED[reference.sort]
            message = f"expected the name of a declared {called}, got {shown(reference.name)}"
            if what := _what_is(model, reference.name):
                message += f", which is a {what}"
            findings.error("HF111", reference.place, message, f"{remedy}Declare it, or correct the name.")


def _what_is(model: Model, name: str) -> str:
    """Return what a name is that was taken for something else; nothing if it is not declared at all."""
    if name in model.resources:
        return f"resource of kind {model.resources[name].kind}"
    sections: Mapping[str, Collection[str]] = {
        "group": model.groups,
        "site": model.sites,
        "service": model.services,
        "segment": model.segments,
        "person": model.people,
        "role": model.roles,
        "scenario": model.scenarios,
        "candidate": model.candidates,
    }
    return next((what for what, names in sections.items() if name in names), "")


def _known(model: Model) -> Mapping[Sort, Collection[str]]:
    """Return the names of each sort."""
    resources, groups = model.resources.keys(), model.groups.keys()
    nodes = resources | groups
    attributes = {attribute for shares in shared(model) for attribute in shares}
    strategies = [
        strategy
        for things in (model.resources, model.groups)
        for thing in things.values()
        for strategy in thing.recovery
    ]
    values = {value for shares in shared(model) for value in shares.values()}
    return {
        "node": nodes,
        "resource": resources,
        "team": _of_kind(model, "people"),
        "third-party": _of_kind(model, "third-party") | _of_kind(model, "fmi"),
        "segment": model.segments.keys(),
        "endpoint": resources | model.segments.keys(),
        "dependent": nodes | model.services.keys(),
        "site": model.sites.keys(),
        "place": model.sites.keys() | _of_kind(model, "host"),
        "attribute": attributes,
        "service": model.services.keys(),
        "scenario": model.scenarios.keys(),
        "person": model.people.keys(),
        "role": model.roles.keys(),
        "strategy": {strategy.name for strategy in strategies},
        "practice": {name for strategy in strategies for name in (strategy.name, strategy.playbook) if name},
        "subject": nodes.union(
            *(model.sites, model.segments, model.services, model.candidates, model.scenarios, model.people),
            *(model.roles, model.common_causes, attributes, values),
        ),
    }


def shared(model: Model) -> Iterator[Mapping[str, str]]:
    """Yield what each site and each resource shares with others."""
    yield from (site.shares for site in model.sites.values())
    yield from (resource.shares for resource in model.resources.values())


def _of_kind(model: Model, kind: Kind) -> set[str]:
    return {resource.name for resource in model.resources.values() if resource.kind == kind}
