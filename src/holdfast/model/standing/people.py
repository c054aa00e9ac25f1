"""Explanations of roles and persons: what they decide, what they can alter, how they are reached."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.model.standing.explanation import Explanation, Part, facts, place_of
from holdfast.model.trees import Downwards, Line, told
from holdfast.model.types import Model, Person, Role
from holdfast.model.uses import nodes
from holdfast.model.wording import listed


def of_role(model: Model, role: Role) -> Explanation:
    """Return the explanation of a role: who fills it, what it takes to reach it, what waits for its decision."""
    return Explanation(
        role.name,
        "role",
        role.title,
        place_of(model, "roles", role.name),
        facts(
            ("holder", role.holder or "nobody"),
            ("deputies", listed(role.deputies) if role.deputies else "none"),
            ("decides", "; ".join(role.decides)),
        ),
        (
            Part(
                "stands-on", "What it takes to reach it", Downwards(model).need(role.reached_by), "nothing is declared"
            ),
            Part("carries", "What waits for it", tuple(_waiting(model, role.name))),
        ),
    )


def of_person(model: Model, person: Person) -> Explanation:
    """Return the explanation of a person: rights, teams, roles."""
    alters = tuple(Line(name, name, _what(model, name)) for name in person.may_alter)
    keeps = tuple(Line(name, name, "custodian") for name in person.custodian_of)
    deputises = [each.name for each in model.roles.values() if person.name in each.deputies]
    return Explanation(
        person.name,
        "person",
        person.title,
        place_of(model, "people", person.name),
        facts(
            ("teams", listed(person.teams) if person.teams else "none"),
            ("usual site", person.site),
            ("roles", listed([each.name for each in model.roles.values() if person.name == each.holder] or ["none"])),
            ("deputises for", listed(deputises) if deputises else None),
        ),
        (Part("people", "What this person may alter alone, and keeps the keys of", (*alters, *keeps)),),
    )


def _waiting(model: Model, role: str) -> Iterator[Line]:
    for service in model.services.values():
        if service.owner == role:
            yield Line(service.name, service.name, "service, owned by it")
        for mode in service.modes:
            if mode.decision == role:
                yield Line(f"{service.name}, mode {mode.name}", service.name, "entered by its decision")
    owned = (each for each in nodes(model) if each.owner == role)
    yield from (Line(each.name, each.name, f"{told(each)}, owned by it") for each in owned)
    if model.calendar is not None and model.calendar.extension and role in model.calendar.extension.needs:
        yield Line("the extension of the business day", None, "needs its consent")
    for accepted in model.risk_acceptances.values():
        if accepted.owner == role:
            yield Line(accepted.name, None, f"risk it bears until {accepted.until}: {accepted.why}")


def _what(model: Model, name: str) -> str:
    declared = model.resources.get(name) or model.groups.get(name)
    return told(declared) if declared is not None else ""
