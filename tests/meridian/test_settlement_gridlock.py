"""Gridlock resolution against trying everything, on systems small enough for that, and for what it must never do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from meridian.settlement.gridlock import DEPTH, Queued, bilateral, multilateral, resolve

BANKS = ("A", "B", "C", "D")
AMOUNT = st.integers(1, 12)
# Everybody has less than it wants to pay, most of the time: gridlock, and queues that cannot settle at all.
AVAILABLE = st.fixed_dictionaries({bank: st.integers(0, 10) for bank in BANKS})


@st.composite
def queues(draw: st.DrawFn, most: int = 8) -> list[Queued]:
    """Draw up to ``most`` instructions in the order in which they were accepted."""
    pairs = st.tuples(st.sampled_from(BANKS), st.sampled_from(BANKS)).filter(lambda pair: pair[0] != pair[1])
    drawn = draw(st.lists(st.tuples(pairs, AMOUNT), max_size=most))
    return [Queued(str(number), sender, receiver, cents) for number, ((sender, receiver), cents) in enumerate(drawn)]


def after(available: Mapping[str, int], payments: Sequence[Queued]) -> dict[str, int]:
    """Return what everybody can still pay after these."""
    left = dict(available)
    for payment in payments:
        left[payment.sender] -= payment.amount_cents
        left[payment.receiver] += payment.amount_cents
    return left


def in_order(queued: Sequence[Queued]) -> Iterator[list[Queued]]:
    """Yield every set that takes of each sender's queue only a beginning."""
    own = {bank: [payment for payment in queued if payment.sender == bank] for bank in BANKS}
    for lengths in product(*(range(len(own[bank]) + 1) for bank in BANKS)):
        yield [payment for bank, length in zip(BANKS, lengths, strict=True) for payment in own[bank][:length]]


@given(available=AVAILABLE, queued=queues())
def test_multilateral_is_the_one_largest_set_of_all_that_can_settle(
    available: dict[str, int], queued: list[Queued]
) -> None:
    possible = [chosen for chosen in in_order(queued) if min(after(available, chosen).values()) >= 0]
    found = {payment.key for payment in multilateral(available, queued)}
    assert found in [{payment.key for payment in chosen} for chosen in possible]
    assert all({payment.key for payment in chosen} <= found for chosen in possible)


@given(available=AVAILABLE, queued=queues(most=30))
def test_every_set_leaves_nobody_below_its_limit_and_lets_nobody_overtake(
    available: dict[str, int], queued: list[Queued]
) -> None:
    by_key = {payment.key: payment for payment in queued}
    waiting = list(queued)
    for each in resolve(available, queued):
        chosen = [by_key[key] for key in each.keys]
        assert len(set(each.keys)) == len(each.keys)
        available = after(available, chosen)
        assert min(available.values()) >= 0
        for bank in BANKS:
            own = [payment for payment in waiting if payment.sender == bank]
            taken = [payment for payment in own if payment in chosen]
            assert own[: len(taken)] == taken
        waiting = [payment for payment in waiting if payment not in chosen]
    # Nothing more can settle: neither alone, nor by twos, nor all together.
    assert bilateral(available, waiting) == ()
    assert multilateral(available, waiting) == ()


@given(available=AVAILABLE, queued=queues())
def test_an_offset_is_the_shortest_that_frees_a_head(available: dict[str, int], queued: list[Queued]) -> None:
    pair = bilateral(available, queued)
    heads = {bank: next((p for p in queued if p.sender == bank), None) for bank in BANKS}
    possible = []
    for head in filter(None, heads.values()):
        back = [payment for payment in queued if payment.sender == head.receiver]
        for length in range(1, len(back) + 1):
            against = back[:length]
            if any(payment.receiver != head.sender for payment in against):
                break
            if min(after(available, [head, *against]).values()) >= 0:
                possible.append((head, *against))
                break
    assert bool(pair) == bool(possible)
    assert not pair or pair in possible


def test_three_who_wait_for_each_other_settle_with_nothing() -> None:
    ring = [Queued("1", "A", "B", 100), Queued("2", "B", "C", 100), Queued("3", "C", "A", 100)]
    assert bilateral(dict.fromkeys(BANKS, 0), ring) == ()
    assert [each.keys for each in resolve(dict.fromkeys(BANKS, 0), ring)] == [("1", "2", "3")]


def test_two_who_wait_for_each_other_are_offset_first() -> None:
    queued = [
        Queued("1", "A", "B", 100),
        Queued("2", "B", "A", 60),
        Queued("3", "B", "A", 50),
        Queued("4", "B", "C", 1),
    ]
    [offset] = resolve({"A": 0, "B": 10, "C": 0, "D": 0}, queued)[:1]
    assert (offset.method, offset.keys) == ("bilateral", ("1", "2", "3"))


def test_a_bilateral_offset_looks_no_deeper_than_its_limit() -> None:
    small = [Queued(f"b{number}", "B", "A", 1) for number in range(DEPTH + 1)]
    queued = [Queued("a", "A", "B", DEPTH + 1), *small]
    assert bilateral(dict.fromkeys(BANKS, 0), queued) == ()
    assert len(multilateral(dict.fromkeys(BANKS, 0), queued)) == DEPTH + 2
