"""What becomes of files on the hosts' disks is told by its host, down to two levels and no deeper."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from meridian.telemetry.files import Files
from meridian.topology import HOSTS


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for part in ("disk/db-a", "hosts/db-a/log", "disk/vault", "hosts/vault/keep/journal"):
        (tmp_path / part).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def watched(place: Path) -> Iterator[Files]:
    watching = Files(place)
    yield watching
    watching.close()


def told(watched: Files) -> list[tuple[str, str, str]]:
    return [
        (host, str(each.members.get("action", each.members.get("reason"))), str(each.members.get("file_path")))
        for host, each in watched.look()
    ]


def test_a_change_of_a_setting_or_secret_is_told(place: Path, watched: Files) -> None:
    (place / "disk/db-a/secrets").mkdir()
    assert told(watched) == [("db-a", "created", "disk/db-a/secrets")]
    secret = place / "disk/db-a/secrets/own"
    secret.write_text("a", encoding="ascii")
    assert told(watched) == [("db-a", action, "disk/db-a/secrets/own") for action in ("created", "written")]
    secret.chmod(0o644)
    secret.rename(place / "disk/db-a/secrets/other")
    (place / "disk/db-a/secrets/other").unlink()
    assert told(watched) == [
        ("db-a", "attributes", "disk/db-a/secrets/own"),
        ("db-a", "moved_from", "disk/db-a/secrets/own"),
        ("db-a", "moved_to", "disk/db-a/secrets/other"),
        ("db-a", "deleted", "disk/db-a/secrets/other"),
    ]


def test_a_journal_is_silent_while_it_grows_and_told_when_somebody_else_cuts_it(place: Path, watched: Files) -> None:
    journal = place / "hosts/vault/keep/journal/settlement-a.ndjson"
    with journal.open("ab", buffering=0) as service:
        assert [action for _, action, _ in told(watched)] == ["created"]
        for _ in range(100):
            service.write(b"line\n")
        assert told(watched) == []
        with journal.open("r+b") as file:
            file.truncate(0)
        assert told(watched) == [("vault", "written", "hosts/vault/keep/journal/settlement-a.ndjson")]


def test_what_came_before_its_directory_was_watched_is_found(place: Path, watched: Files) -> None:
    (place / "disk/db-a/data/pgdata/base").mkdir(parents=True)
    (place / "disk/db-a/data/pgdata/postgresql.conf").touch()
    assert told(watched) == [
        ("db-a", "created", "disk/db-a/data"),
        ("db-a", "found", "disk/db-a/data/pgdata"),
        *(
            ("db-a", "found", f"disk/db-a/data/pgdata/{name}")
            for name in os.listdir(place / "disk/db-a/data/pgdata")  # noqa: PTH208 - in the kernel's order
        ),
    ]


def test_what_lies_deeper_is_not_told(place: Path, watched: Files) -> None:
    directory = place / "disk/db-a"
    for name in ("data", "pgdata", "base"):
        directory /= name
        directory.mkdir()
        assert len(told(watched)) == 1
    (directory / "1").touch()
    assert told(watched) == []


def test_a_directory_that_went_elsewhere_is_told_by_its_new_name(place: Path, watched: Files) -> None:
    (place / "disk/db-a/stack").mkdir()
    told(watched)
    (place / "disk/db-a/stack").rename(place / "disk/db-a/moved")
    assert ("db-a", "moved_to", "disk/db-a/moved") in told(watched)
    (place / "disk/db-a/moved/x").touch()
    assert ("db-a", "created", "disk/db-a/moved/x") in told(watched)


def test_a_directory_that_left_the_range_is_not_told_any_more(
    place: Path, watched: Files, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (place / "disk/db-a/stack").mkdir()
    told(watched)
    gone = (place / "disk/db-a/stack").rename(tmp_path_factory.mktemp("elsewhere") / "stack")
    assert told(watched) == [("db-a", "moved_from", "disk/db-a/stack")]
    (gone / "x").touch()
    assert told(watched) == []


def test_a_link_leads_nowhere(place: Path, watched: Files, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (place / "disk/db-a/link").symlink_to(elsewhere)
    told(watched)
    (elsewhere / "x").touch()
    assert told(watched) == []


def test_what_the_kernel_could_not_keep_is_a_gap_on_every_host(place: Path, watched: Files) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text(encoding="ascii"))
    one, other = place / "disk/db-a/x", place / "disk/db-a/y"
    one.touch()
    for _ in range(limit // 2 + 1):
        one.rename(other)
        one, other = other, one
    hosts = {host for host, reason, _ in told(watched) if reason == "overflow"}
    assert hosts == set(HOSTS)
