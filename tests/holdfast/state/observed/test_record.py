"""An observation read again from its log: from the same bytes, and unknown where they are not what was committed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.errors import HoldfastError
from holdfast.evidence.envelope import Envelope
from holdfast.exercises.observation import record
from holdfast.exercises.vocabulary import vocabulary
from holdfast.measures.judgement import Judgement, judge_exercise
from holdfast.state.exercise import fold
from holdfast.store.opening import open_log
from tests.holdfast.observed import SCENARIO, records
from tests.holdfast.remains import example_model

Recorded = tuple[list[Envelope], Callable[[str], bytes], str]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """Return the entries of a log with one observation, what reads its attachments, and its id."""
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    sound, findings = records().read(tmp_path)
    assert sound is not None, findings
    model = example_model()
    with open_log(str(tmp_path / "log"), create=True) as opened:
        exercise = record(opened, sound, model, model.scenarios[SCENARIO])
        kept = {path.name: path.read_bytes() for path in (tmp_path / "log" / "attachments").iterdir()}
        return opened.read(), kept.__getitem__, exercise


def judged(entries: list[Envelope], read: Callable[[str], bytes], exercise: str) -> Judgement:
    return judge_exercise(entries, read, exercise, vocabulary())


def digests(entries: list[Envelope]) -> dict[str, str]:
    """Return the digest of every file by its name."""
    found = {}
    for entry in entries:
        for name in ("attachment", "manifest"):
            if name in entry.body:
                found[entry.body[name]["name"]] = entry.body[name]["sha256"]
    return found


def without(read: Callable[[str], bytes], digest: str) -> Callable[[str], bytes]:
    """Return a reader to which one file is lost."""

    def reader(sha256: str) -> bytes:
        if sha256 == digest:
            raise HoldfastError("HF213", f"attachment {digest[:8]} is missing", remedy="find it")
        return read(sha256)

    return reader


def unknown(judgement: Judgement) -> set[str]:
    return {outcome.check for outcome in judgement.outcomes if outcome.answer == "unknown"}


def test_the_same_entries_give_the_same_verdicts(log: Recorded) -> None:
    first, second = judged(*log), judged(*log)
    assert first.outcomes == second.outcomes
    assert first.verdict == "held"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("probe.csv", {"restored-within-rto", "within-tolerance"}),
        ("positions.csv", {"day-completed"}),
        ("aurum.csv", {"nothing-acknowledged-lost", "no-phantom", "day-completed"}),
        (
            "ledger.csv",
            {"nothing-acknowledged-lost", "nothing-duplicated", "no-phantom", "day-completed", "within-tolerance"},
        ),
    ],
)
def test_a_file_that_is_lost_makes_what_rests_on_it_unknown(log: Recorded, name: str, expected: set[str]) -> None:
    entries, read, exercise = log
    judgement = judged(entries, without(read, digests(entries)[name]), exercise)
    assert unknown(judgement) == expected
    assert name in str(judgement.case.history.problems) + str(judgement.case.timeline) + str(
        judgement.case.imported.lacks if judgement.case.imported else ""
    ) or "missing" in str(judgement.case.imported)


def test_without_its_manifest_nothing_can_be_read(log: Recorded) -> None:
    entries, read, exercise = log
    judgement = judged(entries, without(read, digests(entries)["observation.yaml"]), exercise)
    assert all(outcome.answer == "unknown" for outcome in judgement.outcomes)
    assert judgement.verdict in {"invalid", "unknown"}


def test_lines_of_the_log_that_are_not_the_files_make_the_timeline_unknown(log: Recorded) -> None:
    """Whoever writes an entry that says something else than the file it names is not believed."""
    entries, read, exercise = log
    changed = [
        replace(entry, body=entry.body | {"workaround": "planned"})
        if entry.kind == "timeline.imported" and entry.body["what"] == "Banks on the phone"
        else entry
        for entry in entries
    ]
    judgement = judged(changed, read, exercise)
    assert {"detected", "without-manual-workarounds", "undone-and-rearmed"} <= unknown(judgement)
    text = next(each.explanation for each in judgement.outcomes if each.check == "without-manual-workarounds")
    assert "the entries of the log are not the lines of the file" in text


def test_records_of_an_exercise_that_was_not_observed_are_refused(log: Recorded) -> None:
    entries = [entry for entry in log[0] if entry.kind != "observation.described"]
    with pytest.raises(HoldfastError) as refused:
        fold(entries)
    assert refused.value.code == "HF502"


def test_the_order_in_which_lines_were_recorded_does_not_matter(log: Recorded) -> None:
    entries, read, exercise = log
    places = [number for number, entry in enumerate(entries) if entry.kind == "timeline.imported"]
    turned = list(entries)
    for place, other in zip(places, reversed(places), strict=True):
        turned[place] = replace(entries[other], seq=entries[place].seq)
    assert [each.answer for each in judged(turned, read, exercise).outcomes] == [
        each.answer for each in judged(*log).outcomes
    ]
