"""Where evidence comes from, in five classes: what may be concluded from a figure depends on it, whatever it says.

Seconds on the range never show that an objective of hours is met, and a tabletop never proves a recovery time: people,
reconnection and the volume of data were assumed. So only two of the five prove an objective.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

EvidenceClass = Literal["discussion", "simulated", "range, scaled", "production-like", "live"]

CLASSES: tuple[EvidenceClass, ...] = get_args(EvidenceClass)
"""Weakest first."""

PROVING: frozenset[EvidenceClass] = frozenset({"production-like", "live"})
"""Of which class evidence must be to show that an objective of the institution is met."""

_DISCUSSED: Mapping[str, EvidenceClass] = {
    "walkthrough": "discussion",
    "tabletop": "discussion",
    "simulation": "simulated",
}
_RUN: Mapping[str, EvidenceClass] = {"range": "range, scaled", "test": "production-like", "production": "live"}


def class_of(environment: str, exercise_type: str) -> EvidenceClass:
    """Return the class of what an exercise of this type showed in this environment.

    What was only talked through or simulated is of that class wherever it was held. An environment that this version
    does not know gives the weakest: nothing is claimed for it.
    """
    return _DISCUSSED.get(exercise_type) or _RUN.get(environment, "discussion")


def strength(given: EvidenceClass) -> int:
    """Return how strong evidence of a class is, from 0: more shows more."""
    return CLASSES.index(given)
