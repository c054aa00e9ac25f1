"""examples/meridian: a sound institution whose figures hang together, and drills that say what they mean."""

from __future__ import annotations

from datetime import date
from itertools import chain
from pathlib import Path
from typing import get_args

import pytest

from holdfast.analysis.weakness import RANK, weaknesses
from holdfast.analysis.what_if import states
from holdfast.cli.declaration import read_model
from holdfast.model.quantities import written
from holdfast.model.types import Compromise, Constant, Duration, Family, Lognormal, Model, Pert, Service, leaves
from meridian import topology
from meridian.agent import HOSTS_WITH_AGENT
from meridian.business import GATEWAYS
from meridian.duties import DUTIES
from meridian.fencer import OBSERVERS
from meridian.stack.members import MEMBERS

EXAMPLE = Path(__file__).parents[3] / "examples" / "meridian"
TODAY = "2026-11-21"  # the day on which the example was written: nothing in it happened later
NOT_OURS = {"the participants", "the infrastructures"}

SERVICES = {
    "gross-settlement": ("2h", "4h", True),
    "priority-settlement": ("1h", "2h", True),
    "close-and-positions": ("1h", "810m", False),
    "participant-messaging": ("1h", "2h", False),
    "rtgs-transfers": ("2h", "5h", True),
    "statements-and-reporting": ("8h", "1d", False),
    "securities-cash-leg": ("2h", "4h", True),
    "client-trades": ("2h", "4h", False),
}
"""Service → its recovery objective, its tolerance, and whether the day has to be completed: the design's table."""

DRILLS = {
    "primary-killed": [("process.kill", "ledger-a")],
    "primary-host-lost": [("host.loss", "db-a")],
    "primary-frozen-thawed": [("process.freeze", "ledger-a")],
    "primary-partitioned": [("network.partition", "db-a")],
    "lose-dc-a": [("site.loss", "dc-a")],
    "naive-client": [("network.partition", "dc-a"), ("site.loss", "dc-a")],
    "line-reroutes": [("link.down", "wan-orion")],
    "line-swallows": [("link.down", "wan-orion")],
    "line-late-and-lossy": [
        ("link.delay", "wan-orion"),
        ("link.delay", "wan-dca-witness"),
        ("link.loss", "wan-orion"),
        ("link.loss", "wan-dca-witness"),
    ],
    "lines-of-dc-a-down": [
        ("link.down", "wan-orion"),
        ("link.down", "wan-vega"),
        ("link.down", "wan-dca-witness"),
        ("link.down", "wan-vault-dca"),
        ("link.down", "wan-participants-dca"),
        ("link.down", "wan-market-dca"),
        ("link.down", "wan-oob-dca"),
    ],
    "halves": [("network.partition", "dc-a")],
    "ring": [("network.partition", "dc-a")],
    "asymmetric": [("network.partition", "db-a")],
    "clients-only": [("network.partition", "participants")],
    "consensus-only": [("network.partition", "db-a")],
    "replication-only": [("network.partition", "db-a")],
    "manager-killed-orphan": [("process.stop", "patroni-a")],
    "settlement-slow": [("process.slow", "settlement-a")],
    "etcd-quorum-lost": [("cluster.quorum-loss", "etcd")],
    "etcd-leader-lost": [("cluster.leader-loss", "etcd-w")],
    "etcd-quorum-then-primary": [("cluster.quorum-loss", "etcd"), ("process.kill", "ledger-a")],
    "disk-full": [("disk.full", "db-a")],
    "wal-disk-full": [("disk.full", "db-a")],
    "page-corrupted": [("data.corrupt-page", "ledger-a")],
    "tampered-row": [("ledger.edit", "ledger")],
    "double-failure": [("process.kill", "ledger-a"), ("host.loss", "db-b")],
    "cancel-and-retry-in-cut": [("network.partition", "dc-a"), ("host.loss", "db-a")],
    "clock-stepped": [("clock.step", "db-a")],
    "pdu-a1-lost": [("shared.loss", "pdu-a1")],
    "hall-a-dark": [("shared.loss", "amsterdam-3")],
    "host-lost-with-vote-leader": [("cluster.move-leader", "etcd-a"), ("host.loss", "db-a")],
    "lose-dc-b": [("site.loss", "dc-b")],
    "lose-witness": [("site.loss", "witness")],
    "agent-update-at-both": [("change.agent-update", "halberd")],
    "agent-update-at-a": [("change.agent-update", "halberd")],
    "read-only-everywhere": [("change.bad-config", "ledger")],
    "whole-day": [("site.loss", "dc-a")],
    "late-and-lossy-for-half-an-hour": [
        *(("link.delay", line) for line in ("wan-orion", "wan-vega", "wan-dca-witness", "wan-dcb-witness")),
        *(("link.loss", line) for line in ("wan-vega", "wan-dca-witness", "wan-dcb-witness", "wan-orion")),
    ],
    "saturated-for-half-an-hour": [
        ("host.saturate", host) for host in ("db-a", "db-b", "db-w", "app-a", "app-b", "lookout", "oob")
    ],
    "fence-not-confirmed": [("fencing.jam", "fencer"), ("network.partition", "db-a")],
    "rtgs-out-three-hours": [("process.stop", "rtgs-stub")],
    "quarter-end-on-slow-ledger": [("process.slow", "ledger-a")],
    "priority-only-three-days": [("process.stop", "settlement-a")],
    "observer-and-leader-lost": [("process.stop", "observer-b"), ("host.loss", "db-a")],
}


@pytest.fixture(scope="module")
def model() -> Model:
    found, findings = read_model(EXAMPLE)
    assert [str(finding) for finding in findings if finding.severity != "note"] == []
    assert found is not None
    return found


# -- what runs, and what is only modelled --


def test_only_the_range_is_at_the_sites_that_a_drill_may_take(model: Model) -> None:
    """Else losing the site for a drill would be refused, because it would hit production."""
    in_range = {name for name, site in model.sites.items() if site.environment == "range"}
    assert in_range == set(topology.SITES)
    for resource in model.resources.values():
        ends = {resource.site, *(resource.between or ())} - {None}
        assert (resource.environment == "range") == bool(ends & in_range), resource.name
        assert ends <= in_range or not ends & in_range


def test_its_hosts_routers_lines_and_processes_are_those_of_the_range(model: Model) -> None:
    resources = [resource for resource in model.resources.values() if resource.environment == "range"]
    hosts = {resource.name: resource.site for resource in resources if resource.kind == "host"}
    assert hosts == {host.name: host.site for host in topology.HOSTS.values()}
    lines = {resource.name: resource.between for resource in resources if resource.between}
    assert lines == {link.name: link.between for link in topology.LINKS.values()}
    routers = {resource.name: resource.site for resource in resources if resource.kind == "network" and resource.site}
    assert routers == {site.router: site.name for site in topology.SITES.values()}
    stack = {name for member in MEMBERS for name in (member.etcd, member.patroni, member.ledger)}
    vault = {"vault-wal", "vault-journal", "vault-base", "vault-shelf"}
    rest = {*GATEWAYS, "etcd-steward", *vault, "participants", "participants-monitor"}
    rest |= {"participants-inbox", "messaging-network-stub", "rtgs-stub", *chain.from_iterable(DUTIES.values())}
    rest |= {"fencer", *(observer.name for observer in OBSERVERS)}
    processes = {resource.name for resource in resources if resource.kind in {"application", "database"}}
    assert processes == stack | rest | {f"agent-{host}" for host in HOSTS_WITH_AGENT}


def test_everything_in_the_range_needs_something_at_its_site(model: Model) -> None:
    """Losing the router of a site loses the site, as far as anybody else can tell."""
    for resource in model.resources.values():
        if resource.environment == "range" and resource.site and resource.kind != "network":
            near = {name for name in leaves(resource.needs) if name in model.resources}
            assert resource.site in {model.resources[name].site for name in near}, resource.name


def test_every_line_needs_the_routers_at_its_ends(model: Model) -> None:
    for resource in model.resources.values():
        if resource.between:
            assert leaves(resource.needs) >= {f"router-{end}" for end in resource.between}


def test_production_is_never_in_the_way_of_a_drill(model: Model) -> None:
    """What drills break takes nothing along that is not in the range."""
    for name in [resource.name for resource in model.resources.values() if resource.environment == "range"]:
        lost = states(model, frozenset({name}))
        taken = {other for other in model.resources if lost[other] == "down"}
        assert {model.resources[other].environment for other in taken} == {"range"}, name


def test_it_is_of_the_size_of_an_institution(model: Model) -> None:
    assert 80 <= len(model.resources) <= 170
    assert {resource.environment for resource in model.resources.values()} == {"range", "production"}
    assert len(model.groups) >= 10
    assert len(model.people) >= 20


# -- services --


def test_the_services_are_the_eight_with_their_objectives(model: Model) -> None:
    found = {
        name: (written(one.rto_ms), written(one.impact_tolerance.duration_ms), one.impact_tolerance.end_of_day)
        for name, one in model.services.items()
    }
    assert found == SERVICES
    assert {written(one.rpo_ms) for name, one in model.services.items() if "settle" in name} == {"0s"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_an_owner_a_whole_impact_analysis_and_more_than_one_way_to_run(model: Model, name: str) -> None:
    service = model.services[name]
    assert service.owner in model.roles
    assert service.importance is not None
    assert service.importance.harm
    assert (written(service.impact[0].after_ms), written(service.impact[-1].after_ms)) == ("15m", "5d")
    assert len({point.severity for point in service.impact}) >= 4
    assert service.rto_ms < service.impact_tolerance.duration_ms
    assert service.mtpd_ms is not None
    assert service.impact_tolerance.duration_ms <= service.mtpd_ms
    assert service.peaks
    assert sum(mode.meets_minimum for mode in service.modes) > 1
    for mode in service.modes[1:]:
        assert mode.minimum_service
        assert mode.decision is not None
        assert leaves(model.roles[mode.decision].reached_by)
        assert mode.sustain is not None or not mode.meets_minimum


@pytest.mark.parametrize("name", SERVICES)
def test_its_figures_only_grow_and_the_tolerance_is_on_the_curve(model: Model, name: str) -> None:
    service = model.services[name]
    for figures in (
        [point.value.minor for point in service.impact if point.value],
        [point.loss.minor for point in service.impact if point.loss],
        [point.participants for point in service.impact if point.participants is not None],
    ):
        assert figures == sorted(figures)
    limit = service.impact_tolerance
    if limit.value is not None:
        reached = [p.value.minor for p in service.impact if p.value and p.after_ms >= limit.duration_ms]
        assert limit.value.minor <= min(reached)
    if service.flow is not None and service.flow.value_per_day is not None:
        by_a_day = [p.value.minor for p in service.impact if p.value and written(p.after_ms) == "1d"]
        assert by_a_day == [service.flow.value_per_day.minor]


def test_priority_only_has_room_for_what_has_priority(model: Model) -> None:
    service = model.services["gross-settlement"]
    assert service.flow is not None
    assert service.flow.priority_share_ppm is not None
    mode = next(mode for mode in service.modes if mode.name == "priority-only")
    most = max(rate for _, rate in service.flow.arrivals_per_h)
    assert mode.capacity_ppm * service.flow.capacity_per_h >= service.flow.priority_share_ppm * most


def test_a_peak_is_a_business_day(model: Model) -> None:
    assert model.calendar is not None
    assert model.calendar.cut_offs == {"ccp": 540, "cls": 720, "csd": 960, "rtgs": 1080}
    days = {day for service in model.services.values() for peak in service.peaks for day in peak.dates}
    assert days.isdisjoint(model.calendar.holidays)
    assert {day for day in days if date.fromisoformat(day).weekday() > 4} == set()
    third_wednesdays = [day for peak in model.services["priority-settlement"].peaks[:1] for day in peak.dates]
    assert {(date.fromisoformat(day).weekday(), (int(day[-2:]) - 1) // 7) for day in third_wednesdays} == {(2, 2)}


def test_candidates_were_rejected_for_a_reason(model: Model) -> None:
    assert len(model.candidates) >= 3
    assert not set(model.candidates) & set(model.services)


# -- resources --


def test_everything_has_an_owner_who_exists(model: Model) -> None:
    owners = {name: resource.owner for name, resource in model.resources.items()}
    owners |= {name: group.owner for name, group in model.groups.items()}
    assert {name for name, owner in owners.items() if owner not in {*model.roles, *NOT_OURS}} == set()


def test_whatever_can_fail_comes_back_somehow(model: Model) -> None:
    """People, suppliers, and a cable of our own inside the bunker, come back by themselves."""
    without = {
        resource.name
        for resource in model.resources.values()
        if not resource.recovery and resource.kind not in {"people", "third-party", "fmi"}
    }
    assert without == {"wan-cleanroom-vault"}


def test_strategies_name_teams_that_have_so_many_people(model: Model) -> None:
    for resource in model.resources.values():
        for strategy in resource.recovery:
            for team, count in (strategy.crew or {}).items():
                members = model.resources[team].team
                assert members is not None
                assert count <= members.headcount, (resource.name, strategy.name)


def test_a_later_strategy_is_never_the_quicker_one(model: Model) -> None:
    for resource in model.resources.values():
        usual = [_usual_ms(strategy.takes) for strategy in resource.recovery]
        assert usual == sorted(usual), resource.name


def test_some_strategies_were_exercised_and_some_never(model: Model) -> None:
    dates = [strategy.exercised for resource in model.resources.values() for strategy in resource.recovery]
    done = {day for day in dates if day is not None}
    assert 0 < dates.count(None) < len(dates) // 2 + 1
    assert max(done) <= TODAY
    assert max(edge.on for edge in model.edges) <= TODAY


def test_suppliers_have_a_contract_a_plan_and_a_way_out(model: Model) -> None:
    suppliers = {one.name: one.supplier for one in model.resources.values() if one.kind in {"third-party", "fmi"}}
    assert all(supplier is not None and supplier.substitutability for supplier in suppliers.values())
    without = {name for name, supplier in suppliers.items() if supplier is not None and supplier.contract is None}
    assert without == {"duct-owner"}  # a subcontractor of two carriers, and no party of ours


# -- people --


def test_roles_are_held_by_people_and_those_who_decide_have_deputies(model: Model) -> None:
    deciding = {mode.decision for service in model.services.values() for mode in service.modes if mode.decision}
    for name in {*deciding, "gold-commander", "silver-commander", "bronze-technology", "bronze-settlement"}:
        role = model.roles[name]
        assert role.holder not in role.deputies
        assert role.deputies
        assert leaves(role.reached_by)
    assert model.calendar is not None
    assert model.calendar.extension is not None
    assert set(model.calendar.extension.needs) <= set(model.roles)


def test_two_of_five_custodians_open_the_vault(model: Model) -> None:
    custodians = [person for person in model.people.values() if "key-shares" in person.custodian_of]
    team = model.resources["key-custodians"].team
    assert team is not None
    assert (len(custodians), team.headcount, team.minimum) == (5, 5, 2)
    assert custodians == [person for person in model.people.values() if "key-custodians" in person.teams]


def test_whoever_halts_on_a_suspicion_could_not_be_suspected(model: Model) -> None:
    (role,) = [role for role in model.roles.values() if "halt on suspicion of compromise" in role.decides]
    assert role.holder is not None
    assert {model.people[name].may_alter for name in (role.holder, *role.deputies)} == {()}


# -- the weaknesses that it has, as a good institution has them --


def test_one_database_administrator_may_alter_the_ledger_and_the_vault(model: Model) -> None:
    assert [p.name for p in model.people.values() if {"ledger", "vault"} <= set(p.may_alter)] == ["d-03"]
    assert sum("ledger" in person.may_alter for person in model.people.values()) == 4


def test_both_carriers_rent_from_one_owner_of_ducts(model: Model) -> None:
    assert _down(model, "telco-orion").isdisjoint(SERVICES)
    assert _down(model, "telco-vega").isdisjoint(SERVICES)
    assert {"telco-orion", "telco-vega", "gross-settlement"} <= _down(model, "duct-owner")


def test_the_endpoint_agent_takes_the_quorum_and_no_single_site_does(model: Model) -> None:
    agents = {r.name for r in model.resources.values() if r.shares.get("endpoint-agent") == "halberd"}
    assert "gross-settlement" in _down(model, *agents)
    for site in set(model.sites) - {"participants"}:
        assert "gross-settlement" not in _down(model, site), site


def test_the_landlord_holds_two_copies_of_three(model: Model) -> None:
    assert {"ledger", "gross-settlement"} <= _down(model, "landlord")


def test_the_cloud_takes_the_notification_and_the_call_lists_of_gold(model: Model) -> None:
    down = _down(model, "cloud-provider")
    assert {"mass-notification", "phone-tree", "participant-portal"} <= down
    assert set(model.resources["mass-notification"].announces) & down
    assert leaves(model.roles["gold-commander"].reached_by) <= down
    assert not leaves(model.roles["silver-commander"].reached_by) <= down


def test_the_static_data_has_no_copy_that_a_mistake_does_not_reach(model: Model) -> None:
    sources = {s.source for name in model.groups["static-data"].members for s in model.resources[name].recovery}
    assert sources == {None, *model.groups["static-data"].members}


def test_the_analysis_finds_them_and_not_very_many_more(model: Model) -> None:
    """What a good institution has: a few that matter, and not obvious ones; none that its owners would laugh at."""
    found = weaknesses(model, TODAY)
    expected = {
        ("HF602", "duct-owner"),
        ("HF602", "endpoint-agent=halberd"),
        ("HF602", "building-control=landlord"),
        ("HF603", "artefact-store"),
        ("HF604", "d-03"),
        ("HF605", "static-data-a"),
        ("HF613", "mass-notification"),
    }
    assert expected <= {(weakness.code, subject) for weakness in found for subject in weakness.subjects}
    assert len(found) <= 35
    assert sum(RANK[weakness.weight] <= RANK["high"] for weakness in found) <= 12
    never = {"HF601", "HF608", "HF609", "HF616"}
    assert {weakness.code for weakness in found} & never == set()
    # Some things cannot be made trustworthy again, and two objectives are as short as what an infrastructure promises.
    assert {weakness.weight for weakness in found if weakness.code in {"HF606", "HF607"}} <= {"medium", "low"}


# -- scenarios --


def test_every_family_has_a_scenario_and_every_service_is_judged_by_one(model: Model) -> None:
    assert {scenario.family for scenario in model.scenarios.values()} == set(get_args(Family))
    assert {scenario.service for scenario in model.scenarios.values()} == set(model.services)


def test_what_is_only_modelled_says_how_bad_it_may_be_and_how_soon_it_is_seen(model: Model) -> None:
    modelled = [scenario for scenario in model.scenarios.values() if not scenario.rehearsed]
    assert len(modelled) >= 20
    for scenario in modelled:
        assert scenario.hits, scenario.name
        assert scenario.dials, scenario.name
        assert scenario.detection is not None
        assert scenario.decision is not None
    assert sum("ike " in scenario.basis for scenario in modelled) >= 10


def test_the_vault_keeps_less_than_the_longest_dwell_that_is_reckoned_with(model: Model) -> None:
    """It is why the dwell is a dial: a month of points in time does not cover the slowest intruders."""
    (hit,) = model.scenarios["both-centres-encrypted"].hits
    assert isinstance(hit, Compromise)
    assert isinstance(hit.dwell, Lognormal)
    keeps = model.resources["vault"].keeps
    assert keeps is not None
    assert hit.dwell.p50_ms < keeps.for_ms < hit.dwell.p95_ms


def test_the_test_plan_says_what_the_scenarios_say_and_leaves_no_family_out(model: Model) -> None:
    for line in model.test_plan:
        scenario = model.scenarios[line.scenario]
        assert (line.service, line.exercise_type) == (scenario.service, scenario.exercise_type), line.scenario
        assert line.valid_ms >= line.every_ms
    planned = {line.scenario for line in model.test_plan}
    assert {model.scenarios[name].family for name in planned} == set(get_args(Family))
    # What no range of one machine can run is due nowhere: it would be overdue for ever.
    assert set(DRILLS) - {"clock-stepped"} <= planned


def test_the_drills_are_there_and_each_strikes_what_it_says(model: Model) -> None:
    strikes = {
        name: [(fault.name, fault.target) for fault in scenario.disruption]
        for name, scenario in model.scenarios.items()
        if scenario.rehearsed
    }
    assert strikes == DRILLS
    assert all(model.scenarios[name].hits for name in DRILLS)


def test_the_naive_client_is_expected_to_lose_and_is_cut_off_until_its_site_dies(model: Model) -> None:
    scenario = model.scenarios["naive-client"]
    assert scenario.range_options == {"client": "naive", "profile": "fast"}
    assert scenario.expect == {"nothing-acknowledged-lost": "broken"}
    cut, loss = scenario.disruption
    assert cut.parameters == {"from": ("dc-b", "witness", "vault")}
    assert cut.after_ms + cut.hold_ms > loss.after_ms


def test_the_tampered_row_is_found_by_those_checks_that_read_the_books(model: Model) -> None:
    expected = {"debits-equal-credits": "broken", "replay-gives-balances": "broken"}
    assert model.scenarios["tampered-row"].expect == expected


def test_every_other_drill_uses_the_safe_client_and_expects_every_check_to_hold(model: Model) -> None:
    for name in DRILLS.keys() - {"naive-client", "tampered-row"}:
        scenario = model.scenarios[name]
        assert scenario.range_options.keys() <= {"profile"}
        # Where nothing but the undoing ends the outage, how long it would have taken cannot be known: never more.
        assert set(scenario.expect.items()) <= {("restored-within-rto", "unknown")}
        assert "nothing-acknowledged-lost" in scenario.checks
    assert model.range is not None
    assert model.range.options["client"][0] == "safe"


# -- the ledger --


def test_the_ledger_survives_any_one_site_and_no_two(model: Model) -> None:
    ledger = model.groups["ledger"]
    sites = [model.resources[member].site for member in ledger.members]
    assert len(set(sites)) == len(sites)
    assert len(sites) - 1 >= ledger.quorum > len(sites) - 2


def test_only_services_that_stand_on_the_range_are_measured_there(model: Model) -> None:
    measured = {name for name, service in model.services.items() if service.indicator is not None}
    told = {"participant-messaging", "rtgs-transfers", "statements-and-reporting"}
    assert measured == {"gross-settlement", "close-and-positions"} | told
    assert all(_best(model.services[name]) == {"settlement", "ledger"} for name in measured - told)
    for name in told:
        in_the_middle = [model.groups[need] for need in _best(model.services[name]) if need in model.groups]
        ran = {model.resources[member].environment for group in in_the_middle for member in group.members}
        assert ran == {"range"}, name


def _best(service: Service) -> frozenset[str]:
    return leaves(service.modes[0].needs)


def _down(model: Model, *failed: str) -> set[str]:
    """Return what is down when these have failed: resources, groups and services."""
    return {name for name, state in states(model, frozenset(failed)).items() if state == "down"}


def _usual_ms(takes: Duration) -> int:
    match takes:
        case Constant(ms):
            return ms
        case Lognormal(p50_ms):
            return p50_ms
        case Pert(_, mode_ms):
            return mode_ms
