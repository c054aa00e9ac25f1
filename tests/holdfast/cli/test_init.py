"""``holdfast init`` and ``schema``: a model to begin with that has nothing to remark, and what editors need."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from holdfast.cli import init
from tests.holdfast.commands import holdfast


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("begun") / "model"
    done = holdfast("init", directory)
    assert (done.code, done.err) == (0, "")
    assert f"a model of 5 files in {directory}" in done.out
    return directory


def test_the_model_has_nothing_to_remark(begun: Path) -> None:
    found = json.loads(holdfast("check", begun, "--json").out)
    assert found["findings"] == []
    # What is left is what nobody but its owner can do: break dependencies to see, and approve.
    assert {(each["code"], each["weight"]) for each in found["weaknesses"]} <= {("HF611", "low"), ("HF615", "low")}
    assert found["model"]["read"] | {"files": 5} == found["model"]["read"]


def test_the_risk_that_it_shows_how_to_bear_is_one_that_it_has(begun: Path, tmp_path: Path) -> None:
    for file in begun.glob("*.yaml"):
        text, marked, commented = file.read_text(encoding="utf-8").partition("# risk_acceptances:")
        shown = (marked + commented).replace("\n# ", "\n").removeprefix("# ")
        (tmp_path / file.name).write_text(text + shown, encoding="utf-8")
    done = holdfast("check", tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "1 borne" in done.out
    assert "HF622" not in done.out


def test_every_file_teaches_and_names_the_schema(begun: Path) -> None:
    for file in begun.glob("*.yaml"):
        lines = file.read_text(encoding="utf-8").splitlines()
        assert lines[0] == "# yaml-language-server: $schema=holdfast.schema.json"
        assert sum(line.lstrip().startswith("#") for line in lines) >= 4, file.name
        assert max(map(len, lines)) <= 120, file.name


def test_the_schema_beside_it_is_the_one_that_is_printed_and_takes_the_model(begun: Path) -> None:
    text = (begun / "holdfast.schema.json").read_text(encoding="utf-8")
    assert holdfast("schema").out == text
    editor = Draft202012Validator(json.loads(text))
    for file in begun.glob("*.yaml"):
        value = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - texts only
        assert list(editor.iter_errors(value)) == []


def test_what_init_proposes_next_works(begun: Path) -> None:
    done = holdfast("explain", "payments", "--model", begun)
    assert done.code == 0, done.err
    assert "ledger-north" in done.out


def test_its_dates_are_as_long_ago_whenever_one_begins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(init, "WRITTEN", datetime.now(UTC).date() - timedelta(days=3_650))
    assert holdfast("init", tmp_path / "later").code == 0
    text = (tmp_path / "later" / "resources.yaml").read_text(encoding="utf-8")
    dates = [int(year) for year in re.findall(r"(\d{4})-\d{2}-\d{2}", text)]
    assert min(dates) >= 2033
    assert json.loads(holdfast("check", tmp_path / "later", "--json").out)["findings"] == []


def test_nothing_is_overwritten(begun: Path, tmp_path: Path) -> None:
    before = {file: file.read_bytes() for file in begun.iterdir()}
    assert holdfast("init", begun).code == 2
    assert "HF954" in holdfast("init", begun).err
    assert {file: file.read_bytes() for file in begun.iterdir()} == before
    file = tmp_path / "file"
    file.write_text("")
    assert "HF954" in holdfast("init", file).err
    assert "HF922" in holdfast("init", file / "model").err
    empty = tmp_path / "empty"
    empty.mkdir()
    assert holdfast("init", empty).code == 0
