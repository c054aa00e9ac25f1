"""What every test may use, and the order: quick ones first, then those that boot real components, torture last."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests so that a simple mistake shows before anything is booted; order within a group is kept."""
    items.sort(key=_weight)


def _weight(item: pytest.Item) -> int:
    if item.get_closest_marker("torture"):
        return 2
    return 1 if item.get_closest_marker("range") else 0
