"""The sensor's rows are read as documented, whole up to their last count, and refused with the reason when they lie."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.state import telemetry
from holdfast.state.telemetry import Connection, FileChange, HostPower, Logon, ProcessSeen, Telemetry, read_telemetry

PAGE = Path(__file__).parents[3] / "docs" / "telemetry.md"
SEEN = {"t_us": 10, "utc_us": 20}
HAPPENED = {**SEEN, "source_utc_us": None, "action": "done", "outcome": "success"}
CLOCK = {"op": "clock", "version": 1, "host": "db-a", "clock_id": "b", "look_every_us": 250_000, "t_us": 1, "utc_us": 2}
PROCESS = {
    **HAPPENED, "process_pid": 7, "process_parent_pid": 1, "process_name": "postgres", "process_executable": None,
    "process_command_line": "postgres -D x", "user_id": 61001, "user_name": "meridian-db",
}  # fmt: skip
OUTCOMES = "Input should be 'success', 'failure' or 'unknown'"
DATABASE = {"service_name": "ledger-a", "process_pid": 7, "user_name": "postgres", "database_name": None}
ROWS: dict[str, dict[str, Any]] = {
    "host": HAPPENED,
    "process_creation": PROCESS,
    "process_termination": PROCESS,
    "network_connection": {
        **HAPPENED, "network_direction": "incoming", "source_ip": "10.71.1.21", "source_port": 4,
        "destination_ip": "10.71.1.11", "destination_port": 5432, "count": 3,
    },
    "network_listening": {**HAPPENED, "server_ip": "0.0.0.0", "server_port": 22, "user_id": 0, "user_name": "root"},  # noqa: S104 - a text
    "file_change": {**HAPPENED, "file_path": "disk/db-a/stack", "file_type": "directory", "count": 1},
    "logon": {**HAPPENED, **DATABASE, "source_ip": None, "source_port": None, "reason": None},
    "database": {**HAPPENED, **DATABASE, "database_statement": "DROP TABLE x"},
    "gap": {**SEEN, "what": "files", "reason": "overflow", "since_us": None, "count": None},
}  # fmt: skip


def row(op: str, **members: object) -> dict[str, Any]:
    return {"op": op, **ROWS[op], **members}


def counted(rows: list[dict[str, Any]], **members: object) -> dict[str, Any]:
    """Return the count that belongs behind rows."""
    events: dict[str, int] = {}
    for each in rows:
        if each["op"] in ROWS:
            events[each["op"]] = events.get(each["op"], 0) + 1
    latest_us = rows[-1]["t_us"]
    count = {"op": "counted", "t_us": latest_us, "utc_us": 0, "rows": len(rows), "events": events, "unwritten": 0}
    return {**count, "ended": False, **members}


def written(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in rows)


def read(rows: list[dict[str, Any]]) -> Telemetry:
    found = read_telemetry(written(rows), "db-a")
    assert isinstance(found, Telemetry), found
    return found


def why(rows: list[dict[str, Any]]) -> str:
    found = read_telemetry(written(rows), "db-a")
    assert isinstance(found, str)
    return found


def test_every_documented_kind_is_read_with_the_documented_members() -> None:
    kinds = re.split(r"^### ", PAGE.read_text(encoding="utf-8").partition("\n## Fields")[0], flags=re.MULTILINE)[1:]
    pages = {each.split("\n")[0]: set(re.findall(r"^\| `(\w+)` \|", each, re.MULTILINE)) for each in kinds}
    known: dict[str, set[str]] = {}
    for kind in telemetry._KINDS:  # noqa: SLF001 - the list that reading goes by
        names = {each.name for each in fields(kind)}
        op = next(str(each.type) for each in fields(kind) if each.name == "op")
        for name in re.findall(r"'(\w+)'|\"(\w+)\"", op):
            known["".join(name)] = names - {"op", "t_us", "utc_us", "source_utc_us", "action", "outcome"}
    assert known == pages


def test_one_of_each_is_read_in_order() -> None:
    rows = [CLOCK, *(row(op) for op in ROWS)]
    rows.append(counted(rows, unwritten=2, ended=True))
    found = read(rows)
    assert [type(each) for each in found.events[:4]] == [HostPower, ProcessSeen, ProcessSeen, Connection]
    assert [each.op for each in found.events] == [op for op in ROWS if op != "gap"]
    assert [each.reason for each in found.gaps] == ["overflow"]
    assert (found.whole_until_us, found.unwritten, found.ended) == (10, 2, True)
    connection, logon, changed = found.events[3], found.events[6], found.events[5]
    assert isinstance(connection, Connection)
    assert isinstance(logon, Logon)
    assert isinstance(changed, FileChange)
    assert (connection.destination_port, connection.count, logon.source_ip, changed.file_type) == (
        5432, 3, None, "directory",
    )  # fmt: skip


def test_what_comes_after_the_last_count_is_read_and_not_said_to_be_whole() -> None:
    rows = [CLOCK, row("host")]
    rows += [counted(rows), row("host", t_us=99)]
    found = read(rows)
    assert (len(found.events), found.whole_until_us, found.ended) == (2, 10, False)
    assert read([CLOCK, row("host")]).whole_until_us is None


@given(cut=st.integers(min_value=0, max_value=7))
def test_a_row_that_was_taken_out_is_noticed(cut: int) -> None:
    rows = [CLOCK, *(row("file_change", file_path=str(number)) for number in range(8))]
    rows.append(counted(rows))
    del rows[1 + cut]
    assert why(rows) == "line 9: 9 rows were written before it, 8 are here"


def test_a_row_that_was_put_in_the_place_of_another_is_noticed() -> None:
    rows = [CLOCK, row("file_change"), row("host")]
    rows.append(counted(rows))
    rows[1] = row("host")
    assert why(rows) == "line 4: it counts 1 of file_change, 0 are here"


@pytest.mark.parametrize("op", sorted(ROWS))
def test_a_row_without_one_of_its_members_or_with_another_type_is_refused(op: str) -> None:
    for name in ROWS[op]:
        without = {key: value for key, value in row(op).items() if key != name}
        assert why([CLOCK, without]) == f"line 2: {op}.{name}: Field required"
        assert why([CLOCK, row(op, **{name: 1.5})]).startswith(f"line 2: {op}.{name}: ")


def test_members_that_are_not_known_are_passed_over() -> None:
    assert len(read([CLOCK, row("host", colour="red")]).events) == 1


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([row("host")], "line 1: expected the clock of db-a"),
        ([{**CLOCK, "host": "db-b"}], "line 1: expected the clock of db-a"),
        ([{**CLOCK, "version": 2}], "line 1: clock.version: Input should be 1"),
        ([CLOCK, {**CLOCK, "t_us": 5}], "line 2: a second clock: its times are not on one clock"),
        ([CLOCK, row("host", t_us=0)], "line 2: it was seen before the line above it"),
        ([CLOCK, counted([CLOCK], ended=True), row("host")], "line 3: the record had ended before it"),
        ([CLOCK, row("host", outcome="perhaps")], f"line 2: host.outcome: {OUTCOMES}"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_line(rows: list[dict[str, Any]], reason: str) -> None:
    assert why(rows) == reason


def test_bytes_that_are_no_rows_are_refused() -> None:
    assert read_telemetry(b"", "db-a") == "it is empty"
    assert read_telemetry(written([CLOCK])[:-1], "db-a") == "its last line is cut off"
    found = read_telemetry(b"no\n", "db-a")
    assert isinstance(found, str)
    assert found.startswith("line 1: ")
    found = read_telemetry(written([CLOCK, {"op": "surprise"}]), "db-a")
    assert isinstance(found, str)
    assert found.startswith("line 2: ")
