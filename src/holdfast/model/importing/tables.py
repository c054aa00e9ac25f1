"""A CSV file as rows of cells: how it is encoded and separated is found out and said, and everything is bounded."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from holdfast.errors import Place
from holdfast.model.findings import Findings, shown
from holdfast.model.importing.facts import words_of

MAX_TABLE_BYTES = 256 * 1024 * 1024
MAX_ROWS = 1_000_000
MAX_COLUMNS = 1_000
SAMPLE_ROWS = 50
_PREAMBLE_ROWS = 20  # titles and empty lines that some exports put above the headings

DELIMITERS: Mapping[str, str] = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
ENCODINGS: Mapping[str, str] = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "windows-1252": "cp1252"}

_ARCHIVES: Mapping[bytes, str] = {
    b"PK\x03\x04": "a workbook or an archive: save the sheet as CSV, or unpack it",
    b"\xd0\xcf\x11\xe0": "a workbook: save the sheet as CSV",
    b"%PDF": "a PDF: export the table instead",
    b"\x1f\x8b": "compressed: unpack it",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One record: its number as a spreadsheet counts, the headings' row being 1, and its cells by heading.

    ``surplus`` is how many cells it has beyond the headings.
    """

    number: int
    cells: Mapping[str, str]
    surplus: int = 0


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A table: its file, how it was read, its headings and its rows."""

    file: str
    encoding: str
    delimiter: str
    headings: tuple[str, ...]
    rows: tuple[Row, ...]

    def values(self, heading: str) -> Iterator[str]:
        """Yield what stands under a heading, row by row."""
        return (row.cells.get(heading, "") for row in self.rows)


class _BrokenRecordError(Exception):
    """A record that is no CSV, and the line in which it begins."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def read_table(
    file: str, data: bytes, findings: Findings, encoding: str | None = None, delimiter: str | None = None
) -> CsvTable | None:
    """Return the table in a file; ``None`` and a finding (HF150, HF151, HF153) when it holds none.

    ``encoding`` and ``delimiter`` are words of ``ENCODINGS`` and ``DELIMITERS``; what is not given is found out.
    """
    decoded = _decoded(file, data, findings, encoding)
    if decoded is None:
        return None
    text, encoding = decoded
    # Only what ends a line in a CSV file does: other separators of Unicode may stand inside a cell.
    lines = [f"{line}\n" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    skipped = 0
    if lines and lines[0].casefold().startswith("sep=") and len(lines[0].strip()) == len("sep=;"):
        # How a spreadsheet is told its delimiter, in a line of its own.
        told = next((name for name, mark in DELIMITERS.items() if mark == lines[0].strip()[-1]), None)
        delimiter, skipped = delimiter or told, 1
    delimiter = delimiter or _sniffed(lines[skipped:])
    try:
        return _table(file, encoding, delimiter, lines[skipped:], skipped, findings)
    except _BrokenRecordError as broken:
        message = f"expected CSV, got a record that is none: {broken}"
        remedy = 'Look for a quote that is not closed, or one inside a text that is not doubled (""), and export again.'
        findings.error("HF150", Place(file, broken.line), message, remedy)
        return None


def _decoded(file: str, data: bytes, findings: Findings, encoding: str | None) -> tuple[str, str] | None:
    """Return the text of a file and the word for its encoding."""
    what = next((what for magic, what in _ARCHIVES.items() if data.startswith(magic)), None)
    if len(data) > MAX_TABLE_BYTES:
        message = f"expected at most {MAX_TABLE_BYTES:,} bytes, got more"
        findings.error("HF150", Place(file, 1), message, "Export the classes that services stand on, or in parts.")
    elif what is not None:
        findings.error("HF150", Place(file, 1), f"expected CSV, got {what.partition(':')[0]}", f"It is {what}.")
    else:
        utf_16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        for word in [encoding] if encoding else (["utf-16"] if utf_16 else ["utf-8", "windows-1252"]):
            text = _as_damaged(file, data, findings) if word == "utf-8" else _as(data, word)
            if text is not None and "\0" not in text:
                return text, word
        message = f"expected text in {encoding or 'UTF-8, UTF-16 or Windows-1252'}, got something else"
        findings.error("HF150", Place(file, 1), message, "Export the table again as CSV in UTF-8.")
    return None


def _as(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(ENCODINGS[encoding])
    except UnicodeDecodeError:
        return None


def _as_damaged(file: str, data: bytes, findings: Findings) -> str | None:
    """Return UTF-8 text, also where some bytes of it are none: the rest must not be taken for another encoding."""
    text = _as(data, "utf-8")
    if text is not None or b"\0" in data:
        return text
    text = data.decode(ENCODINGS["utf-8"], "replace")
    damaged = text.count("\ufffd")
    if sum(character > "\x7f" for character in text) < 2 * damaged:
        return None
    line = text.count("\n", 0, text.index("\ufffd")) + 1
    message = f"expected UTF-8, got {damaged:,} character{'s' * (damaged != 1)} that are none and read as \ufffd"
    remedy = "Export the table again as UTF-8, or say its encoding in the mapping."
    findings.add("warning", "HF150", Place(file, line), message, remedy)
    return text


def _sniffed(lines: Sequence[str]) -> str:
    """Return the word for the delimiter that gives the most columns in most of the first rows."""

    def columns(delimiter: str) -> tuple[int, int]:
        counts = [len(cells) for cells in _sample(lines, delimiter) if cells]
        usual = max(set(counts), key=lambda count: (counts.count(count), count), default=0)
        return (usual if counts.count(usual) * 2 > len(counts) else 0, counts.count(usual))

    found = {word: columns(mark) for word, mark in DELIMITERS.items()}
    return max(DELIMITERS, key=lambda word: (found[word][0] > 1, *found[word]))


def _sample(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    try:
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        return [cells for cells, _ in zip(reader, range(SAMPLE_ROWS), strict=False)]
    except csv.Error:
        return []


def _table(
    file: str, encoding: str, delimiter: str, lines: Sequence[str], skipped: int, findings: Findings
) -> CsvTable | None:
    """Return the rows below the headings."""
    headings: tuple[str, ...] = ()
    rows: list[Row] = []
    fewest = _fewest_headings(_sample(lines, DELIMITERS[delimiter]))
    for number, cells in enumerate(_records(lines, delimiter, skipped), start=1 + skipped):
        stripped = [cell.strip() for cell in cells]
        if not headings:
            if sum(map(bool, stripped)) >= fewest or (number > _PREAMBLE_ROWS and any(stripped)):
                headings = _distinct(stripped)
                if len(headings) > MAX_COLUMNS:
                    message = f"expected at most {MAX_COLUMNS:,} columns, got {len(headings):,}"
                    findings.error("HF153", Place(file, 1), message, "Export only the columns that say something.")
                    return None
        elif any(stripped):
            if len(rows) >= MAX_ROWS:
                message = f"expected at most {MAX_ROWS:,} rows, got more"
                findings.error("HF153", Place(file, 1), message, "Export the classes that services stand on.")
                return None
            rows.append(Row(number, dict(zip(headings, stripped, strict=False)), max(len(stripped) - len(headings), 0)))
    if not headings:
        message = f"expected a table with headings, got {shown(''.join(lines[:1]).strip())}"
        findings.error("HF151", Place(file, 1), message, "Export the table with its headings in the first row.")
        return None
    return CsvTable(file, encoding, delimiter, headings, tuple(rows))


def _records(lines: Sequence[str], delimiter: str, skipped: int) -> Iterator[list[str]]:
    """Yield the records.

    The reader is strict: a quote that nobody closes would else swallow the rows behind it, and nobody would know.
    """
    reader = csv.reader(lines, delimiter=DELIMITERS[delimiter], strict=True, skipinitialspace=True)
    started = 0
    try:
        for cells in reader:
            yield cells
            started = reader.line_num
    except csv.Error as error:
        raise _BrokenRecordError(str(error), started + skipped + 1) from error


def _fewest_headings(sample: Sequence[Sequence[str]]) -> int:
    """Return how many cells of the row of headings say something: two, and more than half as many as usual.

    Some exports put titles and dates above their headings, in one cell or two.
    """
    counts = Counter(sum(bool(cell.strip()) for cell in cells) for cells in sample)
    usual = max((count for count in counts if count), key=lambda count: (counts[count], count), default=0)
    return max(2, usual // 2 + 1)


def _distinct(headings: Sequence[str]) -> tuple[str, ...]:
    """Return headings that name each column once: an empty or repeated one gets its position."""
    found: dict[str, None] = {}
    for position, heading in enumerate(headings, start=1):
        name = words_of(heading) or f"column {position}"
        found[name if name not in found else f"{name} ({position})"] = None
    return tuple(found)
