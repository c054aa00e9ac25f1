"""The drill's calendar: what time of the business day it was, when the day was run faster than a real one."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.checks.words import minute_of_day
from holdfast.measures.judgement import Judgement

_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class DrillCalendar:
    """Maps the exercise's clock to the business day: ``compression`` times faster, meeting it at the cut-off."""

    cut_off_mono_us: int
    cut_off_min: int
    compression: int

    def minute(self, mono_us: int) -> float:
        """Return minutes since midnight, local time."""
        return self.cut_off_min + (mono_us - self.cut_off_mono_us) * self.compression / _MINUTE_US

    def instant(self, minute: float) -> float:
        """Return the clock's µs at a minute of the day."""
        return self.cut_off_mono_us + (minute - self.cut_off_min) * _MINUTE_US / self.compression

    def shown(self, mono_us: int) -> str:
        """Return the time of day as ``15:30``."""
        return minute_of_day(int(self.minute(mono_us) + 1e-6))


def drill_calendar(judgement: Judgement) -> DrillCalendar | None:
    """Return the calendar of an exercise, if a day was laid on its clock."""
    scheduled, declared = judgement.exercise.day, judgement.model.calendar
    if scheduled is None or declared is None:
        return None
    event = scheduled.event
    if event.compression < 1:
        return None
    return DrillCalendar(event.cut_off.mono_us, declared.cut_off_min, event.compression)
