"""Important business services: what clients see, the harm of losing it, the five limits, and the modes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from holdfast.model.types.needs import Need
from holdfast.model.types.quantities import Duration, Money

Answer = Literal["settled", "queued", "rejected", "confirmed", "stated", "booked"]
Severity = Literal["minor", "serious", "severe", "intolerable", "systemic"]
Harm = Literal["clients", "participants", "market-integrity", "financial-stability", "safety-and-soundness"]


@dataclass(frozen=True, slots=True)
class Indicator:
    """When clients call a service good, as the participants see it.

    Over ``window_ms``, at least ``participants_ppm`` of the participants that offered work got one of the answers in
    ``answer`` within ``within_ms`` for everything they offered. ``probe`` names who observes it.
    """

    answer: tuple[Answer, ...]
    within_ms: int
    participants_ppm: int
    window_ms: int
    probe: str


@dataclass(frozen=True, slots=True)
class ImpactTolerance:
    """The limit on harm to others: how long, whether the settlement day must complete, and how much of what."""

    duration_ms: int
    end_of_day: bool
    failed_share_ppm: int | None = None
    value: Money | None = None
    volume: int | None = None
    participants: int | None = None


@dataclass(frozen=True, slots=True)
class Impact:
    """One point of the business impact analysis: what ``after_ms`` without the service would mean, in figures."""

    after_ms: int
    severity: Severity
    value: Money | None = None
    participants: int | None = None
    loss: Money | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Importance:
    """Why a service is important: whom its loss harms, and on what that judgement rests."""

    harm: tuple[Harm, ...]
    basis: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A service that was considered as important and rejected, and why."""

    name: str
    title: str
    rejected_because: str


@dataclass(frozen=True, slots=True)
class Peak:
    """Days on which more comes: dates (ISO 8601) and how many times the usual."""

    name: str
    dates: tuple[str, ...]
    factor_ppm: int


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What arrives over the day: (minute of the day, instructions an hour), what it is worth, what can be handled."""

    arrivals_per_h: tuple[tuple[int, int], ...]
    shape: Literal["steps", "linear"]
    capacity_per_h: int
    while_down: Literal["queue", "refuse"]
    value_per_day: Money | None = None
    priority_share_ppm: int | None = None


@dataclass(frozen=True, slots=True)
class Sustain:
    """How long a mode can be kept up, and by what that is limited (the name of a resource)."""

    max_ms: int
    limited_by: str | None


@dataclass(frozen=True, slots=True)
class Mode:
    """A way in which a service can run, best first; ``capacity_ppm`` of the full capacity.

    ``priority_answer`` is what counts as a good answer to a priority instruction in it; empty: as in the indicator.
    """

    name: str
    capacity_ppm: int
    needs: Need
    meets_minimum: bool
    minimum_service: str | None = None
    decision: str | None = None
    sustain: Sustain | None = None
    priority_answer: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """An important business service: what clients see, with its tolerance, objectives and modes.

    ``rides_out_ms`` is up to what interruption it simply goes on; after a longer one ``reestablish`` is added.
    ``indicator`` is ``None`` for a service that nobody measures yet; it can then not be rehearsed.
    """

    name: str
    title: str
    owner: str | None
    impact_tolerance: ImpactTolerance
    rto_ms: int
    rpo_ms: int
    indicator: Indicator | None
    modes: tuple[Mode, ...]
    importance: Importance | None = None
    impact: tuple[Impact, ...] = ()
    peaks: tuple[Peak, ...] = ()
    flow: Arrivals | None = None
    rides_out_ms: int = 60_000
    reestablish: Duration | None = None

    @property
    def measured(self) -> Indicator:
        """The indicator of a service that is rehearsed: the loader refuses a drill of one that nobody measures."""
        if self.indicator is None:
            raise LookupError(self.name)
        return self.indicator

    @property
    def mtpd_ms(self) -> int | None:
        """The maximum tolerable period of disruption: where the impact first is intolerable or worse, if it ever is.

        ISO 22301:2019 8.2.2 d; derived, never typed in.
        """
        beyond = [point.after_ms for point in self.impact if point.severity in {"intolerable", "systemic"}]
        return min(beyond, default=None)
