"""What a thing stands on and what stands on it: all of it, once each, whatever needs whatever."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.model.standing import Explanation, explain, nearest
from holdfast.model.standing.hits import struck
from holdfast.model.trees import MAX_LEVELS, Line
from holdfast.model.types import Model
from holdfast.model.uses import below, below_service, services_above, uses, vital
from tests.holdfast.model.declared import WHOLE, WORDS, model

MODEL = model()


def one(name: str, declared: Model = MODEL, **approved: str) -> Explanation:
    (found,) = explain(declared, WORDS, name, approved)
    return found


def part(explanation: Explanation, name: str) -> tuple[Line, ...]:
    return next(each.lines for each in explanation.parts if each.name == name)


def drawn(lines: tuple[Line, ...], indent: str = "") -> Iterator[str]:
    """Yield lines as text, those below indented."""
    for line in lines:
        yield f"{indent}{line.words}{f' [{line.note}]' if line.note else ''}"
        yield from drawn(line.below, f"{indent}  ")


def bank(resources: str, needs: str = "r0") -> Model:
    """Return a model of one service and these resources."""
    modes = f"modes: {{full: {{capacity: 100%, needs: [{needs}], meets_minimum: true}}}}"
    service = f"  pay: {{impact_tolerance: {{duration: 4h}}, rto: 2h, rpo: 0s, {modes}}}"
    return model(f"institution: Bank\nservices:\n{service}\nresources:\n{resources}\n")


def test_a_tree_says_how_needs_are_combined_and_how_long_they_hold() -> None:
    assert list(drawn(part(one("gateway"), "stands-on"))) == [
        "ledger [database, 2 of these 2]",
        "  2 of these 2",
        "    ledger-a [database at dc-a]",
        "      db-a [host at dc-a]",
        "        power [can be missing for 25m; facility]",
        "    ledger-b [database at dc-b]",
        "      db-b [host at dc-b]",
        "  line [network between dc-a and dc-b]",
        "one of these",
        "  ledger-a [database at dc-a; see above]",
        "  ledger-b [database at dc-b; see above]",
        "1 of these 2",
        "  monitor [application]",
        "    gateway [application at dc-a; needed in turn]",
        "  line [network between dc-a and dc-b]",
    ]


def test_what_stands_on_something_goes_up_to_the_services() -> None:
    assert list(drawn(part(one("db-a"), "carries"))) == [
        "ledger-a [stops without it]",
        "  ledger [2 of its 2 members must function]",
        "    payments [service, in no mode without it]",
        "    reporting [service, in no mode without it]",
        "    gateway [stops without it]",
        "      payments [service, not in mode full without it]",
        "      monitor [stops without it]",
        "        gateway [functions without monitor while something else does; see above]",
        "  gateway [functions without ledger-a while something else does; see above]",
    ]


def test_recovery_says_what_it_stands_on_itself() -> None:
    assert list(drawn(part(one("ledger-a"), "recovery"))) == [
        "1. restart [90s, cures what is failed, automatic, loses nothing, never exercised]",
        (
            "2. rebuild [usually 25m, 19 of 20 within 90m, cures what is failed or untrusted, by decision, loses 5m, "
            "replays the journal, playbook rebuild-ledger, exercised 2026-05-12]"
        ),
        "  vault [information]",
        "  dba-team [people]",
        "  vault, whose data it takes [information]",
        "  dba-team [2 people of it]",
    ]
    assert "rebuild [this recovery takes its data]" in " ".join(drawn(part(one("vault"), "carries")))


@pytest.mark.parametrize(
    ("name", "sort", "line"),
    [
        ("payments", "service", 22),
        ("ledger", "group", None),
        ("telco", "resource", None),
        ("dba-team", "resource", None),
        ("dc-a", "site", None),
        ("gold", "role", None),
        ("p1", "person", None),
        ("data", "segment", None),
        ("worst", "scenario", None),
        ("storage-firmware", "attribute", None),
        ("trading", "candidate", None),
        ("one-vault", "risk acceptance", None),
    ],
)
def test_everything_that_is_declared_can_be_explained(name: str, sort: str, line: int | None) -> None:
    found = one(name)
    assert (found.name, found.sort) == (name, sort)
    written = WHOLE.splitlines()[found.place.line - 1]
    assert written.strip().startswith(f"{name}:")
    assert line is None or found.place.line == line


def test_facts_about_each() -> None:
    assert dict(one("telco").facts)["continuity plan"] == "seen 2026-03-01"
    assert dict(one("dba-team").facts)["people"] == "4, functions with 2"
    assert dict(one("dba-team").facts)["who is in it"] == "p1"
    assert dict(one("ledger").facts)["services that stand on it"] == "payments and reporting"
    assert dict(one("payments").facts)["MTPD, from the impact"] == "4h"
    assert dict(one("dc-a").facts)["lines that end there"] == "line"
    assert dict(one("gold").facts)["deputies"] == "p2"
    assert dict(one("p2").facts)["deputises for"] == "gold"
    assert "an intruder at monitor stays for usually 20d" in dict(one("worst").facts)["what happens"]
    assert dict(one("worst").facts)["type of exercise"] == "tabletop"
    assert dict(one("ledger").facts)["members"] == "ledger-a and ledger-b: 2 of 2 must function, the first serves"
    assert dict(one("trading").facts)["not important because"] == "Others take it over within an hour."
    assert dict(one("one-vault").facts)["borne by"] == "gold, until 2026-06-30"


def test_a_service_is_explained_with_all_its_figures() -> None:
    found = dict(one("payments").facts)
    impact = "after 15m minor; after 1h serious (300m EUR, 4 participants, costs 1m EUR); after 4h intolerable"
    assert found["impact"] == impact
    arrives = "up to 432,000 an hour, 1,080,000 can be handled, 80bn EUR a day, 20% of it first, refused meanwhile"
    assert found["what arrives"] == arrives
    assert found["peaks"] == "quarter-end 250%: 2026-03-31 and 2026-06-30"
    assert found["rides out"] == "interruptions of up to 30s"
    assert found["re-established"] == "usually 2m, 19 of 20 within 15m, after longer ones"
    assert part(one("payments"), "stands-on")[1].note.endswith("below the minimum service: CLS and margin")


def test_what_things_share_is_explained_by_its_name_and_by_its_value() -> None:
    facts = dict(one("admin-domain").facts)
    assert facts["when one is hit"] == "the others are failed or untrusted as well, with a probability of 80%"
    value = one("v9")
    assert (value.sort, value.title) == ("attribute", "a value of storage-firmware")
    (line,) = part(value, "carries")
    assert [each.name for each in line.below] == ["ledger-a", "ledger-b"]
    assert [each.name for each in part(value, "scenarios")] == ["worst"]
    landlord = one("landlord")
    assert dict(landlord.facts)["when one is hit"] == "no probability is declared for the others"
    assert landlord.place == MODEL.places["sites", "dc-a", "shares", "landlord"]


def test_of_people_and_suppliers_it_is_not_said_that_nothing_brings_them_back() -> None:
    assert {each.name for each in one("telco").parts} == {"stands-on", "carries", "scenarios", "tests"}
    assert {each.name for each in one("desk").parts}.isdisjoint({"recovery", "flows"})
    assert "recovery" in {each.name for each in one("db-b").parts}


def test_a_supplier_stands_on_those_to_whom_it_subcontracts() -> None:
    (line,) = part(one("telco"), "stands-on")
    assert (line.name, line.note) == ("carrier", "subcontractor without which it fails; third-party")


def test_people_flows_scenarios_and_what_was_shown() -> None:
    assert list(drawn(part(one("ledger-a"), "people"))) == ["p1 [Head of databases, may alter ledger alone]"]
    assert list(drawn(part(one("vault"), "people"))) == [
        "p1 [Head of databases, may alter it alone]",
        "p1 [Head of databases, custodian]",
    ]
    assert list(drawn(part(one("ledger-a"), "flows"))) == [
        "applications → data [udp 5432, normal and recovery]",
        "gateway → ledger-a [tcp, any port, normal]",
    ]
    assert list(drawn(part(one("gateway"), "tests"))) == ["payments needs gateway [observed on 2026-05-12 by netflow]"]
    hitting = [line.name for line in part(one("ledger-b"), "scenarios")]
    assert hitting == ["worst"]
    assert "the drill injects site.loss into its site dc-a" in part(one("db-a"), "scenarios")[0].note


def test_what_waits_for_a_role() -> None:
    assert list(drawn(part(one("gold"), "carries")))[:2] == [
        "payments, mode slow [entered by its decision]",
        "the extension of the business day [needs its consent]",
    ]


def test_unapproved_unless_a_body_approved_it() -> None:
    subject = {"tolerance:payments": "approved by the Board on 2026-11-20 (entry 3)"}
    assert dict(one("payments").facts)["approval of its limits"] == "unapproved"
    (found,) = explain(MODEL, WORDS, "payments", subject)
    assert dict(found.facts)["approval of its limits"] == subject["tolerance:payments"]
    assert dict(one("worst").facts)["approval"] == "unapproved"


def test_a_name_of_two_things_is_explained_twice_and_an_unknown_one_finds_its_likes() -> None:
    both = model(WHOLE.replace("  hq: {}", "  hq: {}\n  vault: {}"))
    assert [each.sort for each in explain(both, WORDS, "vault", {})] == ["resource", "site"]
    assert explain(MODEL, WORDS, "lodger", {}) == ()
    assert nearest(MODEL, "lodger")[0] == "ledger"


def test_a_scenario_hits_what_it_says() -> None:
    hit = {name for name, _ in struck(MODEL, WORDS, MODEL.scenarios["worst"])}
    assert {"line", "telco", "dba-team", "monitor", "ledger", "ledger-a", "ledger-b", "gateway"} <= hit
    assert "rtgs" not in hit
    # The landlord is shared by a site, and so by everything at it.
    assert ("db-a", "everything with landlord one fails") in struck(MODEL, WORDS, MODEL.scenarios["worst"])
    assert ("ledger-b", "everything with storage-firmware v9 fails") in struck(MODEL, WORDS, MODEL.scenarios["worst"])


def test_a_chain_deeper_than_the_stack_is_told_as_far_as_it_goes() -> None:
    depth = 3_000
    chain = "\n".join(f"  r{n}: {{kind: application, needs: [r{n + 1}]}}" for n in range(depth))
    deep = bank(f"{chain}\n  r{depth}: {{kind: host}}")
    lines = part(one("r0", deep), "stands-on")
    assert len(list(drawn(lines))) == MAX_LEVELS + 1
    assert "holdfast explain" in list(drawn(lines))[-1]
    assert len(list(drawn(part(one(f"r{depth}", deep), "carries")))) <= MAX_LEVELS + 1
    assert services_above(deep, [f"r{depth}"]) == ["pay"]


# -- against another reading of the same model --


@st.composite
def grounds(draw: st.DrawFn) -> dict[str, list[str]]:
    """Draw who needs whom among a few resources, round in circles too."""
    names = [f"r{n}" for n in range(draw(st.integers(1, 7)))]
    return {name: draw(st.lists(st.sampled_from(names), unique=True, max_size=3)) for name in names}


def reachable(start: str, needs: dict[str, list[str]]) -> set[str]:
    """Return what is reached, by matrices: repeated until nothing is added."""
    reached = {(name, other) for name, others in needs.items() for other in others}
    while True:
        more = {(a, d) for a, b in reached for c, d in reached if b == c} - reached
        if not more:
            return {other for name, other in reached if name == start}
        reached |= more


@given(grounds())
def test_trees_hold_all_that_is_reached_and_spell_each_out_once(needs: dict[str, list[str]]) -> None:
    needs = {name: [other for other in others if other != name] for name, others in needs.items()}
    resources = "\n".join(f"  {name}: {{kind: host, needs: [{', '.join(others)}]}}" for name, others in needs.items())
    declared = bank(resources.replace("needs: []", "title: alone"))
    for name in needs:
        down = part(one(name, declared), "stands-on")
        assert names_in(down) - {name} == reachable(name, needs) - {name}
        spelled = [line.name for line in every(down) if line.below]
        assert len(spelled) == len(set(spelled))
        above = {other for other in needs if name in reachable(other, needs)} | {name}
        up = part(one(name, declared), "carries")
        assert names_in(up) - {name, "pay"} == above - {name}
        assert ("pay" in names_in(up)) == ("r0" in above) == (services_above(declared, [name]) == ["pay"])
        assert below(declared, [name]) == reachable(name, needs) | {name}
    assert below_service(declared, "pay") == reachable("r0", needs) | {"r0"}


def every(lines: tuple[Line, ...]) -> Iterator[Line]:
    for line in lines:
        yield line
        yield from every(line.below)


def names_in(lines: tuple[Line, ...]) -> set[str]:
    """Return every declared thing that these lines name."""
    return {line.name for line in every(lines) if line.name is not None}


def test_vital_is_what_a_need_is_not_met_without() -> None:
    gateway = MODEL.resources["gateway"].needs
    assert [name for name in ("ledger", "ledger-a", "monitor", "line") if vital(gateway, name)] == ["ledger"]
    (use,) = (each for each in uses(MODEL)["power"] if each.by == "payments")
    assert (use.mode, use.vital, use.holds_for_ms) == ("slow", True, 7_200_000)
