"""One import from beginning to end: the files of a source and what stands in place, to the texts to be written.

Pure: the command reads and writes. A declaration that an import works on has these files of its own, by its name
(``csv`` unless another was given)::

    imported-csv.yaml   the entries; yours to edit, what you change there survives the next import
    import/csv.yaml     the mapping; yours to edit (only for CSV)
    import/csv.json     what the last import wrote: the third side of the merge
    import/csv.md       the account of every row
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from holdfast.errors import Place
from holdfast.model.documents import Node, compose
from holdfast.model.findings import Finding, Findings
from holdfast.model.importing.account import Account
from holdfast.model.importing.assembly import assemble
from holdfast.model.importing.backstage import read_backstage
from holdfast.model.importing.blocks import NOTHING, taken_apart
from holdfast.model.importing.compose import read_compose
from holdfast.model.importing.dora import read_dora
from holdfast.model.importing.facts import Facts
from holdfast.model.importing.inventory import read_inventory
from holdfast.model.importing.kubernetes import read_kubernetes
from holdfast.model.importing.mapping import TableMapping, Word, read_mapping
from holdfast.model.importing.merging import followed, merged, surroundings
from holdfast.model.importing.proposing import HEADER as MAPPING_HEADER
from holdfast.model.importing.proposing import proposed, written_table
from holdfast.model.importing.record import Record, read_record, written_record
from holdfast.model.importing.rendering import scalar
from holdfast.model.importing.tables import CsvTable, read_table
from holdfast.model.importing.telling import told
from holdfast.model.importing.terraform import read_terraform

# What reads a source that needs no mapping; CSV has one.
SOURCES: Mapping[str, Callable[[Mapping[str, bytes], Findings], Facts]] = {
    "compose": read_compose,
    "kubernetes": read_kubernetes,
    "terraform": read_terraform,
    "backstage": read_backstage,
    "dora": read_dora,
}
CSV = "csv"
_SHOWN_HEADINGS = 12


@dataclass(frozen=True, slots=True)
class InPlace:
    """The files of a declaration before an import: its own, by what they are, and all others by their names."""

    entries: bytes | None = None
    mapping: bytes | None = None
    record: bytes | None = None
    others: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Places:
    """What the files of an import are called, relative to the declaration."""

    name: str

    @property
    def entries(self) -> str:
        """The file with the entries."""
        return f"imported-{self.name}.yaml"

    @property
    def mapping(self) -> str:
        """The mapping."""
        return f"import/{self.name}.yaml"

    @property
    def record(self) -> str:
        """What the last import wrote."""
        return f"import/{self.name}.json"

    @property
    def account(self) -> str:
        """The account of every row."""
        return f"import/{self.name}.md"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import would write, by name relative to the declaration, and its account.

    ``mapping_proposed`` are the tables for which a mapping was proposed just now; ``read`` is one sentence a file.
    """

    texts: Mapping[str, str]
    account: Account
    read: tuple[str, ...] = ()
    mapping_proposed: tuple[str, ...] = ()


def imported(
    source: str, places: Places, files: Mapping[str, bytes], before: InPlace
) -> tuple[Imported | None, tuple[Finding, ...]]:
    """Return what importing these files writes, or ``None`` and the findings (HF150 to HF157) that prevent it."""
    findings = Findings()
    parts = taken_apart(places.entries, before.entries, findings) if before.entries else NOTHING
    record = read_record(places.record, before.record, findings) if before.record else Record()
    texts: dict[str, str] = {}
    read: tuple[str, ...] = ()
    proposed_tables: tuple[str, ...] = ()
    guesses = 0
    if source == CSV:
        tables = _tables(places, files, before, findings, texts)
        facts = read_inventory(tables.read) if tables else Facts()
        if tables:
            read, proposed_tables, guesses = tables.sentences, tables.proposed, tables.guesses
    else:
        facts = SOURCES[source](files, findings)
    others = _others(before.others)
    if parts is None or record is None or findings.has_errors:
        return None, findings.by_place()
    if record.source not in {"", source}:
        message = f"expected an import of {record.source}, as the last one of this name was, got one of {source}"
        findings.error("HF158", Place(places.record, 1), message, f"Keep the two apart: --name {source}.")
        return None, findings.by_place()
    record, renamed = followed(parts, record)
    around = surroundings(parts, record, places.entries, others)
    proposal = assemble(facts, around)
    result, doubts = merged(places.entries, parts, _header(source, places), record, proposal, others)
    if result is None:
        return None, doubts.by_place()
    notes = [*facts.notes, *proposal.notes, *renamed]
    if source != CSV and (gone := sorted(set(record.files) - set(files))):
        notes.append(f"read the last time and not given now, so that what only they had is gone: {', '.join(gone)}")
    if before.entries and not before.record:
        notes.append(
            f"{places.record} is not there: all that stands in {places.entries} counts as written by hand, and stays"
        )
    account = Account(proposal.rows, result.changes, tuple(notes), guesses)
    remembered = replace(result.record, source=source, files=tuple(files))
    texts |= {places.entries: result.text, places.record: written_record(remembered)}
    texts[places.account] = told(source, places.entries, account)
    if (root := _root(before.others, facts.institution)) is not None:
        texts["institution.yaml"] = root
    return Imported(texts, account, read, proposed_tables), findings.by_place()


@dataclass(frozen=True, slots=True)
class _Tables:
    """The tables of a CSV import with their mappings."""

    read: tuple[tuple[CsvTable, TableMapping], ...]
    sentences: tuple[str, ...]
    proposed: tuple[str, ...]
    guesses: int


def _tables(
    places: Places, files: Mapping[str, bytes], before: InPlace, findings: Findings, texts: dict[str, str]
) -> _Tables | None:
    """Read the tables by the mapping, and propose the mapping of those that have none."""
    known: Mapping[str, TableMapping] | None = {}
    if before.mapping is not None:
        known = read_mapping(places.mapping, before.mapping, findings)
    if known is None:
        return None
    text = before.mapping.decode("utf-8-sig") if before.mapping is not None else MAPPING_HEADER
    found, new = [], []
    earlier = _earlier(known, files)
    read = {name for name, mapping in known.items() if mapping.holds.word != "nothing"}
    _check_given(places, read - {*files} - {*earlier.values()}, findings)
    for file, data in files.items():
        mapping = known.get(file)
        table = read_table(
            file, data, findings, mapping.encoding if mapping else None, mapping.delimiter if mapping else None
        )
        if table is None:
            continue
        if mapping is None and file in earlier:
            mapping = known[earlier[file]]
        if mapping is None:
            mapping = proposed(table)
            new.append(file)
            text = f"{text.rstrip()}\n{written_table(table, mapping)}"
        _check_columns(places, table, mapping, findings)
        found.append((table, mapping))
    if new:
        # A person may have turned the file's form around: what was appended must be read back as it was meant.
        again = Findings()
        back = read_mapping(places.mapping, text.encode(), again)
        if back is None or any(back.get(table.file) != mapping for table, mapping in found if table.file in new):
            message = f"expected a mapping to which {', '.join(new)} can be added below its last line"
            remedy = 'Keep "tables:" as the last key, its tables indented by two blanks; or delete the file.'
            findings.error("HF152", Place(places.mapping, 1), message, remedy)
        texts[places.mapping] = text
    for table, mapping in found:
        if mapping.holds == Word("nothing", guess=True):
            findings.add(
                "warning",
                "HF151",
                Place(places.mapping, 1),
                f"no heading of {table.file} was recognised as a name: {', '.join(table.headings[:_SHOWN_HEADINGS])}",
                f"Say in {places.mapping} what the table holds and which column is what, and import again.",
            )
    sentences = tuple(_sentence(table, mapping, earlier.get(table.file)) for table, mapping in found)
    guesses = sum(word.guess for _, mapping in found for word in mapping.words())
    return _Tables(tuple(found), sentences, tuple(new), guesses)


def _earlier(known: Mapping[str, TableMapping], files: Mapping[str, bytes]) -> dict[str, str]:
    """Return which table of the mapping a new file takes the place of: names of exports often carry a date."""

    def undated(name: str) -> str:
        return re.sub(r"[\W\d_]+", " ", name.casefold())

    free = [name for name in known if name not in files]
    new = [name for name in files if name not in known]
    found = {}
    for file in new:
        same = [name for name in free if undated(name) == undated(file)]
        if len(same) == 1 and [undated(name) for name in new].count(undated(file)) == 1:
            found[file] = same[0]
    return found


def _check_given(places: Places, missing: set[str], findings: Findings) -> None:
    """Find tables of the mapping that are not given: all that only they have would be removed."""
    for file in sorted(missing):
        message = f"expected {file} as well, which the last import read: all that only it has would be removed"
        remedy = (
            "Give all tables of an import together, or import these under a name of their own (--name). If it is gone "
            f"for good, take {file} out of {places.mapping}."
        )
        findings.error("HF152", Place(places.mapping, 1), message, remedy)


def _sentence(table: CsvTable, mapping: TableMapping, earlier: str | None) -> str:
    rows = f"{len(table.rows):,} row{'s' * (len(table.rows) != 1)}"
    by = f", by the mapping of {earlier}" if earlier else ""
    return f"{table.file}: {rows}, {table.encoding}, {table.delimiter}s, as {mapping.holds.word}{by}"


def _check_columns(places: Places, table: CsvTable, mapping: TableMapping, findings: Findings) -> None:
    """Find columns that the mapping names and the table does not have."""
    for key, heading in ((key, heading) for key, headings in mapping.columns.items() for heading in headings):
        if heading not in table.headings:
            message = f'expected a column "{heading}" in {table.file} for {key}, got none'
            remedy = f"{findings.did_you_mean(heading, table.headings)}Correct it, or take the line out of the mapping."
            findings.error("HF152", Place(places.mapping, 1), message, remedy)
    needed = {"relations": ("parent", "child"), "nothing": ()}.get(mapping.holds.word, ("name",))
    for key in needed:
        if key not in mapping.columns:
            message = f"expected a column for {key} of {table.file}, got none"
            findings.error("HF152", Place(places.mapping, 1), message, f"Write {key} below columns, with its heading.")


def _others(files: Mapping[str, bytes]) -> dict[str, Node]:
    """Return the other files of the declaration as nodes; what cannot be read is for the check to say."""
    nodes = {name: compose(name, data, Findings()) for name, data in files.items()}
    return {name: node for name, node in nodes.items() if node is not None}


def _header(source: str, places: Places) -> str:
    return (
        f"# Written by `holdfast import {source}`, and yours to edit: the next import updates what the source changed\n"
        f"# and keeps what you did. A value that was guessed says so; confirm it by taking its comment away.\n"
        f"# What became of every row stands in {places.account}.\n"
    )


def _root(others: Mapping[str, bytes], institution: str | None) -> str | None:
    """Return a root file where the declaration has none, so that it can be checked at once."""
    nodes = _others(others).values()
    if any("institution" in getattr(node, "entries", {}) for node in nodes):
        return None
    name = scalar(institution) if institution else "Unnamed institution  # guessed: nothing names it, confirm"
    return (
        f"# The root of the declaration: who it is of. It is yours; no import writes it again.\ninstitution: {name}\n"
    )
