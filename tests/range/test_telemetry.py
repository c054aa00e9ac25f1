"""What is done to hosts, by whomever, stands in the sensor's records by what it did, and nothing of who did it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from holdfast.connectors import insider, postgres
from holdfast.connectors.records import whole_lines
from holdfast.state.telemetry import Happened, Telemetry, read_telemetry
from tests.range.booted import booted, inventory_of, keeper_of

pytestmark = pytest.mark.range

DEADLINE_S = 10.0
UPDATE = b"channel 291\n" + b"|".join(b"g%d" % number for number in range(21)) + b"\n"


@pytest.fixture(scope="module")
def running() -> Iterator[Path]:
    with booted({"wait": "armed"}) as directory:
        yield directory


def record(directory: Path, host: str) -> Telemetry:
    place = inventory_of(directory).records["telemetry"]
    found = read_telemetry(whole_lines((place / f"{host}.ndjson").read_bytes()), host)
    assert isinstance(found, Telemetry), found
    return found


def seen(directory: Path, host: str, since: int, what: Callable[[Happened], bool]) -> Happened:
    """Wait until the record of a host has an event beyond the first ``since``, and return it."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        found = next((each for each in record(directory, host).events[since:] if what(each)), None)
        if found is not None:
            return found
        assert time.monotonic() < deadline, "it is not in the record"
        time.sleep(0.1)


def test_a_killed_process_is_told_and_the_one_that_follows(running: Path) -> None:
    since = len(record(running, "app-b").events)
    keeper_of(running).call({"op": "signal", "process": "settlement-b", "signal": "KILL"})

    def own(each: Happened) -> bool:
        return "--name=settlement-b" in getattr(each, "process_command_line", "")

    seen(running, "app-b", since, lambda each: each.op == "process_termination" and own(each))
    seen(running, "app-b", since, lambda each: each.op == "process_creation" and own(each))


def test_a_login_with_a_wrong_password_is_told(running: Path) -> None:
    server = next(each for each in inventory_of(running).servers() if each.name == "ledger-b")
    since = len(record(running, "db-b").events)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(
            host=str(server.socket_dir), port=server.port, dbname=server.database, user=server.user, password="wrong"
        )
    refused = seen(running, "db-b", since, lambda each: each.op == "logon" and each.outcome == "failure")
    assert f'password authentication failed for user "{server.user}"' in getattr(refused, "reason", "")


def test_a_superusers_edit_of_a_row_is_told(running: Path) -> None:
    there = inventory_of(running)
    primary = postgres.primary(there.servers())
    host = f"db-{primary.name.removeprefix('ledger-')}"
    superuser = insider.superuser(there, primary)
    since = len(record(running, host).events)
    entry = insider.drawn_entry(superuser, 7)
    assert entry is not None
    assert insider.edit(superuser, entry, entry.amount_cents + 1)
    assert insider.edit(
        superuser, insider.Entry(entry.key, entry.participant, entry.amount_cents + 1), entry.amount_cents
    )
    changed = seen(running, host, since, lambda each: each.op == "database" and each.action == "statement")
    assert "UPDATE ledger.entry SET amount_cents" in getattr(changed, "database_statement", "")
    assert getattr(changed, "user_name", "") == "postgres"


def test_a_changed_file_is_told(running: Path) -> None:
    since = len(record(running, "app-b").events)
    keeper_of(running).call(
        {"op": "overwrite", "id": "x", "host": "app-b", "file": "agent/channel", "whole": True, "hex": UPDATE.hex()}
    )
    told = seen(running, "app-b", since, lambda each: each.op == "file_change" and each.action == "written")
    assert getattr(told, "file_path", "") == "disk/app-b/agent/channel"


def test_a_host_that_loses_its_power_is_told_and_is_silent(running: Path) -> None:
    since = len(record(running, "lookout").events)
    keeper_of(running).call({"op": "power_off", "host": "lookout"})
    seen(running, "lookout", since, lambda each: each.op == "host" and each.action == "off")
    time.sleep(1)
    assert record(running, "lookout").events[-1].op == "host"
    keeper_of(running).call({"op": "power_on", "host": "lookout"})
    seen(running, "lookout", since, lambda each: each.op == "host" and each.action == "on")


def test_connections_logins_and_listeners_of_the_ordinary_day_are_told(running: Path) -> None:
    told = record(running, "db-a").events
    assert {"network_connection", "network_listening", "process_creation", "logon", "file_change"} <= {
        each.op for each in told
    }
    listening = {getattr(each, "server_port", None) for each in told if each.op == "network_listening"}
    assert {5432, 8008, 2379, 2380} <= listening
    assert ("10.71.1.21", 5432, "incoming", "opened") in {
        (each.source_ip, each.destination_port, each.network_direction, each.action)
        for each in told
        if each.op == "network_connection"
    }


def test_nothing_was_missed_and_no_secret_and_no_word_of_who_did_it_is_told(running: Path) -> None:
    there = inventory_of(running)
    texts = {host: (there.records["telemetry"] / f"{host}.ndjson").read_bytes() for host in there.hosts}
    assert [gap for host in texts for gap in record(running, host).gaps if gap.reason != "late"] == []
    everything = b"".join(texts.values())
    secrets = [path.read_bytes().strip() for path in (running / "secrets").iterdir()]
    assert len(secrets) > 10
    assert [secret for secret in secrets if secret in everything] == []
    assert b"SCRAM-SHA-256$" not in everything
    assert [word for word in (b"exercise", b"inject", b"drill") if word in everything.lower()] == []


def test_no_host_sees_its_records(running: Path) -> None:
    there = inventory_of(running)
    for host in there.hosts.values():
        assert not Path(f"/proc/{host.pid}/root{there.records['telemetry']}").exists()
