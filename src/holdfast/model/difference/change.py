"""What a change of a model is: what was one way and is another, which way that leans, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from holdfast.errors import Place

Weight = Literal["critical", "high", "medium", "low"]
WEIGHTS: tuple[Weight, ...] = ("critical", "high", "medium", "low")

Effect = Literal["weaker", "stronger", "other"]
"""Whether less is promised, protected or spare than before, or more, or whether that cannot be said."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change: ``subject`` is the declared thing, ``what`` the change in words, ``means`` what follows from it.

    ``approval`` is the subject that a body has to approve, or approve again. ``place`` is where the new declaration
    stands; of what was ``removed``, where the old one stood.
    """

    subject: str
    what: str
    weight: Weight
    effect: Effect
    place: Place
    means: tuple[str, ...] = ()
    approval: str | None = None
    removed: bool = False

    def __str__(self) -> str:
        """Return it in one sentence: ``gross-settlement: RTO 2h → 1h, stricter; 3 strategies …``."""
        return f"{self.subject}: {'; '.join((self.what, *self.means))}"


def lighter(weight: Weight) -> Weight:
    """Return the weight one step below."""
    return WEIGHTS[min(WEIGHTS.index(weight) + 1, len(WEIGHTS) - 1)]
