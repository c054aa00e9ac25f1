"""The modes that a drill's service is put in, each when it is due: decided by the role that the model names, then set.

The decision is recorded, durably, before the operator acts on it. Whether the mode then was in force, and from when on,
is not for us to say: the ledger's journal does. Where somebody attends, nothing is set before that role has declared.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from holdfast.errors import HoldfastError
from holdfast.evidence.events import DayScheduled, Instant, ModeDeclared
from holdfast.exercises.business import Operator, instant_of
from holdfast.exercises.course import Course, Recorder
from holdfast.exercises.order import Order
from holdfast.model.deciding import decided
from holdfast.model.types import ModeChange
from holdfast.store.clock import now

TRY_EVERY_S = 0.5


@dataclass(slots=True)
class Modes:
    """What is still to be set in one exercise. ``operator`` returns the way in to the range as it is now."""

    order: Order
    course: Course
    recorder: Recorder
    operator: Callable[[], Operator]
    set_so_far: int = 0
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _setting: Future[None] | None = None
    _decided: bool = False
    _try_at_s: float = 0.0

    def look(self, days: Sequence[DayScheduled]) -> None:
        """Go on: record a decision that is due, have the mode set, and try again what failed. Returns at once."""
        steps = decided(self.order.scenario, self.order.model.services[self.order.scenario.service])
        if self.set_so_far >= len(steps):
            return
        change, by = steps[self.set_so_far][0], steps[self.set_so_far][1] or ""
        if not self._decided:
            said = self._said(change, by, [role for _, role in steps[: self.set_so_far]], days)
            if said is None:
                return
            self.recorder.record(ModeDeclared(self.course.exercise, change.mode, by, said[1], said[0]))
            self._decided = True
        if self._setting is not None and self._setting.done():
            failed, self._setting = self._setting.exception(), None
            if failed is None:
                self.set_so_far, self._decided = self.set_so_far + 1, False
                return
            if not isinstance(failed, HoldfastError):
                raise failed
            self._try_at_s = time.monotonic() + TRY_EVERY_S
        if self._setting is None and time.monotonic() >= self._try_at_s:
            reason = f"decided by {by}, drill {self.course.exercise}"
            self._setting = self._pool.submit(lambda: self.operator().set_mode(change.mode, reason))

    def end(self) -> None:
        """Set nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _said(
        self, change: ModeChange, by: str, before: Sequence[str | None], days: Sequence[DayScheduled]
    ) -> tuple[Instant, bool] | None:
        """Return when a mode was decided and whether that is simulated, ``None`` while it is not.

        A person's declarations are taken in their order: a role that decides twice declares twice.
        """
        scenario, calendar = self.order.scenario, self.order.model.calendar
        if self.order.attended:
            taken = before.count(by) + (scenario.declaration is not None and scenario.declaration.by == by)
            spoken = [each for each in self.course.declarations if each.by == by and not each.simulated]
            return (spoken[taken].occurred, False) if len(spoken) > taken else None
        if calendar is None or len(days) < change.day:
            return None
        due = instant_of(days[change.day - 1], scenario, calendar, change.at_min)
        return (now(), True) if now().mono_us >= due.mono_us else None
