"""``holdfast diff``: between two models, and between now and a revision."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.holdfast.cli.model_commands import holdfast
from tests.holdfast.model.declared import WHOLE

BANK = WHOLE[: WHOLE.index("scenarios:")].split("risk_acceptances:")[0]
STRICTER = BANK.replace("    rto: 2h", "    rto: 1h # sooner")
WIDER = BANK.replace("      duration: 4h", "      duration: 6h")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for name, text in (("old", BANK), ("stricter", STRICTER), ("wider", WIDER), ("same", f"# a comment\n{BANK}")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "bank.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_change_in_words_with_its_place(models: Path) -> None:
    done = holdfast("diff", models / "old", models / "stricter")
    assert (done.code, done.err) == (0, "")
    line = STRICTER.splitlines().index("    rto: 1h # sooner") + 1
    assert done.out.splitlines() == [
        "▲ medium    payments: RTO 2h → 1h, stricter",
        "            to be approved: tolerance:payments",
        f"            {models}/stricter/bank.yaml:{line}",
        "1 change: 1 strengthen; to be approved: tolerance:payments",
    ]


def test_nothing_of_meaning(models: Path) -> None:
    done = holdfast("diff", models / "old", models / "same")
    assert (done.code, done.out) == (0, "nothing of meaning changed: at most comments, order and writing\n")
    assert "nothing of meaning changed" in holdfast("diff", models / "old", models / "same", "--markdown").out
    assert json.loads(holdfast("diff", models / "old", models / "same", "--json").out)["changes"] == []


def test_for_programs(models: Path) -> None:
    found = json.loads(holdfast("diff", models / "old", models / "wider" / "bank.yaml", "--json").out)
    (change,) = found["changes"]
    assert found["old"] != found["new"]
    assert (change["weight"], change["effect"], change["approval"]) == ("critical", "weaker", "tolerance:payments")
    assert change["what"] == "impact tolerance: duration 4h → 6h, looser"
    assert change["means"] == ["longer than the MTPD of 4h"]


def test_for_a_review(models: Path) -> None:
    named = (models / "wider" / "bank.yaml").read_text().replace("title: Gateway", 'title: "*@ada* <b>|"')
    (models / "wider" / "bank.yaml").write_text(named)
    shown = holdfast("diff", models / "old", models / "wider", "--markdown").out
    assert shown.startswith("### What this change of the model means\n\n2 changes: 1 weaken")
    assert "**critical**\n\n- ▼ **payments**: impact tolerance: duration 4h → 6h, looser: *longer than" in shown
    # Nothing that a model says is Markdown, HTML or calls somebody.
    assert "title Gateway → \\*&#64;ada\\* &lt;b>\\|" in shown


def git(*arguments: str, cwd: Path) -> None:
    apart = {"PATH": os.environ["PATH"], "HOME": str(cwd), "GIT_CONFIG_NOSYSTEM": "1"}
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, *arguments], cwd=cwd, env=apart, check=True, capture_output=True)


@pytest.fixture
def repository(models: Path) -> Path:
    git("init", cwd=models)
    git("add", ".", cwd=models)
    git("commit", "-m", "a model", cwd=models)
    (models / "old" / "bank.yaml").write_text(STRICTER, encoding="utf-8")
    return models


@pytest.mark.parametrize("revision", ["HEAD", "main"])
def test_against_a_revision(repository: Path, revision: str) -> None:
    done = holdfast("diff", "--git", revision, repository / "old")
    assert (done.code, done.err) == (0, "")
    assert "payments: RTO 2h → 1h, stricter" in done.out
    assert "RTO 2h → 1h" in holdfast("diff", "--git", revision, repository / "old" / "bank.yaml").out
    assert "nothing of meaning" in holdfast("diff", "--git", revision, repository / "same").out


def test_only_the_folder_itself_is_read_from_a_revision(repository: Path) -> None:
    (repository / "old" / "below").mkdir()
    (repository / "old" / "below" / "other.yaml").write_text("institution: another")
    (repository / "old" / ".hidden.yaml").write_text("institution: another")
    (repository / "old" / "notes.txt").write_text("no")
    git("add", ".", cwd=repository)
    git("commit", "-m", "more", cwd=repository)
    assert "nothing of meaning" in holdfast("diff", "--git", "HEAD", repository / "old").out


@pytest.mark.parametrize("revision", ["nowhere", "--output=stolen", "HEAD:old", "HEAD~9"])
def test_a_revision_that_there_is_not(repository: Path, revision: str) -> None:
    done = holdfast("diff", f"--git={revision}", repository / "old")
    assert (done.code, done.out) == (2, "")
    assert "HF953" in done.err
    assert ("does not begin with a dash" in done.err) == revision.startswith("-")
    assert not list(repository.rglob("stolen"))


def test_a_folder_that_is_in_no_repository(models: Path) -> None:
    assert "HF953" in holdfast("diff", "--git", "HEAD", models / "old").err


def test_how_it_is_called(models: Path) -> None:
    assert "HF952" in holdfast("diff", models / "old").err
    assert "HF952" in holdfast("diff", models / "old", models / "same", "--git", "HEAD").err
    (models / "same" / "bank.yaml").write_text("institution: [")
    broken = holdfast("diff", models / "old", models / "same")
    assert (broken.code, "HF912" in broken.err) == (2, True)
    git("init", cwd=models)
    git("add", ".", cwd=models)
    git("commit", "-m", "broken", cwd=models)
    (models / "same" / "bank.yaml").write_text(BANK)
    assert "HF912" in holdfast("diff", "--git", "HEAD", models / "same").err
