"""The picture: well-formed, every node a titled link, no word outside its box, no string that gets out of its place."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.model.types import Model
from holdfast.report.map.condition import WORDS, conditions
from holdfast.report.map.draw import drawn as drawn_elements
from holdfast.report.map.graph import graph_of
from holdfast.report.map.sheet import Marks, View, drawing_of, story, svg_file
from holdfast.report.map.style import HEAD_PX, SERVICE_PX, SERVICE_STATE_PX, SVG_STYLE, TEXT_PX
from holdfast.report.map.text import width_of
from tests.holdfast.report.map.institution import institution, models
from tests.holdfast.report.map.reading import SVG, links, picture

HOSTILE = st.text(st.sampled_from("<>&\"'/;:=-# ax\u202e\u0000\ud800é漢\n"), min_size=1, max_size=40)


def drawn(model: Model, *failed: str, view: View | None = None, marks: Marks | None = None) -> str:
    graph = graph_of(model)
    return svg_file(graph, conditions(graph, frozenset(failed)), view or View(), marks)


@pytest.fixture(scope="module")
def whole() -> str:
    return drawn(institution(120), "dc-0a")


def test_every_node_is_a_link_with_a_title_that_says_what_it_is_and_how_it_stands(whole: str) -> None:
    model = institution(120)
    found = links(picture(whole))
    ids = [link.get("id") for link in found]
    assert (
        len(ids) == len(set(ids)) == len(model.services) + len(model.resources) + len(model.groups) + len(model.sites)
    )
    for link in found:
        title = link.findtext(f"{SVG}title")
        assert title is not None
        assert title == link.get("aria-label")
        assert str(link.get("href")) == f"#{link.get('id')}"
        condition = str(link.get("class")).split()[-1]
        assert title.endswith(f"; {WORDS[condition]}")  # type: ignore[index]


def test_a_failed_site_is_seen_by_colour_shape_and_word(whole: str) -> None:
    tree = picture(whole)
    host = next(link for link in links(tree) if str(link.get("aria-label")).startswith("Host 0 in dc-0a"))
    assert str(host.get("class")).endswith(" failed")
    assert [use.get("href") for use in host.iter(f"{SVG}use")] == ["#mark-failed", "#word-failed"]
    assert {"mark-failed", "word-failed"} <= {each.get("id") for each in tree.iter()}
    assert "failed by hand" in "".join(tree.itertext())
    assert any(str(path.get("class")).endswith(" down") for path in tree.iter(f"{SVG}path") if path.get("data-l"))


def test_a_site_that_failed_says_so_in_a_word_however_narrow_it_is(whole: str) -> None:
    heading = next(link for link in links(picture(whole)) if str(link.get("aria-label")).startswith("Data centre 0A,"))
    assert [use.get("href") for use in heading.iter(f"{SVG}use")] == ["#mark-failed", "#word-failed"]


def test_every_line_ends_in_an_arrow_at_what_is_needed() -> None:
    graph = graph_of(institution(120))
    drawing = drawing_of(graph, conditions(graph), View(), Marks())
    paths = {
        str(path.get("data-l")): str(path.get("d"))
        for path in picture(f"<g>{drawn_elements(drawing)}</g>").iter("path")
    }
    for line, points in zip(drawing.layout.scene.lines, drawing.layout.lines, strict=True):
        ends = re.findall(r"L([\d.]+) ([\d.]+)(?=M|$)", paths[",".join(map(str, line.edges))])
        target = drawing.layout.boxes[line.target]
        assert {(float(x), float(y)) for x, y in ends} == {tuple(round(each, 2) for each in points[-1])}
        assert len(ends) == 3
        assert points[-1][1] == target.y


def test_groups_in_a_pile_that_lost_members_are_not_all_available() -> None:
    graph = graph_of(institution(1000))
    text = drawn(graph.model, "hall-dc-0a")
    told = [str(link.get("aria-label")) for link in links(picture(text)) if str(link.get("id")).startswith("p")]
    degraded = [label for label in told if re.search(r"; \d+ of \d+ degraded$", label)]
    assert degraded
    for link in links(picture(text)):
        calm = str(link.get("class")).split()[-1] == "up"
        assert calm == str(link.get("aria-label")).endswith(("; available", "; all available"))


def test_lines_that_carry_a_loss_lie_on_top(whole: str) -> None:
    lines = [str(path.get("class")) for path in picture(whole).iter(f"{SVG}path") if path.get("data-l")]
    ranks = [2 if line.endswith(" down") else 1 if line.endswith(" degraded") else 0 for line in lines]
    assert ranks == sorted(ranks)
    assert set(ranks) == {0, 1, 2}


def talkative(model: Model) -> Model:
    """Return a model in which every title is too long for its box."""
    longer = " and everything else that is done there"
    return replace(
        model,
        resources={name: replace(each, title=each.title + longer) for name, each in model.resources.items()},
        groups={name: replace(each, title=each.title + longer) for name, each in model.groups.items()},
        services={name: replace(each, title=each.title + longer) for name, each in model.services.items()},
        sites={name: replace(each, title=each.title + longer) for name, each in model.sites.items()},
    )


@pytest.mark.parametrize("view", [View(), View("owner")])
@pytest.mark.parametrize("model", [institution(120), talkative(institution(120)), institution(1000)])
def test_no_word_runs_out_of_its_box(model: Model, view: View) -> None:
    tree = picture(drawn(model, "dc-0a", view=view))
    for link in links(tree):
        box = max(float(rect.get("width") or 0) for rect in link.iter(f"{SVG}rect") if rect.get("class") != "ring")
        left = min(float(rect.get("x") or 0) for rect in link.iter(f"{SVG}rect") if rect.get("class") != "ring")
        for text in link.iter(f"{SVG}text"):
            words = "".join(text.itertext())
            sorts = set(str(link.get("class")).split())
            sizes = {"service": SERVICE_PX if text.get("class") == "name" else SERVICE_STATE_PX, "head": HEAD_PX}
            size_px = next((size for sort, size in sizes.items() if sort in sorts), TEXT_PX)
            wide = width_of(words, size_px, strong=bool(sorts & {"group", "service", "head"}))
            begins = float(text.get("x") or 0) - (wide if text.get("text-anchor") == "end" else 0)
            assert begins >= left - 0.01
            assert begins + wide <= left + box + 0.01, words


@settings(max_examples=30)
@given(HOSTILE, HOSTILE, models())
def test_no_name_or_title_gets_out_of_its_place(title: str, owner: str, model: Model) -> None:
    resources = {
        name: replace(resource, title=title + name, owner=owner, tier=owner)
        for name, resource in model.resources.items()
    }
    services = {name: replace(service, title=title) for name, service in model.services.items()}
    sites = {name: replace(site, title=title) for name, site in model.sites.items()}
    hostile = replace(model, institution=title, resources=resources, services=services, sites=sites)
    for view in (View(), View("tier"), View("owner")):
        text = drawn(hostile, "r0", view=view, marks=Marks({"r0": (title,)}, frozenset(services)))
        tree = picture(text)
        assert {element.tag.removeprefix(SVG) for element in tree.iter()} <= {
            "svg", "title", "desc", "style", "defs", "g", "rect", "path", "circle", "line", "use", "text", "tspan", "a",
        }  # fmt: skip
        assert not any(name.startswith("on") for element in tree.iter() for name in element.attrib)
        assert not re.search("[\u202e\u0000]", text)


def test_it_needs_nothing_from_elsewhere(whole: str) -> None:
    assert "url(" not in SVG_STYLE
    assert "@import" not in SVG_STYLE
    references = [str(element.get("href")) for element in picture(whole).iter() if element.get("href")]
    assert all(reference.startswith("#") for reference in references)


def test_badges_and_unapproved_tolerances_are_marked() -> None:
    model = institution(40)
    marks = Marks({"host-dc-0a-0": ("One.", "Two.")}, frozenset({"service-0"}))
    tree = picture(drawn(model, marks=marks))
    labels = {str(link.get("id")): str(link.get("aria-label")) for link in links(tree)}
    assert sum("; 2 weaknesses; available" in label for label in labels.values()) == 1
    assert sum("; tolerance unapproved; available" in label for label in labels.values()) == 1
    assert [text.text for text in tree.iter(f"{SVG}text") if text.get("class") == "count"] == ["2"]


def test_what_lies_on_the_way_of_a_loss_is_taken_out_of_its_pile() -> None:
    graph = graph_of(institution(1000))
    service = next(iter(graph.model.services))
    target = next(edge.target for edge in graph.edges if edge.source == f"service:{service}" and not edge.alternative)
    cause = graph.things[target].members or (target,)
    names = {str(link.get("id")) for link in links(picture(drawn(graph.model, *cause)))}
    before = {str(link.get("id")) for link in links(picture(drawn(graph.model)))}
    wanted = {f"n{list(graph.things).index(key)}" for key in (target, *cause)}
    assert wanted <= names
    assert not wanted <= before


def test_the_story_counts_what_falls() -> None:
    graph = graph_of(institution(120))
    assert story(graph, conditions(graph)) == "Nothing is failed. 7 important business services."
    told = story(graph, conditions(graph, frozenset({"dc-0a", "dc-0b"})))
    assert told.startswith("If Data centre 0A and Data centre 0B failed: 7 of 7 services down, 0 degraded; ")


def test_the_same_model_gives_the_same_bytes_and_a_large_one_stays_small(whole: str) -> None:
    assert drawn(institution(120), "dc-0a") == whole
    assert len(drawn(institution(1000))) < 1_000_000
