"""What the fencer decides: whatever it is told, it fences only what may be fenced, and revokes only what is fenced."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from meridian.fencer import rules
from meridian.fencer.rules import (
    Asked,
    Cluster,
    Decision,
    Device,
    Fence,
    Hold,
    Member,
    Release,
    Revoke,
    View,
    decide,
)

HOSTS = ("db-a", "db-b", "db-w")
LEDGERS = {host: f"ledger-{host[-1]}" for host in HOSTS}
OBSERVERS = ("observer-participants", "observer-b", "observer-w")
NOBODY = Device({}, None)

AGES = st.sampled_from([None, 0, 400_000, 2_400_000, 2_600_000, 3_900_000, 4_100_000, 60_000_000])
TIMES = st.sampled_from([0, 100_000, 499_999, 500_001, 11_999_999, 12_000_001, 19_999_999, 20_000_001])


def view(observer: str, host: str = "db-a", *, silent_us: int = 0, timeline: int = 1, writes: int = 100) -> View:
    """Return a view of an observer that saw writes flow through ``host``."""
    return View(observer, host, timeline, writes, silent_us, 800_000, 20_000)


def stopped(*observers: str, host: str = "db-a") -> tuple[View, ...]:
    """Return the views of all observers, of which some saw writes stop."""
    return tuple(view(each, host, silent_us=900_000 if each in observers else 0) for each in OBSERVERS)


def cluster(leader: str | None = "ledger-a", **members: Member) -> Cluster:
    """Return a whole cluster led by A; ``members`` (db_b, …) replace what is known of a host."""
    whole = {host: Member(LEDGERS[host], 50_000, 50_000, None if LEDGERS[host] == leader else 50_000) for host in HOSTS}
    changed = {name.replace("_", "-"): member for name, member in members.items()}
    return Cluster(leader, 7, "ledger-a", frozenset({"ledger-b", "ledger-w"}), 1, whole | changed)


def why(decision: Decision) -> str:
    """Return why nothing is done; fail when something is."""
    assert isinstance(decision, Hold)
    return decision.why


def test_two_who_saw_writes_stop_are_enough() -> None:
    for two in (OBSERVERS[:2], OBSERVERS[1:], OBSERVERS[::2], OBSERVERS):
        decision = decide(stopped(*two), cluster(), NOBODY, None)
        assert isinstance(decision, Fence)
        assert decision.host == "db-a"
        assert all(observer in decision.why for observer in two)


def test_one_who_saw_writes_stop_is_not() -> None:
    assert why(decide(stopped(OBSERVERS[0]), cluster(), NOBODY, None)) == f"stopped only as {OBSERVERS[0]} sees it"


def test_a_missing_view_is_not_one_that_saw_writes_stop() -> None:
    one = stopped(*OBSERVERS)[:1]
    assert isinstance(decide(one, cluster(), NOBODY, None), Hold)
    stale = tuple(replace(each, age_us=rules.FRESH_US + 1) for each in stopped(*OBSERVERS))
    assert isinstance(decide(stale, cluster(), NOBODY, None), Hold)
    assert isinstance(decide((), cluster(), NOBODY, None), Hold)


def test_a_primary_through_which_little_was_written_is_left_alone() -> None:
    """Else a new primary would be fenced before its first standby attached."""
    young = tuple(replace(each, writes=9) for each in stopped(*OBSERVERS))
    assert why(decide(young, cluster(), NOBODY, None)) == "writes flow"
    known = tuple(replace(each, writes=10) for each in stopped(*OBSERVERS))
    assert isinstance(decide(known, cluster(), NOBODY, None), Fence)


def test_views_of_different_primaries_are_not_added_up() -> None:
    mixed = (*stopped(*OBSERVERS)[:1], *stopped(*OBSERVERS, host="db-b")[1:2], view(OBSERVERS[2]))
    assert isinstance(decide(mixed, cluster(), NOBODY, None), Hold)
    terms = (replace(stopped(*OBSERVERS)[0], timeline=2), stopped(*OBSERVERS)[1], view(OBSERVERS[2]))
    assert isinstance(decide(terms, cluster(), NOBODY, None), Hold)


def test_patroni_is_left_to_it_once_it_moves() -> None:
    assert "does not lead" in why(decide(stopped(*OBSERVERS), cluster("ledger-b"), NOBODY, None))
    assert "nobody holds" in why(decide(stopped(*OBSERVERS), cluster(None), NOBODY, None))


def test_a_switchover_that_was_asked_for_is_left_alone_but_not_for_ever() -> None:
    views = stopped(*OBSERVERS)
    asked = replace(cluster(), switching_us=rules.SWITCHOVER_US - 1)
    assert "switchover" in why(decide(views, asked, NOBODY, None))
    assert isinstance(decide(views, replace(asked, switching_us=rules.SWITCHOVER_US), NOBODY, None), Fence)


def test_nothing_is_fenced_that_the_others_cannot_do_without() -> None:
    views = stopped(*OBSERVERS)
    gone = Member("ledger-b", None, None, None)
    copy_gone = Member("ledger-b", 50_000, 50_000, None)
    assert "too few may take over" in why(decide(views, cluster(db_b=gone), NOBODY, None))
    assert "too few may take over" in why(decide(views, cluster(db_b=copy_gone), NOBODY, None))
    nobody = replace(cluster(), voters=frozenset[str](), quorum=0)
    assert "too few may take over" in why(decide(views, nobody, NOBODY, None))
    one_voter = replace(cluster(db_b=copy_gone), voters=frozenset({"ledger-w"}), quorum=0)
    assert "no second copy" in why(decide(views, one_voter, NOBODY, None))
    without_etcd = cluster(db_b=Member("ledger-b", None, None, 50_000))
    assert "etcd would lose its quorum" in why(decide(views, without_etcd, NOBODY, None))
    apart = cluster(
        db_b=Member("ledger-b", 50_000, 5_000_000, 50_000), db_w=Member("ledger-w", 50_000, 5_000_000, 50_000)
    )
    assert "etcd has no quorum" in why(decide(views, apart, NOBODY, None))
    assert "record" in why(decide(views, replace(cluster(), sync_leader="ledger-b"), NOBODY, None))


def test_a_second_fence_waits_until_twelve_seconds_after_the_first() -> None:
    views = stopped(*OBSERVERS)
    late = Device({}, rules.BUDGET_US - 1)
    assert "last fence" in why(decide(views, cluster(), late, None))
    assert isinstance(decide(views, cluster(), Device({}, rules.BUDGET_US), None), Fence)
    asked = Asked("db-b", rules.BUDGET_US - 1, rules.BUDGET_US - 1, confirmed=True)
    assert "last fence" in why(decide(views, cluster(), NOBODY, asked))


def test_the_lease_is_revoked_only_under_a_verified_fence() -> None:
    views = stopped(*OBSERVERS)
    verified, unverified = Device({"db-a": (10_000, True)}, 10_000), Device({"db-a": (10_000, False)}, 10_000)
    assert decide(views, cluster(), verified, None) == Revoke("db-a", 7)
    assert isinstance(decide(views, cluster(), unverified, None), Fence)
    fresh = Asked("db-a", 10_000, 10_000, confirmed=False)
    assert why(decide(views, cluster(), unverified, fresh)) == "the fence is not verified"
    assert "does not confirm" in why(decide(views, cluster(), None, fresh))


def test_a_fence_whose_cause_went_is_taken_back() -> None:
    asked = Asked("db-a", 600_000, 600_000, confirmed=False)
    assert isinstance(decide(stopped(), cluster(), None, asked), Release)


def test_the_host_is_let_go_once_writes_flow_elsewhere() -> None:
    fenced = Device({"db-a": (2_000_000, True)}, 2_000_000)
    elsewhere = tuple(view(each, "db-b", timeline=2, writes=1) for each in OBSERVERS)
    assert isinstance(decide(elsewhere, cluster("ledger-b"), fenced, None), Release)
    assert isinstance(decide(elsewhere[:1], cluster("ledger-b"), fenced, None), Hold)
    assert isinstance(decide(stopped(*OBSERVERS), cluster(None), fenced, None), Hold)
    # What was seen to flow through the fenced host itself was seen before it was fenced.
    assert isinstance(decide(stopped(), cluster(None), fenced, None), Hold)
    old = Device({"db-a": (rules.GIVE_UP_US, True)}, rules.GIVE_UP_US)
    assert isinstance(decide((), cluster(None), old, None), Release)


VIEWS = st.tuples(
    *(
        st.builds(
            View,
            st.just(observer),
            st.sampled_from(["db-a", "db-a", "db-a", "db-b", None]),
            st.sampled_from([1, 1, 1, 2]),
            st.sampled_from([500, 10, 9, 0]),
            st.sampled_from([5_000_000, 800_000, 799_999, 0]),
            st.sampled_from([800_000, 800_000, 4_000_000]),
            st.sampled_from([0, 500_000, 500_001]),
        )
        for observer in OBSERVERS
    )
)
WELL = st.sampled_from([0, 2_400_000])
# Of a stack that could do without A in most cases: else nearly every story would end in doing nothing.
CLUSTERS = st.builds(
    Cluster,
    st.sampled_from(["ledger-a", "ledger-a", "ledger-b", None]),
    st.integers(1, 9),
    st.sampled_from(["ledger-a", "ledger-a", "ledger-a", None]),
    st.sampled_from([frozenset({"ledger-b", "ledger-w"}), frozenset({"ledger-b"}), frozenset[str]()]),
    st.sampled_from([1, 1, 0, 2]),
    st.fixed_dictionaries(
        {
            host: st.builds(Member, st.just(LEDGERS[host]), *([WELL if host != "db-a" else AGES] * 3))
            | st.builds(Member, st.just(LEDGERS[host]), AGES, AGES, AGES)
            for host in HOSTS
        }
    ),
)
DEVICES = st.none() | st.builds(
    Device,
    st.dictionaries(st.sampled_from(HOSTS), st.tuples(TIMES, st.booleans()), max_size=1),
    st.none() | TIMES,
)
ASKED = st.none() | st.builds(Asked, st.sampled_from(HOSTS), TIMES, TIMES, confirmed=st.booleans())


Told = tuple[tuple[View, ...], Cluster, Device | None, Asked | None]


@pytest.mark.parametrize("kind", [Fence, Revoke, Release])
def test_the_stories_below_do_come_to_it(kind: type[Decision]) -> None:
    """A property of decisions that are never made would hold for ever."""

    def comes_to_it(told: Told) -> bool:
        return isinstance(decide(*told), kind)

    once = settings(max_examples=2000, database=None, phases=[Phase.generate])
    find(st.tuples(VIEWS, CLUSTERS, DEVICES, ASKED), comes_to_it, settings=once, random=Random(1))


@given(VIEWS, CLUSTERS, DEVICES, ASKED)
def test_whatever_is_told_a_new_fence_needs_two_witnesses_and_a_quorum_without_the_host(
    views: tuple[View, ...], told: Cluster, device: Device | None, asked: Asked | None
) -> None:
    decision = decide(views, told, device, asked)
    if not isinstance(decision, Fence) or (device is not None and decision.host in device.fenced):
        return
    host = decision.host
    witnesses = [
        each for each in views
        if each.host == host and each.age_us <= 500_000 and each.writes >= 10 and each.silent_us >= each.patience_us
    ]  # fmt: skip
    assert len(witnesses) >= 2
    assert told.leader == LEDGERS[host]
    if asked is not None and asked.host == host and not asked.confirmed:
        # Asked for before, and never confirmed: the same fence is tried again.
        return
    others = [told.members[each] for each in HOSTS if each != host]
    living = {each.ledger for each in others if each.standby_us is not None and each.standby_us <= 2_500_000}
    assert len(living) == 2
    assert len(living & told.voters) > told.quorum
    assert all(each.etcd_us is not None and each.etcd_us <= 2_500_000 for each in others)
    assert any(each.quorum_us is not None and each.quorum_us <= 4_000_000 for each in others)


@given(VIEWS, CLUSTERS, DEVICES, ASKED)
def test_whatever_is_told_nothing_is_promoted_past_an_unverified_fence(
    views: tuple[View, ...], told: Cluster, device: Device | None, asked: Asked | None
) -> None:
    decision = decide(views, told, device, asked)
    if isinstance(decision, Revoke):
        assert device is not None
        assert device.fenced[decision.host][1]
        assert told.leader == LEDGERS[decision.host]
        assert decision.lease == told.lease


@given(st.lists(st.tuples(VIEWS, CLUSTERS, st.booleans(), st.integers(1, 3_000_000)), max_size=25))
def test_no_two_hosts_are_ever_fenced_within_twelve_seconds(
    story: list[tuple[tuple[View, ...], Cluster, bool, int]],
) -> None:
    """A device that obeys, or is silent, over a story of arbitrary views: what it did is counted here, not asked."""
    now_us, fences = 0, list[tuple[int, str]]()
    fenced: dict[str, int] = {}
    asked_us = tried_us = 0
    asked: Asked | None = None
    for views, told, silent, later_us in story:
        now_us += later_us
        latest = now_us - fences[-1][0] if fences else None
        device = None if silent else Device({host: (now_us - at_us, True) for host, at_us in fenced.items()}, latest)
        if asked is not None:
            asked = replace(asked, age_us=now_us - asked_us, tried_us=now_us - tried_us)
        match decide(views, told, device, asked):
            case Fence(host, _):
                if asked is None or asked.host != host or asked.confirmed:
                    asked_us = now_us
                tried_us = now_us
                if not silent and host not in fenced:
                    fenced[host] = now_us
                    fences.append((now_us, host))
                asked = Asked(host, now_us - asked_us, 0, confirmed=not silent)
            case Release(host, _) if not silent:
                fenced.pop(host, None)
    assert all(later - earlier >= 12_000_000 for (earlier, _), (later, _) in pairwise(fences))
