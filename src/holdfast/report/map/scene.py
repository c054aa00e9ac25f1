"""What stands on the map and in which column: all or what one service stands on, piled up where it is too much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Literal

from holdfast.report.map.graph import TIERS, Graph, Thing, standing_on

By = Literal["site", "tier", "owner"]
# So many boxes can still be told apart on a screen; what is more is piled up.
LIMIT = 220
# Two are no pile: they take no more room than their names.
_PILE = 3
_NOWHERE = {"site": "No one site", "tier": "No tier declared", "owner": "No owner declared"}
_PLURAL = {
    "people": "teams",
    "process": "processes",
    "facility": "facilities",
    "information": "information assets",
    "third-party": "third parties",
    "fmi": "FMIs",
}
# People and third parties without a site stand on nobody's ground: they have bands across the whole map.
_PEOPLE, _SUPPLIERS = 1, len(TIERS) - 1


@dataclass(frozen=True, slots=True)
class Column:
    """A band of the map: a site, a tier or an owner. The key of the column for what has none is empty."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Item:
    """One box of the map.

    ``things`` are the keys of what it stands for: one, or of a pile many. ``column`` is where it stands; of something
    that stands across the whole map ``None``. ``spans`` are the columns that a line or a pile of groups joins, and
    ``hung`` the keys of the items that hang under a group.
    """

    key: str
    sort: Literal["service", "resource", "group", "pile"]
    title: str
    note: str
    level: int
    column: str | None
    things: tuple[str, ...]
    spans: tuple[str, ...] = ()
    hung: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """What is drawn from one item to another: ``edges`` are the positions in the graph of what it stands for."""

    source: str
    target: str
    edges: tuple[int, ...]
    alternative: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """Items by key, members after the group that they hang under; lines; and columns, in no particular order yet."""

    by: By
    items: Mapping[str, Item]
    lines: tuple[Line, ...]
    columns: tuple[Column, ...]


def scene_of(
    graph: Graph, by: By = "site", service: str | None = None, keep: frozenset[str] = frozenset(), limit: int = LIMIT
) -> Scene:
    """Return the scene of a graph: everything, or what the service with the key ``service`` stands on.

    ``keep`` are keys that are never piled up. Piles grow coarser until there are at most ``limit`` items, or until
    there is one for each kind in each place and one for each kind that joins places.
    """
    visible = frozenset(graph.things) if service is None else standing_on(graph, frozenset({service}))
    things = [thing for key, thing in graph.things.items() if key in visible]
    place = _Place(graph, by, frozenset(thing.site for thing in things if thing.site is not None))
    items: dict[str, Item] = {}
    for key_of in _PILE_KEYS:
        items = _items(graph, things, place, keep, key_of)
        if len(items) <= limit:
            break
    where = {key: item.key for item in items.values() for key in item.things}
    return Scene(by, items, tuple(_lines(graph, where, items)), _columns(graph, by, items))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a thing stands: one column, several that it joins, or across the map."""

    graph: Graph
    by: By
    sites: frozenset[str]

    def column(self, thing: Thing) -> str | None:
        """Return the column of a thing; empty for what has none, ``None`` for what stands across the whole map.

        A group stands in the columns of its members, whatever is declared of itself.
        """
        found = {"site": thing.site, "tier": thing.tier, "owner": thing.owner}[self.by]
        if thing.sort == "service":
            return None
        if thing.sort == "group" and (spans := self.spans(thing)):
            return spans[0] if len(spans) == 1 else ""
        if found is None and thing.level not in {_PEOPLE, _SUPPLIERS}:
            return ""
        return found

    def spans(self, thing: Thing) -> tuple[str, ...]:
        """Return the columns that a thing joins: a line its two ends, a group those of its members."""
        if thing.sort == "group":
            members = (self.column(self.graph.things[key]) for key in thing.members)
            return tuple(dict.fromkeys(column for column in members if column is not None))
        if self.by == "site" and thing.between is not None and thing.site is None:
            return thing.between
        return ()


_PileKey = tuple[str, ...]
_KeyOf = Callable[[_Place, Thing], _PileKey | None]


def _alone(_place: _Place, _thing: Thing) -> _PileKey | None:
    return None


def _kind_and_owner(place: _Place, thing: Thing) -> _PileKey | None:
    where = _where(place, thing)
    return None if where is None else (*where, thing.sort, thing.kind, thing.owner or "")


def _kind(place: _Place, thing: Thing) -> _PileKey | None:
    where = _where(place, thing)
    return None if where is None else (*where, thing.sort, thing.kind)


def _where(place: _Place, thing: Thing) -> tuple[str, str] | None:
    """Return in which column or columns a thing may be piled up; a service never is."""
    if thing.sort == "service":
        return None
    column = place.column(thing)
    return "across" if column is None else f"in {column}", " ".join(sorted(place.spans(thing)))


def _kind_anywhere(place: _Place, thing: Thing) -> _PileKey | None:
    """Return the same for what stands in one place; what joins places is one pile of its kind, whatever it joins."""
    return ("joining", thing.sort, thing.kind) if len(place.spans(thing)) > 1 else _kind(place, thing)


# From every thing by itself to all of one kind.
_PILE_KEYS: tuple[_KeyOf, ...] = (_alone, _kind_and_owner, _kind, _kind_anywhere)


def _items(graph: Graph, things: list[Thing], place: _Place, keep: frozenset[str], key_of: _KeyOf) -> dict[str, Item]:
    """Return the items for things, each by itself or in a pile with its like."""
    keys = {thing.key: None if thing.key in keep else key_of(place, thing) for thing in things}
    sizes = Counter(keys.values())
    piled = {key: pile for key, pile in keys.items() if pile is not None and sizes[pile] >= _PILE}
    # A group that stands by itself shows its members.
    for thing in things:
        if thing.sort == "group" and thing.key not in piled:
            for member in thing.members:
                if graph.hangs.get(member) == thing.key:
                    piled.pop(member, None)
    shown = {thing.key for thing in things} - piled.keys()
    items: dict[str, Item] = {}
    for thing in things:
        pile = piled.get(thing.key)
        if pile is None:
            items[thing.key] = _alone_item(graph, thing, place, shown)
            continue
        key = "pile:" + "/".join(pile)
        items[key] = _onto(items.get(key), key, thing, place)
    for item in tuple(items.values()):
        for key in item.hung:
            # What hangs under a group that stands in columns stands in one of them too, even a line between two.
            lost = items[key].column is None and item.column is not None
            items[key] = replace(items[key], spans=(), column="" if lost else items[key].column)
    return {key: _titled(graph, item) if item.sort == "pile" else item for key, item in items.items()}


def _alone_item(graph: Graph, thing: Thing, place: _Place, shown: AbstractSet[str]) -> Item:
    """Return the item of one thing; ``shown`` is what is in no pile."""
    hung = tuple(key for key in thing.members if graph.hangs.get(key) == thing.key and key in shown)
    note = f"{thing.enough} of {len(thing.members)}" if thing.sort == "group" else ""
    spans = () if hung else place.spans(thing)
    column = place.column(thing)
    return Item(thing.key, thing.sort, thing.title, note, thing.level, column, (thing.key,), spans, hung)


def _onto(pile: Item | None, key: str, thing: Thing, place: _Place) -> Item:
    """Return a pile with one thing more."""
    if pile is None:
        return Item(key, "pile", "", "", thing.level, place.column(thing), (thing.key,), place.spans(thing))
    spans = tuple(dict.fromkeys((*pile.spans, *place.spans(thing))))
    return replace(pile, things=(*pile.things, thing.key), spans=spans)


def _titled(graph: Graph, pile: Item) -> Item:
    """Return a pile with its title: how many of what, and whose where they are all the same one's."""
    things = [graph.things[key] for key in pile.things]
    kind = things[0].kind
    plural = _PLURAL.get(kind, f"{kind}s")
    what = f"{kind} groups" if things[0].sort == "group" else plural
    owners = {thing.owner for thing in things}
    owner = owners.pop() if len(owners) == 1 else None
    if len(things) == 1:
        return pile
    return replace(pile, title=f"{len(things):,} {what}", note=owner or "")


def _lines(graph: Graph, where: Mapping[str, str], items: Mapping[str, Item]) -> Iterable[Line]:
    """Yield a line for every pair of items between which there is an edge; a member that hangs needs none."""
    found: dict[tuple[str, str], list[int]] = {}
    for position, edge in enumerate(graph.edges):
        if edge.source in where and edge.target in where:
            source, target = where[edge.source], where[edge.target]
            if source != target and target not in items[source].hung:
                found.setdefault((source, target), []).append(position)
    for (source, target), edges in found.items():
        yield Line(source, target, tuple(edges), all(graph.edges[edge].alternative for edge in edges))


def _columns(graph: Graph, by: By, items: Mapping[str, Item]) -> tuple[Column, ...]:
    """Return the columns in which something stands, in declared order, tiers and owners by name."""
    used = {item.column for item in items.values() if item.column is not None and not item.hung and not item.spans}
    used |= {column for item in items.values() for column in item.spans}
    if by == "site":
        ordered = [name for name in graph.model.sites if name in used]
        titles = {name: site.title for name, site in graph.model.sites.items()}
    else:
        ordered = sorted(used - {""}, key=_natural)
        titles = {name: _tier_title(name) if by == "tier" else name for name in ordered}
    if "" in used:
        ordered.append("")
        titles[""] = _NOWHERE[by] if by != "site" or graph.model.sites else "No site declared"
    return tuple(Column(key, titles[key]) for key in ordered)


def _tier_title(name: str) -> str:
    """Return a tier's name so that a bare number is not left alone."""
    return name if any(character.isalpha() for character in name) else f"Tier {name}"


def _natural(text: str) -> list[tuple[int, int, str]]:
    """Return a key by which "tier 2" comes before "tier 10"."""
    parts: list[tuple[int, int, str]] = []
    word, digits = "", ""
    for character in text.casefold() + " ":
        if character in "0123456789":
            digits += character
            continue
        if digits:
            parts += [(1, 0, word), (0, int(digits), "")]
            word, digits = "", ""
        word += character
    return [*parts, (1, 0, word)]
