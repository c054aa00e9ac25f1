"""The sensor on processes and sockets of this machine: what is told of them, its counts, and what it says it missed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meridian.linux import start_ticks
from meridian.telemetry import sensor
from meridian.telemetry.network import ANSWER_WITHIN_US, Network
from meridian.telemetry.processes import Processes
from meridian.telemetry.rows import Event
from meridian.telemetry.sensor import Sensor
from meridian.topology import HOSTS

SLEEP = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)", "a word"]


@pytest.fixture
def processes() -> Iterator[Processes]:
    looking = Processes(os.open("/proc", os.O_RDONLY | os.O_DIRECTORY))
    looking.look()
    looking.look()
    yield looking
    looking.close()


def about(found: list[Event], pid: int) -> list[Event]:
    return [each for each in found if each.members["process_pid"] == pid]


def test_a_process_that_begins_and_ends_is_told(processes: Processes) -> None:
    before_utc_us = time.time_ns() // 1000
    child = subprocess.Popen(SLEEP)
    try:
        (began,) = about(processes.look(), child.pid)
    finally:
        child.kill()
        child.wait()
    assert (began.op, began.members["action"]) == ("process_creation", "started")
    assert began.members["process_command_line"] == " ".join(SLEEP)
    assert began.members["process_parent_pid"] == os.getpid()
    assert began.members["user_id"] == os.geteuid()
    assert abs(began.members["source_utc_us"] - before_utc_us) < 2_000_000
    (ended,) = about(processes.look(), child.pid)
    assert (ended.op, ended.members["action"], ended.members["outcome"]) == ("process_termination", "ended", "unknown")
    assert ended.members["process_command_line"] == " ".join(SLEEP)


def test_a_process_that_becomes_another_program_is_told_again(processes: Processes) -> None:
    line = "import os, sys; sys.stdin.readline(); os.execv('/bin/sh', ['sh', '-c', 'read x; read y'])"
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", line], stdin=subprocess.PIPE, text=True)
    assert child.stdin is not None
    try:
        (began,) = about(processes.look(), child.pid)
        child.stdin.write("\n")
        child.stdin.flush()
        deadline = time.monotonic() + 10
        while Path(f"/proc/{child.pid}/comm").read_text(encoding="ascii") != "sh\n":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        (became,) = about(processes.look(), child.pid)
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
    assert began.members["action"] == "started"
    assert (became.members["action"], became.members["process_name"]) == ("executed", "sh")
    assert became.members["process_command_line"] == "sh -c read x; read y"


def test_a_host_that_has_not_its_own_proc_yet_is_not_taken_for_the_machine() -> None:
    child = subprocess.Popen(SLEEP)
    try:
        ticks = start_ticks(child.pid)
        assert ticks is not None
        with pytest.raises(OSError, match=str(child.pid)):
            Processes.of_host(child.pid, ticks)
    finally:
        child.kill()
        child.wait()


@pytest.fixture
def network() -> Iterator[Network]:
    try:
        looking = Network(os.getpid(), "127.0.0.1")
    except PermissionError:
        pytest.skip("not run: this account may not open packet sockets")
    yield looking
    looking.close()


def to(found: list[Event], port: int) -> list[dict[str, Any]]:
    return [dict(each.members) for each in found if each.members.get("destination_port") == port]


def test_connections_are_told_with_what_became_of_them(network: Network) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as connection:
            own = connection.getsockname()[1]
            (opened,) = to(network.look(0), port)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    (refused,) = to(network.look(0), port)
    assert (opened["action"], opened["outcome"], opened["source_port"]) == ("opened", "success", own)
    assert (refused["action"], refused["outcome"], refused["network_direction"]) == ("refused", "failure", "internal")
    assert abs(refused["source_utc_us"] - time.time_ns() // 1000) < 5_000_000


def test_an_attempt_without_an_answer_is_told_after_its_time(network: Network) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        port = listening.getsockname()[1]
        # Backlog 0 holds one: the system drops what comes next.
        with socket.create_connection(("127.0.0.1", port)), socket.socket() as waiting:
            waiting.settimeout(0)
            waiting.connect_ex(("127.0.0.1", port))
            own = waiting.getsockname()[1]
            before = to(network.look(0), port)
            late = to(network.look(ANSWER_WITHIN_US), port)
    assert [each["action"] for each in before] == ["opened"]
    assert [(each["action"], each["source_port"]) for each in late] == [("unanswered", own)]


def test_listening_sockets_are_told_as_they_open_and_close(network: Network) -> None:
    def changes(port: int) -> list[tuple[str, int]]:
        told = [each.members for each in network.look_at_listening()]
        return [(each["action"], each["user_id"]) for each in told if each["server_port"] == port]

    network.look_at_listening()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert changes(port) == [("opened", os.geteuid())]
        assert changes(port) == []
    assert changes(port) == [("closed", os.geteuid())]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for host in HOSTS:
        (tmp_path / "disk" / host).mkdir(parents=True)
        (tmp_path / "hosts" / host / "log").mkdir(parents=True)
    return tmp_path


def rows(place: Path, host: str) -> list[dict[str, Any]]:
    text = (place / sensor.DIRECTORY / f"{host}.ndjson").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def name(place: Path, hosts: dict[str, int]) -> None:
    named = {host: {"pid": pid, "start_ticks": start_ticks(pid)} for host, pid in hosts.items()}
    (place / "hosts.json").write_text(json.dumps(named), encoding="utf-8")


def test_power_is_told_and_a_host_without_it_is_silent(place: Path) -> None:
    looking = Sensor(place)
    child = subprocess.Popen(SLEEP)
    try:
        name(place, {"db-a": child.pid})
        looking.look()
        looking.look()
    finally:
        child.kill()
        child.wait()
    name(place, {})
    looking.look()
    (place / "disk/db-a/changed").touch()
    looking.end()
    told = [(row["op"], row.get("action")) for row in rows(place, "db-a") if row["op"] not in {"clock", "counted"}]
    assert told == [("host", "on"), ("host", "off"), ("file_change", "created"), ("file_change", "written")]
    assert [row["op"] for row in rows(place, "db-b")] == ["clock", "host", "counted", "counted"]


def test_what_came_again_is_counted_at_the_end_too(place: Path) -> None:
    looking = Sensor(place)
    looking.look()
    for _ in range(3):
        (place / "disk/db-a/x").write_text("x", encoding="ascii")
        looking.look()
    looking.end()
    told = [row for row in rows(place, "db-a") if row["op"] == "file_change"]
    assert [(row["action"], row["count"]) for row in told] == [("created", 1), ("written", 1), ("written", 2)]


def test_a_machine_that_hides_its_network_is_told_of_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(first: int, address: str) -> Network:
        raise PermissionError(first, address)

    monkeypatch.setattr(sensor, "Network", refuse)
    name(place, {"db-a": os.getpid()})
    looking = Sensor(place)
    looking.look()
    looking.look()
    looking.end()
    gaps = [(row["what"], row["reason"]) for row in rows(place, "db-a") if row["op"] == "gap"]
    assert gaps == [("connections", "unwatched")]


def test_a_sensor_that_came_late_says_so(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name(place, {"db-a": os.getpid()})
    looking = Sensor(place)
    looking.look()
    monkeypatch.setattr(sensor, "LATE_US", 0)
    looking.look()
    looking.end()
    gaps = [row for row in rows(place, "db-a") if row["op"] == "gap"]
    first = next(row for row in rows(place, "db-a") if row["op"] == "host")
    assert [(gap["what"], gap["reason"]) for gap in gaps] == [("processes", "late")] * 2
    assert gaps[0]["since_us"] == first["t_us"]
    # A host without power had nothing to miss.
    assert [row for row in rows(place, "db-b") if row["op"] == "gap"] == []


def test_the_sensor_ends_its_records_when_asked_to(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "nice", lambda _: 0)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        working = threading.Thread(target=sensor.work, args=(place, theirs))
        working.start()
        ours.send(b"end")
        assert ours.recv(32) == sensor.ENDED
        working.join()
    ends = {host: rows(place, host)[-1] for host in HOSTS}
    assert all(end["op"] == "counted" and end["ended"] for end in ends.values())
    assert all(end["rows"] == len(rows(place, host)) - 1 for host, end in ends.items())
