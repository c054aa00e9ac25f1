"""The mapping of a CSV import: which table holds what, which column is what, and what the words in them mean.

It is a file that the import proposes and a person edits (``proposing`` writes it, this module reads it). A word that
ends in a question mark is a guess: it is used as it stands, and everything that rests on it is counted as guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from holdfast.errors import Place
from holdfast.model.documents import Scalar, Table, compose
from holdfast.model.fields import Fields, Reading
from holdfast.model.findings import Findings, listed, shown
from holdfast.model.importing.limits import CRITICALITIES
from holdfast.model.importing.tables import DELIMITERS, ENCODINGS
from holdfast.model.importing.words import RELATIONS, ROW_KINDS, Relation, RowKind
from holdfast.model.keys import Key, Section
from holdfast.model.types import Environment
from holdfast.model.vocabulary import Vocabulary

Holds = Literal["assets", "services", "sites", "relations", "nothing"]
HOLDS: tuple[Holds, ...] = get_args(Holds)

UNITS = ("m", "h", "d")
BY_NAME = "by-name"  # a kind that is guessed from what a row is called
EMPTY = "(empty)"  # how a mapping names a cell without a value

ASSET_COLUMNS: Mapping[str, str] = {
    "id": "what identifies a row for ever, such as sys_id; relations may name it instead of the name",
    "name": "what people call it",
    "kind": "its class; see kinds",
    "title": "a longer name",
    "site": "where it is",
    "owner": "who answers for it",
    "environment": "see environments",
    "state": "see states",
    "criticality": "see criticalities; for a service it decides which limits are guessed",
    "important": "rows that say yes here are services, whatever their kind",
    "needs": "what it needs, by name or id, several separated by a comma, semicolon, bar or line break",
    "needed_by": "what needs it, in the same way",
    "member_of": "the cluster that it is a member of",
    "tolerance": "impact tolerance of a service",
    "rto": "recovery time objective of a service",
    "rpo": "recovery point objective of a service",
    "mtpd": "maximum tolerable period of disruption of a service",
    "objectives": 'several of these limits in one cell, as in "rto: 2h, rpo: 15m, mtd: 1d"',
}
RELATION_COLUMNS: Mapping[str, str] = {
    "parent": "one end, by name or id",
    "child": "the other end, by name or id",
    "type": "what the parent does with the child; see relations",
    "port": "the port, for data that is sent",
}

_TABLE: Section = {
    "holds": Key("text", required=True),
    "encoding": Key("words", words=tuple(ENCODINGS)),
    "delimiter": Key("words", words=tuple(DELIMITERS)),
    "columns": Key("section"),
    "kind": Key("text"),
    "relation": Key("text"),
    "kinds": Key("section"),
    "environments": Key("section"),
    "states": Key("section"),
    "criticalities": Key("section"),
    "relations": Key("section"),
    "unit": Key("text"),
}
_MAPPING: Section = {"tables": Key("section", required=True)}
_WORDS: Mapping[str, tuple[str, ...]] = {
    "kinds": (*ROW_KINDS, BY_NAME),
    "environments": (*get_args(Environment), "leave"),
    "states": ("take", "leave"),
    "criticalities": CRITICALITIES,
    "relations": RELATIONS,
}


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a mapping, and whether it still has its question mark."""

    word: str
    guess: bool = False


@dataclass(frozen=True, slots=True)
class TableMapping:
    """How one table is read. ``columns`` maps our words to headings, the others the table's words to ours.

    Of several headings the first under which a row has anything counts; an end of a relation is sought by each in turn.
    ``kind`` and ``relation`` hold for all rows where no column says it; ``unit`` is that of durations that are bare
    numbers below a heading which names none.
    """

    holds: Word
    encoding: str | None = None
    delimiter: str | None = None
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kind: Word | None = None
    relation: Word | None = None
    kinds: Mapping[str, Word] = field(default_factory=dict)
    environments: Mapping[str, Word] = field(default_factory=dict)
    states: Mapping[str, Word] = field(default_factory=dict)
    criticalities: Mapping[str, Word] = field(default_factory=dict)
    relations: Mapping[str, Word] = field(default_factory=dict)
    unit: Word | None = None

    def words(self) -> Iterator[Word]:
        """Yield every word of the mapping that may be a guess."""
        yield self.holds
        yield from (word for word in (self.kind, self.relation, self.unit) if word is not None)
        for table in (self.kinds, self.environments, self.states, self.criticalities, self.relations):
            yield from table.values()


def read_mapping(file: str, data: bytes, findings: Findings) -> dict[str, TableMapping] | None:
    """Return the mapping of each table by its file; ``None`` and findings (HF152 and the reader's) if it is wrong."""
    mine = Findings()
    root = compose(file, data, mine)
    reading = Reading(mine, Vocabulary({}, frozenset()))
    found = {}
    if root is not None or not mine.has_errors:
        tables = Fields(reading, root or Table({}, Place(file, 1)), _MAPPING, "the mapping").table("tables")
        for name, node in tables.entries.items() if tables is not None else ():
            found[name] = _table(Fields(reading, node, _TABLE, f"table {shown(name)}"))
    for finding in mine.by_place():
        findings.add(finding.severity, finding.code, finding.place, finding.message, finding.remedy)
    return None if mine.has_errors else found


def _table(fields: Fields) -> TableMapping:
    holds = _word(fields, "holds", HOLDS) or Word("nothing")
    columns = RELATION_COLUMNS if holds.word == "relations" else ASSET_COLUMNS
    given = fields.sub("columns", {key: Key("list") for key in columns})
    return TableMapping(
        holds=holds,
        encoding=fields.word("encoding") if "encoding" in fields else None,
        delimiter=fields.word("delimiter") if "delimiter" in fields else None,
        columns={key: tuple(each.text for each in given.scalars(key)) for key in columns if key in given},
        kind=_word(fields, "kind", _WORDS["kinds"]),
        relation=_word(fields, "relation", RELATIONS),
        kinds=_words(fields, "kinds"),
        environments=_words(fields, "environments"),
        states=_words(fields, "states"),
        criticalities=_words(fields, "criticalities"),
        relations=_words(fields, "relations"),
        unit=_word(fields, "unit", UNITS),
    )


def _word(fields: Fields, key: str, known: tuple[str, ...]) -> Word | None:
    scalar = fields.scalar(key)
    return None if scalar is None else _as_word(fields, key, scalar, known)


def _words(fields: Fields, key: str) -> dict[str, Word]:
    """Return the table of words at a key; a word that is not known is finding HF152."""
    table = fields.table(key)
    found = {}
    for theirs, node in table.entries.items() if table is not None else ():
        scalar = fields.reading.scalar(node, f"one of {listed(_WORDS[key])}")
        if scalar is not None:
            found[theirs] = _as_word(fields, key, scalar, _WORDS[key])
    return found


def _as_word(fields: Fields, key: str, scalar: Scalar, known: tuple[str, ...]) -> Word:
    word = scalar.text.removesuffix("?").strip()
    if word not in known:
        message = f"expected {listed(known)} in {key}, got {shown(scalar.text)}"
        remedy = fields.reading.findings.did_you_mean(word, known)
        fields.reading.findings.error("HF152", scalar.place, message, f"{remedy}Write one of them.")
    return Word(word, guess=scalar.text.rstrip().endswith("?"))


def as_kind(word: str) -> RowKind:
    """Return a checked word as a kind."""
    return cast("RowKind", word)


def as_relation(word: str) -> Relation:
    """Return a checked word as a relation."""
    return cast("Relation", word)
