"""Which things were only renamed: the same content under another name, wherever they are referred to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, TypeVar

from holdfast.model.types import (
    Absent,
    Compromise,
    Declaration,
    Edge,
    Extension,
    Fail,
    FailSite,
    Fault,
    Flow,
    GapAbout,
    Group,
    Indicator,
    Inject,
    Mode,
    Model,
    On,
    Person,
    PlannedTest,
    Resource,
    RiskAcceptance,
    Role,
    Scenario,
    Service,
    Slow,
    Strategy,
    Supplier,
    Sustain,
    ThirdPartyOut,
)

Sort = Literal["node", "site", "service", "scenario", "person", "role", "segment"]
Renames = Mapping[Sort, Mapping[str, str]]
"""Old name to new name, of each sort; resources and groups are one sort."""

T = TypeVar("T")

# Every member that names something declared, with the sorts that it may name.
REFERENCES: Mapping[tuple[type[object], str], tuple[Sort, ...]] = {
    (On, "resource"): ("node",),
    (Resource, "site"): ("site",),
    (Resource, "between"): ("site",),
    (Resource, "segment"): ("segment",),
    (Resource, "replica_of"): ("node",),
    (Resource, "announces"): ("node",),
    (Resource, "owner"): ("role", "person"),
    (Group, "members"): ("node",),
    (Group, "owner"): ("role", "person"),
    (Strategy, "source"): ("node",),
    (Strategy, "crew"): ("node",),
    (Supplier, "substitute"): ("node",),
    (Supplier, "subcontracts"): ("node",),
    (Service, "owner"): ("role", "person"),
    (Indicator, "probe"): ("node",),
    (Mode, "decision"): ("role",),
    (Sustain, "limited_by"): ("node",),
    (Person, "teams"): ("node",),
    (Person, "site"): ("site",),
    (Person, "may_alter"): ("node",),
    (Person, "custodian_of"): ("node",),
    (Role, "holder"): ("person",),
    (Role, "deputies"): ("person",),
    (Extension, "needs"): ("role",),
    (Flow, "source"): ("node", "segment"),
    (Flow, "target"): ("node", "segment"),
    (Edge, "source"): ("node", "service"),
    (Edge, "target"): ("node",),
    (Fail, "names"): ("node",),
    (FailSite, "sites"): ("site",),
    (Compromise, "foothold"): ("node",),
    (Compromise, "untrusted"): ("node",),
    (Absent, "teams"): ("node",),
    (ThirdPartyOut, "names"): ("node",),
    (Slow, "name"): ("node",),
    (Fault, "target"): ("site", "node"),
    (Fault, "parameters"): ("site", "node"),
    (Scenario, "service"): ("service",),
    (Declaration, "by"): ("role",),
    (Inject, "to"): ("role",),
    (Inject, "by"): ("role",),
    (PlannedTest, "scenario"): ("scenario",),
    (PlannedTest, "service"): ("service",),
    (RiskAcceptance, "on"): ("node", "site", "service", "scenario", "person", "role", "segment"),
    (RiskAcceptance, "owner"): ("role",),
    (GapAbout, "scenario"): ("scenario",),
}

MAX_ROUNDS = 20  # what only others tell apart is found a round after them; what is left stays removed and added
_HIDDEN = "?"  # no declared thing can be called that


def renamed(old: Model, new: Model) -> tuple[Model, Renames]:
    """Return the old model with the names that things have in the new one, and which names those are."""
    found: dict[Sort, dict[str, str]] = {}
    for _ in range(MAX_ROUNDS):
        called, more = _verified(old, new, _alike(old, new))
        if not more:
            break
        for sort, names in more.items():
            found.setdefault(sort, {}).update(names)
        old = called
    return old, found


def _verified(old: Model, new: Model, pairs: Renames) -> tuple[Model, Renames]:
    """Return the old model under new names, and those names under which things are the same in the new model."""
    while pairs:
        called = _named(_replaced(old, pairs), pairs)
        before, after = _sections(called), _sections(new)
        same: Renames = {
            sort: {one: other for one, other in names.items() if before[sort][other] == after[sort][other]}
            for sort, names in pairs.items()
        }
        if same == pairs:
            return called, pairs
        pairs = {sort: names for sort, names in same.items() if names}
    return old, {}


def _sections(model: Model) -> Mapping[Sort, Mapping[str, Any]]:
    return {
        "node": {**model.resources, **model.groups},
        "site": model.sites,
        "service": model.services,
        "scenario": model.scenarios,
        "person": model.people,
        "role": model.roles,
        "segment": model.segments,
    }


def _alike(old: Model, new: Model) -> Renames:
    """Return what left under one name and came under another with the same content, where only one fits.

    Names that left or came are hidden in it: things that name each other may all be called otherwise at once.
    """
    before, after = _sections(old), _sections(new)
    gone: Renames = {sort: dict.fromkeys((n for n in before[sort] if n not in after[sort]), _HIDDEN) for sort in before}
    came: Renames = {sort: dict.fromkeys((n for n in after[sort] if n not in before[sort]), _HIDDEN) for sort in after}
    found: dict[Sort, dict[str, str]] = {}
    for sort in before:
        if gone[sort] and came[sort]:
            left, arrived = _by_content(before[sort], gone, sort), _by_content(after[sort], came, sort)
            fitting = {content: names for content, names in left.items() if len(names) == len(arrived[content]) == 1}
            found[sort] = {names[0]: arrived[content][0] for content, names in fitting.items()}
    return {sort: names for sort, names in found.items() if names}


def _by_content(things: Mapping[str, Any], hidden: Renames, sort: Sort) -> defaultdict[str, list[str]]:
    """Return the names that are hidden by what is declared under them."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in hidden[sort]:
        found[repr(_replaced(_nameless(things[name]), hidden))].append(name)
    return found


def _nameless(declared: Any) -> object:  # noqa: ANN401 -- any of the named types
    """Return a declared thing without its name; a title that is only the name goes with it."""
    title = "" if declared.title == declared.name else declared.title
    return replace(declared, name="", title=title)


def _named(model: Model, renames: Renames) -> Model:
    """Return the model with its things under their new names, each still in its place."""

    def moved(sort: Sort, section: Mapping[str, T]) -> Mapping[str, T]:
        names = renames.get(sort, {})
        return {names.get(name, name): _called(thing, names.get(name, name)) for name, thing in section.items()}

    return replace(
        model,
        resources=moved("node", model.resources),
        groups=moved("node", model.groups),
        sites=moved("site", model.sites),
        services=moved("service", model.services),
        scenarios=moved("scenario", model.scenarios),
        people=moved("person", model.people),
        roles=moved("role", model.roles),
        segments=moved("segment", model.segments),
    )


def _called(thing: T, name: str) -> T:
    declared: Any = thing
    if declared.name == name:
        return thing
    title = name if declared.title == declared.name else declared.title
    called: T = replace(declared, name=name, title=title)
    return called


def _replaced(value: Any, renames: Renames) -> Any:  # noqa: ANN401 -- any value of a model in, the same out
    """Return a value with every name in it that stands for something renamed replaced."""
    if is_dataclass(value) and not isinstance(value, type):
        members = {}
        for field in fields(value):
            given = getattr(value, field.name)
            sorts = REFERENCES.get((type(value), field.name))
            members[field.name] = _replaced(given, renames) if sorts is None else _names(given, sorts, renames)
        changed = {name: member for name, member in members.items() if member is not getattr(value, name)}
        return replace(value, **changed) if changed else value
    if isinstance(value, tuple):
        return tuple(_replaced(each, renames) for each in value)
    if isinstance(value, Mapping):
        return {key: _replaced(each, renames) for key, each in value.items()}
    return value


def _names(value: Any, sorts: tuple[Sort, ...], renames: Renames) -> Any:  # noqa: ANN401 -- as above
    """Return a name, names, or names with a number each, as they are called now."""
    if isinstance(value, str):
        return next((renames[sort][value] for sort in sorts if value in renames.get(sort, {})), value)
    if isinstance(value, tuple):
        return tuple(_names(each, sorts, renames) for each in value)
    if isinstance(value, Mapping):
        # A crew is by the name of its team; a fault's parameters are by their own names and may hold names.
        return {
            _names(key, sorts, renames) if isinstance(each, int) else key: _names(each, sorts, renames)
            for key, each in value.items()
        }
    return value
