"""examples/meridian: the model that a user copies is sound, and its drills say what they mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.cli.declaration import read_model
from holdfast.model.quantities import written
from holdfast.model.sections import leaves
from holdfast.model.types import Model
from meridian import topology

EXAMPLE = Path(__file__).parents[3] / "examples" / "meridian"


@pytest.fixture(scope="module")
def model() -> Model:
    found, findings = read_model(EXAMPLE)
    assert [str(finding) for finding in findings if finding.severity != "note"] == []
    assert found is not None
    return found


def test_nothing_of_it_is_in_production(model: Model) -> None:
    assert {site.environment for site in model.sites.values()} == {"range"}
    assert {resource.environment for resource in model.resources.values()} == {"range"}


def test_its_sites_hosts_routers_and_lines_are_those_of_the_range(model: Model) -> None:
    resources = model.resources.values()
    assert set(model.sites) == set(topology.SITES)
    hosts = {resource.name: resource.site for resource in resources if resource.kind == "host"}
    assert hosts == {host.name: host.site for host in topology.HOSTS.values()}
    lines = {resource.name: resource.between for resource in resources if resource.between}
    assert lines == {link.name: link.between for link in topology.LINKS.values()}
    routers = {resource.name: resource.site for resource in resources if resource.kind == "network" and resource.site}
    assert routers == {site.router: site.name for site in topology.SITES.values()}


def test_everything_at_a_site_needs_something_there(model: Model) -> None:
    """Losing the router of a site loses the site, as far as anybody else can tell."""
    for resource in model.resources.values():
        if resource.site and resource.kind != "network":
            near = {name for name in leaves(resource.needs) if name in model.resources}
            assert resource.site in {model.resources[name].site for name in near}, resource.name


def test_every_line_needs_the_routers_at_its_ends(model: Model) -> None:
    for resource in model.resources.values():
        if resource.between:
            assert leaves(resource.needs) == {f"router-{end}" for end in resource.between}


def test_the_ledger_survives_any_one_site_and_no_two(model: Model) -> None:
    ledger = model.groups["ledger"]
    sites = [model.resources[member].site for member in ledger.members]
    assert len(set(sites)) == len(sites)
    assert len(sites) - 1 >= ledger.quorum > len(sites) - 2


def test_the_scenarios_are_there_and_each_strikes_what_it_says(model: Model) -> None:
    strikes = {
        name: [(fault.name, fault.target) for fault in scenario.disruption]
        for name, scenario in model.scenarios.items()
    }
    assert strikes == {
        "primary-killed": [("process.kill", "ledger-a")],
        "primary-host-lost": [("host.loss", "db-a")],
        "primary-frozen-thawed": [("process.freeze", "ledger-a")],
        "primary-partitioned": [("network.partition", "db-a")],
        "lose-dc-a": [("site.loss", "dc-a")],
        "naive-client": [("network.partition", "dc-a"), ("site.loss", "dc-a")],
    }


def test_dc_a_is_lost_ninety_compressed_minutes_before_cut_off(model: Model) -> None:
    scenario = model.scenarios["lose-dc-a"]
    assert model.calendar is not None
    assert scenario.time_of_day_min is not None
    left_min = model.calendar.cut_off_min - scenario.time_of_day_min
    assert left_min == 90
    assert written(left_min * 60_000 // scenario.compression) == "45s"
    assert "day-completed" in scenario.checks
    # The site stays lost past the cut-off: the other one has to complete the day.
    assert scenario.disruption[0].hold_ms > left_min * 60_000 // scenario.compression


def test_the_naive_client_is_expected_to_lose_and_is_cut_off_until_its_site_dies(model: Model) -> None:
    scenario = model.scenarios["naive-client"]
    assert scenario.range_options == {"client": "naive"}
    assert scenario.expect == {"nothing-acknowledged-lost": "broken"}
    cut, loss = scenario.disruption
    assert cut.parameters == {"from": ("dc-b", "witness", "vault")}
    assert cut.after_ms + cut.hold_ms > loss.after_ms


def test_every_other_drill_uses_the_safe_client_and_expects_every_check_to_hold(model: Model) -> None:
    for name, scenario in model.scenarios.items():
        if name != "naive-client":
            assert scenario.range_options == {}
            assert scenario.expect == {}
            assert "nothing-acknowledged-lost" in scenario.checks
    assert model.range is not None
    assert model.range.options["client"][0] == "safe"


def test_the_objectives_are_those_of_an_institution_not_of_the_range(model: Model) -> None:
    objectives = {name: (written(service.rto_ms), written(service.rpo_ms)) for name, service in model.services.items()}
    assert objectives == {"gross-settlement": ("2h", "0s"), "close-and-positions": ("1h", "0s")}
    assert model.services["gross-settlement"].impact_tolerance.end_of_day
