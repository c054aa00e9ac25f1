"""The words that models may use in this installation: every registered fault and check."""

from __future__ import annotations

import zoneinfo

from holdfast.checks import CALENDAR_CHECKS, CHECKS, FAIL_BACK_CHECKS, MODE_CHECKS, NAMED_CHECKS
from holdfast.exercises.faults import FAULTS
from holdfast.model.vocabulary import Vocabulary


def vocabulary() -> Vocabulary:
    """Return every fault and check that a model may name, and the time zones that this machine knows."""
    schemas = {name: kind.schema for name, kind in FAULTS.items()}
    zones = frozenset(zoneinfo.available_timezones())
    return Vocabulary(schemas, frozenset(CHECKS), CALENDAR_CHECKS, zones, FAIL_BACK_CHECKS, MODE_CHECKS, NAMED_CHECKS)
