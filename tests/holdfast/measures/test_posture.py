"""A cell is as bad as the worst that was shown, and nothing reads held that was not shown to hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.measures.posture import FAMILIES, STATES, Cell, Line, State, posture, worst_first
from holdfast.measures.programme import Attempt, programme
from holdfast.measures.tested import subgraph_digest
from holdfast.model.types import Model
from tests.holdfast.measures.attempts import DAY_MS, DAY_US, TEST, tried
from tests.holdfast.remains import example_model

BASE = example_model()
MODEL = replace(BASE, test_plan=(TEST,))
FAMILY = MODEL.scenarios[TEST.scenario].family
TESTED = subgraph_digest(MODEL, TEST.service, TEST.scenario)


def line(*attempts: Attempt, at_day: float = 20, model: Model = MODEL) -> Line:
    at_us = round(at_day * DAY_US)
    cells = posture(model, attempts, programme(model.test_plan, attempts, 0, at_us), at_us)
    cell = next(each for each in cells[TEST.service] if each.family == FAMILY)
    return next(each for each in cell.lines if each.scenario == TEST.scenario)


def held(day: float = 10, **changes: Any) -> Attempt:  # noqa: ANN401 - members of an attempt
    return replace(tried(day, "held", TESTED), **changes)


def test_held_takes_all_of_it() -> None:
    said = line(held())
    assert (said.state, said.why, said.expires_utc_us) == ("held", "held", 100 * DAY_US)


@pytest.mark.parametrize(
    ("attempts", "state", "why"),
    [
        ((), "unproven", "never tried"),
        ((held(evidence_class="range, scaled"),), "unproven", "held, but the evidence is of class range, scaled"),
        ((held(evidence_class="discussion"),), "unproven", "held, but the evidence is of class discussion"),
        ((held(limits_approved=False),), "unproven", "held, by limits that no body approved"),
        ((held(tested="another"),), "stale", "what was tested has changed since"),
        ((held(verdict="unknown"),), "unproven", "what came of the last attempt is unknown"),
        ((held(verdict="invalid"),), "unproven", "never tried"),
        ((held(5), held(10, verdict="broken", as_expected=False)), "broken", "the last attempt was broken"),
        ((held(5, verdict="broken", as_expected=False), held(10)), "held", "held"),
        ((held(5, verdict="broken", as_expected=False), held(10, verdict="invalid")), "broken", None),
        ((held(30),), "unproven", "never tried"),
    ],
)
def test_what_does_not_read_held(attempts: tuple[Attempt, ...], state: str, why: str | None) -> None:
    said = line(*attempts)
    assert said.state == state
    assert why in {None, said.why}


def test_a_result_expires_to_the_day() -> None:
    assert line(held(), at_day=99.9).state == "held"
    assert line(held(), at_day=100).why == "its validity is over"
    unplanned = replace(MODEL, test_plan=())
    assert line(held(), at_day=374.9, model=unplanned).state == "held"
    assert line(held(), at_day=375, model=unplanned).state == "stale"


def test_a_change_below_the_service_makes_the_result_stale_and_a_new_title_does_not() -> None:
    ledger = MODEL.resources["ledger-a"]
    retitled = replace(MODEL, resources={**MODEL.resources, "ledger-a": replace(ledger, title="Other", owner="x")})
    moved = replace(MODEL, resources={**MODEL.resources, "ledger-a": replace(ledger, site="dc-b")})
    tighter = replace(MODEL.services[TEST.service], rto_ms=1)
    assert line(held(), model=retitled).state == "held"
    assert line(held(), model=moved).state == "stale"
    assert line(held(), model=replace(MODEL, services={**MODEL.services, TEST.service: tighter})).state == "stale"


def test_what_recovers_it_is_tested_with_it() -> None:
    vault = MODEL.resources["vault"]
    assert vault.keeps is not None
    shorter = replace(vault, keeps=replace(vault.keeps, for_ms=vault.keeps.for_ms - 1))
    assert line(held(), model=replace(MODEL, resources={**MODEL.resources, "vault": shorter})).state == "stale"


def test_what_is_unknown_failed_and_is_told_first() -> None:
    stopped = held(verdict="unknown")
    cells = posture(MODEL, [stopped], programme(MODEL.test_plan, [stopped], 0, 20 * DAY_US), 20 * DAY_US)
    assert [said.scenario for _, said in worst_first(cells)] == [TEST.scenario]
    assert line(stopped).failed
    assert not line(held()).failed
    assert not line(held(verdict="broken", as_expected=True)).failed


def test_broken_as_expected_is_a_breaking_point_and_holds_nothing() -> None:
    said = line(held(verdict="broken", as_expected=True))
    assert (said.state, said.breaking_point) == ("unproven", True)


def test_what_broke_with_stronger_evidence_is_not_mended_by_weaker() -> None:
    live, range_ = held(5, verdict="broken", as_expected=False), held(10, evidence_class="range, scaled")
    assert (line(live, range_).state, line(live, range_).failed) == ("broken", True)
    assert line(live, held(10)).state == "held"
    stopped = held(5, verdict="unknown")
    assert (line(stopped, range_).state, line(stopped, range_).failed) == ("unproven", True)


def test_what_held_live_is_not_made_unproven_by_a_range_on_which_it_held_too() -> None:
    said = line(held(5), held(10, evidence_class="range, scaled"))
    assert (said.state, said.last) == ("held", held(5))
    assert [each.evidence_class for each in said.counting] == ["live", "range, scaled"]
    worse = line(held(5), held(10, evidence_class="range, scaled", verdict="broken", as_expected=False))
    assert worse.state == "broken"


def test_a_weaker_class_that_was_tried_before_a_stronger_one_counts_no_longer() -> None:
    said = line(held(5, evidence_class="range, scaled", verdict="broken", as_expected=False), held(10))
    assert (said.state, len(said.counting)) == ("held", 1)


def test_overdue_is_told_until_the_open_period_is_tried() -> None:
    assert not line(at_day=29).overdue
    assert line(at_day=31).overdue
    assert line(held(10), at_day=61).overdue
    assert not line(held(10), held(62), at_day=63).overdue


STANDING = st.lists(st.sampled_from(STATES), max_size=4)


@given(STANDING)
def test_a_cell_is_as_bad_as_its_worst_line(states: list[State]) -> None:
    lines = tuple(Line("s", state, "", None, None, overdue=False, breaking_point=False) for state in states)
    cell = Cell("service", FAMILIES[0], lines)
    if not states:
        assert cell.state == "unproven"
    for state in ("broken", "unproven", "stale", "held"):
        if state in states:
            assert cell.state == state
            break


def test_every_service_has_every_family_and_failed_comes_first() -> None:
    broken = held(verdict="broken", as_expected=False)
    dues = programme(MODEL.test_plan, [broken], 0, 61 * DAY_US)
    cells = posture(MODEL, [broken], dues, 61 * DAY_US)
    assert list(cells) == list(MODEL.services)
    assert all(tuple(cell.family for cell in row) == FAMILIES for row in cells.values())
    others = replace(TEST, scenario="primary-killed", exercise_type="functional", every_ms=DAY_MS)
    model = replace(MODEL, test_plan=(others, TEST))
    cells = posture(model, [broken], programme(model.test_plan, [broken], 0, 20 * DAY_US), 20 * DAY_US)
    assert [(service, said.scenario) for service, said in worst_first(cells)] == [
        (TEST.service, "lose-dc-a"),
        (TEST.service, "primary-killed"),
    ]
