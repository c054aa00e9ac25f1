"""Quantities and needs are said as somebody would write them, and what was written can be read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.model.quantities import money, share_ppm, time_min
from holdfast.model.types import AllOf, AnyOf, AtLeast, Constant, Lognormal, Money, Need, On, Pert
from holdfast.model.wording import amount, counted, listed, need_said, percent, spread, time_of_day, usual_ms, worst_ms


@given(st.integers(0, 1_000_000))
def test_a_share_can_be_read_again(ppm: int) -> None:
    assert share_ppm(percent(ppm)) == ppm


@given(st.integers(0, 24 * 60 - 1))
def test_a_time_of_day_can_be_read_again(minutes: int) -> None:
    assert time_min(time_of_day(minutes)) == minutes


@given(st.integers(0, 10**15), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_an_amount_can_be_read_again(minor: int, currency: str) -> None:
    assert money(amount(Money(minor, currency))) == Money(minor, currency)


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        (Money(200_000_000_000, "EUR"), "2bn EUR"),
        (Money(30_000_000_000, "EUR"), "300m EUR"),
        (Money(1_250, "EUR"), "12.50 EUR"),
        (Money(45_000, "JPY"), "45k JPY"),
        (Money(1_205, "KWD"), "1.205 KWD"),
        (Money(0, "EUR"), "0 EUR"),
    ],
)
def test_an_amount_is_said_in_the_scale_that_shows_it_whole(given_: Money, said: str) -> None:
    assert amount(given_) == said


def test_a_duration_that_varies() -> None:
    usual, wide = Lognormal(120_000, 900_000), Pert(60_000, 120_000, 540_000)
    assert spread(Constant(90_000)) == "90s"
    assert spread(usual) == "usually 2m, 19 of 20 within 15m"
    assert spread(wide) == "1m to 9m, most often 2m"
    assert [usual_ms(each) for each in (Constant(5), usual, wide)] == [5, 120_000, 120_000]
    assert [worst_ms(each) for each in (Constant(5), usual, wide)] == [5, 900_000, 540_000]


def test_lists_and_numbers() -> None:
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "nothing",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert listed(["a", "b", "c"], "or", most=2) == "a, b and 1 more"
    assert [counted(n, "member") for n in (0, 1, 1_200)] == ["0 members", "1 member", "1,200 members"]


@pytest.mark.parametrize(
    ("need", "said"),
    [
        (On("db"), "db"),
        (On("ups", 1_500_000), "ups (can be missing for 25m)"),
        (AllOf(()), "nothing"),
        (AllOf((On("a"), AnyOf((On("b"), On("c"))))), "a and (b or c)"),
        (AtLeast(2, (On("a"), On("b"), On("c"))), "2 of a, b and c"),
        (AnyOf((AllOf((On("a"), On("b"))), AllOf((On("c"),)))), "(a and b) or c"),
    ],
)
def test_a_need_in_words(need: Need, said: str) -> None:
    assert need_said(need) == said
