"""The policy that flows amount to, against a reading of every pair of hosts by itself; and the needs it would cut."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from holdfast.analysis.segmentation import Listener, Permission, allowed_in, cut_needs, entry, policy
from holdfast.exercises.vocabulary import vocabulary
from holdfast.model.loader import load
from holdfast.model.types import Flow, FlowState, Model

YAML = """
institution: Bank
services:
  pay:
    {owner: me, impact_tolerance: {duration: 4h}, rto: 2h, rpo: 0s,
     modes: {full: {capacity: 100%, meets_minimum: true, needs: [gate-a]}}}
sites: {dc: {environment: range}}
segments: {data: {}, gates: {}, outside: {}}
resources:
  db-a: {kind: host, environment: range, site: dc, segment: data}
  db-b: {kind: host, environment: range, site: dc, segment: data}
  app: {kind: host, environment: range, site: dc, segment: gates}
  desk: {kind: host, site: dc, segment: gates}
  ledger: {kind: database, members: [ledger-a, ledger-b]}
  ledger-a: {kind: database, environment: range, site: dc, needs: [db-a]}
  ledger-b: {kind: database, environment: range, site: dc, needs: [db-b]}
  gate-a: {kind: application, environment: range, site: dc, segment: gates, needs: [app, ledger]}
flows:
"""
LISTENERS = {
    "ledger-a": Listener("db-a", (5432, 8008)),
    "ledger-b": Listener("db-b", (5432, 8008)),
    "gate-a": Listener("app", ()),
}


def model(*flows: str) -> Model:
    lines = "".join(f"  - {{{flow}}}\n" for flow in flows) or "  []\n"
    loaded, findings = load({"model.yaml": (YAML + lines).encode()}, "model.yaml", vocabulary())
    assert loaded is not None, [finding.message for finding in findings]
    return loaded


def ends(found: tuple[Permission, ...]) -> list[tuple[str, str, int | None]]:
    return [(each.source, each.target, each.port) for each in found]


def test_without_flows_nothing_is_allowed_not_even_within_a_segment() -> None:
    assert policy(model(), "range") == ()


def test_segments_stand_for_the_hosts_that_are_in_them_in_this_environment() -> None:
    found = policy(model("from: gates, to: data, port: 5432"), "range")
    assert ends(found) == [("app", "db-a", 5432), ("app", "db-b", 5432)]
    assert found[0].why == ("gates to data",)
    assert found[0].states == ("normal",)


def test_a_process_stands_for_the_host_that_it_needs() -> None:
    assert ends(policy(model("from: gate-a, to: ledger-b, port: 1"), "range")) == [("app", "db-b", 1)]


def test_a_flow_from_a_segment_to_itself_is_among_its_members() -> None:
    found = policy(model("from: data, to: data, port: 2379"), "range")
    assert ends(found) == [("db-a", "db-b", 2379), ("db-b", "db-a", 2379)]


def test_flows_that_say_the_same_are_one_permission_in_all_their_states() -> None:
    (found, *_) = policy(
        model("from: gates, to: data, port: 1, states: [recovery]", "from: app, to: db-a, port: 1"), "range"
    )
    assert found.states == ("normal", "recovery")
    assert found.why == ("gates to data", "app to db-a")
    assert entry(found)["states"] == ["normal", "recovery"]


def test_other_environments_and_segments_without_hosts_have_no_part_in_it() -> None:
    assert policy(model("from: outside, to: data, port: 1", "from: desk, to: data, port: 1"), "range") == ()


def test_a_need_that_no_flow_allows_is_named_with_the_flow_that_would() -> None:
    declared = model("from: gate-a, to: ledger-a, port: 5432")
    (missing,) = cut_needs(declared, policy(declared, "range"), LISTENERS)
    assert (missing.dependent, missing.needed, missing.source, missing.target) == ("gate-a", "ledger-b", "app", "db-b")
    assert missing.remedy.splitlines()[0] == "- {from: gate-a, to: ledger-b, port: 5432}"
    mended = model("from: gate-a, to: ledger-a, port: 5432", missing.remedy.splitlines()[0][3:-1])
    assert cut_needs(mended, policy(mended, "range"), LISTENERS) == ()


def test_a_flow_for_recovery_alone_or_over_udp_meets_no_need() -> None:
    for more in (", states: [recovery]", ", protocol: udp"):
        declared = model(f"from: gates, to: data, port: 5432{more}")
        assert len(cut_needs(declared, policy(declared, "range"), LISTENERS)) == 2
    declared = model("from: gates, to: data")
    assert cut_needs(declared, policy(declared, "range"), LISTENERS) == ()


HOSTS = {"db-a": {"data", "db-a", "ledger-a"}, "db-b": {"data", "db-b", "ledger-b"}, "app": {"gates", "app", "gate-a"}}
ENDS = st.sampled_from(["data", "gates", "outside", "db-a", "db-b", "app", "desk", "ledger-a", "ledger-b", "gate-a"])
FLOWS = st.builds(
    Flow, ENDS, ENDS, st.one_of(st.none(), st.integers(1, 3)), st.just("tcp"),
    st.sets(st.sampled_from(["normal", "degraded", "recovery"]), min_size=1).map(lambda some: tuple(sorted(some))),
)  # fmt: skip
BARE = model()


@given(flows=st.lists(FLOWS, max_size=6), states=st.sets(st.sampled_from(["normal", "degraded", "recovery"])))
def test_what_is_allowed_is_what_some_flow_says_of_the_pair(flows: list[Flow], states: set[str]) -> None:
    """The oracle asks of each pair of hosts and each port whether a flow names both, by any of their names."""
    found = allowed_in(policy(replace(BARE, flows=tuple(flows)), "range"), cast("set[FlowState]", states))
    for source, sources in HOSTS.items():
        for target, targets in HOSTS.items():
            for port in (None, 1, 2, 3):
                wanted = source != target and any(
                    flow.source in sources and flow.target in targets and flow.port == port and states & {*flow.states}
                    for flow in flows
                )
                assert ((source, target, port) in found) == wanted
    assert {source for source, _, _ in found} | {target for _, target, _ in found} <= HOSTS.keys()
