"""Base backups of a real PostgreSQL: pulled, verified, kept, thrown away, recorded. And the doors of what is kept."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from meridian.vault import base, doors, manifest
from meridian.vault.base import Shelf, Source
from meridian.vault.manifest import MANIFEST
from tests.meridian.ledger_server import PASSWORD, Server, alone, wait_for


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with alone() as running:
        running.configure(wal_keep_size="256MB", synchronous_standby_names="")
        wait_for(lambda: running.ask("SHOW synchronous_standby_names") == [("",)])
        # The rate spares a range; here it would only take time.
        with patch.object(base, "RATE_KB_PER_S", 1_000_000):
            yield running


@pytest.fixture
def wal(server: Server, tmp_path: Path) -> Iterator[Path]:
    """Keep the log as the vault does, in a directory."""
    directory = tmp_path / "wal"
    directory.mkdir()
    target = f"host={server.directory} port={server.port} user=vault"
    line = [str(server.program / "pg_receivewal"), "-D", str(directory), "-d", target, "--no-loop", "-s", "1"]
    environment = {**os.environ, "PGPASSWORD": PASSWORD}
    with subprocess.Popen(line, env=environment, stderr=subprocess.DEVNULL) as receiver:
        # It begins with the first that is written after it came.
        wait_for(lambda: server.ask("SELECT pg_logical_emit_message(false, '', '')") and any(directory.iterdir()))
        yield directory
        receiver.terminate()


@pytest.fixture
def source(server: Server) -> Source:
    return Source(server.program / "pg_basebackup", [str(server.directory)], server.port, PASSWORD)


@pytest.fixture
def shelf(source: Source, wal: Path, tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "base", wal, source)


def test_a_backup_is_pulled_verified_and_recorded(shelf: Shelf, wal: Path) -> None:
    done = shelf.back_up("a test")
    assert (done.result, done.reason, done.role, done.timeline) == ("verified", None, "leader", 1)
    assert done.by == "a test"
    assert done.begun_utc_us is not None
    assert done.begun_utc_us < done.ended_utc_us
    (kept,) = shelf.kept()
    assert kept.name == done.name
    assert manifest.problems(kept, wal) == []
    (row,) = shelf.rows()
    assert row["manifest_sha256"] == manifest.sha256((kept / MANIFEST).read_bytes())
    assert row["size_bytes"] == sum(path.stat().st_size for path in kept.rglob("*") if path.is_file()) - (
        (kept / MANIFEST).stat().st_size
    )
    # What PostgreSQL itself wrote, altered in each of the ways that count.
    relation = max((kept / "base").rglob("[0-9]*"), key=lambda path: path.stat().st_size)
    content = relation.read_bytes()
    relation.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert [problem.endswith("its SHA-256 differs") for problem in manifest.problems(kept, wal)] == [True]
    relation.write_bytes(content)
    (kept / "recovery.signal").touch()
    assert manifest.problems(kept, wal) == ["recovery.signal is not in the manifest"]
    (kept / "recovery.signal").unlink()
    assert manifest.problems(kept, kept) != []


def test_only_so_many_are_kept_and_no_log_from_before_them(shelf: Shelf, wal: Path) -> None:
    with patch.object(base, "KEPT", 1):
        names = [shelf.back_up("a test").name for _ in range(2)]
    assert [path.name for path in shelf.kept()] == names[1:]
    assert shelf.rows()[-1]["removed"] == names[:1]
    needed = manifest.read((shelf.kept()[0] / MANIFEST).read_bytes()).ranges[0].start // manifest.SEGMENT_BYTES
    assert {manifest.segment_number(path.name) for path in wal.iterdir()} >= {needed}
    assert all(manifest.segment_number(path.name) >= needed for path in wal.iterdir())
    assert all(manifest.problems(path, wal) == [] for path in shelf.kept())


def test_a_corrupt_page_fails_the_backup_and_the_older_one_stays(shelf: Shelf, server: Server) -> None:
    older = shelf.back_up("a test").name
    server.ask("CREATE TABLE cold AS SELECT generate_series(1, 5000) AS number")
    server.ask("CHECKPOINT")
    ((path,),) = server.ask("SELECT pg_relation_filepath('cold')")
    page = server.data / str(path)
    with page.open("r+b") as file:
        file.seek(8192 + 4000)
        file.write(b"\xff" * 512)
    try:
        failed = shelf.back_up("a test")
    finally:
        server.ask("DROP TABLE cold")
    assert failed.result == "failed"
    assert "checksum" in str(failed.reason)
    assert [path.name for path in shelf.kept()] == [older]
    assert [row["result"] for row in shelf.rows()] == ["verified", "failed"]


def test_a_backup_is_only_taken_from_a_standby_to_which_the_log_reaches_back(
    source: Source, wal: Path, tmp_path: Path
) -> None:
    """One server plays both parts here; the vault's log begins where the receiver was started."""
    both = patch.object(Source, "server", lambda self, _: self.hosts[0])
    with both:
        assert Shelf(tmp_path / "reaches", wal, source).back_up("a test").role == "standby"
        with patch.object(Shelf, "_reaches_back", lambda *_: False):
            done = Shelf(tmp_path / "base", wal, source).back_up("a test")
    assert (done.result, done.role) == ("verified", "leader")
    shelf = Shelf(tmp_path / "base", wal, source)
    first = min(manifest.segment_number(path.name) for path in wal.iterdir())
    assert shelf._reaches_back(1, first * manifest.SEGMENT_BYTES)  # noqa: SLF001 - the rule itself
    assert not shelf._reaches_back(1, first * manifest.SEGMENT_BYTES - 1)  # noqa: SLF001
    assert not shelf._reaches_back(2, first * manifest.SEGMENT_BYTES)  # noqa: SLF001


def test_where_a_backup_begins_is_known_before_it_is_there(source: Source, tmp_path: Path) -> None:
    asked: list[tuple[int, int]] = []

    def too_short(timeline: int, start: int) -> bool:
        asked.append((timeline, start))
        return False

    with patch.object(base, "RATE_KB_PER_S", 1024), pytest.raises(base.LogTooShortError, match="it would begin at 0/"):
        source.pull(source.hosts[0], tmp_path / "incoming", "x", too_short)
    assert [timeline for timeline, _ in asked] == [1]


def test_a_log_that_stops_short_fails_the_backup(source: Source, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    shelf = Shelf(tmp_path / "base", nothing, source)
    with patch.object(base, "LOG_WAIT_S", 0.0):
        done = shelf.back_up("a test")
    assert "not verified: the write-ahead log has a gap" in str(done.reason)
    assert shelf.kept() == []


def test_a_server_that_is_not_there_and_a_password_that_is_wrong(source: Source, wal: Path, tmp_path: Path) -> None:
    for wrong in (replace(source, port=1), replace(source, password="wrong")):
        done = Shelf(tmp_path / "base", wal, wrong).back_up("a test")
        assert (done.result, done.reason) == ("failed", "no server answers")


def test_no_backup_is_begun_without_room_for_it(shelf: Shelf) -> None:
    usage = shutil.disk_usage("/")
    with patch("shutil.disk_usage", return_value=usage._replace(free=base.FREE_BYTES - 1)):
        done = shelf.back_up("a test")
    assert "bytes free, 268,435,456 are needed" in str(done.reason)


def test_what_was_broken_off_is_recorded_by_the_next_process(source: Source, wal: Path, tmp_path: Path) -> None:
    half = tmp_path / "base" / "incoming"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    shelf = Shelf(tmp_path / "base", wal, source)
    assert [row["reason"] for row in shelf.rows()] == ["broken off: the vault's process ended"]
    assert not half.exists()


def test_backups_come_at_intervals_and_sooner_after_one_that_failed(shelf: Shelf) -> None:
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            raise InterruptedError

    results = iter(("failed", "verified"))
    with (
        patch.object(Shelf, "back_up", lambda *_: base.Backup("x", next(results), None, "x", 0, 0)),
        pytest.raises(InterruptedError),
    ):
        base.keep(shelf, wait)
    assert waited == [base.FIRST_AFTER_S, base.AGAIN_AFTER_S, base.EVERY_S]


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class OverUnix(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        """Remember where."""
        super().__init__("vault", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, token: str = "", body: str | None = None
) -> tuple[int, bytes]:
    connection.request(method, path, body, {"Authorization": f"Bearer {token}"} if token else {})
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_an_operator_asks_for_a_backup(shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with serving(doors.operators(path, "secret", shelf)):
        assert ask(OverUnix(path), "GET", "/v1/backups")[0] == 401
        assert ask(OverUnix(path), "POST", "/v1/backups", "wrong", '{"by": "me"}')[0] == 401
        assert ask(OverUnix(path), "POST", "/v1/backups", "secret", "{}")[0] == 400
        status, said = ask(OverUnix(path), "POST", "/v1/backups", "secret", '{"by": "me"}')
        assert (status, json.loads(said)["by"]) == (201, "request of me")
        listed = json.loads(ask(OverUnix(path), "GET", "/v1/backups", "secret")[1])["backups"]
        assert [row["result"] for row in listed] == ["verified"]


def test_the_clean_room_reads_and_nobody_writes(tmp_path: Path) -> None:
    keep = tmp_path / "keep"
    (keep / "wal").mkdir(parents=True)
    (keep / "wal" / "a b").write_bytes(b"log")
    (tmp_path / "secret").write_text("x")
    (keep / "link").symlink_to(tmp_path / "secret")
    with serving(server := doors.readers(("127.0.0.1", 0), ["own"], keep)):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        assert ask(connection, "GET", "/v1/kept", "own") == (200, b'{"kept": {"wal/a%20b": 3}}')
        assert ask(connection, "GET", "/v1/kept/wal/a%20b", "own") == (200, b"log")
        for outside in ("../secret", "%2e%2e/secret", "link", "wal", "/etc/passwd", "%00"):
            assert ask(connection, "GET", f"/v1/kept/{outside}", "own")[0] == 404
        assert ask(connection, "GET", "/v1/kept/wal/a%20b")[0] == 401
        for method in ("POST", "PUT", "DELETE"):
            assert ask(connection, method, "/v1/kept/wal/a%20b", "own")[0] in {405, 501}
        connection.close()
