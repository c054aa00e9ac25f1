"""Tables of assets, services, sites and relations, read by their mapping, as things and links."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from holdfast.model.importing.facts import (
    NOT_PRODUCTION,
    Facts,
    Link,
    Meaning,
    Origin,
    Said,
    Sort,
    Thing,
    port_said,
    said,
    words_of,
)
from holdfast.model.importing.limits import duration_of, unit_in
from holdfast.model.importing.mapping import BY_NAME, TableMapping, Word, as_kind, as_relation
from holdfast.model.importing.tables import CsvTable, Row
from holdfast.model.importing.words import (
    Relation,
    RowKind,
    environment_of,
    is_out_of_use,
    kind_of_class,
    kind_of_words,
    relation_of_type,
    says_nothing,
)

SURPLUS = "more cells than headings: probably a delimiter without quotes"
NO_NAME = "no name"
KIND_LEFT = "a class that the mapping leaves"
STATE_LEFT = "out of use"
TYPE_LEFT = "a type of relation that the mapping leaves"
TYPE_UNKNOWN = "a type of relation that nothing here knows: say in the mapping what it means"
NO_ENDS = "a relation without both its ends"
AMBIGUOUS = "a relation by a name that several rows have: export the id as well"
UNKNOWN = "a relation to something that is not in these files"
NOTHING = "a table of which the mapping takes nothing"

_SYSTEM_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SEPARATORS = re.compile(r"[,;|\n]")
_OBJECTIVE = re.compile(r"\b(rto|rpo|mtd|mtpd)\s*[:=]\s*([0-9a-z ]+)", re.IGNORECASE)
_YES = frozenset({"true", "yes", "y", "1", "x", "ja", "oui"})
_LIMITS = ("tolerance", "rto", "rpo", "mtpd")

_MEANINGS: Mapping[Relation, Meaning] = {
    **dict.fromkeys(("needs", "needed-by", "at", "houses"), "needs"),
    **dict.fromkeys(("contains", "contained-by"), "contains"),
    **dict.fromkeys(("cluster-of", "cluster-member"), "cluster"),
    **dict.fromkeys(("has-member", "member-of"), "collection"),
    **dict.fromkeys(("sends-to", "receives-from", "exchanges"), "flow"),
}
_TURNED: frozenset[Relation] = frozenset(
    {"needed-by", "houses", "contained-by", "cluster-member", "member-of", "receives-from"}
)


@dataclass(slots=True)
class _Index:
    """What rows can be called by: their ids, their names, and their names in small letters."""

    by_id: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_name: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    folded: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, key: str, name: str, identity: str) -> None:
        """Remember how a row can be called."""
        if identity:
            self.by_id[identity].add(key)
        self.by_name[name].add(key)
        self.folded[name.casefold()].add(key)

    def found(self, text: str) -> frozenset[str]:
        """Return the keys of the rows that a text can mean, by the strictest way that finds any."""
        for known, word in ((self.by_id, text), (self.by_name, text), (self.folded, text.casefold())):
            if word in known:
                return frozenset(known[word])
        return frozenset()


@dataclass(frozen=True, slots=True)
class _Asset:
    """One row of a table of things, as far as it could be read by itself."""

    row: Row
    key: str
    name: str
    origin: Origin
    kind: RowKind
    guessed: str | None
    class_: str


def read_inventory(tables: Sequence[tuple[CsvTable, TableMapping]]) -> Facts:
    """Return the things and links of tables, each read by its mapping."""
    inventory = _Inventory()
    for table, mapping in tables:
        if mapping.holds.word not in {"relations", "nothing"}:
            inventory.read_assets(table, mapping)
    inventory.add_sites(tables)
    for table, mapping in tables:
        inventory.read_places(table, mapping)
    for table, mapping in tables:
        if mapping.holds.word == "nothing":
            for row in table.rows:
                inventory.facts.leave(_origin(table, row), "row", NOTHING)
        elif mapping.holds.word == "relations":
            inventory.read_relations(table, mapping)
        else:
            inventory.read_columns(table, mapping)
    if inventory.unknown_ids:
        inventory.facts.notes.append(
            f"relations that name things by an id that no table has: {inventory.unknown_ids:,}; "
            "export the ids (sys_id) with the assets too"
        )
    return inventory.facts


class _Inventory:
    """What has been read so far. Things come first, because links look them up."""

    def __init__(self) -> None:
        self.facts = Facts()
        self.unknown_ids = 0  # relations that name something by an id as only a machine makes them
        self._index = _Index()
        self._keys: dict[str, str] = {}  # key -> the file that it is of
        self._assets: dict[str, list[_Asset]] = {}
        self._names: dict[str, str] = {}  # key -> what people call it
        self._sites: dict[str, str] = {}  # what a column says -> the key of that site

    def read_assets(self, table: CsvTable, mapping: TableMapping) -> None:
        """Read a table with one thing a row."""
        kept = []
        for row, key in self._keyed(table, mapping):
            asset = self._asset(table, mapping, row, key)
            self._index.add(key, asset.name, _cell(row, mapping, "id"))
            self._names[key] = asset.name
            reason, detail = _unwanted(asset, mapping)
            if reason:
                what = asset.class_ or "row" if asset.kind == "leave" else asset.kind
                self.facts.leave(asset.origin, f"{what} {asset.name}", reason, detail, key)
            else:
                kept.append(asset)
                self.facts.things.append(_thing(asset, mapping))
        self._assets[table.file] = kept
        self._sites |= {
            word.casefold(): asset.key
            for asset in kept
            if asset.kind == "site"
            for word in (asset.name, _cell(asset.row, mapping, "id"))
            if word
        }

    def _keyed(self, table: CsvTable, mapping: TableMapping) -> Iterator[tuple[Row, str]]:
        """Yield the rows that can be read with a key of their own, the same one whatever the order of the rows."""
        shared: dict[str, list[Row]] = defaultdict(list)
        for row in table.rows:
            name = _cell(row, mapping, "name")
            if row.surplus:
                self.facts.leave(_origin(table, row), f"row of {name}", SURPLUS, f"{row.surplus} more")
            elif not name:
                self.facts.leave(_origin(table, row), "row", NO_NAME)
            else:
                shared[_cell(row, mapping, "id") or name].append(row)
        doubles = 0
        for identity, rows in self._by_name(shared, mapping):
            ordered = sorted(rows, key=lambda row: (sorted(row.cells.items()), row.number))
            distinct: dict[tuple[tuple[str, str], ...], str] = {}
            for row in ordered:
                contents = tuple(sorted(row.cells.items()))
                if contents not in distinct:
                    distinct[contents] = self._key(table.file, identity, len(distinct))
                    doubles += len(distinct) > 1
                yield row, distinct[contents]
        if doubles:
            self.facts.notes.append(
                f"{table.file}: rows that share their id or name with another row and differ from it: {doubles:,}; "
                "each got a name of its own, and relations that name them are left"
            )

    @staticmethod
    def _by_name(shared: Mapping[str, list[Row]], mapping: TableMapping) -> Iterator[tuple[str, list[Row]]]:
        """Yield rows by their identity: their names belong to it where an id is said of several names."""
        for identity, rows in shared.items():
            names = defaultdict(list)
            for row in rows:
                names[_cell(row, mapping, "name")].append(row)
            for name, same in names.items():
                # No cell holds a tab: what is made here is like no identity that a row gives.
                yield identity if len(names) == 1 else f"{identity}\t{name}", same

    def _key(self, file: str, identity: str, position: int) -> str:
        """Return a key that no other file's row has."""
        key = identity if position == 0 else f"{identity}\t{position + 1}"
        if self._keys.setdefault(key, file) != file:
            key = f"{key} of {file}"
            self._keys[key] = file
        return key

    def _asset(self, table: CsvTable, mapping: TableMapping, row: Row, key: str) -> _Asset:
        name, class_ = _cell(row, mapping, "name"), _cell(row, mapping, "kind")
        kind, guessed = _kind(mapping, class_, name, _cell(row, mapping, "title"))
        if _cell(row, mapping, "important").casefold() in _YES:
            kind, guessed = "service", None
        return _Asset(row, key, name, _origin(table, row), kind, guessed, class_)

    def add_sites(self, tables: Sequence[tuple[CsvTable, TableMapping]]) -> None:
        """Add the sites that no row declares and only a column names, however each row spells them."""
        spellings: dict[str, Counter[str]] = defaultdict(Counter)
        origins: dict[str, Origin] = {}
        for table, mapping in tables:
            for asset in self._assets.get(table.file, ()):
                site = _site(asset, mapping)
                if site and site.casefold() not in self._sites:
                    spellings[site.casefold()][site] += 1
                    origins.setdefault(site.casefold(), Origin(table.file, f"column {mapping.columns['site'][0]}"))
        for word, spelt in spellings.items():
            self._sites[word] = f"site {word}"
            name = min(spelt, key=lambda each: (-spelt[each], each))
            self.facts.things.append(Thing(self._sites[word], name, "site", origins[word]))

    def read_places(self, table: CsvTable, mapping: TableMapping) -> None:
        """Read where the rows of a table of things are, and of which cluster; both can be made of a column's word."""
        for asset in self._assets.get(table.file, ()):
            if site := _site(asset, mapping):
                what = f"{asset.name} is at {site}"
                self.facts.links.append(Link("at", asset.key, self._sites[site.casefold()], asset.origin, what))
            cluster = _cell(asset.row, mapping, "member_of")
            if cluster:
                self._join(asset, cluster, mapping.columns["member_of"][0])

    def read_columns(self, table: CsvTable, mapping: TableMapping) -> None:
        """Read what the rows of a table of things need, and what needs them."""
        for asset in self._assets.get(table.file, ()):
            for text in self._parts(asset.row, mapping, "needs"):
                self._relate(asset, text, "needs", f"{asset.name} needs {self._called(text)}")
            for text in self._parts(asset.row, mapping, "needed_by"):
                self._relate(asset, text, "needed-by", f"{asset.name} is needed by {self._called(text)}")

    def _parts(self, row: Row, mapping: TableMapping, column: str) -> Iterator[str]:
        """Yield what the cells of a column name: one thing, if something is called so, else several."""
        for heading in mapping.columns.get(column, ()):
            cell = row.cells.get(heading, "")
            whole = words_of(cell)
            texts = [whole] if self._index.found(whole) else map(words_of, _SEPARATORS.split(cell))
            yield from (text for text in texts if not says_nothing(text))

    def _join(self, asset: _Asset, cluster: str, heading: str) -> None:
        """Make a thing a member of a cluster; one that no row declares is made of the column's word."""
        what = f"{asset.name} is a member of {cluster}"
        found = self._index.found(cluster)
        if len(found) > 1:
            self.facts.leave(asset.origin, what, AMBIGUOUS, cluster)
            return
        key = next(iter(found), f"cluster {cluster}")
        if not found:
            self._index.add(key, cluster, "")
            self._names[key] = cluster
            origin = Origin(asset.origin.file, f"column {heading}")
            self.facts.things.append(Thing(key, cluster, "resource", origin, {"kind": Said("host")}))
        self.facts.links.append(Link("cluster", key, asset.key, asset.origin, what))

    def read_relations(self, table: CsvTable, mapping: TableMapping) -> None:
        """Read a table with one relation a row."""
        for row in table.rows:
            origin = _origin(table, row)
            parents, children = _cells(row, mapping, "parent"), _cells(row, mapping, "child")
            type_ = _cell(row, mapping, "type")
            what = f"{self._called(*parents)} [{type_ or 'relation'}] {self._called(*children)}"
            relation, guessed = _relation(mapping, type_)
            if row.surplus:
                self.facts.leave(origin, what, SURPLUS, f"{row.surplus} more")
            elif not parents or not children:
                self.facts.leave(origin, what, NO_ENDS)
            elif relation == "leave":
                self.facts.leave(origin, what, TYPE_UNKNOWN if guessed else TYPE_LEFT, type_)
            else:
                source = self._resolved(origin, what, parents)
                target = None if source is None else self._resolved(origin, what, children)
                if source is not None and target is not None:
                    self._link(origin, (source, target), relation, what, guessed, _cell(row, mapping, "port"))

    def _relate(self, asset: _Asset, text: str, relation: Relation, what: str) -> None:
        """Add what a thing says of another, which it calls by id or name."""
        other = self._resolved(asset.origin, what, [text])
        if other is not None:
            self._link(asset.origin, (asset.key, other), relation, what)

    def _link(
        self,
        origin: Origin,
        ends: tuple[str, str],
        relation: Relation,
        what: str,
        guessed: str | None = None,
        port: str = "",
    ) -> None:
        """Add a relation between two things that are known."""
        source, target = reversed(ends) if relation in _TURNED else ends
        link = Link(_MEANINGS[relation], source, target, origin, what, guessed, port_said(port))
        self.facts.links.append(link)
        if relation == "exchanges":
            self.facts.links.append(replace(link, source=target, target=source, what=f"{what}, and back"))

    def _resolved(self, origin: Origin, what: str, texts: Sequence[str]) -> str | None:
        """Return the key of the one thing that the first telling text means; otherwise the relation is left."""
        ambiguous = False
        for text in texts:
            found = self._index.found(text) or frozenset(filter(None, [self._sites.get(text.casefold())]))
            if len(found) == 1:
                return next(iter(found))
            ambiguous = ambiguous or bool(found)
        self.facts.leave(origin, what, AMBIGUOUS if ambiguous else UNKNOWN, ", ".join(texts))
        self.unknown_ids += all(_SYSTEM_ID.fullmatch(text) is not None for text in texts)
        return None

    def _called(self, *texts: str) -> str:
        """Return what a reader calls the thing that texts mean: its name if it is known, else the last text."""
        for text in texts:
            found = self._index.found(text)
            if len(found) == 1:
                return self._names.get(next(iter(found)), text)
        return texts[-1] if texts else "nothing"


def _origin(table: CsvTable, row: Row) -> Origin:
    return Origin(table.file, f"row {row.number}")


def _site(asset: _Asset, mapping: TableMapping) -> str:
    """Return the word for where a thing is; an empty one for what is in no place."""
    placeless = {"site", "service", "people", "third-party", "fmi", "process"}
    return "" if asset.kind in placeless else _cell(asset.row, mapping, "site")


def _cell(row: Row, mapping: TableMapping, column: str) -> str:
    """Return what a row says in one of our columns, as one line."""
    return next(iter(_cells(row, mapping, column)), "")


def _cells(row: Row, mapping: TableMapping, column: str) -> list[str]:
    """Return all that a row says in the headings of one of our columns, in their order."""
    texts = (words_of(row.cells.get(heading, "")) for heading in mapping.columns.get(column, ()))
    return [text for text in texts if not says_nothing(text)]


def _kind(mapping: TableMapping, class_: str, name: str, title: str) -> tuple[RowKind, str | None]:
    """Return the kind of a row, and why it is guessed."""
    if mapping.holds.word in {"services", "sites"}:
        kind: RowKind = "service" if mapping.holds.word == "services" else "site"
        return kind, f"the table seems to hold {mapping.holds.word}" if mapping.holds.guess else None
    word = mapping.kinds.get(class_) if class_ else None
    if word is None:
        word = mapping.kind or (Word(*kind_of_class(class_)) if class_ else Word(BY_NAME, guess=True))
    if word.word == BY_NAME:
        return kind_of_words(name, title), "from its name"
    return as_kind(word.word), f'what its class stands for; "{class_}"' if word.guess else None


def _relation(mapping: TableMapping, type_: str) -> tuple[Relation, str | None]:
    """Return what a relation's parent does with its child, and why it is guessed."""
    word = mapping.relations.get(type_) if type_ else None
    if word is None:
        word = mapping.relation or Word(*relation_of_type(type_))
    return as_relation(word.word), f'what this type of relation means; "{type_}"' if word.guess else None


def _unwanted(asset: _Asset, mapping: TableMapping) -> tuple[str, str]:
    """Return why a row is left, with its detail; two empty texts if it is taken."""
    if asset.kind == "leave":
        return KIND_LEFT, asset.class_
    state = _cell(asset.row, mapping, "state")
    if state:
        word = mapping.states.get(state)
        if word.word == "leave" if word else is_out_of_use(state):
            return STATE_LEFT, state
    environment = _cell(asset.row, mapping, "environment")
    if environment:
        word = mapping.environments.get(environment)
        if word.word == "leave" if word else environment_of(environment)[0] == "leave":
            return NOT_PRODUCTION, environment
    return "", ""


def _thing(asset: _Asset, mapping: TableMapping) -> Thing:
    """Return what a row declares by itself."""
    row = asset.row
    sort: Sort = "service" if asset.kind == "service" else "site" if asset.kind == "site" else "resource"
    values = said(title=_cell(row, mapping, "title") or None)
    if values.get("title", Said("")).value == asset.name:
        del values["title"]
    if sort == "resource":
        values["kind"] = Said(asset.kind, asset.guessed)
        values |= said(owner=_cell(row, mapping, "owner"), tier=_cell(row, mapping, "criticality"))
        values |= _environment(mapping, _cell(row, mapping, "environment"))
    elif asset.guessed:
        values["title"] = Said(_cell(row, mapping, "title") or asset.name, f"that it is a {sort}; {asset.guessed}")
    if sort == "service":
        values |= said(owner=_cell(row, mapping, "owner")) | _limits(row, mapping)
    return Thing(asset.key, asset.name, sort, asset.origin, values)


def _environment(mapping: TableMapping, environment: str) -> dict[str, Said]:
    """Return the environment where a person's mapping says another than production: it is never guessed."""
    word = mapping.environments.get(environment)
    if word is None:
        return {}
    if word.word != "production":
        return {"environment": Said(word.word)}
    return {"environment": Said("production", f'what this environment is; "{environment}"')} if word.guess else {}


def _limits(row: Row, mapping: TableMapping) -> dict[str, Said]:
    """Return the limits that a row gives, as the model writes durations, and its criticality in our word."""
    # The heading of a column may name the unit of its bare numbers; for all others the mapping does.
    common = (mapping.unit.word, mapping.unit.guess) if mapping.unit is not None else (None, False)
    found: dict[str, tuple[str, tuple[str | None, bool]]] = {}
    for name, text in _OBJECTIVE.findall(_cell(row, mapping, "objectives")):
        found["mtpd" if name.casefold() == "mtd" else name.casefold()] = text, common
    for key in _LIMITS:
        if cell := _cell(row, mapping, key):
            named = unit_in(mapping.columns[key][0])
            found[key] = cell, (named, False) if named else common
    values: dict[str, Said] = {}
    for key, (text, (unit, guess)) in found.items():
        read = duration_of(text, unit)
        # A recovery time or tolerance of nothing is an empty field, not an ambition; a recovery point of nothing is.
        if read is not None and (read != "0s" or key == "rpo"):
            bare = guess and duration_of(text) is None
            values[key] = Said(read, f'that a bare number counts in {unit}; "{text}"' if bare else None)
    unread = ", ".join(f'{key} "{text}"' for key, (text, (unit, _)) in found.items() if duration_of(text, unit) is None)
    criticality = _cell(row, mapping, "criticality")
    word = mapping.criticalities.get(criticality)
    values |= said(criticality=(word.word if word is not None else criticality) or None)
    return values | ({"unread": Said(unread, f"no duration could be read; {unread}")} if unread else {})
