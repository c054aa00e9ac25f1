"""``holdfast approve``: recorded for good, listed with what changed, withdrawn with a reason; no name in the log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from holdfast.store.opening import open_log
from tests.holdfast.commands import Run, holdfast

ADA = "Ada de Vries"


@dataclass(frozen=True, slots=True)
class Desk:
    """A model and a log, and the command on both."""

    home: Path

    @property
    def model(self) -> Path:
        return self.home / "model"

    @property
    def log(self) -> Path:
        return self.home / "evidence"

    def approve(self, *arguments: str) -> Run:
        places = ("--model", self.model, "--log", self.log)
        return holdfast("approve", *arguments, *places, state=self.home / "state")

    def decided(self, *subjects: str, body: str = "Risk Committee", on: str = "2026-11-20") -> Run:
        return self.approve(*subjects, "--body", body, "--on", on)

    def listed(self) -> dict[str, dict[str, Any]]:
        found = json.loads(self.approve("--list", "--json").out)["subjects"]
        return {each["subject"]: each for each in found}

    def change(self, old: str, new: str, file: str = "services.yaml") -> None:
        text = (self.model / file).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (self.model / file).write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    assert holdfast("init", tmp_path / "model").code == 0
    return Desk(tmp_path)


def test_what_is_approved_is_recorded_with_its_declaration(desk: Desk) -> None:
    done = desk.approve(
        *("tolerance:payments", "scenario:north-lost", "--body", "Risk Committee", "--on", "2026-11-20"),
        *("--by", "head-of-payments", "--minutes", "RC-2026-11/4", "--json"),
    )
    assert (done.code, done.err) == (0, "")
    recorded = json.loads(done.out)["approved"]
    assert [each["subject"] for each in recorded] == ["tolerance:payments", "scenario:north-lost"]
    with open_log(desk.log) as log:
        (entry,) = (each for each in log.read() if each.seq == recorded[0]["entry"])
        assert entry.kind == "approval.recorded"
        assert entry.body["by"] == "head-of-payments"
        assert entry.body["minutes"] == "RC-2026-11/4"
        declared = json.loads(log.attachment(recorded[0]["digest"]))
    assert declared["subject"] == "tolerance:payments"
    assert declared["declared"]["rto_ms"] == 7_200_000
    assert holdfast("log", "verify", desk.log, state=desk.home / "state").code == 0


def test_before_anything_is_recorded_the_list_says_what_can_be_approved(desk: Desk) -> None:
    shown = holdfast("approve", "--list", "--model", desk.model, cwd=desk.home)
    assert (shown.code, shown.err) == (0, "")
    assert "✗ tolerance:payments         unapproved" in shown.out.splitlines()
    assert shown.out.splitlines()[-1] == "record: none yet, for there is no log in evidence"
    listed = json.loads(holdfast("approve", "--list", "--json", "--model", desk.model, cwd=desk.home).out)
    assert {each["standing"] for each in listed["subjects"]} == {"unapproved"}
    assert not (desk.home / "evidence").exists()
    # A log that was named and is not there is a mistake.
    assert desk.approve("--list").error == "HF201"


def test_an_approval_that_nobody_vouches_for_does_not_count(desk: Desk) -> None:
    """Anybody can make a log, and a bundle of it, in which a body approved everything."""
    forger = desk.home / "forger"
    where = ("--model", desk.model, "--log", desk.home / "forged")
    decided = ("--body", "Board", "--on", "2026-11-20")
    assert holdfast("approve", "tolerance:payments", *decided, *where, state=forger).code == 0
    bundle = desk.home / "bundle"
    assert holdfast("log", "export", bundle, "--log", desk.home / "forged", state=forger).code == 0
    for place in (desk.home / "forged", bundle):
        told = holdfast("explain", "payments", "--model", desk.model, "--log", place)
        assert told.err.startswith("note: HF220")
        assert "approved by Board" not in told.out
        assert "unapproved" in told.out
    listed = holdfast("approve", "--list", "--json", "--model", desk.model, "--log", bundle)
    assert json.loads(listed.out)["record"] == {"entries": 2, "signed_by": None, "held": False}
    assert json.loads(desk.approve("tolerance:payments", *decided, "--json").out)
    assert json.loads(desk.approve("--list", "--json").out)["record"]["held"] is True
    assert "approved by Board" in holdfast("explain", "payments", "--model", desk.model, "--log", desk.log).out


def test_a_log_that_begins_with_an_approval_is_told(desk: Desk) -> None:
    """Whoever mistypes the name of the log would otherwise not notice."""
    assert f"began in {desk.log}" in desk.decided("tolerance:payments").out
    assert "began" not in desk.decided("scenario:north-lost").out


def test_a_folder_of_that_name_is_no_log(desk: Desk) -> None:
    (desk.home / "evidence").mkdir()
    for command in (("explain", "payments", "--model", desk.model), ("check", desk.model)):
        assert holdfast(*command, cwd=desk.home).code == 0


def test_a_machine_without_an_anchor_reads_approvals_and_says_what_it_does_not_know(desk: Desk) -> None:
    assert desk.decided("tolerance:payments").code == 0
    for anchor in (desk.home / "state" / "anchors").iterdir():
        anchor.unlink()
    listed = desk.approve("--list")
    assert "✓ tolerance:payments" in listed.out
    assert "whether there were more cannot be told" in listed.out


def test_the_name_of_a_person_is_not_in_the_log_and_can_be_erased(desk: Desk) -> None:
    done = desk.approve("tolerance:payments", "--body", "Board", "--on", "2026-11-20", "--by", ADA, "--json")
    (recorded,) = json.loads(done.out)["approved"]
    assert len(recorded["by"]) == 64
    with open_log(desk.log) as log:
        assert ADA not in json.dumps([entry.body for entry in log.read()])
        assert log.revealed(recorded["by"]) == ADA
    erased = holdfast("log", "erase", recorded["by"], "--why", "asked", "--log", desk.log, state=desk.home / "state")
    assert erased.code == 0, erased.err
    assert desk.listed()["tolerance:payments"]["standing"] == "approved"


def test_the_list_says_what_is_approved_and_what_changed_since(desk: Desk) -> None:
    assert desk.decided("tolerance:payments", "scenario:carrier-out").code == 0
    assert {subject: each["standing"] for subject, each in desk.listed().items()} == {
        "tolerance:payments": "approved",
        "scenario:north-lost": "unapproved",
        "scenario:ledger-corrupted": "unapproved",
        "scenario:carrier-out": "approved",
    }
    desk.change("rto: 2h", "rto: 3h")
    desk.change("failed_share: 1%", "failed_share: 2%")
    desk.change("p50: 6h, p95: 24h", "p50: 6h, p95: 30h", "scenarios.yaml")
    desk.change("title: Data centre North", "title: Northern data centre", "institution.yaml")
    found = desk.listed()
    assert found["tolerance:payments"]["changes"] == ["impact tolerance, failed share: 1% → 2%", "rto: 2h → 3h"]
    assert found["scenario:carrier-out"]["changes"] == ["hits carrier-one, lasts, p95: 1d → 30h"]
    shown = desk.approve("--list").out
    assert "! tolerance:payments" in shown
    assert "changed since it was approved by Risk Committee on 2026-11-20 (entry 1)" in shown
    assert "    rto: 2h → 3h" in shown
    assert "2 unapproved, 2 changed since" in shown
    assert desk.decided("tolerance:payments", on="2026-11-21").code == 0
    assert desk.listed()["tolerance:payments"]["standing"] == "approved"


def test_without_what_was_approved_nobody_says_what_changed(desk: Desk) -> None:
    recorded = json.loads(desk.approve("tolerance:payments", "--body", "B", "--on", "2026-11-20", "--json").out)
    desk.change("rto: 2h", "rto: 3h")
    (desk.log / "attachments" / recorded["approved"][0]["digest"]).unlink()
    (change,) = desk.listed()["tolerance:payments"]["changes"]
    assert "HF213" in change


def test_withdrawing_takes_a_reason_and_an_approval(desk: Desk) -> None:
    assert desk.decided("tolerance:payments").code == 0
    said = ("--withdraw", "--body", "Board", "--on", "2026-11-21")
    assert "HF957" in desk.approve("tolerance:payments", *said).err
    nothing = desk.approve("scenario:north-lost", "tolerance:payments", *said, "--why", "a mistake")
    assert (nothing.code, "HF958" in nothing.err) == (1, True)
    assert desk.listed()["tolerance:payments"]["standing"] == "approved"
    done = desk.approve("tolerance:payments", *said, "--why", "a mistake")
    assert done.code == 0, done.err
    assert "the approval of entry 1 is withdrawn, by entry 2" in done.out
    assert desk.listed()["tolerance:payments"]["standing"] == "unapproved"
    assert "HF958" in desk.approve("tolerance:payments", *said, "--why", "again").err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("tolerance:payment", "scenario:north-lots", "--body", "B", "--on", "2026-11-20"), "HF956"),
        (("--body", "B", "--on", "2026-11-20"), "HF956"),
        (("tolerance:payments", "--on", "2026-11-20"), "HF957"),
        (("tolerance:payments", "--body", "  ", "--on", "2026-11-20"), "HF957"),
        (("tolerance:payments", "--body", "a\x1bb", "--on", "2026-11-20"), "HF957"),
        (("tolerance:payments", "--body", "B"), "HF957"),
        (("tolerance:payments", "--body", "B", "--on", "2026-02-30"), "HF957"),
        (("tolerance:payments", "--body", "B", "--on", "2999-01-01"), "HF957"),
        (("tolerance:payments", "--body", "B", "--on", "2026-11-20", "--by", ""), "HF972"),
    ],
)
def test_what_cannot_be_recorded_is_refused_and_nothing_is(desk: Desk, arguments: tuple[str, ...], code: str) -> None:
    done = desk.approve(*arguments)
    assert (done.code, done.out) == (2, "")
    assert code in done.err
    if code == "HF956" and "tolerance:payment" in arguments:
        assert '"tolerance:payment", "scenario:north-lots"' in done.err
        assert "Did you mean scenario:north-lost and tolerance:payments?" in done.err
    if desk.log.exists():
        with open_log(desk.log) as log:
            assert [entry.kind for entry in log.read()] == ["log.opened"]


def test_a_model_with_errors_is_not_approved(desk: Desk) -> None:
    desk.change("rto: 2h", "rto: soon")
    assert "HF912" in desk.decided("tolerance:payments").err
    assert not desk.log.exists()


def test_explain_says_who_approved_it(desk: Desk) -> None:
    assert desk.decided("tolerance:payments").code == 0
    places = ("--model", desk.model, "--log", desk.log)
    shown = holdfast("explain", "payments", *places, state=desk.home / "state").out
    assert "approval of its limits" in shown
    assert "approved by Risk Committee on 2026-11-20 (entry 1)" in shown
