"""The banks' load: repeatable, balanced, and of the size that was asked for."""

from __future__ import annotations

from math import isclose

from hypothesis import given
from hypothesis import strategies as st

from meridian.banks import BANKS, Bank
from meridian.participants.flow import CIRCLE, CIRCLE_CENTS, LARGEST_CENTS, Flow, share


def test_sizes_and_shares_sum_to_one_and_fall() -> None:
    assert isclose(sum(bank.size for bank in BANKS), 1.0)
    assert isclose(sum(share(bank) for bank in BANKS), 1.0)
    assert [bank.size for bank in BANKS] == sorted((bank.size for bank in BANKS), reverse=True)


def test_between_two_banks_as_many_payments_go_one_way_as_the_other() -> None:
    def frequency(sender: int, receiver: int) -> float:
        others = 1 - BANKS[sender].size
        return share(BANKS[sender]) * BANKS[receiver].size / others

    for one in range(len(BANKS)):
        for other in range(one):
            assert isclose(frequency(one, other), frequency(other, one))


@given(bank=st.sampled_from(BANKS), seed=st.integers(0, 1000), number=st.integers(1, 10**6))
def test_a_payment_is_the_same_whatever_was_drawn_before(bank: Bank, seed: int, number: int) -> None:
    flow = Flow(bank, seed)
    flow.payment(number + 1)
    payment = flow.payment(number)
    assert payment == Flow(bank, seed).payment(number)
    assert payment != Flow(bank, seed + 1).payment(number)
    assert payment.to != bank.name
    assert 0 < payment.amount_cents <= LARGEST_CENTS
    assert payment.gap >= 0


def test_gaps_and_receivers_are_those_of_the_model() -> None:
    drawn = [Flow(BANKS[0], 1).payment(number) for number in range(1, 4001)]
    assert 0.93 < sum(payment.gap for payment in drawn) / len(drawn) < 1.07
    second = sum(payment.to == BANKS[1].name for payment in drawn) / len(drawn)
    assert abs(second - BANKS[1].size / (1 - BANKS[0].size)) < 0.03


def test_an_imbalance_goes_round_in_a_circle_and_changes_nothing_else() -> None:
    found: dict[tuple[str, str], float] = {}
    for bank in BANKS:
        plain, uneven = Flow(bank, 1), Flow(bank, 1, imbalance_ppm=100_000)
        for number in range(1, 3001):
            payment = uneven.payment(number)
            if payment != plain.payment(number):
                assert payment.amount_cents == CIRCLE_CENTS
                found[bank.name, payment.to] = found.get((bank.name, payment.to), 0) + share(bank)
    assert set(found) == {(CIRCLE[0], CIRCLE[1]), (CIRCLE[1], CIRCLE[2]), (CIRCLE[2], CIRCLE[0])}
    # As often from each of them, or one would be drained: the rarest payer sets the pace.
    assert max(found.values()) < 1.25 * min(found.values())
    assert sum(bank.opening_cents + bank.limit_cents for bank in BANKS if bank.name in CIRCLE) < CIRCLE_CENTS
