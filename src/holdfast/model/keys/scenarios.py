"""Keys of what could happen, of what is rehearsed and planned, and of the risks that are borne."""

from __future__ import annotations

from typing import get_args

from holdfast.model.keys.form import Key, Section, entries, listed, mapping, needed
from holdfast.model.types import ExerciseType, Expected, Family, Plausibility

EXPECTED: tuple[str, ...] = get_args(Expected)

SCENARIO: Section = {
    "title": Key("text"),
    "family": needed("words", get_args(Family)),
    "type": needed("words", get_args(ExerciseType)),
    "service": needed("name"),
    "basis": needed("text"),
    "plausibility": Key("words", "severe-but-plausible", words=get_args(Plausibility)),
    "fail": listed("name"),
    "fail_site": listed("name"),
    "fail_shared": entries("text"),
    "compromise": mapping("compromise"),
    "absent": mapping("absent"),
    "third_party_out": mapping("third_party_out"),
    "slow": mapping("slow"),
    "when": mapping("when"),
    "severity": entries("dial"),
    "detection": Key("spread"),
    "decision": Key("spread"),
    "time_of_day": Key("time"),
    "disruption": listed("disruption"),
    "load": mapping("load"),
    "compression": Key("positive", "1"),
    "checks": listed("name"),
    "expect": Key("entries", words=EXPECTED, of="words"),
    "abort_when": mapping("abort_when"),
    "steady": Key("duration", "5s"),
    "after": Key("duration", "10s"),
    "range": entries("text"),
}

COMPROMISE: Section = {
    "foothold": needed("name"),
    "dwell": needed("spread"),
    "cause": needed("words", ("data", "control")),
    "untrusted": needed("list", of="name"),
}

ABSENT: Section = {
    "share": needed("share"),
    "lasts": needed("spread"),
    "teams": listed("name"),
}

THIRD_PARTY_OUT: Section = {
    "name": needed("name"),
    "lasts": needed("spread"),
}

SLOW: Section = {
    "name": needed("name"),
    "capacity": needed("share"),
    "lasts": needed("spread"),
}

WHEN: Section = {
    "peak": needed("name"),
}

DIAL: Section = {
    "title": needed("text"),
    "values": needed("list", of="text"),
}

FAULT: Section = {
    "fault": needed("name"),
    "target": needed("name"),
    "after": Key("duration", "0s"),
    "hold": needed("duration"),
    "box": needed("duration"),
}

LOAD: Section = {
    "rate": needed("rate"),
    "seed": Key("count", "1"),
}

ABORT_WHEN: Section = {
    "disrupted_longer_than": Key("duration"),
    "exercise_longer_than": needed("duration"),
}

TEST_PLAN: Section = {
    "scenario": needed("name"),
    "service": needed("name"),
    "type": needed("words", get_args(ExerciseType)),
    "every": needed("duration"),
    "valid": needed("duration"),
}

RISK_ACCEPTANCE: Section = {
    "finding": needed("code"),
    "on": needed("list", of="name"),
    "why": needed("text"),
    "owner": needed("name"),
    "until": needed("date"),
}
