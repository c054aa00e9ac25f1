"""A machine that allows no namespaces is told so, with what would help; and what a host sees is worked out right."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from meridian.errors import MachineCannot
from meridian.host.room import covers, way
from meridian.host.trial import interpreter_fails
from meridian.keeper import isolation


def refuse(_: str) -> None:
    raise PermissionError(1, "unshare: Operation not permitted")


@pytest.mark.parametrize(
    ("setting", "value", "remedy"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "user.max_user_namespaces=10000"),
    ],
)
def test_the_setting_that_forbids_is_named_with_its_cure(
    monkeypatch: pytest.MonkeyPatch, setting: str, value: str, remedy: str
) -> None:
    monkeypatch.setattr(isolation, "isolate", refuse)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(isolation, "_reads", lambda path, text: (path, text) == (f"/proc/sys/{setting}", value))
    with pytest.raises(MachineCannot, match=r"MR101.*ordinary account.*not permitted") as refused:
        isolation.probe()
    assert remedy in refused.value.remedy
    assert refused.value.exit_code == 3


def test_root_without_capabilities_is_told_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "isolate", refuse)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(MachineCannot, match="root") as refused:
        isolation.probe()
    assert "CAP_SYS_ADMIN" in refused.value.remedy


def test_what_is_refused_is_kept_and_loopback_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "isolate", refuse)
    found = isolation.choose()
    assert found.mode == "loopback"
    assert "not permitted" in found.why
    assert "to change that" in found.why


def test_loopback_is_not_taken_for_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "isolate", refuse)
    with pytest.raises(MachineCannot, match=r"MR101.*not permitted"):
        isolation.choose("namespaces")
    assert isolation.choose("loopback") == isolation.Isolation("loopback", "it was asked for")


def test_servers_that_have_no_account_to_run_as_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: object) -> None:
        raise KeyError("not found")

    monkeypatch.setattr("pwd.getpwnam", nobody)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    with pytest.raises(MachineCannot, match=r"MR101.*list of accounts: not found"):
        isolation.choose("loopback")


def test_every_link_on_the_way_to_a_program_is_noted(tmp_path: Path) -> None:
    real = tmp_path / "versions" / "3.11.7"
    (real / "bin").mkdir(parents=True)
    (real / "bin" / "python").touch()
    (tmp_path / "versions" / "3.11").symlink_to("3.11.7")
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "python").symlink_to(tmp_path / "versions" / "3.11" / "bin" / ".." / "bin" / "python")
    links: dict[Path, str] = {}
    assert way(tmp_path / "venv" / "python", links) == real / "bin" / "python"
    assert set(links) >= {tmp_path / "venv" / "python", tmp_path / "versions" / "3.11"}
    assert links[tmp_path / "versions" / "3.11"] == "3.11.7"


def test_a_link_that_leads_to_itself_has_no_end(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="loop"):
        way(tmp_path / "loop", {})


def test_only_the_outermost_closed_directory_is_covered(tmp_path: Path) -> None:
    home = tmp_path / "home"
    deep = home / "versions" / "python"
    deep.mkdir(parents=True)
    home.chmod(0o700)
    deep.parent.chmod(0o700)
    found = covers([deep, home / "versions"])
    outside = {path for path in found if path.is_relative_to(tmp_path)}
    # Where the temporary directory is closed itself, that one is the outermost.
    assert outside == {home} or found.isdisjoint({home, deep.parent})
    assert len(found) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="not run: only root can become another account to try it as")
def test_an_interpreter_that_an_account_cannot_reach_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "python").symlink_to(sys.executable)
    monkeypatch.setattr("sys.executable", str(closed / "python"))
    reason = interpreter_fails(61001)
    assert reason is not None
    assert "61001" in reason
