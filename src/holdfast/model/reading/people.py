"""Who: teams, persons, and the roles in which they decide."""

from __future__ import annotations

from holdfast.model import keys
from holdfast.model.documents import Node
from holdfast.model.fields import Fields, Reading
from holdfast.model.findings import shown
from holdfast.model.reading.needs import read_needs
from holdfast.model.reading.spreads import read_optional_spread
from holdfast.model.types import Person, Role, Rota, Team


def read_team(resource: Fields) -> Team | None:
    """Return what is declared of a team; ``None`` of what has no headcount."""
    if "headcount" not in resource:
        for key in ("minimum", "on_call", "rota"):
            if key in resource:
                message = f"expected a headcount to go with {key}"
                resource.error("HF127", key, message, "Say how many people the team has.")
        return None
    headcount, minimum = resource.number("headcount"), resource.number("minimum")
    if resource.sound("headcount", "minimum") and minimum > headcount:
        message = f"expected a minimum of at most {headcount} (the headcount), got {minimum}"
        resource.error("HF127", "minimum", message, "It could never function: lower it, or correct the headcount.")
    return Team(headcount, minimum, read_optional_spread(resource, "on_call"), _read_rota(resource))


def _read_rota(resource: Fields) -> Rota | None:
    """Return when a team is at work; one that ends no later than it begins ends on the next day."""
    if "rota" not in resource:
        return None
    fields = resource.sub("rota", keys.ROTA)
    return Rota(fields.number("from"), fields.number("to"), fields.number("shifts"))


def read_person(reading: Reading, name: str, node: Node) -> Person:
    """Return one person, by a pseudonymous id."""
    fields = Fields(reading, node, keys.PERSON, f"person {shown(name)}")
    return Person(
        name=name,
        title=fields.text("title"),
        teams=fields.names("teams", "team"),
        site=fields.optional_name("site", "site"),
        may_alter=fields.names("may_alter", "node"),
        custodian_of=fields.names("custodian_of", "resource"),
    )


def read_role(reading: Reading, name: str, node: Node) -> Role:
    """Return one role; who holds it does not deputise for it as well."""
    fields = Fields(reading, node, keys.ROLE, f"role {shown(name)}")
    holder, deputies = fields.optional_name("holder", "person"), fields.names("deputies", "person")
    if holder and holder in deputies:
        message = f"{shown(holder)} holds {fields.what} and cannot deputise for it as well"
        fields.error("HF127", "deputies", message, "Remove one of the two.")
    return Role(
        name=name,
        title=fields.text("title"),
        holder=holder,
        deputies=deputies,
        decides=fields.texts("decides"),
        reached_by=read_needs(fields, "reached_by"),
    )
