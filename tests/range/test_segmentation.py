"""Micro-segmentation, the clean room, the vault's backups and the entitlements, on one range that really runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.analysis.segmentation import Listener, allowed_in, cut_needs, policy
from holdfast.cli.declaration import usable_model
from holdfast.connectors.range import Inventory
from holdfast.exercises.segmentation import Matrix, prove
from holdfast.model.types import Model
from tests.range.booted import booted, inventory_of, keeper_of

pytestmark = pytest.mark.range

EXAMPLE = Path(__file__).parents[2] / "examples" / "meridian"
BACKUP_TIMEOUT_S = 30


@pytest.fixture(scope="module")
def running() -> Iterator[Path]:
    with booted({"wait": "armed"}) as directory:
        yield directory


@pytest.fixture(scope="module")
def model() -> Model:
    return usable_model(EXAMPLE)


def meridian(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "meridian", words[0], "--dir", str(directory), *words[1:]]
    return subprocess.run(line, capture_output=True, text=True, timeout=BACKUP_TIMEOUT_S, check=False)


def proof(there: Inventory, model: Model) -> Matrix:
    return prove(there, allowed_in(policy(model, "range"), ["normal"]))


def seen(matrix: Matrix, outcome: str) -> set[tuple[str, str, int]]:
    return {(each.source, each.target, each.port) for each in matrix.trials if each.outcome == outcome}


def test_what_is_allowed_is_open_and_all_else_is_silent(running: Path, model: Model) -> None:
    there = inventory_of(running)
    matrix = proof(there, model)
    assert seen(matrix, "leak") == seen(matrix, "broken") == seen(matrix, "unknown") == set()
    assert matrix.proved
    opened, closed = seen(matrix, "open"), seen(matrix, "closed")
    assert {
        ("app-a", "db-a", 5432),
        ("db-a", "db-b", 2380),
        ("vault", "db-w", 5432),
        ("rebuild", "vault", 8090),
    } <= opened
    assert {
        ("app-a", "db-a", 2379),
        ("app-a", "vault", 8090),
        ("app-a", "rebuild", 22),
        ("cloud", "vault", 8090),
    } <= closed
    assert {(source, target) for source, target, _ in opened if "cloud" in {source, target}} == set()
    # Every host tried every other.
    assert {(each.source, each.target) for each in matrix.trials} == {
        (one, other) for one in there.hosts for other in there.hosts if one != other
    }


def test_no_declared_need_is_cut(running: Path, model: Model) -> None:
    there = inventory_of(running)
    listeners = {name: Listener(each.host, each.ports) for name, each in there.processes.items()}
    missing = cut_needs(model, policy(model, "range"), listeners)
    assert missing == (), "\n".join(f"add to flows: {each.remedy}" for each in missing)


def test_the_clean_room_is_opened_and_shut_by_who_asks(running: Path, model: Model) -> None:
    keeper = keeper_of(running)
    keeper.call({"op": "policy", "states": ["normal", "recovery"], "by": "head-of-information-security"})
    try:
        matrix = proof(inventory_of(running), model)
        # Nobody listens in the clean room yet: that it refuses shows that it is reached.
        assert {("app-a", "rebuild", 5432), ("app-b", "rebuild", 5432), ("cloud", "vault", 8090)} <= seen(
            matrix, "leak"
        )
        assert not matrix.proved
    finally:
        keeper.call({"op": "policy", "states": ["normal"], "by": "head-of-information-security"})
    assert proof(inventory_of(running), model).proved
    said = keeper.call({"op": "inventory"})["inventory"]["segmentation"]
    assert said["states"] == ["normal"]
    assert [(change["states"], change["by"]) for change in said["changes"]] == [
        (["normal", "recovery"], "head-of-information-security"), (["normal"], "head-of-information-security"),
    ]  # fmt: skip


def test_a_host_that_gets_its_power_back_is_filtered_again(running: Path, model: Model) -> None:
    keeper = keeper_of(running)
    keeper.call({"op": "power_off", "host": "cloud"})
    matrix = proof(inventory_of(running), model)
    assert matrix.without_power == ("cloud",)
    keeper.call({"op": "power_on", "host": "cloud"})
    matrix = proof(inventory_of(running), model)
    assert matrix.without_power == ()
    assert {each.outcome for each in matrix.trials if "cloud" in {each.source, each.target}} == {"closed"}


def test_the_vault_pulls_a_backup_and_its_record_says_from_whom(running: Path) -> None:
    there = inventory_of(running)
    end = there.endpoints["vault-base"]
    assert end.http_unix is not None
    assert end.token_file is not None
    request = (
        "import http.client, socket, sys\n"
        "connection = http.client.HTTPConnection('vault')\n"
        "connection.sock = socket.socket(socket.AF_UNIX)\n"
        f"connection.sock.connect({str(end.http_unix)!r})\n"
        f"token = open({str(end.token_file)!r}).read()\n"
        "connection.request('POST', '/v1/backups', '{\"by\": \"a test\"}', {'Authorization': f'Bearer {token}'})\n"
        "print(connection.getresponse().read().decode())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", request], capture_output=True, text=True, timeout=BACKUP_TIMEOUT_S, check=True
    )
    row = json.loads(done.stdout)
    assert (row["result"], row["by"]) == ("verified", "request of a test"), row
    record = there.records["vault_backups"].read_text(encoding="utf-8").splitlines()
    assert row in [json.loads(line) for line in record]
    assert (there.records["vault_backups"].parent / row["name"] / "backup_manifest").is_file()


def test_what_nobody_may_alter_is_refused_to_everybody(running: Path) -> None:
    done = meridian(running, "entitlements", "--json")
    results = json.loads(done.stdout)
    wrong = [each for each in results if each["verdict"] not in {"refused", "allowed", "not here"}]
    assert wrong == []
    assert done.returncode == 0
    counted = {verdict: sum(each["verdict"] == verdict for each in results) for verdict in ("refused", "allowed")}
    assert counted["refused"] >= 30
    assert counted["allowed"] >= 6
