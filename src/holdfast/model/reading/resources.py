"""What services stand on: sites, resources, redundancy groups and what they have in common."""

from __future__ import annotations

from typing import cast

from holdfast.model import keys
from holdfast.model.documents import Node, Table
from holdfast.model.fields import Fields, Reading
from holdfast.model.findings import listed, shown
from holdfast.model.reading.needs import read_needs
from holdfast.model.reading.people import read_team
from holdfast.model.reading.recovery import read_failover, read_keeps, read_recovery
from holdfast.model.reading.suppliers import read_supplier
from holdfast.model.types import Asset, CommonCause, Cure, Environment, Group, Kind, Resource, Site

_BOTH_ENDS = 2


def read_site(reading: Reading, name: str, node: Node) -> Site:
    """Return one site."""
    fields = Fields(reading, node, keys.SITE, f"site {shown(name)}")
    title, environment = fields.optional_text("title") or name, cast("Environment", fields.word("environment"))
    if not fields.sound("environment"):
        reading.unclear.add(name)
    return Site(name, title, environment, fields.short_texts("shares"))


def is_group(node: Node) -> bool:
    """Return whether an entry of ``resources`` declares a redundancy group: it has members."""
    return isinstance(node, Table) and "members" in node.entries


def read_resource(reading: Reading, name: str, node: Node) -> Resource:
    """Return one resource. A network may lie between two sites instead of at one."""
    fields = Fields(reading, node, keys.RESOURCE, f"resource {shown(name)}")
    kind = cast("Kind", fields.word("kind"))
    environment = cast("Environment", fields.word("environment"))
    if not fields.sound("kind", "environment"):
        reading.unclear.add(name)
    if fields.sound("kind"):
        _check_kind(fields, kind)
    replica_of = fields.optional_name("replica_of", "resource")
    if "lag" in fields and replica_of is None:
        fields.error("HF126", "lag", "expected replica_of to go with lag: without one it says nothing", "Name it.")
    return Resource(
        name=name,
        kind=kind,
        title=fields.optional_text("title") or name,
        environment=environment,
        site=fields.optional_name("site", "site"),
        needs=read_needs(fields, of=name),
        between=_read_ends(fields),
        owner=fields.optional_text("owner"),
        tier=fields.optional_text("tier"),
        segment=fields.optional_name("segment", "segment"),
        shares=fields.short_texts("shares"),
        recovery=read_recovery(fields, name),
        rides_out_ms=fields.optional_number("rides_out"),
        replica_of=replica_of,
        lag_ms=fields.number("lag"),
        keeps=read_keeps(fields),
        asset=cast("Asset", fields.word("asset")) if "asset" in fields else None,
        announces=fields.names("announces", "node"),
        team=read_team(fields),
        supplier=read_supplier(fields, name) if fields.sound("kind") and kind in keys.ONLY_FOR["contract"] else None,
    )


def _check_kind(fields: Fields, kind: Kind) -> None:
    """Refuse keys that only resources of another kind have."""
    for key in fields.entries:
        kinds = keys.ONLY_FOR.get(key, ())
        if kinds and kind not in kinds:
            message = f"key {shown(key)} is for kind {listed(kinds)}, and {fields.what} is of kind {kind}"
            fields.error("HF105", key, message, "Remove the key, or correct the kind.")


def _read_ends(fields: Fields) -> tuple[str, str] | None:
    """Return the two sites between which a network lies."""
    ends = fields.names("between", "site")
    if "between" in fields and fields.sound("between"):
        if len(ends) != _BOTH_ENDS:
            fields.error("HF124", "between", f"expected two sites, got {len(ends)}", "Write [one-site, other-site].")
        if "site" in fields:
            fields.error("HF124", "between", "expected a site or two ends, got both", "Remove one of the two.")
    return (ends[0], ends[1]) if len(ends) == _BOTH_ENDS else None


def read_group(reading: Reading, name: str, node: Node) -> Group:
    """Return one redundancy group; neither ``active`` nor ``quorum`` can exceed its members."""
    fields = Fields(reading, _of_groups(reading, name, node), keys.GROUP, f"group {shown(name)}")
    members = fields.names("members", "resource")
    active, quorum = fields.number("active"), fields.number("quorum")
    if fields.sound("members") and not members:
        fields.error("HF121", "members", "expected members, got an empty list", "Name them, or remove the group.")
    for key, value in (("active", active), ("quorum", quorum)):
        if members and fields.sound("members", key) and value > len(members):
            message = f"expected {key} of at most {len(members)} (the members), got {value}"
            fields.error("HF121", key, message, "Add members or lower the number.")
    return Group(
        name=name,
        kind=cast("Kind", fields.word("kind")),
        title=fields.optional_text("title") or name,
        members=members,
        active=active,
        quorum=quorum,
        needs=read_needs(fields, of=name),
        owner=fields.optional_text("owner"),
        failover=read_failover(fields),
        recovery=read_recovery(fields, name),
    )


def _of_groups(reading: Reading, name: str, node: Node) -> Node:
    """Return a group's entry without the keys that only a single resource has: each of them is a finding."""
    if not isinstance(node, Table):
        return node
    foreign = [key for key in node.entries if key in keys.RESOURCE and key not in keys.GROUP]
    for key in foreign:
        message = f"key {shown(key)} is for a single resource, and {shown(name)} is a group: it has members"
        reading.findings.error("HF105", node.entries[key].place, message, "Write it at each of the members.")
    return Table({key: inner for key, inner in node.entries.items() if key not in foreign}, node.place)


def read_common_cause(reading: Reading, name: str, node: Node) -> CommonCause:
    """Return what sharing an attribute does; the attribute is one that sites or resources share."""
    fields = Fields(reading, node, keys.COMMON_CAUSE, f"common cause {shown(name)}")
    reading.refer_at("attribute", name, fields.place)
    fields.some("spreads")
    spreads = cast("tuple[Cure, ...]", fields.words("spreads"))
    return CommonCause(name, fields.number("beta"), spreads, fields.names("outlasts", "strategy"))
