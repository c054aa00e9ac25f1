"""What a check is given and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from holdfast.checks.words import duration
from holdfast.evidence.observed import RecordKind
from holdfast.model.types import Expected, Scenario, Service
from holdfast.state.exercise import Exercise, FaultRecord
from holdfast.state.history import ALARMS, LEDGER, RECORDS, History, Operation
from holdfast.state.observed.record import Observed
from holdfast.state.observed.rows import Line
from holdfast.state.service import Interruption, NoTimeline, Timeline

Answer = Literal["held", "broken", "unknown"]
_SEVERITY: Mapping[Answer, int] = {"held": 0, "unknown": 1, "broken": 2}
_RECORDS_OF: Mapping[str, tuple[RecordKind, ...]] = {
    RECORDS: ("availability", "participant"),
    LEDGER: ("settlement", "positions"),
    ALARMS: ("timeline",),
}


@dataclass(frozen=True)
class Case:
    """One exercise with everything that a check may read: the log's fold, its histories and what was declared.

    ``imported`` is the record of one that ran with the institution's own tools, and was observed.
    """

    exercise: Exercise
    history: History
    scenario: Scenario
    service: Service
    timeline: Timeline | NoTimeline
    imported: Observed | None = None

    def cite(self, *names: str) -> tuple[int, ...]:
        """Return the entries that committed the attachments (or noted their absence) whose names begin so."""
        attached = [recorded.seq for name, recorded in self.exercise.evidence.items() if name.startswith(names)]
        absent = [recorded.seq for name, recorded in self.exercise.gaps.items() if name.startswith(names)]
        observation = self.exercise.observation
        if observation is not None:
            kinds = [kind for name in names for kind in _RECORDS_OF.get(name, ())]
            attached = [source.seq for source in observation.sources if source.event.record in kinds]
            absent = [recorded.seq for name, recorded in self.exercise.gaps.items() if name in kinds]
        return tuple(sorted((*attached, *absent)))

    def lines_of(self, line: Line | None) -> tuple[int, ...]:
        """Return the entry that holds a line of an imported timeline."""
        observation = self.exercise.observation
        if line is None or observation is None:
            return ()
        known = ((each.event.source, each.event.line, each.seq) for each in observation.lines)
        return tuple(seq for source, number, seq in known if (source, number) == (line.source, line.number))

    @cached_property
    def effective(self) -> tuple[FaultRecord, ...]:
        """The faults that were shown to have taken effect, by when they were injected."""
        shown = [fault for fault in self.exercise.faults if fault.effect]
        return tuple(sorted(shown, key=lambda fault: fault.effect.event.injected.mono_us if fault.effect else 0))

    @cached_property
    def injected_us(self) -> int | None:
        """When the first fault that took effect was injected, on its clock; where it was observed, when it began."""
        if self.imported is not None:
            line = self.imported.milestone("occurred")
            seen = self.timeline.interruptions if isinstance(self.timeline, Timeline) else ()
            return line.at_us if line else min((each.disrupted_us for each in seen), default=None)
        effect = self.effective[0].effect if self.effective else None
        return effect.event.injected.mono_us if effect else None

    @cached_property
    def observed(self) -> Timeline | NoTimeline:
        """The service's timeline if it is on the clock of the faults, for durations exist on one clock only."""
        if isinstance(self.timeline, NoTimeline) or self.imported is not None:
            return self.timeline
        if not self.effective:
            return NoTimeline("no fault was shown to have taken effect")
        clocks = {fault.effect.event.injected.clock_id for fault in self.effective if fault.effect}
        if clocks != {self.timeline.clock_id}:
            return NoTimeline("the faults and the participants' records are on different clocks")
        return self.timeline

    @cached_property
    def interruptions(self) -> tuple[Interruption, ...]:
        """The disruptions that count: those that lasted into the time after the first injection."""
        if self.imported is not None and isinstance(self.observed, Timeline):
            return self.observed.interruptions
        if isinstance(self.observed, NoTimeline) or self.injected_us is None:
            return ()
        since = self.injected_us
        return tuple(i for i in self.observed.interruptions if i.restored_us is None or i.restored_us > since)

    @cached_property
    def unwatched(self) -> str | None:
        """Why nobody can say how the service was after the injection, ``None`` when clients offered work throughout.

        Where nothing is offered, nothing fails: silence of the clients is not a service that held.
        """
        seen, since = self.observed, self.injected_us
        if self.imported is not None and isinstance(seen, Timeline):
            return self._unsampled(seen)
        if isinstance(seen, NoTimeline) or since is None:
            return None
        indicator = self.service.measured
        if seen.last_offer_us < since + (indicator.window_ms + indicator.within_ms) * 1_000:
            return "nothing was offered for long enough after the injection"
        gaps = [i for i in seen.intervals if i.state == "unobserved" and since < i.end_us <= seen.last_offer_us]
        if gaps:
            return f"nothing was offered for {(gaps[0].end_us - gaps[0].start_us) / 1e6:.1f} s after the injection"
        return None

    def _unsampled(self, seen: Timeline) -> str | None:
        """Return where nobody looked while the service was observed: such time is unknown, never good."""
        gaps = [i.end_us - i.start_us for i in seen.intervals if i.state == "unobserved"]
        if not gaps:
            return None
        what = "sample" if seen.sampled_every_us else "offer"
        times = f", the longest of {len(gaps)} such gaps" if len(gaps) > 1 else ""
        return f"for {duration(max(gaps))} there is no {what}{times}"

    def extent(self, interruption: Interruption) -> str:
        """Return in words how long a disruption lasted: two bounds where it was sampled."""
        longest, surely = duration(self.lasted_us(interruption)), interruption.surely_us
        if interruption.restored_us is None:
            return f"more than {longest if surely is None else duration(surely[1] - surely[0])}"
        return longest if surely is None else f"{duration(surely[1] - surely[0])} to {longest}"

    @cached_property
    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """Every instruction that a participant offered, by participant and key."""
        records = self.history.records.values()
        return {(o.bank, o.offer.key): o for record in records for o in record.operations}

    def lasted_us(self, interruption: Interruption) -> int:
        """Return how long a disruption lasted, or was seen to last when the observation ended before it did."""
        last = self.observed.last_offer_us if isinstance(self.observed, Timeline) else interruption.disrupted_us
        return (last if interruption.restored_us is None else interruption.restored_us) - interruption.disrupted_us


@dataclass(frozen=True, slots=True)
class Said:
    """What a check found: its answer, what was measured, in a manager's words why, and on which entries it rests."""

    answer: Answer
    measured: str
    explanation: str
    evidence: tuple[int, ...] = ()
    bound: str | None = None  # where it is more than the check's own


def without_ledger(case: Case) -> Said:
    """Return the answer of every check that cannot do without the ledger."""
    text = f"What the ledger holds is not known: {case.history.why(LEDGER)}."
    return Said("unknown", "not measured", text, case.cite(LEDGER))


@dataclass(frozen=True, slots=True)
class Check:
    """A question to the record: the objective it is about, the bound, and the pure function that answers."""

    objective: str
    bound: Callable[[Case], str]
    ask: Callable[[Case], Said]
    declared_bound: bool = False  # the bound is an objective of the model, which a body must approve


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of one check to one exercise, beside what the scenario expected of it."""

    check: str
    answer: Answer
    expected: Expected
    objective: str
    measured: str
    bound: str
    evidence: tuple[int, ...]
    explanation: str
    declared_bound: bool = False

    @property
    def as_expected(self) -> bool:
        """Whether the answer is the one that was expected: a column of its own, which changes no answer."""
        return self.answer == self.expected


def worst(answers: tuple[Answer, ...]) -> Answer:
    """Return the worst answer, broken > unknown > held; nothing asked is unknown."""
    return max(answers, key=_SEVERITY.__getitem__, default="unknown")
