"""What every test may rely on: their order, and how many examples a property is tried with."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# The same examples on every run, so that a red test is red again; and no deadlines, because a busy machine is no bug.
settings.register_profile("repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("full", settings.get_profile("repeatable"), derandomize=False, max_examples=2000)
settings.load_profile("full" if os.environ.get("HOLDFAST_TORTURE") == "full" else "repeatable")


def pytest_configure() -> None:
    """Let Ctrl-C mean what it means in a terminal: a shell has its background jobs, and all they start, ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort: quick tests first, then those that boot real components, torture last; order within a group is kept."""
    items.sort(key=_weight)


def _weight(item: pytest.Item) -> int:
    if item.get_closest_marker("torture"):
        return 2
    return 1 if item.get_closest_marker("range") else 0
