"""A figure is never alone: it carries its bound, how many it rests on, its interval, its class and its footnotes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from holdfast.checks.words import duration, money

Unit = Literal["us", "count", "cents"]

# Where evidence comes from, weakest claim first (design section 8); an environment that is not here names itself.
EVIDENCE_CLASSES: Mapping[str, str] = {"range": "range, scaled", "test": "production-like", "production": "live"}

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
    evidence_class: str
    footnotes: tuple[int, ...]
    note: str = ""

    @property
    def shown(self) -> str:
        """The value in words; a dash where there is none."""
        if self.value is None:
            return "–"
        match self.unit:
            case "us":
                return duration(self.value)
            case "cents":
                return money(self.value)
            case "count":
                return f"{self.value:,}"


def evidence_class(environment: str) -> str:
    """Return the class of what was measured in an environment."""
    return EVIDENCE_CLASSES.get(environment, environment)
