"""Lock files of a PostgreSQL that went down with its host, and waiting."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from meridian.errors import MeridianError
from meridian.stack import launch


def locks(data: Path, sockets: Path) -> tuple[Path, Path]:
    """Write both lock files of a server, naming a process that is anything but a server: the first one."""
    data.mkdir()
    sockets.mkdir()
    written = (data / "postmaster.pid", sockets / ".s.PGSQL.5432.lock")
    for lock in written:
        lock.write_text("1\n")
    return written


def test_locks_of_a_world_that_is_gone_are_removed(tmp_path: Path) -> None:
    data, sockets = tmp_path / "data", tmp_path / "run"
    written = locks(data, sockets)
    (data / "PG_VERSION").write_text("18\n")
    launch.discard_stale_locks(data, sockets)
    assert not [lock for lock in written if lock.exists()]
    assert (data / "PG_VERSION").exists()


def test_locks_stay_while_any_process_works_in_the_directory(tmp_path: Path) -> None:
    data, sockets = tmp_path / "data", tmp_path / "run"
    written = locks(data, sockets)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd=data) as server:
        launch.discard_stale_locks(data, sockets)
        assert all(lock.exists() for lock in written)
        server.communicate(b"\n")
    launch.discard_stale_locks(data, sockets)
    assert not any(lock.exists() for lock in written)


def test_a_first_start_has_no_locks_and_no_directory(tmp_path: Path) -> None:
    launch.discard_stale_locks(tmp_path / "data", tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_waiting_ends_with_the_condition_or_with_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([False, False, True])
    launch.wait_for(lambda: next(answers), "the third look")
    monkeypatch.setattr(launch, "WAIT_LIMIT_S", 0.0)
    with pytest.raises(MeridianError, match="MR204 waited 0 s until pigs fly"):
        launch.wait_for(lambda: False, "pigs fly")
