"""The institution at work in its own network: promises kept through crashes, a day closed, doors that stay shut."""

from __future__ import annotations

import json
import os
import random
import secrets
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psycopg
import pytest

from meridian import business, control
from meridian.banks import BANKS
from meridian.errors import MachineCannot
from meridian.participants.record import DEFINITE
from meridian.settlement.journal import Chain
from meridian.stack.members import BY_HOST, DATABASE

pytestmark = pytest.mark.range

LIMIT_S = 120.0
RATE_PER_S = 60
KILLS = 60 if os.environ.get("HOLDFAST_TORTURE") == "full" else 6
DIRECT = "direct-"
"""Keys of instructions that these tests send themselves, past the banks' records."""
VICTIMS = ("settlement-a", "settlement-b", "participants", "vault-journal", "participants-monitor")


@dataclass(frozen=True)
class Institution:
    """A running range, and how to talk to what runs in it."""

    directory: Path

    @property
    def keeper(self) -> control.Keeper:
        return control.Keeper(self.directory)

    def secret(self, name: str) -> str:
        return (self.directory / "secrets" / name).read_text(encoding="ascii")

    def ask(self, door: str, method: str, path: str, body: object = None, *, token: str = "") -> tuple[int, Any]:
        """Ask a gateway from its own host (``app-a``), or a process at its Unix socket (its path below hosts)."""
        with closing(HTTPConnection("localhost")) as connection:
            if "/" in door:
                connection.sock = socket.socket(socket.AF_UNIX)
                connection.sock.connect(str(self.directory / "hosts" / door))
            else:
                connection.sock = self.keeper.connect(door, business.HTTP_PORT)
            connection.sock.settimeout(LIMIT_S)
            text = body if isinstance(body, str) else json.dumps(body)
            connection.request(method, path, None if body is None else text, {"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            data = answer.read()
        return answer.status, json.loads(data) if data.startswith(b"{") else data

    def load(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        status, said = self.ask("banks/run/participants.sock", method, path, body, token=self.secret("banks-token"))
        assert status == 200, said
        return dict(said)

    def operate(self, method: str, path: str, body: object = None, at: str = "app-b") -> dict[str, Any]:
        status, said = self.ask(f"{at}/run/settlement.sock", method, path, body, token=self.secret("operator-token"))
        assert status == 200, said
        return dict(said)

    def records(self) -> dict[str, list[dict[str, Any]]]:
        """Return the banks' records."""
        found = {}
        for bank in BANKS:
            lines = (self.directory / "hosts/banks/records" / f"{bank.name}.ndjson").read_bytes().splitlines()
            found[bank.name] = [json.loads(line) for line in lines]
        return found

    def rows(self, query: str) -> list[Any]:
        """Return what the auditor reads on the primary."""
        primary = control.View(self.directory).standing().primary
        host = next(member.host for member in BY_HOST.values() if member.ledger == primary)
        with psycopg.connect(
            host=str(self.directory / "hosts" / host / "run"),
            dbname=DATABASE,
            user="auditor",
            password=self.secret("ledger-auditor"),
        ) as connection:
            return connection.execute(query.encode()).fetchall()

    def offered(self) -> int:
        """Return how much was offered; -1 while the banks are being started again."""
        try:
            return int(self.load("GET", "/v1/load")["offered"])
        except (OSError, HTTPException):
            return -1

    def wait_for_offers(self, more: int) -> None:
        """Return when so many more were offered."""
        wait_for(lambda: self.offered() >= 0)
        until = self.offered() + more
        wait_for(lambda: self.offered() >= until)

    def wait_until_runs(self, process: str) -> None:
        """Return when the supervisor has started a process again."""
        wait_for(lambda: bool(self.keeper.inventory()["processes"][process]["running"]))

    def day(self) -> int:
        """Return the open day."""
        return int(self.operate("GET", "/v1/operator/state")["calendar"]["day"])

    def inbox(self) -> dict[str, list[dict[str, Any]]]:
        """Return what each bank's inbox recorded, by bank."""
        found = {}
        for bank in BANKS:
            kept = (self.directory / "hosts/banks/inbox" / f"{bank.name}.ndjson").read_bytes()
            found[bank.name] = [json.loads(line) for line in kept[: kept.rfind(b"\n") + 1].splitlines()]
        return found

    def received(self, channel: str) -> dict[str, list[dict[str, Any]]]:
        """Return the messages that came on a channel, by bank, and see that none came twice or is missing."""
        lines = {bank: [line for line in kept if "channel" in line] for bank, kept in self.inbox().items()}
        assert {line["op"] for kept in lines.values() for line in kept} <= {"received"}
        of = {bank: [line for line in kept if line["channel"] == channel] for bank, kept in lines.items()}
        assert all([line["number"] for line in kept] == list(range(1, len(kept) + 1)) for kept in of.values())
        return of

    def positions(self, day: int) -> dict[str, dict[str, Any]]:
        """Return the positions of a day as the banks have them on record, by bank."""
        lines = [(bank, line) for bank, record in self.records().items() for line in record]
        return {bank: line for bank, line in lines if line["op"] == "position" and line["day"] == day}


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def here() -> Iterator[Institution]:
    directory = Path(tempfile.gettempdir()) / f"mr-{secrets.token_hex(4)}"
    try:
        control.start(directory, control.new_settings("business", "fast", "safe", RATE_PER_S))
    except MachineCannot as problem:
        pytest.skip(str(problem))
    try:
        institution = Institution(directory)
        wait_for(lambda: business.first_settled(directory / "hosts/banks/records") is not None)
        yield institution
    finally:
        control.stop(directory)


@pytest.mark.torture
def test_no_promise_is_broken_by_crashes_at_random_instants(here: Institution) -> None:
    dice = random.Random(7)
    for _ in range(KILLS):
        here.wait_for_offers(dice.randrange(20, 80))
        victim = dice.choice(VICTIMS)
        here.keeper.ask("signal", process=victim, signal="KILL", tree=True, exercise="test")
        here.wait_until_runs(victim)
    here.wait_for_offers(1)
    stopped = here.load("POST", "/v1/load/stop", {"resolve_within_s": 60})
    assert (stopped["in_flight"], stopped["conflict"]) == (0, 0)
    audit(here)
    wait_for(lambda: copies_are_complete(here))
    here.load("POST", "/v1/load", {"rate_per_s": RATE_PER_S})


def audit(here: Institution) -> None:
    """Compare every promise on the banks' records with the ledger."""
    kept = {
        key: (sender, receiver, amount, status)
        for key, sender, receiver, amount, status in here.rows(
            "SELECT key, sender, receiver, amount_cents, status FROM ledger.instruction"
        )
    }
    promised = 0
    offered: set[str] = set()
    for bank, lines in here.records().items():
        assert [line["op"] for line in lines].count("clock") == 1
        offers = {line["key"]: line for line in lines if line["op"] == "offer"}
        offered |= offers.keys()
        for line in lines:
            if line["op"] in {"answer", "update"} and line["status"] in DEFINITE:
                promised += 1
                offer = offers[line["key"]]
                *content, status = kept[line["key"]]
                assert content == [bank, offer["to"], offer["amount_cents"]]
                assert line["status"] in {"queued", status}
    assert promised > 0
    assert {key for key in kept if not key.startswith(DIRECT)} <= offered
    assert here.rows("SELECT key FROM ledger.entry GROUP BY key HAVING count(*) <> 2 OR sum(amount_cents) <> 0") == []
    settled = sum(status == "settled" for *_, status in kept.values())
    assert here.rows("SELECT count(*) FROM ledger.entry") == [(2 * settled,)]


def copies_are_complete(here: Institution) -> bool:
    """Return whether the vault's copies, verified, have every instruction of the ledger."""
    keys = set()
    for gateway in business.GATEWAYS:
        chain = Chain(gateway)
        for line in (here.directory / f"hosts/vault/keep/journal/{gateway}.ndjson").read_bytes().splitlines():
            chain.extend(line)
            keys.add(json.loads(line)["key"])
    return {key for (key,) in here.rows("SELECT key FROM ledger.instruction")} <= keys


def test_the_vault_keeps_the_write_ahead_log_byte_for_byte_and_no_commit_waits_for_it(here: Institution) -> None:
    here.keeper.ask("signal", process="vault-wal", signal="KILL", tree=True, exercise="test")
    here.wait_until_runs("vault-wal")
    primary = control.View(here.directory).standing().primary
    host = next(member.host for member in BY_HOST.values() if member.ledger == primary)
    here.wait_for_offers(20)
    with psycopg.connect(
        host=str(here.directory / "hosts" / host / "run"),
        dbname=DATABASE,
        user="postgres",
        password=here.secret("postgres-superuser"),
        autocommit=True,
    ) as connection:
        flushed = connection.execute(
            """
            WITH now AS (SELECT * FROM pg_walfile_name_offset(pg_current_wal_flush_lsn()))
            SELECT file_name, pg_read_binary_file('pg_wal/' || file_name, 0, file_offset) FROM now
            """
        ).fetchone()
        assert flushed is not None
        name, written = flushed

        def kept() -> bytes:
            whole = here.directory / "hosts/vault/keep/wal" / name
            file = whole if whole.exists() else whole.with_name(f"{name}.partial")
            return file.read_bytes()[: len(written)] if file.exists() else b""

        assert written
        wait_for(lambda: kept() == written)
        states = connection.execute(
            "SELECT DISTINCT sync_state FROM pg_stat_replication WHERE application_name = 'vault-wal'"
        ).fetchall()
        assert states == [("async",)]


def test_a_gateway_that_is_cut_off_says_so_at_once_and_the_other_one_serves(here: Institution) -> None:
    token = here.secret("bank-AURUM")
    instruction = {"key": f"{DIRECT}cut-off", "to": "BOREAL", "amount_cents": 1, "priority": "normal"}
    here.keeper.ask("cut", id="t", a=["10.71.1.21/32"], b=["10.71.1.11/32", "10.71.2.11/32", "10.71.3.11/32"])
    try:
        wait_for(lambda: here.ask("app-a", "GET", "/v1/health")[0] == 503)
        status, said = here.ask("app-a", "POST", "/v1/instructions", instruction, token=token)
        assert (status, said["status"]) == (503, "unavailable")
        before = here.operate("GET", "/v1/operator/state")["answered"]
        wait_for(lambda: here.operate("GET", "/v1/operator/state")["answered"] > before + RATE_PER_S)
    finally:
        here.keeper.ask("mend", id="t")
    wait_for(lambda: here.ask("app-a", "GET", "/v1/health")[0] == 200)


@pytest.mark.parametrize(
    ("method", "path", "body", "token", "expected"),
    [
        ("POST", "/v1/instructions", {}, "", 401),
        ("POST", "/v1/instructions", {}, "operator-token", 401),
        ("GET", "/v1/journal", None, "bank-AURUM", 401),
        ("GET", "/v1/positions/1", None, "vault-token", 401),
        ("POST", "/v1/instructions", {}, "bank-AURUM", 400),
        ("POST", "/v1/instructions", "{", "bank-AURUM", 400),
        ("POST", "/v1/instructions", "[1]", "bank-AURUM", 400),
        ("POST", "/v1/instructions", {"amount_cents": 1.5}, "bank-AURUM", 400),
        ("POST", "/v1/instructions", {"amount_cents": True}, "bank-AURUM", 400),
        ("POST", "/v1/instructions", {"amount_cents": 0}, "bank-AURUM", 400),
        ("POST", "/v1/instructions", {"key": "a b"}, "bank-AURUM", 400),
        ("POST", "/v1/instructions", {"priority": "urgent"}, "bank-AURUM", 400),
        ("POST", "/v1/instructions", {"from": "BOREAL"}, "bank-AURUM", 400),
        ("POST", "/v1/instructions", {"to": "AURUM"}, "bank-AURUM", 422),
        ("POST", "/v1/instructions", {"to": "NOBODY"}, "bank-AURUM", 422),
        ("POST", "/v1/instructions", "x" * 5000, "bank-AURUM", 413),
        ("GET", "/v1/instructions/never", None, "bank-AURUM", 404),
        ("GET", "/v1/positions/77", None, "bank-AURUM", 404),
        ("GET", "/v1/positions/x", None, "bank-AURUM", 404),
        ("GET", "/v1/journal?after=x", None, "vault-token", 400),
        ("PUT", "/v1/operator/day/1", {}, "operator-token", 404),
    ],
)
def test_what_is_not_allowed_or_makes_no_sense_is_refused(
    here: Institution, method: str, path: str, body: object, token: str, expected: int
) -> None:
    if isinstance(body, dict) and body:
        body = {"key": "refused", "to": "BOREAL", "amount_cents": 1, "priority": "normal"} | body
    status, _ = here.ask("app-b", method, path, body, token=here.secret(token) if token else "")
    assert status == expected
    assert here.rows("SELECT key FROM ledger.instruction WHERE key IN ('refused', 'a b')") == []


def test_a_key_settles_once_at_both_gateways_and_with_other_content_never(here: Institution) -> None:
    token = here.secret("bank-AURUM")
    instruction = {"key": f"{DIRECT}twice", "to": "BOREAL", "amount_cents": 3, "priority": "priority"}
    first, again = (here.ask(door, "POST", "/v1/instructions", instruction, token=token) for door in ("app-a", "app-b"))
    assert first == again
    assert (first[0], first[1]["status"]) == (200, "settled")
    other = here.ask("app-a", "POST", "/v1/instructions", instruction | {"amount_cents": 4}, token=token)
    stolen = here.ask("app-a", "POST", "/v1/instructions", instruction, token=here.secret("bank-CASTOR"))
    assert {other[0], stolen[0]} == {409}
    assert here.rows("SELECT count(*) FROM ledger.entry WHERE key = 'direct-twice'") == [(2,)]
    assert here.ask("app-b", "GET", "/v1/instructions/direct-twice", token=here.secret("bank-BOREAL"))[0] == 404


def test_in_priority_only_what_is_urgent_settles_and_the_rest_waits_until_it_is_full_again(here: Institution) -> None:
    def put(mode: str) -> None:
        assert here.operate("PUT", "/v1/operator/mode", {"mode": mode, "reason": "drill"})["mode"] == mode
        for gateway in ("app-a", "app-b"):
            wait_for(lambda at=gateway: here.operate("GET", "/v1/operator/state", at=at)["settlement"]["mode"] == mode)  # type: ignore[misc]

    waiting = "SELECT sender FROM ledger.instruction WHERE status = 'queued'"
    put("priority-only")
    [[since]] = here.rows("SELECT max(seq) FROM ledger.journal WHERE kind = 'mode'")
    here.wait_for_offers(2 * RATE_PER_S)
    found = {
        (priority, status)
        for sender, accepted, priority, status in here.rows(
            "SELECT sender, accepted_seq, priority, status FROM ledger.instruction"
        )
        if sender != "HALYARD" and accepted > since
    }
    assert found == {("normal", "queued"), ("priority", "settled")}
    put("full")
    wait_for(lambda: {sender for (sender,) in here.rows(waiting)} <= {"HALYARD"})
    held = here.rows(
        "SELECT sender, array_agg(accepted_seq ORDER BY final_seq) FROM ledger.instruction"
        " WHERE status = 'settled' AND final_seq > accepted_seq AND priority = 'normal' GROUP BY sender"
    )
    assert all(accepted == sorted(accepted) for _, accepted in held)
    wait_for(lambda: any(line["op"] == "update" for line in here.records()["AURUM"]))


def test_gridlock_is_resolved_and_the_record_shows_that_it_was(here: Institution) -> None:
    resolved = "SELECT seq, (body::jsonb->>'payments')::int FROM ledger.journal WHERE kind = 'resolve'"
    here.load("POST", "/v1/load", {"rate_per_s": RATE_PER_S, "imbalance_ppm": 100_000})
    wait_for(lambda: here.rows(resolved) != [])
    here.load("POST", "/v1/load", {"rate_per_s": RATE_PER_S})
    [line, payments] = here.rows(f"{resolved} ORDER BY seq LIMIT 1")[0]
    settled = here.rows("SELECT key, (body::jsonb->>'resolution')::int FROM ledger.journal WHERE kind = 'settle'")
    keys = [key for key, resolution in settled if resolution == line]
    assert len(keys) == payments > 1

    def told() -> list[list[str]]:
        rows = [row for record in here.records().values() for row in record if row.get("key") in keys]
        return [[row["status"] for row in rows if row["key"] == key and "status" in row] for key in keys]

    wait_for(lambda: all(statuses[-1] == "settled" for statuses in told()))
    assert all("queued" in statuses for statuses in told())


_TOLD = """
SELECT bank, array_agg(seq ORDER BY seq) FROM (
    SELECT sender AS bank, final_seq AS seq FROM ledger.instruction WHERE status <> 'queued'
    UNION ALL SELECT receiver, final_seq FROM ledger.instruction WHERE status = 'settled') AS sides
GROUP BY bank
"""
"""What each bank has to be told of: the lines of the journal by which its own and others' instructions became final."""


def test_messaging_moves_to_the_other_site_and_no_message_is_lost_or_comes_twice(here: Institution) -> None:
    def sent_by() -> set[str]:
        return {line["by"] for kept in here.received("messaging").values() for line in kept[-1:]}

    wait_for(lambda: sent_by() == {"messaging-a"})
    here.keeper.ask("signal", process="messaging-a", signal="STOP", exercise="test")
    here.wait_for_offers(RATE_PER_S)
    moved = here.operate("PUT", "/v1/operator/duty/messaging", {"holder": "messaging-b", "reason": "A does not send"})
    assert (moved["holder"], moved["term"]) == ("messaging-b", 2)
    wait_for(lambda: sent_by() == {"messaging-b"})
    here.keeper.ask("signal", process="messaging-network-stub", signal="KILL", tree=True, exercise="test")
    here.keeper.ask("signal", process="messaging-a", signal="CONT", exercise="test")
    here.keeper.ask("signal", process="participants-inbox", signal="KILL", tree=True, exercise="test")
    here.wait_until_runs("messaging-network-stub")
    here.wait_for_offers(RATE_PER_S)
    here.load("POST", "/v1/load/stop", {"resolve_within_s": 60})
    audit(here)

    def complete() -> bool:
        came = {bank: [line["body"]["seq"] for line in kept] for bank, kept in here.received("messaging").items()}
        return came == dict(here.rows(_TOLD))

    wait_for(complete)
    here.load("POST", "/v1/load", {"rate_per_s": RATE_PER_S})


def wait_for_positions(here: Institution, day: int) -> None:
    """Return when every bank has its position of a day, and the day after it is known to be open."""
    wait_for(lambda: len(here.positions(day)) == len(BANKS) and here.day() == day + 1)


def test_the_day_is_closed_at_its_cut_off_and_every_bank_confirms(here: Institution) -> None:
    # What was sent past the banks' records above is in no bank's own sum, so the next day is the one to look at.
    for day in (1, 2):
        cut_off_us = time.time_ns() // 1000 + 2_000_000
        moved = {"cut_off_utc_us": cut_off_us, "close_by_utc_us": cut_off_us + 60_000_000}
        assert here.day() == day
        assert here.operate("PUT", f"/v1/operator/day/{day}", moved)["status"] == "scheduled"
        wait_for_positions(here, day)
    positions = here.rows("SELECT participant, closing_cents, confirmed FROM ledger.position WHERE day = 2")
    assert {name: (closing, confirmed) for name, closing, confirmed in positions} == {
        bank: (line["closing_cents"], True) for bank, line in here.positions(2).items()
    }
    [[closed_us, cut_off_us]] = here.rows("SELECT closed_us, cut_off_us FROM ledger.business_day WHERE day = 2")
    assert closed_us >= cut_off_us
    assert here.rows("SELECT key FROM ledger.instruction WHERE status = 'queued' AND day <= 2") == []


def test_after_the_close_each_bank_has_its_statement_and_the_rtgs_has_booked(here: Institution) -> None:
    positions = here.positions(2)

    def came(channel: str) -> dict[str, dict[str, Any]]:
        messages = [(bank, line["body"]) for bank, kept in here.received(channel).items() for line in kept]
        return {bank: body for bank, body in messages if body["day"] == 2}

    wait_for(lambda: len(came("reporting")) == len(came("rtgs")) == len(BANKS))
    names = ("opening_cents", "debits_cents", "credits_cents", "closing_cents")
    for bank, statement in came("reporting").items():
        assert statement["status"] == "statement"
        assert {name: statement[name] for name in names} == {name: positions[bank][name] for name in names}
    booked = {bank: (body["status"], body["amount_cents"]) for bank, body in came("rtgs").items()}
    net = {bank: told["closing_cents"] - told["opening_cents"] for bank, told in positions.items()}
    assert booked == {bank: ("booked", cents) for bank, cents in net.items()}
