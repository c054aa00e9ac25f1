"""Severity, dates, escalation and acceptance by their rules, and what comes first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.checks import CHECKS
from holdfast.evidence.gaps import GapAssigned, GapEscalated
from holdfast.measures.gaps import Gap, gaps
from holdfast.measures.remediation import (
    DUE_DAYS,
    ESCALATED_DAYS,
    OWNER_DAYS,
    SEVERITIES,
    SEVERITY,
    Remediation,
    remediations,
    rule_severity,
)
from holdfast.model.types import GapAbout, RiskAcceptance
from holdfast.state.exercise import Recorded
from holdfast.state.gaps import Handling
from tests.holdfast.drill import UTC_US
from tests.holdfast.measures.campaigns import DAY_US, judged, lost, moved, without_ledger
from tests.holdfast.remains import example_model

MODEL = example_model()
LOST = "nothing-acknowledged-lost"
OPENED = "2026-11-22"


def gap(check: str = LOST) -> Gap:
    """Return one gap, opened on the 22nd of November 2026."""
    found = gaps([moved(judged("primary-killed", 2_000, lost), 1, 1)])
    one = next(each for each in found if each.about.check == LOST)
    return replace(one, id=f"x/{check}", about=GapAbout("primary-killed", check))


def stands(on: str, handling: Handling | None = None, one: Gap | None = None) -> Remediation:
    given = one or gap()
    (found,) = remediations([given], {given.id: handling} if handling else {}, MODEL, {}, on)
    return found


def assigned(day: float = 1, **said: str) -> Handling:
    event = GapAssigned(f"x/{LOST}", **said)  # type: ignore[arg-type]
    return Handling(assigned=(Recorded(9, UTC_US + round(day * DAY_US), event),))


def test_every_check_has_a_severity_and_no_other_name_does() -> None:
    assert set(SEVERITY) <= set(CHECKS) | {"whole-course"}
    assert {rule_severity(gap(check)) for check in CHECKS} <= set(SEVERITIES)
    assert rule_severity(gap("restored-within-rto")) == "high"
    assert rule_severity(gap("within-tolerance")) == "critical"
    assert rule_severity(gap("detected")) == "medium"
    assert rule_severity(gap("decision-2")) == "medium"


def test_the_day_weighs_as_the_tolerance_says() -> None:
    assert rule_severity(replace(gap("day-completed"), end_of_day=True)) == "critical"
    assert rule_severity(replace(gap("day-completed"), end_of_day=False)) == "high"


def test_what_is_only_unknown_weighs_a_step_less() -> None:
    found = gaps([moved(judged("primary-killed", 2_000, without_ledger), 1, 1)])
    severities = {each.about.check: rule_severity(each) for each in found}
    assert severities[LOST] == "high"
    assert severities["journal-covers-ledger"] == "medium"


def test_it_is_due_by_its_severity_and_overdue_on_the_day_after() -> None:
    assert DUE_DAYS["critical"] == 14
    assert (stands("2026-12-06").state, stands("2026-12-06").due) == ("open", "2026-12-06")
    assert stands("2026-12-07").state == "overdue"
    later = stands("2026-12-07", assigned(due="2026-12-31", why="parts are on their way"))
    assert (later.state, later.due) == ("open", "2026-12-31")


def test_another_severity_moves_the_date_that_nobody_set() -> None:
    less = stands("2026-12-07", assigned(severity="low", why="no client has this fault"))
    assert (less.severity, less.due, less.state) == ("low", "2027-05-21", "open")


def test_a_gap_without_an_owner_is_taken_further_and_one_that_is_overdue() -> None:
    assert OWNER_DAYS["critical"] == 1
    assert stands("2026-11-23").escalate == ""
    assert stands("2026-11-24").escalate == f"without an owner since {OPENED}"
    assert stands("2026-11-24", assigned(owner="gold")).escalate == ""
    assert stands("2026-12-07", assigned(owner="gold")).escalate == "overdue since 2026-12-06"
    assert stands("2026-11-24", one=replace(gap(), owner="gold")).escalate == ""


def test_what_was_escalated_is_left_alone_for_a_while() -> None:
    event = GapEscalated(f"x/{LOST}", "gold", "nobody took it")
    done = Handling(escalated=(Recorded(9, UTC_US + 3 * DAY_US, event),))  # on the 24th
    assert stands("2026-12-08", done).escalate == ""
    assert stands("2026-12-09", done).escalate == "overdue since 2026-12-06"
    assert ESCALATED_DAYS == 14


def accepted(until: str = "2027-01-31", service: str = "gross-settlement", check: str = LOST) -> RiskAcceptance:
    about = GapAbout("primary-killed", check)
    return RiskAcceptance("known", None, (service,), "A patch comes.", "gold", until, about)


@pytest.mark.parametrize(
    ("acceptance", "standing", "state", "why"),
    [
        (accepted(), "approved", "borne", ""),
        (accepted(), "unapproved", "overdue", "known would bear it and is unapproved"),
        (accepted(), "changed since", "overdue", "known would bear it and is changed since"),
        (accepted(until="2026-12-31"), "approved", "overdue", "known bore it until 2026-12-31"),
        (accepted(service="client-trades"), "approved", "overdue", ""),
        (accepted(check="no-phantom"), "approved", "overdue", ""),
    ],
)
def test_only_an_approved_acceptance_that_names_it_and_is_not_over_bears_it(
    acceptance: RiskAcceptance, standing: str, state: str, why: str
) -> None:
    model = replace(MODEL, risk_acceptances={"known": acceptance})
    (found,) = remediations([gap()], {}, model, {"risk-acceptance:known": standing}, "2027-01-15")
    assert (found.state, found.not_borne) == (state, why)
    assert found.open == (state != "borne")
    assert bool(found.escalate) == found.open


def test_it_bears_to_the_end_of_its_day() -> None:
    model = replace(MODEL, risk_acceptances={"known": accepted(until="2027-01-15")})
    approved = {"risk-acceptance:known": "approved"}
    assert remediations([gap()], {}, model, approved, "2027-01-15")[0].state == "borne"
    assert remediations([gap()], {}, model, approved, "2027-01-16")[0].state == "overdue"


def test_overdue_comes_first_then_what_nobody_owns_then_the_worst() -> None:
    late = replace(gap("no-phantom"), id="late")
    owned = replace(gap("within-tolerance"), id="owned", owner="gold")
    mild = replace(gap("detected"), id="mild")
    closed = replace(gap("nothing-duplicated"), id="closed", closed=gap().opened)
    recent = moved(judged("primary-killed", 2_000, lost), 2, 40)
    fresh = next(each for each in gaps([recent]) if each.about.check == LOST)
    found = remediations([closed, fresh, mild, owned, late], {}, MODEL, {}, "2027-01-02")
    assert [each.gap.id for each in found] == ["late", "owned", fresh.id, "mild", "closed"]
