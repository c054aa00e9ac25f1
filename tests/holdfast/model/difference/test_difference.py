"""What changed between two models is told, whatever it is, and nothing else is."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.model.canonical import subject_digest, subjects
from holdfast.model.difference import Change, difference
from holdfast.model.difference.renames import REFERENCES
from holdfast.model.difference.rules import RULES
from holdfast.model.loader import load
from holdfast.model.types import (
    AllOf,
    AnyOf,
    AtLeast,
    Group,
    Model,
    On,
    Range,
    Resource,
    Role,
    Scenario,
    Service,
)
from tests.holdfast.model.declared import ROOT, WHOLE, WORDS, changed, model

OLD = model()

# The order of these says something; the order of anything else is only how it was written.
ORDERED = {
    (Service, "modes"),
    (Group, "members"),
    (Group, "recovery"),
    (Resource, "recovery"),
    (Role, "deputies"),
    (Range, "command"),
    (Scenario, "disruption"),
}


def content(value: Any) -> Any:  # noqa: ANN401 -- any value of a model in, something to compare out
    """Return what a declaration means, however it was written: the oracle of this page."""
    match value:
        case AllOf() | AnyOf() | AtLeast():
            return _need(value)
        case _ if is_dataclass(value):
            own = {field.name: getattr(value, field.name) for field in fields(value)}
            for name in ("files", "root", "digest", "places"):
                own.pop(name, None)
            kept = {name: content(member) for name, member in own.items() if (type(value), name) in ORDERED}
            rest = {
                name: sorted(map(repr, map(content, member))) if isinstance(member, tuple) else content(member)
                for name, member in own.items()
                if name not in kept
            }
            return (type(value).__name__, kept, rest)
        case tuple():
            return [content(each) for each in value]
        case Mapping():
            return {key: content(value[key]) for key in sorted(value)}
    return value


def _need(need: AllOf | AnyOf | AtLeast | On) -> object:
    """Return every smallest set of names that meets a need: two needs that mean the same have the same ones."""
    if isinstance(need, On):
        return frozenset({frozenset({(need.resource, need.holds_for_ms)})})
    parts = [_need(part) for part in need.of]
    count = {AllOf: len(parts), AnyOf: 1}.get(type(need), getattr(need, "count", 0))
    ways: set[frozenset[Any]] = {frozenset()} if count == 0 else set()
    for chosen in _choices(parts, count):
        ways |= {frozenset().union(*one) for one in _product(chosen)}
    return frozenset(way for way in ways if not any(other < way for other in ways))


def _choices(parts: list[Any], count: int) -> list[list[Any]]:
    if count == 0:
        return [[]]
    return [[part, *rest] for position, part in enumerate(parts) for rest in _choices(parts[position + 1 :], count - 1)]


def _product(parts: list[Any]) -> list[list[Any]]:
    return [[]] if not parts else [[one, *rest] for one in parts[0] for rest in _product(parts[1:])]


def told(old: str, new: str) -> tuple[Change, ...]:
    """Return the changes when one place of the whole declaration is changed."""
    return difference(OLD, model(changed(old, new)[0]))


def said(old: str, new: str) -> str:
    """Return the one change that there is, as a sentence."""
    (change,) = told(old, new)
    return f"{change.weight} {change.effect}: {change}"


# -- words --


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("    rto: 2h", "    rto: 1h", "medium stronger: payments: RTO 2h → 1h, stricter"),
        ("    rto: 2h", "    rto: 5h", "high weaker: payments: RTO 2h → 5h, looser; longer than the impact tolerance"),
        (
            "      duration: 4h",
            "      duration: 6h",
            "critical weaker: payments: impact tolerance: duration 4h → 6h, looser",
        ),
        ("      value: 2bn EUR\n", "", "high weaker: payments: impact tolerance: value 2bn EUR → no limit"),
        ("      end_of_day: required\n", "", "critical weaker: payments: impact tolerance: the settlement day must"),
        (
            "      4h: intolerable",
            "      4h: severe",
            "high weaker: payments: impact after 4h: severity intolerable → severe; MTPD 4h → none",
        ),
        (
            "rto: 4h}",
            "rto: 6h}",
            "medium weaker: telco: supplier's particulars, continuity: its own RTO 4h → 6h, slower",
        ),
        (
            "    quorum: 2",
            "    quorum: 1",
            "medium stronger: ledger: quorum 2 → 1, fewer must function; 1 of 2 members",
        ),
        (
            "may_alter: [ledger, vault]",
            "may_alter: [ledger]",
            "medium stronger: person p1: may alter alone: no longer vault",
        ),
        (
            "takes: {p50: 25m, p95: 90m}",
            "takes: {p50: 3h, p95: 9h}",
            "medium weaker: ledger-a: recovery strategy rebuild: takes",
        ),
        (
            "cures: [failed, untrusted]",
            "cures: [failed]",
            "high weaker: ledger-a: recovery strategy rebuild: cures: no longer untrusted; nothing that is declared",
        ),
        (
            "  db-b: {kind: host, environment: test",
            "  db-b: {kind: host, environment: range",
            "medium other: db-b: environment test → range",
        ),
        (
            "{any: [ledger-a, ledger-b]}",
            "{all: [ledger-a, ledger-b]}",
            "medium weaker: gateway: needs: also ledger-a and ledger-b, no longer (ledger-a or ledger-b)",
        ),
        (
            "works: {passed: 18, failed: 2}",
            "works: {passed: 18, failed: 3}",
            "medium weaker: ledger: failover: times it did not work 2 → 3, more",
        ),
        ("port: 5432, ", "", "high weaker: flow applications → data, udp: port 5432 → any"),
        ("port: 5432, ", "port: 5433, ", "high other: flow applications → data, udp: port 5432 → 5433"),
        ("{holds_for: 25m}", "{holds_for: 5m}", "medium weaker: db-a: needs: power can be missing for 25m → 5m"),
        (
            "    needs: [line]\n    owner",
            "    needs: [line, power]\n    owner",
            "medium weaker: ledger: needs: also power",
        ),
        (
            "participants: 95%, window",
            "participants: 50%, window",
            "medium weaker: payments: indicator: participants that must be served 95% → 50%, looser",
        ),
        (
            "expect: {nothing-lost: broken}",
            "expect: {nothing-lost: held}",
            "medium stronger: scenario lost-site: expected answer of nothing-lost: broken → held",
        ),
        (
            "until: 2026-06-30}",
            "until: 2027-06-30}",
            "high weaker: risk acceptance one-vault: borne until 2026-06-30 → 2027-06-30, later",
        ),
        ("{beta: 0.1}", "{beta: 20%}", "medium weaker: common cause storage-firmware: probability"),
        (
            "third_party_out: {name: telco,",
            "third_party_out: {name: carrier,",
            "high other: scenario worst: what happens: telco is out for 2d → carrier is out for 2d",
        ),
        (
            "third_party_out: {name: telco,",
            "third_party_out: {name: [telco, carrier],",
            "medium stronger: scenario worst: what happens: telco is out for 2d → telco and carrier are out for 2d",
        ),
        (
            "{beta: 0.1}",
            "{beta: 0.1, outlasts: [restart]}",
            "medium weaker: common cause storage-firmware: outlasts: also restart",
        ),
        (
            "fail: [ledger, monitor]",
            "fail: [ledger]",
            "high weaker: scenario worst: what happens: ledger and monitor fail → ledger fails",
        ),
        ("regimes: [pfmi, dora]", "regimes: [pfmi]", "high weaker: Example Bank: regimes: no longer dora"),
    ],
)
def test_a_change_in_words(old: str, new: str, sentence: str) -> None:
    assert said(old, new).startswith(sentence)


def test_a_group_without_one_of_its_members_says_what_it_can_lose() -> None:
    whole = WHOLE.replace("    members: [ledger-a, ledger-b]", "    members: [ledger-a, ledger-b, ledger-c]")
    whole = whole.replace("  line: {kind", "  ledger-c: {kind: database}\n  line: {kind")
    (removed, group) = sorted(difference(model(whole), OLD), key=lambda change: change.subject)[::-1]
    assert (group.what, group.weight, group.effect) == ("member: no longer ledger-c", "critical", "weaker")
    assert group.means == (
        "2 of 2 members must function: losing any one stops it",
        "all members of ledger share storage-firmware v9",
        "payments and reporting stand on it",
    )
    assert (removed.subject, removed.what, removed.removed) == ("ledger-c", "removed", True)


def test_the_order_is_told_where_it_counts() -> None:
    restart = "      restart: {takes: 90s, automatic: true}\n"
    other = WHOLE.replace(restart, "").replace(
        "        exercised: 2026-05-12\n", f"        exercised: 2026-05-12\n{restart}"
    )
    (strategies,) = difference(OLD, model(other))
    assert strategies.what == "order of recovery strategy: restart, rebuild → rebuild, restart"
    (members,) = told("    members: [ledger-a, ledger-b]", "    members: [ledger-b, ledger-a]")
    assert members.what == "member: order ledger-a, ledger-b → ledger-b, ledger-a"


def test_a_title_voids_no_approval_and_the_basis_of_a_scenario_does() -> None:
    (title,) = told("    title: A crash", "    title: The crash")
    (basis,) = told("    basis: It happens.", "    basis: It happened.")
    assert (title.approval, basis.approval) == (None, "scenario:crash")


def test_what_members_shared_before_is_no_news() -> None:
    (change,) = told("    quorum: 2", "    quorum: 1")
    assert change.means == (
        "1 of 2 members must function: losing any two stops it",
        "payments and reporting stand on it",
    )


def test_a_stricter_objective_names_what_is_now_too_slow() -> None:
    slow = WHOLE.replace("takes: {p50: 25m, p95: 90m}", "takes: {p50: 90m, p95: 3h}")
    (change,) = difference(model(slow), model(slow.replace("    rto: 2h", "    rto: 1h")))
    assert change.means == ("1 more strategy usually takes longer than that: ledger-a/rebuild",)


def test_one_hand_on_the_data_and_on_the_vault_is_critical() -> None:
    whole = WHOLE.replace("vault: {kind: information, ", "vault: {kind: information, asset: vault, ")
    less = whole.replace("may_alter: [ledger, vault]", "may_alter: [vault]")
    (change,) = difference(model(less), model(whole))
    assert (change.weight, change.effect) == ("critical", "weaker")
    assert change.means == ("p1 alone can now destroy both what is kept, ledger-a, and the vault: vault",)


def test_members_that_come_to_share_something_are_redundant_no_more() -> None:
    apart = WHOLE.replace("    shares: {storage-firmware: v9}\n", "    shares: {storage-firmware: v8}\n")
    (change,) = difference(model(apart), OLD)
    assert (change.weight, change.effect) == ("critical", "weaker")
    assert "all members of ledger share storage-firmware v9" in change.means


def test_what_stands_under_a_service_is_heavier_than_what_nothing_stands_on() -> None:
    (under,) = told("  db-b: {kind: host, environment: test, site: dc-b}", "  db-b: {kind: host, environment: test}")
    (apart,) = told("  desk: {kind: people, site: hq}", "  desk: {kind: people}")
    assert (under.weight, apart.weight) == ("medium", "low")


def test_the_heaviest_stands_first() -> None:
    whole = WHOLE.replace("    title: Payments", "    title: Pay").replace("      duration: 4h", "      duration: 6h")
    assert [change.weight for change in difference(OLD, model(whole))] == ["critical", "low"]


def test_a_change_points_to_its_line_and_what_is_removed_to_where_it_was() -> None:
    text, line = changed("    rto: 2h", "    rto: 1h")
    (change,) = difference(OLD, model(text))
    assert (change.place.file, change.place.line) == (ROOT, line)
    (removed,) = told("  rtgs: {kind: fmi}\n", "")
    assert removed.place.line == WHOLE[: WHOLE.index("  rtgs: {kind: fmi}")].count("\n") + 1


# -- names --


@pytest.mark.parametrize(
    "name",
    [
        *("telco", "carrier", "db-a", "ledger-a", "ledger", "vault", "dba-team", "monitor", "gateway", "line", "desk"),
        *("dc-a", "dc-b", "hq", "p1", "p2", "gold", "silver", "applications", "payments", "crash", "worst"),
    ],
)
def test_what_is_only_called_otherwise_is_told_as_that_alone(name: str) -> None:
    renamed = re.sub(rf"(?<![\w-])(?<!The )(?<!A )(?<!tier: ){name}(?![\w-])", f"{name}-2", WHOLE)
    found = difference(OLD, model(renamed))
    assert {change.subject for change in found if change.what.startswith("was called")} == {f"{name}-2"}
    rest = [change for change in found if not change.what.startswith("was called")]
    assert all(change.what == "names something that is called otherwise now" for change in rest)


def test_what_needs_something_else_is_something_else() -> None:
    old = WHOLE.replace("  rtgs: {kind: fmi}\n", "  one: {kind: fmi}\n  front: {kind: process, needs: [one]}\n")
    new = WHOLE.replace("  rtgs: {kind: fmi}\n", "  two: {kind: people}\n  desk-2: {kind: process, needs: [two]}\n")
    found = difference(model(old), model(new))
    assert sorted((change.subject, change.what) for change in found) == [
        *(("desk-2", "added"), ("front", "removed"), ("one", "removed"), ("two", "added")),
    ]


def test_things_that_name_each_other_may_all_be_called_otherwise() -> None:
    old = WHOLE.replace("  rtgs: {kind: fmi}\n", "  one: {kind: fmi}\n  front: {kind: process, needs: [one]}\n")
    new = WHOLE.replace("  rtgs: {kind: fmi}\n", "  two: {kind: fmi}\n  back: {kind: process, needs: [two]}\n")
    found = difference(model(old), model(new))
    assert {change.what.split(" and ")[0] for change in found} == {"was called one", "was called front"}


def test_two_that_are_alike_are_not_taken_for_each_other() -> None:
    two = WHOLE.replace("  rtgs: {kind: fmi}\n", "  rtgs: {kind: fmi}\n  cls: {kind: fmi}\n")
    new = two.replace("  rtgs: {kind", "  one: {kind").replace("  cls: {kind", "  two: {kind")
    assert {change.what for change in difference(model(two), model(new))} == {"removed", "added"}


def test_the_tables_name_members_that_there_are() -> None:
    for kind, member in (*RULES, *REFERENCES):
        assert is_dataclass(kind)
        assert member in {field.name for field in fields(kind)}


# -- all of it and nothing else --


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("institution: Example Bank", "# a comment\ninstitution: Example Bank"),
        ("    rto: 2h", "    rto: 120m"),
        ("regimes: [pfmi, dora]", "regimes: [dora, pfmi]"),
        ("needs: [gateway, ledger], meets", "needs: [ledger, gateway], meets"),
        ("needs: [gateway, ledger], meets", "needs: {all: [ledger, {any: [gateway]}]}, meets"),
        ("{at_least: 1, of: [monitor, line]}", "{any: [line, monitor]}"),
        ("    rides_out: 30s\n", "    rides_out: 30000ms\n"),
        ("  rtgs: {kind: fmi}", "  rtgs: {kind: fmi, title: rtgs, environment: production}"),
    ],
)
def test_another_way_of_writing_is_no_change(old: str, new: str) -> None:
    assert told(old, new) == ()


TREE = yaml.load(WHOLE, Loader=yaml.BaseLoader)  # noqa: S506 - it builds texts, lists and mappings only


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 -- any YAML
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at for key, inner in children for at in ((*path, key), *places(inner, (*path, key)))]


QUANTITIES = ("1h", "6h", "95%", "0.2", "1", "2", "true", "false", "12:30", "2026-01-31", "3bn EUR", "700/h", "a text")
NAMES = ("ledger-b", "dc-b", "p2", "silver", "severe", "production", "range", "held", "broken", "udp", "untrusted")
PUT = st.sampled_from((None, *QUANTITIES, *NAMES))


def altered(where: tuple[Any, ...], put: str | None) -> Model | None:
    """Return the model with one value changed or left out, or a list turned round; ``None`` when it has errors."""
    whole = copy.deepcopy(TREE)
    within = whole
    for step in where[:-1]:
        within = within[step]
    if put is None and isinstance(within[where[-1]], list) and len(within[where[-1]]) > 1:
        within[where[-1]].reverse()
    elif put is None:
        del within[where[-1]]
    else:
        within[where[-1]] = [put] if isinstance(within[where[-1]], list) else put
    return load({ROOT: yaml.safe_dump(whole, sort_keys=False, allow_unicode=True)}, ROOT, WORDS)[0]


@given(st.sampled_from(places(TREE)), PUT)
@settings(deadline=None, max_examples=50)
def test_every_change_is_told_and_what_means_the_same_is_not(where: tuple[Any, ...], put: str | None) -> None:
    new = altered(where, put)
    if new is None:
        return
    found = difference(OLD, new)
    assert bool(found) == (content(OLD) != content(new)), found
    assert bool(difference(new, OLD)) == bool(found)
    void = {
        subject
        for subject in subjects(new)
        if subject not in subjects(OLD) or subject_digest(OLD, subject) != subject_digest(new, subject)
    }
    assert {change.approval for change in found} - {None} == void
