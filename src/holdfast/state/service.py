"""The service as its clients saw it: available, degraded or disrupted, from the participants' own records alone.

The indicator is read over windows that begin with an offer. A window is *good* when at least the declared share of the
participants that offered work in it got, for everything they offered in it, one of the good answers in time. From this:

- the service is **disrupted** from the first offer that was not served and whose window is not good;
- it is **restored** with the first offer after that whose window is good: the recovery time ends where that window
  begins, not where it ends and not at a single acknowledgement;
- it is **degraded** while it is not disrupted, from an offer that was not served until a window without one begins;
- where nothing was offered for longer than a window, and it was not disrupted, it is **unobserved**.

In a lesser mode (``holdfast.state.modes``) a service that meets its indicator is *degraded*, and what is a good answer
to a priority instruction is what the mode says: *queued* may be enough for the others and not for these, unless it was
the sender who could not pay.

A window that reaches beyond the last offer, or in which answers were still due when the record ended, can disrupt by
what is known of it, but never restores. All times are microseconds on one clock: records on different clocks are no
timeline.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from holdfast.model.types import Indicator
from holdfast.state.history import History, Operation
from holdfast.state.modes import Lesser
from holdfast.state.received import through

BIN_US = 250_000
# Longer observations are drawn coarser by whoever draws them; this bounds what a hostile record can make us allocate.
MAX_BINS = 400_000

State = Literal["available", "degraded", "disrupted", "unobserved"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of one state, from ``start_us`` to before ``end_us``."""

    state: State
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class Interruption:
    """A disruption: ``restored_us`` and ``full_us`` are ``None`` when the observation ended before them.

    ``disrupted_us`` is when the first instruction that was not served was offered, ``restored_us`` where the first
    good window begins (minimum service), ``full_us`` where the first window without any unserved offer begins. Where
    only samples tell of it, these are the longest that it can have lasted, and ``surely_us`` from when to when it was
    disrupted for certain.
    """

    disrupted_us: int
    restored_us: int | None
    full_us: int | None
    surely_us: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    """What happened in a quarter of a second: instructions offered, and first definite answers got."""

    offered: int
    acknowledged: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The service over the observation from ``start_us`` to ``end_us`` (the last offer, and the last line).

    ``sampled_every_us`` is for one that rests on samples, which are then what is ``offered``, good ones ``served``.
    """

    clock_id: str
    utc_minus_mono_us: int
    start_us: int
    last_offer_us: int
    end_us: int
    interruptions: tuple[Interruption, ...]
    intervals: tuple[Interval, ...]
    participants: Mapping[str, tuple[Interruption, ...]]
    bins: tuple[Bin, ...]  # from start_us, BIN_US each
    offered: int
    acknowledged: int
    served: int  # of these, with a good answer in time
    sampled_every_us: int | None = None


@dataclass(frozen=True, slots=True)
class NoTimeline:
    """There is no timeline, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class _Offer:
    """An offer as the indicator sees it: served, not served, or (``None``) its answer still due at the end.

    ``full``: it was offered in the service's first mode.
    """

    at_us: int
    bank: str
    served: bool | None
    full: bool = True


def observe(history: History, indicator: Indicator, modes: Sequence[Lesser] | str = ()) -> Timeline | NoTimeline:
    """Return the timeline of a service, or why there is none: a record missing, no offers, more than one clock.

    ``modes`` are the stretches of its lesser modes, or why they are not known.
    """
    if isinstance(modes, str):
        return NoTimeline(modes)
    history = through(history, indicator.answer)
    why = history.why("records/")
    if why:
        return NoTimeline(f"participants' records cannot be relied on: {why}")
    clocks = {record.clock.clock_id for record in history.records.values()}
    if len(clocks) != 1:
        return NoTimeline(f"the participants' records are on {len(clocks)} different clocks")
    operations = [operation for record in history.records.values() for operation in record.operations]
    if not operations:
        return NoTimeline("no participant offered anything")
    records = list(history.records.values())
    start_us = min(operation.offer.t_us for operation in operations)
    end_us = max(record.last_us for record in records)
    if end_us - start_us > MAX_BINS * BIN_US:
        return NoTimeline(f"the records span {(end_us - start_us) // 1_000_000:,} s, more than one exercise can")
    ahead_us = min(record.clock.utc_us - record.clock.mono_us for record in records)
    offers = [_seen(operation, indicator, end_us, in_mode(operation, modes, ahead_us)) for operation in operations]
    offers.sort(key=lambda offer: (offer.at_us, offer.bank))
    last_offer_us = offers[-1].at_us
    changes = _states(offers, indicator, last_offer_us)
    by_bank: dict[str, list[_Offer]] = defaultdict(list)
    for offer in offers:
        by_bank[offer.bank].append(offer)
    return Timeline(
        clock_id=clocks.pop(),
        utc_minus_mono_us=ahead_us,
        start_us=start_us,
        last_offer_us=last_offer_us,
        end_us=end_us,
        interruptions=_interruptions(changes),
        intervals=_with_silence(_intervals(changes, start_us, last_offer_us), offers, indicator),
        participants={
            bank: _interruptions(_states(by_bank[bank], indicator, last_offer_us)) for bank in sorted(history.records)
        },
        bins=_bins(operations, start_us, end_us),
        offered=len(offers),
        acknowledged=sum(operation.acknowledged is not None for operation in operations),
        served=sum(offer.served is True for offer in offers),
    )


def in_mode(operation: Operation, modes: Sequence[Lesser], utc_minus_mono_us: int) -> Lesser | None:
    """Return the lesser mode in which an instruction was offered, ``None`` for the service's first."""
    return next((mode for mode in modes if mode.covers(operation.offer.t_us + utc_minus_mono_us)), None)


def served_in_time(operation: Operation, indicator: Indicator, mode: Lesser | None) -> bool:
    """Return whether an offer got one of the good answers, first hand or as an update, in time."""
    good = indicator.answer
    if mode is not None and operation.offer.priority == "priority" and operation.offer.key not in mode.unfunded:
        good = mode.priority_answer or good
    due_us = operation.offer.t_us + indicator.within_ms * 1_000
    said = [(a.t_us, a.status) for a in operation.answers] + [(u.t_us, u.status) for u in operation.updates]
    return any(t_us <= due_us and status in good for t_us, status in said)


def _seen(operation: Operation, indicator: Indicator, end_us: int, mode: Lesser | None) -> _Offer:
    """Return an offer as the indicator sees it."""
    served = True if served_in_time(operation, indicator, mode) else None
    if served is None and operation.offer.t_us + indicator.within_ms * 1_000 <= end_us:
        served = False
    return _Offer(operation.offer.t_us, operation.bank, served, mode is None)


class _Windows:
    """Every window that begins with an offer: whether it is good, in one pass over the offers."""

    def __init__(self, offers: Sequence[_Offer], indicator: Indicator, last_offer_us: int) -> None:
        self.starts = sorted({offer.at_us for offer in offers})
        self.good: dict[int, bool | None] = {}
        self.spotless: dict[int, bool | None] = {}
        self._present: Counter[str] = Counter()
        self._unserved: Counter[str] = Counter()
        self._due = self._lesser = 0
        length_us = indicator.window_ms * 1_000
        times = [offer.at_us for offer in offers]
        begin = end = 0
        for start_us in self.starts:
            reach, gone = bisect_left(times, start_us + length_us), bisect_left(times, start_us)
            self._count(offers[end:reach], 1)
            self._count(offers[begin:gone], -1)
            begin, end = gone, reach
            offering, failing = len(self._present), len(self._unserved)
            enough = (offering - failing) * 1_000_000 >= indicator.participants_ppm * offering
            decided = self._due == 0 and start_us + length_us <= last_offer_us
            self.good[start_us] = False if not enough else (True if decided else None)
            self.spotless[start_us] = False if failing or self._lesser else (True if decided else None)

    def _count(self, offers: Iterable[_Offer], by: int) -> None:
        """Let offers into the window, or out of it."""
        for offer in offers:
            self._due += by * (offer.served is None)
            self._lesser += by * (not offer.full)
            self._present[offer.bank] += by
            self._unserved[offer.bank] += by * (offer.served is False)
            for counts in (self._present, self._unserved):
                if not counts[offer.bank]:
                    del counts[offer.bank]


def _states(offers: Sequence[_Offer], indicator: Indicator, last_offer_us: int) -> tuple[tuple[int, State], ...]:
    """Return when the service changed its state, and to what; it is available until something says otherwise."""
    windows = _Windows(offers, indicator, last_offer_us)
    unserved = {offer.at_us for offer in offers if offer.served is False}
    lesser = {offer.at_us for offer in offers if not offer.full}
    changes: list[tuple[int, State]] = []
    state: State = "available"
    for start_us in windows.starts:
        before = state
        if state == "disrupted":
            if windows.good[start_us]:
                state = "available" if windows.spotless[start_us] else "degraded"
        elif start_us in unserved:
            state = "disrupted" if windows.good[start_us] is False else "degraded"
        elif start_us in lesser:
            state = "degraded"
        elif windows.spotless[start_us]:
            state = "available"
        if state != before:
            changes.append((start_us, state))
    return tuple(changes)


def _interruptions(changes: Sequence[tuple[int, State]]) -> tuple[Interruption, ...]:
    """Return every disruption, in order; the next one ends the wait for full service."""
    found: list[Interruption] = []
    for at_us, state in changes:
        if state == "disrupted":
            found.append(Interruption(at_us, None, None))
            continue
        if found and found[-1].restored_us is None:
            found[-1] = replace(found[-1], restored_us=at_us)
        if found and found[-1].full_us is None and state == "available":
            found[-1] = replace(found[-1], full_us=at_us)
    return tuple(found)


def _intervals(changes: Sequence[tuple[int, State]], start_us: int, end_us: int) -> tuple[Interval, ...]:
    """Return the stretches of one state that cover the observation; one of no length is left out."""
    marks: list[tuple[int, State]] = [(start_us, "available"), *changes, (end_us, "available")]
    return tuple(Interval(state, from_us, to_us) for (from_us, state), (to_us, _) in pairwise(marks) if from_us < to_us)


def _with_silence(
    intervals: Sequence[Interval], offers: Sequence[_Offer], indicator: Indicator
) -> tuple[Interval, ...]:
    """Return the intervals with what nobody looked at cut out: nothing offered for longer than a window.

    A disruption goes on through it, for nothing showed its end.
    """
    times = [offer.at_us for offer in offers]
    silent = [(a, b) for a, b in pairwise(times) if b - a > indicator.window_ms * 1_000]
    found: list[Interval] = []
    for interval in intervals:
        at_us = interval.start_us
        for begin_us, end_us in silent if interval.state != "disrupted" else ():
            begin_us, end_us = max(begin_us, at_us), min(end_us, interval.end_us)  # noqa: PLW2901
            if begin_us < end_us:
                found += [Interval(interval.state, at_us, begin_us), Interval("unobserved", begin_us, end_us)]
                at_us = end_us
        found.append(Interval(interval.state, at_us, interval.end_us))
    return tuple(interval for interval in found if interval.start_us < interval.end_us)


def _bins(operations: Iterable[Operation], start_us: int, end_us: int) -> tuple[Bin, ...]:
    """Return what was offered and acknowledged in each quarter of a second."""
    count = (end_us - start_us) // BIN_US + 1
    offered, acknowledged = [0] * count, [0] * count
    for operation in operations:
        offered[(operation.offer.t_us - start_us) // BIN_US] += 1
        if operation.acknowledged is not None:
            acknowledged[(operation.acknowledged.t_us - start_us) // BIN_US] += 1
    return tuple(Bin(*pair) for pair in zip(offered, acknowledged, strict=True))
