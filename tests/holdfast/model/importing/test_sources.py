"""Compose, Kubernetes, Terraform, Backstage: what their files become, in the shapes in which projects ship them."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.model.findings import Findings
from holdfast.model.importing.images import kind_of_image, named_in
from holdfast.model.importing.imports import SOURCES
from holdfast.model.importing.streams import read_stream, table_at, text_at
from holdfast.model.types import AllOf, On
from tests.holdfast.model.importing.imports import Declaration, bring, example, guessed, left, needs


def test_terraform() -> None:
    model, result = bring("terraform", example("terraform"))
    assert model.groups["app"].members == ("ledger-app-1", "ledger-app-2")
    assert model.resources["ledger-app-2"].site == "eu-central-1b"
    assert model.resources["ledger-app-1"].owner == "Ledger Team"
    assert needs(model, "ledger-app-1") == {"amazon-web-services", "ledger"}
    assert model.resources["amazon-web-services"].kind == "third-party"
    assert model.resources["kestrelvault"].site == "westeurope"
    assert needs(model, "kestrelvault") == {"microsoft-azure"}
    assert set(left(result.account)) == {"data.aws_availability_zones.here", "aws_vpc.main", "aws_security_group.app"}
    assert guessed(result.account)["azurerm_storage_account.vault is in westeurope"] == (
        "only its region is known, not its zone",
    )


def test_instances_do_not_need_the_group_that_they_are() -> None:
    instance = {"attributes": {"id": "i"}, "dependencies": ["aws_instance.a"]}
    instances = [{**instance, "index_key": number} for number in (0, 1)]
    state = {
        "version": 4,
        "resources": [{"type": "aws_instance", "name": "a", "mode": "managed", "instances": instances}],
    }
    model, _ = bring("terraform", {"terraform.tfstate": json.dumps(state)})
    assert set(model.groups) == {"a"}
    assert {name for name in model.resources if needs(model, name) - {"amazon-web-services"}} == set()


def test_a_state_of_another_format_is_refused() -> None:
    result, findings = Declaration().attempt("terraform", {"old.tfstate": '{"version": 3, "modules": []}'})
    assert result is None
    assert [(finding.code, finding.place.file) for finding in findings] == [("HF154", "old.tfstate")]


def test_backstage() -> None:
    model, result = bring("backstage", example("backstage"))
    assert model.services["trade-capture"].modes[0].needs == AllOf(
        (On("trade-intake"), On("trade-store"), On("validation"))
    )
    assert needs(model, "trade-intake") == {"reference-data", "trade-store", "validation"}
    assert needs(model, "validation") == {"trade-store"}
    assert model.resources["trade-store"].kind == "database"
    assert {name: model.resources[name].team.headcount for name in ("trading-platform", "data-team")} == {  # type: ignore[union-attr]
        "trading-platform": 2,
        "data-team": 3,
    }
    assert left(result.account)["component intake-next"] == ("not in production by its lifecycle", "experimental")
    assert left(result.account)["trade-intake consumes api:default/market-calendar-api"][0] == (
        "an interface that nobody here provides"
    )
    assert any("that it is a service" in why for why in guessed(result.account)["service trade-capture"])


@pytest.mark.parametrize(
    ("image", "name", "kind"),
    [
        ("postgres:16-alpine", "x", "database"),
        ("docker.io/bitnami/postgresql@sha256:0", "x", "database"),
        ("registry.example.org:5000/shop/storefront:1", "x", "application"),
        ("traefik:v3", "x", "network"),
        ("registry.example.org/own/image", "orders-db", "database"),
        ("", "x", "application"),
        ("example/adbuilder", "x", "application"),
    ],
)
def test_images(image: str, name: str, kind: str) -> None:
    assert kind_of_image(image, name)[0] == kind


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ("postgres://user:secret@db:5432/app", {"db"}),
        ("db", {"db"}),
        ("http://db/", {"db"}),
        ("a=1,db:5432", {"db"}),
        ("db.shop.svc", set()),
        ("mydb", set()),
        ("db-backup:80", set()),
        ("http://db.example.org", set()),
    ],
)
def test_names_in_settings(setting: str, found: set[str]) -> None:
    assert named_in([setting], {"db"}) == found


def test_streams_follow_merge_keys_and_several_documents_and_no_tags() -> None:
    text = b"x: &a {k: 1, l: 2}\ny: {k: 3, <<: *a}\nz: !!python/object/apply:os.system [true]\n"
    text += b"---\nq: [&b {m: 1}, {<<: [*b], n: 2}]\n"
    findings = Findings()
    documents = read_stream("f", text, findings)
    assert documents is not None
    assert text_at(documents[0], "y", "k") == "3"
    assert text_at(documents[0], "y", "l") == "2"
    assert set(table_at(documents[1])) == {"q"}
    assert not findings.has_errors


@pytest.mark.parametrize(
    "data",
    [
        b"a: " + b"[" * 200 + b"]" * 200,
        b"a: &a [x, x]\n"
        + b"".join(
            b"b%d: &b%d [*%s, *%s]\n" % (n, n, p, p)
            for n, p in [(n, b"a" if n == 0 else b"b%d" % (n - 1)) for n in range(30)]
        ),
        b"a: *b\n",
        b"\xff\xfe\x00",
        b"a: [",
    ],
)
def test_hostile_streams_are_refused(data: bytes) -> None:
    for source in SOURCES:
        if source != "dora":
            result, findings = Declaration().attempt(source, {"f": data})
            assert result is None
            assert {finding.code for finding in findings} == {"HF154"}


WORDS = st.sampled_from(
    (
        *(
            "a",
            "b",
            "web",
            "db",
            "80",
            "0",
            "3",
            "-1",
            "true",
            "null",
            "Deployment",
            "Service",
            "Node",
            "Ingress",
            "Pod",
        ),
        *("NetworkPolicy", "System", "Component", "Resource", "Group", "API", "4", "managed", "aws_instance", "aws_lb"),
        *(
            "postgres",
            "x: y",
            "\n",
            "é",
            "",
            "a:b",
            "http://db:80",
            "topology.kubernetes.io/zone",
            "service:web",
            "app",
        ),
    )
)
KEYS = st.sampled_from(
    (
        *(
            "services",
            "networks",
            "depends_on",
            "ports",
            "environment",
            "deploy",
            "replicas",
            "image",
            "volumes",
            "labels",
        ),
        *(
            "kind",
            "metadata",
            "name",
            "namespace",
            "spec",
            "template",
            "containers",
            "env",
            "value",
            "selector",
            "items",
        ),
        *("podSelector", "matchLabels", "ingress", "from", "nodeSelector", "topology.kubernetes.io/zone", "type"),
        *("owner", "system", "dependsOn", "providesApis", "consumesApis", "memberOf", "lifecycle", "members"),
        *("version", "resources", "instances", "attributes", "index_key", "dependencies", "mode", "provider", "zone"),
        *("profiles", "network_mode", "app", "a", "b", "web", "db", "source", "target", "protocol"),
    )
)
TREES = st.recursive(
    WORDS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=60
)
SKELETONS: Mapping[str, st.SearchStrategy[object]] = {
    "compose": st.fixed_dictionaries(
        {"services": st.dictionaries(WORDS, st.dictionaries(KEYS, TREES, max_size=6), max_size=4)}
    ),
    "kubernetes": st.fixed_dictionaries(
        {
            "kind": WORDS,
            "metadata": st.fixed_dictionaries({"name": WORDS}),
            "spec": st.dictionaries(KEYS, TREES, max_size=6),
        }
    ),
    "terraform": st.fixed_dictionaries(
        {
            "version": st.just(4),
            "resources": st.lists(
                st.fixed_dictionaries(
                    {
                        "type": st.sampled_from(["aws_instance", "aws_lb", "odd"]),
                        "name": WORDS,
                        "instances": st.lists(
                            st.fixed_dictionaries({"attributes": st.dictionaries(KEYS, TREES, max_size=5)}), max_size=3
                        ),
                    }
                ),
                max_size=4,
            ),
        }
    ),
    "backstage": st.fixed_dictionaries(
        {
            "kind": WORDS,
            "metadata": st.fixed_dictionaries({"name": WORDS}),
            "spec": st.dictionaries(KEYS, TREES, max_size=6),
        }
    ),
}


@pytest.mark.parametrize("source", SKELETONS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_whatever_such_a_file_says_the_result_loads(source: str, data: st.DataObject) -> None:
    documents = data.draw(st.lists(SKELETONS[source] | TREES, max_size=5))
    text = "\n---\n".join(json.dumps(document) for document in documents)
    declaration = Declaration()
    result, findings = declaration.attempt(source, {"f.yaml": text})
    if result is None:
        assert source == "terraform"
        assert findings
        return
    declaration.texts |= result.texts
    declaration.model()
    before = declaration.texts[f"imported-{source}.yaml"]
    declaration.bring(source, {"f.yaml": text})
    assert declaration.texts[f"imported-{source}.yaml"] == before


def test_instances_that_differ_by_their_keys_do_not_stand_in_for_each_other() -> None:
    def resource(name: str, keys: list[str | int], **more: str) -> dict[str, object]:
        instances = [{"index_key": key, "attributes": {"name": f"{name}-{key}"}, **more} for key in keys]
        return {"mode": "managed", "type": "aws_db_instance", "name": name, "instances": instances}

    resources = [resource("by-key", ["pay", "fx", "loan"]), resource("by-count", [0, 1, 2])]
    replaced = resource("replaced", [0])
    assert isinstance(replaced["instances"], list)
    replaced["instances"].append({"index_key": 0, "deposed": "a1b2", "attributes": {"name": "before"}})
    model, result = bring("terraform", {"t.tfstate": json.dumps({"version": 4, "resources": [*resources, replaced]})})
    assert (model.groups["by-key"].quorum, model.groups["by-count"].quorum) == (3, 2)
    assert "before" not in model.resources
    assert not left(result.account)


def test_what_is_built_into_others_is_not_needed_as_if_it_ran() -> None:
    text = """
{kind: Component, metadata: {name: web}, spec: {type: website, dependsOn: ["component:log"]}}
---
{kind: Component, metadata: {name: log}, spec: {type: library}}
---
{kind: Location, metadata: {name: all}, spec: {targets: [./a.yaml]}}
"""
    model, result = bring("backstage", {"catalog-info.yaml": text})
    assert set(model.resources) == {"web"}
    assert left(result.account)["component log"] == (
        "nothing that runs: what is built with it has it inside",
        "library",
    )
    assert left(result.account)["location all"] == ("where other entities stand: give the files that it names",)


def test_what_its_tag_calls_no_production_is_left() -> None:
    instances = [
        {"index_key": number, "attributes": {"name": f"web-{number}", "tags": {"Environment": environment}}}
        for number, environment in enumerate(("staging", "prod", "prod"))
    ]
    resource = {"mode": "managed", "type": "aws_instance", "name": "web", "instances": instances}
    model, result = bring("terraform", {"t.tfstate": json.dumps({"version": 4, "resources": [resource]})})
    assert model.groups["web"].members == ("web-1", "web-2")
    assert left(result.account)["aws_instance.web[0]"] == ("not in production", "staging")
