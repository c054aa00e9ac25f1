"""HF601 and HF602: what alone stops a service, and what only looks redundant. Told once; folding loses nothing."""

from __future__ import annotations

from hypothesis import given, settings

from holdfast.analysis.events import SUPPLYING, Event
from holdfast.analysis.false_redundancy import false_redundancy
from holdfast.analysis.single_points import single_points
from holdfast.analysis.survey import DAY_MS, Survey
from holdfast.analysis.weakness import Weakness
from holdfast.model.types import (
    AtLeast,
    CommonCause,
    Compromise,
    Constant,
    Continuity,
    ImpactTolerance,
    Model,
    On,
    Resource,
    Site,
    Supplier,
    Team,
)
from tests.holdfast.analysis.small import HOUR, either, group, mode, model, models, scenario, service, thing, way

ON = "2026-11-21"


def points(found: Model) -> dict[tuple[str, ...], Weakness]:
    return {weakness.subjects: weakness for weakness in single_points(Survey(found, ON))}


def false(found: Model) -> dict[tuple[str, ...], Weakness]:
    return {weakness.subjects: weakness for weakness in false_redundancy(Survey(found, ON))}


# ---- single points ---------------------------------------------------------------------------------------------------


def test_a_host_and_what_runs_on_it_are_one_finding_at_the_host() -> None:
    host = thing("host", kind="host", recovery=(way("boot", 5),))
    found = points(model([host, thing("app", "host", recovery=(way(),))], [service("pay", "app")]))
    assert list(found) == [("host",)]
    assert found["host",].path == ("pay", "app", "host")
    assert found["host",].message.endswith(
        "nothing stands in for it. It takes app with it. At best it is back after 5m."
    )


def test_what_several_things_share_is_told_beside_them_and_not_instead() -> None:
    shared = [thing("net"), thing("a", "net"), thing("b", "net"), thing("c", "net")]
    found = points(model(shared, [service("pay", "a"), service("settle", either("b", "c"))]))
    assert {subjects: weakness.services for subjects, weakness in found.items()} == {
        ("net",): ("pay", "settle"),
        ("a",): ("pay",),
    }


def test_things_that_need_each_other_are_told_once() -> None:
    found = points(model([thing("a", "b"), thing("b", "a")], [service("pay", "a")]))
    assert len(found) == 1


def test_hosts_that_carry_each_other_are_told_once() -> None:
    hosts = [thing("a", "b", kind="host"), thing("b", "a", kind="host")]
    assert list(points(model(hosts, [service("pay", "a", "b")]))) == [("a",)]


def test_an_alternative_a_group_or_a_mode_is_no_single_point() -> None:
    things = [thing("a"), thing("b"), group("g", "a", "b")]
    assert points(model(things, [service("pay", "g")])) == {}
    assert points(model(things, [service("pay", either("a", "b"))])) == {}
    assert points(model(things, [service("pay", modes=(mode("full", "a"), mode("slow", "b")))])) == {}
    below = service("pay", modes=(mode("full", "a"), mode("toy", "b", minimum=False)))
    assert list(points(model(things, [below]))) == [("a",)]


def test_without_a_second_site_there_is_one_finding_and_not_one_for_everything() -> None:
    here = [thing(name, site="north") for name in ("gate", "core", "store")]
    found = points(
        model(
            [*here, thing("desk", site="south")],
            [service("pay", *("gate", "core", "store", "desk"))],
            ["north", "south"],
        )
    )
    assert sorted(found) == [("desk",), ("north", "pay")]
    assert "pay has no second site: 3 things at north" in found["north", "pay"].message


def test_suppliers_and_teams_with_people_to_spare_are_not_told_here() -> None:
    telco = thing("telco", kind="third-party", supplier=Supplier())
    many = thing("desk", kind="people", team=Team(6, 2))
    few = thing("custodians", kind="people", team=Team(2, 2))
    assert list(points(model([telco, many, few], [service("pay", "telco", "desk", "custodians")]))) == [("custodians",)]


def test_the_weight_is_that_of_the_time_it_takes_and_of_the_service() -> None:
    def weight(minutes: int, **limits: object) -> str:
        part = thing("db", recovery=(way("rebuild", minutes),))
        return points(model([part], [service("pay", "db", **limits)]))["db",].weight

    assert [weight(minutes) for minutes in (600, 200, 5)] == ["critical", "high", "medium"]
    slow = {"impact_tolerance": ImpactTolerance(24 * HOUR, end_of_day=False), "rto_ms": 8 * HOUR}
    assert [weight(minutes, **slow) for minutes in (2_000, 600, 5)] == ["high", "medium", "low"]


def test_what_is_felt_only_after_a_day_weighs_a_step_less_and_a_day_to_complete_makes_vital() -> None:
    power, app = (
        thing("power", recovery=(way("mend", 5_000),)),
        thing("app", On("power", 2 * DAY_MS), recovery=(way(),)),
    )
    late = points(model([power, app], [service("pay", "app")]))["power",]
    assert late.weight == "high"
    assert "It is felt after 2d. At best it is back after 1d 11h." in late.message
    long, daily = (ImpactTolerance(24 * HOUR, end_of_day=day) for day in (False, True))
    never = [thing("db"), thing("x", recovery=(way(),))]
    for limits, weight in ((long, "high"), (daily, "critical")):
        pay = service("pay", "db", "x", impact_tolerance=limits, rto_ms=HOUR)
        assert points(model(never, [pay]))["db",].weight == weight


def test_what_is_bridged_until_it_is_back_is_no_outage_of_nothing() -> None:
    power, app = thing("power", recovery=(way("mend", 10),)), thing("app", On("power", HOUR), recovery=(way(),))
    found = points(model([power, app], [service("pay", "app")]))["power",]
    assert found.weight == "low"
    assert found.message.startswith("If power stays away, pay stops: nothing stands in for it.")
    assert found.message.endswith("That is bridged for a while, and at best everything is back before.")
    both = model([power, app], [service("pay", "app"), service("chat", "power")])
    told = points(both)["power",]
    assert (told.services, "pay" in told.message) == (("chat",), False)


def test_what_a_group_cannot_miss_has_no_stand_in_because_the_group_needs_all() -> None:
    things = [thing("a", recovery=(way(),)), thing("b", recovery=(way(),)), group("g", "a", "b", quorum=2)]
    found = points(model(things, [service("pay", "g")]))
    assert "If a fails, pay stops: g needs all of its members." in found["a",].message


def test_services_that_feel_it_later_or_never_see_an_end_are_named() -> None:
    things = [thing("power"), thing("app", On("power", HOUR), recovery=(way(),)), thing("x", recovery=(way(),))]
    spare = mode("spare", "x")
    services = [service("pay", "app"), service("chat", "power")]
    found = points(model(things, services))["power",]
    assert "pay feels it only after 1h. No declared recovery brings all of them back." in found.message
    over = service("mail", modes=(mode("full", "power"), spare))
    assert points(model(things, [*services, over]))["power",].services == ("chat", "pay")


def test_where_nothing_says_how_it_comes_back_no_time_is_claimed() -> None:
    found = points(model([thing("db")], [service("pay", "db")]))["db",]
    assert found.weight == "high"
    assert "back" not in found.message


# ---- false redundancy ------------------------------------------------------------------------------------------------


def test_two_members_at_one_site_or_with_one_attribute_or_behind_one_supplier() -> None:
    things = [thing("a", site="north"), thing("b", site="north"), group("g", "a", "b")]
    assert list(false(model(things, [service("pay", "g")], ["north"]))) == [("g", "north")]
    things = [thing("a", shares={"duct": "x"}), thing("b", shares={"duct": "x"}), group("g", "a", "b")]
    assert list(false(model(things, [service("pay", "g")]))) == [("duct=x", "g")]
    things = [thing("a", shares={"duct": "x"}), thing("b", shares={"duct": "y"}), group("g", "a", "b")]
    assert false(model(things, [service("pay", "g")])) == {}

    def carrier(name: str) -> Resource:
        return thing(name, kind="third-party", supplier=Supplier(subcontracts=("ducts",)))

    parties = [carrier("orion"), carrier("vega"), thing("ducts", kind="third-party")]
    found = false(model(parties, [service("pay", either("orion", "vega"))]))
    assert list(found) == [("ducts", "orion or vega")]
    assert found["ducts", "orion or vega"].path == ("pay", "orion")


def test_a_pair_at_the_only_site_of_a_service_is_not_told_beside_the_site() -> None:
    here = [thing(name, site="north") for name in ("gate", "core", "store", "a", "b")]
    found = model([*here, group("g", "a", "b")], [service("pay", "gate", "core", "store", "g")], ["north"])
    assert list(points(found)) == [("north", "pay")]
    assert false(found) == {}


def test_of_choices_that_take_each_other_down_the_first_is_told() -> None:
    shared = [thing(name, shares={"make": "x"}) for name in "pqrt"]
    things = [thing("a", "h", either("p", "q")), thing("b", "h", either("r", "t")), thing("c", "g"), thing("d", "g")]
    found = model([*shared, *things, group("g", "a", "b"), group("h", "c", "d")], [service("pay", "g")])
    assert list(false(found)) == [("g", "make=x")]


def test_what_sites_share_counts_for_what_stands_there() -> None:
    sites = [Site(name, name, "test", {"power": "grid"}) for name in ("north", "south")]
    things = [thing("a", site="north"), thing("b", site="south"), group("g", "a", "b")]
    assert list(false(model(things, [service("pay", "g")], sites))) == [("g", "power=grid")]


def test_a_quorum_that_survives_and_a_local_pair_with_a_second_site_are_no_findings() -> None:
    things = [thing("a", site="north"), thing("b", site="north"), thing("c", site="south")]
    wide = group("g", "a", "b", "c")
    assert false(model([*things, wide], [service("pay", "g")], ["north", "south"])) == {}
    narrow = group("g", "a", "b", "c", quorum=2)
    assert list(false(model([*things, narrow], [service("pay", "g")], ["north", "south"]))) == [("g", "north")]
    local = group("fw", "a", "b")
    assert false(model([*things, local], [service("pay", either("fw", "c"))], ["north", "south"])) == {}


def test_what_all_plainly_need_is_a_single_point_and_not_a_false_redundancy() -> None:
    things = [thing("net", site="north"), thing("a", "net", site="north"), thing("b", "net", site="south")]
    found = model([*things, group("g", "a", "b")], [service("pay", "g")], ["north", "south"])
    assert false(found) == {}
    assert "That g is redundant does not help." in points(found)["net",].message


def test_an_admin_domain_is_an_intruders_way_and_says_so() -> None:
    cause = {"admin-domain": CommonCause("admin-domain", 800_000, ("untrusted",))}
    shares = {"admin-domain": "corp"}
    things = [thing("a", shares=shares), thing("b", shares=shares), group("g", "a", "b")]
    found = false(model(things, [service("pay", "g")], common_causes=cause))["admin-domain=corp", "g"]
    assert found.message.startswith(
        "An intruder who holds admin-domain corp (declared to spread with 80%) takes a and b"
    )


def test_an_intruder_who_also_breaks_things_is_told_as_an_intruder() -> None:
    cause = {"domain": CommonCause("domain", 800_000, ("failed", "untrusted"))}
    things = [thing(name, shares={"domain": "corp"}, recovery=(way(),)) for name in "ab"]
    found = false(model([*things, group("g", "a", "b")], [service("pay", "g")], common_causes=cause))[
        "domain=corp", "g"
    ]
    assert found.message.startswith("An intruder who holds domain corp")
    assert "No declared recovery brings it back." in found.message


def test_what_copies_what_an_intruder_holds_is_no_stand_in_unless_it_lags_behind() -> None:
    cause = {"domain": CommonCause("domain", 800_000, ("untrusted",))}
    hits = (Compromise("a", Constant(2 * HOUR), "data", ("a",)),)

    def told(lag_ms: int) -> bool:
        first = thing("a", shares={"domain": "corp"}, recovery=(way(),))
        things = [first, thing("b", replica_of="a", lag_ms=lag_ms), group("g", "a", "b")]
        seen = [scenario("edited", "pay", hits)]
        return ("domain=corp", "g") in false(model(things, [service("pay", "g")], (), seen, common_causes=cause))

    assert told(0)
    assert told(2 * HOUR)
    assert not told(3 * HOUR)


def test_a_bad_agent_is_not_cured_by_starting_it_again_and_where_nobody_says_so_that_is_told() -> None:
    def message(*outlasts: str) -> str:
        cause = {"agent": CommonCause("agent", 600_000, ("failed",), outlasts)}
        ways = (way("boot", 5, automatic=True), way("reinstall", 300))
        things = [thing(name, shares={"agent": "x"}, recovery=ways) for name in "ab"]
        found = false(model([*things, group("g", "a", "b")], [service("pay", "g")], common_causes=cause))
        return found["agent=x", "g"].message

    assert message().endswith(
        "At best it is back after 5m. That counts on boot: if what is shared outlasts it, declare so."
    )
    assert message("boot").endswith("At best it is back after 5h.")


def test_a_group_that_falls_together_without_stopping_a_service_weighs_least() -> None:
    things = [thing(name, shares={"duct": "x"}) for name in ("orion", "vega")]
    lines = group("lines", "orion", "vega")
    found = false(model([*things, lines, thing("sat")], [service("pay", either("lines", "sat"))]))
    assert (found["duct=x", "lines"].weight, found["duct=x", "lines"].services) == ("low", ())
    assert found["duct=x", "lines"].message.endswith("is no protection. No service stops by that alone.")
    beside = model([*things, lines, thing("c", shares={"duct": "x"})], [service("pay", either("lines", "c"))])
    assert list(false(beside)) == [("c or lines", "duct=x")]  # what stops a service, and not what falls beside it


def test_how_many_of_a_choice_are_wanted_is_said() -> None:
    things = [thing(name, site="north") for name in "ab"] + [thing("c", site="south")]
    wanted = AtLeast(2, (On("a"), On("b"), On("c")))
    (found,) = false(model(things, [service("pay", wanted)], ["north", "south"])).values()
    assert "the choice of 2 of a or b or c is no protection" in found.message


def test_an_unlikely_common_cause_weighs_less() -> None:
    def weight(beta_ppm: int) -> str:
        things = [thing(name, shares={"release": "18"}, recovery=(way("rebuild", 600),)) for name in "ab"]
        cause = {"release": CommonCause("release", beta_ppm, ("failed",))}
        return false(model([*things, group("g", "a", "b")], [service("pay", "g")], common_causes=cause))[
            "g", "release=18"
        ].weight

    assert (weight(900_000), weight(50_000)) == ("critical", "high")


# ---- nothing is lost by folding --------------------------------------------------------------------------------------


@settings(max_examples=120, deadline=None)
@given(models())
def test_every_event_that_stops_a_service_is_told(found: Model) -> None:
    survey = Survey(found, ON)
    single, twins = list(single_points(survey)), list(false_redundancy(survey))
    for number, services in survey.stopped.items():
        event = survey.events[number]
        for name in services:
            gate = survey.circuit.services[name]
            parts = {part for part in found.resources if survey.exposure.takes_down(number, survey.circuit.nodes[part])}
            alone = {part for part in parts if survey.exposure.takes_down(survey.number[part], gate)} - {event.name}
            if event.cause == "resource" and found.resources[event.name].kind not in SUPPLYING:
                assert any(name in told.services and _tells(survey, told, event.name) for told in single), event.name
            elif event.joint and not alone and gate not in _without_dependents(survey, event):
                sites = any(event.name in told.subjects and name in told.services for told in single)
                assert sites or any(event.name in told.subjects and name in told.services for told in twins), event.name


def _without_dependents(survey: Survey, event: Event) -> frozenset[int]:
    """Return what falls when a supplier is out and nobody rests on it: where that is enough, HF614 tells."""
    return survey.circuit.down({survey.circuit.nodes[event.name]} if event.cause == "resource" else ())


def _tells(survey: Survey, told: Weakness, name: str) -> bool:
    """Whether a finding tells of a single point: itself, what lies below it, or the site where it stands."""
    sites = survey.model.sites.keys() & set(told.subjects)
    if sites:
        return survey.model.resources[name].site in sites
    (subject,) = told.subjects
    return survey.exposure.takes_down(survey.number[subject], survey.circuit.nodes[name])


def test_nothing_is_told_of_a_promise_that_a_supplier_keeps() -> None:
    shown = Continuity("2026-01-01", "2026-05-01", None, HOUR)
    telco = thing("telco", kind="third-party", supplier=Supplier(continuity=shown))
    found = model([telco], [service("pay", "telco")])
    assert points(found) == false(found) == {}
