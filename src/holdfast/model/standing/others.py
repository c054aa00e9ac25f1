"""Explanations of what things share, and of what a body decided: rejected candidates, risks that are borne."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.errors import Place
from holdfast.model.aims import carries
from holdfast.model.consistency.names import shared
from holdfast.model.standing.explanation import Explanation, Part, facts, place_of
from holdfast.model.trees import Line, Upwards, told
from holdfast.model.types import Candidate, FailShared, Model, RiskAcceptance
from holdfast.model.uses import services_above, uses
from holdfast.model.wording import listed, percent


def attributes(model: Model) -> dict[str, tuple[str, ...]]:
    """Return every attribute that sites or resources share, with its values, in the order of their names."""
    found: dict[str, set[str]] = {}
    for shares in shared(model):
        for attribute, value in shares.items():
            found.setdefault(attribute, set()).add(value)
    return {attribute: tuple(sorted(values)) for attribute, values in sorted(found.items())}


def of_shared(model: Model, name: str) -> Iterator[Explanation]:
    """Yield the explanation of every attribute that has this name, or this value."""
    for attribute, values in attributes(model).items():
        if name == attribute:
            yield of_attribute(model, attribute, values, name)
        elif name in values:
            yield of_attribute(model, attribute, (name,), name)


def of_attribute(model: Model, attribute: str, values: tuple[str, ...], name: str) -> Explanation:
    """Return the explanation of an attribute, or of one value of it: who carries it, and what stands on those."""
    used = uses(model)
    up = Upwards(model, used)
    carriers = {value: [r for r in model.resources.values() if carries(model, r, attribute, value)] for value in values}
    carried = tuple(
        Line(
            f"{attribute} {value}",
            None,
            "",
            tuple(Line(each.name, each.name, told(each), up.lines(each.name)) for each in having),
        )
        for value, having in carriers.items()
    )
    above = services_above(model, [each.name for having in carriers.values() for each in having], used)
    cause = model.common_causes.get(attribute)
    together = "no probability is declared for the others"
    if cause is not None:
        together = (
            f"the others are {listed(cause.spreads, 'or')} as well, with a probability of {percent(cause.beta_ppm)}"
        )
    return Explanation(
        name,
        "attribute",
        name if name == attribute else f"a value of {attribute}",
        _place(model, attribute),
        facts(
            ("when one is hit", together),
            ("useless after it", listed(cause.outlasts) if cause is not None and cause.outlasts else None),
            ("useless after it", listed(cause.outlasts) if cause is not None and cause.outlasts else None),
            ("services that stand on it", listed(above) if above else "none"),
        ),
        (
            Part("carries", "What shares it, and what stands on that", carried),
            Part("scenarios", "Scenarios that hit it", tuple(_scenarios(model, attribute, values)), "none"),
        ),
    )


def of_candidate(model: Model, candidate: Candidate) -> Explanation:
    """Return the explanation of a service that was considered as important and rejected."""
    return Explanation(
        candidate.name,
        "candidate",
        candidate.title,
        place_of(model, "candidates", candidate.name),
        facts(("not important because", candidate.rejected_because)),
        (),
    )


def of_risk_acceptance(model: Model, accepted: RiskAcceptance, approval: str) -> Explanation:
    """Return the explanation of a risk that is borne."""
    return Explanation(
        accepted.name,
        "risk acceptance",
        accepted.name,
        place_of(model, "risk_acceptances", accepted.name),
        facts(
            ("gap" if accepted.gap else "finding", f"{accepted.gap or accepted.code} on {listed(accepted.on)}"),
            ("why it is borne", accepted.why),
            ("borne by", f"{accepted.owner}, until {accepted.until}"),
            ("approval", approval),
        ),
        (),
    )


def _place(model: Model, attribute: str) -> Place:
    """Return where an attribute is declared as a common cause, else where it first is shared."""
    if attribute in model.common_causes:
        return place_of(model, "common_causes", attribute)
    sections = (("sites", model.sites), ("resources", model.resources))
    having = ((section, name) for section, things in sections for name in things if attribute in things[name].shares)
    section, name = next(having)
    return place_of(model, section, name, "shares", attribute)


def _scenarios(model: Model, attribute: str, values: tuple[str, ...]) -> Iterator[Line]:
    for scenario in model.scenarios.values():
        for hit in scenario.hits:
            if isinstance(hit, FailShared) and hit.attribute == attribute and hit.value in values:
                yield Line(scenario.name, scenario.name, f"everything with {attribute} {hit.value} fails")
