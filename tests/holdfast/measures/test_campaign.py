"""Many exercises side by side: medians with their range and n, and what never came back counted as that."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from holdfast.measures.campaign import Run, measures, outages, run, series
from tests.holdfast.measures.campaigns import judged, lost, many, moved, without_ledger

ONE = run(judged("primary-killed", 2_000))


def with_rta(*seconds: float | None) -> list[Run]:
    return [
        replace(ONE, exercise=f"x-{number}", rta_us=None if each is None else round(each * 1_000_000))
        for number, each in enumerate(seconds)
    ]


def test_a_run_is_read_from_the_judgement() -> None:
    judgement = judged("lose-dc-a", 9_000)
    one = run(judgement)
    figures = {figure.name: figure.value for figure in judgement.clocks}
    assert (one.rta_us, one.noticed_us, one.lost) == (figures["rta"], figures["mttd"], figures["lost"])
    assert one.broke == ("site.loss on dc-a",)
    assert (one.verdict, one.evidence_class, one.day_completed) == ("held", "range, scaled", True)
    assert one.acknowledged == judgement.case.observed.acknowledged  # type: ignore[union-attr]
    assert not one.undetected


def test_loss_is_counted_and_unknown_is_not_none() -> None:
    assert run(judged("primary-killed", 2_000, lost)).lost == 1
    assert run(judged("primary-killed", 2_000, without_ledger)).lost is None
    (row,) = outages([run(judged("primary-killed", 2_000, change)) for change in (lost, without_ledger)])
    assert (row.lost, row.lost_unknown, len(row.runs)) == (1, 1, 2)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=9))
def test_the_median_is_exact(values: list[int]) -> None:
    runs = [replace(ONE, rta_us=value) for value in values]
    (found,) = series(runs)
    assert found.spread is not None
    assert (found.spread.n, found.spread.low_us, found.spread.high_us) == (len(values), min(values), max(values))
    assert found.spread.median_us == median([Fraction(value) for value in values]) // 1


def test_what_was_not_measured_is_in_no_median_and_counted() -> None:
    away = replace(ONE, rta_us=None, censored_us=60_000_000)
    (found,) = series([*with_rta(2, 4, None), away])
    assert found.spread is not None
    assert (found.spread.n, found.spread.median_us, found.away, found.unmeasured) == (2, 3_000_000, 1, 1)


def test_classes_of_evidence_are_never_mixed() -> None:
    live = replace(ONE, evidence_class="live")
    assert [each.evidence_class for each in series([ONE, live])] == ["range, scaled", "live"]
    assert [each.evidence_class for each in measures([live, ONE])] == ["range, scaled", "live"]
    assert len(outages([ONE, live])) == 2
    assert len(outages([ONE, replace(ONE, profile="stock")])) == 2


def test_what_was_talked_through_or_does_not_count_measured_nothing() -> None:
    beside = [replace(ONE, evidence_class="discussion"), replace(ONE, verdict="invalid")]
    assert (series(beside), outages(beside), measures(beside)) == ((), (), ())


def test_the_longest_outage_comes_first_and_none_before_it_but_what_never_ended() -> None:
    short, long = with_rta(2, 9)
    never = replace(short, broke=("network.partition on db-a",), rta_us=None, censored_us=60_000_000)
    found = outages([short, replace(long, broke=("site.loss on dc-a",)), never])
    assert [row.broke[0].split()[0] for row in found] == ["network.partition", "site.loss", "process.kill"]


def test_measures_of_a_service_count_what_they_rest_on() -> None:
    runs = [run(each) for each in many(10)]
    for row in measures(runs):
        own = [each for each in runs if each.evidence_class == row.evidence_class]
        assert row.n == len(own)
        assert row.rpa_known == sum(each.rpa_us is not None for each in own)
        assert row.days == sum(each.day_completed is not None for each in own)
        assert row.last_utc_us == max(each.at_utc_us for each in own)
    assert moved(judged("primary-killed", 2_000), 7, 1).exercise.id == "primary-killed-007"
