"""Everything that is weak in a declaration, worst first: vulnerabilities of its structure, found without simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from holdfast.analysis.clean_copy import no_clean_copy
from holdfast.analysis.cold_start import cold_start_deadlocks
from holdfast.analysis.false_redundancy import false_redundancy
from holdfast.analysis.kinds import KINDS, RANK, Weakness, Weight, worst_first
from holdfast.analysis.no_strategy import no_strategy, no_way_to_trust
from holdfast.analysis.objectives import contradictions, out_of_reach
from holdfast.analysis.people import news_with_its_subject, team_needed_everywhere
from holdfast.analysis.reach import decision_out_of_reach, no_way_to_reach, one_person
from holdfast.analysis.recovery import recovery_on_failed
from holdfast.analysis.running_out import modes_that_run_out
from holdfast.analysis.single_points import single_points
from holdfast.analysis.standing import (
    dependencies_untested,
    never_exercised,
    never_planned,
    not_owned,
    refuted,
    unmapped,
)
from holdfast.analysis.suppliers import no_way_out
from holdfast.analysis.survey import Survey
from holdfast.model.types import Model

__all__ = ["KINDS", "RANK", "Weakness", "Weight", "weaknesses"]

_FINDERS: Final[tuple[Callable[[Survey], Iterator[Weakness]], ...]] = (
    single_points,
    false_redundancy,
    cold_start_deadlocks,
    recovery_on_failed,
    one_person,
    decision_out_of_reach,
    no_way_to_reach,
    no_clean_copy,
    no_strategy,
    no_way_to_trust,
    modes_that_run_out,
    out_of_reach,
    contradictions,
    never_exercised,
    dependencies_untested,
    team_needed_everywhere,
    news_with_its_subject,
    no_way_out,
    not_owned,
    unmapped,
    refuted,
    never_planned,
)


def weaknesses(model: Model, on: str, approved: Mapping[str, str] | None = None) -> tuple[Weakness, ...]:
    """Return the weaknesses of a model on a day (ISO 8601), worst first.

    ``approved`` maps what needs approval to ``approved``, ``unapproved`` or ``changed since``; ``None`` says that no
    log was given, which is told once.
    """
    survey = Survey(model, on, approved)
    return tuple(sorted((found for finder in _FINDERS for found in finder(survey)), key=worst_first))
