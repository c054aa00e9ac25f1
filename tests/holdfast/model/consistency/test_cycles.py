"""Cycles: needs may form one unless a hold lies on it, copies may not. The oracle tries every way round by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hypothesis import given
from hypothesis import strategies as st

from holdfast.model.consistency.cycles import components
from holdfast.model.findings import Finding
from tests.holdfast.model.declared import read

Graph = Mapping[str, tuple[str, ...]]
NAMES = [f"n{number}" for number in range(7)]


def reaches(graph: Graph, start: str) -> set[str]:
    """Return everything that can be reached from a node by at least one step."""
    seen: set[str] = set()
    ahead = list(graph[start])
    while ahead:
        if (name := ahead.pop()) not in seen:
            seen.add(name)
            ahead += graph[name]
    return seen


graphs = st.fixed_dictionaries(
    {name: st.lists(st.sampled_from(NAMES), max_size=3, unique=True).map(tuple) for name in NAMES}
)


@given(graphs)
def test_two_are_in_one_component_if_each_reaches_the_other(graph: Graph) -> None:
    component = components(graph)
    assert set(component) == set(graph)
    for one in graph:
        for other in graph:
            mutual = one == other or (other in reaches(graph, one) and one in reaches(graph, other))
            assert (component[one] == component[other]) == mutual


def declaration(needs: Graph, held: Iterable[tuple[str, str]], groups: Graph) -> str:
    """Return a declaration with these resources, some of whose needs are held, and these groups of them."""
    lines = ["institution: Bank", "resources:"]
    for name, of in needs.items():
        written = [f"{{{other}: {{holds_for: 5m}}}}" if (name, other) in held else other for other in of]
        lines.append(f"  {name}: {{kind: application, needs: [{', '.join(written)}]}}")
    lines += [f"  {name}: {{kind: application, members: [{', '.join(of)}]}}" for name, of in groups.items()]
    return "\n".join(lines) + "\n"


def found(text: str) -> list[Finding]:
    return list(read(text)[1])


@given(graphs, st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from([*NAMES, "g"]))), st.data())
def test_a_hold_is_refused_where_it_lies_on_a_cycle_and_nowhere_else(
    graph: Graph, held: set[tuple[str, str]], data: st.DataObject
) -> None:
    members = tuple(data.draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)))
    into_group = data.draw(st.sets(st.sampled_from(NAMES)))
    needs = {
        name: (*(o for o in of if o != name), *(["g"] if name in into_group else [])) for name, of in graph.items()
    }
    whole = {**needs, "g": members}
    expected = {(one, other) for one, other in held if other in needs[one] and one in reaches(whole, other)}
    text = declaration(needs, held, {"g": members})
    findings = found(text)
    assert {finding.code for finding in findings} == ({"HF125"} if expected else set())
    said = {tuple(finding.message.split('"')[1:4:2]) for finding in findings}
    assert said == expected
    for finding in findings:
        assert text.splitlines()[finding.place.line - 1].startswith(f"  {finding.message.split(chr(34))[1]}:")


def test_the_line_of_the_hold_itself_is_told() -> None:
    text = """\
institution: Bank
resources:
  one:
    kind: application
    needs:
      - two
      - any:
          - two
          - {at_least: 1, of: [
              {other: {holds_for: 1m}},
              {two: {holds_for: 1m}},
            ]}
  two: {kind: application, needs: one}
  other: {kind: application}
"""
    assert [(finding.code, finding.place.line) for finding in found(text)] == [("HF125", 11)]


@given(st.fixed_dictionaries({name: st.sampled_from([*NAMES, ""]) for name in NAMES}))
def test_a_copy_of_itself_is_refused_once_for_each_circle(copies: Mapping[str, str]) -> None:
    graph = {name: (of,) if of else () for name, of in copies.items()}
    circles = {frozenset(reaches(graph, name)) for name in NAMES if name in reaches(graph, name)}
    lines = [f"  {name}: {{kind: database{f', replica_of: {of}' if of else ''}}}" for name, of in copies.items()]
    findings = found("\n".join(["institution: Bank", "resources:", *lines]) + "\n")
    assert [finding.code for finding in findings] == ["HF126"] * len(circles)
    told = {finding.message.split('"')[1] for finding in findings}
    assert all(any(name in circle for circle in circles) for name in told)
    assert len(told) == len(circles)


def test_a_chain_of_twenty_thousand_is_no_depth() -> None:
    names = [f"n{number}" for number in range(20_000)]
    chain = {name: (after,) for name, after in zip(names, [*names[1:], names[0]], strict=True)}
    assert len(set(components(chain).values())) == 1
