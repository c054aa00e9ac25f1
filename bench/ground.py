"""How long the bare ground of a range takes: network, hosts and keeper, with nothing running on them.

As root and as an ordinary account; run as root, it measures what root gets. This file is also what the range is filled
with: nothing.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from bench.figures import machine, show, timed
from meridian import control
from meridian.keeper import isolation, layout
from meridian.unit import Child, RangeContext, Unit

REPEATS = 10
ROOT = Path(__file__).parents[1]


def units(_: RangeContext) -> Sequence[Unit]:
    """Return no unit."""
    return ()


def prepare(_: RangeContext, host: str) -> Mapping[str, str]:
    """Return no file for any host."""
    del host
    return {}


def children(_: RangeContext, host: str) -> Sequence[Child]:
    """Return no process for any host."""
    del host
    return ()


def components() -> Mapping[str, object]:
    """Return nothing: nothing runs."""
    return {}


def trees() -> Sequence[Path]:
    """Return nothing beyond the interpreter."""
    return ()


def endpoints(_: RangeContext) -> Mapping[str, object]:
    """Return no way in."""
    return {}


def main() -> None:
    """Print how long up, a host's power and down take."""
    os.environ["PYTHONPATH"] = str(ROOT)
    sys.stdout.write(f"{machine()}\n")
    samples: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        for number in range(REPEATS):
            directory = Path(name) / str(number)
            settings = layout.Settings("bare", isolation.probe(), "fast", "safe", 0, "bench.ground")
            keeper = control.Keeper(directory)
            steps = (
                (f"bare ground up, {settings.mode}", partial(control.start, directory, settings)),
                ("a host loses its power", partial(keeper.ask, "power_off", host="db-a")),
                ("a host gets power back", partial(keeper.ask, "power_on", host="db-a")),
                ("the whole inventory", partial(keeper.ask, "inventory")),
                ("bare ground down", partial(control.stop, directory)),
            )
            for what, step in steps:
                samples.setdefault(what, []).append(timed(step))
    for what, taken in samples.items():
        show(what, taken, "s")


if __name__ == "__main__":
    main()
