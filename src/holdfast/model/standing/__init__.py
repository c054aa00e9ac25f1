"""What a declared thing stands on and what stands on it, in words, for ``holdfast explain``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from holdfast.model.canonical import RISK_ACCEPTANCE
from holdfast.model.standing.explanation import Explanation
from holdfast.model.standing.others import attributes, of_candidate, of_risk_acceptance, of_shared
from holdfast.model.standing.people import of_person, of_role
from holdfast.model.standing.services import UNAPPROVED, of_scenario, of_service
from holdfast.model.standing.things import of_node, of_segment, of_site
from holdfast.model.types import Model
from holdfast.model.vocabulary import Vocabulary

__all__ = ["Explanation", "explain", "nearest"]


def explain(model: Model, vocabulary: Vocabulary, name: str, approved: Mapping[str, str]) -> tuple[Explanation, ...]:
    """Return an explanation of everything that is declared under a name; a site and a resource may share one.

    ``approved`` says how each subject stands with its body, as ``holdfast.state.approvals.standing`` returns it; what
    it does not name is unapproved. Nothing is returned when nothing is declared under the name.
    """
    return tuple(_explained(model, vocabulary, name, approved))


def _explained(model: Model, vocabulary: Vocabulary, name: str, approved: Mapping[str, str]) -> Iterator[Explanation]:
    if name in model.services:
        yield of_service(model, vocabulary, model.services[name], approved)
    declared = model.groups.get(name) or model.resources.get(name)
    if declared is not None:
        yield of_node(model, vocabulary, declared)
    if name in model.sites:
        yield of_site(model, vocabulary, model.sites[name])
    if name in model.segments:
        yield of_segment(model, name)
    if name in model.roles:
        yield of_role(model, model.roles[name])
    if name in model.people:
        yield of_person(model, model.people[name])
    if name in model.scenarios:
        yield of_scenario(model, vocabulary, model.scenarios[name], approved)
    yield from of_shared(model, name)
    if name in model.candidates:
        yield of_candidate(model, model.candidates[name])
    if name in model.risk_acceptances:
        approval = approved.get(f"{RISK_ACCEPTANCE}:{name}", UNAPPROVED)
        yield of_risk_acceptance(model, model.risk_acceptances[name], approval)


def nearest(model: Model, name: str) -> tuple[str, ...]:
    """Return up to three declared names that look like this one, nearest first."""
    known = {
        *model.services,
        *model.resources,
        *model.groups,
        *model.sites,
        *model.segments,
        *model.roles,
        *model.people,
        *model.scenarios,
        *model.candidates,
        *model.risk_acceptances,
        *(each for attribute, values in attributes(model).items() for each in (attribute, *values)),
    }
    return tuple(get_close_matches(name, sorted(known), n=3, cutoff=0.6))
