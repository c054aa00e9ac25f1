"""``holdfast judge``: the same verdicts from a log's directory and, with no keys at hand, from an exported bundle."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.evidence.envelope import event_of
from holdfast.evidence.events import EvidenceAttached, ExerciseOpened, LogOpened
from holdfast.store.bundle import export
from holdfast.store.opening import open_log
from tests.holdfast.commands import holdfast
from tests.holdfast.drill import EXERCISE, SECOND, Drill, play


def record(drill: Drill, directory: Path) -> None:
    """Write a drill into a real log of its own."""
    with open_log(directory, create=True) as log:
        for envelope in drill.log():
            event = event_of(envelope)
            match event:
                case LogOpened():
                    continue
                case EvidenceAttached():
                    log.attach(event.attachment.name, drill.read(event.attachment.sha256), event.attachment.media_type)
                case ExerciseOpened():
                    log.attach(event.model.name, drill.read(event.model.sha256), event.model.media_type)
            log.append([event], actor="runner", subject=EXERCISE)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    state = tmp_path / "state"
    monkeypatch.setenv("HOLDFAST_STATE", str(state))
    return state


def test_a_log_and_its_bundle_on_another_machine_give_the_same_verdicts(tmp_path: Path, state: Path) -> None:
    place = tmp_path / "evidence"
    record(play(rate_per_s=4.0), place)
    here = holdfast("judge", place, "--json", state=state)
    with open_log(place) as log:
        export(log, tmp_path / "bundle")
    (key,) = state.rglob("*.vkey")
    there = holdfast("judge", tmp_path / "bundle", "--json", "--key", key, state=tmp_path / "elsewhere")
    assert (here.code, here.err) == (0, "")
    assert here.out == there.out
    (judged,) = json.loads(here.out)["exercises"]
    assert judged["verdict"] == "held"
    assert {check["answer"] for check in judged["checks"]} == {"held"}


def test_the_table_fits_a_hundred_columns_and_the_report_is_written(tmp_path: Path, state: Path) -> None:
    place, report = tmp_path / "evidence", tmp_path / "out" / "report.html"
    record(play(rate_per_s=4.0), place)
    shown = holdfast("judge", place, "--exercise", EXERCISE, "--report", report, state=state)
    assert shown.code == 0, shown.err
    assert "lose-dc-a: held" in shown.out
    table = [line for line in shown.out.splitlines() if "range, scaled" in line]
    assert len(table) == 13
    assert all(line.rstrip().endswith("✓ held") for line in table)
    assert max(map(len, shown.out.splitlines()[1:-1])) <= 100
    assert report.read_text().startswith("<!DOCTYPE html>")


def test_exit_status_and_reasons(tmp_path: Path, state: Path) -> None:
    place = tmp_path / "evidence"
    drill = play(rate_per_s=4.0)
    drill.omit.add("journal/settlement-b.ndjson")
    drill.table("account")[0]["balance_cents"] += 100
    record(drill, place)
    shown = holdfast("judge", place, state=state)
    assert shown.code == 1
    assert "debits-equal-credits: " in shown.out
    assert "money was made" in " ".join(shown.out.split())
    assert "✗ broken" in shown.out
    assert "? unknown" in shown.out


def test_a_loss_that_was_expected_and_did_not_come_is_not_as_expected(tmp_path: Path, state: Path) -> None:
    place = tmp_path / "evidence"
    drill = play(scenario="naive-client", with_day=False, rate_per_s=4.0, outage_us=8 * SECOND)
    record(drill, place)
    shown = holdfast("judge", place, state=state)
    assert "expected" in shown.out
    assert "held, not as expected" in shown.out


def test_what_cannot_be_judged_is_said(tmp_path: Path, state: Path) -> None:
    place = tmp_path / "evidence"
    nothing = holdfast("judge", place, state=state)
    assert nothing.code != 0
    assert "HF2" in nothing.err
    with open_log(place, create=True):
        pass
    assert "HF920" in holdfast("judge", place, state=state).err
    record(play(rate_per_s=1.0), place)
    wrong = holdfast("judge", place, "--exercise", "other", state=state)
    assert (wrong.code, "HF504" in wrong.err) == (2, True)
    assert "Traceback" not in wrong.err


def test_a_report_is_of_one_exercise_and_goes_where_it_can(tmp_path: Path, state: Path) -> None:
    place = tmp_path / "evidence"
    record(play(rate_per_s=1.0), place)
    with open_log(place) as log:
        opened = event_of(play(rate_per_s=1.0).log()[1])
        assert isinstance(opened, ExerciseOpened)
        log.append([replace(opened, exercise="ex-0002")], actor="runner", subject="ex-0002")
    assert "HF921" in holdfast("judge", place, "--report", tmp_path / "r.html", state=state).err
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert "HF922" in holdfast("judge", place, "--exercise", EXERCISE, "--report", blocked / "r", state=state).err
    both = holdfast("judge", place, state=state)
    assert both.code == 1
    assert "invalid (the target was never shown to be armed)" in both.out


def test_a_record_that_was_altered_is_not_judged(tmp_path: Path, state: Path) -> None:
    record(play(), tmp_path / "evidence")
    with open_log(tmp_path / "evidence") as log:
        export(log, tmp_path / "bundle")
    (key,) = state.rglob("*.vkey")
    honest = holdfast("judge", tmp_path / "bundle", "--key", key, state=state)
    assert "every one as signed by" in honest.out
    assert "not verified" in holdfast("judge", tmp_path / "bundle", state=state).out
    entries = next((tmp_path / "bundle" / "tile" / "entries").rglob("*.p/*"))
    data = bytearray(entries.read_bytes())
    data[len(data) // 2] ^= 1
    entries.write_bytes(data)
    altered = holdfast("judge", tmp_path / "bundle", "--key", key, state=state)
    assert altered.code == 1
    assert "HF923" in altered.err
    assert "restored-within-rto" not in altered.out
