"""What a declaration becomes: every key of it, in the frozen types, with units as their names say."""

from __future__ import annotations

from holdfast.model.types import (
    NOTHING_NEEDED,
    AbortWhen,
    Absent,
    AllOf,
    AnyOf,
    Arrivals,
    AtLeast,
    Calendar,
    Candidate,
    CommonCause,
    Compromise,
    Constant,
    Continuity,
    Contract,
    Dial,
    Edge,
    Exit,
    Extension,
    Fail,
    Failover,
    FailShared,
    FailSite,
    Fault,
    Flow,
    GapAbout,
    Group,
    Impact,
    ImpactTolerance,
    Importance,
    Indicator,
    Inject,
    Keeps,
    Load,
    Lognormal,
    Mode,
    Money,
    On,
    Peak,
    Person,
    Pert,
    PlannedTest,
    Range,
    Resource,
    RiskAcceptance,
    Role,
    Rota,
    Scenario,
    Segment,
    Service,
    Site,
    Slow,
    Strategy,
    Supplier,
    Sustain,
    Team,
    ThirdPartyOut,
)
from tests.holdfast.model.declared import ROOT, WHOLE, model

_MIN_MS, _H_MS, _D_MS = 60_000, 3_600_000, 86_400_000


def euro(whole: int) -> Money:
    return Money(whole * 100, "EUR")


def test_the_institution_its_day_and_its_range() -> None:
    whole = model()
    assert (whole.institution, whole.regimes, whole.root) == ("Example Bank", ("pfmi", "dora"), ROOT)
    assert whole.calendar == Calendar(
        timezone="UTC",
        open_min=420,
        cut_off_min=1020,
        close_by_min=1080,
        cut_offs={"cls": 720, "rtgs": 990},
        extension=Extension(60 * _MIN_MS, ("gold", "silver")),
        holidays=("2026-01-01", "2026-12-25"),
    )
    assert whole.range == Range(("python", "-m", "meridian"), "fast", {"client": ("safe", "naive")})


def test_a_site_is_in_production_unless_it_says_otherwise() -> None:
    assert model().sites == {
        "dc-a": Site("dc-a", "Data centre A", "range", {"landlord": "one"}),
        "dc-b": Site("dc-b", "dc-b", "test"),
        "hq": Site("hq", "hq", "production"),
    }


def test_candidates() -> None:
    assert model().candidates == {
        "trading": Candidate("trading", "Client trading", "Others take it over within an hour.")
    }


def test_a_service_with_everything_given() -> None:
    assert model().services["payments"] == Service(
        name="payments",
        title="Payments",
        owner="head-of-payments",
        impact_tolerance=ImpactTolerance(4 * _H_MS, True, 1_000, euro(2 * 10**9), 5_000, 3),  # noqa: FBT003
        rto_ms=2 * _H_MS,
        rpo_ms=0,
        indicator=Indicator(("settled", "queued"), 2_000, 950_000, 3_000, "monitor"),
        modes=(
            Mode("full", 1_000_000, AllOf((On("gateway"), On("ledger"))), meets_minimum=True),
            Mode(
                name="slow",
                capacity_ppm=125_000,
                needs=AllOf((On("ledger"), On("power", 2 * _H_MS))),
                meets_minimum=False,
                minimum_service="CLS and margin",
                decision="gold",
                sustain=Sustain(3 * _D_MS, "dba-team"),
                priority_answer=("settled",),
            ),
        ),
        importance=Importance(("participants", "financial-stability"), "41% of national value."),
        impact=(
            Impact(15 * _MIN_MS, "minor"),
            Impact(_H_MS, "serious", euro(300 * 10**6), 4, euro(10**6), "Margin calls are missed."),
            Impact(4 * _H_MS, "intolerable"),
        ),
        peaks=(Peak("quarter-end", ("2026-03-31", "2026-06-30"), 2_500_000),),
        flow=Arrivals(
            arrivals_per_h=((450, 144_000), (720, 432_000), (960, 600)),
            shape="steps",
            capacity_per_h=1_080_000,
            while_down="refuse",
            value_per_day=euro(80 * 10**9),
            priority_share_ppm=200_000,
        ),
        rides_out_ms=30_000,
        reestablish=Lognormal(2 * _MIN_MS, 15 * _MIN_MS),
    )


def test_a_service_with_defaults() -> None:
    service = model().services["reporting"]
    assert service == Service(
        name="reporting",
        title="reporting",
        owner=None,
        impact_tolerance=ImpactTolerance(_D_MS, end_of_day=False),
        rto_ms=8 * _H_MS,
        rpo_ms=_H_MS,
        indicator=None,
        modes=(Mode("only", 1_000_000, AllOf((On("ledger"),)), meets_minimum=True),),
    )
    assert service.rides_out_ms == _MIN_MS


def test_a_resource_with_everything_given() -> None:
    assert model().resources["ledger-a"] == Resource(
        name="ledger-a",
        kind="database",
        title="ledger-a",
        environment="range",
        site="dc-a",
        needs=AllOf((On("db-a"),)),
        owner="head-of-databases",
        tier="gold",
        segment="data",
        shares={"storage-firmware": "v9", "admin-domain": "corp"},
        recovery=(
            Strategy("restart", Constant(90_000), ("failed",), NOTHING_NEEDED, automatic=True),
            Strategy(
                name="rebuild",
                takes=Lognormal(25 * _MIN_MS, 90 * _MIN_MS),
                cures=("failed", "untrusted"),
                needs=AllOf((On("vault"), On("dba-team"))),
                source="vault",
                loses_ms=5 * _MIN_MS,
                replays="journal",
                accept_loss=True,
                crew={"dba-team": 2},
                playbook="rebuild-ledger",
                after_ms=10 * _MIN_MS,
                exercised="2026-05-12",
            ),
        ),
        rides_out_ms=5 * _MIN_MS,
        asset="primary",
    )


def test_resources_and_what_they_need() -> None:
    resources = model().resources
    assert resources["db-a"].needs == AllOf((On("power", 25 * _MIN_MS),))
    assert resources["line"] == Resource("line", "network", "line", "range", None, NOTHING_NEEDED, ("dc-a", "dc-b"))
    assert (resources["ledger-b"].replica_of, resources["ledger-b"].lag_ms) == ("ledger-a", 2_000)
    assert resources["monitor"].announces == ("gateway", "ledger")
    assert resources["vault"].keeps == Keeps(5 * _MIN_MS, 30 * _D_MS)
    assert resources["desk"] == Resource("desk", "people", "desk", "production", "hq", NOTHING_NEEDED)
    assert resources["gateway"].needs == AllOf(
        (
            AllOf((On("ledger"),)),
            AnyOf((On("ledger-a"), On("ledger-b"))),
            AtLeast(1, (On("monitor"), On("line"))),
        )
    )


def test_two_that_need_each_other_are_fine() -> None:
    assert model().resources["monitor"].needs == On("gateway")


def test_a_group() -> None:
    assert model().groups == {
        "ledger": Group(
            name="ledger",
            kind="database",
            title="The ledger",
            members=("ledger-a", "ledger-b"),
            active=1,
            quorum=2,
            needs=AllOf((On("line"),)),
            owner="head-of-databases",
            failover=Failover(
                automatic=True,
                takes=Pert(3_000, 5_000, 20_000),
                passed=18,
                failed=2,
                loses_ms=1_000,
                detects=Constant(10_000),
                accept_loss=True,
                exercised="2026-04-01",
            ),
            recovery=(Strategy("form-anew", Constant(_H_MS), ("failed",), NOTHING_NEEDED),),
        )
    }


def test_a_team() -> None:
    resources = model().resources
    assert resources["dba-team"].team == Team(4, 2, Lognormal(10 * _MIN_MS, 30 * _MIN_MS), Rota(360, 1_320, 2))
    assert resources["desk"].team is None
    alone = model(WHOLE.replace("  desk: {kind: people, site: hq}", "  desk: {kind: people, headcount: 3}"))
    assert alone.resources["desk"].team == Team(3, 1)


def test_suppliers() -> None:
    resources = model().resources
    assert resources["telco"].supplier == Supplier(
        contract=Contract("T-1", "2024-01-01", "2027-12-31", 90 * _D_MS, True, "2026-04-01", "difficult"),  # noqa: FBT003
        continuity=Continuity("2026-03-01", "2026-02-01", "2026-01-15", 4 * _H_MS),
        substitutability="highly-complex",
        substitute="carrier",
        substitute_takes=Pert(_D_MS, 7 * _D_MS, 90 * _D_MS),
        exit=Exit("2026-03-02", "2025-11-01", Constant(365 * _D_MS)),
        subcontracts=("carrier",),
    )
    assert resources["carrier"].supplier == Supplier() == resources["rtgs"].supplier
    assert resources["vault"].supplier is None


def test_common_causes() -> None:
    assert model().common_causes == {
        "storage-firmware": CommonCause("storage-firmware", 100_000, ("failed",)),
        "admin-domain": CommonCause("admin-domain", 800_000, ("failed", "untrusted")),
    }


def test_people_and_roles() -> None:
    whole = model()
    assert whole.people == {
        "p1": Person("p1", "Head of databases", ("dba-team",), "hq", ("ledger", "vault"), ("vault",)),
        "p2": Person("p2", "Head of operations", (), None),
    }
    decides = ("declare", "stand down")
    assert whole.roles == {
        "gold": Role("gold", "Gold commander", "p1", ("p2",), decides, AllOf((On("desk"),))),
        "silver": Role("silver", "Silver commander", None, ()),
    }


def test_segments_flows_and_edges() -> None:
    whole = model()
    assert whole.segments == {
        "data": Segment("data", "Databases"),
        "applications": Segment("applications", "applications"),
    }
    assert whole.flows == (
        Flow("applications", "data", 5_432, "udp", ("normal", "recovery")),
        Flow("gateway", "ledger-a", None, "tcp", ("normal",)),
    )
    assert whole.edges == (Edge("payments", "gateway", "observed", "2026-05-12", "netflow"),)


def test_a_scenario_that_is_only_modelled() -> None:
    assert model().scenarios["worst"] == Scenario(
        name="worst",
        title="worst",
        family="cyber",
        exercise_type="tabletop",
        service="payments",
        basis="It happened to others.",
        disruption=(),
        load=Load(0, 1),
        time_of_day_min=None,
        compression=1,
        checks=(),
        expect={},
        abort_when=AbortWhen(None, 0),
        steady_ms=5_000,
        after_ms=10_000,
        range_options={},
        hits=(
            Fail(("ledger", "monitor")),
            FailSite(("dc-a",)),
            FailShared("storage-firmware", "v9"),
            FailShared("landlord", "one"),
            Compromise("monitor", Lognormal(20 * _D_MS, 90 * _D_MS), "data", ("ledger", "gateway")),
            Absent(400_000, Lognormal(3 * _D_MS, 14 * _D_MS), ("dba-team",)),
            ThirdPartyOut(("telco",), Constant(2 * _D_MS)),
            Slow("line", 300_000, Constant(2 * _H_MS)),
        ),
        on_peak="quarter-end",
        plausibility="extreme-but-plausible",
        detection=Constant(15 * _MIN_MS),
        decision=Pert(10 * _MIN_MS, 30 * _MIN_MS, 2 * _H_MS),
        dials=(Dial("dwell", "How long nobody notices", ("a day", "a month", "90 days")),),
        injects=(
            Inject(5 * _MIN_MS, "gold", "It is dark.", "Call everybody", "gold", 10 * _MIN_MS, ("restart",)),
            Inject(20 * _MIN_MS, "gold", "It is still dark."),
        ),
    )
    assert [name for name, scenario in model().scenarios.items() if scenario.rehearsed] == ["crash", "lost-site"]


def test_the_test_plan_and_accepted_risks() -> None:
    whole = model()
    assert whole.test_plan == (
        PlannedTest("crash", "payments", "functional", 90 * _D_MS, 120 * _D_MS, "2026-01-05"),
        PlannedTest("worst", "payments", "tabletop", 365 * _D_MS, 400 * _D_MS),
    )
    why = "A second one comes in May."
    accepted = RiskAcceptance("one-vault", "HF601", ("vault", "v9"), why, "gold", "2026-06-30")
    about = GapAbout("crash", "whole-course")
    late = RiskAcceptance("late-alarm", None, ("payments",), "Probes come in May.", "gold", "2026-09-30", about)
    assert whole.risk_acceptances == {"one-vault": accepted, "late-alarm": late}


def test_a_scenario_with_everything_given() -> None:
    assert model().scenarios["crash"] == Scenario(
        name="crash",
        title="A crash",
        family="hardware",
        exercise_type="functional",
        service="payments",
        basis="It happens.",
        disruption=(Fault("process.kill", "ledger-a", {}, 0, 10_000, 60_000),),
        load=Load(60, 7),
        time_of_day_min=None,
        compression=1,
        checks=("restored", "nothing-lost"),
        expect={"restored": "held"},
        abort_when=AbortWhen(60_000, 180_000),
        steady_ms=1_000,
        after_ms=2_000,
        range_options={"client": "naive"},
    )


def test_a_scenario_with_defaults() -> None:
    scenario = model().scenarios["lost-site"]
    assert scenario.disruption[0].parameters == {"from": ("dc-b", "db-b")}
    assert scenario.disruption[1] == Fault("site.loss", "dc-a", {}, 4_000, 20_000, 60_000)
    assert (scenario.title, scenario.load.seed, scenario.steady_ms, scenario.after_ms) == (
        "lost-site",
        1,
        5_000,
        10_000,
    )
    assert (scenario.time_of_day_min, scenario.compression) == (930, 100)
    assert scenario.checks == ("day-completed", "nothing-lost", "restored")
    assert scenario.abort_when == AbortWhen(None, 600_000)
    assert scenario.range_options == {}


def test_checks_of_a_business_day_are_left_out_without_a_time_of_day() -> None:
    whole = model(WHOLE.replace("    checks: [restored, nothing-lost]\n", ""))
    assert whole.scenarios["crash"].checks == ("nothing-lost", "restored")


def test_parameters_of_every_form() -> None:
    given = "delay: 50ms, loss: 2.5%, burst: 3, both: true, shape: pareto, why: Rain"
    text = WHOLE.replace(
        "{fault: process.kill, target: ledger-a, after: 0s,", "{fault: link.slow, target: line, " + given + ","
    )
    fault = model(text).scenarios["crash"].disruption[0]
    assert fault.parameters == {
        "delay": 50,
        "loss": 25_000,
        "burst": 3,
        "both": True,
        "shape": "pareto",
        "why": "Rain",
    }
    plain = model(text.replace(given, "delay: 1s")).scenarios["crash"].disruption[0]
    assert plain.parameters == {"delay": 1_000, "loss": 0}
