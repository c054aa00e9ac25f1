"""Which weaknesses somebody bears: by the model's own risk acceptances, or by a baseline of what was known.

A line accepts a weakness of its kind when it names every subject of it: naming more accepts more, naming less accepts
nothing, so that a new member of an accepted weakness is news. It accepts until its day has passed. An acceptance of the
model can only name what is declared: of a value of a shared attribute the attribute, and it need not name a kind of
strategy or a choice within a need. One that the log knows to be unapproved, or changed since, accepts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from holdfast.analysis.kinds import KINDS, Weakness
from holdfast.errors import Place
from holdfast.model.types import Model


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One line: a weakness by its fingerprint, or a code with the subjects that it covers.

    ``by`` bears it, ``why``, until the day ``until`` (ISO 8601) is over. ``besides`` are subjects that need no naming.
    """

    finding: str
    on: frozenset[str]
    why: str
    by: str
    until: str
    place: Place
    besides: frozenset[str] = frozenset()

    def covers(self, weakness: Weakness) -> bool:
        """Whether this line is about that weakness."""
        if self.finding == weakness.fingerprint:
            return True
        if self.finding != weakness.code:
            return False
        named = [subject for subject in weakness.subjects if subject in self.on or subject.partition("=")[0] in self.on]
        return bool(named) and all(subject in named or subject in self.besides for subject in weakness.subjects)


@dataclass(frozen=True, slots=True)
class Sorted:
    """The weaknesses still ``open``, those ``borne`` with the line that bears each, and the lines that bear nothing.

    ``expired`` would have borne something, ``unmatched`` are about nothing that was found, ``unapproved`` are the
    model's own, without the approval of a body.
    """

    open: tuple[Weakness, ...]
    borne: tuple[tuple[Weakness, Acceptance], ...]
    expired: tuple[Acceptance, ...]
    unmatched: tuple[Acceptance, ...]
    unapproved: tuple[Acceptance, ...]


def of_model(model: Model, weaknesses: Sequence[Weakness]) -> tuple[Acceptance, ...]:
    """Return the model's risk acceptances that are about weaknesses, not about gaps that a drill opened."""
    declared = {*model.sites, *model.services, *model.resources, *model.groups, *model.people, *model.roles}
    every = {subject for weakness in weaknesses for subject in weakness.subjects}
    besides = frozenset(subject for subject in every - declared if "=" not in subject)
    return tuple(
        Acceptance(
            accepted.code,
            frozenset(accepted.on),
            accepted.why,
            accepted.owner,
            accepted.until,
            model.place("risk_acceptances", name),
            besides,
        )
        for name, accepted in model.risk_acceptances.items()
        if accepted.code is not None and accepted.code in KINDS
    )


def sort_out(
    model: Model,
    weaknesses: Sequence[Weakness],
    baseline: Iterable[Acceptance],
    on: str,
    approved: Mapping[str, str] | None = None,
) -> Sorted:
    """Return which of ``weaknesses`` are borne on a day (ISO 8601) and which are open, both in their order."""
    own = of_model(model, weaknesses)
    unapproved = tuple(line for line in own if not _approved(model, line, approved))
    lines = [line for line in (*own, *baseline) if line not in unapproved]
    valid = [line for line in lines if line.until >= on]
    bearing = {weakness: line for weakness in weaknesses for line in reversed(valid) if line.covers(weakness)}
    matched = [line for line in lines if any(line.covers(weakness) for weakness in weaknesses)]
    return Sorted(
        tuple(weakness for weakness in weaknesses if weakness not in bearing),
        tuple((weakness, bearing[weakness]) for weakness in weaknesses if weakness in bearing),
        tuple(line for line in matched if line.until < on),
        tuple(line for line in lines if line not in matched),
        unapproved,
    )


def _approved(model: Model, line: Acceptance, approved: Mapping[str, str] | None) -> bool:
    """Whether an acceptance of the model counts: where no log was given, what is declared is taken as it stands."""
    if approved is None:
        return True
    names = (name for name in model.risk_acceptances if model.place("risk_acceptances", name) == line.place)
    return all(approved.get(f"risk-acceptance:{name}", "unapproved") == "approved" for name in names)
