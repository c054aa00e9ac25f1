"""What shows whether a host was fenced or a leader replaced: the fencer's own record, and who ran before and after.

The two are independent: the fencer writes the one, the range's keeper reads the other from ``/proc``. Missing
files are said to be missing in ``History.problems``, as all others are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from holdfast.state.ndjson import Malformed, adapter, read_rows
from holdfast.state.rows import Whole

FENCER = "fencer.ndjson"
BEFORE, AFTER = "inventory.json", "inventory-after.json"
FENCED = frozenset({"fence-asked", "fence-verified", "fence-unverified", "lease-revoked"})
"""What the fencer writes when it acts against a host."""


@dataclass(frozen=True, slots=True)
class FencerLine:
    """One thing that the fencer saw or did."""

    op: str
    t_us: Whole
    clock_id: str
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A process as an inventory names it: its pid, and its start in clock ticks; none if it does not run."""

    pid: int | None = None
    start_ticks: int | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """Who ran by an inventory: the first process of each host, and each process that has a name."""

    hosts: Mapping[str, Run] = field(default_factory=dict)
    processes: Mapping[str, Run] = field(default_factory=dict)


_LINE = adapter(FencerLine, FencerLine)
_RUNNING: TypeAdapter[Running] = TypeAdapter(Running)


def read_fencer(data: bytes) -> tuple[FencerLine, ...]:
    """Return the fencer's record. Raise Malformed."""
    return tuple(read_rows(data, _LINE))


def read_running(data: bytes) -> Running:
    """Return who ran by an inventory. Raise Malformed."""
    try:
        return _RUNNING.validate_json(data)
    except ValidationError as error:
        raise Malformed(f"it is no inventory: {error.errors(include_url=False)[0]['msg']}") from None
