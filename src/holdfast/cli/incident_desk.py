"""The log and the incident that a command works on: found by its id, or the only one that is open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.byhand import ACTOR, committed
from holdfast.cli.terminal import safe
from holdfast.errors import UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.events import Event
    from holdfast.model.types import Model
    from holdfast.state.incident import Incident
    from holdfast.store.port import LogReader
    from holdfast.store.signed import SignedLog

Of = Annotated[
    str | None, typer.Option("--incident", metavar="ID", help="Which incident. [default: the only one that is open]")
]


@dataclass(frozen=True, slots=True)
class Desk:
    """An open log and the incident that is worked on."""

    log: SignedLog
    incident: Incident
    model: Model | None

    def record(self, *events: Event, cause: int | None = None) -> tuple[int, ...]:
        """Append the events durably, all or none."""
        return self.log.append(events, actor=ACTOR, subject=f"incident:{self.incident.id}", cause=cause)


@contextmanager
def desk(place: str, which: str | None) -> Iterator[Desk]:
    """Open a log to write and find the incident; HF970 when there is none, or several are open."""
    from holdfast.store.opening import open_log

    with open_log(place) as log:
        incident = chosen(incidents(log), which)
        yield Desk(log, incident, committed(log, incident.opened.event.model))


def incidents(log: LogReader, upto: int | None = None) -> Mapping[str, Incident]:
    """Return the incidents of a log; as it stood at an entry if ``upto`` names one."""
    from holdfast.cli.record import entries
    from holdfast.state.incident import fold_incidents

    return fold_incidents(entry for entry in entries(log) if upto is None or entry.seq <= upto)


def chosen(found: Mapping[str, Incident], which: str | None) -> Incident:
    """Return the incident of this id, or the only one that is open; HF970 when there is none, or several."""
    if which is not None:
        if which in found:
            return found[which]
        message = f"expected an incident of this log, got {safe(which)}"
        raise UsageError("HF970", message, remedy=f"There are {', '.join(map(safe, found)) or 'none'}.")
    going = [incident for incident in found.values() if not incident.closed]
    if len(going) == 1:
        return going[0]
    if not going:
        raise UsageError("HF970", "no incident is open in this log", remedy="Open one: holdfast incident open TITLE.")
    message = f"{len(going)} incidents are open"
    remedy = f"Name one with --incident: {', '.join(safe(incident.id) for incident in going)}."
    raise UsageError("HF970", message, remedy=remedy)
