"""The fencer of profile ``fenced``: three observers that watch writes, and one who fences when two saw them stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from meridian.stack.members import MEMBERS, POSTGRES_PORT, REST_PORT
from meridian.topology import HOSTS
from meridian.unit import RangeContext, Unit

PROFILE = "fenced"
OUT_OF_BAND = "oob"
RECORD = "records/fencer.ndjson"
_SECRET = "ledger-observer"  # noqa: S105 - the name of one
_TOLD_AT = "observer.sock"


@dataclass(frozen=True, slots=True)
class Observer:
    """One observer: the host that it looks from, and the table that it writes to."""

    name: str
    host: str
    place: str


OBSERVERS = (
    Observer("observer-participants", "lookout", "a"),
    Observer("observer-b", "app-b", "b"),
    Observer("observer-w", "db-w", "c"),
)

SECRETS: Mapping[str, tuple[str, ...]] = {observer.host: (_SECRET,) for observer in OBSERVERS}
"""Host → the secrets that are placed on it."""


def units(context: RangeContext) -> tuple[Unit, ...]:
    """Return the observers and the fencer; none in a profile without."""
    if context.profile != PROFILE:
        return ()
    return (*(_observer(context, each) for each in OBSERVERS), _fencer(context))


def endpoints(context: RangeContext) -> dict[str, dict[str, str]]:
    """Return where the fencing device is: whoever wants to know whether it works asks it, not the one who jammed it."""
    return {"fencing-device": {"socket": str(_device(context))}}


def _observer(context: RangeContext, observer: Observer) -> Unit:
    return Unit(
        name=observer.name,
        host=observer.host,
        account=HOSTS[observer.host].account,
        argv=(
            *_program(context),
            "observe",
            f"--name={observer.name}",
            f"--place={observer.place}",
            f"--told-at={_management(context) / observer.host / _TOLD_AT}",
            f"--secrets={context.disk[observer.host] / 'secrets'}",
            f"--ledger-port={POSTGRES_PORT}",
            *(f"--patroni={member.address}:{REST_PORT}" for member in MEMBERS),
        ),
        restart_after_s=0.5,
    )


def _fencer(context: RangeContext) -> Unit:
    return Unit(
        name="fencer",
        host=OUT_OF_BAND,
        account=HOSTS[OUT_OF_BAND].account,
        argv=(
            *_program(context),
            "fence",
            f"--device={_device(context)}",
            f"--record={context.run[OUT_OF_BAND].parent / RECORD}",
            *(f"--observer={each.name}={_management(context) / each.host / _TOLD_AT}" for each in OBSERVERS),
        ),
        restart_after_s=0.5,
    )


def _device(context: RangeContext) -> Path:
    return context.run[OUT_OF_BAND] / "fencing.sock"


def _management(context: RangeContext) -> Path:
    return context.directory / "management"


def _program(context: RangeContext) -> tuple[str, ...]:
    return (context.python, "-P", "-m", "meridian.fencer")
