"""Which way a change of each member leans, and how heavy it is: one table.

A member that is not here is told when it changes, leans no way and is light.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from holdfast.model.difference.change import Weight
from holdfast.model.types import (
    AbortWhen,
    Absent,
    Arrivals,
    Calendar,
    CommonCause,
    Compromise,
    Continuity,
    Contract,
    Declaration,
    Dial,
    Edge,
    Exit,
    Extension,
    Fail,
    Failover,
    FailShared,
    FailSite,
    Flow,
    GapAbout,
    Group,
    ImpactTolerance,
    Indicator,
    Inject,
    Keeps,
    Load,
    Mode,
    Model,
    Person,
    PlannedTest,
    Range,
    Resource,
    RiskAcceptance,
    Role,
    Scenario,
    Service,
    Site,
    Slow,
    Strategy,
    Supplier,
    Sustain,
    Team,
    ThirdPartyOut,
)

Lean = Literal["more", "less", "none"]
"""What weakens: more of it (a longer duration, another name), less of it, or neither."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``weaker`` says what of a member weakens; ``words`` what more and what less of it is called.

    ``absent`` is what no value stands for: no limit at all (``most``), or nothing at all (``least``); ``nothing`` is
    what it is then called. Where the order of several counts, it is ``ordered``; where a greater number is not more of
    anything, the values stand ``apart``.
    """

    weaker: Lean = "none"
    weight: Weight = "low"
    label: str = ""
    words: tuple[str, str] = ("", "")
    absent: Literal["most", "least", "other"] = "other"
    nothing: str = ""
    ordered: bool = False
    apart: bool = False


_LIMIT = ("looser", "stricter")
_TIME = ("slower", "faster")
_LENGTH = ("longer", "shorter")


def _limit(label: str, weight: Weight = "high") -> Rule:
    """Return the rule of a limit: a higher one allows more harm, and none allows any."""
    return Rule("more", weight, label, _LIMIT, absent="most")


RULES: Mapping[tuple[type[object], str], Rule] = {
    (Model, "regimes"): Rule("less", "high"),
    (Calendar, "timezone"): Rule(weight="medium"),
    (Calendar, "cut_off_min"): Rule(weight="medium", words=("later", "earlier")),
    (Calendar, "cut_offs"): Rule(label="cut-off"),
    (Calendar, "close_by_min"): Rule("more", "high", words=("later", "earlier")),
    (Range, "command"): Rule(ordered=True),
    (Extension, "max_ms"): Rule("more", "medium", words=_LENGTH, absent="least"),
    (Extension, "needs"): Rule("less", "medium", "who must agree"),
    # ---- services ----
    (ImpactTolerance, "duration_ms"): _limit("duration", "critical"),
    (ImpactTolerance, "end_of_day"): Rule("less", "critical", "the settlement day must complete"),
    (ImpactTolerance, "failed_share_ppm"): _limit("share of failed payments"),
    (ImpactTolerance, "value"): _limit("value"),
    (ImpactTolerance, "volume"): _limit("volume"),
    (ImpactTolerance, "participants"): _limit("participants"),
    (Service, "rto_ms"): _limit("RTO"),
    (Service, "rpo_ms"): _limit("RPO"),
    (Service, "rides_out_ms"): Rule("more", "medium", words=_LENGTH),
    (Service, "reestablish"): Rule("more", "medium", words=_TIME, absent="least"),
    (Service, "indicator"): Rule("less", "high"),
    (Service, "importance"): Rule("less", "medium", "why it is important"),
    (Service, "modes"): Rule("less", "high", "mode", ordered=True),
    (Service, "peaks"): Rule(weight="medium", label="peak"),
    (Service, "impact"): Rule(weight="medium", label="impact after"),
    (Indicator, "answer"): Rule("more", "high", "what counts as a good answer"),
    (Indicator, "within_ms"): Rule("more", "medium", "time for an answer", _LIMIT),
    (Indicator, "participants_ppm"): Rule("less", "medium", "participants that must be served", ("stricter", "looser")),
    (Indicator, "window_ms"): Rule(weight="medium"),
    (Indicator, "probe"): Rule(weight="medium"),
    (Mode, "capacity_ppm"): Rule("less", "medium", words=("more", "less")),
    (Mode, "needs"): Rule(weight="high"),
    (Mode, "meets_minimum"): Rule("more", "high", "counts as minimum service"),
    (Mode, "minimum_service"): Rule(weight="medium"),
    (Mode, "decision"): Rule(weight="medium", label="decision by"),
    (Mode, "priority_answer"): Rule("more", "high", "what counts as a good answer to a priority instruction"),
    (Mode, "sustain"): Rule("more", "medium", "limit on how long it lasts"),
    (Sustain, "max_ms"): Rule("less", "medium", "lasts", _LENGTH),
    (Arrivals, "capacity_per_h"): Rule("less", "medium", words=("more", "less")),
    (Arrivals, "while_down"): Rule(weight="medium"),
    # ---- resources ----
    (Site, "environment"): Rule(weight="critical"),
    (Site, "shares"): Rule("more", "medium", "shared"),
    (Resource, "kind"): Rule(weight="medium"),
    (Resource, "environment"): Rule(weight="critical"),
    (Resource, "site"): Rule(weight="medium"),
    (Resource, "between"): Rule(weight="medium"),
    (Resource, "needs"): Rule(weight="medium"),
    (Resource, "segment"): Rule(weight="medium"),
    (Resource, "shares"): Rule("more", "medium", "shared"),
    (Resource, "recovery"): Rule("less", "high", "recovery strategy", ordered=True),
    (Resource, "rides_out_ms"): Rule("less", "medium", words=_LENGTH, absent="most"),
    (Resource, "replica_of"): Rule(weight="high", label="copy of"),
    (Resource, "lag_ms"): Rule("more", "medium", words=_LENGTH),
    (Resource, "keeps"): Rule("less", "high", "points in time that it keeps"),
    (Resource, "asset"): Rule(weight="medium"),
    (Resource, "announces"): Rule("less", "medium"),
    (Resource, "team"): Rule(weight="medium"),
    (Resource, "supplier"): Rule("less", "medium", "supplier's particulars"),
    (Keeps, "every_ms"): Rule("more", "high", "a point every", ("rarer", "more often")),
    (Keeps, "for_ms"): Rule("less", "high", "each kept for", _LENGTH),
    (Team, "headcount"): Rule("less", "medium", words=("more people", "fewer people")),
    (Team, "minimum"): Rule("more", "medium", "people without whom it does not function", ("more", "fewer")),
    (Team, "on_call"): Rule("more", "medium", words=_TIME, absent="least"),
    (Team, "rota"): Rule(weight="medium"),
    (Group, "members"): Rule("less", "high", "member", ordered=True),
    (Group, "active"): Rule("more", "medium", "members that serve", ("more", "fewer")),
    (Group, "needs"): Rule(weight="medium"),
    (Group, "quorum"): Rule("more", "high", words=("more must function", "fewer must function")),
    (Group, "failover"): Rule("less", "high"),
    (Group, "recovery"): Rule("less", "high", "recovery strategy", ordered=True),
    (Failover, "automatic"): Rule("less", "high"),
    (Failover, "takes"): Rule("more", "medium", words=_TIME),
    (Failover, "loses_ms"): Rule("more", "high", "data that it gives up", ("more", "less")),
    (Failover, "detects"): Rule("more", "medium", words=_TIME, absent="least"),
    (Failover, "accept_loss"): Rule("more", "high", "accepts to lose more than the RPO"),
    (Failover, "passed"): Rule("less", "low", "times it worked", ("more", "fewer")),
    (Failover, "failed"): Rule("more", "medium", "times it did not work", ("more", "fewer")),
    (Failover, "exercised"): Rule("less", "low", words=("later", "earlier"), absent="least"),
    (Strategy, "takes"): Rule("more", "medium", words=_TIME),
    (Strategy, "needs"): Rule(weight="medium"),
    (Strategy, "cures"): Rule("less", "high"),
    (Strategy, "source"): Rule(weight="high"),
    (Strategy, "automatic"): Rule("less", "medium"),
    (Strategy, "loses_ms"): Rule("more", "high", "data that it gives up", ("more", "less")),
    (Strategy, "replays"): Rule("less", "high"),
    (Strategy, "accept_loss"): Rule("more", "high", "accepts to lose more than the RPO"),
    (Strategy, "crew"): Rule("more", "medium"),
    (Strategy, "playbook"): Rule(weight="medium"),
    (Strategy, "after_ms"): Rule("more", "low", "begins after", ("later", "earlier")),
    (Strategy, "exercised"): Rule("less", "low", words=("later", "earlier"), absent="least"),
    (CommonCause, "beta_ppm"): Rule(
        "more", "medium", "probability that it takes the others along", ("likelier", "less likely")
    ),
    (CommonCause, "spreads"): Rule("more", "medium"),
    (CommonCause, "outlasts"): Rule("more", "medium"),
    # ---- suppliers ----
    (Supplier, "contract"): Rule("less", "high"),
    (Supplier, "continuity"): Rule("less", "high"),
    (Supplier, "substitutability"): Rule(weight="medium"),
    (Supplier, "substitute"): Rule(weight="high"),
    (Supplier, "substitute_takes"): Rule("more", "medium", words=_TIME),
    (Supplier, "exit"): Rule("less", "high"),
    (Supplier, "subcontracts"): Rule("more", "medium", "subcontractor"),
    (Contract, "reference"): Rule(weight="high"),
    (Contract, "ends"): Rule("less", "medium", words=("later", "earlier")),
    (Contract, "notice_ms"): Rule("less", "medium", words=_LENGTH, absent="least"),
    (Contract, "critical"): Rule(weight="high", label="supports a critical or important function"),
    (Contract, "audited"): Rule("less", "low", "last audited", ("later", "earlier"), absent="least"),
    (Contract, "reintegration"): Rule(weight="low"),
    (Continuity, "plan_seen"): Rule("less", "low", "continuity plan seen", ("later", "earlier"), absent="least"),
    (Continuity, "tested"): Rule("less", "low", "continuity test seen", ("later", "earlier"), absent="least"),
    (Continuity, "tested_with_us"): Rule("less", "low", words=("later", "earlier"), absent="least"),
    (Continuity, "rto_ms"): Rule("more", "high", "its own RTO", _TIME, absent="most"),
    (Exit, "plan_seen"): Rule("less", "low", "exit plan seen", ("later", "earlier"), absent="least"),
    (Exit, "tested"): Rule("less", "low", "exit tried", ("later", "earlier"), absent="least"),
    (Exit, "takes"): Rule("more", "medium", "leaving takes", _TIME, absent="most"),
    # ---- people and the network ----
    (Person, "may_alter"): Rule("more", "high", "may alter alone"),
    (Person, "custodian_of"): Rule(weight="medium"),
    (Role, "holder"): Rule(weight="medium"),
    (Role, "deputies"): Rule("less", "medium", "deputy", ordered=True),
    (Role, "decides"): Rule(weight="medium"),
    (Role, "reached_by"): Rule(weight="medium"),
    (Flow, "port"): Rule("more", "high", absent="most", nothing="any", apart=True),
    (Flow, "states"): Rule("more", "high", "allowed in the state"),
    (Edge, "seen"): Rule(weight="medium"),
    # ---- scenarios and tests ----
    (Scenario, "service"): Rule(weight="high"),
    (Scenario, "exercise_type"): Rule(weight="medium"),
    (Scenario, "plausibility"): Rule(weight="medium"),
    (Scenario, "hits"): Rule("less", "high", "what happens"),
    (Scenario, "disruption"): Rule("less", "high", "fault of the drill", ordered=True),
    (Fail, "names"): Rule("less", "high"),
    (FailSite, "sites"): Rule("less", "high"),
    (FailShared, "value"): Rule(weight="high"),
    (Compromise, "foothold"): Rule(weight="high"),
    (Compromise, "dwell"): Rule("less", "high", words=("longer", "shorter")),
    (Compromise, "cause"): Rule(weight="high"),
    (Compromise, "untrusted"): Rule("less", "high"),
    (Absent, "share_ppm"): Rule("less", "high", words=("more", "less")),
    (Absent, "lasts"): Rule("less", "high", words=("longer", "shorter")),
    (Absent, "teams"): Rule(weight="high"),
    (ThirdPartyOut, "names"): Rule("less", "high"),
    (ThirdPartyOut, "lasts"): Rule("less", "high", words=("longer", "shorter")),
    (Slow, "name"): Rule(weight="high"),
    (Slow, "capacity_ppm"): Rule("more", "high", words=("more", "less")),
    (Slow, "lasts"): Rule("less", "high", words=("longer", "shorter")),
    (Scenario, "checks"): Rule("less", "high", "check"),
    (Scenario, "expect"): Rule(weight="high", label="expected answer of"),
    (Scenario, "compression"): Rule(weight="medium"),
    (Scenario, "days"): Rule("less", "high", "business days that must complete", ("more", "fewer")),
    (Scenario, "declaration"): Rule("less", "medium", "declaration"),
    (Declaration, "by"): Rule(weight="medium"),
    (Declaration, "after_ms"): Rule("less", "medium", words=_TIME),
    (Scenario, "fail_back"): Rule(weight="medium"),
    (Scenario, "set_mode"): Rule(weight="medium", label="mode that is set", ordered=True),
    (Scenario, "detection"): Rule(weight="medium", words=_TIME),
    (Scenario, "decision"): Rule(weight="medium", words=_TIME),
    (Scenario, "dials"): Rule("less", "medium", "severity dial"),
    (Dial, "values"): Rule("less", "low"),
    (Scenario, "injects"): Rule("less", "medium", "inject", ordered=True),
    (Inject, "expect"): Rule("less", "medium", "what is expected"),
    (Inject, "by"): Rule(weight="medium", label="who has to decide"),
    (Inject, "within_ms"): Rule("more", "medium", "time for it", _LIMIT, absent="most"),
    (Inject, "tests"): Rule("less", "low"),
    (Load, "rate_per_s"): Rule("less", "medium", "load", ("more", "less")),
    (AbortWhen, "disrupted_longer_than_ms"): Rule(weight="low", words=_LENGTH),
    (AbortWhen, "exercise_longer_than_ms"): Rule(weight="low", words=_LENGTH),
    (PlannedTest, "every_ms"): Rule("more", "high", "every", ("rarer", "more often")),
    (PlannedTest, "valid_ms"): Rule("more", "high", "a result counts for", _LENGTH),
    (PlannedTest, "since"): Rule("more", "high", "counted since", ("later", "earlier"), nothing="the record began"),
    (RiskAcceptance, "code"): Rule(weight="high"),
    (RiskAcceptance, "gap"): Rule(weight="high"),
    (GapAbout, "scenario"): Rule(weight="high"),
    (GapAbout, "check"): Rule(weight="high"),
    (RiskAcceptance, "on"): Rule("more", "high"),
    (RiskAcceptance, "owner"): Rule(weight="medium", label="borne by"),
    (RiskAcceptance, "until"): Rule("more", "high", "borne until", ("later", "earlier")),
}

_UNITS = ("_ms", "_ppm", "_min", "_per_s", "_per_h")


def rule_of(kind: type[object], member: str) -> Rule:
    """Return the rule of a member of a type."""
    return RULES.get((kind, member), Rule())


def label_of(kind: type[object], member: str) -> str:
    """Return what a member is called: its label, else its name without its unit."""
    return rule_of(kind, member).label or plain_name(member)


def plain_name(member: str) -> str:
    """Return a member's name in words, without its unit."""
    for unit in _UNITS:
        member = member.removesuffix(unit)
    return member.replace("_", " ")
