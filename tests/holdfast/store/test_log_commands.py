"""``holdfast log`` as a user types it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from holdfast.cli import log as commands
from holdfast.errors import HoldfastError
from holdfast.store.bundle import export
from tests.holdfast.store.conftest import Homes
from tests.holdfast.store.home import Home, phase
from tests.holdfast.store.test_tampering import signed_by_a_stranger

DEADLINE_S = 30


@pytest.fixture
def home(homes: Homes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Yield a log with four entries, and its bundle beside it; keys and anchors where the environment says."""
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    home = homes(tmp_path)
    home.fill((2,))
    with home.open() as log:
        export(log, tmp_path / "bundle")
    yield home
    home.leave()


def run(*arguments: object) -> Result:
    return CliRunner().invoke(commands.app, [*map(str, arguments)])


def test_init_begins_a_log_once(homes: Homes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path))
    place = homes(tmp_path).beginners_place
    begun = run("init", place, "--origin", "bank.example/drills")
    assert begun.exit_code == 0
    assert "the log bank.example/drills is in" in begun.stdout
    assert "it has 1 entry" in begun.stdout
    assert "its verifier key: bank.example/drills+" in begun.stdout
    again = json.loads(run("init", place, "--json").stdout)
    assert (again["origin"], again["entries"]) == ("bank.example/drills", 1)
    other = run("init", place, "--origin", "bank.example/others")
    assert isinstance(other.exception, HoldfastError)
    assert other.exception.code == "HF203"


def test_show_prints_each_entry_on_a_line(home: Home) -> None:
    for place in (home.place, home.base / "bundle"):
        shown = run("show", place)
        assert shown.exit_code == 0
        heading, *lines = shown.stdout.splitlines()
        assert "4 entries" in heading
        assert [line.split()[0] for line in lines] == ["0", "1", "2", "3"]
        assert [line.split()[3] for line in lines] == ["log.opened", *["phase.entered"] * 2, "evidence.attached"]
        # In a pipe nothing is cut: what is sought in it has to be there.
        assert '"1.0"' in lines[2] or '"0.1"' in lines[2]
        assert "AURUM.ndjson" in lines[3]


def test_show_prints_entries_as_they_were_hashed(home: Home) -> None:
    with home.open() as log:
        stored = [entry.data.decode() for entry in log.read_stored()]
    assert run("show", home.place, "--json").stdout.splitlines() == stored
    assert run("show", home.base / "bundle", "--json").stdout.splitlines() == stored
    assert run("show", home.place, "--json", "--after", 1).stdout.splitlines() == stored[2:]
    chosen = run("show", home.place, "--json", "--kind", "log.opened", "--kind", "evidence.attached")
    assert chosen.stdout.splitlines() == [stored[0], stored[3]]


def test_what_was_recorded_cannot_steer_the_terminal(home: Home) -> None:
    with home.open() as log:
        log.append([phase("\x1b[2J[bold]gone[/bold]\n")], actor="\x1b[31mred", subject="s")
    shown = run("show", home.place, "--after", 3)
    assert "\x1b" not in shown.stdout
    assert "[bold]gone" in shown.stdout


def test_an_unknown_kind_is_a_wrong_call(home: Home) -> None:
    assert run("show", home.place, "--kind", "weather.changed").exit_code == 2


def test_verify_says_what_holds(home: Home) -> None:
    log = run("verify", home.place)
    assert log.exit_code == 0
    assert home.key() in log.stdout.replace("\n", "")
    assert "4 entries acknowledged" in log.stdout
    assert "held" in log.stdout
    bundle = run("verify", home.base / "bundle", "--key", home.key())
    assert bundle.exit_code == 0
    assert "whether more was recorded since, it cannot say" in bundle.stdout
    key_file = next(home.outside.keys.glob("*.vkey"))
    machine = json.loads(run("verify", home.base / "bundle", "--key", key_file, "--json").stdout)
    assert (machine["held"], machine["size"], machine["key"], machine["findings"]) == (True, 4, home.key(), [])
    assert run("verify", home.place, "--against", home.base / "bundle").exit_code == 0


def test_verify_without_a_key_is_not_held(home: Home) -> None:
    verified = run("verify", home.base / "bundle")
    assert verified.exit_code == 1
    assert "NOT verified" in verified.stdout
    assert "unknown: whole in itself, but nobody's signature was verified" in verified.stdout


def test_verify_shows_every_problem(home: Home) -> None:
    home.sql("UPDATE entry SET data = ? WHERE seq = 1", b"\0")
    home.set_frontier(b"\0")
    verified = run("verify", home.place)
    assert verified.exit_code == 1
    assert "HF222 entry 1" in verified.stdout
    assert "HF218 frontier" in verified.stdout
    found = json.loads(run("verify", home.place, "--json").stdout)
    assert found["held"] is False
    assert [(finding["code"], finding["place"]) for finding in found["findings"]] == [
        ("HF222", "entry 1"),
        ("HF218", "frontier"),
    ]


def test_export_names_the_key_and_how_to_verify(home: Home) -> None:
    exported = run("export", home.base / "new", "--log", home.place)
    assert exported.exit_code == 0
    assert home.key() in exported.stdout
    command = exported.stdout.splitlines()[-1].split()
    assert command[:2] == ["python3", str(home.base / "new" / "verify.py")]
    verified = subprocess.run([sys.executable, command[1], command[2].strip("'")], timeout=DEADLINE_S, check=False)
    assert verified.returncode == 0
    home.drop_attachments()
    partly = run("export", home.base / "other", "--log", home.place, "--json")
    assert partly.exit_code == 1
    assert [problem["code"] for problem in json.loads(partly.stdout)["problems"]] == ["HF213"]


def test_an_older_copy_is_shown_and_exported_as_what_it_is(home: Home) -> None:
    with home.open() as log:
        digest = log.conceal("Ada Lovelace")
        log.append([phase("later")], actor="tester", subject="s")
    home.rewind(4)
    shown = run("show", home.place)
    assert shown.exit_code == 0
    assert "note: HF208 this log has 4 entries, but 5 were acknowledged" in shown.stderr
    assert len(shown.stdout.splitlines()) == 1 + 4
    assert run("reveal", digest, "--log", home.place).stdout == "Ada Lovelace\n"
    assert run("prove", 2, "--log", home.place).exit_code == 0
    exported = run("export", home.base / "older", "--log", home.place, "--json")
    assert exported.exit_code == 1
    assert [problem["code"] for problem in json.loads(exported.stdout)["problems"]] == ["HF208"]
    assert run("verify", home.base / "older", "--key", home.key()).exit_code == 0
    verified = run("verify", home.place)
    assert verified.exit_code == 1
    assert "HF208 anchor" in verified.stdout
    for change in (("erase", digest, "--why", "x", "--log", home.place), ("follow", home.place)):
        refused = run(*change).exception
        assert isinstance(refused, HoldfastError)
        assert refused.code == "HF208"


def test_verify_without_an_anchor_is_unknown_unless_a_bundle_stands_in(home: Home) -> None:
    for anchor in home.outside.anchors.iterdir():
        anchor.unlink()
    alone = run("verify", home.place)
    assert alone.exit_code == 1
    assert "unknown: all of it is what this key signed" in alone.stdout
    held = run("verify", home.place, "--against", home.base / "bundle")
    assert held.exit_code == 0
    assert "! HF228" in held.stdout
    assert "no anchor of this log" in run("show", home.place).stderr


def test_a_bundle_is_verified_against_an_older_one(home: Home) -> None:
    bundle = home.base / "bundle"
    assert run("verify", bundle, "--key", home.key(), "--against", bundle).exit_code == 0
    signed_by_a_stranger(home.base / "other", [b"{}"])
    assert run("verify", bundle, "--key", home.key(), "--against", home.base / "other").exit_code == 1


def test_nothing_in_a_bundle_of_a_stranger_steers_the_terminal(tmp_path: Path) -> None:
    """Nor is anything printed as JSON but the very bytes that were signed."""
    wild, named = "\x1b[2J\x9b31m\u202e", {"sha256": "0" * 64, "size_bytes": 1, "media_type": "x"}
    envelope: dict[str, object] = dict.fromkeys(("log", "clock_id", "kind", "actor", "os_user", "subject"), wild)
    envelope |= {"v": 1, "seq": 0, "at_utc_us": 1, "mono_us": 1, "cause": None}
    envelope["body"] = {wild: wild, "attached": {"name": wild, **named}}
    entry = json.dumps(envelope, ensure_ascii=True, indent=None).encode()
    key = signed_by_a_stranger(tmp_path / "b", [entry])
    proof = tmp_path / "0.tlog-proof"
    proof.write_bytes(run("prove", 0, "--log", tmp_path / "b").stdout_bytes)
    for printed in (
        run("show", tmp_path / "b"),
        run("verify", tmp_path / "b", "--key", key),
        run("check-proof", proof, "--key", key),
    ):
        assert printed.stdout
        assert all(c.isprintable() or c == "\n" for c in printed.stdout), printed.stdout
    assert run("show", tmp_path / "b", "--json").stdout == entry.decode() + "\n"


def test_follow_prints_new_entries_until_it_is_interrupted(home: Home) -> None:
    program = "from holdfast.cli import main; main()"
    command = [sys.executable, "-c", program, "log", "follow", str(home.place), "--after", "3", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"}) as follower:
        assert follower.stdout is not None
        try:
            with home.open() as log:
                for seq in (4, 5):
                    log.append([phase("news")], actor="tester", subject="s")
                    assert select.select([follower.stdout], [], [], DEADLINE_S)[0]
                    assert json.loads(follower.stdout.readline())["seq"] == seq
            follower.send_signal(signal.SIGINT)
            assert follower.wait(DEADLINE_S) == 0
        finally:
            follower.kill()
