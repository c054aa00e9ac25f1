"""An exercise as a Chaos Toolkit journal: what its readers expect, and no word kinder than the judgement."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

import pytest

from holdfast.checks.case import Outcome
from holdfast.measures.judgement import Judgement, judge_exercise
from holdfast.report.chaos_journal import journal
from tests.holdfast.drill import EXERCISE, VOCABULARY, play


@pytest.fixture(scope="module")
def judgement() -> Judgement:
    drill = play()
    return judge_exercise(drill.log(), drill.read, EXERCISE, VOCABULARY)


def with_outcomes(judgement: Judgement, *outcomes: Outcome) -> Judgement:
    return replace(judgement, outcomes=outcomes)


def test_it_has_what_readers_of_journals_expect(judgement: Judgement) -> None:
    whole = json.loads(json.dumps(journal(judgement)))
    assert whole["status"] == "completed"
    assert set(whole["steady_states"]) == {"before", "after", "during"}
    assert whole["steady_states"]["before"]["steady_state_met"] is True
    for part in ("run", "rollbacks"):
        assert whole[part]
        for done in whole[part]:
            assert {"activity", "output", "status", "start", "end", "duration"} <= set(done)
            assert done["activity"]["type"] in {"action", "probe"}
            assert datetime.fromisoformat(done["start"]) <= datetime.fromisoformat(done["end"])
    assert datetime.fromisoformat(whole["start"]) < datetime.fromisoformat(whole["end"])
    assert whole["duration"] > 0


def test_it_says_of_every_fault_what_the_record_says(judgement: Judgement) -> None:
    whole, faults = journal(judgement), judgement.exercise.faults
    actions = [done for done in whole["run"] if done["activity"]["type"] == "action"]
    probes = [done for done in whole["run"] if done["activity"]["type"] == "probe"]
    assert [done["activity"]["name"] for done in actions] == [
        f"{fault.intended.event.name} on {fault.intended.event.target}" for fault in faults
    ]
    assert [done["output"] for done in probes] == [each.event.observed for fault in faults for each in fault.probes]
    assert len(whole["rollbacks"]) == sum(len(fault.undos) for fault in faults)


@pytest.mark.parametrize(
    ("answer", "met", "status"),
    [("held", True, "succeeded"), ("broken", False, "succeeded"), ("unknown", False, "failed")],
)
def test_only_what_held_is_met(judgement: Judgement, answer: str, *, met: bool, status: str) -> None:
    outcome = replace(judgement.outcomes[0], answer=answer)  # type: ignore[arg-type]
    whole = journal(with_outcomes(judgement, outcome))
    after = whole["steady_states"]["after"]
    assert after["probes"][-1]["tolerance_met"] is met
    assert after["probes"][-1]["status"] == status
    assert after["steady_state_met"] is met
    assert whole["deviated"] is not met


def test_what_was_expected_to_break_is_no_less_broken(judgement: Judgement) -> None:
    outcome = replace(judgement.outcomes[0], answer="broken", expected="broken")
    assert journal(with_outcomes(judgement, outcome))["deviated"] is True
