"""What of a directory is read as a declaration: a file that is missing in silence would flatter the model."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from holdfast.cli.declaration import read_files
from holdfast.errors import EnvironmentProblem


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    (tmp_path / "bank.yaml").write_text("institution: Example Bank\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", ["people.yml", "PEOPLE.YAML", "People.Yml"])
def test_a_yaml_file_is_read_however_its_ending_is_written(bank: Path, name: str) -> None:
    (bank / name).write_text("people: {}\n", encoding="utf-8")
    assert read_files(bank) == ({"bank.yaml": b"institution: Example Bank\n", name: b"people: {}\n"}, "bank.yaml")


def test_a_folder_is_none_of_its_files_and_a_link_to_one_is(
    bank: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "sites.txt"
    elsewhere.write_text("sites: {}\n", encoding="utf-8")
    (bank / "old.yaml").mkdir()
    (bank / "sites.yaml").symlink_to(elsewhere)
    assert set(read_files(bank)[0]) == {"bank.yaml", "sites.yaml"}


def test_a_link_that_leads_nowhere_is_told(bank: Path) -> None:
    (bank / "people.yaml").symlink_to(bank / "moved.yaml")
    with pytest.raises(EnvironmentProblem, match=r"HF911.*people\.yaml"):
        read_files(bank)


def test_a_link_to_itself_is_told(bank: Path) -> None:
    (bank / "people.yaml").symlink_to(bank / "people.yaml")
    with pytest.raises(EnvironmentProblem, match="HF911"):
        read_files(bank)


def test_a_pipe_is_told_and_not_waited_for(bank: Path) -> None:
    os.mkfifo(bank / "people.yaml")
    with pytest.raises(EnvironmentProblem, match="HF911"):
        read_files(bank)
