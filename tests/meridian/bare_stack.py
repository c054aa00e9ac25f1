"""A content for the database stack alone: what the institution runs, without the business on top of it."""

from __future__ import annotations

from collections.abc import Mapping

from meridian.institution import children, components, policy, trees
from meridian.stack import prepare, units
from meridian.unit import RangeContext

__all__ = ["children", "components", "endpoints", "policy", "prepare", "trees", "units"]


def endpoints(context: RangeContext) -> Mapping[str, object]:
    """Return nothing: tests reach the stack by themselves."""
    del context
    return {}
