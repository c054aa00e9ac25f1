"""When an incident is major: held against a second reading of the regulation, which tries every way to answer."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.measures.classification import QUESTIONS, Given, Truth, classify

FLAGS = [name for name, question in QUESTIONS.items() if question.unit == "flag"]
HOUR_MS = 3_600_000
TRUTHS = st.sampled_from(["yes", "no", "unknown"])


def told(**answers: str) -> dict[str, Given]:
    """Return answers of yes, no and unknown; underscores stand for hyphens."""
    return {name.replace("_", "-"): said(answer) for name, answer in answers.items()}


def said(answer: str) -> Given:
    """Return an answer that the property tests give to any question, numbers included."""
    assert answer in {"yes", "no", "unknown"}
    return Given("yes" if answer == "yes" else "no" if answer == "no" else "unknown", "a test")


def major_by_the_text(yes: Mapping[str, bool]) -> bool:
    """Read articles 8 and 9 with every question answered, in the words of the regulation and not in the code's."""

    def any_of(names: str) -> bool:
        return any(yes[name] for name in names.split())

    # Article 6, points (a) to (c); a malicious access by article 9(5)(b) is one by article 6(c).
    critical = any_of("critical-function supervised-service malicious-access")
    thresholds = 0
    thresholds += any_of("clients-share clients counterparts transactions amount relevant-clients")  # 9(1)(a) to (f)
    thresholds += any_of("media complaints requirements clients-lost")  # 9(2), article 2(1)(a) to (d)
    thresholds += any_of("duration downtime")  # 9(3)
    thresholds += any_of("member-states")  # 9(4)
    thresholds += any_of("data-losses")  # 9(5)(a)
    thresholds += any_of("costs")  # 9(6)
    if critical and (yes["access-data-losses"] or thresholds >= 2):
        return True
    return yes["recurring"] and yes["recurring-cause"] and yes["recurring-together"] and not yes["recurring-exempt"]


def completed(truths: Mapping[str, Truth]) -> list[dict[str, bool]]:
    """Return every way to answer what is open, but for those that the two articles on access do not allow together."""
    open_ = [name for name, truth in truths.items() if truth == "unknown"]
    found = []
    for answers in product((False, True), repeat=len(open_)):
        whole = {name: truth == "yes" for name, truth in truths.items()} | dict(zip(open_, answers, strict=True))
        if "malicious-access" in open_ and whole["access-data-losses"]:
            whole["malicious-access"] = True
        found.append(whole)
    return found


@st.composite
def worksheets(draw: st.DrawFn) -> dict[str, Truth]:
    """Draw a worksheet with at most seven open questions, so that all ways to answer them can be tried."""
    open_ = draw(st.sets(st.sampled_from(sorted(QUESTIONS)), max_size=7))
    few = draw(st.floats(0, 1))
    decided: dict[str, Truth] = {}
    for name in QUESTIONS:
        decided[name] = "yes" if draw(st.floats(0, 1)) < few / 2 else "no"
    return decided | dict.fromkeys(open_, "unknown")


@settings(max_examples=200, deadline=None)
@given(worksheets())
def test_it_is_decided_when_every_way_to_answer_the_rest_gives_the_same(truths: dict[str, Truth]) -> None:
    results = {major_by_the_text(whole) for whole in completed(truths)}
    expected = "not yet decidable" if len(results) > 1 else "major" if results == {True} else "not major"
    assert classify({name: said(truth) for name, truth in truths.items()}).result == expected


@settings(max_examples=100, deadline=None)
@given(worksheets())
def test_what_could_turn_it_is_what_some_way_to_answer_hangs_on(truths: dict[str, Truth]) -> None:
    found = {question.name for question in classify({n: said(t) for n, t in truths.items()}).could_turn}
    ways = completed(truths)
    results = {major_by_the_text(whole) for whole in ways}
    turning = set()
    for name in (name for name, truth in truths.items() if truth == "unknown"):
        for whole in ways:
            other = whole | {name: not whole[name]}
            if "malicious-access" in truths and truths["malicious-access"] == "unknown" and other["access-data-losses"]:
                other["malicious-access"] = True
            if major_by_the_text(whole) != major_by_the_text(other):
                turning.add(name)
    assert found == (turning if len(results) > 1 else set())


def test_silence_is_never_no() -> None:
    assert classify({}).result == "not yet decidable"
    assert {question.name for question in classify({}).could_turn} == set(QUESTIONS)
    everything = {name: said("no") for name in QUESTIONS}
    assert classify(everything).result == "not major"
    assert classify(everything | {"recurring": said("unknown")}).result == "not major"  # its other conditions fail
    for name in ("critical-function", "recurring"):
        assert classify({name: said("no")}).result == "not yet decidable"


def test_critical_services_and_two_thresholds_make_it_major() -> None:
    two = told(critical_function="yes", media="yes", complaints="yes")
    assert classify(two).result == "not yet decidable"  # both are one threshold: article 9(2)
    assert classify(two | told(member_states="yes")).result == "major"
    without = {name: said("no") for name in QUESTIONS} | told(media="yes", costs="yes", data_losses="yes")
    assert classify(without).result == "not major"


def test_an_access_that_may_lose_data_is_enough_and_is_the_access_that_article_6_asks_for() -> None:
    found = classify(told(access_data_losses="yes"))
    assert found.result == "major"
    assert next(step.clause for step in found.steps) == "art. 6(c)"
    against = classify(told(access_data_losses="yes", malicious_access="no"))
    assert against.contradictions
    assert against.result == "not yet decidable"  # whether critical services are affected is open


def test_recurring_incidents_are_one_unless_we_are_exempt() -> None:
    none = {name: said("no") for name in QUESTIONS}
    again = none | told(recurring="yes", recurring_cause="yes", recurring_together="yes")
    assert classify(again).result == "major"
    assert classify(again | told(recurring_exempt="yes")).result == "not major"
    assert classify(again | told(recurring_exempt="unknown")).result == "not yet decidable"


@pytest.mark.parametrize(
    ("name", "at_limit", "above"),
    [
        ("clients-share", (300, 3000), (301, 3000)),
        ("clients", (100_000, None), (100_001, None)),
        ("counterparts", (30, 100), (31, 100)),
        ("transactions", (100_000, 1_000_000), (100_001, 1_000_000)),
        ("amount", (1, 10), (10_000_001, 100_000_000)),
        ("duration", (24 * HOUR_MS, None), (24 * HOUR_MS + 1, None)),
        ("downtime", (2 * HOUR_MS, None), (2 * HOUR_MS + 1, None)),
        ("member-states", (1, None), (2, None)),
        ("costs", (100_000, None), (100_001, None)),
    ],
)
def test_a_limit_is_passed_only_above_its_figure(
    name: str, at_limit: tuple[int, int | None], above: tuple[int, int | None]
) -> None:
    def truth(value: int, of: int | None) -> str:
        found = classify({name: Given("value", "a test", value, of)})
        return next(answer.truth for answer in found.answers if answer.question.name == name)

    assert truth(*at_limit) == "no"
    assert truth(*above) == "yes"


def test_a_share_of_nobody_knows_how_many_is_unknown() -> None:
    for of in (None, 0):
        found = classify({"clients-share": Given("value", "a test", 12, of)})
        assert {a.truth for a in found.answers if a.question.name == "clients-share"} == {"unknown"}


def test_the_trace_leads_from_the_answers_to_the_result() -> None:
    found = classify(told(critical_function="yes", media="yes", costs="yes"))
    gives = {step.clause: step.truth for step in found.steps}
    assert list(gives)[-4:] == ["art. 8(1)(b)", "art. 8(1)", "art. 8(2)", "art. 19(1) of DORA"]
    assert gives["art. 8(1)(b)"] == gives["art. 8(1)"] == gives["art. 19(1) of DORA"] == "yes"
    inputs = {name for step in found.steps for name, _ in step.inputs}
    assert set(QUESTIONS) <= inputs
