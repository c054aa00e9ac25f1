"""``holdfast log prove`` and ``check-proof`` as a user types them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from holdfast.evidence.envelope import decode
from holdfast.store.bundle import export
from tests.holdfast.commands import Run, holdfast
from tests.holdfast.store.home import Home, phase


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Return a log of eight entries, with the bundle that it was at four."""
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path))
    home = Home(tmp_path)
    home.fill((2,))
    with home.open() as log:
        export(log, tmp_path / "bundle")
        log.append([phase("later")] * 4, actor="tester", subject="s")
    return home


def run(*arguments: object) -> Run:
    return holdfast("log", *arguments)


def test_a_proof_travels_in_a_file(home: Home) -> None:
    older = home.base / "bundle" / "checkpoint"
    file = home.base / "2.tlog-proof"
    proven = run("prove", 2, "--log", home.log, "--since", older)
    assert proven.code == 0
    file.write_text(proven.out)
    checked = run("check-proof", file, "--key", home.key())
    assert checked.code == 0
    first, second, entry = checked.out.splitlines()
    assert "entry 2 of the 8" in first
    assert "the first 4 of them" in second
    assert decode(entry.encode()).seq == 2
    file.write_text(proven.out.replace("index 2", "index 3"))
    assert run("check-proof", file, "--key", home.key()).error == "HF238"
    file.write_text("no proof")
    assert run("check-proof", file, "--key", home.key()).error == "HF236"


def test_the_key_is_always_given(home: Home) -> None:
    file = home.base / "2.tlog-proof"
    file.write_text(run("prove", 2, "--log", home.log).out)
    assert run("check-proof", file).code == 2
    assert run("check-proof", file, "--key", "what?").error == "HF217"
    key_file = next(home.outside.keys.glob("*.vkey"))
    assert run("check-proof", file, "--key", key_file).code == 0


def test_a_bundle_proves_what_it_holds(home: Home) -> None:
    bundle = home.base / "bundle"
    file = home.base / "3.tlog-proof"
    file.write_text(run("prove", 3, "--log", bundle).out)
    assert "entry 3 of the 4" in run("check-proof", file, "--key", home.key()).out
    assert file.read_text() == run("prove", 3, "--log", home.log, "--size", 4).out
    assert run("prove", 4, "--log", bundle).error == "HF237"


def test_the_parts_of_a_proof_for_a_program(home: Home) -> None:
    older = home.base / "bundle" / "checkpoint"
    parts = json.loads(run("prove", 0, "--log", home.log, "--since", older, "--json").out)
    assert (parts["index"], parts["size"], len(parts["hashes"])) == (0, 8, 3)
    assert all(len(base64.b64decode(each)) == 32 for each in (parts["root"], parts["leaf_hash"], *parts["hashes"]))
    assert parts["since"]["checkpoint"] == older.read_text()
    file = home.base / "0.tlog-proof"
    file.write_text(run("prove", 0, "--log", home.log, "--since", older).out)
    assert json.loads(run("check-proof", file, "--key", home.key(), "--json").out) == {"held": True, **parts}


def test_what_cannot_be_proven_or_read(home: Home) -> None:
    assert run("prove", 8, "--log", home.log).error == "HF237"
    assert run("prove", 0, "--log", home.log, "--size", 5).error == "HF237"
    assert run("prove", 0, "--log", home.log, "--since", home.base / "nothing").error == "HF924"
    assert run("check-proof", home.base / "nothing", "--key", home.key()).error == "HF924"
