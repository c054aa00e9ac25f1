"""Kubernetes manifests, or what ``kubectl get -o yaml`` prints, as things and links.

A workload becomes an application or a database, its replicas a group. A Service is a name for workloads: settings that
mention it make a need. An Ingress needs what it routes to, a claim on storage is data, a NetworkPolicy says who may
talk to whom. Zones of nodes become sites; where a workload asks to be spread over them, its replicas are.
"""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from holdfast.model.documents import Node, Scalar, Table
from holdfast.model.findings import Findings
from holdfast.model.importing.compose import copies_of
from holdfast.model.importing.facts import AGAIN, Facts, Link, Origin, Thing, kind_said, port_said, said, whole
from holdfast.model.importing.images import addresses, kind_of_image, named_in
from holdfast.model.importing.streams import at, items_at, read_stream, table_at, text_at, texts_at
from holdfast.model.importing.words import environment_of

CONFIGURATION = "configuration: read for the names of services, but nothing that fails by itself"
NO_WORKLOAD = "a Service behind which no workload is in these files"
NO_ZONE = "a node without a zone"
UNUSED = "a claim on storage that nothing here uses"
OTHER = "a kind of object that nothing stands on"
CUSTOM = "a custom resource: export what its operator runs for it too, or declare it"
EMPTY_LIST = "a list with nothing in it"
OWNED = "made by another workload, which is taken"
ORPHAN = "made by another workload, which is not in these files: export that one"
EVERY_NODE = "it runs on every node, and these files have none"
NO_OBJECT = "no Kubernetes object"
RUNS_ONCE = "runs once or now and then: no service stands on it at every moment"
PEER = "a peer that is not chosen by its pods alone"
SETTING = "one of its settings names that service"
SPREAD = "its replicas are to be spread over the zones: in turn"

_WORKLOADS = (
    *("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Pod"),
    *("DeploymentConfig", "Rollout"),  # of OpenShift and Argo, in the same form
)
_ONCE = frozenset({"Job", "CronJob"})
_CONFIGURATION = frozenset({"ConfigMap", "Secret"})
_READ_LATER = frozenset(
    {"Ingress", "PersistentVolumeClaim", "Service", "Node", "NetworkPolicy", "HorizontalPodAutoscaler"}
)
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
    objects: dict[str, _Object] = field(default_factory=dict)
    by_kind: dict[str, list[_Object]] = field(default_factory=lambda: defaultdict(list))
    running: dict[str, tuple[str, ...]] = field(default_factory=dict)  # workload -> the keys of its replicas
    zones: list[str] = field(default_factory=list)
    # By namespace, and by namespace and label: the keys of the workloads that run.
    in_use: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    labelled: dict[tuple[str, str, str], dict[str, None]] = field(default_factory=lambda: defaultdict(dict))

    def of(self, *kinds: str) -> Iterator[_Object]:
        """Yield the objects of these kinds."""
        return (each for kind in kinds for each in self.by_kind.get(kind, ()))

    def chosen(self, namespace: str, wanted: Mapping[str, str]) -> list[str]:
        """Return the keys of the running workloads that have all these labels; none where no label is wanted."""
        having = sorted((self.labelled.get((namespace, *label), {}) for label in wanted.items()), key=len)
        return [key for key in having[0] if all(key in each for each in having)] if having else []


def read_kubernetes(files: Mapping[str, bytes], findings: Findings) -> Facts:
    """Return what manifests say."""
    cluster = _Cluster()
    for file, data in files.items():
        for document in read_stream(file, data, findings) or ():
            _collect(cluster, file, document)
    _sort_out(cluster)
    _find_zones(cluster)
    scaled = _scaled(cluster)
    for workload in cluster.of(*_WORKLOADS):
        _add_workload(cluster, workload, scaled)
    services = _services(cluster)
    _add_needs(cluster, services)
    for ingress in cluster.of("Ingress"):
        _add_ingress(cluster, ingress, services)
    for policy in cluster.of("NetworkPolicy"):
        _add_policy(cluster, policy)
    odd = ", ".join(sorted(namespace for namespace in cluster.in_use if environment_of(namespace)[0] == "leave"))
    if odd:
        cluster.facts.notes.append(f"taken for production, though their namespaces sound otherwise: {odd}")
    used = {thing.key for thing in cluster.facts.things}
    for claim in cluster.of("PersistentVolumeClaim"):
        if claim.key not in used:
            cluster.facts.leave(claim.origin, f"PersistentVolumeClaim {claim.name}", UNUSED, "", claim.key)
    return cluster.facts


def _collect(cluster: _Cluster, file: str, document: Node, of_list: str = "") -> None:
    """Collect an object, or those of a list; in a list of one kind (``PodList``) they need not say which."""
    kind, name = text_at(document, "kind") or of_list, text_at(document, "metadata", "name")
    origin = Origin(file, f"line {document.place.line}")
    if kind.endswith("List") and at(document, "items") is not None:
        items = items_at(document, "items")
        for item in items:
            _collect(cluster, file, item, kind.removesuffix("List"))
        if not items:
            cluster.facts.leave(origin, kind, EMPTY_LIST)
    elif not kind or not name:
        cluster.facts.leave(origin, kind or "document", NO_OBJECT)
    else:
        namespace = text_at(document, "metadata", "namespace") or "default"
        found = _Object(kind, namespace, name, origin, document)
        if cluster.objects.setdefault(found.key, found) is not found:
            cluster.facts.leave(origin, f"{kind} {name}", AGAIN, str(cluster.objects[found.key].origin))


def _sort_out(cluster: _Cluster) -> None:
    """Sort the objects by what is made of them, and say of each that becomes nothing why."""
    for key, found in cluster.objects.items():
        owners = list(items_at(found.node, "metadata", "ownerReferences"))
        made_by = [f"{found.namespace}/{text_at(owner, 'kind')}/{text_at(owner, 'name')}" for owner in owners]
        reason, detail = "", ""
        if found.kind in _WORKLOADS and any(text_at(owner, "kind") in {*_WORKLOADS, *_ONCE} for owner in owners):
            reason, detail = (OWNED if any(owner in cluster.objects for owner in made_by) else ORPHAN), made_by[0]
        elif found.kind not in {*_WORKLOADS, *_READ_LATER}:
            group = text_at(found.node, "apiVersion").rpartition("/")[0]
            other = CUSTOM if "." in group and not group.endswith(".k8s.io") else OTHER
            reason = RUNS_ONCE if found.kind in _ONCE else CONFIGURATION if found.kind in _CONFIGURATION else other
        if reason:
            cluster.facts.leave(found.origin, f"{found.kind} {found.name}", reason, detail, key)
        else:
            cluster.by_kind[found.kind].append(found)


def _scaled(cluster: _Cluster) -> dict[str, int]:
    """Return for workloads that are scaled by load how many replicas they have at least."""
    found = {}
    for scaler in cluster.of("HorizontalPodAutoscaler"):
        kind, name = (text_at(scaler.node, "spec", "scaleTargetRef", each) for each in ("kind", "name"))
        found[f"{scaler.namespace}/{kind}/{name}"] = whole(text_at(scaler.node, "spec", "minReplicas")) or 1
        cluster.facts.take(scaler.origin, f"HorizontalPodAutoscaler {scaler.name}: how many replicas at least")
    return found


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


def _add_workload(cluster: _Cluster, workload: _Object, scaled: Mapping[str, int]) -> None:
    facts, spec = cluster.facts, _pod(workload)
    images = [text_at(container, "image") for container in items_at(spec, "containers")]
    kind, guessed = kind_of_image(images[0] if images else "", workload.name)
    copies = whole(text_at(workload.node, "spec", "replicas"))
    if copies == 0:
        what = f"{workload.kind} {workload.name}"
        facts.leave(workload.origin, what, "no replicas: it is switched off", "", workload.key)
        return
    copies = scaled.get(workload.key, copies or 1)
    if workload.kind == "DaemonSet":
        copies = len(cluster.by_kind["Node"]) or 1
        guessed = guessed if cluster.by_kind["Node"] else EVERY_NODE
    labels = table_at(workload.node, "metadata", "labels")
    owner = next((text_at(labels[label]) for label in _OWNERS if label in labels), None)
    thing = Thing(
        workload.key, workload.name, "resource", workload.origin, kind_said(kind, guessed) | said(owner=owner)
    )
    cluster.running[workload.key] = copies_of(facts, workload.key, copies, thing, workload.origin)
    cluster.in_use[workload.namespace][workload.key] = None
    path = ("metadata", "labels") if workload.kind == "Pod" else ("spec", "template", "metadata", "labels")
    for label, value in table_at(workload.node, *path).items():
        cluster.labelled[workload.namespace, label, text_at(value)][workload.key] = None
    _add_places(cluster, workload, spec)
    _add_claims(cluster, workload, spec)


def _add_places(cluster: _Cluster, workload: _Object, spec: Node | None) -> None:
    """Put the replicas of a workload into the zones that it asks for."""
    zones, guess = _zones_asked(workload), None
    if not zones and _is_spread(spec):
        zones, guess = cluster.zones, SPREAD
    if len(zones) > 1:
        guess = SPREAD
    for number, member in enumerate(cluster.running[workload.key] if zones else ()):
        zone = zones[number % len(zones)]
        what = f"{workload.name} runs in {zone}: replica {number + 1}"
        cluster.facts.links.append(Link("at", member, f"zone {zone}", workload.origin, what, guess))


def _add_claims(cluster: _Cluster, workload: _Object, spec: Node | None) -> None:
    """Add the storage of a workload: a claim that it shares, and those of which each replica has one of its own."""
    claims = [text_at(volume, "persistentVolumeClaim", "claimName") for volume in items_at(spec, "volumes")]
    pairs = [(workload.key, claim) for claim in claims if claim]
    for template in items_at(workload.node, "spec", "volumeClaimTemplates"):
        if name := text_at(template, "metadata", "name"):
            members = cluster.running[workload.key]
            pairs += [(member, f"{name}-{workload.name}-{number}") for number, member in enumerate(members)]
    for key, name in pairs:
        claim = f"{workload.namespace}/PersistentVolumeClaim/{name}"
        origin = cluster.objects[claim].origin if claim in cluster.objects else workload.origin
        cluster.facts.add_once(Thing(claim, name, "resource", origin, kind_said("information")))
        what = f"{workload.name} keeps its data in {name}"
        cluster.facts.links.append(Link("needs", key, claim, workload.origin, what))


def _is_spread(spec: Node | None) -> bool:
    return any(text_at(each, "topologyKey") in _ZONES for each in items_at(spec, "topologySpreadConstraints")) or any(
        text_at(term, *path, "topologyKey") in _ZONES
        for way, path in (("required", ()), ("preferred", ("podAffinityTerm",)))
        for term in items_at(spec, "affinity", "podAntiAffinity", f"{way}DuringSchedulingIgnoredDuringExecution")
    )


def _services(cluster: _Cluster) -> dict[tuple[str, str], list[str]]:
    """Return the workloads behind each Service by namespace and name in small letters."""
    found = {}
    for service in cluster.of("Service"):
        wanted = {key: text_at(value) for key, value in table_at(service.node, "spec", "selector").items()}
        behind = cluster.chosen(service.namespace, wanted)
        found[service.namespace, service.name.casefold()] = behind
        if behind:
            cluster.facts.take(service.origin, f"Service {service.name}: a name for workloads")
        else:
            outside = text_at(service.node, "spec", "externalName")
            cluster.facts.leave(service.origin, f"Service {service.name}", NO_WORKLOAD, outside)
    return found


def _add_needs(cluster: _Cluster, services: Mapping[tuple[str, str], list[str]]) -> None:
    """Add what the settings of each workload, and the configuration that it is given, name."""
    everywhere = {f"{name}.{namespace}": behind for (namespace, name), behind in services.items()}
    near: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for (namespace, name), behind in services.items():
        near[namespace][name] = behind
    for workload in cluster.of(*_WORKLOADS):
        if workload.key not in cluster.running:
            continue
        known = ChainMap(near[workload.namespace], everywhere)
        for host in sorted(named_in(_settings(cluster, workload), known)):
            for target in known[host]:
                if target != workload.key:
                    what = f"{workload.name} has settings with {host}"
                    cluster.facts.links.append(Link("needs", workload.key, target, workload.origin, what, SETTING))


def _settings(cluster: _Cluster, workload: _Object) -> Iterator[str]:
    """Yield the values that a workload's containers are given."""
    spec = _pod(workload)
    given = [text_at(volume, "configMap", "name") for volume in items_at(spec, "volumes")]
    for container in (*items_at(spec, "containers"), *items_at(spec, "initContainers")):
        yield from (text_at(variable, "value") for variable in items_at(container, "env"))
        yield from addresses((*texts_at(container, "args"), *texts_at(container, "command")))
        given += [text_at(each, "valueFrom", "configMapKeyRef", "name") for each in items_at(container, "env")]
        given += [text_at(source, "configMapRef", "name") for source in items_at(container, "envFrom")]
    for name in dict.fromkeys(given):
        configuration = cluster.objects.get(f"{workload.namespace}/ConfigMap/{name}")
        if configuration is not None:
            data = table_at(configuration.node, "data").values()
            yield from (value.text for value in data if isinstance(value, Scalar))


def _add_ingress(cluster: _Cluster, ingress: _Object, services: Mapping[tuple[str, str], list[str]]) -> None:
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
        usable = port_said(port)
        what = f"NetworkPolicy {policy.name}: {source} to {target} {port}/{protocol}"
        cluster.facts.links.append(
            Link(
                "flow", source, target, policy.origin, what, port=usable, protocol="udp" if protocol == "udp" else "tcp"
            )
        )


def _chosen(cluster: _Cluster, policy: _Object, selector: Node | None) -> list[str]:
    """Return the workloads that a selector chooses; an empty one chooses all of its namespace."""
    if isinstance(selector, Table) and not selector.entries:
        return list(cluster.in_use.get(policy.namespace, ()))
    wanted = {key: text_at(value) for key, value in table_at(selector, "matchLabels").items()}
    return cluster.chosen(policy.namespace, wanted)
