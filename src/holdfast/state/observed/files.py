"""One file of an observation while it is read: its cells as times, amounts and words, or findings with their lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from holdfast.errors import Place
from holdfast.evidence.observed import MILESTONES, Workaround
from holdfast.model.findings import Findings, listed, shown
from holdfast.model.importing.facts import words_of
from holdfast.model.importing.tables import CsvTable, Row, read_table
from holdfast.state.observed.manifest import Manifest, Source
from holdfast.state.observed.times import Time, read_time
from holdfast.state.rows import Priority

_AMOUNTS: Mapping[str, re.Pattern[str]] = {
    "point": re.compile(r"(\d{1,15}|\d{1,3}(?:,\d{3}){1,4})(?:\.(\d{1,2}))?", re.ASCII),
    "comma": re.compile(r"(\d{1,15}|\d{1,3}(?:\.\d{3}){1,4})(?:,(\d{1,2}))?", re.ASCII),
}
PRIORITIES: tuple[Priority, ...] = ("normal", "priority")
WORKAROUNDS: tuple[Workaround, ...] = ("planned", "contingency", "improvised")


@dataclass(slots=True)
class OpenFile:
    """One file while it is read: its bytes, by what it is read, and what was found."""

    source: Source
    data: bytes
    manifest: Manifest
    zone_offset_s: int
    findings: Findings
    written_to_us: int = 0

    @property
    def exported_us(self) -> int:
        """The last instant that may stand in it, by its own clock: when it was exported."""
        exported = self.source.exported_at
        return exported.utc_us(self.zone_offset_s) + exported.written_to_us

    def place(self, line: int) -> Place:
        """Return where a line of it stands."""
        return Place(self.source.file, line)

    def error(self, code: str, line: int, message: str, remedy: str) -> None:
        """Keep something that makes it a file that cannot be relied on."""
        self.findings.error(code, self.place(line), message, remedy)

    def corrected(self, time: Time, line: int, what: str) -> int:
        """Return a time in UTC by the corrected clock; one after the export cannot be."""
        said_us = time.utc_us(self.zone_offset_s)
        if said_us > self.exported_us + self.source.within_us:
            message = f"{what} is {(said_us - self.exported_us) / 1e6:,.0f} s after the file was exported"
            remedy = "Look at the time zone, at how the times are written, and at exported.at in the manifest."
            self.error("HF523", line, message, remedy)
        self.written_to_us = max(self.written_to_us, time.written_to_us)
        return said_us - self.source.ahead_us


def rows_of(file: OpenFile) -> Iterator[tuple[Row, Callable[[str], str]]]:
    """Yield every row of a table with what reads a cell of it by our name of the column."""
    table = read_table(file.source.file, file.data, file.findings)
    if table is None:
        return
    headings = {name: words_of(theirs) for name, theirs in file.source.columns.items()}
    absent = [theirs for theirs in headings.values() if theirs not in table.headings]
    for theirs in absent:
        message = f"expected a column {shown(theirs)}, got {listed([shown(each) for each in table.headings[:12]])}"
        remedy = f"{file.findings.did_you_mean(theirs, table.headings)}Correct columns in the manifest."
        file.error("HF521", 1, message, remedy)
    # A second column of one name reads as *name (its place)*: which of the two is meant, nobody said.
    endings = ((heading, f" ({place})") for place, heading in enumerate(table.headings, start=1))
    again = {heading.removesuffix(ending) for heading, ending in endings if heading.endswith(ending)}
    twice = [theirs for theirs in dict.fromkeys(headings.values()) if theirs in again]
    for theirs in twice:
        message = f"expected one column {shown(theirs)}, got two"
        file.error("HF521", 1, message, "Rename the one that is not meant, or leave it out of the export.")
    if absent or twice:
        return
    yield from ((row, _cells(row, headings)) for row in table.rows if _is_whole(file, table, row))


def _is_whole(file: OpenFile, table: CsvTable, row: Row) -> bool:
    if row.surplus or len(row.cells) < len(table.headings):
        got = len(row.cells) + row.surplus
        message = f"expected {len(table.headings)} cells, got {got}"
        file.error("HF522", row.number, message, "A row that was cut off, or a delimiter in a text without quotes.")
        return False
    return True


def _cells(row: Row, headings: Mapping[str, str]) -> Callable[[str], str]:
    return lambda name: row.cells.get(headings[name], "") if name in headings else ""


def instant(file: OpenFile, row: Row, text: str, what: str) -> int | None:
    """Return the instant of UTC in a cell, by the source's corrected clock; ``None`` and a finding for what is none."""
    time = read_time(text, file.source.times)
    if time is None:
        expected = {"iso": "a time such as 2026-11-21 10:15:03.120"}.get(file.source.times, file.source.times)
        file.error(
            "HF522", row.number, f"expected {expected}, got {shown(text)}", "Say with times how they are written."
        )
        return None
    return file.corrected(time, row.number, what)


def amount(file: OpenFile, row: Row, text: str, *, signed: bool = False) -> int | None:
    """Return the minor units of an amount above zero, or of any if it is ``signed``; else ``None`` and a finding."""
    digits = text.removeprefix("-") if signed else text
    found = _AMOUNTS[file.source.decimal].fullmatch(digits)
    if found is None or (not signed and not int(found[1].replace(",", "").replace(".", "") + (found[2] or ""))):
        message = f"expected an amount with a decimal {file.source.decimal}, got {shown(text)}"
        file.error("HF522", row.number, message, "Export plain amounts above zero, and say with decimal how they look.")
        return None
    whole = int(found[1].replace(",", "").replace(".", ""))
    cents = whole * 100 + int((found[2] or "").ljust(2, "0"))
    return -cents if digits != text else cents


def priority_of(file: OpenFile, row: Row, cell: Callable[[str], str]) -> Priority | None:
    """Return the priority; *normal* everywhere unless every record of an instruction says it."""
    theirs = cell("priority")
    if not theirs or not says_priority(file.manifest):
        return "normal"
    ours = word(file, row, "priority", theirs)
    return next((each for each in PRIORITIES if each == ours), None)


def says_priority(manifest: Manifest) -> bool:
    """Return whether every record of an instruction says its priority: only then can it be compared."""
    records = (*manifest.of("participant"), *manifest.of("settlement"))
    return all(source.format == "ndjson" or "priority" in source.columns for source in records)


def word(file: OpenFile, row: Row, column: str, text: str) -> str | None:
    """Return our word for theirs; one that nobody explained is a finding."""
    ours = file.source.words.get(text)
    if ours is None or ours not in _TAKES.get(column, (ours,)):
        message = f"expected a word that the manifest explains as {column}, got {shown(text)}"
        file.error("HF522", row.number, message, f"Say with words what it means: {listed(_TAKES[column])}.")
        return None
    return ours


_TAKES: Mapping[str, tuple[str, ...]] = {
    "status": ("settled", "rejected", "queued", "none"),
    "priority": PRIORITIES,
    "confirmed": ("yes", "no"),
    "kind": MILESTONES,
    "workaround": WORKAROUNDS,
}
