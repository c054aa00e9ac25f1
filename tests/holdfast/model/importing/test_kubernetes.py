"""Kubernetes: what manifests become, and what the command prints of a cluster."""

from __future__ import annotations

import json

from tests.holdfast.model.importing.imports import Declaration, bring, example, flows, guessed, left, needs


def test_kubernetes() -> None:
    model, result = bring("kubernetes", example("kubernetes"))
    assert model.groups["storefront"].quorum == 2
    assert model.groups["storefront"].owner == "storefront-team"
    assert [model.resources[f"storefront-{n}"].site for n in (1, 2, 3)] == ["eu-west-1a", "eu-west-1b", "eu-west-1a"]
    assert needs(model, "storefront") == {"basket", "catalogue"}
    assert needs(model, "basket") == {"basket-store"}
    assert needs(model, "basket-store") == {"data-basket-store-0"}
    assert needs(model, "shop-entry") == {"storefront"}
    assert model.resources["basket-store"].kind == "database"
    assert model.resources["basket-store"].site == "eu-west-1a"
    assert flows(model) == {("basket-1", "basket-store", 6379), ("basket-2", "basket-store", 6379)}
    assert left(result.account)["Deployment currency"] == ("no replicas: it is switched off",)
    assert left(result.account)["CronJob clear-baskets"][0].startswith("runs once or now and then")
    assert guessed(result.account)["storefront runs in eu-west-1a: replica 1"] == (
        "its replicas are to be spread over the zones: in turn",
    )


def test_what_kubectl_prints_is_a_list_and_pods_of_workloads_count_once() -> None:
    pod = {
        "kind": "Pod",
        "metadata": {"name": "a-1", "ownerReferences": [{"kind": "ReplicaSet", "name": "a"}]},
        "spec": {"containers": [{"image": "a"}]},
    }
    alone = {"kind": "Pod", "metadata": {"name": "b", "namespace": "x"}, "spec": {"containers": [{"image": "redis:7"}]}}
    owner = {"kind": "ReplicaSet", "metadata": {"name": "a", "ownerReferences": [{"kind": "Deployment", "name": "a"}]}}
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod, owner, alone, {"kind": "Pod"}]})
    model, result = bring("kubernetes", {"all.json": text})
    assert set(model.resources) == {"b"}
    assert model.resources["b"].kind == "database"
    assert {why[0] for why in left(result.account).values()} == {
        "made by another workload, which is taken",
        "made by another workload, which is not in these files: export that one",
        "no Kubernetes object",
    }


def test_a_name_of_another_namespace_is_followed_and_its_namesake_is_not() -> None:
    def workload(namespace: str, name: str, value: str = "") -> str:
        where = f"metadata: {{name: {name}, namespace: {namespace}}}"
        container = f"{{env: [{{value: '{value}'}}]}}"
        return (
            f"kind: Deployment\n{where}\nspec:\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n"
            f"    spec: {{containers: [{container}]}}\n---\n"
            f"kind: Service\n{where}\nspec: {{selector: {{app: {name}}}}}\n---\n"
        )

    manifests = workload("one", "app", "http://store.two.svc.cluster.local:80/") + workload("one", "store")
    model, _ = bring("kubernetes", {"all.yaml": manifests + workload("two", "store")})
    (needed,) = needs(model, "app")
    assert model.resources[needed].title == "store"
    assert needed == "store-application"  # the second of its name: the first is in the namespace of the app


KUBERNETES = """
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  template: {metadata: {labels: {app: db}}, spec: {containers: [{image: postgres}]}}
  volumeClaimTemplates: [{metadata: {name: data}}]
---
{kind: PersistentVolumeClaim, metadata: {name: data-db-1}}
---
kind: Deployment
metadata: {name: web}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{image: web}]}}}
---
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {minReplicas: 3, scaleTargetRef: {kind: Deployment, name: web}}
---
kind: DaemonSet
metadata: {name: logs}
spec: {template: {spec: {containers: [{image: fluentd}]}}}
---
{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: ledger}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: reader}}
---
kind: DeploymentConfig
metadata: {name: old}
spec: {template: {spec: {containers: [{image: mysql}]}}}
---
kind: PodList
items: [{metadata: {name: alone}, spec: {containers: [{image: redis}]}}]
---
{kind: List, items: []}
---
kind: Pod
metadata: {name: web-1, ownerReferences: [{kind: ReplicaSet, name: gone}]}
"""


def test_each_replica_of_a_stateful_set_has_storage_of_its_own() -> None:
    model, result = bring("kubernetes", {"all.yaml": KUBERNETES})
    assert needs(model, "db") == set()
    assert [needs(model, f"db-{number}") for number in (1, 2)] == [{"data-db-0"}, {"data-db-1"}]
    assert "PersistentVolumeClaim data-db-1" not in left(result.account)


def test_what_is_scaled_by_load_has_its_fewest_replicas_and_what_runs_everywhere_one_a_node() -> None:
    model, result = bring("kubernetes", {"all.yaml": KUBERNETES})
    assert len(model.groups["web"].members) == 3
    assert guessed(result.account)["application logs"] == ("kind: it runs on every node, and these files have none",)
    nodes = "".join(f"---\n{{kind: Node, metadata: {{name: n{number}}}}}\n" for number in range(2))
    model, _ = bring("kubernetes", {"all.yaml": KUBERNETES + nodes})
    assert len(model.groups["logs"].members) == 2


def test_objects_are_left_for_the_reason_that_is_true() -> None:
    model, result = bring("kubernetes", {"all.yaml": KUBERNETES})
    assert {model.resources[name].kind for name in ("old", "alone")} == {"database"}
    assert {what: why[0] for what, why in left(result.account).items()} == {
        "Cluster ledger": "a custom resource: export what its operator runs for it too, or declare it",
        "Role reader": "a kind of object that nothing stands on",
        "List": "a list with nothing in it",
        "Pod web-1": "made by another workload, which is not in these files: export that one",
    }


def test_files_of_other_systems() -> None:
    text = '{\n\t"kind": "Pod", "metadata": {"name": "a"}, "x": "\\ud83d\\ude00 \\\\ud83d"}'
    for data in (text.encode(), text.encode("utf-16")):
        model, _ = bring("kubernetes", {"pod.json": data})
        assert set(model.resources) == {"a"}
    result, findings = Declaration().attempt("kubernetes", {"t.yaml": "kind: {{ .Values.kind }}\nname: {{- x }}\n"})
    assert result is None
    assert findings[0].remedy == "It looks like a template: render it first, as with helm template."


def test_namespaces_that_sound_like_no_production_are_said() -> None:
    pod = "{kind: Pod, metadata: {name: a, namespace: %s}, spec: {containers: [{image: x}]}}"
    model, result = bring("kubernetes", {"a.yaml": pod % "shop-dev", "b.yaml": pod % "developer-portal"})
    assert len(model.resources) == 2
    assert "taken for production, though their namespaces sound otherwise: shop-dev" in result.account.notes
