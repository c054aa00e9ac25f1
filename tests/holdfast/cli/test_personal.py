"""``holdfast log reveal`` and ``erase`` as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.holdfast.commands import Run, holdfast
from tests.holdfast.store.home import Home

NAME = "Ada Lovelace \x1b[31m"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path))
    return Home(tmp_path)


def run(*arguments: object) -> Run:
    return holdfast("log", *arguments)


def test_revealed_then_erased(home: Home) -> None:
    with home.open() as log:
        digest, other = log.conceal(NAME), log.conceal("Charles Babbage")
    revealed = run("reveal", digest, "--log", home.log)
    assert revealed.code == 0
    assert revealed.out.startswith("Ada Lovelace")
    assert "\x1b" not in revealed.out
    exact = run("reveal", digest, "--log", home.log, "--json")
    assert json.loads(exact.out) == {"digest": digest, "text": NAME}
    assert run("erase", digest, "--log", home.log).code == 2
    erased = run("erase", digest, "--log", home.log, "--why", "retention ended", "--by", "privacy-officer")
    assert erased.code == 0
    assert "entry 1" in erased.out
    gone = run("reveal", digest, "--log", home.log)
    assert (gone.error, "entry 1" in gone.err, "retention ended" in gone.err) == ("HF925", True, True)
    assert json.loads(run("erase", other, other, "--log", home.log, "--why", "x", "--json").out) == {
        "seq": 2,
        "digests": [other],
    }
    with home.open() as log:
        assert [entry.actor for entry in log.read(after=0)] == ["privacy-officer", "operator"]


def test_what_was_never_kept(home: Home) -> None:
    home.open().close()
    unknown = run("reveal", "0" * 64, "--log", home.log)
    assert (unknown.error, "nothing is kept" in unknown.err) == ("HF925", True)
    assert run("erase", "0" * 64, "--log", home.log, "--why", "x").error == "HF234"


def test_a_bundle_reveals_only_what_was_exported_with_it(home: Home) -> None:
    with home.open() as log:
        digest = log.conceal(NAME)
    plain, told = home.base / "plain", home.base / "told"
    assert json.loads(run("export", plain, "--log", home.log, "--json").out)["personal"] == 0
    exported = run("export", told, "--log", home.log, "--with-personal-data")
    assert exported.code == 0
    assert "1 value of personal data" in exported.out
    assert run("reveal", digest, "--log", plain).error == "HF925"
    assert json.loads(run("reveal", digest, "--log", told, "--json").out)["text"] == NAME
