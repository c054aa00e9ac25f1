"""Keys of the institution itself: its day, its range, its people and the network it allows."""

from __future__ import annotations

from typing import get_args

from holdfast.model.keys.form import Key, Section, entries, listed, mapping, needed
from holdfast.model.types import Regime

MODEL: Section = {
    "institution": needed("text", meaning="Its name, as it stands in reports."),
    "regimes": Key("list", words=get_args(Regime), meaning="Whose rules it answers to; reports name them."),
    "calendar": mapping("calendar", meaning="The business day."),
    "range": mapping("range", meaning="What drills may break, and how it is started."),
    "candidates": entries("candidate", meaning="Services that were considered as important, and rejected."),
    "services": entries("service", meaning="Important business services."),
    "sites": entries("site", meaning="Places that can be lost as a whole."),
    "resources": entries(
        "resource",
        meaning="What services stand on: resources, and redundancy groups (an entry with `members` is a `group`).",
    ),
    "common_causes": entries(
        "common_cause", meaning="What a shared attribute does when one of those that share it is hit."
    ),
    "people": entries("person", meaning="Persons, by a pseudonymous id."),
    "roles": entries("role", meaning="In which roles they decide."),
    "segments": entries("segment", meaning="Parts of the network."),
    "flows": listed("flows", meaning="Who may talk to whom."),
    "edges": listed("edges", meaning="What is known of dependencies beyond their declaration."),
    "scenarios": entries("scenario", meaning="What could happen, and what is rehearsed."),
    "test_plan": listed("test_plan", meaning="What is tested, and how often."),
    "risk_acceptances": entries("risk_acceptance", meaning="Findings and gaps that somebody bears until a date."),
}

CALENDAR: Section = {
    "timezone": needed("text", meaning="A name of the IANA database, such as `Europe/Amsterdam`."),
    "open": needed("time", meaning="From when payments are taken."),
    "cut_off": needed("time", meaning="Until when; later than `open`."),
    "close_by": needed("time", meaning="By when every participant must have its final position; later than `cut_off`."),
    "cut_offs": entries("time", meaning="Further ones, such as that of a settlement system."),
    "extension": mapping("extension", meaning="By how much the close may be moved, if at all."),
    "holidays": listed("date", meaning="Dates without a settlement day."),
}

EXTENSION: Section = {
    "max": needed("duration", meaning="The longest extension."),
    "needs": listed("name", meaning="The roles that must agree."),
}

RANGE: Section = {
    "command": needed(
        "list",
        of="text",
        meaning=(
            "Program and arguments, to which `up`, `down` and others are appended; `python` is the interpreter that "
            "runs Holdfast."
        ),
    ),
    "profile": needed("text", meaning="Which settings it runs with."),
    "options": entries(
        "list", meaning="What a scenario may ask of it: the list of values of each, the first being the default."
    ),
}
