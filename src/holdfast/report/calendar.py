"""The drill's calendar: what time of the business day it was, when the day was run faster than a real one."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.checks.words import minute_of_day
from holdfast.measures.judgement import Judgement

_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the run on one business day: from when on, and one instant of it whose minute of the day is known."""

    from_us: int | None  # None: from the beginning
    known_us: int
    known_min: int


@dataclass(frozen=True, slots=True)
class DrillCalendar:
    """Maps the exercise's clock to the business day, or several: ``compression`` times faster."""

    stretches: tuple[Stretch, ...]
    compression: int

    def minute(self, mono_us: int) -> float:
        """Return minutes since midnight, local time, of the day that it was."""
        day = next(s for s in reversed(self.stretches) if s.from_us is None or s.from_us <= mono_us)
        return day.known_min + (mono_us - day.known_us) * self.compression / _MINUTE_US

    def ticks(self, from_us: int, to_us: int, step_min: int) -> tuple[int, ...]:
        """Return the clock's µs at every so many minutes of each day, from one instant to another."""
        found: list[int] = []
        ends = (*(s.from_us for s in self.stretches[1:] if s.from_us is not None), to_us)
        for day, end_us in zip(self.stretches, ends, strict=True):
            begin_us = from_us if day.from_us is None else max(from_us, day.from_us)
            minute = -(-int(self._minute_on(day, begin_us)) // step_min) * step_min
            while (at_us := day.known_us + (minute - day.known_min) * _MINUTE_US // self.compression) < end_us:
                found += [at_us] if at_us > begin_us or day.from_us is not None else []
                minute += step_min
        return tuple(found)

    def shown(self, mono_us: int) -> str:
        """Return the time of day as ``15:30``."""
        return minute_of_day(int(self.minute(mono_us) + 1e-6))

    def _minute_on(self, day: Stretch, mono_us: int) -> float:
        return day.known_min + (mono_us - day.known_us) * self.compression / _MINUTE_US


def drill_calendar(judgement: Judgement) -> DrillCalendar | None:
    """Return the calendar of an exercise, if a day was laid on its clock."""
    laid, declared = judgement.exercise.days, judgement.model.calendar
    # An observed day is on the clock on the wall: it has no calendar of its own.
    if not laid or declared is None or judgement.case.imported is not None:
        return None
    compression = laid[0].event.compression
    if compression < 1 or any(day.event.opens is None for day in laid[1:]):
        return None
    first = Stretch(None, laid[0].event.cut_off.mono_us, declared.cut_off_min)
    later = (day.event.opens.mono_us for day in laid[1:] if day.event.opens is not None)
    return DrillCalendar((first, *(Stretch(at_us, at_us, declared.open_min) for at_us in later)), compression)
