"""Compose files: what they become, in the shapes in which projects ship them."""

from __future__ import annotations

from holdfast.model.importing.compose import SETTINGS
from tests.holdfast.model.importing.imports import bring, example, flows, guessed, left, needs


def test_compose() -> None:
    model, result = bring("compose", example("compose"))
    assert model.resources["db"].kind == "database"
    assert model.resources["pgdata"].kind == "information"
    assert needs(model, "worker") == {"cache", "db", "streaming"}
    assert (model.groups["web"].members, model.groups["web"].quorum) == (("web-1", "web-2"), 2)
    assert needs(model, "web") == {"cache", "db"}
    assert model.resources["web-1"].segment == "external"
    assert model.resources["db"].segment == "internal"
    assert ("outside", "web-1", 3000) in flows(model)
    assert ("worker", "internal", None) in flows(model)
    assert left(result.account)["service search"] == ("only started with a profile", "search")
    assert guessed(result.account)["worker is in network external"] == ("it is in several networks: the first by name",)
    assert "# guessed: it is in several networks" in result.texts["imported-compose.yaml"]
    assert "one of its settings names that service" in guessed(result.account)["worker has settings with streaming"]


def test_a_later_compose_file_adds_to_an_earlier_one() -> None:
    base = "services:\n  a: {image: nginx, depends_on: [b]}\n  b: {image: postgres}\n"
    override = (
        "services:\n  a: {ports: [{target: 8080, protocol: udp}]}\n  b: {ports: ['1-70000', x, '9-12:9-12/udp']}\n"
    )
    model, _ = bring("compose", {"compose.yaml": base, "compose.override.yaml": override})
    assert needs(model, "a") == {"b"}
    assert {(flow.target, flow.port, flow.protocol) for flow in model.flows} == {
        ("a", 8080, "udp"),
        ("b", 1, "tcp"),
        ("b", 9, "udp"),
    }


def test_what_two_compose_files_say_of_one_service_adds_up() -> None:
    base = """
services:
  web: {image: web, depends_on: [db], environment: ["CACHE=${HOST:-cache}:6379"], command: [run, "http://mail:25"]}
  db: {image: postgres}
  cache: {image: redis}
  mail: {image: postfix}
"""
    override = "services: {web: {depends_on: {mq: {condition: service_started}}, environment: {A: b}, command: [x]}}"
    third = "services: {web: {depends_on: [log], environment: [B=c], links: [mail]}, log: {image: x}}"
    first = f"{base}  mq: {{image: rabbitmq}}\n".replace("command:", "links: [sms], command:")
    files = {"compose.yaml": f"{first}  sms: {{image: x}}\n", "over.yaml": override, "third.yaml": third}
    model, _ = bring("compose", files)
    # A command is replaced, as the program does; lists and mappings add up, also one of each.
    assert needs(model, "web") == {"db", "cache", "mq", "log", "sms", "mail"}


def test_a_service_that_extends_another_has_what_that_one_has() -> None:
    text = """
include: [more.yaml]
services:
  base: {image: postgres, depends_on: [disk], env_file: [{path: prod.env}], labels: ["owner=Team A"]}
  db: {extends: {service: base}, environment: {X: y}}
  loop: {extends: loop}
  far: {extends: {file: far.yaml, service: x}}
  disk: {image: x}
"""
    model, result = bring("compose", {"compose.yaml": text})
    assert (model.resources["db"].kind, model.resources["db"].owner) == ("database", "Team A")
    assert needs(model, "db") == {"disk"}
    assert {what: why[0] for what, why in left(result.account).items()} == {
        "include more.yaml": "a file that is included: give it too",
        "base has settings in prod.env": SETTINGS,
        "db has settings in prod.env": SETTINGS,
        "loop extends loop": "a service that it extends and that is not in these files: give that file too",
        "far extends x": "a service that it extends and that is not in these files: give that file too",
    }


def test_what_runs_once_or_not_at_all_is_needed_by_nobody() -> None:
    text = """
services:
  web:
    image: web
    depends_on: {migrate: {condition: service_completed_successfully}, db: {condition: service_healthy}}
  migrate: {image: web}
  db: {image: postgres, deploy: {replicas: "${N:-2}"}}
  off: {image: x, scale: 0}
  huge: {image: x, scale: 9999999999999999999999}
"""
    digits = "9" * 5_000
    model, result = bring(
        "compose", {"compose.yaml": f'{text}  odd: {{image: x, scale: {digits}, ports: ["{digits}"]}}\n'}
    )
    assert needs(model, "web") == {"db"}
    assert set(model.groups) == {"db"}
    assert set(left(result.account)) == {"service migrate", "service off", "web depends on migrate"}


def test_no_more_than_a_hundred_copies_and_that_is_said() -> None:
    model, result = bring("compose", {"compose.yaml": "services: {a: {image: x, scale: 400}}"})
    assert len(model.groups["a"].members) == 100
    assert left(result.account)["a runs 400 times"] == ("more than 100 copies: the first are taken",)
