"""HF608 to HF616: contradictions, what nobody tried, people, news, suppliers, owners, what was only observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from holdfast.analysis.objectives import contradictions
from holdfast.analysis.people import news_with_its_subject, team_needed_everywhere
from holdfast.analysis.standing import (
    dependencies_untested,
    never_exercised,
    never_planned,
    not_owned,
    refuted,
    unmapped,
)
from holdfast.analysis.suppliers import no_way_out
from holdfast.analysis.survey import DAY_MS, Survey
from holdfast.analysis.weakness import Weakness, weaknesses
from holdfast.model.types import (
    Constant,
    Continuity,
    Contract,
    Edge,
    Exit,
    Failover,
    Impact,
    Model,
    Need,
    On,
    PlannedTest,
    Resource,
    Seen,
    Supplier,
    Sustain,
    Team,
)
from tests.holdfast.analysis.small import HOUR, either, group, mode, model, need, scenario, service, thing, way

ON = "2026-11-21"


def survey(found: Model, approved: Mapping[str, str] | None = None) -> Survey:
    return Survey(found, ON, approved)


def only(found: list[Weakness]) -> Weakness:
    assert len(found) == 1, [weakness.subjects for weakness in found]
    return found[0]


# ---- limits ----------------------------------------------------------------------------------------------------------


def test_an_objective_above_the_tolerance_and_a_tolerance_above_the_mtpd() -> None:
    found = list(contradictions(survey(model((), [service("pay", rto_ms=5 * HOUR)]))))
    assert [(weakness.code, weakness.weight) for weakness in found] == [("HF608", "high")]
    impact = (Impact(HOUR, "severe"), Impact(3 * HOUR, "intolerable"))
    found = list(contradictions(survey(model((), [service("pay", impact=impact)]))))
    assert [weakness.code for weakness in found] == ["HF609"]
    assert "intolerable after 3h" in found[0].message
    even = service("pay", rto_ms=4 * HOUR, impact=(Impact(4 * HOUR, "intolerable"),))
    assert list(contradictions(survey(model((), [even])))) == []


# ---- never exercised -------------------------------------------------------------------------------------------------


def never(*things: object) -> dict[tuple[str, ...], Weakness]:
    names = [part.name for part in things if isinstance(part, Resource)]
    found = never_exercised(survey(model([*things, thing("x", recovery=(way(),))], [service("pay", "x", *names)])))
    return {weakness.subjects: weakness for weakness in found}


def test_one_finding_for_a_way_of_many_things_heavier_where_nothing_else_was_tried() -> None:
    untried = way("rebuild", 60, exercised=None, playbook="book")
    alone = never(thing("a", recovery=(untried,)), thing("b", recovery=(untried,)))
    assert list(alone) == [("a", "b", "book")]
    assert alone["a", "b", "book"].weight == "high"
    other = never(thing("a", recovery=(way("restart"), untried)))
    assert other["a", "book"].weight == "low"
    assert never(thing("a", recovery=(way("restart"),))) == {}


def test_what_was_exercised_counts_for_what_it_cures() -> None:
    both = ("failed", "untrusted")
    rebuild = way("rebuild", 60, cures=both, exercised=None)
    only_restarted = never(thing("a", recovery=(way("restart"), rebuild)))["a", "rebuild"]
    assert only_restarted.weight == "medium"
    assert "never exercised for a, and against an intruder nothing else was for it." in only_restarted.message
    other = never(thing("a", recovery=(way("restart"), way("anew", 90, cures=both), rebuild)))["a", "rebuild"]
    assert (other.weight, other.message) == ("low", "The way back called rebuild was never exercised for a.")
    mixed = never(thing("a", recovery=(way("restart"), rebuild)), thing("b", recovery=(rebuild,)))["a", "b", "rebuild"]
    assert mixed.weight == "high"
    assert "never exercised for a and b; for b nothing else was." in mixed.message


def test_what_is_dated_later_than_today_was_not_exercised_and_what_suppliers_do_is_theirs() -> None:
    assert list(never(thing("a", recovery=(way("restart", exercised="2026-11-22"),)))) == [("a", "restart")]
    repair = way("repair", 60, "telco", exercised=None)
    assert never(thing("line", recovery=(repair,)), thing("telco", kind="third-party", supplier=Supplier())) == {}


def test_a_failover_is_a_way_back_too_and_nothing_exercised_at_all_is_said_once() -> None:
    over = Failover(automatic=True, takes=Constant(1), passed=0, failed=0)
    twins = [thing("a"), thing("b"), group("g", "a", "b", failover=over)]
    tried = model([*twins, thing("x", recovery=(way(),))], [service("pay", "g", "x")])
    assert only(list(never_exercised(survey(tried)))).subjects == ("failover", "g")
    whole = model([*twins, thing("x", recovery=(way(exercised=None),))], [service("pay", "g", "x")])
    assert only(list(never_exercised(survey(whole)))).subjects == ("pay",)


def test_what_no_service_stands_on_is_not_asked_for() -> None:
    spare = thing("spare", recovery=(way(exercised=None),))
    assert list(never_exercised(survey(model([spare, thing("x", recovery=(way(),))], [service("pay", "x")])))) == []


# ---- edges -----------------------------------------------------------------------------------------------------------


def edge(source: str, target: str, seen: Seen, on: str = "2026-01-01") -> Edge:
    return Edge(source, target, seen, on, "a drill")


def test_dependencies_that_nobody_tested_and_where_to_begin() -> None:
    things, pay = [thing("app", "db"), thing("db")], [service("pay", "app")]
    found = only(list(dependencies_untested(survey(model(things, pay, edges=(edge("app", "db", "confirmed"),))))))
    assert found.message.startswith("1 of 2 dependencies")
    assert "Begin with pay on app" in found.message
    every = (edge("app", "db", "refuted"), edge("pay", "app", "confirmed"))
    assert list(dependencies_untested(survey(model(things, pay, edges=every)))) == []
    observed = (edge("app", "db", "observed"), edge("pay", "app", "confirmed", "2026-12-01"))
    assert "All 2 dependencies" in only(list(dependencies_untested(survey(model(things, pay, edges=observed))))).message


def test_to_begin_with_is_what_stops_its_own_source_and_of_most_services_first() -> None:
    things = [thing(name, recovery=(way(),)) for name in ("a-desk", "core")]
    spare = [thing("x", recovery=(way(),)), thing("y", "a-desk", recovery=(way(),))]
    services = [service("pay", "core"), service("settle", "core"), service("chat", either("x", "y"), "a-desk")]
    found = only(list(dependencies_untested(survey(model([*things, *spare], services)))))
    assert "Begin with chat on a-desk, pay on core and settle on core: there" in found.message
    assert "chat on y" not in found.message


def test_a_declared_need_that_the_last_drill_refuted() -> None:
    def found(needs: Need, *edges: Edge) -> list[Weakness]:
        things = [thing("app", needs), thing("db"), thing("other")]
        return list(refuted(survey(model(things, [service("pay", "app")], edges=edges))))

    no = edge("app", "db", "refuted", "2026-02-01")
    told = only(found(need("db"), no))
    assert (told.subjects, told.weight, told.services) == (("app", "db"), "low", ("pay",))
    assert "went on without it on 2026-02-01 (a drill)" in told.message
    assert found(need(On("db", HOUR)), no) == found(either("db", "other"), no) == found(need("other"), no) == []
    assert found(need("db"), no, edge("app", "db", "confirmed", "2026-03-01")) == []
    assert only(found(need("db"), edge("app", "db", "confirmed"), no)).subjects == ("app", "db")
    assert found(need("db"), edge("app", "db", "refuted", "2026-12-01")) == []
    assert only(found(need("db"), edge("pay", "app", "refuted"))).subjects == ("pay", "app")


def test_what_was_seen_and_is_declared_nowhere_on_the_way() -> None:
    things = [thing("app", "g"), thing("a", "net"), thing("net"), thing("ldap"), group("g", "a")]

    def found(*edges: Edge) -> list[Weakness]:
        return list(unmapped(survey(model(things, [service("pay", "app")], edges=edges))))

    assert found(edge("app", "net", "observed"), edge("pay", "a", "observed")) == []
    assert found(edge("app", "ldap", "refuted"), edge("app", "ldap", "observed", "2026-12-01")) == []
    both = found(edge("ldap", "app", "observed"), edge("app", "ldap", "observed"))
    assert len({weakness.fingerprint for weakness in both}) == 2
    seen = only(found(edge("app", "ldap", "observed")))
    assert (seen.subjects, seen.services, seen.weight) == (("app", "ldap"), ("pay",), "medium")


# ---- people and news -------------------------------------------------------------------------------------------------


def test_a_team_that_one_event_asks_for_more_often_than_it_is_there() -> None:
    def found(headcount: int, **more: object) -> list[Weakness]:
        team = thing("team", kind="people", team=Team(headcount, 1))
        rebuilt = way("rebuild", 60, crew={"team": 2}, **more)
        things = [thing(name, site="north", recovery=(rebuilt,)) for name in ("a", "b")]
        return list(team_needed_everywhere(survey(model([team, *things], [service("pay", "a", "b")], ["north"]))))

    assert only(found(3)).subjects == ("team",)
    assert "the recoveries of a and b ask for 4 people at once of team, who are 3" in only(found(3)).message
    assert found(4) == []
    assert found(3, automatic=True) == []


def test_a_team_is_only_asked_by_what_can_begin_and_by_what_runs_at_the_same_time() -> None:
    def found(*needs: str, tool: tuple[str, ...] = ()) -> list[Weakness]:
        team = thing("team", kind="people", team=Team(3, 1))
        parts = [thing("tool", *tool, site="north")]
        parts += [thing("a", site="north", recovery=(way("anew", 60, crew={"team": 2}),))]
        parts += [thing("b", site="north", recovery=(way("anew", 60, *needs, crew={"team": 2}),))]
        return list(team_needed_everywhere(survey(model([team, *parts], [service("pay", "a", "b")], ["north"]))))

    assert only(found()).subjects == ("team",)
    assert found("tool") == []  # it never comes back, and neither does what waits for it
    assert found("a") == []  # the one after the other


def test_news_that_goes_down_with_what_it_is_about() -> None:
    mail = thing("mail", "cloud", announces=("portal", "core"))
    things = [thing("cloud"), thing("portal", "cloud"), thing("core"), mail]
    found = only(list(news_with_its_subject(survey(model(things, [service("pay", "portal")])))))
    assert found.subjects == ("mail", "portal")
    assert found.path == ("mail", "cloud")
    apart = [thing("cloud"), thing("portal", "cloud"), thing("mail", announces=("portal",))]
    assert list(news_with_its_subject(survey(model(apart, [service("pay", "portal")])))) == []


def test_news_at_the_site_of_what_it_is_about() -> None:
    things = [thing("core", site="north"), thing("siren", site="north", announces=("core",))]
    found = only(list(news_with_its_subject(survey(model(things, [service("pay", "core")], ["north"])))))
    assert found.message == "siren is to announce that core is down, and the loss of north silences it as well."


# ---- suppliers -------------------------------------------------------------------------------------------------------


def supplied(supplier: Supplier, *more: object, held_ms: int | None = None) -> list[Weakness]:
    telco = thing("telco", kind="third-party", supplier=supplier)
    return list(no_way_out(survey(model([telco, *more], [service("pay", On("telco", held_ms))]))))


def test_a_supplier_without_substitute_exit_or_proof_of_its_own_recovery() -> None:
    found = only(supplied(Supplier()))
    assert (found.weight, found.path) == ("high", ("pay", "telco"))
    assert "no substitute is named, no exit is planned and it has not said" in found.message
    promise = Continuity(None, None, None, HOUR)
    assert only(supplied(Supplier(continuity=promise))).weight == "medium"
    assert "has shown no test" in only(supplied(Supplier(continuity=promise))).message
    old = Continuity(None, "2025-10-01", None, HOUR)
    assert "the last test of that was on 2025-10-01" in only(supplied(Supplier(continuity=old))).message
    late = Continuity(None, "2026-10-01", None, 5 * HOUR)
    assert only(supplied(Supplier(continuity=late))).weight == "high"


def test_any_one_way_out_in_time_is_enough() -> None:
    assert supplied(Supplier(continuity=Continuity(None, "2026-10-01", None, 4 * HOUR))) == []
    assert supplied(Supplier(exit=Exit(None, None, Constant(3 * HOUR)))) == []
    other = thing("vega", kind="third-party", supplier=Supplier())
    assert supplied(Supplier(substitute="vega", substitute_takes=Constant(HOUR)), other) == []
    slow = Supplier(substitute="vega", substitute_takes=Constant(20 * DAY_MS))
    assert "usually takes 20d" in only(supplied(slow, other)).message
    assert "nobody says how long" in only(supplied(Supplier(substitute="vega"), other)).message


def test_a_substitute_that_rests_on_it_is_none_and_what_is_held_counts() -> None:
    resting = thing("vega", kind="third-party", supplier=Supplier(subcontracts=("telco",)))
    fallen = only(supplied(Supplier(substitute="vega", substitute_takes=Constant(HOUR)), resting))
    assert "its substitute vega falls with it" in fallen.message
    week = Supplier(exit=Exit(None, None, Constant(6 * DAY_MS)))
    assert "stops;" in only(supplied(week)).message
    assert supplied(week, held_ms=6 * DAY_MS) == []
    assert only(supplied(Supplier(), held_ms=6 * DAY_MS)).weight == "medium"


def test_a_supplier_of_suppliers_is_told_by_those_who_rest_on_it() -> None:
    parties = [thing("cloud", kind="third-party"), thing("saas", "cloud", kind="third-party")]
    assert only(list(no_way_out(survey(model(parties, [service("pay", "saas")]))))).subjects == ("saas",)
    (told,) = no_way_out(survey(model(parties, [service("pay", "saas")])))
    assert told.message.startswith("Without saas (who rests on cloud), pay stops;")
    both = model(parties, [service("pay", "saas", "cloud")])
    assert {weakness.subjects for weakness in no_way_out(survey(both))} == {("cloud",), ("saas",)}


def test_a_supplier_behind_a_degraded_mode_is_told_by_when_that_ends() -> None:
    by_hand = replace(mode("by-hand", "desk"), sustain=Sustain(2 * DAY_MS, "desk"))

    def found(exit_: Exit | None = None) -> list[Weakness]:
        pay = service("pay", modes=(mode("full", "telco"), by_hand))
        telco = thing("telco", kind="third-party", supplier=Supplier(exit=exit_))
        return list(no_way_out(survey(model([telco, thing("desk")], [pay]))))

    told = only(found())
    assert (told.weight, told.path) == ("medium", ("pay", "telco"))
    assert "Without telco, pay stops after 2d; pay can bear 2d 4h of it." in told.message
    assert found(Exit(None, None, Constant(2 * DAY_MS))) == []


def test_a_contract_that_ended_is_told_even_where_another_supplier_is_there() -> None:
    ended = Supplier(Contract("C-1", None, "2026-11-20", None, critical=False))
    telco = thing("telco", kind="third-party", supplier=ended)
    twins = model([telco, thing("vega", kind="third-party"), group("g", "telco", "vega")], [service("pay", "g")])
    assert "ended on 2026-11-20" in only(list(no_way_out(survey(twins)))).message
    runs = thing("telco", kind="third-party", supplier=Supplier(Contract("C-1", None, ON, None, critical=False)))
    other = model([runs, thing("v"), group("g", "telco", "v")], [service("pay", "g")])
    assert list(no_way_out(survey(other))) == []
    assert "its contract ended on" in only(supplied(ended)).message


def test_a_contract_that_ends_sooner_than_leaving_takes() -> None:
    def found(ends: str) -> list[Weakness]:
        runs = Supplier(Contract("C-1", None, ends, None, critical=False), exit=Exit(None, None, Constant(30 * DAY_MS)))
        telco = thing("telco", kind="third-party", supplier=runs)
        twins = model([telco, thing("vega", kind="third-party"), group("g", "telco", "vega")], [service("pay", "g")])
        return list(no_way_out(survey(twins)))

    assert "ends on 2026-12-20, and leaving usually takes 30d" in only(found("2026-12-20")).message
    assert found("2026-12-21") == []


def test_a_service_that_the_test_plan_leaves_out() -> None:
    services = [service("pay"), service("close"), service("chat")]
    seen = [scenario("edited", "close", ())]

    def found(*planned: str) -> dict[tuple[str, ...], Weakness]:
        plan = tuple(PlannedTest("edited", name, "tabletop", DAY_MS, DAY_MS) for name in planned)
        told = never_planned(survey(model((), services, (), seen, test_plan=plan)))
        return {weakness.subjects: weakness for weakness in told}

    assert found() == {}
    assert list(found("pay")) == [("close",), ("chat",)]
    assert "No test of close is planned, though edited was thought of for it:" in found("pay")["close",].message
    assert "No test of chat is planned: whether" in found("pay")["chat",].message
    assert found("pay", "close", "chat") == {}


# ---- owners and approval ---------------------------------------------------------------------------------------------


def test_nobody_owns_it_nobody_approved_it_or_it_was_changed_since() -> None:
    orphan = service("pay", owner=None)
    approved = {"tolerance:pay": "approved"}
    assert "nobody owns it" in only(list(not_owned(survey(model((), [orphan]), approved)))).message
    owned = model((), [service("pay")])
    assert list(not_owned(survey(owned, approved))) == []
    assert "nobody has approved" in only(list(not_owned(survey(owned, {})))).message
    assert "changed since" in only(list(not_owned(survey(owned, {"tolerance:pay": "changed since"})))).message


def test_without_a_log_that_is_said_once() -> None:
    found = only(list(not_owned(survey(model((), [service("pay"), service("settle")])))))
    assert (found.weight, found.subjects) == ("low", ("pay", "settle"))


# ---- all together ----------------------------------------------------------------------------------------------------


def test_the_worst_comes_first_and_the_same_day_gives_the_same() -> None:
    things = [thing("db", recovery=(way("restart", 5, exercised=None),)), thing("app", "db", rides_out_ms=0)]
    found = model(things, [service("pay", "app", rto_ms=5 * HOUR), service("chat", "db", owner=None)])
    first, again = weaknesses(found, ON), weaknesses(found, ON)
    assert first == again
    ranks = [("critical", "high", "medium", "low").index(weakness.weight) for weakness in first]
    assert ranks == sorted(ranks)
    assert len({weakness.fingerprint for weakness in first}) == len(first)
    assert all(weakness.message.endswith(".") and weakness.remedy.endswith(".") for weakness in first)


def test_an_empty_declaration_has_no_weakness() -> None:
    assert weaknesses(model(), ON) == ()


def test_a_fingerprint_is_of_the_code_and_the_subjects_alone() -> None:
    early, late = (service("pay", rto_ms=hours * HOUR) for hours in (5, 6))
    one, other = (only(list(contradictions(survey(model((), [found]))))) for found in (early, late))
    assert one.message != other.message
    assert one.fingerprint == other.fingerprint
