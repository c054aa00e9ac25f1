"""Important business services: why they are important, the five limits, what arrives, and the modes."""

from __future__ import annotations

from typing import cast

from holdfast.model import keys
from holdfast.model.documents import Items, Node
from holdfast.model.fields import Fields, Reading
from holdfast.model.findings import shown
from holdfast.model.reading.impact import read_flow, read_impact, read_peaks
from holdfast.model.reading.needs import read_needs
from holdfast.model.reading.spreads import read_optional_spread
from holdfast.model.types import (
    Answer,
    Candidate,
    Harm,
    ImpactTolerance,
    Importance,
    Indicator,
    Mode,
    Service,
    Sustain,
)
from holdfast.model.wording import percent


def read_candidate(reading: Reading, name: str, node: Node) -> Candidate:
    """Return one service that was considered as important and rejected."""
    fields = Fields(reading, node, keys.CANDIDATE, f"candidate {shown(name)}")
    return Candidate(name, fields.optional_text("title") or name, fields.text("rejected_because"))


def read_service(reading: Reading, name: str, node: Node) -> Service:
    """Return one important business service."""
    fields = Fields(reading, node, keys.SERVICE, f"service {shown(name)}")
    return Service(
        name=name,
        title=fields.optional_text("title") or name,
        owner=fields.optional_text("owner"),
        impact_tolerance=_read_tolerance(fields.sub("impact_tolerance", keys.IMPACT_TOLERANCE)),
        rto_ms=fields.number("rto"),
        rpo_ms=fields.number("rpo"),
        indicator=_read_indicator(fields.sub("indicator", keys.INDICATOR)) if "indicator" in fields else None,
        modes=_read_modes(fields),
        importance=_read_importance(fields),
        impact=read_impact(fields),
        peaks=read_peaks(fields),
        flow=read_flow(fields),
        rides_out_ms=fields.number("rides_out"),
        reestablish=read_optional_spread(fields, "reestablish"),
    )


def _read_tolerance(fields: Fields) -> ImpactTolerance:
    """Return the limit on harm to others."""
    return ImpactTolerance(
        duration_ms=fields.number("duration"),
        end_of_day=fields.word("end_of_day") == "required",
        failed_share_ppm=fields.optional_number("failed_share"),
        value=fields.optional_money("value"),
        volume=fields.optional_number("volume"),
        participants=fields.optional_number("participants"),
    )


def _read_importance(service: Fields) -> Importance | None:
    """Return why a service is important."""
    if "why_important" not in service:
        return None
    fields = service.sub("why_important", keys.WHY_IMPORTANT)
    fields.some("harm")
    return Importance(cast("tuple[Harm, ...]", fields.words("harm")), fields.text("basis"))


ALONE = frozenset({"confirmed", "stated", "booked"})
"""Answers that come by themselves: what is due, and from when on, differs for each of them."""


def _read_indicator(fields: Fields) -> Indicator:
    """Return when clients call the service good; a window must have room for an answer."""
    indicator = Indicator(
        answer=cast("tuple[Answer, ...]", fields.words("answer")),
        within_ms=fields.number("within"),
        participants_ppm=fields.number("participants"),
        window_ms=fields.number("window"),
        probe=fields.name("probe", "node"),
    )
    if fields.sound("answer") and not indicator.answer:
        fields.error("HF122", "answer", "expected an answer that counts as good, got none", "Write [settled].")
    if len(indicator.answer) > 1 and not ALONE.isdisjoint(indicator.answer):
        message = f"expected {', '.join(sorted(ALONE))} each alone: it comes by itself, and not to an instruction"
        fields.error("HF122", "answer", message, "Write one of them, or answers to an instruction.")
    if fields.sound("within", "window") and not 0 < indicator.within_ms <= indicator.window_ms:
        message = "expected within above zero and no longer than window"
        fields.error("HF122", "within", message, "Lengthen the window or shorten the time for an answer.")
    if fields.sound("participants") and indicator.participants_ppm == 0:
        message = "expected a share of participants above zero: zero is met by a dead service"
        fields.error("HF122", "participants", message, "Write the share that must be served, such as 95%.")
    return indicator


def _read_modes(service: Fields) -> tuple[Mode, ...]:
    """Return the modes, best first; one of them at least must be enough for the minimum service."""
    if service.table("modes") is None:
        return ()
    modes: list[Mode] = []
    for name, node in service.named("modes"):
        fields = Fields(service.reading, node, keys.MODE, f"mode {shown(name)} of {service.what}")
        mode = Mode(
            name=name,
            capacity_ppm=fields.number("capacity"),
            needs=read_needs(fields),
            meets_minimum=fields.flag("meets_minimum"),
            minimum_service=fields.optional_text("minimum_service"),
            decision=fields.optional_name("decision", "role"),
            sustain=_read_sustain(fields),
            priority_answer=cast("tuple[Answer, ...]", fields.words("priority_answer")),
        )
        _check_mode(fields, mode, modes[-1] if modes else None)
        modes.append(mode)
    if not any(mode.meets_minimum for mode in modes):
        message = f"expected a mode that meets the minimum service in {service.what}, got none"
        service.error("HF122", "modes", message, "Set meets_minimum: true on the modes with which clients can live.")
    return tuple(modes)


def _check_mode(fields: Fields, mode: Mode, before: Mode | None) -> None:
    """Refuse a mode that cannot be meant, and remember one that could never fail."""
    if fields.sound("capacity", "meets_minimum") and mode.meets_minimum and mode.capacity_ppm == 0:
        message = f"expected a capacity above zero in {fields.what}, which meets the minimum service"
        fields.error("HF122", "capacity", message, "Write what it can handle, or meets_minimum: false.")
    if before is not None and fields.sound("capacity") and mode.capacity_ppm > before.capacity_ppm > 0:
        message = (
            f"expected the modes best first, got {percent(mode.capacity_ppm)} in {fields.what} "
            f"after {percent(before.capacity_ppm)} in {shown(before.name)}"
        )
        fields.error("HF122", "capacity", message, "Put the mode that does the most first.")
    given = fields.entries.get("needs")
    if isinstance(given, Items) and not given.items:
        fields.reading.needless.append((fields.what, fields.place_of("needs")))


def _read_sustain(mode: Fields) -> Sustain | None:
    """Return how long a mode can be kept up."""
    if "sustain" not in mode:
        return None
    fields = mode.sub("sustain", keys.SUSTAIN)
    sustain = Sustain(fields.number("max"), fields.optional_name("limited_by", "resource"))
    if fields.sound("max") and sustain.max_ms == 0:
        fields.error("HF122", "max", f"expected a time above zero in {fields.what}", "Write how long it can last.")
    return sustain
