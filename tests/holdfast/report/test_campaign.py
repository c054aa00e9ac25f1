"""The page of a campaign: whole with none, one and a hundred exercises, the same bytes, and nothing in it that acts."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from holdfast.measures.campaign import series
from holdfast.report.campaign.page import render
from holdfast.report.campaign.panels import BOTTOM, TOP, frame
from holdfast.report.campaign.style import CAMPAIGN_STYLE, DIGEST
from holdfast.report.campaign.words import badge, story, success
from tests.holdfast.measures.campaigns import campaign, judged, lost, many, moved

VOID = {"meta", "br", "circle", "rect", "line", "path", "polyline"}


class Whole(HTMLParser):
    """Reads a page and remembers its tags, its text and what does not fit."""

    def __init__(self, text: str) -> None:
        """Read it."""
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.mark.parametrize("number", [0, 1, 100])
def test_it_is_whole_and_acts_on_nothing_whatever_there_is(number: int) -> None:
    page = Whole(render(campaign(many(number), 195)))
    assert page.open == []
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "form", "object", "embed"}
    assert not any(name.startswith("on") or name in {"style", "src"} for _, given in page.tags for name in given)
    hrefs = [given["href"] for tag, given in page.tags if tag == "a"]
    assert all(str(href).startswith("#") for href in hrefs)
    policy = next(given["content"] for tag, given in page.tags if given.get("http-equiv"))
    assert policy == f"default-src 'none'; style-src '{DIGEST}'; base-uri 'none'; form-action 'none'"
    assert f"Campaign of {number} exercise" in page.text


def test_the_same_gives_the_same_bytes() -> None:
    assert render(campaign(many(12), 195)) == render(campaign(many(12), 195))


def test_the_style_is_the_one_that_the_page_allows() -> None:
    page = render(campaign([], 1))
    assert f"<style>{CAMPAIGN_STYLE}</style>" in page


def test_nothing_in_it_says_that_what_held_on_the_range_is_met() -> None:
    one = [moved(judged("primary-killed", 2_000), 1, 0)]
    page = Whole(render(campaign(one, 0.5))).text
    assert badge(campaign(one, 0.5)) == ("unknown", "Unproven")
    assert "The evidence is range, scaled: no objective of hours is shown to be met by it." in page
    assert "so being far below the objective does not meet it" in page
    assert "0 proven" in page


def test_what_failed_comes_first_then_what_is_overdue_then_what_is_unproven() -> None:
    told = story(campaign([moved(judged("primary-killed", 2_000, lost), 1, 0)], 65))
    order = [told.index(words) for words in ("Broken when last tried: primary-killed.", "overdue", "proven")]
    assert order == sorted(order)
    assert "Nothing was exercised yet" in story(campaign([], 0.5))


def test_the_success_rate_stands_with_n_and_its_bound_for_each_service() -> None:
    content = campaign([moved(judged("primary-killed", 2_000), 1, 0)], 0.5)
    told = "Of the tests that were due: gross-settlement 1 of 1 held (at least 5 %, with 95 % confidence)."
    assert success(content) == told
    assert told in Whole(render(content)).text
    assert success(campaign([], 0.5)) == "No test of the plan was due yet."


def test_every_gap_every_line_of_the_plan_and_every_exercise_stands_in_it() -> None:
    content = campaign(many(15), 195)
    page = Whole(render(content)).text
    assert all(str(each.gap.about) in page for each in content.gaps)
    assert all(each.test.scenario in page for each in content.plan)
    assert all(f"#{each.entry}–{each.last_entry}" in page for each in content.runs)
    assert content.model.digest in page
    assert content.logs[0].root in page


def test_a_name_cannot_break_out() -> None:
    content = campaign(many(3), 195)
    evil = '</style><script>alert(1)</script>" onload="x\u202e'
    runs = tuple(replace(each, title=evil, scenario=evil, profile=evil, exercise=evil) for each in content.runs)
    page = render(replace(content, runs=runs, unread=evil, refused=(evil,)))
    assert "<script" not in page
    assert "\u202e" not in page
    assert not any(name.startswith("on") for _, given in Whole(page).tags for name in given)


def test_all_pictures_share_one_scale_and_the_objective_is_on_it() -> None:
    content = campaign(many(20), 195)
    shared = frame(series(content.runs))
    for each in series(content.runs):
        assert TOP < shared.y(each.rto_ms) < BOTTOM
        assert shared.y(each.rto_ms) < min(shared.y(one.rta_us / 1_000) for one in each.runs if one.rta_us is not None)
    assert shared.y(10_000) < shared.y(1_000)


def test_no_number_of_a_picture_is_beyond_its_edge() -> None:
    page = render(campaign(many(30), 195))
    for match in re.finditer(r'<circle[^>]*cx="([\d.]+)" cy="([\d.]+)" r="4.2" class="dot', page):
        assert 0 <= float(match[1]) <= 360
        assert 0 <= float(match[2]) <= 204
