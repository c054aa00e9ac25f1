"""Logins and changes of the database are read from its log as PostgreSQL 18 writes it, and passwords are left out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from meridian.telemetry.audit import Audit
from meridian.telemetry.rows import Event

AT = "ledger-a 2026-11-21 22:18:24.123 UTC"
AT_UTC_US = 1795299504123000


class Log:
    """A log as a unit has it, and who follows it."""

    def __init__(self, directory: Path) -> None:
        """Follow a log in a directory."""
        self.path = directory / "patroni-a.log"
        self.audit = Audit(directory)

    def said(self, *lines: str) -> list[Event]:
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        return self.audit.look()


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def told(events: list[Event], *names: str) -> list[tuple[Any, ...]]:
    return [(each.op, *(each.members.get(name) for name in names)) for each in events]


def test_who_comes_and_goes_is_told_with_the_address(log: Log) -> None:
    assert log.said(f"{AT} [41] [unknown]@[unknown] LOG:  connection received: host=10.71.1.21 port=53212") == []
    came = log.said(
        f"{AT} [41] ledger_app@ledger LOG:  connection authorized: user=ledger_app database=ledger application_name=x",
        "2026-11-21 22:18:24,123 INFO: no action. I am (ledger-a), the leader with the lock",
        f"{AT} [42] [unknown]@[unknown] LOG:  connection received: host=[local]",
        f"{AT} [42] replicator@[unknown] LOG:  replication connection authorized: user=replicator application_name=b",
        f"{AT} [41] ledger_app@ledger LOG:  disconnection: session time: 0:00:01.234 user=ledger_app database=ledger "
        "host=10.71.1.21 port=53212",
    )
    names = ("action", "outcome", "user_name", "database_name", "source_ip", "source_port", "process_pid")
    assert told(came, *names) == [
        ("logon", "logged_on", "success", "ledger_app", "ledger", "10.71.1.21", 53212, 41),
        ("logon", "logged_on", "success", "replicator", None, None, None, 42),
        ("logon", "logged_off", "success", "ledger_app", "ledger", "10.71.1.21", 53212, 41),
    ]
    assert {(each.members["service_name"], each.members["source_utc_us"]) for each in came} == {("ledger-a", AT_UTC_US)}


def test_who_is_turned_away_is_told_with_the_reason(log: Log) -> None:
    refused = log.said(
        f"{AT} [51] [unknown]@[unknown] LOG:  connection received: host=10.71.1.21 port=4",
        f'{AT} [51] ledger_app@ledger FATAL:  password authentication failed for user "ledger_app"',
        f'{AT} [52] mallory@ledger FATAL:  no pg_hba.conf entry for host "10.71.1.21", user "mallory"',
        f"{AT} [53] ledger_app@ledger FATAL:  terminating connection due to administrator command",
    )
    assert told(refused, "action", "outcome", "user_name", "source_ip", "reason") == [
        ("logon", "refused", "failure", "ledger_app", "10.71.1.21",
         'password authentication failed for user "ledger_app"'),
        ("logon", "refused", "failure", "mallory", None,
         'no pg_hba.conf entry for host "10.71.1.21", user "mallory"'),
    ]  # fmt: skip


def test_definitions_changes_and_settings_are_told(log: Log) -> None:
    changed = log.said(
        f"{AT} [61] postgres@ledger LOG:  execute <unnamed>: TRUNCATE ledger.entry",
        "\tCASCADE",
        f"{AT} [61] postgres@ledger DETAIL:  Parameters: $2 = 'k'",
        f"{AT} [62] auditor@ledger LOG:  statement: CREATE TABLE t ()",
        f'{AT} [9] LOG:  parameter "fsync" changed to "off"',
        f"{AT} [9] LOG:  redo starts at 0/2000028",
    )
    assert told(changed, "action", "outcome", "user_name", "database_statement") == [
        ("database", "statement", "unknown", "postgres",
         "TRUNCATE ledger.entry CASCADE"),
        ("database", "statement", "unknown", "auditor", "CREATE TABLE t ()"),
        ("database", "setting", "success", None, 'parameter "fsync" changed to "off"'),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER ROLE x PASSWORD 'hush'",
        "ALTER ROLE x PASSWORD 'it''s hush'",
        "alter role x encrypted password E'hush' valid until 'infinity'",
        "CREATE USER MAPPING FOR x SERVER y OPTIONS (password 'hush')",
        "CREATE SUBSCRIPTION s CONNECTION 'host=a password=hush dbname=b' PUBLICATION p",
        "ALTER ROLE x PASSWORD 'hush",
    ],
)
def test_no_password_is_told(log: Log, statement: str) -> None:
    (found,) = log.said(f"{AT} [61] postgres@ledger LOG:  statement: {statement}")
    assert "hush" not in str(found.members["database_statement"])
    assert "…" in str(found.members["database_statement"])


def test_a_line_that_is_half_written_is_waited_for(log: Log) -> None:
    line = f"{AT} [62] auditor@ledger LOG:  statement: CREATE TABLE t ()\n"
    with log.path.open("w", encoding="utf-8") as file:
        file.write(line[:40])
        file.flush()
        assert log.audit.look() == []
        file.write(line[40:])
    assert len(log.audit.look()) == 1


def test_a_log_that_was_emptied_is_a_gap_and_read_on(log: Log) -> None:
    line = f"{AT} [62] auditor@ledger LOG:  statement: CREATE TABLE t ()"
    assert len(log.said(line, line)) == 2
    os.truncate(log.path, 0)
    assert told(log.audit.look(), "what", "reason") == [("gap", "audit", "cut")]
    assert told(log.said(line), "action") == [("database", "statement")]


def test_what_a_host_puts_in_the_place_of_its_log_leads_nowhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(f"{AT} [62] auditor@ledger LOG:  statement: CREATE TABLE t ()\n", encoding="utf-8")
    (tmp_path / "patroni-a.log").symlink_to(elsewhere)
    os.mkfifo(tmp_path / "patroni-b.log")
    assert Audit(tmp_path).look() == []


def test_lines_that_a_host_makes_up_do_no_harm(log: Log) -> None:
    begun = f"{AT} [41] [unknown]@[unknown] LOG:  connection"
    assert log.said("ledger-a 2026-99-21 22:18:24.123 UTC [1] a@b LOG:  statement: x", "\x00\xff", "") == []
    assert log.said(f"{begun} received: host=10.71.1.21 port=99999999999999999999") == []
    (came,) = log.said(f"{begun} authorized: user=ledger_app database=ledger")
    assert came.members["source_port"] is None


@pytest.mark.parametrize("ending", ["\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_a_statement_cannot_make_up_a_line(log: Log, ending: str) -> None:
    forged = f"{AT} [1] postgres@ledger LOG:  connection authorized: user=postgres database=ledger"
    found = log.said(f"{AT} [62] auditor@ledger LOG:  statement: CREATE TABLE t (){ending}{forged}")
    assert told(found, "user_name") == [("database", "auditor")]


def test_a_log_that_comes_later_is_found(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    for name in ("patroni-a.log", "patroni-b.log", "patroni-c.log"):
        assert audit.look() == []
        (tmp_path / name).write_text(f"{AT} [62] auditor@ledger LOG:  statement: CREATE TABLE t ()\n", encoding="utf-8")
        assert len(audit.look()) == 1
    for path in tmp_path.iterdir():
        path.unlink()
    tmp_path.rmdir()
    assert audit.look() == []


def test_a_log_that_comes_within_the_same_tick_of_the_clock_is_found(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    os.utime(tmp_path)
    at_ns = tmp_path.stat().st_mtime_ns
    assert audit.look() == []
    (tmp_path / "patroni-a.log").write_text(f"{AT} [62] auditor@ledger LOG:  statement: CREATE TABLE t ()\n", "utf-8")
    os.utime(tmp_path, ns=(at_ns, at_ns))
    assert len(audit.look()) == 1
