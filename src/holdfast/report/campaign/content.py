"""All that the page of a campaign is made from: derived values, and where they were derived from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from holdfast.measures.campaign import Run
from holdfast.measures.coverage import Thing
from holdfast.measures.due import Upcoming
from holdfast.measures.posture import Cell
from holdfast.measures.programme import Rate
from holdfast.measures.remediation import Remediation
from holdfast.model.types import Model


@dataclass(frozen=True, slots=True)
class LogRead:
    """One log that was read: its id, how many entries, the root hash over them, and how far it is to be trusted."""

    origin: str
    entries: int
    root: str
    trust: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """One model and one record at one moment (UTC µs), with everything that was derived from them.

    ``logs`` are those that were read, oldest first; ``unread`` is the id of an older one that was not. ``refused`` says
    of each exercise that cannot be judged why.
    """

    model: Model
    at_utc_us: int
    runs: tuple[Run, ...]
    cells: Mapping[str, tuple[Cell, ...]]
    rates: Mapping[str, Rate]
    plan: tuple[Upcoming, ...]
    gaps: tuple[Remediation, ...]
    things: tuple[Thing, ...]
    logs: tuple[LogRead, ...]
    refused: tuple[str, ...]
    unread: str | None
    version: str
