"""A figure is never alone: it carries its bound, how many it rests on, its interval, its class and its footnotes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from holdfast.checks.words import duration, money
from holdfast.evidence.classes import EvidenceClass, class_of
from holdfast.evidence.events import ExerciseOpened

Unit = Literal["us", "count", "cents"]

ONE_RUN = "one run"
ALL_COUNTED = "all were counted"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. ``value`` is ``None`` when it could not be measured, and then ``note`` says why.

    ``n`` is how many observations it rests on, ``interval`` the uncertainty in ``unit`` or ``None``, and
    ``no_interval`` why there is none. ``formula`` is what was subtracted or counted.
    """

    name: str
    label: str
    value: int | None
    unit: Unit
    formula: str
    bound: str | None
    n: int
    interval: tuple[int, int] | None
    no_interval: str
    evidence_class: EvidenceClass
    footnotes: tuple[int, ...]
    note: str = ""

    @property
    def shown(self) -> str:
        """The value in words; a dash where there is none."""
        return "–" if self.value is None else self._in_words(self.value)

    @property
    def interval_shown(self) -> str:
        """The interval in words; nothing where there is none."""
        return "" if self.interval is None else " to ".join(self._in_words(end) for end in self.interval)

    def _in_words(self, value: int) -> str:
        match self.unit:
            case "us":
                return duration(value)
            case "cents":
                return money(value)
            case "count":
                return f"{value:,}"


def evidence_class(opened: ExerciseOpened) -> EvidenceClass:
    """Return the class of what an exercise measured."""
    return class_of(opened.environment, opened.exercise_type)
