"""What became of the gaps: how severe each is, whose it is, until when, what bears it, and what is to be done first.

The rules, all of them ours and all of them here. **Severity**: broken books, a broken promise and harm beyond the
tolerance are critical, what ends later than its objective is high, what merely was not noticed, or not decided at a
table, is medium; what is only unknown weighs a step less than if it were broken. Somebody may set another severity,
with a reason. **Due**: so many days after it was opened (``DUE_DAYS``), unless somebody set a date. **Escalation** is
due for a gap that is overdue, and for one without an owner for longer than ``OWNER_DAYS``; one that was escalated is
left alone for ``ESCALATED_DAYS``. **Borne** is a gap that an acceptance of the model names, with its service, which a
body approved and whose day has not passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

from holdfast.evidence.gaps import GapSeverity
from holdfast.measures.gaps import DECISION, WHOLE_COURSE, Gap
from holdfast.model.canonical import RISK_ACCEPTANCE
from holdfast.model.types import Model, RiskAcceptance
from holdfast.state.gaps import NOTHING_DONE, Handling

SEVERITIES: tuple[GapSeverity, ...] = get_args(GapSeverity)
"""Worst first."""

SEVERITY: Mapping[str, GapSeverity] = {
    "within-tolerance": "critical",
    "nothing-acknowledged-lost": "critical",
    "nothing-duplicated": "critical",
    "no-phantom": "critical",
    "debits-equal-credits": "critical",
    "limits-respected": "critical",
    "journal-chain-intact": "critical",
    "replay-gives-balances": "critical",
    "detected": "medium",
    WHOLE_COURSE: "high",
}
"""How severe it is that a check is broken; one that is not here is high, and see ``rule_severity`` for the day."""

DUE_DAYS: Mapping[GapSeverity, int] = {"critical": 14, "high": 30, "medium": 90, "low": 180}
OWNER_DAYS: Mapping[GapSeverity, int] = {"critical": 1, "high": 2, "medium": 7, "low": 14}
ESCALATED_DAYS = 14

GapState = Literal["overdue", "open", "borne", "closed"]
STATES: tuple[GapState, ...] = get_args(GapState)


@dataclass(frozen=True, slots=True)
class Remediation:
    """How a gap stands on a day: what was derived of it, and what people did.

    ``not_borne`` says why an acceptance that names it bears it not; ``escalate`` why it is to be taken further now.
    """

    gap: Gap
    handling: Handling
    state: GapState
    severity: GapSeverity
    due: str
    borne_by: RiskAcceptance | None
    not_borne: str
    escalate: str

    @property
    def owner(self) -> str | None:
        """The role that answers for it: the one that was named, or whose decision it was."""
        return self.handling.owner or self.gap.owner

    @property
    def open(self) -> bool:
        """Whether something is still to be done: neither closed nor borne."""
        return self.state in {"open", "overdue"}


def remediations(
    found: Iterable[Gap], handled: Mapping[str, Handling], model: Model, approved: Mapping[str, str], on: str
) -> tuple[Remediation, ...]:
    """Return how every gap stands on a day (ISO 8601), what comes first first.

    ``approved`` says of every subject that a body has to approve how that stands, by the log; an acceptance that is not
    approved bears nothing. ``model`` is what is declared now.
    """
    every = (_remediation(gap, handled.get(gap.id, NOTHING_DONE), model, approved, on) for gap in found)
    return tuple(sorted(every, key=_first))


def rule_severity(gap: Gap) -> GapSeverity:
    """Return how severe a gap is by the rule alone."""
    check = gap.about.check
    usual: GapSeverity = "critical" if check == "day-completed" and gap.end_of_day else "high"
    broken = SEVERITY.get(check, "medium" if check.startswith(DECISION) else usual)
    return broken if gap.broken else SEVERITIES[min(SEVERITIES.index(broken) + 1, len(SEVERITIES) - 1)]


def _remediation(gap: Gap, handling: Handling, model: Model, approved: Mapping[str, str], on: str) -> Remediation:
    severity = handling.severity or rule_severity(gap)
    due = handling.due or _after(day_of(gap.opened.at_utc_us), DUE_DAYS[severity])
    bearing, not_borne = _borne(gap, model, approved, on)
    state: GapState = "open" if due >= on else "overdue"
    if gap.closed is not None:
        state = "closed"
    elif bearing is not None:
        state = "borne"
    escalate = _escalation(gap, handling, severity, on, overdue_since=due if state == "overdue" else None)
    return Remediation(
        gap=gap,
        handling=handling,
        state=state,
        severity=severity,
        due=due,
        borne_by=bearing,
        not_borne=not_borne,
        escalate=escalate if state in {"open", "overdue"} else "",
    )


def _borne(gap: Gap, model: Model, approved: Mapping[str, str], on: str) -> tuple[RiskAcceptance | None, str]:
    """Return the acceptance that bears a gap on a day, or why those that name it do not."""
    why = ""
    for accepted in model.risk_acceptances.values():
        if accepted.gap != gap.about or gap.service not in accepted.on:
            continue
        standing = approved.get(f"{RISK_ACCEPTANCE}:{accepted.name}", "unapproved")
        if accepted.until < on:
            why = f"{accepted.name} bore it until {accepted.until}"
        elif standing != "approved":
            why = f"{accepted.name} would bear it and is {standing}"
        else:
            return accepted, ""
    return None, why


def _escalation(gap: Gap, handling: Handling, severity: GapSeverity, on: str, *, overdue_since: str | None) -> str:
    """Return why a gap is to be taken to somebody above its owner, nothing when it is not."""
    opened = day_of(gap.opened.at_utc_us)
    if overdue_since is not None:
        why = f"overdue since {overdue_since}"
    elif (handling.owner or gap.owner) is None and _after(opened, OWNER_DAYS[severity]) < on:
        why = f"without an owner since {opened}"
    else:
        return ""
    last = max((day_of(each.at_utc_us) for each in handling.escalated), default=None)
    return "" if last is not None and _after(last, ESCALATED_DAYS) >= on else why


def _first(each: Remediation) -> tuple[int, bool, int, int, str]:
    """Sort: overdue, then open, then what is borne, then what is closed; in each what nobody owns, then by severity."""
    unowned = each.owner is None
    return (
        STATES.index(each.state),
        not unowned,
        SEVERITIES.index(each.severity),
        each.gap.opened.at_utc_us,
        each.gap.id,
    )


def day_of(utc_us: int) -> str:
    """Return the day (ISO 8601, UTC) of an instant."""
    return datetime.fromtimestamp(utc_us // 1_000_000, UTC).date().isoformat()


def _after(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
