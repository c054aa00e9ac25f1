"""What every benchmark prints beside its figures: the machine, the repetitions, the middle and the spread."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version


def machine() -> str:
    """Return one line that says on what the figures were measured."""
    parts = (
        f"holdfast {version('holdfast')}",
        f"Python {platform.python_version()}",
        f"{platform.system()} {platform.release()} {platform.machine()}",
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
    )
    return " · ".join(parts)


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds ``work`` took."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def show(what: str, samples: list[float], unit: str) -> None:
    """Print the middle of ``samples`` with the smallest, the largest and how many there were."""
    middle, low, high = statistics.median(samples), min(samples), max(samples)
    sys.stdout.write(f"{what:<52} {middle:>12,.2f} {unit:<9} [{low:,.2f} to {high:,.2f}, n={len(samples)}]\n")
