"""The planned way back: the copy that is declared to serve first leads again, asked for as an operator would."""

from __future__ import annotations

import time
from collections.abc import Callable

from holdfast.connectors import patroni
from holdfast.connectors.range import Inventory
from holdfast.errors import HoldfastError
from holdfast.evidence.events import FailedBack
from holdfast.exercises import gate
from holdfast.model.types import Model
from holdfast.store.clock import now

LEADS_TIMEOUT_S = 15.0
LOOK_EVERY_S = 0.2


def fail_back(exercise: str, target: Callable[[], Inventory], model: Model) -> FailedBack:
    """Ask for the declared leader, wait until it leads, and return what came of it; nothing is raised for a refusal."""
    asked, declared = now(), ""

    def came_to(observed: str, *, done: bool = False) -> FailedBack:
        return FailedBack(exercise, declared or "the declared leader", done, observed, asked, now())

    try:
        leader = gate.led_by(target())
        declared = gate.declared_leader(model, leader)
        if leader == declared:
            return came_to(f"{leader} led already", done=True)
        said = patroni.switchover(target(), leader, declared)
    except (HoldfastError, OSError) as error:
        return came_to(str(error))
    deadline, leads = time.monotonic() + LEADS_TIMEOUT_S, ""
    while leads != declared and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)
        try:
            leads = gate.led_by(target())
        except (HoldfastError, OSError):
            leads = ""
    return came_to(f"{said}; led by {leads or 'nobody'}", done=leads == declared)
