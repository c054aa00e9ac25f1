"""What stands on what: the resources behind a service, and production that stands on what may be broken."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from holdfast.model.fields import Reading
from holdfast.model.findings import shown
from holdfast.model.types import Model, leaves


def below(model: Model, name: str) -> Iterator[str]:
    """Yield what a resource or group needs itself, by name; the members of a group among them."""
    if name in model.groups:
        yield from model.groups[name].members
        yield from leaves(model.groups[name].needs)
    elif name in model.resources:
        yield from leaves(model.resources[name].needs)


def reached(model: Model, names: Iterable[str]) -> frozenset[str]:
    """Return every resource that these resources and groups are or stand on, directly or not."""
    ahead, seen = list(names), set[str]()
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += below(model, name)
    return frozenset(seen & model.resources.keys())


def check_standing(model: Model, reading: Reading) -> None:
    """Refuse production that stands on what may be broken: breaking that would break production."""
    exposed = _exposed(model, reading.unclear)
    if not exposed:
        return
    for resource in model.resources.values():
        if resource.environment != "production" or resource.name in reading.unclear:
            continue
        for name in sorted(leaves(resource.needs) & exposed.keys()):
            source = exposed[name]
            through = "" if name == source else f", and so {shown(source)}"
            environment = model.resources[source].environment
            message = (
                f"{shown(resource.name)} is in production and needs {shown(name)}{through}, which is in {environment}"
            )
            remedy = "Say in which environment each of the two really is; without the key it is production."
            reading.findings.error("HF138", model.place("resources", resource.name, "needs"), message, remedy)


def _exposed(model: Model, unclear: Container[str]) -> Mapping[str, str]:
    """Return the resources outside production, and the groups that stand on one directly, each with which one."""
    groups_on: dict[str, list[str]] = {}
    for group in model.groups.values():
        for name in below(model, group.name):
            groups_on.setdefault(name, []).append(group.name)
    exposed: dict[str, str] = {}
    for resource in model.resources.values():
        if resource.environment != "production" and resource.name not in unclear:
            ahead = [resource.name]
            while ahead:
                name = ahead.pop()
                if name not in exposed:
                    exposed[name] = resource.name
                    ahead += groups_on.get(name, ())
    return exposed
