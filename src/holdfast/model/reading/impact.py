"""The figures behind a service's limits: harm by time, what arrives over the day, and the days on which more comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast, get_args

from holdfast.model import keys
from holdfast.model.documents import Scalar, Table
from holdfast.model.fields import Fields
from holdfast.model.findings import shown
from holdfast.model.quantities import written
from holdfast.model.types import Arrivals, Impact, Money, Peak, Severity

_SEVERITIES: tuple[str, ...] = get_args(Severity)


def read_impact(service: Fields) -> tuple[Impact, ...]:
    """Return the business impact analysis, earliest first; what lasts longer is never milder."""
    points = []
    for after_ms, node in service.by_quantity("impact"):
        whole = Table({keys.BRIEFLY["impact"]: node}, node.place) if isinstance(node, Scalar) else node
        fields = Fields(service.reading, whole, keys.IMPACT, f"impact after {written(after_ms)} of {service.what}")
        point = Impact(
            after_ms=after_ms,
            severity=cast("Severity", fields.word("severity")),
            value=fields.optional_money("value"),
            participants=fields.optional_number("participants"),
            loss=fields.optional_money("loss"),
            why=fields.optional_text("why"),
        )
        if fields.sound("severity"):
            points.append((point, fields))
    worst = 0
    for point, fields in points:
        rank = _SEVERITIES.index(point.severity)
        if rank < worst:
            message = (
                f"expected at least {_SEVERITIES[worst]} after {written(point.after_ms)}, as it is before, "
                f"got {point.severity}"
            )
            fields.error("HF129", "severity", message, "Harm does not shrink while the service stays away.")
        worst = max(worst, rank)
    _check_figures(points)
    return tuple(point for point, _ in points)


def _check_figures(points: Sequence[tuple[Impact, Fields]]) -> None:
    """Refuse a figure that is smaller than the same one earlier: what was not settled by noon is not by three."""
    for key in ("value", "participants", "loss"):
        before: Impact | None = None
        for point, fields in points:
            now = getattr(point, key)
            if now is None or not fields.sound(key):
                continue
            if before is not None and _less(now, getattr(before, key)):
                message = f"expected {key} after {written(point.after_ms)} to be no less than after "
                message += f"{written(before.after_ms)}, got less"
                fields.error("HF129", key, message, "Figures are of the whole time since the disruption: add them up.")
            before = point


def _less(now: Money | int, before: Money | int) -> bool:
    """Return whether a figure is smaller than another; amounts of two currencies cannot be compared."""
    if isinstance(now, Money) and isinstance(before, Money):
        return now.currency == before.currency and now.minor < before.minor
    return isinstance(now, int) and isinstance(before, int) and now < before


def read_flow(service: Fields) -> Arrivals | None:
    """Return what arrives over the day and what can be handled."""
    if "flow" not in service:
        return None
    fields = service.sub("flow", keys.FLOW)
    fields.some("arrivals")
    arrivals = tuple((minute, fields.quantity("arrivals", node)) for minute, node in fields.by_quantity("arrivals"))
    capacity = fields.number("capacity")
    if fields.sound("capacity") and capacity == 0:
        fields.error("HF129", "capacity", "expected a capacity above zero", "Write what can be handled, such as 300/s.")
    return Arrivals(
        arrivals_per_h=arrivals,
        shape="linear" if fields.word("shape") == "linear" else "steps",
        capacity_per_h=capacity,
        while_down="queue" if fields.word("while_down") == "queue" else "refuse",
        value_per_day=fields.optional_money("value_per_day"),
        priority_share_ppm=fields.optional_number("priority_share"),
    )


def read_peaks(service: Fields) -> tuple[Peak, ...]:
    """Return the days on which more comes, by name."""
    peaks = []
    for name, node in service.named("peaks"):
        fields = Fields(service.reading, node, keys.PEAK, f"peak {shown(name)} of {service.what}")
        fields.some("dates")
        peaks.append(Peak(name, fields.dates("dates"), fields.number("factor")))
    return tuple(peaks)
