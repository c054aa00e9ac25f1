"""Instants of an observation carry what they can be wrong by, and sources that cannot both be right are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.measures.observed import contradictions
from tests.holdfast.observed import at, records


@pytest.fixture(autouse=True)
def _own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))


def test_sources_that_agree_contradict_nothing(tmp_path: Path) -> None:
    assert contradictions(records().judge(tmp_path).case) == ()


def test_a_desk_that_said_it_served_while_samples_were_bad_is_told(tmp_path: Path) -> None:
    made = records()
    made.files["channel.csv"] = made.files["channel.csv"].replace(at(6.6), at(4.6))
    judgement = made.judge(tmp_path)
    (found,) = contradictions(judgement.case)
    assert found.what.startswith("settlement desk says that it served again 0.90 s before the last instant at which")
    assert found.evidence
    # What was seen is what counts, whoever says otherwise.
    assert {figure.name: figure.value for figure in judgement.clocks}["rta"] == 4_001_000


def test_a_clock_that_explains_it_makes_it_no_contradiction(tmp_path: Path) -> None:
    made = records()
    made.files["channel.csv"] = made.files["channel.csv"].replace(at(6.6), at(4.6))
    made.sections["channel"] = made.sections["channel"].replace("within: 0ms", "within: 1s")
    assert contradictions(made.judge(tmp_path).case) == ()


def test_what_is_said_to_have_begun_after_it_was_seen_is_told(tmp_path: Path) -> None:
    made = records()
    made.files["channel.csv"] = made.files["channel.csv"].replace(at(3), at(4))
    (found,) = contradictions(made.judge(tmp_path).case)
    assert (
        found.what
        == "exercise lead says that it began; by the samples the service was already seen disrupted 0.50 s before that."
    )


def test_a_probe_that_did_not_see_what_participants_felt_is_told(tmp_path: Path) -> None:
    made = records()
    made.files["probe.csv"] = made.files["probe.csv"].replace("down", "up")
    told, found = contradictions(made.judge(tmp_path).case)
    assert found.what.startswith("Participants were not served for 2.00 s, and every sample was good")
    assert told.what == "settlement desk says that it served again, and no sample says that it was disrupted."


def test_a_probe_that_saw_what_no_participant_felt_is_told(tmp_path: Path) -> None:
    made = records()
    for name, second in (("aurum.csv", 3.5), ("aurum.csv", 5.5), ("boreal.csv", 4.5)):
        made.files[name] = made.files[name].replace(at(6.4), at(second), 1)
    (found,) = contradictions(made.judge(tmp_path).case)
    assert found.what.startswith("The samples show a disruption of 2.00 s to 4.00 s, and every participant was served")


def test_every_clock_between_two_instants_is_an_interval(tmp_path: Path) -> None:
    made = records()
    # Written to the second: it may have been up to a second later.
    for second in (3.0, 9.0, 14.0):
        made.files["channel.csv"] = made.files["channel.csv"].replace(
            f"10:00:{second:06.3f}", f"10:00:{int(second):02d}"
        )
    made.sections["probe"] = made.sections["probe"].replace("within: 0ms", "within: 100ms")
    judgement = made.judge(tmp_path)
    figures = {figure.name: figure for figure in judgement.clocks}
    assert (figures["rta"].value, figures["rta"].interval) == (4_201_000, (1_799_000, 4_201_000))
    assert figures["disrupted"].interval == (1_799_000, 4_201_000)
    # From a second that is written to the millisecond, to one that is written to the second.
    assert (figures["mttd"].value, figures["mttd"].interval) == (1_500_000, (500_000, 1_501_000))
    assert figures["lost"].interval is None


def test_what_was_bad_outside_the_time_observed_is_not_hidden(tmp_path: Path) -> None:
    made = records()
    made.head = made.head.replace('from: "2026-11-20 10:00:00"', 'from: "2026-11-20 10:00:04"')
    made.files["channel.csv"] = made.files["channel.csv"].replace(at(3), at(4.2))
    _, findings = made.read(tmp_path / "read")
    assert [(each.code, each.severity) for each in findings] == [("HF526", "warning")]
    said = " ".join(made.judge(tmp_path).assumptions)
    assert "Not judged: 1 sample that was not good, before the beginning or after the end" in said


def test_what_is_assumed_and_not_proven_is_said(tmp_path: Path) -> None:
    made = records()
    del made.sections["positions"]
    judgement = made.judge(tmp_path)
    said = " ".join(judgement.assumptions)
    assert "A sample of probe.csv is good when it says up." in said
    assert "The exercise lead answers for them" in said
    assert "No file of positions is among the records: what needs it is unknown." in judgement.unproven
