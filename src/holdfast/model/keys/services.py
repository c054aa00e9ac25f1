"""Keys of important business services: their limits, what arrives, their modes."""

from __future__ import annotations

from typing import get_args

from holdfast.model.keys.form import Key, Section, entries, mapping, needed
from holdfast.model.types import Answer, Harm, Severity

CANDIDATE: Section = {
    "title": Key("text"),
    "rejected_because": needed("text"),
}

SERVICE: Section = {
    "title": Key("text"),
    "owner": Key("text"),
    "why_important": mapping("why_important"),
    "impact": entries("impact", by="duration"),
    "impact_tolerance": needed("section", of="impact_tolerance"),
    "rto": needed("duration"),
    "rpo": needed("duration"),
    "indicator": mapping("indicator"),
    "flow": mapping("flow"),
    "peaks": entries("peak"),
    "rides_out": Key("duration", "60s"),
    "reestablish": Key("spread"),
    "modes": Key("entries", required=True, of="mode"),
}

WHY_IMPORTANT: Section = {
    "harm": needed("list", get_args(Harm)),
    "basis": needed("text"),
}

IMPACT: Section = {
    "severity": needed("words", get_args(Severity)),
    "value": Key("money"),
    "participants": Key("count"),
    "loss": Key("money"),
    "why": Key("text"),
}

IMPACT_TOLERANCE: Section = {
    "duration": needed("duration"),
    "end_of_day": Key("words", "not-required", words=("required", "not-required")),
    "failed_share": Key("share"),
    "value": Key("money"),
    "volume": Key("count"),
    "participants": Key("count"),
}

INDICATOR: Section = {
    "answer": needed("list", get_args(Answer)),
    "within": needed("duration"),
    "participants": needed("share"),
    "window": needed("duration"),
    "probe": needed("name"),
}

FLOW: Section = {
    "arrivals": Key("entries", required=True, of="hourly", by="time"),
    "shape": Key("words", "linear", words=("steps", "linear")),
    "value_per_day": Key("money"),
    "priority_share": Key("share"),
    "capacity": needed("hourly"),
    "while_down": Key("words", "queue", words=("queue", "refuse")),
}

PEAK: Section = {
    "dates": needed("list", of="date"),
    "factor": needed("percent"),
}

MODE: Section = {
    "capacity": needed("share"),
    "needs": needed("needs"),
    "meets_minimum": needed("flag"),
    "minimum_service": Key("text"),
    "decision": Key("name"),
    "sustain": mapping("sustain"),
}

SUSTAIN: Section = {
    "max": needed("duration"),
    "limited_by": Key("name"),
}
