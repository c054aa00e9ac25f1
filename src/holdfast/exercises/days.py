"""The business days of an exercise, laid on the clock one after the other, each once the one before is complete.

Whether a day is complete is asked of the ledger, in a thread of its own: asking takes as long as the failover does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from holdfast.errors import HoldfastError
from holdfast.evidence.events import DayScheduled, Instant
from holdfast.exercises import business
from holdfast.exercises.business import Operator
from holdfast.exercises.course import Recorder
from holdfast.model.types import Calendar, Scenario
from holdfast.store.clock import now

LOOK_EVERY_S = 1.0
CLOSE_MARGIN_US = 15_000_000  # how long after its deadline a close is still waited for; whether it was late is judged


@dataclass(slots=True)
class Days:
    """The days of one exercise. ``operator`` returns the way in to the range as it is now."""

    recorder: Recorder
    scenario: Scenario
    calendar: Calendar
    operator: Callable[[], Operator]
    laid: list[DayScheduled] = field(default_factory=list)
    complete: int = 0
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _looking: Future[DayScheduled | bool] | None = None
    _look_due_s: float = 0.0

    def begin(self, injection: Instant) -> None:
        """Lay the open day on the clock, so that the injection falls on the scenario's time of day."""
        operator = self.operator()
        day = business.lay_day(self.recorder.exercise, operator.day(), self.scenario, self.calendar, injection)
        operator.set_day(day.day, day.cut_off.utc_us, day.close_by.utc_us)
        self._laid(day)

    def look(self) -> None:
        """Go on: record what the last look found, and begin the next one when it is due. Returns at once."""
        if self._looking is not None:
            if not self._looking.done():
                return
            try:
                found = self._looking.result()
            except HoldfastError:
                # The ledger, or the way in to it, is away for now: that is looked at again.
                found = False
            self._looking = None
            if found:
                self.complete += 1
            if isinstance(found, DayScheduled):
                self._laid(found)
        due = self.laid and self.complete < len(self.laid) and time.monotonic() >= self._look_due_s
        if due and now().mono_us >= self.laid[-1].cut_off.mono_us:
            self._look_due_s = time.monotonic() + LOOK_EVERY_S
            self._looking = self._pool.submit(self._asked)

    @property
    def over(self) -> bool:
        """Whether every day is complete, or the last one that began is well past its deadline."""
        late = bool(self.laid) and now().mono_us > self.laid[-1].close_by.mono_us + CLOSE_MARGIN_US
        return self.complete >= self.scenario.days or (late and self._looking is None)

    def end(self) -> None:
        """Look no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _asked(self) -> DayScheduled | bool:
        """Return whether the day that was laid last is complete, or the next one if it is and another has to follow."""
        operator, last = self.operator(), self.laid[-1]
        if not operator.day_complete(last.day):
            return False
        if len(self.laid) >= self.scenario.days:
            return True
        following = business.following_day(last, self.scenario, self.calendar, now())
        operator.set_day(following.day, following.cut_off.utc_us, following.close_by.utc_us)
        return following

    def _laid(self, day: DayScheduled) -> None:
        self.laid.append(day)
        self.recorder.record(day)
