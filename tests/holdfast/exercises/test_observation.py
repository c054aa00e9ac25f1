"""Records enter the log whole or not at all, each file by its digest with where it is from, and never twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.errors import EnvironmentProblem, HoldfastError, UsageError
from holdfast.evidence.envelope import event_of
from holdfast.evidence.events import ExerciseClosed, ExerciseOpened
from holdfast.evidence.observed import ObservationDescribed, SourceImported, TimelineImported
from holdfast.exercises.heal import unclosed
from holdfast.exercises.observation import read_directory, record
from holdfast.state.service import NoTimeline, Timeline
from holdfast.store.opening import open_log
from holdfast.store.signed import SignedLog
from tests.holdfast.observed import SCENARIO, Records, records
from tests.holdfast.remains import example_model


@pytest.fixture(autouse=True)
def _own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))


def recorded(made: Records, directory: Path, log: SignedLog) -> str:
    sound, findings = made.read(directory)
    assert sound is not None, findings
    model = example_model()
    return record(log, sound, model, model.scenarios[SCENARIO])


def test_every_file_is_committed_with_where_it_is_from(tmp_path: Path) -> None:
    made = records()
    made.sections["AURUM"] = made.sections["AURUM"].replace("within: 0ms", "ahead: -2s, within: 250ms")
    with open_log(str(tmp_path / "log"), create=True) as log:
        exercise = recorded(made, tmp_path, log)
        entries = log.read()
        events = [event_of(entry) for entry in entries]
        assert {entry.actor for entry in entries[1:]} == {"importer"}
        assert {entry.subject for entry in entries[1:]} == {f"exercise:{exercise}"}
        described = next(event for event in events if isinstance(event, ObservationDescribed))
        assert log.attachment(described.manifest.sha256).startswith(b"observed: recovery-test")
        sources = {event.source: event for event in events if isinstance(event, SourceImported)}
        for name, file in (("probe", "probe.csv"), ("AURUM".lower(), "aurum.csv")):
            assert log.attachment(sources[name].attachment.sha256) == made.files[file].encode()
        aurum = sources["aurum"]
        assert (aurum.clock_ahead_us, aurum.clock_within_us, aurum.rows) == (-2_000_000, 250_000, 5)
        assert (aurum.exported_by, aurum.exported_with) == ("someone", "a tool 1.0")
        lines = [event for event in events if isinstance(event, TimelineImported)]
        assert [(line.line, line.by, line.milestone) for line in lines][:2] == [
            (2, "exercise lead", "occurred"),
            (3, "service desk", "detected"),
        ]
        opened = next(event for event in events if isinstance(event, ExerciseOpened))
        assert (opened.environment, opened.seed, opened.guard_pid) == ("test", 0, 0)
        assert isinstance(events[-1], ExerciseClosed)
        # A later start of a drill finds nothing to heal.
        assert unclosed(log) == []


@pytest.mark.parametrize(("what", "environment"), [("live-test", "production"), ("incident", "production")])
def test_what_ran_on_the_live_system_is_live(tmp_path: Path, what: str, environment: str) -> None:
    made = records()
    made.head = made.head.replace("recovery-test", what)
    judgement = made.judge(tmp_path)
    assert judgement.exercise.opened.event.environment == environment
    assert judgement.evidence_class == "live"


def test_a_zone_is_recorded_as_it_was_then(tmp_path: Path) -> None:
    """A judgement elsewhere must not depend on that machine's tables of time zones."""
    made = records()
    for name in ("aurum.csv",):
        made.files[name] = made.files[name].replace("2026-11-20 10:", "2026-11-20 11:")
    made.sections["AURUM"] = made.sections["AURUM"].replace(
        "    format: csv\n", "    format: csv\n    time_zone: Europe/Amsterdam\n"
    )
    judgement = made.judge(tmp_path)
    observation = judgement.exercise.observation
    assert observation is not None
    assert {each.event.source: each.event.zone_offset_s for each in observation.sources}["aurum"] == 3_600
    assert judgement.verdict == "held"


def test_the_same_records_count_once(tmp_path: Path) -> None:
    with open_log(str(tmp_path / "log"), create=True) as log:
        recorded(records(), tmp_path, log)
        size = log.size()
        with pytest.raises(HoldfastError, match="in the log already") as refused:
            recorded(records(), tmp_path, log)
        assert (refused.value.code, log.size()) == ("HF420", size)
        changed = records()
        changed.head = changed.head.replace("title: A test", "title: A test, corrected")
        recorded(changed, tmp_path, log)


def test_without_a_manifest_there_is_nothing_to_observe(tmp_path: Path) -> None:
    model = example_model()
    with pytest.raises(UsageError) as refused:
        read_directory(tmp_path, model, model.scenarios[SCENARIO])
    assert refused.value.code == "HF421"


def test_a_link_out_of_the_directory_is_not_followed(tmp_path: Path) -> None:
    made = records()
    secret = tmp_path / "secret.csv"
    secret.write_text(made.files.pop("probe.csv"))
    directory = made.write(tmp_path / "records")
    (directory / "probe.csv").symlink_to(secret)
    sound, findings = made.read(tmp_path)
    assert sound is None
    assert [(each.code, "leads out" in each.message) for each in findings] == [("HF520", True)]


@pytest.mark.parametrize("file", ['"a\\0b.csv"', "circle.csv", "folder", "nowhere/at/all.csv", "x" * 300])
def test_a_name_that_is_no_file_is_a_finding(tmp_path: Path, file: str) -> None:
    made = records()
    made.sections["probe"] = made.sections["probe"].replace("file: probe.csv", f"file: {file}")
    directory = made.write(tmp_path / "records")
    (directory / "folder").mkdir()
    (directory / "circle.csv").symlink_to(directory / "circle.csv")
    sound, findings = made.read(tmp_path)
    assert sound is None
    assert findings
    assert {each.code for each in findings} <= {"HF520", "HF107"}


@pytest.mark.parametrize("made_of", ["folder", "link", "circle"])
def test_a_manifest_that_is_no_file_of_the_directory_is_refused(tmp_path: Path, made_of: str) -> None:
    model = example_model()
    (tmp_path / "outside.yaml").write_text("observed: incident")
    manifest = tmp_path / "records" / "observation.yaml"
    manifest.parent.mkdir()
    match made_of:
        case "folder":
            manifest.mkdir()
        case "link":
            manifest.symlink_to(tmp_path / "outside.yaml")
        case _:
            manifest.symlink_to(manifest)
    with pytest.raises(EnvironmentProblem) as refused:
        read_directory(tmp_path / "records", model, model.scenarios[SCENARIO])
    assert refused.value.code == "HF911"


def test_times_of_a_source_are_corrected_by_its_clock(tmp_path: Path) -> None:
    """The channel's clock was two seconds behind: what it says at 10:00:01 was at 10:00:03."""
    made = records()
    behind = made.files["channel.csv"]
    for second in (14.0, 9.0, 6.6, 4.5, 3.0):
        behind = behind.replace(f"10:00:{second:06.3f}", f"10:00:{second - 2:06.3f}")
    made.files["channel.csv"] = behind
    made.sections["channel"] = made.sections["channel"].replace("within: 0ms", "ahead: -2s, within: 500ms")
    judgement = made.judge(tmp_path)
    at = {stamp.name: stamp for stamp in judgement.timestamps}
    assert at["occurred"].utc_us == 1_795_168_803_000_000 - 1 + 1
    assert at["occurred"].bounds_us == (1_795_168_802_500_000, 1_795_168_803_501_000)
    figures = {figure.name: figure for figure in judgement.clocks}
    assert (figures["mttd"].value, figures["mttd"].interval) == (1_500_000, (499_000, 2_501_000))


def test_a_service_that_nobody_measures_is_judged_by_its_samples(tmp_path: Path) -> None:
    """Without an indicator participants' offers say nothing of the service; a probe does."""
    model = example_model()
    scenario = model.scenarios[SCENARIO]
    unmeasured = replace(model.services[scenario.service], indicator=None)
    changed = replace(model, services={**model.services, scenario.service: unmeasured})
    sound, _ = read_directory(records().write(tmp_path / "with"), changed, scenario)
    assert sound is not None
    assert isinstance(sound.observed.timeline, Timeline)
    made = records()
    del made.sections["probe"]
    sound, _ = read_directory(made.write(tmp_path / "without"), changed, scenario)
    assert sound is not None
    assert isinstance(sound.observed.timeline, NoTimeline)
    assert "no indicator" in sound.observed.timeline.why
