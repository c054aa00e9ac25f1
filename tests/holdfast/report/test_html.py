"""The page: whole as HTML, nothing from elsewhere, no string can break out, and it says what the judgement says."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.evidence.events import Event, ExerciseClosed, FaultIntended, FaultProbed, FaultUndone
from holdfast.measures.judgement import Judgement, judge_exercise
from holdfast.model.loader import load
from holdfast.report.headline import headline
from holdfast.report.html import render
from holdfast.report.style import STYLE, STYLE_DIGEST
from holdfast.report.svg import width_of
from holdfast.report.timeline import AXIS_FONT, RIGHT
from tests.holdfast.drill import EXERCISE, SECOND, VOCABULARY, Drill, instant, play

VOID = {"meta", "br"}
CLOSED_IN_PLACE = {"rect", "line", "circle", "path", "polyline"}


class Strict(HTMLParser):
    """Reads a page and refuses an element that is not closed where it must be."""

    def __init__(self) -> None:
        """Begin with nothing open."""
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        self.elements.append((tag, dict(attrs)))
        self.ids += [str(value) for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not (self.open and self.open[-1] == "style"):
            self.texts.append(data)


def parse(page: str) -> Strict:
    reader = Strict()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def text_of(page: str) -> str:
    return " ".join(" ".join(parse(page).texts).split())


def variants() -> dict[str, Drill]:
    missing = play()
    missing.omit |= {"ledger.ndjson", "records/DELTA.ndjson"}
    empty = play()
    empty.omit |= set(empty.attachments())
    invalid = play()
    invalid.before, invalid.after = [], [ExerciseClosed(EXERCISE, "crashed", "no power", instant(1))]
    late = play(outage_us=25 * SECOND, hold_us=31 * SECOND)
    late.table("account")[0]["balance_cents"] += 1
    never = play(with_day=False, scenario="primary-host-lost", outage_us=31 * SECOND)
    return {
        "held": play(),
        "short": play(scenario="primary-killed", with_day=False, outage_us=0, alarm_after_us=None),
        "two faults": play(scenario="naive-client", with_day=False),
        "unknown": missing,
        "nothing": empty,
        "invalid": invalid,
        "broken": late,
        "never back": never,
    }


DRILLS = variants()


@pytest.fixture(scope="module", params=DRILLS)
def drill(request: pytest.FixtureRequest) -> Drill:
    return DRILLS[request.param]


@pytest.fixture(scope="module")
def judgement() -> Judgement:
    return DRILLS["held"].judge()


def test_the_page_is_whole(drill: Drill) -> None:
    page = parse(render(drill.judge()))
    assert len(page.ids) == len(set(page.ids))
    for tag, attributes in page.elements:
        if tag == "a":
            assert str(attributes["href"]).removeprefix("#") in page.ids, attributes


def test_nothing_comes_from_elsewhere_and_nothing_runs(drill: Drill) -> None:
    page = parse(render(drill.judge()))
    for tag, attributes in page.elements:
        assert tag not in {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
        for name, value in attributes.items():
            assert name not in {"src", "style", "srcset", "xlink:href", "action"}, (tag, name)
            assert not name.startswith("on")
            assert name != "href" or str(value).startswith("#")
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_the_policy_allows_this_style_sheet_and_nothing_else(judgement: Judgement) -> None:
    html = render(judgement)
    policy = next(str(a["content"]) for t, a in parse(html).elements if t == "meta" and "http-equiv" in a)
    assert policy.startswith(f"default-src 'none'; style-src '{STYLE_DIGEST}'")
    assert html.count("<style>") == 1
    assert f"<style>{STYLE}</style>" in html


def test_the_page_shows_what_was_judged(drill: Drill) -> None:
    judgement = drill.judge()
    shown = text_of(render(judgement))
    assert " ".join(headline(judgement).split()) in shown
    for outcome in judgement.outcomes:
        assert " ".join(outcome.measured.split()) in shown
        assert " ".join(outcome.explanation.split()) in shown
    for figure in judgement.clocks:
        assert figure.shown in shown
        assert figure.note in shown
    for stamp in judgement.timestamps:
        assert stamp.note in shown
    for sentence in (*judgement.assumptions, *judgement.unproven):
        assert sentence in shown
    for attached in judgement.exercise.evidence.values():
        assert attached.event.attachment.sha256 in shown
    assert judgement.exercise.log in shown
    assert judgement.exercise.opened.event.model_digest in shown


def test_a_verdict_is_a_shape_a_colour_and_a_word(drill: Drill) -> None:
    judgement = drill.judge()
    html = render(judgement)
    for outcome in judgement.outcomes:
        assert re.search(
            rf'<span class="verdict {outcome.answer}"><svg [^>]*>.*?</svg>{outcome.answer.capitalize()}</span>', html
        )


def test_the_headline_is_for_a_manager(judgement: Judgement) -> None:
    assert re.fullmatch(
        r"Data centre A was lost at \d\d:\d\d\. Gross settlement of payments was disrupted for 10\.5 s\. "
        r"Nothing acknowledged was lost, of 489 payments worth 12,475,631\.00\. "
        r"The settlement day closed at \d\d:\d\d \(deadline 17:30\), complete\.",
        headline(judgement),
    )


def test_the_headline_says_what_is_not_good() -> None:
    assert headline(DRILLS["invalid"].judge()).startswith("This exercise does not count")
    assert "more than" in headline(DRILLS["never back"].judge())
    assert "not known" in headline(DRILLS["unknown"].judge())
    assert "served in time throughout" in headline(DRILLS["short"].judge())
    lost = play()
    gone = next(row for row in lost.table("instruction") if row["status"] == "settled")
    lost.ledger.remove(gone)
    assert "1 acknowledged payment worth" in headline(lost.judge())
    stopped = play()
    stopped.after[-1] = ExerciseClosed(EXERCISE, "stopped", "by the lead", instant(1))
    assert "It was stopped after its first fault had taken effect: by the lead." in headline(stopped.judge())


def test_the_close_and_its_deadline_are_on_one_clock(judgement: Judgement) -> None:
    shown = text_of(render(judgement))
    assert re.search(r"Settlement day closed 17:\d\d deadline 17:30 · \d+(\.\d+)? m?s of the run left", shown)


def test_outage_and_limits_are_on_a_scale_that_says_that_it_is_logarithmic(judgement: Judgement) -> None:
    shown = text_of(render(judgement))
    assert "Logarithmic scale" in shown
    assert "out for 10.5 s" in shown
    assert "RTO 2 h" in shown
    assert "tolerance 4 h" in shown
    assert "calendar 120×" in shown
    assert "The outage beside its limits" not in text_of(render(DRILLS["short"].judge()))


def test_what_is_said_of_the_backlog_stands_beside_all_that_is_cut(drill: Drill) -> None:
    html = render(drill.judge())
    said = re.search(
        r'<text x="([\d.]+)" y="([\d.]+)" class="axis halo"( text-anchor="end")?>(backlog: up to [^<]*)<', html
    )
    if said is None:
        assert "backlog: up to" not in html
        return
    drawn = re.search(r'<path d="([^"]*)" class="acknowledged"', html)
    assert drawn
    x, top, width = float(said[1]), float(said[2]) - 12, width_of(said[4], AXIS_FONT)
    points = [tuple(map(float, point.split())) for point in re.findall(r"[ML]([\d.]+ [\d.]+)", drawn[1])]
    cut = [point[0] for point in points if point[1] == top]
    left, right = (x - width, x) if said[3] else (x, x + width)
    assert right < min(cut) or left > max(cut)
    assert right <= RIGHT


def test_what_was_not_restored_is_drawn_to_the_end_of_the_record() -> None:
    assert "disrupted for more than" in text_of(render(DRILLS["never back"].judge()))


def test_an_unapproved_bound_says_so_and_posture_stays_unproven(judgement: Judgement) -> None:
    shown = text_of(render(judgement))
    assert shown.count("unapproved") >= 4
    assert "posture stays unproven" in shown


def test_rendering_twice_gives_the_same_bytes(drill: Drill) -> None:
    assert render(drill.judge()) == render(drill.judge())


HOSTILE = (
    "</style><script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "' onmouseover='x",
    "{{ 7*7 }}{% raw %}",
    "&lt;i&gt;&amp;<i>",
    "\u202egnirts\u202c\x00\x1b[31m",
)


def hostile(text: str) -> Drill:
    """Return a drill in which every text that others wrote is this one."""
    drill = play(rate_per_s=2.0)
    texts = dict(drill.model.files)
    quoted = '"' + "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in text if ord(c) < 0x10000) + '"'
    root = drill.model.root
    texts[root] = re.sub(r"^institution:.*$", lambda _: f"institution: {quoted}", texts[root], flags=re.MULTILINE)
    model, _ = load(texts, root, VOCABULARY)
    drill.model = model or drill.model  # a model need not take every text
    changed: list[Event] = []
    for event in drill.before:
        match event:
            case FaultIntended():
                changed.append(replace(event, name=text, target=text, parameters={text: text}))
            case FaultProbed() | FaultUndone():
                changed.append(replace(event, observed=text))
            case _:
                changed.append(event)
    drill.before = changed
    drill.after[-1] = ExerciseClosed(EXERCISE, "stopped", text, instant(1))
    for row in drill.alarms:
        row["detail"] = row["by"] = text
    drill.alarms[0]["t_us"] -= 1_000_000
    for row in drill.table("instruction")[:2]:
        row["key"] = text
    return drill


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts(text: str) -> None:
    html = render(hostile(text).judge())
    page = parse(html)
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "i"})
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\u2066-\u2069]", html)
    assert html.count("<style>") == html.count("</style>") == 1


NUMBERS = st.sampled_from([0, 1, -1, 2**31, 2**53 - 1, 1 - 2**53]) | st.integers(1 - 2**53, 2**53 - 1)


@settings(max_examples=50)
@given(data=st.data())
def test_any_numbers_in_the_log_are_judged_and_drawn(data: st.DataObject) -> None:
    drill = play(rate_per_s=1.0)
    log = drill.log()

    def changed(value: object) -> object:
        if isinstance(value, dict):
            return {name: changed(member) for name, member in value.items()}
        if isinstance(value, int) and not isinstance(value, bool) and data.draw(st.integers(0, 2)) == 0:
            return data.draw(NUMBERS)
        return value

    place = data.draw(st.integers(2, len(log) - 1))
    body = {name: changed(member) for name, member in log[place].body.items()}
    log[place] = replace(log[place], body=body, at_utc_us=data.draw(NUMBERS))
    parse(render(judge_exercise(log, drill.read, EXERCISE, VOCABULARY)))


@settings(max_examples=40)
@given(data=st.data())
def test_any_times_in_the_records_are_judged_and_drawn(data: st.DataObject) -> None:
    drill = play(rate_per_s=1.0)
    for _ in range(data.draw(st.integers(1, 4))):
        row = data.draw(st.sampled_from([row for rows in drill.records.values() for row in rows if "t_us" in row]))
        row["t_us"] = data.draw(st.integers(-(2**63), 2**63 - 1) | st.integers(4_990_000_000, 5_100_000_000))
    parse(render(drill.judge()))


@settings(max_examples=10)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_any_text_leaves_the_page_whole(text: str) -> None:
    parse(render(hostile(text).judge()))
