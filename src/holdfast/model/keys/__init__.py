"""Every key that a declaration may carry, section by section: how its value is written and what stands in for it.

This table is the truth of the loader, which reads no key that is not here, of the JSON Schema, and of
``docs/model.md``, which a test compares with it row by row.
"""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.model.keys.form import Key, Section
from holdfast.model.keys.institution import CALENDAR, EXTENSION, MODEL, RANGE
from holdfast.model.keys.resources import (
    COMMON_CAUSE,
    CONTINUITY,
    CONTRACT,
    EDGES,
    EXIT,
    FAILOVER,
    FLOWS,
    GROUP,
    HOLD,
    KEEPS,
    NEEDS,
    PERSON,
    RECOVERY,
    RESOURCE,
    ROLE,
    ROTA,
    SEGMENT,
    SITE,
    SPREAD,
    WORKS,
)
from holdfast.model.keys.scenarios import (
    ABORT_WHEN,
    ABSENT,
    COMPROMISE,
    DECLARATION,
    DIAL,
    EXPECTED,
    FAULT,
    INJECT,
    LOAD,
    RISK_ACCEPTANCE,
    SCENARIO,
    SET_MODE,
    SLOW,
    TEST_PLAN,
    THIRD_PARTY_OUT,
    WHEN,
)
from holdfast.model.keys.services import (
    CANDIDATE,
    FLOW,
    IMPACT,
    IMPACT_TOLERANCE,
    INDICATOR,
    MODE,
    PEAK,
    SERVICE,
    SUSTAIN,
    WHY_IMPORTANT,
)
from holdfast.model.types import Kind

SECTIONS: Mapping[str, Section] = {
    "model": MODEL,
    "calendar": CALENDAR,
    "extension": EXTENSION,
    "range": RANGE,
    "candidate": CANDIDATE,
    "service": SERVICE,
    "why_important": WHY_IMPORTANT,
    "impact": IMPACT,
    "impact_tolerance": IMPACT_TOLERANCE,
    "indicator": INDICATOR,
    "flow": FLOW,
    "peak": PEAK,
    "mode": MODE,
    "sustain": SUSTAIN,
    "site": SITE,
    "resource": RESOURCE,
    "group": GROUP,
    "needs": NEEDS,
    "hold": HOLD,
    "common_cause": COMMON_CAUSE,
    "recovery": RECOVERY,
    "failover": FAILOVER,
    "works": WORKS,
    "keeps": KEEPS,
    "spread": SPREAD,
    "person": PERSON,
    "role": ROLE,
    "rota": ROTA,
    "contract": CONTRACT,
    "continuity": CONTINUITY,
    "exit": EXIT,
    "segment": SEGMENT,
    "flows": FLOWS,
    "edges": EDGES,
    "scenario": SCENARIO,
    "compromise": COMPROMISE,
    "absent": ABSENT,
    "third_party_out": THIRD_PARTY_OUT,
    "slow": SLOW,
    "when": WHEN,
    "dial": DIAL,
    "inject": INJECT,
    "disruption": FAULT,
    "declaration": DECLARATION,
    "set_mode": SET_MODE,
    "load": LOAD,
    "abort_when": ABORT_WHEN,
    "test_plan": TEST_PLAN,
    "risk_acceptance": RISK_ACCEPTANCE,
}

# The section that may be written as one value: the key that the value is then taken for.
BRIEFLY: Mapping[str, str] = {"impact": "severity"}

# Keys of a resource that only these kinds have.
ONLY_FOR: Mapping[str, tuple[Kind, ...]] = {
    "between": ("network",),
    **dict.fromkeys(("headcount", "minimum", "on_call", "rota"), ("people",)),
    **dict.fromkeys(
        ("contract", "continuity", "substitutability", "substitute", "substitute_takes", "exit", "subcontracts"),
        ("third-party", "fmi"),
    ),
}

# Keys of a scenario that only a drill has; the first three go together.
DRILL = ("disruption", "load", "abort_when")
DRILL_ONLY = (
    *DRILL,
    "compression",
    "days",
    "declaration",
    "fail_back",
    "set_mode",
    "checks",
    "expect",
    "steady",
    "after",
    "range",
)

# What the root file alone may carry; every other section is merged from all files.
ROOT_ONLY = ("institution", "regimes", "calendar", "range")

# Names that would be taken for a way of combining needs.
RESERVED_NAMES = frozenset(NEEDS)

__all__ = [
    "ABORT_WHEN",
    "ABSENT",
    "BRIEFLY",
    "CALENDAR",
    "CANDIDATE",
    "COMMON_CAUSE",
    "COMPROMISE",
    "CONTINUITY",
    "CONTRACT",
    "DECLARATION",
    "DIAL",
    "DRILL",
    "DRILL_ONLY",
    "EDGES",
    "EXIT",
    "EXPECTED",
    "EXTENSION",
    "FAILOVER",
    "FAULT",
    "FLOW",
    "FLOWS",
    "GROUP",
    "HOLD",
    "IMPACT",
    "IMPACT_TOLERANCE",
    "INDICATOR",
    "INJECT",
    "KEEPS",
    "LOAD",
    "MODE",
    "MODEL",
    "NEEDS",
    "ONLY_FOR",
    "PEAK",
    "PERSON",
    "RANGE",
    "RECOVERY",
    "RESERVED_NAMES",
    "RESOURCE",
    "RISK_ACCEPTANCE",
    "ROLE",
    "ROOT_ONLY",
    "ROTA",
    "SCENARIO",
    "SECTIONS",
    "SEGMENT",
    "SERVICE",
    "SET_MODE",
    "SITE",
    "SLOW",
    "SPREAD",
    "SUSTAIN",
    "TEST_PLAN",
    "THIRD_PARTY_OUT",
    "WHEN",
    "WHY_IMPORTANT",
    "WORKS",
    "Key",
    "Section",
]
