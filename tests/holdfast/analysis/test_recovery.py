"""HF603 to HF607: what never comes back, or not in time, or only from what was lost with it."""

from __future__ import annotations

from hypothesis import given, settings

from holdfast.analysis.clean_copy import no_clean_copy
from holdfast.analysis.cold_start import cold_start_deadlocks, never_started
from holdfast.analysis.no_strategy import no_strategy, no_way_to_trust
from holdfast.analysis.objectives import out_of_reach
from holdfast.analysis.reach import decision_out_of_reach, no_way_to_reach, one_person
from holdfast.analysis.recovery import recovery_on_failed
from holdfast.analysis.survey import Survey
from holdfast.analysis.weakness import Weakness
from holdfast.model.types import (
    Calendar,
    CommonCause,
    Compromise,
    Constant,
    Continuity,
    Extension,
    Failover,
    Group,
    ImpactTolerance,
    Keeps,
    Lognormal,
    Model,
    On,
    Person,
    Resource,
    Role,
    Strategy,
    Supplier,
    Team,
)
from tests.holdfast.analysis import oracle
from tests.holdfast.analysis.small import (
    HOUR,
    MINUTE,
    either,
    group,
    mode,
    model,
    models,
    scenario,
    service,
    thing,
    way,
)

ON = "2026-11-21"
BOTH = ("failed", "untrusted")


def survey(found: Model) -> Survey:
    return Survey(found, ON)


def only(found: list[Weakness]) -> Weakness:
    assert len(found) == 1, [weakness.subjects for weakness in found]
    return found[0]


# ---- cold start ------------------------------------------------------------------------------------------------------


def test_two_that_must_each_be_up_to_start_the_other_never_start() -> None:
    tool = thing("tool", "store", recovery=(way("install", 5, "store"),))
    store = thing("store", recovery=(way("deploy", 5, "tool"),))
    found = only(list(cold_start_deadlocks(survey(model([tool, store], [service("pay", "store")])))))
    assert (found.subjects, found.weight, found.services) == (("store", "tool"), "critical", ("pay",))
    assert found.path[0] == found.path[-1]
    assert set(found.path) == {"store", "tool"}
    assert "the recovery of store needs tool" in found.message


def test_a_circle_through_what_a_thing_needs_is_shown_and_that_its_failure_alone_is_enough() -> None:
    store = thing("store", recovery=(way("deploy", 5, "tool"),))
    circle = model([store, thing("tool", "store")], [service("pay", "store")])
    found = only(list(cold_start_deadlocks(survey(circle))))
    assert found.path == ("store", "tool", "store")
    assert "it is enough that store fails" in found.message


def test_running_things_that_need_each_other_do_start_and_so_does_what_has_another_way() -> None:
    calling = [thing("a", "b", recovery=(way(),)), thing("b", "a", recovery=(way(),))]
    assert list(cold_start_deadlocks(survey(model(calling, [service("pay", "a")])))) == []
    other = thing("store", recovery=(way("deploy", 5, "tool"), way("from-tape", 60)))
    found = model([other, thing("tool", "store")], [service("pay", "store")])
    assert list(cold_start_deadlocks(survey(found))) == []


@settings(max_examples=120, deadline=None)
@given(models())
def test_what_never_starts_is_what_no_order_of_starting_reaches(found: Model) -> None:
    assert never_started(survey(found)) == _never(found)
    told = {name for weakness in cold_start_deadlocks(survey(found)) for name in weakness.path}
    assert bool(told) == bool(_never(found))  # what never starts waits, in the end, for something that waits for itself


def _never(found: Model) -> frozenset[str]:
    """Return what no order of starting reaches, tried one by one."""
    things: dict[str, Resource | Group] = {**found.resources, **found.groups}
    waiting = {name for name, part in things.items() if part.recovery}
    while True:
        up = _up(found, frozenset(waiting))
        begun = {name for name in waiting if any(_begins(strategy, up) for strategy in things[name].recovery)}
        if not begun:
            # A group that its members bring back has no need of its own recovery.
            return frozenset(name for name in waiting if name not in up)
        waiting -= begun


def _up(found: Model, waiting: frozenset[str]) -> frozenset[str]:
    """Return what functions: resources that wait do not, and a group that was recovered needs no members."""
    recovered = {name for name, part in found.groups.items() if part.recovery and name not in waiting}
    up = {*found.resources, *found.groups} - (waiting & found.resources.keys())
    while True:
        less = set()
        for name in up:
            if name in recovered:
                good = oracle.met(found.groups[name].needs, up)
            elif name in found.groups:
                part = found.groups[name]
                there = sum(member in up for member in part.members)
                good = there >= max(part.active, part.quorum) and oracle.met(part.needs, up)
            else:
                good = oracle.met(found.resources[name].needs, up)
            less |= {name} if good else set()
        if less == up:
            return frozenset(up)
        up = less


def _begins(strategy: Strategy, up: frozenset[str]) -> bool:
    others = {*(strategy.crew or ()), *([] if strategy.source is None else [strategy.source])}
    return oracle.met(strategy.needs, up) and others <= up


# ---- recovery that stands on what failed -----------------------------------------------------------------------------


def test_the_vault_in_the_same_hall() -> None:
    vault = thing("vault", site="north", keeps=Keeps(MINUTE, HOUR))
    db = thing("db", site="north", recovery=(way("restore", 30, "vault", source="vault"),))
    found = only(list(recovery_on_failed(survey(model([vault, db], [service("pay", "db")], ["north"])))))
    assert found.subjects == ("north", "vault")
    assert "nothing brings back db: restore stands on vault, which is lost with it" in found.message
    assert found.weight == "critical"
    apart = model([thing("vault", site="south"), db], [service("pay", "db")], ["north", "south"])
    assert list(recovery_on_failed(survey(apart))) == []


def test_what_can_come_back_first_is_no_finding_unless_it_is_the_source() -> None:
    host = thing("host", site="north", recovery=(way("boot", 5),))
    app = thing("app", "host", site="north", recovery=(way("restart", 5, "host"),))
    console = thing("console", site="north", recovery=(way("boot", 5),))
    db = thing("db", site="north", recovery=(way("restart", 5, "console"),))
    found = model([host, app, console, db], [service("pay", "app", "db")], ["north"])
    assert list(recovery_on_failed(survey(found))) == []
    vault = thing("vault", site="north", recovery=(way("boot", 5),))
    data = thing("data", site="north", recovery=(way("restore", 30, source="vault"),))
    lost = model([vault, data], [service("pay", "data")], ["north"])
    assert only(list(recovery_on_failed(survey(lost)))).subjects == ("north", "vault")


def test_what_a_thing_needs_to_function_anyway_is_no_finding_here() -> None:
    app = thing("app", "host", site="north", recovery=(way("restart", 5, "host"),))
    found = model([thing("host", site="north"), app], [service("pay", "app")], ["north"])
    assert list(recovery_on_failed(survey(found))) == []


def test_the_tool_under_the_same_administrators() -> None:
    shares = {"admin-domain": "corp"}
    cause = {"admin-domain": CommonCause("admin-domain", 800_000, ("untrusted",))}
    tool = thing("tool", shares=shares, recovery=(way("restart", 5),))
    app = thing("app", shares=shares, recovery=(way("redeploy", 30, "tool", cures=BOTH),))
    found = only(list(recovery_on_failed(survey(model([tool, app], [service("pay", "app")], common_causes=cause)))))
    assert found.subjects == ("admin-domain=corp", "tool")


def test_the_team_that_worked_there() -> None:
    team = thing("team", kind="people", site="north", team=Team(4, 1))
    db = thing("db", site="north", recovery=(way("rebuild", 30, crew={"team": 2}),))
    found = only(list(recovery_on_failed(survey(model([team, db], [service("pay", "db")], ["north"])))))
    assert found.subjects == ("north", "team")


def test_the_recovery_of_a_group_and_of_what_gives_up_without_its_needs() -> None:
    pair = [thing(name, site="north") for name in ("vault", "a", "b")]
    rebuilt = group("db", "a", "b", recovery=(way("rebuild", 30, "vault"),))
    found = only(list(recovery_on_failed(survey(model([*pair, rebuilt], [service("pay", "db")], ["north"])))))
    assert (found.subjects, found.path) == (("north", "vault"), ("pay", "db", "vault"))
    hall = thing("hall", site="campus", recovery=(way("re-enter", 60),))
    host = thing("host", "hall", site="cage", rides_out_ms=0, recovery=(way("boot", 5, "console"),))
    things = [hall, thing("console", site="campus"), host]
    gone = only(list(recovery_on_failed(survey(model(things, [service("pay", "host")], ["campus", "cage"])))))
    assert gone.subjects == ("campus", "console")
    assert "nothing brings back host: boot stands on console" in gone.message


def test_events_that_leave_the_same_without_the_same_are_told_once() -> None:
    shares = {"power": "grid", "duct": "d"}
    vault, other = thing("vault", shares=shares), thing("other", shares={"power": "grid"})
    db = thing("db", shares=shares, recovery=(way("restore", 30, "vault"),))
    found = only(list(recovery_on_failed(survey(model([vault, other, db], [service("pay", "db")])))))
    assert found.subjects == ("duct=d", "power=grid", "vault")
    assert "After a failure of duct d or a failure of power grid nothing brings back db" in found.message


def test_whoever_may_alter_a_host_may_alter_what_runs_on_it() -> None:
    host, tape = thing("host", kind="host"), thing("tape", asset="vault")
    db = thing("db", "host", recovery=(way("restore", 9, source="tape", cures=BOTH),))
    people = {"p-1": Person("p-1", "Engineer", (), None, ("host", "tape"))}
    found = only(list(one_person(survey(model([host, tape, db], [service("pay", "db")], people=people)))))
    assert found.subjects == ("db", "p-1", "tape")
    assert "p-1 (Engineer) may alter db, by way of host, as well as tape" in found.message


def test_a_path_begins_with_a_service_that_stands_on_the_thing() -> None:
    tape = thing("tape", asset="vault")
    things = [thing(name, recovery=(way("restore", 9, source="tape", cures=BOTH),)) for name in ("a", "b")]
    people = {"p-1": Person("p-1", "Engineer", (), None, ("a", "b", "tape"))}
    services = [service("chat", "b"), service("pay", "a")]
    found = only(list(one_person(survey(model([tape, *things], services, people=people)))))
    assert (found.services, found.path) == (("chat", "pay"), ("pay", "a", "tape", "p-1"))


def test_one_person_over_a_thing_and_every_store_of_its_earlier_states() -> None:
    vault, tape = thing("vault", keeps=Keeps(MINUTE, HOUR)), thing("tape", asset="vault")
    copies = [thing(name, recovery=(way("restore", 30, source="vault", cures=BOTH),)) for name in ("a", "b")]

    def people(*rights: str) -> dict[str, Person]:
        return {"p-1": Person("p-1", "DBA", (), None, rights)}

    things = [vault, tape, *copies, group("db", "a", "b")]
    found = only(list(one_person(survey(model(things, [service("pay", "db")], people=people("db", "vault"))))))
    assert found.subjects == ("db", "p-1", "vault")
    assert list(one_person(survey(model(things, [service("pay", "db")], people=people("db", "tape"))))) == []
    both = [thing("a", recovery=(way("restore", 30, source="vault"), way("old", 60, source="tape")))]
    other = model([vault, tape, *both], [service("pay", "a")], people=people("a", "vault"))
    assert list(one_person(survey(other))) == []


def test_a_decision_whose_maker_is_reached_through_what_failed() -> None:
    pay = service("pay", modes=(mode("full", "idp", "core"), mode("by-hand", "desk", decision="duty")))
    things = [thing(name) for name in ("idp", "core", "desk", "phone", "cards")]

    def found(*ways: str) -> list[Weakness]:
        roles = {"duty": Role("duty", "Duty manager", None, (), reached_by=either(*ways))}
        linked = [thing("phone", "idp") if part.name == "phone" else part for part in things]
        return list(decision_out_of_reach(survey(model(linked, [pay], roles=roles))))

    unreached = only(found("phone"))
    assert (unreached.subjects, unreached.weight, unreached.path) == (("duty",), "high", ("duty", "phone", "idp"))
    assert "cannot be reached after losing idp" in unreached.message
    assert found("phone", "cards") == []
    gone = service("pay", modes=(mode("full", "idp"), mode("by-hand", "idp", decision="duty")))
    roles = {"duty": Role("duty", "Duty manager", None, (), reached_by=On("idp"))}
    late = only(list(decision_out_of_reach(survey(model([thing("idp")], [gone], roles=roles)))))
    assert late.weight == "medium"  # no decision would help


def test_roles_that_decide_and_are_out_of_reach_together_are_told_once() -> None:
    def found(decides: tuple[str, ...]) -> list[Weakness]:
        ways = either("mail", "app")
        roles = {name: Role(name, name, None, (), decides, ways) for name in ("gold", "coo")}
        things = [thing("cloud"), thing("mail", "cloud"), thing("app", "cloud")]
        return list(decision_out_of_reach(survey(model(things, [service("pay", "cloud")], roles=roles))))

    unreached = only(found(("declare a crisis",)))
    assert (unreached.subjects, unreached.weight, unreached.services) == (("coo", "gold"), "medium", ("pay",))
    assert found(()) == []


def test_a_role_for_whose_word_something_waits_and_nobody_knows_how_to_reach_it() -> None:
    by_hand = mode("by-hand", "desk", decision="duty")
    things = [thing("core"), thing("desk"), thing("phone")]

    def found(duty: Role, *, close: bool = False) -> list[Weakness]:
        limits = ImpactTolerance(4 * HOUR, end_of_day=close)
        pay = service("pay", modes=(mode("full", "core"), by_hand), impact_tolerance=limits)
        roles = {"duty": duty, "gold": Role("gold", "Gold", None, (), reached_by=On("phone"))}
        roles["manager"] = Role("manager", "Their manager", None, ())
        calendar = Calendar("Europe/Amsterdam", 420, 1020, 1050, extension=Extension(HOUR, ("manager",)))
        return list(no_way_to_reach(survey(model(things, [pay], roles=roles, calendar=calendar))))

    nowhere = Role("duty", "Duty manager", None, ())
    told = only(found(nowhere))
    assert (told.subjects, told.weight, told.path) == (("duty",), "medium", ("pay", "duty"))
    assert "how to reach duty (Duty manager), for whose word a degraded mode of pay waits" in told.message
    by_phone = Role("duty", "Duty manager", None, (), reached_by=On("phone"))
    assert found(by_phone) == []
    assert "for whose word a longer business day of pay waits" in only(found(by_phone, close=True)).message
    alone = model(things, [service("pay", modes=(mode("full", "core"), by_hand))], roles={"duty": nowhere})
    assert list(no_way_to_reach(survey(alone))) == []


# ---- clean copies ----------------------------------------------------------------------------------------------------


def replicated(
    *ways: Strategy,
    lag_ms: int = 0,
    keeps: Keeps | None = None,
    copy_keeps: Keeps | None = None,
    dwell_ms: int | None = None,
) -> list[Weakness]:
    copy = thing("b", replica_of="a", lag_ms=lag_ms, keeps=copy_keeps)
    things = [thing("a", recovery=ways), copy, thing("vault", keeps=keeps)]
    hits = () if dwell_ms is None else (Compromise("a", Lognormal(dwell_ms // 4, dwell_ms), "data", ("a",)),)
    scenarios = [scenario("edited", "pay", hits)]
    return list(no_clean_copy(survey(model([*things, group("db", "a", "b")], [service("pay", "db")], (), scenarios))))


def test_replicas_without_a_source_of_earlier_states() -> None:
    restore = way("restore", 30, source="vault", cures=BOTH)
    assert only(replicated()).subjects == ("a",)
    assert only(replicated()).weight == "critical"
    assert "b copies a at once" in only(replicated()).message
    assert only(replicated(restore)).weight == "critical"
    assert only(replicated(way("restore", 30, source="vault"), keeps=Keeps(1, HOUR))).weight == "critical"
    assert only(replicated(way("resync", 30, source="b", cures=BOTH), copy_keeps=Keeps(1, HOUR))).weight == "critical"
    assert replicated(restore, keeps=Keeps(1, HOUR)) == []


def test_a_database_without_copies_has_to_have_a_clean_state_too() -> None:
    def told(*things: Resource | Group, ways: tuple[Strategy, ...] = ()) -> list[Weakness]:
        db = thing("db", kind="database", recovery=(way("restart"), *ways))
        return list(no_clean_copy(survey(model([db, *things], [service("pay", "db")]))))

    vault = thing("vault", keeps=Keeps(1, HOUR))
    assert "What corrupts db stays, and no declared recovery" in only(told()).message
    assert told(vault, ways=(way("restore", 30, source="vault", cures=BOTH),)) == []
    pair = [thing(name, kind="database", recovery=(way(),)) for name in "ab"]
    cluster = model([*pair, group("dbs", "a", "b")], [service("pay", "dbs")])
    assert only(list(no_clean_copy(survey(cluster)))).subjects == ("dbs",)
    assert only(told()).weight == "high"
    nothing = model([thing("db", kind="database"), thing("x", recovery=(way(),))], [service("pay", "db", "x")])
    assert list(no_clean_copy(survey(nothing))) == []  # that nothing brings it back is told by HF606


def test_a_vault_that_forgets_before_an_intruder_is_seen() -> None:
    restore = way("restore", 30, source="vault", cures=BOTH)
    assert replicated(restore, keeps=Keeps(1, 9 * HOUR), dwell_ms=8 * HOUR) == []
    assert only(replicated(restore, keeps=Keeps(1, 7 * HOUR), dwell_ms=8 * HOUR)).weight == "low"
    assert only(replicated(restore, keeps=Keeps(1, HOUR), dwell_ms=8 * HOUR)).weight == "high"
    assert replicated(lag_ms=9 * HOUR, dwell_ms=8 * HOUR) == []


# ---- no strategy -----------------------------------------------------------------------------------------------------


def test_what_stops_a_service_and_has_no_way_back() -> None:
    other = thing("other", recovery=(way(),))
    single = only(list(no_strategy(survey(model([thing("db"), other], [service("pay", "db", "other")])))))
    assert (single.subjects, single.weight) == (("db",), "high")
    twins = model([thing("a"), thing("b"), group("db", "a", "b"), other], [service("pay", "db", "other")])
    assert only(list(no_strategy(survey(twins)))).subjects == ("db",)
    one = model([thing("a"), thing("b", recovery=(way(),)), group("db", "a", "b")], [service("pay", "db")])
    assert list(no_strategy(survey(one))) == []
    lossy = thing("db", recovery=(way("old", loses_ms=HOUR),))
    assert (
        "more data than the RPO allows"
        in only(list(no_strategy(survey(model([lossy], [service("pay", "db")]))))).message
    )


def test_what_gives_up_without_its_needs_and_nothing_starts_it_again() -> None:
    host = thing("host", recovery=(way(),))
    things = [host, thing("a", "host", rides_out_ms=0), thing("b"), group("g", "a", "b", recovery=(way(),))]
    assert only(list(no_strategy(survey(model(things, [service("pay", "g")]))))).subjects == ("a",)


def test_a_group_of_suppliers_comes_back_by_others() -> None:
    parties = [thing(name, kind="third-party") for name in "ab"]
    found = model([*parties, thing("x", recovery=(way(),)), group("g", "a", "b")], [service("pay", "g", "x")])
    assert list(no_strategy(survey(found))) == []


def test_what_an_intruder_reaches_and_only_failures_are_cured_of() -> None:
    cause = {"domain": CommonCause("domain", 800_000, ("untrusted",))}
    shares = {"domain": "corp"}
    tool = thing("tool", shares=shares, recovery=(way("restart"),))
    app = thing("app", shares=shares, recovery=(way("redeploy", cures=BOTH),))
    none = thing("none", shares=shares)
    data = thing("data", kind="database", shares=shares, recovery=(way("restart"),))
    services = [service("pay", "app", "tool", "none", "data")]
    found = only(list(no_way_to_trust(survey(model([tool, app, none, data], services, common_causes=cause)))))
    assert (found.subjects, found.weight) == (("domain=corp", "tool"), "medium")
    assert "nothing makes tool trustworthy again: what is declared for it cures a failure only" in found.message


def test_nothing_declared_anywhere_is_said_once_and_suppliers_and_people_are_not_asked() -> None:
    found = only(list(no_strategy(survey(model([thing("a"), thing("b")], [service("pay", "a", "b")])))))
    assert found.subjects == ("pay",)
    party = thing("telco", kind="third-party", supplier=Supplier())
    staffed = model(
        [party, thing("desk", kind="people"), thing("x", recovery=(way(),))], [service("pay", "telco", "desk")]
    )
    assert list(no_strategy(survey(staffed))) == []


# ---- objectives out of reach -----------------------------------------------------------------------------------------


def test_a_recovery_longer_than_the_objective_at_best() -> None:
    tape = thing("tape", recovery=(way("load", 30),))
    db = thing("db", site="north", recovery=(way("restore", 200, "tape"),))
    pay = service("pay", "db", reestablish=Constant(5 * MINUTE))
    found = only(list(out_of_reach(survey(model([tape, db], [pay], ["north"])))))
    assert (found.subjects, found.weight, found.path) == (("db", "pay"), "medium", ("pay", "db"))
    assert "pay is away for at least 3h 25m" in found.message
    assert "db is back by restore after 3h 20m, re-establishing the service takes another 5m" in found.message
    over = thing("db", recovery=(way("restore", 300),))
    assert only(list(out_of_reach(survey(model([over], [pay]))))).weight == "high"
    quick = thing("db", recovery=(way("restore", 60),))
    assert list(out_of_reach(survey(model([quick], [pay])))) == []


def test_a_failover_longer_than_the_objective_though_nothing_is_lost_for_good() -> None:
    slow = Failover(automatic=False, takes=Constant(3 * HOUR), passed=1, failed=0)
    things = [thing("a"), thing("b"), group("db", "a", "b", failover=slow)]
    found = only(list(out_of_reach(survey(model(things, [service("pay", "db")])))))
    assert found.subjects == ("db", "pay")


def test_what_only_together_takes_too_long_shows_its_path() -> None:
    tape = thing("tape", site="north", recovery=(way("load", 90),))
    db = thing("db", site="north", recovery=(way("restore", 60, "tape"),))
    found = only(list(out_of_reach(survey(model([tape, db], [service("pay", "db")], ["north"])))))
    assert found.path == ("pay", "db", "tape")
    assert "After the loss of north" in found.message


def test_what_never_comes_back_is_not_told_as_too_late() -> None:
    lost = [thing("db", site="north"), thing("x", recovery=(way(),))]
    assert list(out_of_reach(survey(model(lost, [service("pay", "db", "x")], ["north"])))) == []


def test_what_is_held_long_enough_or_waits_for_a_supplier_is_not_told_here() -> None:
    power = thing("power", recovery=(way("mend", 300),))
    held = model([power, thing("db", On("power", 6 * HOUR))], [service("pay", "db")])
    assert list(out_of_reach(survey(held))) == []


def test_a_supplier_that_promises_as_much_as_the_objective_leaves_nothing_for_the_rest() -> None:
    def told(hours: int) -> list[Weakness]:
        promise = Supplier(continuity=Continuity(None, None, None, hours * HOUR))
        things = [thing("csd", kind="fmi", supplier=promise), thing("x", recovery=(way(),))]
        pay = service("pay", "csd", "x", reestablish=Constant(5 * MINUTE))
        return list(out_of_reach(survey(model(things, [pay]))))

    assert "csd promises to be back within 2h, re-establishing the service takes another 5m" in only(told(2)).message
    assert told(1) == told(5) == []  # in time, and beyond the tolerance, which HF614 tells


def test_a_failover_that_gives_up_more_data_than_may_be_lost() -> None:
    def told(*, accept: bool) -> list[Weakness]:
        over = Failover(automatic=True, takes=Constant(1), passed=1, failed=0, loses_ms=HOUR, accept_loss=accept)
        things = [thing("a", recovery=(way(),)), thing("b"), group("db", "a", "b", failover=over)]
        lax = service("chat", "db", rpo_ms=2 * HOUR)
        return list(out_of_reach(survey(model(things, [service("pay", "db"), lax]))))

    lossy = only(told(accept=False))
    assert (lossy.subjects, lossy.weight) == (("db", "pay"), "high")
    assert "gives up 1h of data, and pay may lose 0s: unless somebody accepts that loss, pay waits" in lossy.message
    assert told(accept=True) == []
