"""What one process at a time does, of two that could: the first one named begins, the operator moves the task."""

from __future__ import annotations

from collections.abc import Mapping

DUTIES: Mapping[str, tuple[str, ...]] = {
    "messaging": ("messaging-a", "messaging-b"),
    "reporting": ("reporting-a", "reporting-b"),
    "rtgs-connector": ("rtgs-connector-a", "rtgs-connector-b"),
}
"""Task → who can do it."""
