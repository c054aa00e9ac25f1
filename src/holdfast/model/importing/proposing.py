"""The mapping that is proposed for a table: from its headings, its file's name and the words in its columns.

It is written with a comment at every line that a person may want to change, and a question mark behind every guess.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from holdfast.model.importing.facts import words_of
from holdfast.model.importing.limits import criticality_of, duration_of, unit_in
from holdfast.model.importing.mapping import (
    ASSET_COLUMNS,
    BY_NAME,
    EMPTY,
    RELATION_COLUMNS,
    Holds,
    TableMapping,
    Word,
)
from holdfast.model.importing.rendering import flow, scalar
from holdfast.model.importing.tables import CsvTable
from holdfast.model.importing.words import (
    environment_of,
    is_out_of_use,
    kind_of_class,
    relation_of_type,
    says_nothing,
)

MAX_WORDS = 500  # of one column: a class or state that takes more different values is none
_MAX_STATES = 40
_MOST_REPEATED = 10  # one row in so many may repeat the identity of another: exports have doubles

HEADER = """\
# How `holdfast import csv` reads your tables: proposed from their headings and words, and yours to edit.
# Run the same import again after a change; nothing that you wrote by hand in the declaration is lost.
# A word with a question mark is a guess. It is used as it stands, and what rests on it is marked as guessed:
# correct it, or take the question mark away. "leave" takes no such row.
# Take a table away from here, and the next import proposes it anew.

tables:
"""

# Headings in small letters with single blanks, the most telling first.
_ASSETS: Mapping[str, str] = {
    "id": (
        "sys id, ci id, ref id, asset id, correlation id, object id, identifier, uuid, guid, id, ci number, "
        "asset number, number, key, asset tag, kennung, identifiant, nummer"
    ),
    # What stands last rather says, beside another name, what a row belongs to.
    "name": (
        "name, ci name, asset name, configuration item, hostname, host name, service name, application name, "
        "system name, server name, display name, label, title, site name, asset, bezeichnung, nom, libellé, naam, "
        "benennung, service, servicename, application, system, component, component name, ci, device, device name, "
        "node, host, server, resource, resource name, dienst, anwendung, applicatie"
    ),
    "kind": (
        "sys class name, class, ci class, class name, ci type, asset type, type, kind, asset class, object type, "
        "category, resource type, model category, klasse, typ, classe, kategorie"
    ),
    "title": "display name, friendly name, long name, full name",
    "site": (
        "location, site, data center, data centre, datacenter, location name, building, office, availability zone, "
        "zone, region, facility, standort, emplacement, locatie, rechenzentrum"
    ),
    "owner": (
        "owned by, owner, service owner, business owner, it application owner, it owner, product owner, "
        "application owner, responsible, accountable, managed by, support group, assignment group, team, "
        "assigned to, custodian, verantwortlich, eigentümer, propriétaire, responsable, eigenaar"
    ),
    "environment": "environment, used for, env, stage, deployment environment, umgebung, environnement, omgeving",
    "state": (
        "install status, operational status, life cycle stage, lifecycle stage, lifecycle status, lifecycle, "
        "status, state, life cycle stage status"
    ),
    "criticality": (
        "busines criticality, business criticality, criticality, service classification, tier, business impact, "
        "importance, business value, priority, recovery tier, kritikalität, criticité, kritikaliteit, "
        "schutzbedarf"
    ),
    "important": (
        "is business function, important business service, is important business service, ibs, "
        "critical or important function, is service"
    ),
    "needs": (
        "depends on, dependencies, dependency, needs, requires, runs on, hosted on, host, uses, upstream, "
        "installed on, server, abhängig von, dépend de, afhankelijk van, läuft auf"
    ),
    "needed_by": "parent assets, used by, supports, dependents, required by, supported assets, parents",
    "member_of": "cluster, cluster name, member of, redundancy group, pool",
    "tolerance": "impact tolerance, tolerance",
    "rto": "rto, recovery time objective, target rto",
    "rpo": "rpo, recovery point objective, target rpo",
    "mtpd": (
        "mtpd, mtd, mao, maximum tolerable period of disruption, maximum tolerable downtime, "
        "max tolerable downtime, maximum acceptable outage"
    ),
    "objectives": "disaster recovery objectives, recovery objectives, continuity objectives",
}


def _ends(words: str) -> str:
    """Return what the columns of one end of a relation are called, the most telling first."""
    ends = ("sys id", "", "id", "name", "ci", "ci name", "ci id", "asset", "node", "element")
    return ", ".join(f"{word} {end}".strip() for word in words.split(", ") for end in ends)


_RELATIONS: Mapping[str, str] = {
    "parent": _ends("parent, source, from, dependent, consumer, upstream, subject"),
    "child": _ends("child, target, to, dependency, provider, downstream, object"),
    "type": (
        "type, relationship type, relation type, type name, type display value, relationship, relation, "
        "dependency type, predicate, link type, typ, kind, category, art, beziehungstyp, beziehung"
    ),
    "port": "port, destination port, target port",
}
# Columns of which several may be read, the first that says anything counting.
_SEVERAL: Mapping[str, int] = {"owner": 3, "parent": 2, "child": 2}
_LIMITS = frozenset({"tolerance", "rto", "rpo", "mtpd"})
# The two sorts of asset of a GRC register, what is valuable in itself and what carries it: neither is a kind.
_GRC_SORTS = frozenset({"pr", "primary", "primary asset", "sp", "supporting", "support", "supporting asset"})


def proposed(table: CsvTable) -> TableMapping:
    """Return how a table is probably to be read."""
    ends = _matched(table, _RELATIONS)
    columns = _matched(table, _ASSETS)
    # Things may have parents too; then they have a name and a class of their own.
    things = {"name", "kind"} <= columns.keys() and columns["kind"] != ends.get("type")
    if {"parent", "child"} <= ends.keys() and not things:
        return _proposed_relations(table, ends)
    if "name" not in columns and "id" in columns:
        columns = {"name": columns["id"], **columns}
    if "name" not in columns:
        return TableMapping(Word("nothing", guess=True), table.encoding, table.delimiter)
    return _proposed_assets(table, columns)


def written_table(table: CsvTable, mapping: TableMapping) -> str:
    """Return the text of one table of a mapping, as it stands below ``tables``."""
    counts = {key: _counted(table, headings[0]) for key, headings in mapping.columns.items()}
    lines = [
        f"  {scalar(table.file)}:",
        f"    holds: {_word(mapping.holds)}  # assets, services, sites, relations or nothing",
        f"    encoding: {table.encoding}",
        f"    delimiter: {table.delimiter}",
    ]
    meanings = RELATION_COLUMNS if mapping.holds.word == "relations" else ASSET_COLUMNS
    if not mapping.columns:
        lines += _comment(
            "No heading was recognised as a name. Say above what the table holds, and which is which, as in"
        )
        lines += _comment(f"columns: {{name: {flow(table.headings[0])}, kind: {flow(table.headings[-1])}}}")
    else:
        lines.append("    columns:  # what is read, and from which column")
        for key, headings in mapping.columns.items():
            lines.append(f"      {key}: {flow(headings[0] if len(headings) == 1 else headings)}  # {meanings[key]}")
    read = {heading for headings in mapping.columns.values() for heading in headings}
    unread = [heading for heading in table.headings if heading not in read]
    if unread:
        lines += _comment(f"not read: {', '.join(unread)}")
    missing = [key for key in meanings if key not in mapping.columns]
    if missing:
        lines += _comment(f"columns may also name: {', '.join(missing)}")
    if mapping.kind is not None:
        lines.append(f"    kind: {_word(mapping.kind)}  # of every row: no column says it")
    if mapping.relation is not None:
        lines.append(f"    relation: {_word(mapping.relation)}  # of every row: what the parent does with the child")
    if mapping.unit is not None:
        lines.append(f"    unit: {_word(mapping.unit)}  # of durations that are bare numbers: m, h or d")
    tables = (
        ("kinds", "kind", mapping.kinds, "their classes: our kinds, or service, site, by-name, leave"),
        ("environments", "environment", mapping.environments, "production, or leave; test only for what may be broken"),
        ("states", "state", mapping.states, "take or leave"),
        ("criticalities", "criticality", mapping.criticalities, "critical, high, medium or low"),
        ("relations", "type", mapping.relations, "what the parent does with the child"),
    )
    for name, column, words, meaning in tables:
        if words:
            lines.append(f"    {name}:  # {meaning}")
            found = counts.get(column, Counter())
            lines += [f"      {scalar(theirs)}: {_word(word)}{_rows(found[theirs])}" for theirs, word in words.items()]
    return "".join(f"{line}\n" for line in lines)


def _proposed_relations(table: CsvTable, columns: Mapping[str, tuple[str, ...]]) -> TableMapping:
    relations: Mapping[str, Word] = {}
    if "type" in columns:
        relations = _words(table, columns["type"][0], lambda text: _guess(*relation_of_type(text)))
    if not relations:
        columns = {key: headings for key, headings in columns.items() if key != "type"}
    return TableMapping(
        Word("relations"),
        table.encoding,
        table.delimiter,
        columns,
        relation=None if relations else Word("needs", guess=True),
        relations=relations,
    )


def _proposed_assets(table: CsvTable, columns: Mapping[str, tuple[str, ...]]) -> TableMapping:
    """Return the mapping of a table with one thing a row."""
    kinds = _words(table, columns["kind"][0], _kind) if "kind" in columns else {}
    holds = _holds(table, columns, kinds)
    kept = {key: headings for key, headings in columns.items() if key != "kind" or kinds}
    environments = _words(table, kept["environment"][0], _environment) if "environment" in kept else {}
    states = _words(table, kept["state"][0], _state) if "state" in kept else {}
    if len(states) > _MAX_STATES:
        kept, states = {key: headings for key, headings in kept.items() if key != "state"}, {}
    criticalities = _words(table, kept["criticality"][0], _criticality) if "criticality" in kept else {}
    # What a heading says of its unit counts for its own column only: hours beside minutes are common.
    unsaid = [kept[key][0] for key in _LIMITS if key in kept and unit_in(kept[key][0]) is None]
    values = (value for heading in unsaid for value in table.values(heading))
    bare = any(duration_of(value) is None and duration_of(value, "h") for value in values)
    return TableMapping(
        holds,
        table.encoding,
        table.delimiter,
        kept,
        kind=None if kinds or holds.word in {"services", "sites"} else Word(BY_NAME, guess=True),
        kinds=kinds,
        environments=environments,
        states=states,
        criticalities=criticalities,
        unit=Word("h", guess=True) if bare else None,
    )


def _holds(table: CsvTable, columns: Mapping[str, tuple[str, ...]], kinds: Mapping[str, Word]) -> Word:
    """Return what a table with one thing a row holds: assets of several kinds, only services, or only sites."""
    file = table.file.casefold()
    known: Holds = "assets"
    if not kinds and (_LIMITS & set(columns) or "service" in file):
        known = "services"
    elif not kinds and re.search(r"location|site|data.?cent", file):
        known = "sites"
    return Word(known, guess=known != "assets")


def _matched(table: CsvTable, names: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return our columns with the headings that fit each best; no heading serves twice."""
    headings = table.headings
    normal = {heading: " ".join(re.findall(r"[^\W_]+", heading.casefold())) for heading in headings}
    found: dict[str, tuple[str, ...]] = {}
    used: set[str] = set()
    for key, words in names.items():
        known = words.split(", ")
        fitting = [heading for name in known for heading in headings if normal[heading] == name]
        if key in _LIMITS:
            fitting += [heading for name in known for heading in headings if normal[heading].startswith(f"{name} ")]
        free = [heading for heading in dict.fromkeys(fitting) if heading not in used]
        if key == "id":
            free = [heading for heading in free if _tells_apart(table, heading)]
        if free:
            found[key] = tuple(free[: _SEVERAL.get(key, 1)])
            used.update(found[key])
    return found


def _tells_apart(table: CsvTable, heading: str) -> bool:
    """Return whether a column can identify rows: hardly any of its values repeats.

    A tag that half of the rows share would make one row's identity depend on which others there are.
    """
    counts = _counted(table, heading)
    del counts[EMPTY]
    repeated = counts.total() - len(counts)
    return bool(counts or not table.rows) and repeated <= max(1, counts.total() // _MOST_REPEATED)


def _counted(table: CsvTable, heading: str) -> Counter[str]:
    words = (words_of(value) for value in table.values(heading))
    return Counter(EMPTY if says_nothing(word) else word for word in words)


def _words(table: CsvTable, heading: str, word: Callable[[str], Word]) -> dict[str, Word]:
    """Return a word for every different value of a column, the most frequent first."""
    counts = _counted(table, heading)
    if len(counts) > MAX_WORDS or not any(value != EMPTY for value in counts):
        return {}
    ordered = sorted(counts, key=lambda value: (-counts[value], value))
    return {value: word(value) for value in ordered if value != EMPTY}


def _kind(text: str) -> Word:
    if text.casefold() in _GRC_SORTS:
        return Word(BY_NAME, guess=True)
    return _guess(*kind_of_class(text))


def _environment(text: str) -> Word:
    return _guess(*environment_of(text))


def _state(text: str) -> Word:
    # Exports of raw values have numbers here: 1 is "installed" and 7 "retired" in the best known CMDB.
    if text.isdecimal():
        return Word("leave" if text == "7" else "take", guess=True)
    return Word("leave" if is_out_of_use(text) else "take")


def _criticality(text: str) -> Word:
    word, guess = criticality_of(text) or ("critical", True)
    return Word(word, guess)


def _guess(word: str, guess: bool) -> Word:  # noqa: FBT001  (it unpacks a pair)
    return Word(word, guess)


def _word(word: Word) -> str:
    return f"{word.word}?" if word.guess else word.word


def _rows(count: int) -> str:
    return f"  # {count:,} {'row' if count == 1 else 'rows'}"


def _comment(text: str) -> Iterable[str]:
    """Yield the lines of a comment inside a table."""
    line = "    #"
    for word in text.split():
        if len(line) + len(word) > 110:  # noqa: PLR2004
            yield line
            line = "    #  "
        line += f" {word}"
    yield line
