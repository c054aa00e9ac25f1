"""A judgement says of the limits and of the scenario whether a body approved them, by the log alone."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace

import pytest
from rich.console import Console

from holdfast.cli.verdicts import show
from holdfast.evidence.envelope import Envelope
from holdfast.evidence.events import ApprovalRecorded, ApprovalWithdrawn, Attachment
from holdfast.measures.judgement import Judgement, judge_exercise
from holdfast.measures.summary import summary
from holdfast.model.canonical import subject_declaration
from holdfast.model.types import Model
from holdfast.report.html import render
from tests.holdfast.drill import EXERCISE, VOCABULARY, Drill, envelope, play

LIMITS, SCENARIO = "tolerance:gross-settlement", "scenario:lose-dc-a"


@pytest.fixture(scope="module")
def drill() -> Drill:
    return play(rate_per_s=2.0)


def approval(declared: Model, subject: str) -> ApprovalRecorded:
    data = subject_declaration(declared, subject)
    attachment = Attachment("approved.json", hashlib.sha256(data).hexdigest(), len(data), "application/json")
    return ApprovalRecorded(subject, attachment, declared.digest, "Risk Committee", "2026-11-20")


def judged(drill: Drill, *events: ApprovalRecorded | ApprovalWithdrawn) -> Judgement:
    """Return the judgement of a log that goes on with these events."""
    entries: list[Envelope] = drill.log()
    entries += [envelope(len(entries) + number, event) for number, event in enumerate(events)]
    return judge_exercise(entries, drill.read, EXERCISE, VOCABULARY)


def terminal(judgement: Judgement) -> str:
    console = Console(file=io.StringIO(), width=100, highlight=False)
    show(console, judgement)
    assert isinstance(console.file, io.StringIO)
    return " ".join(console.file.getvalue().split())


def test_without_an_approval_everything_that_a_body_approves_says_so(drill: Drill) -> None:
    judgement = judged(drill)
    page, shown = render(judgement), terminal(judgement)
    assert page.count('<span class="tag">unapproved</span>') == 4  # four bounds are objectives of the model
    assert '<span class="tag">scenario unapproved</span>' in page
    assert shown.count("unapproved") == 5
    assert any("no body of the institution approved in this log" in each for each in judgement.assumptions)
    assert summary(judgement)["approvals"] == {
        "limits": {"standing": "unapproved", "entry": None},
        "scenario": {"standing": "unapproved", "entry": None},
    }


def test_with_approvals_nothing_reads_unapproved_and_the_entries_are_named(drill: Drill) -> None:
    judgement = judged(drill, approval(drill.model, LIMITS), approval(drill.model, SCENARIO))
    page, shown = render(judgement), terminal(judgement)
    entry = len(drill.log())
    assert "unapproved" not in page + shown
    assert f"approved by Risk Committee on 2026-11-20 (entry {entry})" in page
    assert f"approved by Risk Committee on 2026-11-20 (entry {entry + 1})" in page
    assert summary(judgement)["approvals"] == {
        "limits": {"standing": "approved", "entry": entry},
        "scenario": {"standing": "approved", "entry": entry + 1},
    }


def test_an_approval_of_other_limits_is_not_one_of_these(drill: Drill) -> None:
    service = drill.model.services["gross-settlement"]
    services = {**drill.model.services, "gross-settlement": replace(service, rto_ms=1)}
    judgement = judged(drill, approval(replace(drill.model, services=services), LIMITS))
    page = render(judgement)
    assert page.count('<span class="tag">changed since approval</span>') == 4
    assert "as they are now they read unapproved" in page
    assert terminal(judgement).count("changed") == 4  # the rest of the mark may stand on the next line


def test_a_withdrawn_approval_is_none_and_no_verdict_depends_on_one(drill: Drill) -> None:
    entry = len(drill.log())
    withdrawal = ApprovalWithdrawn(LIMITS, entry, "Risk Committee", "2026-11-21", "a mistake")
    judgement = judged(drill, approval(drill.model, LIMITS), withdrawal)
    assert judgement.limits_approval.standing == "unapproved"
    assert judgement.verdict == judged(drill).verdict == "held"
