"""In which modes a service was, and from when to when: read from the ledger's own journal, never from who set them.

A mode is in force from the moment that the ledger wrote down until the next one. What the ledger says nothing of is the
first mode that the service declares: settlement begins in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from holdfast.model.types import Answer, Scenario, Service
from holdfast.state.funding import unfunded
from holdfast.state.history import LEDGER, History, Ledger
from holdfast.state.rows import Whole


@dataclass(frozen=True, slots=True)
class ModeSet:
    """A line of the ledger's journal: from ``at_utc_us`` and line ``seq`` on this mode was in force."""

    mode: str
    at_utc_us: int
    seq: int


@dataclass(frozen=True, slots=True)
class Lesser:
    """A stretch, UTC microseconds, in which a mode was in force that is not the service's first.

    ``until_utc_us`` is ``None`` where it still was at the end. ``priority_answer`` as in ``Mode``; ``unfunded`` are the
    priority instructions that had to wait because their sender could not pay them.
    """

    mode: str
    from_utc_us: int
    until_utc_us: int | None
    priority_answer: tuple[Answer, ...] = ()
    unfunded: frozenset[str] = frozenset()

    def covers(self, utc_us: int) -> bool:
        """Return whether a moment lies in it; its end does not."""
        return self.from_utc_us <= utc_us and (self.until_utc_us is None or utc_us < self.until_utc_us)


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    mode: str
    at: Whole


def modes_set(ledger: Ledger) -> tuple[ModeSet, ...] | str:
    """Return every change of mode in the order of the journal, or why it cannot be read."""
    found: list[ModeSet] = []
    for row in ledger.journal:
        if row.kind == "mode":
            try:
                body = _Body.model_validate_json(row.body)
            except ValidationError:
                return f"line {row.seq} of the ledger's journal does not say which mode it sets"
            found.append(ModeSet(body.mode, body.at, row.seq))
    return tuple(found)


def lesser_modes(history: History, scenario: Scenario, service: Service) -> tuple[Lesser, ...] | str:
    """Return the stretches of lesser modes that the service declares, or why they are not known.

    Where no mode was to be set, a ledger that cannot be read leaves the service in its first mode.
    """
    if history.ledger is None:
        return f"which mode was in force is not known: {history.why(LEDGER)}" if scenario.set_mode else ()
    changes = modes_set(history.ledger)
    if isinstance(changes, str):
        return changes
    if not changes:
        return ()
    waiting = unfunded(history.ledger)
    return waiting if isinstance(waiting, str) else _stretches(changes, service, waiting)


def _stretches(changes: Sequence[ModeSet], service: Service, waiting: frozenset[str]) -> tuple[Lesser, ...]:
    lesser = {mode.name: mode for mode in service.modes[1:]}
    ends = [change.at_utc_us for change in changes[1:]]
    return tuple(
        Lesser(change.mode, change.at_utc_us, until_us, lesser[change.mode].priority_answer, waiting)
        for change, until_us in zip(changes, [*ends, None], strict=False)
        if change.mode in lesser
    )
