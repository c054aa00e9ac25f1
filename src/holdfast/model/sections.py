"""The sections that describe the institution: its day, its range, sites, resources, groups and services."""

from __future__ import annotations

import re
from typing import cast

from holdfast.model import keys
from holdfast.model.documents import Items, Node, Table
from holdfast.model.fields import Fields, Reading
from holdfast.model.findings import shown
from holdfast.model.quantities import written
from holdfast.model.types import (
    AllOf,
    Answer,
    AnyOf,
    AtLeast,
    Calendar,
    Environment,
    Group,
    ImpactTolerance,
    Indicator,
    Kind,
    Mode,
    Need,
    On,
    Range,
    Resource,
    Service,
    Site,
)

NOTHING_NEEDED = AllOf(())
_OPTION = re.compile(r"[a-z][a-z0-9-]*", re.ASCII)
_BOTH_ENDS = 2


def read_calendar(reading: Reading, node: Node) -> Calendar:
    """Return the business day; it must open before its cut-off and be closed after it."""
    fields = Fields(reading, node, keys.CALENDAR, "calendar")
    timezone = fields.text("timezone")
    zones = reading.vocabulary.timezones
    if zones and fields.sound("timezone") and timezone not in zones:
        remedy = reading.findings.did_you_mean(timezone, zones)
        message = f"expected a time zone of the IANA database, got {shown(timezone)}"
        fields.error("HF111", "timezone", message, f"{remedy}Write a name such as Europe/Amsterdam.")
    opens, cut_off, close_by = fields.number("open"), fields.number("cut_off"), fields.number("close_by")
    if fields.sound("open", "cut_off") and opens >= cut_off:
        fields.error("HF123", "cut_off", "expected cut_off after open", "Put the times of the day in order.")
    if fields.sound("cut_off", "close_by") and cut_off >= close_by:
        fields.error("HF123", "close_by", "expected close_by after cut_off", "Put the times of the day in order.")
    return Calendar(timezone, opens, cut_off, close_by)


def read_range(reading: Reading, node: Node) -> Range:
    """Return how the range is started and what a scenario may ask of it."""
    fields = Fields(reading, node, keys.RANGE, "range")
    words = (reading.word(node, "a text in command") for node in fields.items("command"))
    command = tuple(word.text for word in words if word is not None)
    if fields.sound("command") and not command:
        fields.error("HF107", "command", "expected a command, got an empty list", "Write [program, argument].")
    options: dict[str, tuple[str, ...]] = {}
    table = fields.table("options")
    if table is not None:
        given = Fields(reading, table, dict.fromkeys(table.entries, keys.Key("list")), "options of range")
        for name, values in table.entries.items():
            if not _OPTION.fullmatch(name):
                message = f"expected the name of an option, got {shown(name)}"
                reading.findings.error("HF110", values.place, message, "Use small letters, digits and '-'.")
                continue
            options[name] = tuple(scalar.text for scalar in given.scalars(name))
            if given.sound(name) and not options[name]:
                message = f"expected the values that {shown(name)} takes, got none"
                reading.findings.error("HF107", values.place, message, "Write [default, other].")
    return Range(command, fields.text("profile"), options)


def read_site(reading: Reading, name: str, node: Node) -> Site:
    """Return one site."""
    fields = Fields(reading, node, keys.SITE, f"site {shown(name)}")
    return Site(name, fields.optional_text("title") or name, cast("Environment", fields.word("environment")))


def is_group(node: Node) -> bool:
    """Return whether an entry of ``resources`` declares a redundancy group: it has members."""
    return isinstance(node, Table) and "members" in node.entries


def read_resource(reading: Reading, name: str, node: Node) -> Resource:
    """Return one resource. A network may lie between two sites instead of at one."""
    fields = Fields(reading, node, keys.RESOURCE, f"resource {shown(name)}")
    kind = cast("Kind", fields.word("kind"))
    ends = fields.names("between", "site")
    if "between" in fields and fields.sound("between"):
        if len(ends) != _BOTH_ENDS:
            fields.error("HF124", "between", f"expected two sites, got {len(ends)}", "Write [one-site, other-site].")
        if fields.sound("kind") and kind != "network":
            message = f"expected kind network for what lies between two sites, got {kind}"
            fields.error("HF124", "between", message, "Give it a site instead, or kind: network.")
        if "site" in fields:
            fields.error("HF124", "between", "expected a site or two ends, got both", "Remove one of the two.")
    needs = read_need(reading, fields.entries["needs"]) if "needs" in fields else NOTHING_NEEDED
    if name in leaves(needs):
        fields.error("HF120", "needs", f"{shown(name)} needs itself", "Remove it: it says nothing.")
    return Resource(
        name=name,
        kind=kind,
        title=fields.optional_text("title") or name,
        environment=cast("Environment", fields.word("environment")),
        site=fields.optional_name("site", "site"),
        needs=needs,
        between=(ends[0], ends[1]) if len(ends) == _BOTH_ENDS else None,
    )


def read_group(reading: Reading, name: str, node: Node) -> Group:
    """Return one redundancy group; neither ``active`` nor ``quorum`` can exceed its members."""
    fields = Fields(reading, node, keys.GROUP, f"group {shown(name)}")
    members = fields.names("members", "member")
    active, quorum = fields.number("active"), fields.number("quorum")
    if fields.sound("members") and not members:
        fields.error("HF121", "members", "expected members, got an empty list", "Name them, or remove the group.")
    for key, value in (("active", active), ("quorum", quorum)):
        if members and fields.sound("members", key) and value > len(members):
            message = f"expected {key} of at most {len(members)} (the members), got {value}"
            fields.error("HF121", key, message, "Add members or lower the number.")
    kind = cast("Kind", fields.word("kind"))
    return Group(name, kind, fields.optional_text("title") or name, members, active, quorum)


def read_service(reading: Reading, name: str, node: Node) -> Service:
    """Return one important business service; its RTO is an objective inside its impact tolerance."""
    fields = Fields(reading, node, keys.SERVICE, f"service {shown(name)}")
    limits = fields.sub("impact_tolerance", keys.IMPACT_TOLERANCE)
    limit_ms, rto_ms = limits.number("duration"), fields.number("rto")
    if fields.sound("rto") and limits.sound("duration") and rto_ms > limit_ms:
        message = f"expected an rto within the impact tolerance, got {written(rto_ms)} > {written(limit_ms)}"
        fields.error("HF122", "rto", message, "Lower the objective; raising the tolerance is the board's decision.")
    modes = _read_modes(fields)
    return Service(
        name=name,
        title=fields.optional_text("title") or name,
        owner=fields.optional_text("owner"),
        impact_tolerance=ImpactTolerance(limit_ms, limits.word("end_of_day") == "required"),
        rto_ms=rto_ms,
        rpo_ms=fields.number("rpo"),
        indicator=_read_indicator(fields.sub("indicator", keys.INDICATOR)),
        modes=modes,
    )


def _read_indicator(fields: Fields) -> Indicator:
    """Return when clients call the service good; a window must have room for an answer."""
    indicator = Indicator(
        answer=cast("tuple[Answer, ...]", fields.words("answer")),
        within_ms=fields.number("within"),
        participants_ppm=fields.number("participants"),
        window_ms=fields.number("window"),
        probe=fields.name("probe", "resource"),
    )
    if fields.sound("answer") and not indicator.answer:
        fields.error("HF122", "answer", "expected an answer that counts as good, got none", "Write [settled].")
    if fields.sound("within", "window") and not 0 < indicator.within_ms <= indicator.window_ms:
        message = "expected within above zero and no longer than window"
        fields.error("HF122", "within", message, "Lengthen the window or shorten the time for an answer.")
    if fields.sound("participants") and indicator.participants_ppm == 0:
        message = "expected a share of participants above zero: zero is met by a dead service"
        fields.error("HF122", "participants", message, "Write the share that must be served, such as 95%.")
    return indicator


def _read_modes(service: Fields) -> tuple[Mode, ...]:
    """Return the modes, best first; one of them at least must be enough for the minimum service."""
    table = service.table("modes")
    if table is None:
        return ()
    modes = []
    whole = True
    for name, node in service.reading.named(table):
        fields = Fields(service.reading, node, keys.MODE, f"mode {shown(name)} of {service.what}")
        needs = read_need(service.reading, fields.entries["needs"]) if "needs" in fields else NOTHING_NEEDED
        modes.append(Mode(name, fields.number("capacity"), needs, fields.flag("meets_minimum")))
        whole = whole and fields.sound("meets_minimum")
    if whole and not any(mode.meets_minimum for mode in modes):
        message = f"expected a mode that meets the minimum service in {service.what}, got none"
        service.error("HF122", "modes", message, "Set meets_minimum: true on the modes with which clients can live.")
    return tuple(modes)


def leaves(need: Need) -> frozenset[str]:
    """Return every resource or group that a need names, at any depth."""
    if isinstance(need, On):
        return frozenset({need.resource})
    return frozenset().union(*(leaves(part) for part in need.of))


def read_need(reading: Reading, node: Node) -> Need:
    """Return a need: a name, a list (all of them), ``{all: …}``, ``{any: …}`` or ``{at_least: k, of: …}``, nested."""
    if isinstance(node, Items):
        return AllOf(_read_parts(reading, node))
    if isinstance(node, Table):
        return _read_combined(reading, node)
    scalar = reading.scalar(node, "what is needed")
    if scalar is None or not reading.name(scalar):
        return NOTHING_NEEDED
    reading.refer("resource", scalar)
    return On(scalar.text)


def _read_parts(reading: Reading, node: Node) -> tuple[Need, ...]:
    """Return the needs of a list; naming one twice would count it twice."""
    parts = tuple(read_need(reading, item) for item in (node.items if isinstance(node, Items) else (node,)))
    seen: set[Need] = set()
    for part in parts:
        if isinstance(part, On) and part in seen:
            message = f"expected each need once, got {shown(part.resource)} again"
            reading.findings.error("HF120", node.place, message, "Remove one of the two.")
        seen.add(part)
    return parts


def _read_combined(reading: Reading, node: Table) -> Need:
    """Return a need that is written as a mapping with one of the reserved words."""
    fields = Fields(reading, node, keys.NEEDS, "needs")
    given = frozenset(node.entries) & frozenset(keys.NEEDS)
    if given not in ({"all"}, {"any"}, {"at_least", "of"}):
        message = (
            f"expected {{all: […]}}, {{any: […]}} or {{at_least: n, of: […]}}, got {shown(', '.join(node.entries))}"
        )
        reading.findings.error("HF120", node.place, message, "Use one form; nest the others inside it.")
        return NOTHING_NEEDED
    key = "of" if "of" in given else next(iter(given))
    parts = _read_parts(reading, fields.entries[key])
    if key == "all":
        return AllOf(parts)
    count = fields.number("at_least") if key == "of" else 1
    if fields.sound("at_least") and count > len(parts):
        message = f"expected {count} to choose from, got {len(parts)}"
        fields.error("HF120", key, message, "It can never be met: lower the number or name more.")
    return AnyOf(parts) if key == "any" else AtLeast(count, parts)
