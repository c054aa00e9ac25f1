"""Recovery at best: the affected part, done in order, equals everything, done until it stays."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.analysis.at_best import AtBest, Step
from holdfast.analysis.circuit import Circuit
from holdfast.analysis.ways import NEVER, shortest_ms
from holdfast.model.types import (
    Constant,
    Continuity,
    Cure,
    Duration,
    Failover,
    Lognormal,
    Model,
    On,
    Pert,
    Supplier,
    Sustain,
    Team,
)
from tests.holdfast.analysis import oracle
from tests.holdfast.analysis.small import HOUR, MINUTE, either, group, mode, model, models, service, thing, way


def away_ms(found: Model, *struck: str, name: str = "pay") -> int:
    """Return how long a service is away at best after these were struck."""
    return AtBest(found, Circuit.of(found)).after(struck).recovery_ms(found.services[name])


@settings(max_examples=300, deadline=None)
@given(st.booleans().flatmap(lambda holds: models(holds=holds)), st.data())
def test_times_are_those_of_the_equations(found: Model, data: st.DataObject) -> None:
    struck = frozenset(data.draw(st.sets(st.sampled_from(list(found.resources)), min_size=1, max_size=3)))
    cure: Cure = data.draw(st.sampled_from(["failed", "untrusted"]))
    outlasts = frozenset(data.draw(st.sampled_from([(), ("way-0",)])))
    course = AtBest(found, (circuit := Circuit.of(found))).after(struck, cure, outlasts=outlasts)
    times, away = oracle.recovery(found, struck, cure, outlasts)
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


def test_a_crew_is_called_and_waited_for() -> None:
    team = thing("team", "floor", kind="people", team=Team(4, 1, on_call=Constant(15 * MINUTE)))
    db = thing("db", recovery=(way("restore", 30, crew={"team": 2}),))
    found = model([team, db, thing("floor")], [service("pay", "db", rides_out_ms=0)])
    assert away_ms(found, "db") == 45 * MINUTE
    assert away_ms(found, "db", "floor") == NEVER


def test_a_cause_that_outlasts_a_restart_is_only_mended_by_something_else() -> None:
    db = thing("db", recovery=(way("restart", 1), way("rebuild", 60)))
    app = thing("app", "db", rides_out_ms=0, recovery=(way("restart", 1),))
    found = model([db, app], [service("pay", "app", rides_out_ms=0)])
    engine, pay = AtBest(found, Circuit.of(found)), found.services["pay"]
    assert engine.after(["db"]).recovery_ms(pay) == MINUTE
    # The application has no bad agent: what it only lost is its database, and a restart is enough.
    assert engine.after(["db"], outlasts=frozenset({"restart"})).recovery_ms(pay) == HOUR
    assert engine.after(["app"], outlasts=frozenset({"restart"})).recovery_ms(pay) == NEVER


def test_only_what_an_intruder_reached_needs_a_cure_of_distrust() -> None:
    host = thing("host", recovery=(way("reinstall", 60, cures=("failed", "untrusted")),))
    app = thing("app", "host", rides_out_ms=0, recovery=(way("restart", 5),))
    found = model([host, app], [service("pay", "app", rides_out_ms=0)])
    assert AtBest(found, Circuit.of(found)).after(["host"], "untrusted").recovery_ms(found.services["pay"]) == HOUR


def test_a_promise_cures_no_distrust_and_a_group_of_tainted_stores_is_no_source() -> None:
    promise = Supplier(continuity=Continuity(None, None, None, 3 * HOUR))
    party = model([thing("telco", kind="third-party", supplier=promise)], [service("pay", "telco")])
    engine = AtBest(party, Circuit.of(party))
    assert engine.after(["telco"], "untrusted").recovery_ms(party.services["pay"]) == NEVER
    cures = ("failed", "untrusted")
    stores = [thing(name, recovery=(way("wipe", 1, cures=cures),)) for name in ("v1", "v2")]
    db = thing("db", recovery=(way("restore", 9, source="vaults", cures=cures),))
    found = model([db, *stores, group("vaults", "v1", "v2")], [service("pay", "db", rides_out_ms=0)])
    engine = AtBest(found, Circuit.of(found))
    assert engine.after(["db", "v1", "v2"], "untrusted").recovery_ms(found.services["pay"]) == NEVER
    assert engine.after(["db", "v1"], "untrusted").recovery_ms(found.services["pay"]) == 9 * MINUTE


def test_a_failover_that_loses_more_than_may_be_lost_is_not_used_unless_that_is_accepted() -> None:
    def away(*, accept: bool) -> int:
        over = Failover(automatic=True, takes=Constant(MINUTE), passed=1, failed=0, loses_ms=HOUR, accept_loss=accept)
        things = [thing("a", recovery=(way("rebuild", 60),)), thing("b"), group("db", "a", "b", failover=over)]
        return away_ms(model(things, [service("pay", "db", rides_out_ms=0)]), "a")

    assert (away(accept=False), away(accept=True)) == (HOUR, MINUTE)


def test_of_two_ways_of_which_one_is_always_there_a_service_never_notices() -> None:
    limits, console = thing("limits"), thing("console", recovery=(way("spare", 30),))
    modes = (mode("full", On("limits", 24 * HOUR)), mode("by-hand", "console"))
    assert away_ms(model([limits, console], [service("pay", modes=modes)]), "limits", "console") == 0
    either_way = service("pay", either(On("limits", 24 * HOUR), "console"))
    assert away_ms(model([limits, console], [either_way]), "limits", "console") == 0


def test_a_service_without_a_mode_that_lasts() -> None:
    def lasting(hours: int | None) -> tuple[int, int]:
        core = thing("core", recovery=(way("rebuild", 60 * hours),) if hours is not None else ())
        by_hand = replace(mode("by-hand", "desk"), sustain=Sustain(24 * HOUR, "desk"))
        found = model([core, thing("desk")], [service("pay", modes=(mode("full", "core"), by_hand))])
        return AtBest(found, Circuit.of(found)).after(["core"]).lasting(found.services["pay"])

    assert (lasting(48), lasting(None)) == ((0, 48 * HOUR), (0, NEVER))
