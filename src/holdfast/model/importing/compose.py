"""A Docker Compose file (Compose specification) as things and links.

A service becomes an application or a database, several copies of one a group. ``depends_on`` and links are what it
needs, and so are services that its settings name. A network becomes a segment, a published port a flow from outside. A
volume is data that the service keeps. What is only built, or is behind a profile, is left and said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from holdfast.model.documents import Node, Scalar, Table
from holdfast.model.findings import Findings
from holdfast.model.importing.facts import Facts, Link, Origin, Said, Thing, kind_said, said
from holdfast.model.importing.images import addresses, kind_of_image, named_in
from holdfast.model.importing.streams import at, items_at, read_stream, table_at, text_at, texts_at

PROFILE = "only started with a profile"
NO_SERVICES = "no services in this file"
OUTSIDE = "outside"
SETTING = "one of its settings names that service"
MAX_COPIES = 100
_PARTS_WITH_HOST_PORT = 2


def read_compose(files: Mapping[str, bytes], findings: Findings) -> Facts:
    """Return what Compose files say; later files add to earlier ones, as the program itself merges them."""
    facts = Facts()
    services: dict[str, tuple[Node, Origin]] = {}
    networks: dict[str, Origin] = {}
    for file, data in files.items():
        for document in read_stream(file, data, findings) or ():
            found = table_at(document, "services")
            if not found:
                facts.leave(_origin(file, document), "document", NO_SERVICES)
            for name, node in found.items():
                services[name] = (_over(services.get(name), node), services.get(name, (node, _origin(file, node)))[1])
            networks |= {name: _origin(file, node) for name, node in table_at(document, "networks").items()}
    taken = {}
    for name, (node, origin) in services.items():
        if texts_at(node, "profiles"):
            facts.leave(origin, f"service {name}", PROFILE, ", ".join(texts_at(node, "profiles")), name)
        else:
            taken[name] = (node, origin)
    _add_segments(facts, taken, networks)
    for name, (node, origin) in taken.items():
        _add_service(facts, name, node, origin)
        _add_needs(facts, name, node, origin, services)
        _add_flows(facts, name, node, origin)
    return facts


def copies_of(facts: Facts, key: str, copies: int, thing: Thing, origin: Origin) -> tuple[str, ...]:
    """Add a thing as so many copies, a group if there are several; return the keys of what really runs."""
    facts.things.append(thing)
    if copies < 2:  # noqa: PLR2004  (one copy is the thing itself)
        return (key,)
    members = tuple(f"{key}-{number}" for number in range(1, min(copies, MAX_COPIES) + 1))
    for number, member in enumerate(members, start=1):
        values = {name: value for name, value in thing.values.items() if name != "title"}
        facts.things.append(Thing(member, f"{thing.name}-{number}", "resource", origin, values))
        facts.links.append(Link("cluster", key, member, origin, f"{thing.name} runs {copies} times: copy {number}"))
    return members


def _add_service(facts: Facts, name: str, node: Node, origin: Origin) -> None:
    kind, guessed = kind_of_image(text_at(node, "image"), name)
    replicas = text_at(node, "deploy", "replicas") or text_at(node, "scale")
    copies = int(replicas) if replicas.isdecimal() else 1
    values = kind_said(kind, guessed) | said(owner=_label(node, "owner", "team", "maintainer"))
    for member in copies_of(facts, name, copies, Thing(name, name, "resource", origin, values), origin):
        networks = texts_at(node, "networks") or ("default",)
        first = min(networks)
        guess = None if len(networks) == 1 else "it is in several networks: the first by name"
        facts.links.append(Link("within", member, f"network {first}", origin, f"{name} is in network {first}", guess))
    for volume in _volumes(node):
        key = f"volume {volume}"
        facts.add_once(Thing(key, volume, "resource", origin, kind_said("information")))
        facts.links.append(Link("needs", name, key, origin, f"{name} keeps its data in volume {volume}"))


def _add_segments(facts: Facts, services: Mapping[str, tuple[Node, Origin]], networks: Mapping[str, Origin]) -> None:
    """Add the networks that services are in; a service that names none is in the default one."""
    for node, origin in services.values():
        for network in texts_at(node, "networks") or ("default",):
            key = f"network {network}"
            facts.add_once(Thing(key, network, "segment", networks.get(network, origin)))
        if any(_published(node)):
            title = {"title": Said("Outside", "a name for where published ports are reached from")}
            facts.add_once(Thing(OUTSIDE, OUTSIDE, "segment", origin, title))


def _add_needs(
    facts: Facts, name: str, node: Node, origin: Origin, services: Mapping[str, tuple[Node, Origin]]
) -> None:
    told = dict.fromkeys(texts_at(node, "depends_on"))
    told |= dict.fromkeys(text.partition(":")[0] for text in texts_at(node, "links"))
    mode = text_at(node, "network_mode")
    if mode.startswith("service:"):
        told[mode.partition(":")[2]] = None
    for other in told:
        facts.links.append(Link("needs", name, other, origin, f"{name} depends on {other}"))
    known = {service.casefold(): service for service in services}
    for host in sorted(named_in(_settings(node), known.keys())):
        other = known[host]
        if other != name and other not in told:
            facts.links.append(Link("needs", name, other, origin, f"{name} has settings with {other}", SETTING))


def _add_flows(facts: Facts, name: str, node: Node, origin: Origin) -> None:
    """Add what is published to the outside, and the further networks that a service reaches."""
    for port, protocol in _published(node):
        what = f"{name} publishes port {port}/{protocol}"
        facts.links.append(Link("flow", OUTSIDE, name, origin, what, port=port, protocol=protocol))
    for network in sorted(texts_at(node, "networks"))[1:]:
        for source, target in ((name, f"network {network}"), (f"network {network}", name)):
            what = f"{name} is also in network {network}: {source} reaches {target}"
            facts.links.append(Link("flow", source, target, origin, what))


def _published(node: Node) -> Iterator[tuple[str, str]]:
    """Yield the ports inside the container that are published, each with its protocol; ranges by their first."""
    for item in items_at(node, "ports"):
        if isinstance(item, Table):
            target, protocol = text_at(item, "target"), text_at(item, "protocol") or "tcp"
        elif isinstance(item, Scalar):
            written, _, protocol = item.text.partition("/")
            target, protocol = written.rpartition(":")[2], protocol or "tcp"
        else:
            continue
        first = target.partition("-")[0]
        if first.isdecimal() and 0 < int(first) <= MAX_PORT and protocol in {"tcp", "udp"}:
            yield first, protocol


MAX_PORT = 65_535


def _volumes(node: Node) -> Iterator[str]:
    """Yield the named volumes; a path of the machine is no volume."""
    for item in items_at(node, "volumes"):
        if isinstance(item, Table):
            source = text_at(item, "source") if text_at(item, "type") in {"", "volume"} else ""
        elif isinstance(item, Scalar) and ":" in item.text:
            source = item.text.partition(":")[0]
        else:
            continue
        if source and source[0] not in "./~$":
            yield source


def _settings(node: Node) -> Iterator[str]:
    """Yield the values of the environment and the words of the command."""
    environment = at(node, "environment")
    if isinstance(environment, Table):
        yield from (inner.text for inner in environment.entries.values() if isinstance(inner, Scalar))
    else:
        yield from (text.partition("=")[2] for text in texts_at(node, "environment"))
    yield from addresses(texts_at(node, "command"))


def _label(node: Node, *names: str) -> str | None:
    """Return the value of the first label whose last part is one of the names."""
    labels = at(node, "labels")
    pairs = (
        [(key, text_at(labels, key)) for key in labels.entries]
        if isinstance(labels, Table)
        else [(text.partition("=")[0], text.partition("=")[2]) for text in texts_at(node, "labels")]
    )
    return next((value for key, value in pairs if key.rpartition(".")[2].casefold() in names), None)


def _over(before: tuple[Node, Origin] | None, node: Node) -> Node:
    """Return a service with what a later file says of it put over what an earlier one said."""
    if before is None or not isinstance(before[0], Table) or not isinstance(node, Table):
        return node
    return Table({**before[0].entries, **node.entries}, before[0].place)


def _origin(file: str, node: Node) -> Origin:
    return Origin(file, f"line {node.place.line}")
