"""``holdfast log reveal`` and ``erase`` as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from holdfast.cli import log as commands
from holdfast.errors import HoldfastError
from tests.holdfast.store.home import Home

NAME = "Ada Lovelace \x1b[31m"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path))
    return Home(tmp_path)


def run(*arguments: object) -> Result:
    app = typer.Typer()
    commands.register(app)
    return CliRunner().invoke(app, ["log", *map(str, arguments)])


def refused(result: Result) -> HoldfastError:
    """Return the error that ended a command."""
    assert isinstance(result.exception, HoldfastError), result.output
    return result.exception


def test_revealed_then_erased(home: Home) -> None:
    with home.open() as log:
        digest, other = log.conceal(NAME), log.conceal("Charles Babbage")
    revealed = run("reveal", digest, "--log", home.log)
    assert revealed.exit_code == 0
    assert revealed.stdout.startswith("Ada Lovelace")
    assert "\x1b" not in revealed.stdout
    exact = run("reveal", digest, "--log", home.log, "--json")
    assert json.loads(exact.stdout) == {"digest": digest, "text": NAME}
    assert run("erase", digest, "--log", home.log).exit_code == 2
    erased = run("erase", digest, "--log", home.log, "--why", "retention ended", "--by", "privacy-officer")
    assert erased.exit_code == 0
    assert "entry 1" in erased.stdout
    gone = refused(run("reveal", digest, "--log", home.log))
    assert (gone.code, "entry 1" in gone.message, "retention ended" in gone.message) == ("HF925", True, True)
    assert json.loads(run("erase", other, other, "--log", home.log, "--why", "x", "--json").stdout) == {
        "seq": 2,
        "digests": [other],
    }
    with home.open() as log:
        assert [entry.actor for entry in log.read(after=0)] == ["privacy-officer", "operator"]


def test_what_was_never_kept(home: Home) -> None:
    home.open().close()
    unknown = refused(run("reveal", "0" * 64, "--log", home.log))
    assert (unknown.code, "nothing is kept" in unknown.message) == ("HF925", True)
    assert refused(run("erase", "0" * 64, "--log", home.log, "--why", "x")).code == "HF234"


def test_a_bundle_reveals_only_what_was_exported_with_it(home: Home) -> None:
    with home.open() as log:
        digest = log.conceal(NAME)
    plain, told = home.base / "plain", home.base / "told"
    assert json.loads(run("export", plain, "--log", home.log, "--json").stdout)["personal"] == 0
    exported = run("export", told, "--log", home.log, "--with-personal-data")
    assert exported.exit_code == 0
    assert "1 values of personal data" in exported.stdout
    assert refused(run("reveal", digest, "--log", plain)).code == "HF925"
    assert json.loads(run("reveal", digest, "--log", told, "--json").stdout)["text"] == NAME
