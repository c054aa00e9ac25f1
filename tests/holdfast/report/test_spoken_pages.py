"""The pages of incidents and tabletops: whole as HTML, nothing from elsewhere, no string can break out."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.evidence.events import Event
from holdfast.evidence.spoken import ActionAgreed, FactRecorded, IncidentClassified, IncidentOpened, IncidentReviewed
from holdfast.measures.incident import standing
from holdfast.measures.tabletop import judge_tabletop
from holdfast.report.incident import render_incident
from holdfast.report.incident_words import hours_minutes
from holdfast.report.record_style import STYLE, STYLE_DIGEST
from holdfast.report.tabletop import render_tabletop
from holdfast.report.when import Local
from holdfast.state.incident import fold_incidents
from holdfast.state.tabletop import fold_tabletops
from tests.holdfast.report.test_html import Strict, parse
from tests.holdfast.state.spoken_log import answer, at, decided, declared, fact, spoken, table_opened, told

LOCAL = Local(ZoneInfo("Europe/Amsterdam"))
NASTY = '<script>alert("1")</script>\u202e&amp;'
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)


def incident(title: str = "A fire", text: str = "so it was", *more: Event) -> str:
    events = (
        IncidentOpened("fire", title, "0.1.0", by="gold"),
        fact("occurred", 0, text=text, source=text),
        fact("disrupted", 0, service="payments"),
        fact("disrupted", 5, service="statements"),
        fact("detected", 4, by="0" * 64),
        fact("detected", 3, corrects=5),
        answer("media", source=text),
        answer("clients-share", "value", value=3, of=10),
        fact("declared", 20, text=text),
        fact("decision-due", 21, text=text, due_utc_us=at(200)),
        fact("contained", 25),
        fact("full-service", 50, service="statements"),
        IncidentClassified("fire", "major", text, at(30), "silver"),
        IncidentReviewed("fire", text, (text,), at(90)),
        ActionAgreed("fire", text, "gold", "2027-01-01"),
        *more,
    )
    found = standing(fold_incidents(spoken(*events))["fire"], declared(), at(100), UTC)
    return render_incident(found, LOCAL)


def tabletop(text: str = "so it was") -> str:
    events = (
        table_opened(),
        FactRecorded("t-1", "attended", "", at(0), by="silver", clock_ms=0),
        told(1, 0),
        told(2, 10),
        decided(2, 45, "silver"),
        decided(None, 46, None),
        FactRecorded("t-1", "note", text, at(50), by="gold", clock_ms=2_760_000),
        FactRecorded("t-1", "hot-wash", text, at(60)),
        ActionAgreed("t-1", text, "gold", "2027-01-01"),
    )
    return render_tabletop(judge_tabletop(fold_tabletops(spoken(*events))["t-1"], declared()), LOCAL)


def whole(page: str) -> Strict:
    reader = parse(page)
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    return reader


def test_the_pages_are_whole_and_take_nothing_from_elsewhere() -> None:
    for page in (incident(), tabletop()):
        reader = whole(page)
        assert not [tag for tag, _ in reader.elements if tag in {"script", "img", "link", "iframe", "object"}]
        assert not [value for _, attrs in reader.elements for value in attrs.values() if "//" in str(value)]
        assert f"style-src &#39;{STYLE_DIGEST}&#39;" in page
        assert f"<style>{STYLE}</style>" in page
        linked = {str(attrs["href"]).removeprefix("#") for tag, attrs in reader.elements if tag == "a"}
        assert linked
        assert linked <= set(reader.ids)


def test_the_same_record_gives_the_same_page() -> None:
    assert incident() == incident()
    assert tabletop() == tabletop()


def test_no_string_can_break_out_or_hide() -> None:
    for page in (incident(NASTY, NASTY), tabletop(NASTY)):
        reader = whole(page)
        assert not [tag for tag, _ in reader.elements if tag == "script"]
        assert "\u202e" not in page


@settings(max_examples=15, deadline=None)
@given(texts, texts)
def test_any_text_gives_a_whole_page(title: str, text: str) -> None:
    whole(incident(title, text))
    whole(tabletop(text))


def test_the_page_of_an_incident_says_what_the_record_says() -> None:
    said = " ".join(" ".join(whole(incident()).texts).split())
    for words in (
        "payments has been out for 1:40, tolerance left 1:20",
        "statements was out for 0:45, tolerance kept, RTO met",
        "Declared at 13:20",  # noon UTC is one o'clock in Amsterdam
        "Decided: major by silver (entry 13); by the rule: not yet decidable",
        "3 of 10 (30 %)",
        "due by 2026-11-20 17:30",  # four hours after it was decided
        "corrects entry 5",
    ):
        assert words in said, (words, said)


def test_what_was_corrected_stays_and_is_struck_through() -> None:
    page = incident()
    assert 'id="e5" class="gone"' in page
    assert 'id="e6" class="gone"' not in page


def test_the_page_of_a_tabletop_says_what_it_does_not_prove() -> None:
    said = " ".join(" ".join(whole(tabletop()).texts).split())
    for words in (
        "Of 2 decisions that were expected, 0 were made in time, 1 late. Of 1 nothing can be said.",
        "A tabletop proves no recovery time.",
        "After 35 min as discussed, expected within 20 min.",
        "Not there, though the scenario speaks to them: press.",
        "The exercise is still open.",
    ):
        assert words in said, (words, said)


def test_hours_and_minutes_are_never_rounded_up() -> None:
    minute = 60_000_000
    assert [hours_minutes(us) for us in (0, minute - 1, minute, 61 * minute, -90 * minute)] == [
        *("0:00", "0:00", "0:01", "1:01", "1:30"),
    ]
