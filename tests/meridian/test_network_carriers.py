"""What two routers make of a line from the hellos that come over it, each for itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meridian.network.carriers import HEARD, MISSES, NOT_HEARD, RETURN_AFTER, End

AGREED_WITHIN = 2  # looks, after the first of both has made up its mind

deliveries = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=80)


def look(one: End, other: End, forth: bool, back: bool) -> tuple[bool, bool]:  # noqa: FBT001
    """Let both ends look once, with or without the hello that the other sent at its last look."""
    said = [HEARD if end.hears else NOT_HEARD for end in (one, other)]
    return one.look(said[1] if back else None), other.look(said[0] if forth else None)


@given(deliveries)
def test_a_line_that_delivers_always_is_never_left_and_ends_begin_with_it(lost: list[tuple[bool, bool]]) -> None:
    one, other = End(), End()
    assert [look(one, other, forth=True, back=True) for _ in lost] == [(True, True)] * len(lost)


@given(deliveries, st.sampled_from(((False, False), (False, True), (True, False))))
def test_a_line_that_fails_in_any_direction_is_left_by_both_and_stays_left(
    before: list[tuple[bool, bool]], failed: tuple[bool, bool]
) -> None:
    one, other = End(), End()
    for forth, back in before:
        look(one, other, forth, back)
    usable = [look(one, other, *failed) for _ in range(MISSES + AGREED_WITHIN + RETURN_AFTER)]
    assert set(usable[MISSES + AGREED_WITHIN - 1 :]) == {(False, False)}


@given(deliveries)
def test_both_return_to_a_line_that_works_again_within_a_look_of_each_other(before: list[tuple[bool, bool]]) -> None:
    one, other = End(), End()
    for forth, back in before:
        look(one, other, forth, back)
    usable = [look(one, other, forth=True, back=True) for _ in range(RETURN_AFTER + MISSES + AGREED_WITHIN)]
    assert usable[-1] == (True, True)
    apart = [pair for pair in usable if len(set(pair)) > 1]
    assert len(apart) <= AGREED_WITHIN + RETURN_AFTER


@given(deliveries)
def test_an_end_leaves_only_after_so_many_misses_of_its_own_or_when_it_is_told(said: list[tuple[bool, bool]]) -> None:
    end, misses = End(), 0
    for came, heard in said:
        before = end.usable
        usable = end.look((HEARD if heard else NOT_HEARD) if came else None)
        misses = 0 if came else misses + 1
        if before and not usable:
            assert misses == MISSES or (came and not heard)


def test_a_line_that_comes_and_goes_is_not_returned_to() -> None:
    one, other = End(), End()
    for _ in range(MISSES + AGREED_WITHIN):
        look(one, other, forth=False, back=False)
    for _ in range(20):
        for _ in range(RETURN_AFTER - 1):
            assert look(one, other, forth=True, back=True) == (False, False)
        for _ in range(MISSES):
            look(one, other, forth=False, back=False)
