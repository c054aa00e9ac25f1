"""``holdfast import`` as a user meets it: a fresh directory, the mapping, importing again, what is printed."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.holdfast.commands import holdfast
from tests.repository.tree import ROOT

EXAMPLES = ROOT / "examples" / "imports"


@pytest.fixture
def cmdb(tmp_path: Path) -> Path:
    """Return a fresh directory with an export."""
    for path in (EXAMPLES / "servicenow").iterdir():
        shutil.copy(path, tmp_path)
    return tmp_path


def test_an_export_becomes_a_declaration_that_checks(cmdb: Path) -> None:
    done = holdfast("import", "csv", "cmdb_ci.csv", "cmdb_rel_ci.csv", cwd=cmdb)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "cmdb_ci.csv: 35 rows, utf-8, commas, as assets"
    assert "mapping proposed: declaration/import/csv.yaml; 2 guesses in it end in ?" in lines
    assert "cmdb_rel_ci.csv      33         1              0      7" in done.out
    assert "      2  not in production" in lines
    assert "     34  new" in lines
    assert lines[-1] == "next: holdfast check declaration, and holdfast map declaration"
    assert max(map(len, lines)) <= 100
    written = sorted(str(path.relative_to(cmdb)) for path in (cmdb / "declaration").rglob("*") if path.is_file())
    assert written == [
        "declaration/import/csv.json",
        "declaration/import/csv.md",
        "declaration/import/csv.yaml",
        "declaration/imported-csv.yaml",
        "declaration/institution.yaml",
    ]
    assert holdfast("check", "declaration", cwd=cmdb).code == 0
    account = (cmdb / "declaration/import/csv.md").read_text(encoding="utf-8")
    assert "| cmdb_ci.csv, row 27 | host win-cust-99 | left | out of use; Retired |" in account


def test_an_edited_mapping_is_used_and_edits_survive(cmdb: Path) -> None:
    arguments = ("import", "csv", "cmdb_ci.csv", "cmdb_rel_ci.csv")
    holdfast(*arguments, cwd=cmdb)
    mapping, entries = cmdb / "declaration/import/csv.yaml", cmdb / "declaration/imported-csv.yaml"
    text = mapping.read_text(encoding="utf-8").replace(
        "u_cmdb_ci_mq_landing_zone: application?", "u_cmdb_ci_mq_landing_zone: information"
    )
    mapping.write_text(
        text.replace('"Shields::Shielded by": leave?', '"Shields::Shielded by": needed-by'), encoding="utf-8"
    )
    edited = entries.read_text(encoding="utf-8").replace("    rto: 2h  #", "    rto: 1h  # agreed in March; was")
    entries.write_text(edited, encoding="utf-8")
    done = holdfast(*arguments, cwd=cmdb)
    assert done.code == 0
    assert "mapping proposed" not in done.out
    assert mapping.read_text(encoding="utf-8").endswith(
        text[text.rindex("Shielded by") :].replace("leave?", "needed-by")
    )
    after = entries.read_text(encoding="utf-8")
    assert "    rto: 1h  # agreed in March; was" in after
    assert "  payment-files:\n    kind: information\n" in after
    assert "fw-edge-01" in after.partition("  pay-gateway:")[2].partition("needs: ")[2].partition("\n")[0]


def test_json_has_every_row(cmdb: Path) -> None:
    done = holdfast("import", "csv", "--json", "cmdb_ci.csv", "cmdb_rel_ci.csv", cwd=cmdb)
    said = json.loads(done.out)
    assert said["usable"] is True
    assert said["imported"]["files"]["cmdb_rel_ci.csv"] == {"taken": 33, "guessed": 1, "left in part": 0, "left": 7}
    rows = {(row["file"], row["at"]) for row in said["imported"]["rows"] if row["at"].startswith("row")}
    assert len(rows) == 35 + 41
    assert {"became", "why", "what", "file", "at"} == set(said["imported"]["rows"][0])


def test_a_plan_writes_nothing(cmdb: Path) -> None:
    done = holdfast("import", "csv", "--plan", "cmdb_ci.csv", cwd=cmdb)
    assert done.code == 0
    assert "nothing was written (--plan)" in done.out
    assert not (cmdb / "declaration").exists()


@pytest.mark.parametrize("source", ["compose", "kubernetes", "terraform", "backstage", "dora"])
def test_every_other_source_takes_a_directory(source: str, tmp_path: Path) -> None:
    done = holdfast("import", source, str(EXAMPLES / source), "--into", "bank", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert (tmp_path / f"bank/imported-{source}.yaml").is_file()
    assert max(map(len, done.out.replace(str(EXAMPLES), "").splitlines())) <= 100


def test_two_cmdbs_are_kept_apart_by_name(cmdb: Path) -> None:
    holdfast("import", "csv", "cmdb_ci.csv", cwd=cmdb)
    (cmdb / "paris.csv").write_text("name,class\nmainframe,mainframe\n", encoding="utf-8")
    done = holdfast("import", "csv", "paris.csv", "--name", "paris", cwd=cmdb)
    assert done.code == 0
    assert (cmdb / "declaration/imported-paris.yaml").read_text(encoding="utf-8").endswith("    kind: host\n")
    assert "hsm-01" in (cmdb / "declaration/imported-csv.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        (("nowhere.csv",), "HF930", 2),
        (("empty",), "HF930", 2),
        (("one/a.csv", "two/a.csv"), "HF930", 2),
        (("one/a.csv", "--into", "one/a.csv"), "HF931", 2),
        (("one/a.csv", "--name", "../x"), "HF932", 2),
    ],
)
def test_wrong_calls(arguments: tuple[str, ...], code: str, status: int, tmp_path: Path) -> None:
    for folder in ("one", "two", "empty"):
        (tmp_path / folder).mkdir()
    for folder in ("one", "two"):
        (tmp_path / folder / "a.csv").write_text("name,class\nx,server\n", encoding="utf-8")
    done = holdfast("import", "csv", *arguments, cwd=tmp_path)
    assert done.code == status
    assert code in done.err
    assert "remedy:" in done.err
    assert "Traceback" not in done.err


def test_what_cannot_be_read_leaves_everything_as_it_was(cmdb: Path) -> None:
    holdfast("import", "csv", "cmdb_ci.csv", cwd=cmdb)
    before = (cmdb / "declaration/imported-csv.yaml").read_bytes()
    (cmdb / "book.csv").write_bytes(b"PK\x03\x04")
    done = holdfast("import", "csv", "cmdb_ci.csv", "book.csv", cwd=cmdb)
    assert done.code == 1
    assert "HF150" in done.out
    assert done.out.endswith("✗ nothing was imported and nothing written\n")
    assert (cmdb / "declaration/imported-csv.yaml").read_bytes() == before
    mapping = cmdb / "declaration/import/csv.yaml"
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("host", "hosst", 1), encoding="utf-8")
    done = holdfast("import", "csv", "--json", "cmdb_ci.csv", cwd=cmdb)
    assert done.code == 1
    assert {finding["code"] for finding in json.loads(done.out)["findings"]} == {"HF152"}


def test_a_table_of_which_nothing_is_taken_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "animals.csv").write_text("animal;legs\ncat;4\n", encoding="utf-8")
    done = holdfast("import", "csv", "animals.csv", cwd=tmp_path)
    assert done.code == 1
    assert "      1  a table of which the mapping takes nothing" in done.out
    assert done.out.endswith("✗ no row was taken\n")


def test_a_declaration_that_does_not_check_is_said(cmdb: Path) -> None:
    (cmdb / "declaration").mkdir()
    (cmdb / "declaration/own.yaml").write_text("institution: Kestrel Bank\nsites: {x: {titel: y}}\n", encoding="utf-8")
    done = holdfast("import", "csv", "cmdb_ci.csv", cwd=cmdb)
    assert done.code == 1
    assert "declaration/own.yaml:2: HF105 error:" in done.out
    assert "✗ the declaration has 1 error" in done.out
    assert not (cmdb / "declaration/institution.yaml").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everything")
def test_a_directory_that_cannot_be_written(cmdb: Path) -> None:
    (cmdb / "declaration").mkdir(mode=0o555)
    done = holdfast("import", "csv", "cmdb_ci.csv", cwd=cmdb)
    assert done.code == 3
    assert "HF931" in done.err


def test_a_full_disk_leaves_everything_as_it_was(cmdb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is the longest file and the last: entries without it would count as written by hand for ever."""
    (cmdb / "a.csv").write_text("id,name,class\n1,web,server\n", encoding="utf-8")
    holdfast("import", "csv", "a.csv", cwd=cmdb)
    before = {path: path.read_bytes() for path in sorted((cmdb / "declaration").rglob("*")) if path.is_file()}
    (cmdb / "a.csv").write_text("id,name,class\n1,web,server\n2,db,database\n", encoding="utf-8")
    calls = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        done = holdfast("import", "csv", "a.csv", cwd=cmdb)
    assert (done.code, "HF931" in done.err) == (3, True)
    assert {path: path.read_bytes() for path in sorted((cmdb / "declaration").rglob("*")) if path.is_file()} == before
    assert "      1  new" in holdfast("import", "csv", "a.csv", cwd=cmdb).out


def test_a_link_stays_a_link(cmdb: Path) -> None:
    (cmdb / "declaration").mkdir()
    (cmdb / "elsewhere.yaml").write_text("", encoding="utf-8")
    (cmdb / "declaration/imported-csv.yaml").symlink_to(cmdb / "elsewhere.yaml")
    assert holdfast("import", "csv", "cmdb_ci.csv", cwd=cmdb).code == 0
    assert (cmdb / "declaration/imported-csv.yaml").is_symlink()
    assert "hsm-01" in (cmdb / "elsewhere.yaml").read_text(encoding="utf-8")


def test_files_of_one_name_in_many_folders(tmp_path: Path) -> None:
    for name in ("pay", "fx", ".git"):
        (tmp_path / "repositories" / name).mkdir(parents=True)
        text = f"kind: Component\nmetadata: {{name: {name.strip('.')}}}\nspec: {{type: service}}\n"
        (tmp_path / "repositories" / name / "catalog-info.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "repositories" / "README.md").write_text("x", encoding="utf-8")
    holdfast("import", "backstage", ".", cwd=tmp_path)
    # The second time there is a declaration beside what is imported.
    done = holdfast("import", "backstage", ".", cwd=tmp_path)
    assert done.code == 0
    assert "declaration" not in done.out.partition("rows of")[2].partition("entries in")[0]
    assert "not read, for they are no .yaml, .yml: 1 file, such as README.md" in done.out
    text = (tmp_path / "declaration/imported-backstage.yaml").read_text(encoding="utf-8")
    assert ("  fx:" in text, "  pay:" in text, "  git:" in text) == (True, True, False)
    assert "repositories/pay/catalog-info.yaml, line 1" in (tmp_path / "declaration/import/backstage.md").read_text(
        encoding="utf-8"
    )
