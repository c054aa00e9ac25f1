"""Measuring texts: what is said to fit does, and nothing is lost that would have fitted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from holdfast.report.map.text import ELLIPSIS, shortened, width_of, wrapped

TEXTS = st.text(st.sampled_from("abc defgWMil-._/éß漢字…"), max_size=60)
WIDTHS = st.integers(30, 300)


@given(TEXTS, WIDTHS, st.booleans())
def test_a_shortened_text_fits_and_keeps_what_it_can(text: str, width: int, strong: bool) -> None:  # noqa: FBT001
    short = shortened(text, width, 11, strong=strong)
    assert width_of(short, 11, strong=strong) <= width
    if width_of(text, 11, strong=strong) <= width:
        assert short == text
    else:
        assert short.endswith(ELLIPSIS)
        assert text.startswith(short.removesuffix(ELLIPSIS))


@given(TEXTS, WIDTHS, st.integers(1, 3))
def test_every_line_fits_and_nothing_is_lost_without_an_ellipsis(text: str, width: int, lines: int) -> None:
    found = wrapped(text, width, 11, lines=lines)
    assert len(found) <= lines
    assert all(width_of(line, 11) <= width for line in found)
    if found and not found[-1].endswith(ELLIPSIS):
        assert "".join("".join(found).split()) == "".join(text.split())


def test_it_breaks_at_spaces_before_it_breaks_words() -> None:
    assert wrapped("Copy of the ledger at the witness", 100, 11, lines=2) == ("Copy of the ledger", "at the witness")
    assert wrapped("Data-centre hall", 80, 11, lines=2) == ("Data-centre", "hall")
    assert wrapped("settlement-engine-primary", 90, 11, lines=2) == ("settlement-", "engine-primary")


def test_what_has_no_place_to_break_is_broken_anywhere() -> None:
    assert wrapped("決済システム", 33, 11, lines=2) == ("決済シ", "ステム")
    assert wrapped("Wertpapierabwicklung", 70, 11, lines=3) == ("Wertpapiera", "bwicklung")


def test_wide_scripts_are_wide_and_marks_on_letters_take_no_room() -> None:
    assert width_of("漢", 10) == 10
    assert width_of("e\u0301", 10) == width_of("e", 10)
    assert width_of("W", 10) > width_of("i", 10)
