"""A Backstage software catalogue (``catalog-info.yaml`` and its like) as things and links.

A Component becomes an application, a Resource what its type says, a Group a team. A System is a candidate for a service
that stands on its components: whether it is an important one is for a person to say, so it is marked as guessed. An API
is no thing of its own: who consumes it needs who provides it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from holdfast.model.documents import Node
from holdfast.model.findings import Findings
from holdfast.model.importing.facts import Facts, Link, Origin, Said, Thing, kind_said, said
from holdfast.model.importing.streams import read_stream, text_at, texts_at
from holdfast.model.importing.words import KINDS, is_out_of_use, kind_of_words, normal
from holdfast.model.types import Kind

NO_ENTITY = "no entity of a catalogue"
LIFECYCLE = "not in production by its lifecycle"
PERSON = "people are declared by pseudonymous ids, by you"
INTERFACE = "an interface, not a thing: who consumes it needs who provides it"
OTHER = "a kind of entity that nothing stands on"
PLACE = "where other entities stand: give the files that it names"
NOT_RUNNING = "nothing that runs: what is built with it has it inside"
NOBODY = "an interface that nobody here provides"
SYSTEM = "that it is a service: a System of the catalogue"
HEADCOUNT = "the users in the catalogue that name this group"

_RESOURCE_TYPES: Mapping[str, Kind] = {
    **dict.fromkeys(("s3-bucket", "bucket", "storage", "blob-storage", "file-share", "secret", "topic"), "information"),
    **dict.fromkeys(("cluster", "kubernetes-cluster", "server", "vm", "compute"), "host"),
    **dict.fromkeys(("queue", "kafka-topic", "message-broker", "pubsub"), "application"),
}
_NOT_RUNNING = frozenset({"library", "documentation", "docs", "template", "design"})
_SOONER = frozenset({"experimental", "development", "planned", "proposal"})
_DEPENDENTS = frozenset({"component", "resource", "system"})


@dataclass(frozen=True, slots=True)
class _Entity:
    """One entity and its reference, ``kind:namespace/name`` in small letters."""

    ref: str
    kind: str
    name: str
    namespace: str
    origin: Origin
    node: Node

    def refs(self, *path: str, kind: str) -> Iterator[str]:
        """Yield the references at a path; what they leave out is ``kind`` and the entity's own namespace."""
        for text in texts_at(self.node, *path):
            yield _ref(text, kind, self.namespace)


def read_backstage(files: Mapping[str, bytes], findings: Findings) -> Facts:
    """Return what catalogue files say."""
    facts = Facts()
    entities = [entity for file, data in files.items() for entity in _entities(facts, file, data, findings)]
    members = Counter(group for entity in entities for group in entity.refs("spec", "memberOf", kind="group"))
    taken = [entity for entity in entities if _add(facts, entity, members)]
    providers = _providers(entities, {entity.ref for entity in taken})
    for entity in taken:
        _add_links(facts, entity, providers)
    return facts


def _entities(facts: Facts, file: str, data: bytes, findings: Findings) -> Iterator[_Entity]:
    for document in read_stream(file, data, findings) or ():
        kind, name = text_at(document, "kind").casefold(), text_at(document, "metadata", "name")
        origin = Origin(file, f"line {document.place.line}")
        if kind and name:
            namespace = text_at(document, "metadata", "namespace") or "default"
            yield _Entity(_ref(name, kind, namespace), kind, name, namespace, origin, document)
        else:
            facts.leave(origin, kind or "document", NO_ENTITY)


def _ref(text: str, kind: str, namespace: str) -> str:
    """Return a full reference for a short one: ``[kind:][namespace/]name``."""
    head, separator, tail = text.partition(":")
    kind, rest = (head, tail) if separator else (kind, text)
    space, separator, name = rest.partition("/")
    space, name = (space, name) if separator else (namespace, rest)
    return f"{kind}:{space}/{name}".casefold()


def _add(facts: Facts, entity: _Entity, members: Mapping[str, int]) -> bool:
    """Add the thing that an entity is, or leave it; return whether it was taken. ``members`` counts those of groups."""
    what = f"{entity.kind} {entity.name}"
    lifecycle = text_at(entity.node, "spec", "lifecycle")
    if entity.kind in {"component", "system", "resource"} and (
        lifecycle.casefold() in _SOONER or is_out_of_use(lifecycle)
    ):
        facts.leave(entity.origin, what, LIFECYCLE, lifecycle, entity.ref)
        return False
    if entity.kind == "component" and text_at(entity.node, "spec", "type").casefold() in _NOT_RUNNING:
        facts.leave(entity.origin, what, NOT_RUNNING, text_at(entity.node, "spec", "type"), entity.ref)
        return False
    values = said(title=text_at(entity.node, "metadata", "title"), owner=_owner(entity))
    if entity.kind == "system":
        title = text_at(entity.node, "metadata", "title") or entity.name
        values |= {"title": Said(title, SYSTEM)}
        facts.things.append(Thing(entity.ref, entity.name, "service", entity.origin, values))
    elif entity.kind == "group":
        count = max(members.get(entity.ref, 0), len(texts_at(entity.node, "spec", "members")))
        team = kind_said("people") | said(title=text_at(entity.node, "spec", "profile", "displayName"))
        team |= {"headcount": Said(str(count), HEADCOUNT)} if count else {}
        facts.things.append(Thing(entity.ref, entity.name, "resource", entity.origin, team))
    elif entity.kind in {"component", "resource"}:
        facts.things.append(Thing(entity.ref, entity.name, "resource", entity.origin, _kind(entity) | values))
    else:
        reason = {"user": PERSON, "api": INTERFACE, "location": PLACE}.get(entity.kind, OTHER)
        facts.leave(entity.origin, what, reason, "", entity.ref)
        return False
    return True


def _kind(entity: _Entity) -> dict[str, Said]:
    """Return the kind of a component or resource by its type."""
    if entity.kind == "component":
        return kind_said("application")
    type_ = text_at(entity.node, "spec", "type").casefold()
    if type_ in _RESOURCE_TYPES:
        return kind_said(_RESOURCE_TYPES[type_])
    known = KINDS.get(normal(type_))
    if known is not None and known not in {"service", "site", "leave"}:
        return {"kind": Said(known)}
    guess = kind_of_words(type_, entity.name)
    kind = guess if guess not in {"service", "site", "leave"} else "application"
    return {"kind": Said(kind, f'its type is not known; "{type_}"')}


def _owner(entity: _Entity) -> str | None:
    """Return the owner as people write it, without kind and namespace."""
    owner = text_at(entity.node, "spec", "owner")
    return owner.rpartition("/")[2].rpartition(":")[2] or None


def _providers(entities: list[_Entity], taken: set[str]) -> dict[str, list[str]]:
    """Return the taken components that provide each interface."""
    found: dict[str, list[str]] = {}
    for entity in entities:
        for api in entity.refs("spec", "providesApis", kind="api"):
            if entity.ref in taken:
                found.setdefault(api, []).append(entity.ref)
    return found


def _add_links(facts: Facts, entity: _Entity, providers: Mapping[str, list[str]]) -> None:
    """Add what an entity depends on, consumes and belongs to."""
    if entity.kind not in _DEPENDENTS:
        return
    origin, name = entity.origin, entity.name
    for target in entity.refs("spec", "dependsOn", kind="component"):
        facts.links.append(Link("needs", entity.ref, target, origin, f"{name} depends on {target}"))
    for source in entity.refs("spec", "dependencyOf", kind="component"):
        facts.links.append(Link("needs", source, entity.ref, origin, f"{name} is a dependency of {source}"))
    for api in entity.refs("spec", "consumesApis", kind="api"):
        what = f"{name} consumes {api}"
        if api not in providers:
            facts.leave(origin, what, NOBODY, api)
        for target in providers.get(api, ()):
            facts.links.append(Link("needs", entity.ref, target, origin, f"{what} of {target}"))
    for parent in entity.refs("spec", "subcomponentOf", kind="component"):
        facts.links.append(Link("needs", parent, entity.ref, origin, f"{name} is a part of {parent}"))
    if entity.kind != "system":
        for system in entity.refs("spec", "system", kind="system"):
            what = f"{name} belongs to {system}"
            guess = "a system needs all that belongs to it"
            facts.links.append(Link("needs", system, entity.ref, origin, what, guess))
