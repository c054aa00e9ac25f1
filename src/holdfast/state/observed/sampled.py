"""The service as samples tell of it: between two samples nobody looked, so every edge lies in an interval.

A sample shows the service at its own instant. A disruption began after the last good sample and no later than the
first bad one; it ended after the last bad one and no later than the first good one. The longest that this allows is
what is judged, with both edges moved outwards by how far the source's clock may be wrong; the shortest stands beside
it. Where samples are further apart than one and a half steps nobody looked: unknown time, which is never good time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from holdfast.evidence.observed import UTC_CLOCK
from holdfast.state.history import Operation
from holdfast.state.observed.rows import Sample, Samples
from holdfast.state.service import BIN_US, MAX_BINS, Bin, Interruption, Interval, NoTimeline, Timeline


def sampled_timeline(
    samples: Samples, began_us: int, ended_us: int, seen: Timeline | NoTimeline, operations: Sequence[Operation]
) -> Timeline | NoTimeline:
    """Return the timeline from ``began_us`` to ``ended_us``; how each participant fared is taken from ``seen``."""
    within = [sample for sample in samples.samples if began_us <= sample.at_us <= ended_us]
    if not within:
        return NoTimeline(f"no sample of {samples.source.file} lies between the beginning and the end")
    interruptions = _interruptions(within, samples, began_us)
    return Timeline(
        clock_id=UTC_CLOCK,
        utc_minus_mono_us=0,
        start_us=began_us,
        last_offer_us=within[-1].at_us,
        end_us=ended_us,
        interruptions=interruptions,
        intervals=tuple(_intervals(within, interruptions, samples.source.every_us, began_us, ended_us)),
        participants=seen.participants if isinstance(seen, Timeline) else {},
        bins=_bins(operations, began_us, ended_us),
        offered=len(within),
        acknowledged=sum(operation.acknowledged is not None for operation in operations),
        served=sum(sample.good for sample in within),
        sampled_every_us=samples.source.every_us,
    )


def _interruptions(within: Sequence[Sample], samples: Samples, began_us: int) -> tuple[Interruption, ...]:
    """Return every run of bad samples as a disruption, the longest that it can have been."""
    early_us, late_us = samples.source.within_us, samples.source.within_us + samples.written_to_us
    found: list[Interruption] = []
    last_good_us: int | None = None
    runs = [(good, list(run)) for good, run in groupby(within, key=lambda sample: sample.good)]
    for number, (good, run) in enumerate(runs):
        if good:
            last_good_us = run[-1].at_us
            continue
        # Without a good sample before it, it may have been disrupted since the observation began.
        begin_us = began_us if last_good_us is None else last_good_us - early_us
        if found and found[-1].restored_us is not None:
            begin_us = max(begin_us, found[-1].restored_us)
        restored_us = runs[number + 1][1][0].at_us + late_us if number + 1 < len(runs) else None
        surely_from_us = run[0].at_us + late_us
        surely_us = (surely_from_us, max(surely_from_us, run[-1].at_us - early_us))
        found.append(Interruption(min(begin_us, run[0].at_us), restored_us, None, surely_us))
    return tuple(found)


def _intervals(
    within: Sequence[Sample], interruptions: Sequence[Interruption], every_us: int, began_us: int, ended_us: int
) -> Iterator[Interval]:
    """Yield the states that cover the observation: what is not disrupted was looked at, or it is unobserved."""
    gap_us = every_us * 3 // 2
    marks = [began_us, *(sample.at_us for sample in within), ended_us]
    gaps = [(a, b) for a, b in pairwise(marks) if b - a > gap_us]
    at_us = began_us
    for interruption in (*interruptions, None):
        to_us = ended_us if interruption is None else interruption.disrupted_us
        yield from _looked(at_us, to_us, gaps)
        if interruption is None:
            return
        at_us = ended_us if interruption.restored_us is None else interruption.restored_us
        yield Interval("disrupted", interruption.disrupted_us, at_us)


def _looked(from_us: int, to_us: int, gaps: Sequence[tuple[int, int]]) -> Iterator[Interval]:
    at_us = from_us
    for begin, end in gaps:
        begin_us, end_us = max(begin, at_us), min(end, to_us)
        if begin_us < end_us:
            if at_us < begin_us:
                yield Interval("available", at_us, begin_us)
            yield Interval("unobserved", begin_us, end_us)
            at_us = end_us
    if at_us < to_us:
        yield Interval("available", at_us, to_us)


def _bins(operations: Sequence[Operation], began_us: int, ended_us: int) -> tuple[Bin, ...]:
    """Return what was offered and acknowledged in each quarter of a second; nothing for an observation of days."""
    count = (ended_us - began_us) // BIN_US + 1
    if not operations or count > MAX_BINS:
        return ()
    offered, acknowledged = [0] * count, [0] * count
    for operation in operations:
        for counts, at_us in (
            (offered, operation.offer.t_us),
            (acknowledged, operation.acknowledged.t_us if operation.acknowledged else None),
        ):
            if at_us is not None and began_us <= at_us <= ended_us:
                counts[(at_us - began_us) // BIN_US] += 1
    return tuple(Bin(*pair) for pair in zip(offered, acknowledged, strict=True))
