"""Keys of what services stand on, and of how it comes back: sites, resources, groups, people, suppliers, flows."""

from __future__ import annotations

from typing import get_args

from holdfast.model.keys.form import Key, Section, entries, listed, mapping, needed
from holdfast.model.types import Asset, Cure, Environment, FlowState, Kind, Seen, Substitutability

# ---- what services stand on ----

SITE: Section = {
    "title": Key("text"),
    "environment": Key("words", "production", words=get_args(Environment)),
    "shares": entries("text"),
}

RESOURCE: Section = {
    "kind": needed("words", get_args(Kind)),
    "title": Key("text"),
    "environment": Key("words", "production", words=get_args(Environment)),
    "site": Key("name"),
    "between": listed("name"),
    "needs": Key("needs"),
    "owner": Key("text"),
    "tier": Key("text"),
    "segment": Key("name"),
    "shares": entries("text"),
    "recovery": entries("recovery"),
    "rides_out": Key("duration"),
    "replica_of": Key("name"),
    "lag": Key("duration", "0s"),
    "keeps": mapping("keeps"),
    "asset": Key("words", words=get_args(Asset)),
    "announces": listed("name"),
    "headcount": Key("positive"),
    "minimum": Key("positive", "1"),
    "on_call": Key("spread"),
    "rota": mapping("rota"),
    "contract": mapping("contract"),
    "continuity": mapping("continuity"),
    "substitutability": Key("words", words=get_args(Substitutability)),
    "substitute": Key("name"),
    "substitute_takes": Key("spread"),
    "exit": mapping("exit"),
    "subcontracts": listed("name"),
}

GROUP: Section = {
    "kind": needed("words", get_args(Kind)),
    "title": Key("text"),
    "members": needed("list", of="name"),
    "active": Key("positive", "1"),
    "quorum": Key("positive", "1"),
    "needs": Key("needs"),
    "owner": Key("text"),
    "failover": mapping("failover"),
    "recovery": entries("recovery"),
}

NEEDS: Section = {
    "all": listed("needs"),
    "any": listed("needs"),
    "at_least": Key("positive"),
    "of": listed("needs"),
}

HOLD: Section = {
    "holds_for": needed("duration"),
}

COMMON_CAUSE: Section = {
    "beta": needed("chance"),
    "spreads": Key("list", "failed", words=get_args(Cure)),
}


# ---- how it comes back ----

RECOVERY: Section = {
    "takes": needed("spread"),
    "needs": Key("needs"),
    "source": Key("name"),
    "cures": Key("list", "failed", words=get_args(Cure)),
    "automatic": Key("flag", "false"),
    "loses": Key("duration", "0s"),
    "replays": Key("words", words=("journal",)),
    "accept_loss": Key("flag", "false"),
    "crew": entries("positive"),
    "playbook": Key("text"),
    "after": Key("duration"),
    "exercised": Key("date"),
}

FAILOVER: Section = {
    "mode": needed("words", ("automatic", "manual")),
    "takes": needed("spread"),
    "works": mapping("works"),
    "loses": Key("duration", "0s"),
    "detects": Key("spread"),
    "accept_loss": Key("flag", "false"),
    "exercised": Key("date"),
}

WORKS: Section = {
    "passed": needed("count"),
    "failed": needed("count"),
}

KEEPS: Section = {
    "every": needed("duration"),
    "for": needed("duration"),
}

# A duration that varies is one of {p50, p95} or {min, mode, max}.
SPREAD: Section = {
    "p50": Key("duration"),
    "p95": Key("duration"),
    "min": Key("duration"),
    "mode": Key("duration"),
    "max": Key("duration"),
}


# ---- people and suppliers ----

PERSON: Section = {
    "title": needed("text"),
    "teams": listed("name"),
    "site": Key("name"),
    "may_alter": listed("name"),
    "custodian_of": listed("name"),
}

ROLE: Section = {
    "title": needed("text"),
    "holder": Key("name"),
    "deputies": listed("name"),
    "decides": listed("text"),
    "reached_by": Key("needs"),
}

ROTA: Section = {
    "from": needed("time"),
    "to": needed("time"),
    "shifts": Key("positive", "1"),
}

CONTRACT: Section = {
    "reference": needed("text"),
    "starts": Key("date"),
    "ends": Key("date"),
    "notice": Key("duration"),
    "critical": Key("flag", "false"),
}

CONTINUITY: Section = {
    "plan_seen": Key("date"),
    "tested": Key("date"),
    "tested_with_us": Key("date"),
    "rto": Key("duration"),
}

EXIT: Section = {
    "plan_seen": Key("date"),
    "tested": Key("date"),
    "takes": Key("spread"),
}


# ---- the network, and what is known of dependencies ----

SEGMENT: Section = {
    "title": Key("text"),
}

FLOWS: Section = {
    "from": needed("name"),
    "to": needed("name"),
    "port": Key("port"),
    "protocol": Key("words", "tcp", words=("tcp", "udp")),
    "states": Key("list", "normal", words=get_args(FlowState)),
}

EDGES: Section = {
    "from": needed("name"),
    "to": needed("name"),
    "seen": needed("words", get_args(Seen)),
    "on": needed("date"),
    "by": needed("text"),
}
