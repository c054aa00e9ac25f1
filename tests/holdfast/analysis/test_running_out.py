"""HF617: degraded modes that end before anything that lasts is back."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.analysis.running_out import modes_that_run_out
from holdfast.analysis.single_points import fails_as_one
from holdfast.analysis.survey import DAY_MS, Survey
from holdfast.analysis.weakness import Weakness
from holdfast.model.types import CommonCause, Constant, Cure, Mode, Model, On, Service, Sustain, Team
from tests.holdfast.analysis import oracle
from tests.holdfast.analysis.small import either, mode, model, models, service, thing, way

ON = "2026-11-21"
DAY_MIN = 24 * 60
DESK = thing("desk", kind="people", team=Team(9, 2))


def found(declared: Model) -> list[Weakness]:
    return list(modes_that_run_out(Survey(declared, ON)))


def by_hand(days: int, *needs: str, name: str = "by-hand", by: str | None = "desk") -> Mode:
    return replace(mode(name, *(needs or ("desk",))), sustain=Sustain(days * DAY_MS, by))


def pay(*degraded: Mode) -> Service:
    return service("pay", modes=(mode("full", "core"), *degraded))


def test_a_mode_that_ends_before_the_lasting_one_is_back_or_where_none_ever_is() -> None:
    def told(days: int | None, *degraded: Mode) -> list[Weakness]:
        core = thing("core", recovery=(way("rebuild", days * DAY_MIN),) if days is not None else ())
        return found(model([core, DESK, thing("other", recovery=(way(),))], [pay(*degraded)]))

    (late,) = told(5, by_hand(2))
    assert (late.subjects, late.weight, late.path) == (("core", "pay"), "high", ("pay", "core"))
    assert "goes on only as by-hand, which desk can sustain for 2d; at best a mode that lasts is back" in late.message
    (never,) = told(None, by_hand(2, by=None))
    assert "which can be sustained for 2d; no declared recovery brings back a mode that lasts" in never.message
    assert told(1, by_hand(2)) == []
    assert told(5, by_hand(2), by_hand(4, name="by-post")) == []
    assert told(5, mode("without-end", "desk")) == []
    assert told(5) == []  # it stops at once, and that is told as such


def test_it_is_counted_from_when_the_lasting_mode_is_gone() -> None:
    core = thing("core", recovery=(way("rebuild", 5 * DAY_MIN),))
    held = service("pay", modes=(mode("full", On("core", 4 * DAY_MS)), by_hand(2)))
    assert found(model([core, DESK], [held])) == []


def test_a_mode_that_only_comes_back_counts_and_one_that_never_does_is_no_matter() -> None:
    cause = {"domain": CommonCause("domain", 800_000, ("untrusted",))}
    shares = {"domain": "corp"}
    core = [thing(name, shares=shares, recovery=(way(),)) for name in ("a", "b")]
    full = mode("full", either("a", "b"))

    def told(*cures: str) -> list[Weakness]:
        console = thing("console", shares=shares, recovery=(way("spare", 30, cures=cures),))
        services = [service("pay", modes=(full, by_hand(2, "desk", "console")))]
        return found(model([*core, console, DESK], services, common_causes=cause))

    (later,) = told("failed", "untrusted")
    assert (later.subjects, later.weight) == (("domain=corp", "pay"), "medium")
    assert "After an intrusion into domain corp pay goes on only as by-hand" in later.message
    assert told("failed") == []


def test_suppliers_and_teams_with_people_to_spare_are_not_told_here() -> None:
    telco = thing("core", kind="third-party")
    assert found(model([telco, DESK, thing("x", recovery=(way(),))], [pay(by_hand(2))])) == []
    crowd = thing("core", kind="people", team=Team(9, 2))
    assert found(model([crowd, DESK, thing("x", recovery=(way(),))], [pay(by_hand(2))])) == []


@settings(max_examples=120, deadline=None)
@given(st.booleans().flatmap(lambda holds: models(holds=holds)))
def test_it_is_told_of_exactly_the_events_and_services_of_which_the_equations_say_so(declared: Model) -> None:
    survey = Survey(declared, ON)
    told = {(subject, name) for each in found(declared) for subject in each.subjects for name in each.services}
    for event in survey.events:
        own = event.cause != "resource" or fails_as_one(declared.resources[event.name])
        for name in declared.services:
            assert ((event.name, name) in told) == (
                own and _runs_out(declared, frozenset(event.hits), name, event.cure)
            )


def _runs_out(declared: Model, struck: frozenset[str], name: str, cure: Cure) -> bool:
    """Whether a service has no mode that lasts, and those that somebody can sustain end before one is back."""
    enough = [found for found in declared.services[name].modes if found.meets_minimum]
    lasting = [found for found in enough if found.sustain is None]
    up = oracle.functioning(declared, struck)
    if not lasting or any(oracle.met(found.needs, up) for found in lasting):
        return False
    times, _ = oracle.recovery(declared, struck, cure)
    spans = [oracle.mode_away(declared, found, times) for found in enough]
    back = min(back for (back, _), found in zip(spans, enough, strict=True) if found.sustain is None)
    onset = max(onset for (_, onset), found in zip(spans, enough, strict=True) if found.sustain is None)
    degraded = [
        found.sustain.max_ms
        for (returns, _), found in zip(spans, enough, strict=True)
        if found.sustain is not None and returns < oracle.INFINITE
    ]
    again = declared.services[name].reestablish
    assert isinstance(again, Constant)
    away = back - onset
    away += again.ms if away > declared.services[name].rides_out_ms else 0
    return bool(degraded) and back > onset and away > sum(degraded)
