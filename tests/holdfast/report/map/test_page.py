"""The page: allowed only itself, whole without its script, and every string in its place."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.model.types import AllOf, Model, On, Resource, Supplier
from holdfast.report.map.condition import conditions
from holdfast.report.map.embedded import encoded
from holdfast.report.map.graph import graph_of
from holdfast.report.map.page import SCRIPT, page
from holdfast.report.map.page_style import PAGE_STYLE
from holdfast.report.map.sheet import Marks, View
from tests.holdfast.report.map.institution import institution, mode, model_of, models, service
from tests.holdfast.report.map.reading import Page

HOSTILE = st.text(st.sampled_from("<>&\"'/!-{}% scriptax\u2028\u202e\n"), min_size=1, max_size=40)


def made(model: Model, *failed: str, view: View | None = None, marks: Marks | None = None) -> str:
    graph = graph_of(model)
    return page(graph, conditions(graph, frozenset(failed)), view or View(), marks)


@pytest.fixture(scope="module")
def text() -> str:
    return made(institution(120), "dc-0a")


@pytest.fixture(scope="module")
def read(text: str) -> Page:
    return Page(text)


def test_the_policy_allows_this_sheet_and_this_script_and_nothing_else(read: Page) -> None:
    policy = next(str(a["content"]) for tag, a in read.elements if tag == "meta" and "http-equiv" in a)
    sheet, script = (base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in (PAGE_STYLE, SCRIPT))
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{sheet}'; script-src 'sha256-{script}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert read.raw["style"] == [PAGE_STYLE]
    assert read.raw["script"][-1] == SCRIPT
    kinds = [attributes.get("type") for tag, attributes in read.elements if tag == "script"]
    assert kinds == ["application/json", None]


def test_nothing_comes_from_elsewhere_and_nothing_is_styled_or_scripted_inline(read: Page) -> None:
    assert "url(" not in PAGE_STYLE
    assert "@import" not in PAGE_STYLE
    assert not re.search(r"\b(?:fetch|XMLHttpRequest|WebSocket|import|eval|innerHTML|outerHTML)\b", SCRIPT)
    for tag, attributes in read.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form"}
        for name, value in attributes.items():
            assert name not in {"src", "style", "srcset", "xlink:href", "action"}, (tag, name)
            assert not name.startswith("on")
            assert name != "href" or str(value).startswith("#")


def test_every_link_leads_somewhere_on_the_page(read: Page) -> None:
    for tag, attributes in read.elements:
        if tag in {"a", "use"}:
            assert str(attributes["href"]).removeprefix("#") in read.ids, attributes


def test_without_a_script_it_tells_everything_in_a_table(read: Page) -> None:
    model = institution(120)
    rows = [identity for identity in read.ids if re.fullmatch(r"t\d+", identity)]
    assert len(rows) == len(model.services) + len(model.resources) + len(model.groups)
    for section in (model.services, model.resources, model.groups):
        assert all(thing.title in read.text for thing in section.values())
    assert "one of ( Line of pair 0 , Core router of dc-0a )" in read.text
    assert re.search(r"full : .*; least : ", read.text)
    assert "If Data centre 0A failed: " in read.text
    hidden = [attributes["id"] for tag, attributes in read.elements if "hidden" in attributes]
    assert hidden == ["tools", "found", "keys", "about"]


def test_what_each_thing_takes_down_alone_is_told() -> None:
    model = institution(40)
    graph = graph_of(model)
    rows = made(model).split('<tr id="t')[1:]
    for number, (key, thing) in enumerate(graph.things.items()):
        told = re.findall(r'data-name="Alone it takes down:">([^<]*)<', rows[number])
        if thing.sort == "service":
            assert told == []
            continue
        after = conditions(graph, frozenset({key}))
        fallen = [each.title for name, each in model.services.items() if after.things[f"service:{name}"] == "down"]
        everything = len(fallen) == len(model.services)
        assert told == ["every service" if everything else ", ".join(fallen) or "no service"]


def test_what_a_subcontractor_takes_down_alone_is_told() -> None:
    telco = Resource(
        "telco", "third-party", "Telco", "range", None, AllOf(()), supplier=Supplier(subcontracts=("duct",))
    )
    duct = Resource("duct", "third-party", "Duct", "range", None, AllOf(()))
    pay = service("pay", "Pay", mode("full", On("telco")))
    other = service("other", "Other", mode("full", AllOf(())))
    text = made(model_of({"pay": pay, "other": other}, {"telco": telco, "duct": duct}, {}, {}))
    row = text.split('<tr id="t')[4]
    assert ">Duct</b>" in row
    assert 'data-name="Alone it takes down:">Pay<' in row
    assert "subcontracts to" in text.split('<tr id="t')[3]


def test_it_can_show_each_grouping_and_each_service(read: Page) -> None:
    values = [attributes["value"] for tag, attributes in read.elements if tag == "option"]
    assert values == ["site", "tier", "owner", *(f"service/service-{at}" for at in range(7))]
    others = [attributes["data-view"] for tag, attributes in read.elements if tag == "template"]
    assert others == values[1:]


def test_it_opens_with_the_view_that_was_asked_for() -> None:
    model = institution(40)
    opened = Page(made(model, view=View("owner", "service-1")))
    chosen = [
        attributes["value"] for tag, attributes in opened.elements if tag == "option" and "selected" in attributes
    ]
    assert chosen == ["service/service-1"]


def test_a_tolerance_that_nobody_approved_says_so_in_the_table_and_in_the_panel() -> None:
    opened = Page(made(institution(40), marks=Marks(unapproved=frozenset({"service-1"}))))
    assert opened.text.count("service, head-of-payments, tolerance unapproved ") == 1
    told = json.loads(opened.raw["script"][0])
    assert [thing["n"] for thing in told["things"] if "u" in thing] == ["service-1"]


def test_groupings_that_nothing_declares_are_not_offered() -> None:
    model = institution(40)
    bare = {name: replace(each, owner=None, tier=None) for name, each in model.resources.items()}
    opened = Page(made(replace(model, resources=bare)))
    values = [str(attributes["value"]) for tag, attributes in opened.elements if tag == "option"]
    assert [value for value in values if "/" not in value] == ["site"]


@settings(max_examples=30)
@given(HOSTILE, models())
def test_no_string_gets_out_of_its_place(hostile: str, model: Model) -> None:
    whole = replace(
        model,
        institution=hostile,
        resources={name: replace(each, title=hostile, owner=hostile) for name, each in model.resources.items()},
        services={name: replace(each, title=hostile) for name, each in model.services.items()},
        sites={name: replace(each, title=hostile) for name, each in model.sites.items()},
    )
    opened = Page(made(whole, "r0", marks=Marks({"r0": (hostile,)})))
    assert len(opened.raw["style"]) == 1
    assert opened.raw["script"][1:] == [SCRIPT]
    told = json.loads(opened.raw["script"][0])
    assert [thing["n"] for thing in told["things"]][: len(model.services)] == list(model.services)
    assert not any(name.startswith("on") for _, attributes in opened.elements for name in attributes)


@settings(max_examples=50)
@given(st.recursive(st.text(), lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts)))
def test_what_is_embedded_cannot_end_its_element(value: object) -> None:
    text = encoded(value)
    assert not set("<>&") & set(text)
    assert text.isascii()
    assert json.loads(text) == value


def test_the_same_model_gives_the_same_bytes(text: str) -> None:
    assert made(institution(120), "dc-0a") == text
