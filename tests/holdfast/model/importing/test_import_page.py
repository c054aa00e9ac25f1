"""The page on imports says what the code does: its tables of limits, relations, sources and bounds."""

from __future__ import annotations

import re
from pathlib import Path

from holdfast.model.importing.dora_codes import TEMPLATES
from holdfast.model.importing.imports import CSV, SOURCES, Places
from holdfast.model.importing.limits import TABLE
from holdfast.model.importing.streams import MAX_STREAM_BYTES, MAX_STREAM_DEPTH, MAX_STREAM_NODES
from holdfast.model.importing.tables import MAX_COLUMNS, MAX_ROWS, MAX_TABLE_BYTES
from holdfast.model.importing.words import RELATIONS, relation_of_type

PAGE = (Path(__file__).parents[4] / "docs" / "import.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table that begins with these headings."""
    lines = [line.strip() for line in PAGE.splitlines()]
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    table = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table


def test_the_limits_that_are_guessed() -> None:
    assert {row[0]: tuple(row[1:]) for row in rows("criticality")} == {
        word: (limits.tolerance, limits.rto, limits.rpo) for word, limits in TABLE.items()
    }


def test_the_words_for_relations_and_what_they_stand_for() -> None:
    table = rows("word")
    assert {word for row in table for word in re.findall(r"`([a-z-]+)`", row[0])} == set(RELATIONS)
    for words, _, types in table:
        for type_ in types.split(", "):
            assert relation_of_type(type_) == (re.findall(r"`([a-z-]+)`", words)[0], False), type_


def test_the_files_that_are_written() -> None:
    places = Places("csv")
    named = {row[0].strip("`") for row in rows("file")}
    assert named == {places.entries, places.mapping, places.account, places.record, "institution.yaml"}


def test_the_sources_and_templates() -> None:
    assert set(re.findall(r"^holdfast import (\w+)", PAGE, re.MULTILINE)) == {CSV, *SOURCES}
    named = {template for row in rows("template") for template in re.findall(r"B_\d\d\.\d\d", row[0])}
    assert named == set(TEMPLATES) - {"B_02.01"}  # of which nothing is kept but that it is there


def test_the_bounds() -> None:
    assert f"{MAX_TABLE_BYTES >> 20} MiB, {MAX_ROWS:,} rows and {MAX_COLUMNS:,} columns" in PAGE
    assert f"{MAX_STREAM_BYTES >> 20} MiB, {MAX_STREAM_NODES:,} values and {MAX_STREAM_DEPTH} levels" in PAGE
