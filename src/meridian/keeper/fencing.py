"""The fencing device: what a management board or a hypervisor offers to whoever must be sure that a host is gone.

Its socket appears on the out-of-band host alone, and offers these operations alone. A fence takes the host's power and
has every router refuse connections to it; the device then *reads* whether that is so. It gives back only the power
that it took. As a fault it can be made to fail, or to do its work and never confirm it.
"""

from __future__ import annotations

import time
from typing import Any

from meridian.errors import MeridianError
from meridian.keeper.range import Range
from meridian.keeper.request import Operations, Request, known
from meridian.topology import HOSTS

FAILS, UNCONFIRMED = "fails", "unconfirmed"
JAMS = (FAILS, UNCONFIRMED)


class FencingDevice:
    """Fences hosts of one range, for whoever can open its socket."""

    def __init__(self, held: Range) -> None:
        """Begin with nothing fenced."""
        self._range = held
        self._fenced_at_us: dict[str, int] = {}
        self._latest_us: int | None = None
        self.jammed: str | None = None
        self.operations: Operations = {
            "fence": self._fence,
            "unfence": self._unfence,
            "state": lambda _: self._state(),
        }

    def jam(self, how: str | None) -> None:
        """Make the device fail, or do its work unconfirmed, or (None) work again."""
        self.jammed = how

    def _fence(self, request: Request) -> dict[str, Any]:
        """Fence a host, which is no second fence where it is fenced already."""
        host = known(request, "host", HOSTS)
        if self.jammed == FAILS:
            raise _silent()
        if host not in self._fenced_at_us:
            self._fenced_at_us[host] = self._latest_us = time.monotonic_ns() // 1000
        self._range.fence(host)
        return self._state()

    def _unfence(self, request: Request) -> dict[str, Any]:
        host = known(request, "host", HOSTS)
        if self.jammed:
            raise _silent()
        self._range.unfence(host)
        self._fenced_at_us.pop(host, None)
        return self._state()

    def _state(self) -> dict[str, Any]:
        """Return for each fenced host since when, and whether it is so as the kernel has it; and the latest fence."""
        if self.jammed:
            raise _silent()
        fenced = {
            host: {"since_us": since_us, "verified": self._range.is_fenced(host)}
            for host, since_us in self._fenced_at_us.items()
        }
        return {"fenced": fenced, "latest_us": self._latest_us}


def _silent() -> MeridianError:
    return MeridianError(
        "MR118", "the fencing device does not confirm", remedy="nothing may be promoted until it does: mend the device"
    )
