"""``holdfast gaps``: listed by what comes first, acted on by events, closed by an exercise and by nothing else."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from holdfast.evidence.envelope import event_of
from holdfast.evidence.events import EvidenceAttached, ExerciseOpened, LogOpened
from holdfast.store.bundle import export
from holdfast.store.opening import open_log
from tests.holdfast.commands import Run, holdfast
from tests.holdfast.drill import Drill, play
from tests.holdfast.measures.campaigns import lost
from tests.repository.tree import ROOT

LOST = "nothing-acknowledged-lost"
OWNER = "gold-commander"
SOON = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
LATER = (datetime.now(UTC) + timedelta(days=60)).date().isoformat()
NEVER = (datetime.now(UTC) + timedelta(days=900)).date().isoformat()


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    state = tmp_path / "state"
    monkeypatch.setenv("HOLDFAST_STATE", str(state))
    return state


@pytest.fixture
def place(tmp_path: Path, state: Path) -> Path:  # noqa: ARG001 - where keys are kept
    """Return a log with one drill that lost an instruction."""
    record_as(lost(small()), tmp_path / "evidence", "first")
    return tmp_path / "evidence"


def small(**changes: Any) -> Drill:  # noqa: ANN401 - members of a plan
    return play(scenario="primary-killed", rate_per_s=2.0, outage_us=2_000_000, with_day=False, **changes)


def record_as(drill: Drill, place: Path, exercise: str) -> None:
    """Write a drill into a log under a name of its own."""
    with open_log(place, create=True) as log:
        for envelope in drill.log():
            event = event_of(envelope)
            match event:
                case LogOpened():
                    continue
                case EvidenceAttached():
                    log.attach(event.attachment.name, drill.read(event.attachment.sha256), event.attachment.media_type)
                case ExerciseOpened():
                    log.attach(event.model.name, drill.read(event.model.sha256), event.model.media_type)
            own: Any = event
            log.append([replace(own, exercise=exercise)], actor="runner", subject=exercise)


def gaps(place: Path, *arguments: object) -> dict[str, dict[str, Any]]:
    found = json.loads(holdfast("gaps", "list", "--log", place, "--json", *arguments).out)
    return {each["check"]: each for each in found["gaps"]}


def act(place: Path, word: str, *arguments: object) -> Run:
    return holdfast("gaps", word, *arguments, "--log", place)


@pytest.mark.usefixtures("state")
def test_a_drill_that_held_leaves_no_gap(tmp_path: Path) -> None:
    record_as(small(), tmp_path / "evidence", "first")
    shown = holdfast("gaps", "--log", tmp_path / "evidence")
    assert (shown.code, shown.err) == (0, "")
    assert "no gap" in shown.out


def test_without_a_command_they_are_listed_with_what_closes_them(place: Path) -> None:
    shown = holdfast("gaps", "--log", place)
    assert shown.code == 1
    assert f"✗ open    critical  gross-settlement: primary-killed/{LOST}" in shown.out
    assert f"id first/{LOST}" in shown.out
    assert "owner: nobody, due " in shown.out
    assert "closes when it holds: holdfast drill primary-killed, due by the plan" in " ".join(shown.out.split())
    assert max(map(len, shown.out.splitlines())) <= 100
    assert shown.out == holdfast("gaps", "list", "--log", place).out


def test_what_is_overdue_is_to_be_escalated(place: Path) -> None:
    shown = holdfast("gaps", "--log", place, "--on", LATER)
    assert "! overdue critical" in shown.out
    assert "▲ escalate: overdue since" in shown.out


def test_an_owner_a_date_a_cause_and_a_note_are_recorded_and_shown(place: Path) -> None:
    said = act(place, "assign", f"primary-killed/{LOST}", "--owner", OWNER, "--due", SOON, "--cause", "a timer")
    assert (said.code, said.err) == (0, "")
    assert f"owner {OWNER}" in said.out
    assert act(place, "note", f"first/{LOST}", "seen in spring as well").code == 0
    one = gaps(place)[LOST]
    assert (one["owner"], one["due"], one["due_set"], one["cause"]) == (OWNER, SOON, True, "a timer")
    assert len(one["entries"]) == 2
    shown = holdfast("gaps", "--log", place).out
    assert "cause: a timer" in shown
    assert "note: seen in spring as well" in shown


@pytest.mark.parametrize(
    "said",
    [
        ("--due", LATER),
        ("--due", "soon"),
        ("--severity", "low"),
        ("--severity", "tiny", "--why", "x"),
        ("--owner", "nobody-there"),
        (),
    ],
)
def test_what_is_incomplete_or_lacks_its_reason_is_refused_and_not_recorded(place: Path, said: tuple[str, ...]) -> None:
    with open_log(place) as log:
        before = log.size()
    assert act(place, "assign", f"first/{LOST}", *said).error == "HF981"
    with open_log(place) as log:
        assert log.size() == before


def test_a_later_date_and_another_severity_with_their_reason_are_recorded(place: Path) -> None:
    said = act(place, "assign", f"first/{LOST}", "--due", LATER, "--severity", "low", "--why", "a lab fault")
    assert said.code == 0
    assert (gaps(place)[LOST]["severity"], gaps(place)[LOST]["due"]) == ("low", LATER)


def test_it_is_escalated_to_a_role_for_a_reason(place: Path) -> None:
    gap = f"first/{LOST}"
    assert act(place, "escalate", gap, "--why", "x").error == "HF981"
    assert act(place, "escalate", gap, "--to", OWNER).error == "HF981"
    done = act(place, "escalate", gap, "--to", OWNER, "--why", "nobody took it", "--by", "A. Person")
    assert (done.code, "A. Person is no role of the model: recorded as a person" in done.err) == (0, True)
    with open_log(place) as log:
        entry = log.read(log.size() - 2, 1)[0]
    assert entry.kind == "gap.escalated"
    assert entry.body["to"] == OWNER
    assert "Person" not in json.dumps(entry.body)


def test_no_word_of_anybody_closes_it_and_a_retest_that_holds_does(place: Path) -> None:
    assert set(holdfast("gaps", "--help").out.split()) >= {"list", "assign", "escalate", "accept", "note"}
    assert not {"close", "resolve", "done"} & set(holdfast("gaps", "--help").out.split())
    record_as(small(seed=8), place, "second")
    assert all(each["state"] == "closed" for each in gaps(place).values())
    assert gaps(place)[LOST]["closed_by"]["exercise"] == "second"
    shown = holdfast("gaps", "--log", place)
    assert (shown.code, f"primary-killed/{LOST}" in shown.out) == (0, False)
    assert "closed: primary-killed held on" in holdfast("gaps", "--all", "--log", place).out
    assert act(place, "note", f"first/{LOST}", "x").error == "HF983"


def test_a_gap_that_is_not_there_or_not_one_is_refused(place: Path) -> None:
    said = act(place, "note", "first/other", "x")
    assert (said.error, said.code) == ("HF980", 2)
    assert f"first/{LOST}" in said.err


def declared(tmp_path: Path, acceptance: str) -> Path:
    """Return the example with one more risk acceptance."""
    model = tmp_path / "model"
    model.mkdir()
    for file in (ROOT / "examples" / "meridian").glob("*.yaml"):
        text = file.read_text()
        if "\nrisk_acceptances:\n" in text:
            text = text.replace("\nrisk_acceptances:\n", f"\nrisk_acceptances:\n  known: {acceptance}\n")
        (model / file.name).write_text(text)
    return model


def bearing(until: str) -> str:
    about = f"gap: primary-killed/{LOST}, on: [gross-settlement]"
    return f"{{{about}, why: A patch comes., owner: chief-risk-officer, until: {until}}}"


def test_one_that_the_model_does_not_declare_is_not_accepted(place: Path) -> None:
    refused = act(place, "accept", f"first/{LOST}", "--body", "Board", "--on", "2026-11-20")
    assert refused.error == "HF982"
    assert f"gap: primary-killed/{LOST}" in refused.err


def test_it_is_borne_by_an_acceptance_that_a_body_approved(place: Path, tmp_path: Path) -> None:
    model = declared(tmp_path, bearing(NEVER))
    assert gaps(place, "--model", model)[LOST]["not_borne"] == "known would bear it and is unapproved"
    said = act(place, "accept", f"first/{LOST}", "--body", "Board", "--on", "2026-11-20", "--model", model)
    assert (said.code, said.err) == (0, "")
    shown = holdfast("gaps", "--log", place, "--model", model).out
    assert f"borne by chief-risk-officer until {NEVER} (known): A patch comes." in shown


def test_nothing_counts_that_stands_in_a_record_which_nobody_verified(place: Path, state: Path, tmp_path: Path) -> None:
    assert act(place, "assign", f"first/{LOST}", "--owner", OWNER).code == 0
    with open_log(place) as log:
        export(log, tmp_path / "bundle")
    (key,) = state.rglob("*.vkey")
    assert gaps(tmp_path / "bundle", "--key", key)[LOST]["owner"] == OWNER
    key.unlink()
    assert gaps(tmp_path / "bundle")[LOST]["owner"] is None
    assert "the record was not verified" in holdfast("gaps", "--log", tmp_path / "bundle").out


def test_an_older_log_is_read_with_the_one_that_continues_it(place: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    assert act(place, "assign", f"first/{LOST}", "--owner", OWNER).code == 0
    assert holdfast("log", "continue", place, new, "--why", "another server").code == 0
    alone = holdfast("gaps", "--log", new)
    assert alone.code == 0
    assert "its gaps are not here, give it with --older" in " ".join(alone.out.split())
    both = gaps(new, "--older", place)
    assert (both[LOST]["state"], both[LOST]["owner"]) == ("open", OWNER)
    assert act(new, "note", f"first/{LOST}", "still open", "--older", place).code == 0
    record_as(small(seed=8), new, "second")
    assert gaps(new, "--older", place)[LOST]["state"] == "closed"
    with open_log(tmp_path / "stranger", create=True):
        pass
    assert holdfast("gaps", "--log", new, "--older", tmp_path / "stranger").error == "HF241"


def test_an_older_log_that_was_restored_is_read_as_far_as_the_newer_one_links(place: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    shutil.copytree(place, backup)
    assert act(place, "assign", f"first/{LOST}", "--owner", OWNER).code == 0
    shutil.rmtree(place)
    backup.rename(place)
    new = tmp_path / "new"
    assert holdfast("log", "continue", place, new).code == 0
    both = gaps(new, "--older", place)
    assert (both[LOST]["state"], both[LOST]["owner"]) == ("open", None)
