"""``holdfast diff``: between two models, and between now and a revision."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.holdfast.commands import holdfast
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
    *told, summary = done.out.splitlines()
    assert told[:3] == [
        "▲ medium    payments: RTO 2h → 1h, stricter",
        "            to be approved: tolerance:payments",
        f"            {models}/stricter/bank.yaml:{line}",
    ]
    assert summary.startswith("1 change: 1 strengthens; ")
    assert summary.endswith("; to be approved: tolerance:payments")
    # An objective that is stricter can be out of reach: that is said as well.
    assert told[3].startswith("▼ medium    HF607, weak now: After the loss of ")


def test_what_was_removed_stood_in_the_older_one(models: Path) -> None:
    (models / "wider" / "bank.yaml").write_text("institution: Example Bank\n", encoding="utf-8")
    places = [line.strip() for line in holdfast("diff", models / "old", models / "wider").out.splitlines()]
    removed = [place.removesuffix(" before") for place in places if place.endswith(" before")]
    assert removed
    for place in removed:
        file, _, line = place.rpartition(":")
        assert file == f"{models}/old/bank.yaml"
        assert 0 < int(line) <= BANK.count("\n")


def test_what_is_weak_by_it_is_said_though_it_shows_far_from_what_changed(models: Path) -> None:
    """No word of the redundancy group changed, and it is none any more: its two hosts are at one site."""
    one_site = BANK.replace(
        "  db-b: {kind: host, environment: test, site: dc-b}",
        "  db-b: {kind: host, environment: test, site: dc-b, needs: [db-a]}",
    )
    apart = BANK.replace("    quorum: 2", "    quorum: 1").replace("needs: [line]\n    owner", "owner")
    together = one_site.replace("    quorum: 2", "    quorum: 1").replace("needs: [line]\n    owner", "owner")
    (models / "old" / "bank.yaml").write_text(apart, encoding="utf-8")
    (models / "same" / "bank.yaml").write_text(together, encoding="utf-8")
    found = json.loads(holdfast("diff", models / "old", models / "same", "--json").out)["weaknesses"]
    assert any("db-a" in each["subjects"] for each in found["new"])
    shown = holdfast("diff", models / "old", models / "same").out
    assert "weak now: " in shown
    assert "new weakness" in shown.splitlines()[-1]
    assert "**what is weak by it**" in holdfast("diff", models / "old", models / "same", "--markdown").out
    back = json.loads(holdfast("diff", models / "same", models / "old", "--json").out)["weaknesses"]
    assert back["gone"] == found["new"]
    assert "not found any more" in holdfast("diff", models / "same", models / "old").out


def test_what_is_only_called_otherwise_is_not_weak_by_that(models: Path) -> None:
    (models / "same" / "bank.yaml").write_text(BANK.replace("ledger-a", "ledger-one"), encoding="utf-8")
    found = json.loads(holdfast("diff", models / "old", models / "same", "--json").out)
    assert found["changes"]
    assert found["weaknesses"] == {"new": [], "worse": [], "gone": []}


def test_a_weakness_that_weighs_more_is_told(models: Path) -> None:
    """What is back within two hours and not within one is worse when one is the objective."""
    found = json.loads(holdfast("diff", models / "old", models / "stricter", "--json").out)["weaknesses"]
    assert {each["code"] for each in found["worse"]} == {"HF601"}
    assert "HF601, worse now: " in holdfast("diff", models / "old", models / "stricter").out
    back = json.loads(holdfast("diff", models / "stricter", models / "old", "--json").out)["weaknesses"]
    assert back["worse"] == []


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
    assert shown.startswith("### What this change of the model means\n\n2 changes: 1 weakens")
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


def test_a_link_in_a_revision_is_told_and_not_read_as_yaml(repository: Path) -> None:
    (repository / "old" / "more.yaml").symlink_to("../same/bank.yaml")
    git("add", ".", cwd=repository)
    git("commit", "-m", "a link", cwd=repository)
    (repository / "old" / "more.yaml").unlink()
    done = holdfast("diff", "--git", "HEAD", repository / "old")
    assert done.code == 2
    assert "HF953" in done.err
    assert "more.yaml is a link there" in done.err


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
