"""Kubernetes manifests, or what ``kubectl get -o yaml`` prints, as things and links.

A workload becomes an application or a database, its replicas a group. A Service is a name for workloads: settings that
mention it make a need. An Ingress needs what it routes to, a claim on storage is data, a NetworkPolicy says who may
talk to whom. Zones of nodes become sites; where a workload asks to be spread over them, its replicas are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from holdfast.model.documents import Node, Scalar, Table
from holdfast.model.findings import Findings
from holdfast.model.importing.compose import MAX_PORT, copies_of
from holdfast.model.importing.facts import Facts, Link, Origin, Thing, kind_said, said
from holdfast.model.importing.images import addresses, kind_of_image, named_in
from holdfast.model.importing.streams import at, items_at, read_stream, table_at, text_at, texts_at

CONFIGURATION = "configuration: read for the names of services, but nothing that fails by itself"
NO_WORKLOAD = "a Service behind which no workload is in these files"
NO_ZONE = "a node without a zone"
UNUSED = "a claim on storage that nothing here uses"
OTHER = "a kind of object that nothing stands on"
NO_OBJECT = "no Kubernetes object"
RUNS_ONCE = "runs once or now and then: no service stands on it at every moment"
PEER = "a peer that is not chosen by its pods alone"
SETTING = "one of its settings names that service"
SPREAD = "its replicas are to be spread over the zones: in turn"

_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Pod"})
_ONCE = frozenset({"Job", "CronJob"})
_CONFIGURATION = frozenset({"ConfigMap", "Secret"})
_READ_LATER = frozenset({"Ingress", "PersistentVolumeClaim", "Service", "Node", "NetworkPolicy"})
_ZONE = "topology.kubernetes.io/zone"
_ZONES = (_ZONE, "failure-domain.beta.kubernetes.io/zone")
_OWNERS = ("owner", "team", "app.kubernetes.io/managed-by-team")


@dataclass(frozen=True, slots=True)
class _Object:
    """One object: what it is, where it stood, and its node."""

    kind: str
    namespace: str
    name: str
    origin: Origin
    node: Node

    @property
    def key(self) -> str:
        """What identifies it in the cluster."""
        return f"{self.namespace}/{self.kind}/{self.name}"


@dataclass(slots=True)
class _Cluster:
    """All objects, and what was made of them."""

    facts: Facts = field(default_factory=Facts)
    objects: list[_Object] = field(default_factory=list)
    running: dict[str, tuple[str, ...]] = field(default_factory=dict)  # workload -> the keys of its replicas
    zones: list[str] = field(default_factory=list)

    def of(self, *kinds: str) -> Iterator[_Object]:
        """Yield the objects of these kinds."""
        return (each for each in self.objects if each.kind in kinds)

    def in_use(self, namespace: str) -> Iterator[_Object]:
        """Yield the workloads of a namespace that run at all."""
        return (each for each in self.of(*_WORKLOADS) if each.namespace == namespace and each.key in self.running)


def read_kubernetes(files: Mapping[str, bytes], findings: Findings) -> Facts:
    """Return what manifests say."""
    cluster = _Cluster()
    for file, data in files.items():
        for document in read_stream(file, data, findings) or ():
            _collect(cluster, file, document)
    _find_zones(cluster)
    for workload in cluster.of(*_WORKLOADS):
        _add_workload(cluster, workload)
    services = _services(cluster)
    for workload in cluster.of(*_WORKLOADS):
        _add_needs(cluster, workload, services)
    for ingress in cluster.of("Ingress"):
        _add_ingress(cluster, ingress, services)
    for policy in cluster.of("NetworkPolicy"):
        _add_policy(cluster, policy)
    used = {thing.key for thing in cluster.facts.things}
    for claim in cluster.of("PersistentVolumeClaim"):
        if claim.key not in used:
            cluster.facts.leave(claim.origin, f"PersistentVolumeClaim {claim.name}", UNUSED, "", claim.key)
    return cluster.facts


def _collect(cluster: _Cluster, file: str, document: Node) -> None:
    """Take an object, or those of a list, and say of each that becomes nothing why."""
    kind, name = text_at(document, "kind"), text_at(document, "metadata", "name")
    origin = Origin(file, f"line {document.place.line}")
    items = items_at(document, "items")
    if items and kind.endswith("List"):
        for item in items:
            _collect(cluster, file, item)
        return
    if not kind or not name:
        cluster.facts.leave(origin, kind or "document", NO_OBJECT)
        return
    namespace = text_at(document, "metadata", "namespace") or "default"
    found = _Object(kind, namespace, name, origin, document)
    owners = [text_at(owner, "kind") for owner in items_at(document, "metadata", "ownerReferences")]
    if kind in _WORKLOADS and any(owner in _WORKLOADS | _ONCE for owner in owners):
        cluster.facts.leave(origin, f"{kind} {name}", "made by another workload, which is taken", owners[0])
        return
    cluster.objects.append(found)
    if kind not in _WORKLOADS | _READ_LATER:
        reason = RUNS_ONCE if kind in _ONCE else CONFIGURATION if kind in _CONFIGURATION else OTHER
        cluster.facts.leave(origin, f"{kind} {name}", reason, "", found.key)


def _find_zones(cluster: _Cluster) -> None:
    """Make a site of every zone that a node is in or a workload asks for."""
    origins: dict[str, Origin] = {}
    for node in cluster.of("Node"):
        labels = [text_at(node.node, "metadata", "labels", label) for label in _ZONES]
        zone = next(filter(None, labels), None)
        if zone is None:
            cluster.facts.leave(node.origin, f"Node {node.name}", NO_ZONE)
        else:
            cluster.facts.take(node.origin, f"Node {node.name} is in {zone}")
            origins.setdefault(zone, node.origin)
    for workload in cluster.of(*_WORKLOADS):
        for zone in _zones_asked(workload):
            origins.setdefault(zone, workload.origin)
    cluster.zones = sorted(origins)
    for zone, origin in sorted(origins.items()):
        cluster.facts.things.append(Thing(f"zone {zone}", zone, "site", origin))


def _zones_asked(workload: _Object) -> list[str]:
    """Return the zones that a workload must run in."""
    spec = _pod(workload)
    found = [text_at(spec, "nodeSelector", label) for label in _ZONES]
    terms = items_at(
        spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"
    )
    for term in terms:
        for expression in items_at(term, "matchExpressions"):
            if text_at(expression, "key") in _ZONES and text_at(expression, "operator") == "In":
                found += texts_at(expression, "values")
    return [zone for zone in found if zone]


def _pod(workload: _Object) -> Node | None:
    """Return the specification of a workload's pods."""
    return at(workload.node, "spec") if workload.kind == "Pod" else at(workload.node, "spec", "template", "spec")


def _add_workload(cluster: _Cluster, workload: _Object) -> None:
    facts, spec = cluster.facts, _pod(workload)
    images = [text_at(container, "image") for container in items_at(spec, "containers")]
    kind, guessed = kind_of_image(images[0] if images else "", workload.name)
    replicas = text_at(workload.node, "spec", "replicas")
    copies = int(replicas) if replicas.isdecimal() else 1
    labels = table_at(workload.node, "metadata", "labels")
    owner = next((text_at(labels[label]) for label in _OWNERS if label in labels), None)
    if copies == 0:
        what = f"{workload.kind} {workload.name}"
        facts.leave(workload.origin, what, "no replicas: it is switched off", "", workload.key)
        return
    thing = Thing(
        workload.key, workload.name, "resource", workload.origin, kind_said(kind, guessed) | said(owner=owner)
    )
    cluster.running[workload.key] = copies_of(facts, workload.key, copies, thing, workload.origin)
    zones, guess = _zones_asked(workload), None
    if not zones and _is_spread(spec):
        zones, guess = cluster.zones, SPREAD
    if len(zones) > 1:
        guess = SPREAD
    if zones:
        for number, member in enumerate(cluster.running[workload.key]):
            zone = zones[number % len(zones)]
            what = f"{workload.name} runs in {zone}: replica {number + 1}"
            facts.links.append(Link("at", member, f"zone {zone}", workload.origin, what, guess))
    for claim in _claims(workload, spec):
        key = f"{workload.namespace}/PersistentVolumeClaim/{claim}"
        origin = next((each.origin for each in cluster.objects if each.key == key), workload.origin)
        facts.add_once(Thing(key, claim, "resource", origin, kind_said("information")))
        what = f"{workload.name} keeps its data in {claim}"
        facts.links.append(Link("needs", workload.key, key, workload.origin, what))


def _is_spread(spec: Node | None) -> bool:
    return any(text_at(each, "topologyKey") in _ZONES for each in items_at(spec, "topologySpreadConstraints")) or any(
        text_at(term, *path, "topologyKey") in _ZONES
        for way, path in (("required", ()), ("preferred", ("podAffinityTerm",)))
        for term in items_at(spec, "affinity", "podAntiAffinity", f"{way}DuringSchedulingIgnoredDuringExecution")
    )


def _claims(workload: _Object, spec: Node | None) -> Iterator[str]:
    for volume in items_at(spec, "volumes"):
        if claim := text_at(volume, "persistentVolumeClaim", "claimName"):
            yield claim
    for template in items_at(workload.node, "spec", "volumeClaimTemplates"):
        if name := text_at(template, "metadata", "name"):
            yield f"{name}-{workload.name}"


def _services(cluster: _Cluster) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the workloads behind each Service by namespace and name in small letters."""
    found = {}
    for service in cluster.of("Service"):
        wanted = {key: text_at(value) for key, value in table_at(service.node, "spec", "selector").items()}
        behind = tuple(each.key for each in cluster.in_use(service.namespace) if _selected(each, wanted))
        found[service.namespace, service.name.casefold()] = behind
        if behind:
            cluster.facts.take(service.origin, f"Service {service.name}: a name for workloads")
        else:
            cluster.facts.leave(service.origin, f"Service {service.name}", NO_WORKLOAD)
    return found


def _selected(workload: _Object, wanted: Mapping[str, str]) -> bool:
    path = ("metadata", "labels") if workload.kind == "Pod" else ("spec", "template", "metadata", "labels")
    labels = {key: text_at(value) for key, value in table_at(workload.node, *path).items()}
    return bool(wanted) and all(labels.get(key) == value for key, value in wanted.items())


def _add_needs(cluster: _Cluster, workload: _Object, services: Mapping[tuple[str, str], tuple[str, ...]]) -> None:
    """Add what the settings of a workload, and the configuration that it is given, name."""
    if workload.key not in cluster.running:
        return
    known: dict[str, tuple[str, ...]] = {}
    for (namespace, name), behind in services.items():
        known[f"{name}.{namespace}"] = behind
        if namespace == workload.namespace:
            known[name] = behind
    for host in sorted(named_in(_settings(cluster, workload), known.keys())):
        for target in known[host]:
            if target != workload.key:
                what = f"{workload.name} has settings with {host}"
                cluster.facts.links.append(Link("needs", workload.key, target, workload.origin, what, SETTING))


def _settings(cluster: _Cluster, workload: _Object) -> Iterator[str]:
    """Yield the values that a workload's containers are given."""
    spec = _pod(workload)
    given = set()
    for container in (*items_at(spec, "containers"), *items_at(spec, "initContainers")):
        yield from (text_at(variable, "value") for variable in items_at(container, "env"))
        yield from addresses((*texts_at(container, "args"), *texts_at(container, "command")))
        for variable in items_at(container, "env"):
            given.add(text_at(variable, "valueFrom", "configMapKeyRef", "name"))
        for source in items_at(container, "envFrom"):
            given.add(text_at(source, "configMapRef", "name"))
    given |= {text_at(volume, "configMap", "name") for volume in items_at(spec, "volumes")}
    for configuration in cluster.of("ConfigMap"):
        if configuration.name in given and configuration.namespace == workload.namespace:
            data = table_at(configuration.node, "data").values()
            yield from (value.text for value in data if isinstance(value, Scalar))


def _add_ingress(cluster: _Cluster, ingress: _Object, services: Mapping[tuple[str, str], tuple[str, ...]]) -> None:
    """Add an entry into the cluster, which needs what it routes to."""
    cluster.facts.things.append(
        Thing(ingress.key, ingress.name, "resource", ingress.origin, kind_said("network", "an Ingress is a way in"))
    )
    backends = [at(ingress.node, "spec", "defaultBackend"), at(ingress.node, "spec", "backend")]
    for rule in items_at(ingress.node, "spec", "rules"):
        backends += [at(path, "backend") for path in items_at(rule, "http", "paths")]
    names = (text_at(backend, "service", "name") or text_at(backend, "serviceName") for backend in backends)
    for name in sorted(set(filter(None, names))):
        what = f"Ingress {ingress.name} routes to {name}"
        behind = services.get((ingress.namespace, name.casefold()), ())
        if not behind:
            cluster.facts.leave(ingress.origin, what, NO_WORKLOAD, name)
        for target in behind:
            cluster.facts.links.append(Link("needs", ingress.key, target, ingress.origin, what))


def _add_policy(cluster: _Cluster, policy: _Object) -> None:
    """Add who may talk to the workloads that a policy selects."""
    targets = _chosen(cluster, policy, at(policy.node, "spec", "podSelector"))
    for rule in items_at(policy.node, "spec", "ingress"):
        ports = [
            (text_at(port, "port"), text_at(port, "protocol").lower() or "tcp") for port in items_at(rule, "ports")
        ]
        for peer in items_at(rule, "from"):
            if at(peer, "podSelector") is None or at(peer, "namespaceSelector") is not None:
                cluster.facts.leave(policy.origin, f"NetworkPolicy {policy.name}: a peer", PEER)
                continue
            for source in _chosen(cluster, policy, at(peer, "podSelector")):
                for target in targets:
                    _add_allowed(cluster, policy, source, target, ports)


def _add_allowed(cluster: _Cluster, policy: _Object, source: str, target: str, ports: list[tuple[str, str]]) -> None:
    for port, protocol in ports or [("", "tcp")]:
        usable = port if port.isdecimal() and 0 < int(port) <= MAX_PORT else None
        what = f"NetworkPolicy {policy.name}: {source} to {target} {port}/{protocol}"
        cluster.facts.links.append(
            Link(
                "flow", source, target, policy.origin, what, port=usable, protocol="udp" if protocol == "udp" else "tcp"
            )
        )


def _chosen(cluster: _Cluster, policy: _Object, selector: Node | None) -> list[str]:
    """Return the workloads that a selector chooses; an empty one chooses all of its namespace."""
    wanted = {key: text_at(value) for key, value in table_at(selector, "matchLabels").items()}
    everything = isinstance(selector, Table) and not selector.entries
    return [workload.key for workload in cluster.in_use(policy.namespace) if everything or _selected(workload, wanted)]
