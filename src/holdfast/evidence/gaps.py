"""What people do about a gap: who closes it until when, to whom it was taken, what is to be said of it.

They are kinds of events like the others, and stand with them in ``holdfast.evidence.events.KINDS``. That there is a gap
is no event: it follows from a verdict. Nor is there one that closes a gap: only a later exercise does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

GapSeverity = Literal["critical", "high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class GapAssigned:
    """Who answers for a gap, until when, how severe it is and what caused it; what is left out stays as it was.

    ``gap`` is its id, ``owner`` the name of a role, ``due`` a date (ISO 8601). ``why`` is the reason for a severity
    other than the rule gives, and for a later date than before.
    """

    gap: str
    owner: str | None = None
    due: str | None = None
    severity: GapSeverity | None = None
    cause: str | None = None
    why: str | None = None
    by: str | None = None  # the name of a role, or the salted digest of a person


@dataclass(frozen=True, slots=True)
class GapEscalated:
    """A gap was taken to somebody above its owner: ``to`` is the name of a role."""

    gap: str
    to: str
    why: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class GapNoted:
    """Something is to be said of a gap, in words."""

    gap: str
    text: str
    by: str | None = None
