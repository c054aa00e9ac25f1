"""Did it hold: pure questions to a recorded history, each answered held, broken or unknown.

``CHECKS`` is the registry and ``judge`` asks all that a scenario names.
"""

from __future__ import annotations

from holdfast.checks.registry import CALENDAR_CHECKS, CHECKS, FAIL_BACK_CHECKS, MODE_CHECKS, NAMED_CHECKS, judge

__all__ = ["CALENDAR_CHECKS", "CHECKS", "FAIL_BACK_CHECKS", "MODE_CHECKS", "NAMED_CHECKS", "judge"]
