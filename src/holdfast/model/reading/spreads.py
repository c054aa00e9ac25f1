"""Durations that vary: one value, or a median with a 95th percentile, or a least, a most likely and a greatest one."""

from __future__ import annotations

from holdfast.model import keys
from holdfast.model.documents import Table
from holdfast.model.fields import Fields
from holdfast.model.findings import shown
from holdfast.model.quantities import written
from holdfast.model.types import Constant, Duration, Lognormal, Pert

_NONE = Constant(0)


def read_spread(fields: Fields, key: str) -> Duration:
    """Return a duration that varies and that is required."""
    return read_optional_spread(fields, key) or _NONE


def read_optional_spread(fields: Fields, key: str) -> Duration | None:
    """Return a duration that varies; ``None`` when it was not given."""
    node = fields.entries.get(key)
    if not isinstance(node, Table):
        always_ms = fields.optional_number(key)
        return None if always_ms is None else Constant(always_ms)
    parts = fields.sub(key, keys.SPREAD)
    given = node.entries.keys() & keys.SPREAD.keys()
    parts_ms = {part: parts.number(part) for part in keys.SPREAD if part in given}
    if given not in ({"p50", "p95"}, {"min", "mode", "max"}):
        message = f"expected {{p50, p95}} or {{min, mode, max}} for {key}, got {shown(', '.join(node.entries))}"
        fields.error("HF114", key, message, "Use one of the two forms, or a single duration.")
    elif not parts.sound(*given):
        fields.doubt(key)
    elif list(parts_ms.values()) != sorted(parts_ms.values()):
        message = f"expected {' ≤ '.join(parts_ms)} for {key}, got {', '.join(map(written, parts_ms.values()))}"
        fields.error("HF114", key, message, "Put the durations in order.")
    elif parts_ms.get("p50") == 0:
        message = f"expected a p50 above zero for {key}: half of the durations cannot be nothing"
        fields.error("HF114", key, message, "Write a single duration of 0s, or {min, mode, max}.")
    else:
        values = tuple(parts_ms.values())
        return Lognormal(*values) if "p50" in given else Pert(*values)
    return _NONE
