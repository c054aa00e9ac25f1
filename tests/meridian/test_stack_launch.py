"""Lock files of a PostgreSQL that went down with its host, and waiting."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from meridian.errors import MeridianError
from meridian.stack import launch
from meridian.stack.gateway import Gateway, NoAnswerError


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


@dataclass(slots=True)
class Etcd:
    """An etcd that is silent so often, and then answers; for ever silent with None."""

    host: str
    silent: int | None
    port: int = 2379

    def value(self, _: str) -> str | None:
        if self.silent == 0:
            return None
        self.silent = None if self.silent is None else self.silent - 1
        raise NoAnswerError(self.host)


def attached(*members: Etcd) -> dict[str, str]:
    return launch.attached(cast("list[Gateway]", members), "key")


def test_patroni_begins_with_the_etcd_of_its_own_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "LOOK_EVERY_S", 0.0)
    assert attached(Etcd("own", 3), Etcd("other", 0)) == {}
    monkeypatch.setattr(launch, "OWN_LIMIT_S", 0.0)
    said = attached(Etcd("own", None), Etcd("silent", None), Etcd("other", 0), Etcd("third", 0))
    assert said == {launch.ETCD_VARIABLE: "other:2379"}
    assert attached(Etcd("own", None), Etcd("silent", None)) == {}
