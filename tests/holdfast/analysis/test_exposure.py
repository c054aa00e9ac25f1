"""Single failures: what each event takes down, for all events at once, equals breaking them one by one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.analysis.circuit import Circuit
from holdfast.analysis.events import single_events
from holdfast.analysis.exposure import Exposure, bits, components, in_at_least
from holdfast.analysis.what_if import standing, states
from holdfast.model.types import AtLeast, Model, On, Resource, Supplier
from tests.holdfast.analysis import oracle
from tests.holdfast.analysis.small import either, group, mode, model, models, service, thing


@settings(max_examples=100, deadline=None)
@given(models(), st.booleans())
def test_what_falls_by_each_single_event_is_what_falls_when_it_alone_is_tried(found: Model, before: bool) -> None:  # noqa: FBT001
    circuit = Circuit.of(found, before_failover=before)
    exposure = Exposure.of(circuit, single_events(found))
    struck = dict(oracle.events(found))
    for number, event in enumerate(exposure.events):
        assert frozenset(event.hits) == struck[event.name]
        up = oracle.functioning(found, struck[event.name], before_failover=before)
        fallen = {name for name, gate in circuit.nodes.items() if exposure.takes_down(number, gate)}
        assert fallen == {*found.resources, *found.groups} - up
        stopped = {name for name, gate in circuit.services.items() if exposure.takes_down(number, gate)}
        assert stopped == {name for name in found.services if not oracle.serves(found, name, up)}


@settings(max_examples=100, deadline=None)
@given(models())
def test_no_event_is_left_out_and_none_is_told_twice(found: Model) -> None:
    told = single_events(found)
    assert len({event.name for event in told}) == len(told)
    sites = {event.hits for event in told if event.cause == "site"}
    assert not any(event.hits in sites for event in told if event.cause == "shared" and not event.taints)
    hits = {frozenset(event.hits) for event in told}
    for name, struck in oracle.events(found):
        assert len(struck) < 2 or struck in hits, name


@settings(max_examples=100, deadline=None)
@given(models(), st.data())
def test_what_if_is_the_largest_set_that_holds(found: Model, data: st.DataObject) -> None:
    failed = frozenset(data.draw(st.sets(st.sampled_from([*found.resources, *found.groups, *found.sites]), max_size=3)))
    struck = {name for name in failed if name in found.resources}
    struck |= {name for site in failed for name, part in found.resources.items() if part.site == site}
    struck |= {member for name in failed & found.groups.keys() for member in found.groups[name].members}
    struck = set(oracle.with_dependents(found, struck))
    up = oracle.functioning(found, frozenset(struck | (failed & found.groups.keys())))
    said = standing(found, failed)
    assert {name for name, state in said.nodes.items() if state != "down"} == up
    assert {name for name, state in said.services.items() if state != "down"} == {
        name for name in found.services if oracle.serves(found, name, up)
    }


def test_degraded_is_a_later_mode_a_thinner_group_a_wounded_site() -> None:
    found = model(
        [thing("a", site="north"), thing("b", site="south"), thing("desk"), group("g", "a", "b")],
        [service("pay", modes=(mode("full", "a"), mode("slow", "b"), mode("toy", "desk", minimum=False)))],
        ["north", "south"],
    )
    assert set(states(found, frozenset()).values()) == {"up"}
    one = states(found, frozenset({"north"}))
    assert (one["north"], one["a"], one["g"], one["pay"], one["south"]) == (
        "down",
        "down",
        "degraded",
        "degraded",
        "up",
    )
    assert states(found, frozenset({"a"}))["north"] == "degraded"
    both = states(found, frozenset({"g"}))
    assert (both["g"], both["pay"], both["desk"]) == ("down", "down", "up")


def test_a_site_and_a_resource_of_one_name_are_kept_apart() -> None:
    found = model([thing("vault", site="vault"), thing("tape", site="vault")], (), ["vault"])
    said = standing(found, frozenset({"vault"}))
    assert said.sites == {"vault": "down"}
    assert said.nodes == {"vault": "down", "tape": "down"}


def test_who_rests_on_a_third_party_is_out_with_it_at_any_remove() -> None:
    def party(name: str, *below: str) -> Resource:
        return thing(name, kind="third-party", supplier=Supplier(subcontracts=below))

    found = model([party("bank-app", "cloud"), party("cloud", "power"), party("power"), thing("own", "bank-app")])
    assert states(found, frozenset({"power"})) == dict.fromkeys(["bank-app", "cloud", "power", "own"], "down")
    assert states(found, frozenset({"bank-app"}))["cloud"] == "up"


@given(st.lists(st.integers(0, 255), min_size=1, max_size=9), st.integers(1, 10))
def test_in_at_least_counts(sets: list[int], count: int) -> None:
    counted = {bit for bit in range(8) if sum(one >> bit & 1 for one in sets) >= count}
    assert set(bits(in_at_least(count, sets))) == counted


@given(st.lists(st.lists(st.integers(0, 7), max_size=3), min_size=8, max_size=8))
def test_components_are_what_reaches_each_other_and_come_after_what_they_lead_to(below: list[list[int]]) -> None:
    reach = {start: _reached(below, start) for start in range(8)}
    order = list(components(below))
    assert sorted(one for component in order for one in component) == list(range(8))
    where = {one: position for position, component in enumerate(order) for one in component}
    for one in range(8):
        for other in range(8):
            together = other in reach[one] and one in reach[other]
            assert (where[one] == where[other]) == (together or one == other)
            assert where[other] <= where[one] or other not in reach[one]


def _reached(below: list[list[int]], start: int) -> set[int]:
    found: set[int] = set()
    ahead = [start]
    while ahead:
        for child in below[ahead.pop()]:
            if child not in found:
                found.add(child)
                ahead.append(child)
    return found


def test_running_things_may_need_each_other_and_nothing_satisfies_too_few() -> None:
    circle = model([thing("a", "b"), thing("b", "a")], [service("pay", "a")])
    assert states(circle, frozenset())["pay"] == "up"
    assert states(circle, frozenset({"b"}))["pay"] == "down"
    wanting = model([thing("a"), thing("b", AtLeast(3, (On("a"), either("a"))))], [service("pay", "b")])
    assert states(wanting, frozenset())["pay"] == "down"
