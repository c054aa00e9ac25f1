"""Keys of the institution itself: its day, its range, its people and the network it allows."""

from __future__ import annotations

from typing import get_args

from holdfast.model.keys.form import Key, Section, entries, listed, mapping, needed
from holdfast.model.types import Regime

MODEL: Section = {
    "institution": needed("text"),
    "regimes": Key("list", words=get_args(Regime)),
    "calendar": mapping("calendar"),
    "range": mapping("range"),
    "candidates": entries("candidate"),
    "services": entries("service"),
    "sites": entries("site"),
    "resources": entries("resource"),
    "common_causes": entries("common_cause"),
    "people": entries("person"),
    "roles": entries("role"),
    "segments": entries("segment"),
    "flows": listed("flows"),
    "edges": listed("edges"),
    "scenarios": entries("scenario"),
    "test_plan": listed("test_plan"),
    "risk_acceptances": entries("risk_acceptance"),
}

CALENDAR: Section = {
    "timezone": needed("text"),
    "open": needed("time"),
    "cut_off": needed("time"),
    "close_by": needed("time"),
    "cut_offs": entries("time"),
    "extension": mapping("extension"),
    "holidays": listed("date"),
}

EXTENSION: Section = {
    "max": needed("duration"),
    "needs": listed("name"),
}

RANGE: Section = {
    "command": needed("list", of="text"),
    "profile": needed("text"),
    "options": entries("list"),
}
