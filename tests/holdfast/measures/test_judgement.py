"""The whole judgement: the clocks by hand, the same values for the same log, anywhere, and what is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from holdfast.errors import HoldfastError
from holdfast.measures.figure import Figure, evidence_class
from holdfast.measures.judgement import Judgement, judge_all, judge_exercise
from holdfast.measures.summary import summary
from holdfast.model.loader import digest_of
from holdfast.model.vocabulary import Vocabulary
from tests.holdfast.drill import EXERCISE, SECOND, START_US, VOCABULARY, Drill, Plan, play, served_at


@pytest.fixture(scope="module")
def drill() -> Drill:
    return play()


@pytest.fixture(scope="module")
def judgement(drill: Drill) -> Judgement:
    return drill.judge()


def figure(judgement: Judgement, name: str) -> Figure:
    return next(figure for figure in judgement.clocks if figure.name == name)


def at(judgement: Judgement, name: str) -> int | None:
    return next(stamp.mono_us for stamp in judgement.timestamps if stamp.name == name)


def test_the_clocks_lie_between_their_timestamps(judgement: Judgement, drill: Drill) -> None:
    struck = START_US + drill.plan.steady_us + 2_000
    assert at(judgement, "occurred") == struck
    assert figure(judgement, "mttd").value == (drill.plan.alarm_after_us or 0) - 2_000
    disrupted, restored = at(judgement, "service-disrupted"), at(judgement, "minimum-service")
    assert disrupted is not None
    assert restored is not None
    assert figure(judgement, "rta").value == restored - disrupted
    assert figure(judgement, "disrupted").value == restored - disrupted
    assert figure(judgement, "mttr").value == restored - (struck + 3_098_000)
    assert figure(judgement, "close-margin").value == drill.plan.close_by_us - drill.plan.end_us - SECOND
    assert figure(judgement, "exposure").value == drill.plan.hold_us + 7 * SECOND - 2_000
    assert figure(judgement, "rpa").value == 0
    assert figure(judgement, "lost").value == 0
    assert figure(judgement, "lost").n == len(drill.table("instruction"))


def test_where_nobody_asked_for_anything_no_recovery_time_is_claimed() -> None:
    """Clients stop offering two seconds after the fault: that they saw no disruption says nothing."""
    plan = Plan(rate_per_s=4.0, outage_us=0, alarm_after_us=None, end_us=10 * SECOND)
    judgement = play(plan).judge()
    assert judgement.case.interruptions == ()
    rta = figure(judgement, "rta")
    assert (rta.value, rta.note) == (None, "Not known: nothing was offered for long enough after the injection.")
    assert figure(judgement, "disrupted").value is None
    [stamp] = [stamp for stamp in judgement.timestamps if stamp.name == "service-disrupted"]
    assert (stamp.mono_us, stamp.note) == (None, rta.note)


def test_the_recovery_time_is_no_longer_than_the_fault_and_no_shorter_than_the_indicator_allows(
    judgement: Judgement, drill: Drill
) -> None:
    value = figure(judgement, "rta").value
    assert value is not None
    assert drill.plan.outage_us - 2 * SECOND - SECOND < value <= drill.plan.outage_us + SECOND


def test_the_silence_is_counted_by_hand(judgement: Judgement, drill: Drill) -> None:
    times = served_at(drill)
    gaps = [b - a for a, b in pairwise(times) if b >= START_US + drill.plan.steady_us]
    assert figure(judgement, "silence").value == max(gaps)
    assert max(gaps) >= drill.plan.outage_us


def test_every_figure_says_on_what_it_rests(judgement: Judgement) -> None:
    for each in judgement.clocks:
        assert each.evidence_class == "range, scaled"
        assert each.interval is None
        assert each.no_interval
        assert each.value is None or each.footnotes, each.name
        assert each.value is not None or each.note, each.name
        assert (each.n == 0) == (each.value is None or (each.name == "disrupted" and each.value == 0)), each.name


def test_every_timestamp_is_there_or_says_why_not(judgement: Judgement) -> None:
    for stamp in judgement.timestamps:
        assert stamp.note
        assert (stamp.mono_us is None) == (stamp.utc_us is None) == (not stamp.source)


def test_the_page_of_measures_names_every_timestamp_and_clock_with_its_formula(judgement: Judgement) -> None:
    page = Path("docs/measures.md").read_text()
    stamps = re.findall(r"^\| `([a-z-]+)` \|[^|]+\| ([^|]+) \|$", page, re.MULTILINE)
    clocks = re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \| ([^|]+) \|[^|]*\|$", page, re.MULTILINE)
    assert stamps == [(stamp.name, stamp.source or "–") for stamp in judgement.timestamps]
    assert clocks == [(each.name, each.label, each.formula) for each in judgement.clocks]


def test_a_loss_has_its_window_count_and_value() -> None:
    drill = play(scenario="naive-client", with_day=False)
    before = [row for row in drill.table("instruction") if row["status"] == "settled"]
    acknowledged = {
        row["key"]: row["t_us"]
        for rows in drill.records.values()
        for row in rows
        if row["op"] == "answer" and row["status"] == "settled"
    }
    gone = [row for row in before if acknowledged.get(row["key"], 10**18) < START_US + drill.plan.steady_us][-3:]
    drill.ledger = [row for row in drill.ledger if row not in gone]
    judgement = drill.judge()
    first = min(acknowledged[row["key"]] for row in gone)
    disrupted = at(judgement, "service-disrupted")
    assert disrupted is not None
    assert figure(judgement, "rpa").value == disrupted - first
    assert figure(judgement, "lost").value == 3
    assert figure(judgement, "lost-value").value == sum(row["amount_cents"] for row in gone)


def test_the_class_of_evidence_is_that_of_the_exercise(drill: Drill) -> None:
    opened = drill.judge().exercise.opened.event
    assert evidence_class(opened) == "range, scaled"
    assert evidence_class(replace(opened, environment="test")) == "production-like"
    assert evidence_class(replace(opened, exercise_type="tabletop")) == "discussion"


def test_the_same_log_gives_the_same_judgement(drill: Drill) -> None:
    first, second = (json.dumps(summary(drill.judge()), sort_keys=True) for _ in range(2))
    assert first == second


def test_a_log_that_has_grown_gives_the_same_judgement(drill: Drill) -> None:
    log = drill.log()
    other = [
        replace(each, seq=len(log) + i, body=each.body | {"exercise": "ex-0002"}) for i, each in enumerate(log[1:])
    ]
    alone = judge_exercise(log, drill.read, EXERCISE, VOCABULARY)
    grown = judge_exercise([*log, *other], drill.read, EXERCISE, VOCABULARY)
    assert summary(alone) == summary(grown)
    judged, refused = judge_all([*log, *other], drill.read, VOCABULARY)
    assert [each.exercise.id for each in judged] == [EXERCISE, "ex-0002"]
    assert refused == ()


def test_an_exercise_that_cannot_be_judged_hides_no_other(drill: Drill) -> None:
    log = drill.log()
    other = [
        replace(each, seq=len(log) + i, body=each.body | {"exercise": "ex-0002"}) for i, each in enumerate(log[1:])
    ]
    log[1] = replace(log[1], body=log[1].body | {"model_digest": "0" * 64})
    judged, (refusal,) = judge_all([*log, *other], drill.read, VOCABULARY)
    assert [each.exercise.id for each in judged] == ["ex-0002"]
    assert refusal.code == "HF505"
    assert EXERCISE in refusal.message


PROGRAM = """
import hashlib, json, sys
from holdfast.measures.summary import summary
from holdfast.report.html import render
from tests.holdfast.drill import play
judgement = play(rate_per_s=4.0).judge()
print(hashlib.sha256(json.dumps(summary(judgement)).encode()).hexdigest())
print(hashlib.sha256(render(judgement).encode()).hexdigest())
"""


def test_another_interpreter_with_other_hash_seeds_gives_the_same_bytes() -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONPATH": "src:.", "PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin", "TZ": zone},
        ).stdout
        for seed, zone in (("0", "UTC"), ("1", "Asia/Tokyo"), ("4242", "America/New_York"))
    }
    assert len(printed) == 1


def refused(drill: Drill, exercise: str = EXERCISE, vocabulary: Vocabulary = VOCABULARY) -> str:
    with pytest.raises(HoldfastError) as caught:
        judge_exercise(drill.log(), drill.read, exercise, vocabulary)
    return caught.value.code


def test_an_exercise_that_is_not_there_is_refused(drill: Drill) -> None:
    assert refused(drill, "ex-9999") == "HF504"


def test_a_model_that_cannot_be_read_again_is_refused(drill: Drill) -> None:
    assert refused(drill, vocabulary=replace(VOCABULARY, faults={})) == "HF505"
    with pytest.raises(HoldfastError, match="HF505") as caught:
        judge_exercise(drill.log(), Drill(drill.plan, drill.model).read, EXERCISE, VOCABULARY)
    assert "HF213" in caught.value.message


def with_text(drill: Drill, before: str, after: str) -> Drill:
    """Return the drill as if its model had been recorded with other words in one of its files."""
    files = {name: text.replace(before, after) for name, text in drill.model.files.items()}
    assert files != drill.model.files
    return replace(drill, model=replace(drill.model, files=files, digest=digest_of(files)))


def test_what_makes_no_sense_refuses_a_verdict_only_where_it_is_judged_by(drill: Drill) -> None:
    elsewhere = with_text(drill, "headcount: 14", "headcount: 1").judge()
    assert elsewhere.verdict == drill.judge().verdict
    with pytest.raises(HoldfastError, match="HF122"):
        with_text(drill, "participants: 95%", "participants: 0%").judge()


def test_a_model_with_another_digest_is_refused(drill: Drill) -> None:
    log = drill.log()
    log[1] = replace(log[1], body=log[1].body | {"model_digest": "0" * 64})
    with pytest.raises(HoldfastError, match="HF505"):
        judge_exercise(log, drill.read, EXERCISE, VOCABULARY)
    log[1] = replace(log[1], body=log[1].body | {"model_digest": drill.model.digest, "scenario": "none"})
    with pytest.raises(HoldfastError, match="no scenario"):
        judge_exercise(log, drill.read, EXERCISE, VOCABULARY)
