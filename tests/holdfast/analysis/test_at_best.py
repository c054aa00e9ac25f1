"""Recovery at best: the affected part, done in order, equals everything, done until it stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.analysis.at_best import NEVER, AtBest, Step, shortest_ms
from holdfast.analysis.circuit import Circuit
from holdfast.model.types import (
    Constant,
    Continuity,
    Duration,
    Failover,
    Lognormal,
    Model,
    On,
    Pert,
    Supplier,
    Team,
)
from tests.holdfast.analysis import oracle
from tests.holdfast.analysis.small import HOUR, MINUTE, either, group, model, models, service, thing, way


def away_ms(found: Model, *struck: str, name: str = "pay") -> int:
    """Return how long a service is away at best after these were struck."""
    return AtBest(found, Circuit.of(found)).after(struck).recovery_ms(found.services[name])


@settings(max_examples=1_000, deadline=None)
@given(st.booleans().flatmap(lambda holds: models(holds=holds)), st.data())
def test_times_are_those_of_the_equations(found: Model, data: st.DataObject) -> None:
    struck = frozenset(data.draw(st.sets(st.sampled_from(list(found.resources)), min_size=1, max_size=3)))
    course = AtBest(found, (circuit := Circuit.of(found))).after(struck)
    times, away = oracle.recovery(found, struck)
    for name, gate in circuit.nodes.items():
        assert course.back_ms.get(gate, 0) == min(times.back[name], NEVER), name
    for name, wanted in away.items():
        assert course.recovery_ms(found.services[name]) == min(wanted, NEVER), name


@pytest.mark.parametrize(
    ("duration", "best_ms"),
    [
        (Constant(5), 5),
        (Pert(2, 4, 9), 2),
        (Lognormal(60_000, 240_000), 15_000),
        (Lognormal(60_000, 60_000), 60_000),
        (None, 0),
    ],
)
def test_at_best_is_the_constant_the_least_or_the_fifth_percentile(duration: Duration | None, best_ms: int) -> None:
    assert shortest_ms(duration) == best_ms


def test_a_recovery_waits_for_what_it_needs_and_for_the_team_to_be_there() -> None:
    team = thing("team", kind="people", team=Team(4, 1, on_call=Constant(15 * MINUTE)))
    tape = thing("tape", recovery=(way("load", 20),))
    db = thing("db", recovery=(way("restore", 30, "tape", "team"),))
    found = model([team, tape, db], [service("pay", "db", rides_out_ms=0)])
    assert away_ms(found, "db") == 45 * MINUTE
    assert away_ms(found, "db", "tape") == 50 * MINUTE
    assert [(step.name, step.by) for step in _path(found, "db", "tape")] == [
        ("pay", None),
        ("db", "restore"),
        ("tape", "load"),
    ]


def _path(found: Model, *struck: str) -> tuple[Step, ...]:
    return AtBest(found, Circuit.of(found)).after(struck).way_back(found.services["pay"])


def test_one_that_loses_more_than_the_rpo_is_not_used_unless_that_is_accepted() -> None:
    quick = way("old-copy", 1, loses_ms=HOUR)
    slow = way("rebuild", 60)
    assert away_ms(model([thing("db", recovery=(quick, slow))], [service("pay", "db")]), "db") == HOUR
    accepted = way("old-copy", 1, loses_ms=HOUR, accept_loss=True)
    assert away_ms(model([thing("db", recovery=(accepted, slow))], [service("pay", "db")]), "db") == MINUTE


def test_what_is_untrusted_is_cured_only_by_what_says_so_from_a_source_that_is_not() -> None:
    cures = ("failed", "untrusted")
    db = thing("db", recovery=(way("restart", 1), way("restore", 9, source="vault", cures=cures)))
    found = model([db, thing("vault")], [service("pay", "db")])
    engine = AtBest(found, Circuit.of(found))
    pay = found.services["pay"]
    assert engine.after(["db"]).recovery_ms(pay) == MINUTE
    assert engine.after(["db"], "untrusted").recovery_ms(pay) == 9 * MINUTE
    assert engine.after(["db", "vault"], "untrusted").recovery_ms(pay) == NEVER


def test_a_supplier_is_back_when_it_promises_unless_we_have_a_way_of_our_own() -> None:
    promise = Supplier(continuity=Continuity(None, None, None, 3 * HOUR))
    party = thing("telco", kind="third-party", supplier=promise)
    assert away_ms(model([party], [service("pay", "telco")]), "telco") == 3 * HOUR
    own = thing("telco", kind="third-party", supplier=promise, recovery=(way("by-radio", 5),))
    assert away_ms(model([own], [service("pay", "telco")]), "telco") == 5 * MINUTE


def test_a_failover_is_an_outage_too_and_the_path_says_so() -> None:
    slow = Failover(automatic=False, takes=Constant(HOUR), passed=1, failed=0)
    found = model([thing("a"), thing("b"), group("db", "a", "b", failover=slow)], [service("pay", "db")])
    assert away_ms(found, "a") == HOUR
    assert away_ms(found, "b") == 0
    assert [(step.name, step.by) for step in _path(found, "a")] == [("pay", None), ("db", None), ("db", "failover")]


def test_a_need_that_lasts_hurts_later_and_shorter() -> None:
    power = thing("power", recovery=(way("mend", 30),))
    found = model([power, thing("db", On("power", 20 * MINUTE))], [service("pay", "db")])
    assert away_ms(found, "power") == 10 * MINUTE
    longer = model([power, thing("db", On("power", 30 * MINUTE))], [service("pay", "db")])
    assert away_ms(longer, "power") == 0


def test_what_gave_up_without_its_needs_is_recovered_from_then_on() -> None:
    power = thing("power", recovery=(way("mend", 10),))
    db = thing("db", "power", rides_out_ms=4 * MINUTE, recovery=(way("restart", 20),))
    assert away_ms(model([power, db], [service("pay", "db")]), "power") == 24 * MINUTE
    longer = thing("db", "power", rides_out_ms=10 * MINUTE, recovery=(way("restart", 20),))
    assert away_ms(model([power, longer], [service("pay", "db")]), "power") == 10 * MINUTE


def test_what_waits_for_itself_never_comes() -> None:
    store = thing("store", recovery=(way("deploy", 5, "tool"),))
    found = model([store, thing("tool", "store")], [service("pay", either("store", "tool"))])
    assert away_ms(found, "store") == NEVER
