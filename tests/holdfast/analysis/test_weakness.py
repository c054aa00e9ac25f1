"""Whatever is declared: every finding is told once, in sentences, and of things that are declared."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.analysis.weakness import KINDS, weaknesses
from holdfast.model.types import CommonCause, Cure, Edge, Keeps, Kind, Model, Person, Resource, Seen, Team
from tests.holdfast.analysis.small import HOUR, MINUTE, models

ON = "2026-11-21"
OWN: tuple[Kind, ...] = ("host", "database", "application")
SPREADS: tuple[tuple[Cure, ...], ...] = (("failed",), ("untrusted",), ("failed", "untrusted"))
SEEN: tuple[Seen, ...] = ("observed", "confirmed", "refuted")


@st.composite
def wholes(draw: st.DrawFn) -> Model:
    """Draw a model that also has people with rights, teams, stores, notifications, edges and a cause that spreads."""
    found = draw(st.booleans().flatmap(lambda holds: models(holds=holds)))
    names = [*found.resources]
    nodes = [*names, *found.groups]
    edges = {
        Edge(
            draw(st.sampled_from([*nodes, *found.services])),
            draw(st.sampled_from(nodes)),
            draw(st.sampled_from(SEEN)),
            ON,
            "a drill",
        )
        for _ in range(draw(st.integers(0, 3)))
    }
    rights = st.sets(st.sampled_from(nodes), max_size=3)
    people = {name: Person(name, "Somebody", (), None, tuple(sorted(draw(rights)))) for name in ("p-1", "p-2")}
    outlasts = draw(st.sampled_from([(), ("way-0",)]))
    return replace(
        found,
        resources={name: _more(draw, resource, nodes) for name, resource in found.resources.items()},
        people=people,
        edges=tuple(sorted(edges, key=repr)),
        common_causes={"agent": CommonCause("agent", 500_000, draw(st.sampled_from(SPREADS)), outlasts)},
    )


def _more(draw: st.DrawFn, resource: Resource, nodes: list[str]) -> Resource:
    if resource.kind == "third-party":
        return resource
    team = Team(3, 1) if draw(st.integers(0, 4)) == 0 else None
    return replace(
        resource,
        kind="people" if team is not None else draw(st.sampled_from(OWN)),
        team=team,
        keeps=Keeps(MINUTE, HOUR) if draw(st.booleans()) else None,
        announces=(draw(st.sampled_from(nodes)),) if draw(st.integers(0, 3)) == 0 else (),
    )


@settings(max_examples=60, deadline=None)
@given(wholes(), st.sampled_from([None, {}]))
def test_each_is_told_once_in_sentences_and_of_what_is_declared(found: Model, approved: dict[str, str] | None) -> None:
    told = weaknesses(found, ON, approved)
    assert len({weakness.fingerprint for weakness in told}) == len(told)
    declared = {*found.resources, *found.groups, *found.services, *found.sites, *found.people, *found.roles}
    for weakness in told:
        assert weakness.code in KINDS
        assert set(weakness.services) <= found.services.keys()
        assert set(weakness.path) <= declared, weakness
        for sentence in (weakness.message, weakness.remedy):
            assert sentence.endswith("."), sentence
            assert "None" not in sentence, sentence
            assert "  " not in sentence, sentence
        assert "after -" not in weakness.message, weakness.message
