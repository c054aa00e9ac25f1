"""The service as samples tell of it, against a service that is known: the truth lies between the bounds, always."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import Place
from holdfast.state.observed.manifest import Good, Source
from holdfast.state.observed.rows import Sample, Samples
from holdfast.state.observed.sampled import sampled_timeline
from holdfast.state.observed.times import Time
from holdfast.state.service import NoTimeline, Timeline

EVERY_US = 1_000
END_US = 60 * EVERY_US
NOBODY = NoTimeline("nobody offered anything")


def samples(found: list[tuple[int, bool]], within_us: int = 0, written_to_us: int = 0) -> Samples:
    """Return samples of a source whose clock may be wrong by so much."""
    source = Source(
        name="probe",
        place=Place("observation.yaml", 1),
        record="availability",
        file="probe.csv",
        format="csv",
        participant=None,
        zone="UTC",
        times="iso",
        ahead_us=0,
        within_us=within_us,
        exported_by="someone",
        exported_at=Time(END_US, zoned=True, written_to_us=1),
        exported_with="a tool",
        every_us=EVERY_US,
        good=Good(("up",), None, None, None),
        series={},
        columns={},
        words={},
        decimal="point",
        rows=None,
    )
    return Samples(source, tuple(Sample(at_us, good) for at_us, good in found), written_to_us)


def timeline(found: list[tuple[int, bool]], within_us: int = 0, written_to_us: int = 0) -> Timeline:
    made = sampled_timeline(samples(found, within_us, written_to_us), 0, END_US, NOBODY, ())
    assert isinstance(made, Timeline)
    return made


def every(good: set[int] | None = None, but: set[int] | None = None) -> list[tuple[int, bool]]:
    """Return a sample each step, good where it is said, or everywhere but there."""
    return [(n * EVERY_US, n in good if good is not None else n not in (but or set())) for n in range(61)]


def states(made: Timeline) -> list[tuple[str, int, int]]:
    return [(i.state, i.start_us // EVERY_US, i.end_us // EVERY_US) for i in made.intervals]


def test_a_disruption_reaches_from_the_last_good_sample_to_the_first_good_one() -> None:
    (found,) = timeline(every(but={10, 11, 12})).interruptions
    assert (found.disrupted_us, found.restored_us) == (9 * EVERY_US, 13 * EVERY_US)
    assert found.surely_us == (10 * EVERY_US, 12 * EVERY_US)


def test_a_clock_that_may_be_wrong_moves_every_edge_outwards() -> None:
    (found,) = timeline(every(but={10, 11, 12}), within_us=200, written_to_us=50).interruptions
    assert (found.disrupted_us, found.restored_us) == (9 * EVERY_US - 200, 13 * EVERY_US + 250)
    assert found.surely_us == (10 * EVERY_US + 250, 12 * EVERY_US - 200)


def test_one_bad_sample_is_a_disruption_that_may_have_been_nothing() -> None:
    (found,) = timeline(every(but={10})).interruptions
    assert found.surely_us == (10 * EVERY_US, 10 * EVERY_US)
    assert (found.disrupted_us, found.restored_us) == (9 * EVERY_US, 11 * EVERY_US)


def test_what_never_comes_back_has_no_end() -> None:
    (found,) = timeline(every(good=set(range(50)))).interruptions
    assert (found.disrupted_us, found.restored_us) == (49 * EVERY_US, None)


def test_what_is_bad_from_the_first_sample_may_have_been_so_since_the_beginning() -> None:
    (found,) = timeline([(5 * EVERY_US, False), *[(n * EVERY_US, True) for n in range(6, 61)]]).interruptions
    assert found.disrupted_us == 0


def test_where_samples_are_missing_the_time_is_unknown_and_not_good() -> None:
    made = timeline([each for each in every() if not 20 < each[0] // EVERY_US < 30])
    assert made.interruptions == ()
    assert states(made) == [("available", 0, 20), ("unobserved", 20, 30), ("available", 30, 60)]


def test_before_the_first_and_after_the_last_sample_nobody_looked() -> None:
    made = timeline([each for each in every() if 10 <= each[0] // EVERY_US <= 50])
    assert states(made) == [("unobserved", 0, 10), ("available", 10, 50), ("unobserved", 50, 60)]


def test_a_gap_in_a_disruption_belongs_to_it() -> None:
    made = timeline([each for each in every(but=set(range(10, 31))) if not 15 < each[0] // EVERY_US < 25])
    assert states(made) == [("available", 0, 9), ("disrupted", 9, 31), ("available", 31, 60)]


def test_no_sample_in_the_time_observed_is_no_timeline() -> None:
    assert isinstance(sampled_timeline(samples([(-5, True)]), 0, END_US, NOBODY, ()), NoTimeline)


@given(
    begin=st.integers(2 * EVERY_US, 40 * EVERY_US),
    lasts=st.integers(1, 15 * EVERY_US),
    phase=st.integers(0, EVERY_US - 1),
    error_us=st.integers(-300, 300),
    kept=st.integers(0, 2**61 - 1),
)
def test_what_really_happened_lies_between_the_bounds(
    begin: int, lasts: int, phase: int, error_us: int, kept: int
) -> None:
    """A service that is away once, a probe that looks at any phase and misses steps, a clock that is wrong by less."""
    end = begin + lasts
    truly = [phase + n * EVERY_US for n in range(60) if n in {0, 59} or kept >> n & 1]
    made = timeline([(at + error_us, not begin <= at < end) for at in truly], within_us=300)
    if not any(begin <= at < end for at in truly):
        # Between two samples it was away and nobody saw: that is why a step must be short.
        assert made.interruptions == ()
        return
    (found,) = made.interruptions
    assert found.surely_us is not None
    assert found.restored_us is not None
    assert found.disrupted_us <= begin
    assert found.restored_us >= end
    assert found.surely_us[1] - found.surely_us[0] <= lasts <= found.restored_us - found.disrupted_us


@given(st.lists(st.booleans(), min_size=61, max_size=61), st.integers(0, 400))
def test_the_states_cover_the_time_observed_without_a_gap(good: list[bool], within_us: int) -> None:
    made = timeline([(n * EVERY_US, each) for n, each in enumerate(good)], within_us=within_us)
    edges = [(i.start_us, i.end_us) for i in made.intervals]
    assert all(begin < end for begin, end in edges)
    assert [begin for begin, _ in edges[1:]] == [end for _, end in edges[:-1]]
    assert (edges[0][0] <= 0, edges[-1][1] >= END_US) == (True, True)
