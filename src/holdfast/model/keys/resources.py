"""Keys of what services stand on, and of how it comes back: sites, resources, groups, people, suppliers, flows."""

from __future__ import annotations

from typing import get_args

from holdfast.model.keys.form import Key, Section, entries, listed, mapping, needed
from holdfast.model.types import Asset, Cure, Environment, FlowState, Kind, Reintegration, Seen, Substitutability

# ---- what services stand on ----

SITE: Section = {
    "title": Key("text", meaning="For people; its name if there is none."),
    "environment": Key(
        "words", "production", words=get_args(Environment), meaning="What is in production is never broken."
    ),
    "shares": entries("text", meaning="What it has in common with other places: landlord, grid, river."),
}

RESOURCE: Section = {
    "kind": needed(
        "words",
        get_args(Kind),
        meaning="What it is. A `process` is a business process; a program is an `application` or a `database`.",
    ),
    "title": Key("text", meaning="For people; its name if there is none."),
    "environment": Key(
        "words",
        "production",
        words=get_args(Environment),
        meaning="What is in production is never broken, and may not need what can be.",
    ),
    "site": Key("name", meaning="Where it is: lost with that site."),
    "between": listed("name", meaning="Two sites, for a `network` that joins them; instead of `site`."),
    "needs": Key("needs", meaning="What it needs to function at this moment, not what repairing or starting it takes."),
    "owner": Key("text", meaning="Who answers for it."),
    "tier": Key("text", meaning="Its tier in the institution's own words."),
    "segment": Key("name", meaning="The part of the network that it is in."),
    "shares": entries(
        "text", meaning="Attributes whose failure is a common cause: firmware, hall, admin domain, change tool, vendor."
    ),
    "recovery": entries("recovery", meaning="The ways to bring it back, in the order in which they are tried."),
    "rides_out": Key(
        "duration", meaning="How long it may miss what it needs and then simply go on; for ever, if it is left out."
    ),
    "replica_of": Key("name", meaning="The resource whose data it copies."),
    "lag": Key("duration", "0s", meaning="How far behind the copy is; goes with `replica_of`."),
    "keeps": mapping("keeps", meaning="The points in time that it can return to: it is a vault."),
    "asset": Key("words", words=get_args(Asset), meaning="What it is to an intruder."),
    "announces": listed("name", meaning="What it tells people about: resources and groups whose failure it announces."),
    "headcount": Key(
        "positive", meaning="How many people the team has. For kind `people`, as are the next three, which go with it."
    ),
    "minimum": Key("positive", "1", meaning="How many must be there for the team to function."),
    "on_call": Key("spread", meaning="How long it takes to have them there."),
    "rota": mapping("rota", meaning="When the team is at work."),
    "contract": mapping("contract", meaning="The contract. For kinds `third-party` and `fmi`, as are the next six."),
    "continuity": mapping("continuity", meaning="What the supplier has shown of its own continuity."),
    "substitutability": Key(
        "words",
        words=get_args(Substitutability),
        meaning="How hard it is to replace, in the words of DORA's register of information.",
    ),
    "substitute": Key("name", meaning="The resource that would stand in."),
    "substitute_takes": Key("spread", meaning="How long replacing it takes."),
    "exit": mapping("exit", meaning="How the institution would leave."),
    "subcontracts": listed("name", meaning="Other third parties that it relies on itself."),
}

GROUP: Section = {
    "kind": needed("words", get_args(Kind), meaning="What its members are."),
    "title": Key("text", meaning="For people; its name if there is none."),
    "members": needed("list", of="name", meaning="Resources, the preferred ones first."),
    "active": Key("positive", "1", meaning="How many of them serve at a time."),
    "quorum": Key("positive", "1", meaning="How many of them must function."),
    "needs": Key("needs", meaning="What all of them need together."),
    "owner": Key("text", meaning="Who answers for it."),
    "failover": mapping(
        "failover", meaning="How it goes on with its other members; without it, any `active` of them serve."
    ),
    "recovery": entries("recovery", meaning="The ways to bring the group back as a whole."),
}

NEEDS: Section = {
    "all": listed("needs", meaning="Every one of these."),
    "any": listed("needs", meaning="One of these."),
    "at_least": Key("positive", meaning="How many of those in `of`."),
    "of": listed("needs", meaning="The ones to choose from."),
}

HOLD: Section = {
    "holds_for": needed(
        "duration", meaning="How long it can be done without: a UPS, fuel, cached tokens, liquidity, a staff rota."
    ),
}

COMMON_CAUSE: Section = {
    "beta": needed("chance", meaning="When one that shares the value is hit, all others are with this probability."),
    "spreads": Key("list", "failed", words=get_args(Cure), meaning="What spreads: failing, or being untrusted."),
    "outlasts": listed(
        "name",
        meaning="Recovery strategies that are useless after it, by name: a bad agent or release outlasts a restart.",
    ),
}


# ---- how it comes back ----

RECOVERY: Section = {
    "takes": needed("spread", meaning="How long it takes."),
    "needs": Key("needs", meaning="What the recovery itself stands on, without holds."),
    "source": Key("name", meaning="The resource or group whose data or software it takes; never the thing itself."),
    "cures": Key(
        "list", "failed", words=get_args(Cure), meaning="What it helps against; a restart cures only `failed`."
    ),
    "automatic": Key("flag", "false", meaning="Whether it begins without a decision."),
    "loses": Key("duration", "0s", meaning="How much data is given up."),
    "replays": Key("words", words=("journal",), meaning="Whether the journal is replayed, so that nothing is lost."),
    "accept_loss": Key(
        "flag", "false", meaning="Whether it is used even if it loses more than the services above can bear."
    ),
    "crew": entries("positive", meaning="How many people of which team it holds; at most the team's headcount."),
    "playbook": Key("text", meaning="Which one it follows."),
    "after": Key(
        "duration",
        meaning=(
            "When it begins at the earliest, counted from the decision; when the one before is usually over, if it is"
            " left out."
        ),
    ),
    "exercised": Key("date", meaning="When it was last shown to work."),
}

FAILOVER: Section = {
    "mode": needed("words", ("automatic", "manual"), meaning="Whether it happens by itself."),
    "takes": needed("spread", meaning="How long it takes; by itself, with noticing."),
    "works": mapping("works", meaning="How often it was seen to work."),
    "loses": Key("duration", "0s", meaning="How much data is given up."),
    "detects": Key("spread", meaning="How long noticing takes, where `takes` does not contain it."),
    "accept_loss": Key(
        "flag", "false", meaning="Whether it is used even if it loses more than the services above can bear."
    ),
    "exercised": Key("date", meaning="When it was last shown to work."),
}

WORKS: Section = {
    "passed": needed("count", meaning="How often it worked."),
    "failed": needed("count", meaning="How often it did not."),
}

KEEPS: Section = {
    "every": needed("duration", meaning="How often a point is made."),
    "for": needed("duration", meaning="How long each is kept; at least `every`."),
}

# A duration that varies is one of {p50, p95} or {min, mode, max}.
SPREAD: Section = {
    "p50": Key("duration", meaning="Half are shorter. Goes with `p95`; above zero."),
    "p95": Key("duration", meaning="One in twenty is longer."),
    "min": Key("duration", meaning="The shortest. Goes with `mode` and `max`."),
    "mode": Key("duration", meaning="The most likely."),
    "max": Key("duration", meaning="The longest."),
}


# ---- people and suppliers ----

PERSON: Section = {
    "title": needed("text", meaning="What they do; no name."),
    "teams": listed("name", meaning="The teams they belong to: resources of kind `people`."),
    "site": Key("name", meaning="Where they usually are."),
    "may_alter": listed("name", meaning="What their rights let them change or delete alone: resources and groups."),
    "custodian_of": listed("name", meaning="What they hold a key of."),
}

ROLE: Section = {
    "title": needed("text", meaning="For people."),
    "holder": Key("name", meaning="The person who holds it."),
    "deputies": listed("name", meaning="Who deputises, in this order; not the holder."),
    "decides": listed("text", meaning="The decisions that the role may take."),
    "reached_by": Key("needs", meaning="What must function to reach it."),
}

ROTA: Section = {
    "from": needed("time", meaning="When the first shift begins."),
    "to": needed("time", meaning="When the last one ends; on the next day, if that is not after `from`."),
    "shifts": Key("positive", "1", meaning="How many there are between the two."),
}

CONTRACT: Section = {
    "reference": needed("text", meaning="Its number in the register."),
    "starts": Key("date", meaning="First day."),
    "ends": Key("date", meaning="Last day; not before `starts`."),
    "notice": Key("duration", meaning="How long notice runs."),
    "critical": Key("flag", "false", meaning="Whether it supports a critical or important function."),
    "audited": Key("date", meaning="When the supplier was last audited; an audit shows no continuity."),
    "reintegration": Key(
        "words",
        words=get_args(Reintegration),
        meaning="How hard it is to take the work back, in the words of DORA's register of information.",
    ),
}

CONTINUITY: Section = {
    "plan_seen": Key("date", meaning="When its continuity plan was seen."),
    "tested": Key("date", meaning="When it showed a test of it."),
    "tested_with_us": Key("date", meaning="When both tested together."),
    "rto": Key("duration", meaning="The recovery time that it promises."),
}

EXIT: Section = {
    "plan_seen": Key("date", meaning="When the exit plan was last looked at."),
    "tested": Key("date", meaning="When it was tried."),
    "takes": Key("spread", meaning="How long leaving takes."),
}


# ---- the network, and what is known of dependencies ----

SEGMENT: Section = {
    "title": Key("text", meaning="For people; its name if there is none."),
}

FLOWS: Section = {
    "from": needed("name", meaning="A resource or a segment."),
    "to": needed("name", meaning="A resource or a segment."),
    "port": Key("port", meaning="All ports, if it is left out."),
    "protocol": Key("words", "tcp", words=("tcp", "udp"), meaning="Which protocol."),
    "states": Key(
        "list",
        "normal",
        words=get_args(FlowState),
        meaning="When it is allowed: normally, in a degraded mode, or only to recover.",
    ),
}

EDGES: Section = {
    "from": needed("name", meaning="A resource, group or service."),
    "to": needed("name", meaning="The resource or group that it depends on."),
    "seen": needed(
        "words",
        get_args(Seen),
        meaning="Traffic or a probe showed it, or a drill broke `to` and the effect on `from` was seen, or was not.",
    ),
    "on": needed("date", meaning="When."),
    "by": needed("text", meaning="The drill, tool or record that showed it."),
}
