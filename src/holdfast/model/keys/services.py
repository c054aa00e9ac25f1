"""Keys of important business services: their limits, what arrives, their modes."""

from __future__ import annotations

from typing import get_args

from holdfast.model.keys.form import Key, Section, entries, mapping, needed
from holdfast.model.types import Answer, Harm, Severity

CANDIDATE: Section = {
    "title": Key("text", meaning="For people; its name if there is none."),
    "rejected_because": needed("text", meaning="Why it is not important in the sense of the rules."),
}

SERVICE: Section = {
    "title": Key("text", meaning="For people; its name if there is none."),
    "owner": Key("text", meaning="Who answers for it: a role, a person, or any text."),
    "why_important": mapping("why_important", meaning="Whom its loss harms, and on what that judgement rests."),
    "impact": entries(
        "impact",
        by="duration",
        meaning=(
            "The business impact analysis: what so long without it would mean. Later is never milder than earlier."
        ),
    ),
    "impact_tolerance": needed("section", of="impact_tolerance", meaning="The limit on harm to others."),
    "rto": needed("duration", meaning="Recovery time objective, from disruption to the minimum service."),
    "rpo": needed("duration", meaning="Recovery point objective: how much of what was acknowledged may be lost."),
    "indicator": mapping(
        "indicator", meaning="When clients call it good. A service without one can be modelled and not rehearsed."
    ),
    "flow": mapping("flow", meaning="What arrives over the day, and what can be handled."),
    "peaks": entries("peak", meaning="Days on which more comes."),
    "rides_out": Key("duration", "60s", meaning="Up to what interruption it simply goes on."),
    "reestablish": Key(
        "spread", meaning="What is added after a longer one: backlog, cold caches, assurance, counterparties' consent."
    ),
    "modes": Key(
        "entries",
        required=True,
        of="mode",
        meaning="The ways in which it can run, best first; one at least meets the minimum service.",
    ),
}

WHY_IMPORTANT: Section = {
    "harm": needed("list", get_args(Harm), meaning="Whom or what its loss harms."),
    "basis": needed("text", meaning="On what that rests: market share, substitutes, law."),
}

IMPACT: Section = {
    "severity": needed(
        "words", get_args(Severity), meaning="How bad it is by then. Written alone, it needs no key: `15m: minor`."
    ),
    "value": Key("money", meaning="What is not settled or delivered by then."),
    "participants": Key("count", meaning="How many participants are harmed."),
    "loss": Key("money", meaning="What it costs the institution."),
    "why": Key("text", meaning="On what the judgement rests."),
}

IMPACT_TOLERANCE: Section = {
    "duration": needed("duration", meaning="How long clients can be without the minimum service."),
    "end_of_day": Key(
        "words",
        "not-required",
        words=("required", "not-required"),
        meaning="Whether the settlement day must complete, however short the disruption.",
    ),
    "failed_share": Key("share", meaning="How much of what is offered may fail."),
    "value": Key("money", meaning="How much may stay unsettled."),
    "volume": Key("count", meaning="How many instructions may stay unsettled."),
    "participants": Key("count", meaning="How many participants may be harmed."),
}

INDICATOR: Section = {
    "answer": needed(
        "list", get_args(Answer), meaning="What counts as a good answer. Alone: `confirmed`, `stated`, `booked`."
    ),
    "within": needed("duration", meaning="How long an answer may take; at most `window`."),
    "participants": needed("share", meaning="How many of the participants must be served."),
    "window": needed("duration", meaning="Over how long it is judged."),
    "probe": needed("name", meaning="The resource or group that observes it and raises the alarm."),
}

FLOW: Section = {
    "arrivals": Key(
        "entries", required=True, of="hourly", by="time", meaning="What arrives, from this time of day on."
    ),
    "shape": Key(
        "words",
        "linear",
        words=("steps", "linear"),
        meaning="Between two times: the first figure until the second, or a straight line.",
    ),
    "value_per_day": Key("money", meaning="What a day is worth."),
    "priority_share": Key("share", meaning="How much of it comes first."),
    "capacity": needed("hourly", meaning="What can be handled at full capacity."),
    "while_down": Key("words", "queue", words=("queue", "refuse"), meaning="What becomes of what arrives meanwhile."),
}

PEAK: Section = {
    "dates": needed("list", of="date", meaning="On which days."),
    "factor": needed("percent", meaning="How many times the usual comes."),
}

MODE: Section = {
    "capacity": needed("share", meaning="Of the full capacity."),
    "needs": needed("needs", meaning="What must function for the service to run so."),
    "meets_minimum": needed("flag", meaning="Whether clients can live with it."),
    "minimum_service": Key("text", meaning="What it still does, in words."),
    "decision": Key("name", meaning="The role that decides to enter it."),
    "sustain": mapping("sustain", meaning="How long it can be kept up; for ever, if it is left out."),
    "priority_answer": Key(
        "list",
        words=get_args(Answer),
        meaning="What counts as a good answer to a priority instruction in it; those of the indicator, if left out.",
    ),
}

SUSTAIN: Section = {
    "max": needed("duration", meaning="How long."),
    "limited_by": Key("name", meaning="The resource that gives out then."),
}
