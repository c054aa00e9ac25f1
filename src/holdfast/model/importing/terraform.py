"""A Terraform or OpenTofu state (format version 4) as things and links.

A resource of a type that services stand on becomes a resource here; of several instances, each is one and all of them
are a group: of ``count`` most must function, of ``for_each`` all, because their keys say that they differ. Its zone
becomes its site, its provider a third party that it needs, and the dependencies that the state records are what it
needs: they are wider than what it needs at every moment, and so are marked as guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from holdfast.errors import Place
from holdfast.model.documents import Node, Scalar
from holdfast.model.findings import Findings
from holdfast.model.importing.clouds import NAMES, OWN_PROVIDERS, PLACES, PROVIDERS, TYPES
from holdfast.model.importing.facts import NOT_PRODUCTION, Facts, Link, Origin, Thing, kind_said, said, whole
from holdfast.model.importing.streams import items_at, read_stream, table_at, text_at, texts_at
from holdfast.model.importing.words import environment_of

OTHER_TYPE = "a type of resource that is not among those on which services are known to stand"
DATA = "a data source: it is looked up, not run"
RECORDED = "the state records it as a dependency, which may be needed to build and not to run"
REGION = "only its region is known, not its zone"
FORM = "4"

_PROVIDER = re.compile(r'provider\["(?:[^"]*/)?([A-Za-z0-9_-]+)"\]')
_ZONE = re.compile(r".*(?:[0-9][a-z]|-[a-z]|^[0-9])$")


@dataclass(frozen=True, slots=True)
class _Resource:
    """One resource of the state with the keys of its instances."""

    address: str
    provider: str
    node: Node
    file: str
    instances: tuple[tuple[str, Node], ...]


def read_terraform(files: Mapping[str, bytes], findings: Findings) -> Facts:
    """Return what states say; one that is of another format is finding HF154."""
    facts = Facts()
    found: dict[str, _Resource] = {}
    for file, data in files.items():
        for document in read_stream(file, data, findings) or ():
            if text_at(document, "version") != FORM:
                message = f'expected a state with "version": {FORM}, got {text_at(document, "version") or "none"}'
                remedy = "Write it with: terraform state pull > terraform.tfstate"
                findings.error("HF154", Place(file, document.place.line), message, remedy)
                continue
            for node in items_at(document, "resources"):
                resource = _taken(facts, file, node)
                if resource is not None:
                    found[resource.address] = resource
    for resource in found.values():
        _add_resource(facts, resource)
    for resource in found.values():
        _add_needs(facts, resource, found)
    return facts


def _taken(facts: Facts, file: str, node: Node) -> _Resource | None:
    """Return a resource of a type that is taken; any other is left."""
    type_, name, module = text_at(node, "type"), text_at(node, "name"), text_at(node, "module")
    mode = text_at(node, "mode")
    address = ".".join(filter(None, [module, "data" if mode == "data" else "", type_, name]))
    origin = Origin(file, address)
    if mode == "data":
        facts.leave(origin, address, DATA, type_)
    elif type_ not in TYPES:
        facts.leave(origin, address, OTHER_TYPE, type_)
    else:
        provider = _PROVIDER.search(text_at(node, "provider"))
        # What is deposed was replaced and waits for its end.
        instances = [each for each in items_at(node, "instances") if not text_at(each, "deposed")]
        keys = []
        for key, instance in ((f"{address}{_index(instance)}", instance) for instance in instances):
            environment = _tag(instance, "environment", "env", "stage") or ""
            if environment_of(environment)[0] == "leave":
                facts.leave(Origin(file, key), key, NOT_PRODUCTION, environment, key)
            else:
                keys.append((key, instance))
        if keys:
            return _Resource(address, provider[1] if provider else type_.partition("_")[0], node, file, tuple(keys))
        if not instances:
            facts.leave(origin, address, "without instances", type_)
    return None


def _index(instance: Node) -> str:
    index = text_at(instance, "index_key")
    return f"[{index}]" if index else ""


def _add_resource(facts: Facts, resource: _Resource) -> None:
    """Add the instances of a resource, and a group where there are several."""
    kind = TYPES[text_at(resource.node, "type")]
    origin = Origin(resource.file, resource.address)
    for key, instance in resource.instances:
        here = Origin(resource.file, key)
        values = kind_said(kind) | said(owner=_tag(instance, "owner", "team"))
        facts.things.append(Thing(key, _name(resource, instance), "resource", here, values))
        _add_site(facts, key, instance, here)
        _add_provider(facts, key, resource.provider, here)
    if len(resource.instances) > 1 or resource.instances[0][0] != resource.address:
        facts.things.append(
            Thing(resource.address, text_at(resource.node, "name"), "resource", origin, kind_said(kind))
        )
        for key, instance in resource.instances:
            what = f"{key} is an instance of {resource.address}"
            alike = whole(text_at(instance, "index_key")) is not None
            facts.links.append(Link("cluster" if alike else "collection", resource.address, key, origin, what))


def _name(resource: _Resource, instance: Node) -> str:
    """Return what people call an instance: its name tag, its name, else its name in the state."""
    given = (_tag(instance, "name"), *(text_at(instance, "attributes", name) for name in NAMES[:-1]))
    name = next(filter(None, given), None)
    return name or f"{text_at(resource.node, 'name')}{_index(instance)}"


def _add_site(facts: Facts, key: str, instance: Node, origin: Origin) -> None:
    for attribute in PLACES:
        places = texts_at(instance, "attributes", attribute)
        if len(places) == 1:
            place = places[0].rpartition("/")[2]
            site = f"site {place}"
            facts.add_once(Thing(site, place, "site", origin))
            guess = None if attribute in PLACES[:3] or _ZONE.match(place) else REGION
            facts.links.append(Link("at", key, site, origin, f"{key} is in {place}", guess))
            return


def _add_provider(facts: Facts, key: str, provider: str, origin: Origin) -> None:
    """Add the cloud that something runs in as a third party; what is the institution's own is none."""
    if provider in OWN_PROVIDERS or provider not in PROVIDERS:
        return
    name = f"provider {PROVIDERS[provider]}"
    facts.add_once(Thing(name, PROVIDERS[provider], "resource", origin, kind_said("third-party")))
    facts.links.append(Link("needs", key, name, origin, f"{key} runs at {PROVIDERS[provider]}"))


def _add_needs(facts: Facts, resource: _Resource, found: Mapping[str, _Resource]) -> None:
    """Add the dependencies that the state records, between resources that are taken."""
    for key, instance in resource.instances:
        for address in sorted(set(_dependencies(instance, resource))):
            if address in found and address != resource.address:
                what = f"{key} depends on {address}"
                facts.links.append(Link("needs", key, address, Origin(resource.file, key), what, RECORDED))


def _dependencies(instance: Node, resource: _Resource) -> Iterator[str]:
    yield from texts_at(instance, "dependencies")
    # Older states record them on the resource.
    yield from texts_at(resource.node, "depends_on")


def _tag(instance: Node, *names: str) -> str | None:
    for place in ("tags", "tags_all", "labels"):
        for key, value in table_at(instance, "attributes", place).items():
            if key.casefold() in names and isinstance(value, Scalar) and not value.empty:
                return value.text
    return None
