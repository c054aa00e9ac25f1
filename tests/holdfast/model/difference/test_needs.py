"""A need that only is written otherwise is the same; one that asks for more weakens what has it."""

from __future__ import annotations

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.model.difference.needs import changed_need, normal
from holdfast.model.types import AllOf, AnyOf, AtLeast, Need, On

NAMES = ("a", "b", "c", "d")


def combined(inner: st.SearchStrategy[Need]) -> st.SearchStrategy[Need]:
    parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
    counted = parts.flatmap(lambda of: st.integers(1, len(of)).map(lambda count: AtLeast(count, of)))
    return st.one_of(parts.map(AllOf), parts.map(AnyOf), counted)


NEEDS: st.SearchStrategy[Need] = st.recursive(st.sampled_from(NAMES).map(On), combined, max_leaves=8)


def ways(need: Need) -> frozenset[frozenset[str]]:
    """Return every set of names with which a need is met: the oracle, by sets and not by walking the need."""
    everything = [frozenset(some) for some in chain.from_iterable(combinations(NAMES, n) for n in range(5))]
    match need:
        case On(name):
            return frozenset(some for some in everything if name in some)
        case AllOf(of):
            return frozenset(some for some in everything if all(some in ways(part) for part in of))
        case AnyOf(of):
            return frozenset().union(*(ways(part) for part in of))
        case AtLeast(count, of):
            return frozenset(some for some in everything if sum(some in ways(part) for part in of) >= count)


@given(NEEDS)
def test_the_one_form_means_the_same_and_is_its_own(need: Need) -> None:
    assert ways(normal(need)) == ways(need)
    assert normal(normal(need)) == normal(need)


@given(NEEDS, NEEDS)
def test_which_way_a_change_leans(old: Need, new: Need) -> None:
    change = changed_need(old, new)
    before, after = ways(old), ways(new)
    if change is None:
        assert before == after
        return
    leaning = {(True, False): "weaker", (False, True): "stronger"}.get((after < before, before < after), "other")
    assert change.effect == leaning


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (On("a"), AllOf((On("a"), On("b"))), "also b"),
        (AllOf((On("a"), On("b"), On("c"))), On("b"), "no longer a and c"),
        (AnyOf((On("a"), On("b"))), On("a"), "also a, no longer a or b"),
        (On("a", 60_000), AllOf((On("a"), On("b"))), "also a and b, no longer a (can be missing for 1m)"),
    ],
)
def test_a_change_in_words(old: Need, new: Need, words: str) -> None:
    change = changed_need(old, new)
    assert change is not None
    assert change.words == words


@pytest.mark.parametrize(
    ("old", "new", "words", "effect"),
    [
        (On("a"), On("a", 60_000), "a can be missing for no time → 1m", "stronger"),
        (On("a", 60_000), On("a"), "a can be missing for 1m → no time", "weaker"),
        (
            AllOf((On("b"), On("a", 36_000_000))),
            AllOf((On("a", 7_200_000), On("b"))),
            "a can be missing for 10h → 2h",
            "weaker",
        ),
        (
            AnyOf((On("a", 60_000), On("b", 60_000))),
            AnyOf((On("a", 120_000), On("b"))),
            "a can be missing for 1m → 2m and b can be missing for 1m → no time",
            "other",
        ),
        # A name that stands twice, once held: which of the two changed is told by the whole.
        (
            AllOf((On("a"), AnyOf((On("a", 1_000), On("b"))))),
            AllOf((On("a"), AnyOf((On("a", 2_000), On("b"))))),
            "",
            "",
        ),
    ],
)
def test_a_hold_that_changed_leans(old: Need, new: Need, words: str, effect: str) -> None:
    change = changed_need(old, new)
    assert change is not None
    assert change.words
    if words:
        assert (change.words, change.effect) == (words, effect)
