"""Third parties and FMIs: contract, continuity records, substitutes, exit, and whom they themselves rely on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from holdfast.model.types.quantities import Duration

# DORA register of information, template B_07.01, "substitutability of the ICT third-party service provider".
Substitutability = Literal["not-substitutable", "highly-complex", "medium-complexity", "easily-substitutable"]
# The same template, "possibility of reintegration of the contracted ICT service".
Reintegration = Literal["highly-complex", "difficult", "easy"]


@dataclass(frozen=True, slots=True)
class Contract:
    """A contractual arrangement; dates are ISO 8601, ``notice_ms`` is how long notice runs."""

    reference: str
    starts: str | None
    ends: str | None
    notice_ms: int | None
    critical: bool
    audited: str | None = None
    reintegration: Reintegration | None = None


@dataclass(frozen=True, slots=True)
class Continuity:
    """What the supplier has shown of its own continuity: plan seen, test seen, its RTO, tested together with us."""

    plan_seen: str | None
    tested: str | None
    tested_with_us: str | None
    rto_ms: int | None


@dataclass(frozen=True, slots=True)
class Exit:
    """How the institution would leave: plan seen, tried, and how long leaving takes."""

    plan_seen: str | None
    tested: str | None
    takes: Duration | None


@dataclass(frozen=True, slots=True)
class Supplier:
    """What is declared of a third party or FMI. ``subcontracts`` are other third parties (nth parties)."""

    contract: Contract | None = None
    continuity: Continuity | None = None
    substitutability: Substitutability | None = None
    substitute: str | None = None
    substitute_takes: Duration | None = None
    exit: Exit | None = None
    subcontracts: tuple[str, ...] = ()
