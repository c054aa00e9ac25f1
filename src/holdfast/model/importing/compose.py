"""A Docker Compose file (Compose specification) as things and links.

A service becomes an application or a database, several copies of one a group. ``depends_on`` and links are what it
needs, and so are services that its settings name. A network becomes a segment, a published port a flow from outside. A
volume is data that the service keeps. What is behind a profile, runs once or is switched off is left and said, and so
is what stands in files that are not given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from holdfast.model.documents import Items, Node, Scalar, Table
from holdfast.model.findings import Findings
from holdfast.model.importing.facts import Facts, Link, Origin, Said, Thing, kind_said, port_said, said, whole
from holdfast.model.importing.images import addresses, kind_of_image, named_in
from holdfast.model.importing.streams import at, items_at, read_stream, table_at, text_at, texts_at

PROFILE = "only started with a profile"
NO_SERVICES = "no services in this file"
RUNS_ONCE = "runs once, before what waits for its end: no service stands on it at every moment"
SWITCHED_OFF = "no replicas: it is switched off"
SETTINGS = "settings in a file of their own, which is not read: what they name is not known"
INCLUDED = "a file that is included: give it too"
BASE = "a service that it extends and that is not in these files: give that file too"
OUTSIDE = "outside"
SETTING = "one of its settings names that service"
MAX_COPIES = 100
_DEFAULT = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*:?-([^${}]*)\}")
# Of two files, or of a service and the one that it extends, the later wins in these; all else adds up.
_ONE = frozenset({"command", "entrypoint"})


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
            for included in (each for item in items_at(document, "include") for each in _paths(item)):
                if included.rpartition("/")[2] not in files:
                    facts.leave(_origin(file, document), f"include {included}", INCLUDED)
            for name, node in found.items():
                before = services.get(name)
                services[name] = (_over(before[0], node), before[1]) if before else (node, _origin(file, node))
            networks |= {name: _origin(file, node) for name, node in table_at(document, "networks").items()}
    whole_ones = {name: (_extended(facts, name, services, ()), origin) for name, (_, origin) in services.items()}
    taken = _taken(facts, whole_ones)
    _add_segments(facts, taken, networks)
    for name, (node, origin) in taken.items():
        _add_service(facts, name, node, origin)
        _add_needs(facts, name, node, origin, services)
        _add_flows(facts, name, node, origin)
    return facts


def _taken(facts: Facts, services: Mapping[str, tuple[Node, Origin]]) -> dict[str, tuple[Node, Origin]]:
    """Return the services that run at every moment; say of the others why they are left."""
    awaited = {
        other
        for node, _ in services.values()
        for other, how in table_at(node, "depends_on").items()
        if text_at(how, "condition") == "service_completed_successfully"
    }
    taken = {}
    for name, (node, origin) in services.items():
        profiles = ", ".join(texts_at(node, "profiles"))
        off = whole(_copies(node)) == 0
        if profiles or name in awaited or off:
            reason = PROFILE if profiles else SWITCHED_OFF if off else RUNS_ONCE
            facts.leave(origin, f"service {name}", reason, profiles, name)
        else:
            taken[name] = (node, origin)
            for path in (each for item in (at(node, "env_file"), *items_at(node, "env_file")) for each in _paths(item)):
                facts.leave(origin, f"{name} has settings in {path}", SETTINGS, path)
    return taken


def _extended(facts: Facts, name: str, services: Mapping[str, tuple[Node, Origin]], seen: tuple[str, ...]) -> Node:
    """Return a service put over the one that it extends."""
    node, origin = services[name]
    base = text_at(node, "extends", "service") or text_at(node, "extends")
    if not base:
        return node
    if base not in services or base in (*seen, name):
        if not seen:
            facts.leave(origin, f"{name} extends {base}", BASE, text_at(node, "extends", "file"))
        return node
    inherited = _extended(facts, base, services, (*seen, name))
    entries = inherited.entries if isinstance(inherited, Table) else {}
    kept = {key: inner for key, inner in entries.items() if key not in {"extends", "profiles"}}
    return _over(Table(kept, node.place), node)


def _paths(node: Node | None) -> Iterator[str]:
    """Yield the paths that an entry of ``include`` or ``env_file`` names, in its short and its long form."""
    yield from (text for text in (text_at(node), *texts_at(node, "path")) if text)


def copies_of(facts: Facts, key: str, copies: int, thing: Thing, origin: Origin) -> tuple[str, ...]:
    """Add a thing as so many copies, a group if there are several; return the keys of what really runs."""
    facts.things.append(thing)
    if copies < 2:  # noqa: PLR2004  (one copy is the thing itself)
        return (key,)
    if copies > MAX_COPIES:
        facts.leave(
            origin, f"{thing.name} runs {copies:,} times", f"more than {MAX_COPIES} copies: the first are taken"
        )
    members = tuple(f"{key}-{number}" for number in range(1, min(copies, MAX_COPIES) + 1))
    for number, member in enumerate(members, start=1):
        values = {name: value for name, value in thing.values.items() if name != "title"}
        facts.things.append(Thing(member, f"{thing.name}-{number}", "resource", origin, values))
        facts.links.append(Link("cluster", key, member, origin, f"{thing.name} runs {copies} times: copy {number}"))
    return members


def _add_service(facts: Facts, name: str, node: Node, origin: Origin) -> None:
    kind, guessed = kind_of_image(text_at(node, "image"), name)
    copies = whole(_copies(node)) or 1
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


def _copies(node: Node) -> str:
    """Return how often a service runs, as it is written, or by the default of the variable that says it."""
    return _DEFAULT.sub(r"\1", text_at(node, "deploy", "replicas") or text_at(node, "scale"))


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
        first = port_said(_DEFAULT.sub(r"\1", target).partition("-")[0])
        if first is not None and protocol in {"tcp", "udp"}:
            yield first, protocol


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
    """Yield the values of the environment and the words of the command; variables count by their defaults."""
    values = (value for _, value in _pairs(at(node, "environment")))
    yield from (_DEFAULT.sub(r"\1", text) for text in (*values, *addresses(texts_at(node, "command"))))


def _pairs(node: Node | None) -> Iterator[tuple[str, str]]:
    """Yield keys and values of a mapping, or of a list of ``key=value``."""
    if isinstance(node, Table):
        yield from ((key, inner.text) for key, inner in node.entries.items() if isinstance(inner, Scalar))
    else:
        yield from ((text.partition("=")[0], text.partition("=")[2]) for text in texts_at(node))


def _label(node: Node, *names: str) -> str | None:
    """Return the value of the first label whose last part is one of the names."""
    pairs = _pairs(at(node, "labels"))
    return next((value for key, value in pairs if key.rpartition(".")[2].casefold() in names), None)


def _over(before: Node, node: Node) -> Node:
    """Return a value with what a later file says of it: mappings and lists add up, of texts the later stands."""
    if isinstance(before, Table) and isinstance(node, Table):
        merged = {
            key: inner if key in _ONE or key not in before.entries else _over(before.entries[key], inner)
            for key, inner in node.entries.items()
        }
        return Table({**before.entries, **merged}, before.place)
    if isinstance(before, Items) and isinstance(node, Items):
        return Items((*before.items, *node.items), before.place)
    if isinstance(before, Scalar) or isinstance(node, Scalar):
        return node
    # One file has a list of what the other has as a mapping: of names, or of key=value.
    return _over(_as_table(before), _as_table(node))


def _as_table(node: Node) -> Table:
    if isinstance(node, Table):
        return node
    return Table({key: Scalar(value, plain=False, place=node.place) for key, value in _pairs(node)}, node.place)


def _origin(file: str, node: Node) -> Origin:
    return Origin(file, f"line {node.place.line}")
