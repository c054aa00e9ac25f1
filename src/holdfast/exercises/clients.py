"""What clients see while it happens: the indicator over the participants' records as they are being written.

The same reading as the judge's (``holdfast.state.service``), made step by step: a window begins with each offer and is
decided when enough of its answers are known. It decides when to go on and when to abort, and fills the live screen. No
verdict rests on it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from holdfast.connectors.records import Tails
from holdfast.model.types import Indicator

SECOND_US = 1_000_000
KEPT_OFFERS = 200_000
ALARMS = "alarms.ndjson"
DEFINITE = frozenset({"settled", "queued", "rejected"})
PAYMENT_WITHIN_MS, PAYMENT_WINDOW_MS = 2_000, 3_000
"""What is looked at where the service has no answers of its own: its minute would be a minute of arming."""


@dataclass(slots=True)
class _Offer:
    bank: str
    at_us: int
    good: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What clients see: offers and answers of the last second, and since when the service is disrupted, if it is."""

    offered_per_s: int
    answered_per_s: int
    disrupted_us: int | None
    steady_since_us: int | None  # beginning of the unbroken run of good windows
    decided_until_us: int  # up to where this is known: the end of the last window that is decided
    outage_us: int  # of the latest disruption, to its end or until now
    offered: int
    answered: int

    @property
    def state(self) -> Literal["available", "disrupted"]:
        """The service as far as it is known."""
        return "available" if self.disrupted_us is None else "disrupted"

    def steady_us(self) -> int:
        """Return for how long every window was good, up to where it is known."""
        return 0 if self.steady_since_us is None else self.decided_until_us - self.steady_since_us


@dataclass(slots=True)
class Clients:
    """Follows the records of all participants; ``look`` reads what is new and returns the view."""

    directory: Path
    indicator: Indicator
    _tails: Tails = field(init=False)
    _good: frozenset[str] = field(init=False)
    _open: dict[str, _Offer] = field(default_factory=dict)
    _offers: deque[_Offer] = field(default_factory=deque)
    _recent_offers: deque[int] = field(default_factory=deque)
    _recent_answers: deque[int] = field(default_factory=deque)
    _disrupted_us: int | None = None
    _last_outage: tuple[int, int] | None = None
    _steady_since_us: int | None = None
    _decided_until_us: int = 0
    _offered: int = 0
    _answered: int = 0

    def __post_init__(self) -> None:
        """Follow every record but the alarms. Messages and statements are for the judge: here payments are followed."""
        self._good = DEFINITE & frozenset(self.indicator.answer)
        if not self._good:
            self._good = DEFINITE
            self.indicator = replace(self.indicator, within_ms=PAYMENT_WITHIN_MS, window_ms=PAYMENT_WINDOW_MS)
        self._tails = Tails(self.directory, frozenset({ALARMS}))

    def look(self, now_us: int) -> View:
        """Return what clients see at ``now_us`` (monotonic microseconds of the clock that the records are on)."""
        fresh = []
        for bank, row in self._tails.rows():
            at_us, key = row.get("t_us"), row.get("key")
            if not isinstance(at_us, int) or not isinstance(key, str):
                continue
            if row.get("op") == "offer":
                offer = self._open[key] = _Offer(bank, at_us)
                fresh.append(offer)
                self._recent_offers.append(at_us)
            elif row.get("op") in {"answer", "update"} and row.get("status") in self._good:
                self._answer(key, at_us)
        fresh.sort(key=lambda offer: offer.at_us)
        self._offers.extend(fresh)
        self._offered += len(fresh)
        self._decide(now_us)
        for recent in (self._recent_offers, self._recent_answers):
            while recent and recent[0] < now_us - 2 * SECOND_US:
                recent.popleft()
        while len(self._offers) > KEPT_OFFERS:
            self._offers.popleft()
        return self._view(now_us)

    def _answer(self, key: str, at_us: int) -> None:
        offer = self._open.pop(key, None)
        if offer is not None:
            offer.good = at_us - offer.at_us <= self.indicator.within_ms * 1000
            self._answered += 1
            self._recent_answers.append(at_us)

    def _decide(self, now_us: int) -> None:
        """Go through the windows that are decided by now, from where the last look stopped."""
        while self._offers:
            first = self._offers[0]
            good, failing = self._window(first.at_us, now_us)
            if good is None:
                return
            self._offers.popleft()
            if first.at_us > self._decided_until_us:
                # Nobody asked for anything in between: nothing shows that the service was there.
                self._steady_since_us = None
            self._decided_until_us = first.at_us + self.indicator.window_ms * 1000
            if good:
                if self._disrupted_us is not None:
                    self._last_outage = (self._disrupted_us, first.at_us)
                    self._disrupted_us = None
                if self._steady_since_us is None:
                    self._steady_since_us = first.at_us
            else:
                self._steady_since_us = None
                if self._disrupted_us is None and failing and not first.good:
                    self._disrupted_us = first.at_us

    def _window(self, start_us: int, now_us: int) -> tuple[bool | None, bool]:
        """Return whether the window from ``start_us`` is good (``None``: not known yet), and if anybody fails in it."""
        end_us, due_us = start_us + self.indicator.window_ms * 1000, now_us - self.indicator.within_ms * 1000
        present, failing, waiting = set(), set(), now_us < end_us
        for offer in self._offers:
            if offer.at_us >= end_us:
                break
            present.add(offer.bank)
            if not offer.good:
                if offer.at_us <= due_us:
                    failing.add(offer.bank)
                else:
                    waiting = True
        if (len(present) - len(failing)) * 1_000_000 < self.indicator.participants_ppm * len(present):
            return False, True
        return (None if waiting else True), bool(failing)

    def _view(self, now_us: int) -> View:
        since_us = now_us - SECOND_US
        outage = 0
        if self._disrupted_us is not None:
            outage = now_us - self._disrupted_us
        elif self._last_outage is not None:
            outage = self._last_outage[1] - self._last_outage[0]
        return View(
            offered_per_s=sum(1 for at_us in self._recent_offers if since_us <= at_us <= now_us),
            answered_per_s=sum(1 for at_us in self._recent_answers if since_us <= at_us <= now_us),
            disrupted_us=self._disrupted_us,
            steady_since_us=self._steady_since_us,
            decided_until_us=self._decided_until_us,
            outage_us=outage,
            offered=self._offered,
            answered=self._answered,
        )
