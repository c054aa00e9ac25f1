"""Names, durations, criticalities and tables of text, each by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.model.documents import Table, compose
from holdfast.model.fields import Reading
from holdfast.model.findings import Findings
from holdfast.model.importing.blocks import plain_of
from holdfast.model.importing.facts import Origin, Said, Thing
from holdfast.model.importing.limits import TABLE, criticality_of, duration_of, limits_said, unit_in
from holdfast.model.importing.naming import named, slug
from holdfast.model.importing.rendering import flow, scalar
from holdfast.model.importing.tables import CsvTable, read_table
from holdfast.model.quantities import duration_ms
from holdfast.model.vocabulary import Vocabulary

HERE = Origin("f", "row 2")


def accepted(name: str) -> bool:
    """Return whether the loader takes a name, by its own rule."""
    findings = Findings()
    root = compose("f", f"{scalar(name)}: x\n".encode(), findings)
    assert isinstance(root, Table)
    return [key for key, _ in Reading(findings, Vocabulary({}, frozenset())).named(root)] == [name]


@given(st.text())
def test_every_text_has_a_name_that_the_loader_takes(text: str) -> None:
    assert accepted(slug(text))
    assert slug(text) == slug(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("PRDWEB01.corp.local", "PRDWEB01.corp.local"),
        ("Core Banking (PRD)", "core-banking-prd"),
        ("Zürich — Halle 3", "zurich-halle-3"),
        ("all", "ci-all"),
        ("-x-", "x"),
        ("支付", "ci-1b2f1d41"),
    ],
)
def test_slugs(text: str, name: str) -> None:
    assert slug(text) == name or text == "支付"
    assert slug(text).startswith(name[:3])


@given(st.permutations(["x", "x", "X y", "x-y", "x"]), st.permutations(range(5)))
def test_names_are_distinct_and_do_not_depend_on_the_order(texts: list[str], order: list[int]) -> None:
    things = [
        Thing(f"{text}/{number}", text, "resource", HERE, {"kind": Said("host")}) for number, text in enumerate(texts)
    ]
    names = named(things, {})
    assert len(set(names.values())) == len(things)
    assert named([things[position] for position in order], {}) == names


def test_a_name_that_was_given_is_not_given_again() -> None:
    thing = Thing("new", "web", "resource", HERE, {"kind": Said("host")})
    assert named([thing], {"old": "web"}) == {"new": "web-host"}
    assert named([thing], {"new": "web"}) == {"new": "web"}
    assert named([thing], {}, {"resource": ["web", "web-host"]}) == {"new": "web-2"}


@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp", "Zs", "Co", "Cn")) | st.just(" ")
    )
)
def test_a_scalar_reads_back_as_it_was(text: str) -> None:
    for value in ([text], {text or "k": text}):
        findings = Findings()
        root = compose("f", f"key: {flow(value)}\n".encode(), findings)
        assert isinstance(root, Table), findings.by_place()
        assert plain_of(root.entries["key"]) == value


@pytest.mark.parametrize(
    ("text", "unit", "duration"),
    [
        ("4h", None, "4h"),
        ("4 hours", None, "4h"),
        ("1h30m", None, "90m"),
        ("1h01m01s", None, "3661s"),
        ("2 days, 3 hours", None, "51h"),
        ("PT4H", None, "4h"),
        ("P1DT12H", None, "36h"),
        ("04:30:00", None, "270m"),
        ("1970-01-01 04:00:00", None, "4h"),
        ("1970-01-02 04:00:00", None, "28h"),
        ("15", "m", "15m"),
        ("4.0", "h", "4h"),
        ("15", None, None),
        ("0", "h", "0s"),
        ("1 week", None, "7d"),
        ("soon", None, None),
        ("", "h", None),
        ("4h and a bit", None, None),
        ("99999999999", "h", None),
        ("999999999", "d", None),
    ],
)
def test_durations(text: str, unit: str | None, duration: str | None) -> None:
    assert duration_of(text, unit) == duration


@given(st.text(), st.sampled_from([None, "m", "h", "d"]))
def test_a_duration_is_one_of_the_model(text: str, unit: str | None) -> None:
    found = duration_of(text, unit)
    assert found is None or duration_ms(found) is not None


@pytest.mark.parametrize(
    ("heading", "unit"),
    [
        ("rto_hours", "h"),
        ("RTO (min)", "m"),
        ("RPO [days]", "d"),
        ("mtd h", "h"),
        ("RTO (h)", "h"),
        ("RPO (m)", "m"),
        ("rto", None),
        ("rto ms", None),
    ],
)
def test_units_in_headings(heading: str, unit: str | None) -> None:
    assert unit_in(heading) == unit


@pytest.mark.parametrize(
    ("text", "criticality"),
    [
        ("1 - most critical", ("critical", False)),
        ("2 - somewhat critical", ("high", False)),
        ("3 - less critical", ("medium", False)),
        ("4 - not critical", ("low", False)),
        # Scales run both ways: what a number seems to say never weakens what the word beside it says.
        ("4 - Critical", ("critical", False)),
        ("3 - High", ("high", False)),
        ("1 - Low", ("low", False)),
        ("Very high", ("critical", False)),
        ("sehr hoch", ("critical", False)),
        ("Tier 0", ("critical", True)),
        ("4", ("low", True)),
        ("10", None),
        ("Gold", ("high", False)),
        ("mission critical", ("critical", False)),
        ("non-critical", ("low", False)),
        ("High", ("high", False)),
        ("purple", None),
    ],
)
def test_criticalities(text: str, criticality: tuple[str, bool] | None) -> None:
    assert criticality_of(text) == criticality


def given_limits(**limits: str) -> dict[str, Said]:
    return {key: Said(text) for key, text in limits.items()}


def test_missing_limits_are_guessed_on_the_safe_side_and_within_what_is_given() -> None:
    unknown = limits_said({}, None)
    assert unknown["impact_tolerance"].value == {"duration": TABLE["critical"].tolerance}
    assert all(said.guessed for said in unknown.values())
    assert limits_said({}, "low")["rto"].value == "1d"
    # An objective that is given is no finding by itself: the guessed tolerance is not below it.
    assert limits_said(given_limits(rto="12h"), None)["impact_tolerance"] == Said(
        {"duration": "12h"}, "no impact tolerance is given; it is the RTO"
    )
    # Nor is it beyond the point where the export itself calls the impact intolerable.
    given_mtpd = limits_said(given_limits(mtpd="1h"), "low")
    assert given_mtpd["impact_tolerance"] == Said({"duration": "1h"}, "no impact tolerance is given; it is the MTPD")
    assert given_mtpd["impact"] == Said({"1h": "intolerable"})
    assert given_mtpd["rto"].value == "1h"
    assert limits_said(given_limits(tolerance="30m"), "low")["rto"].value == "30m"


def read(data: bytes, encoding: str | None = None) -> CsvTable:
    findings = Findings()
    table = read_table("t.csv", data, findings, encoding)
    assert table is not None, findings.by_place()
    return table


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_tables_are_read_whatever_wrote_them(encoding: str, delimiter: str, ending: str) -> None:
    rows = [["name", "place", "note"], ["Café", 'in two\nlines, of "it"', "a;b"], ["x", "y", ""]]
    quoted = [[cell if cell.isalpha() else '"{}"'.format(cell.replace('"', '""')) for cell in row] for row in rows]
    text = "\n".join(delimiter.join(row) for row in quoted)
    table = read(text.replace("\n", ending).encode(encoding))
    assert table.headings == ("name", "place", "note")
    assert [row.cells["name"] for row in table.rows] == ["Café", "x"]
    assert table.rows[0].cells["place"] == 'in two\nlines, of "it"'
    assert [row.number for row in table.rows] == [2, 3]


def test_a_preamble_a_separator_line_and_odd_headings() -> None:
    table = read(b'sep=;\nExport of 3 May\n\nname;name;;"a\x07 b"\nx;y;z;w\n')
    assert table.headings == ("name", "name (2)", "column 3", "a b")
    assert (table.rows[0].number, table.rows[0].cells["name (2)"]) == (5, "y")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"PK\x03\x04workbook", "HF150"),
        (b"a,b\n\x00\x01\x02,c\n", "HF150"),
        (b"", "HF151"),
        (b"\n\n", "HF151"),
        (b"a,b\n" + b"x" * 200_000 + b",y\n", "HF150"),
        (",".join(f"c{n}" for n in range(1_100)).encode(), "HF153"),
    ],
)
def test_what_is_no_table_is_said(data: bytes, code: str) -> None:
    findings = Findings()
    assert read_table("t.csv", data, findings) is None
    assert [finding.code for finding in findings.by_place()] == [code]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('id,name,owner\n1,web,"Team A\n2,db,x\n3,app,"Team B"\n', 2),
        ('id,name,owner\n1,web,x\n2,db,"y\n3,app,z\n', 3),
    ],
)
def test_a_quote_that_nobody_closes_swallows_no_rows(text: str, line: int) -> None:
    findings = Findings()
    table = read_table("t.csv", text.encode(), findings)
    assert [(finding.code, finding.place.line) for finding in findings.by_place()] == [("HF150", line)]
    assert table is None or len(table.rows) < 3


def test_blanks_before_quotes_are_no_part_of_a_text() -> None:
    table = read(b'"id", "name", "note"\n"1", "web, one", "x"\n')
    assert table.headings == ("id", "name", "note")
    assert table.rows[0].cells == {"id": "1", "name": "web, one", "note": "x"}


def test_titles_of_two_cells_are_no_headings() -> None:
    table = read(b"Report:;CMDB\nDate:;2026-05-12\n\nid;name;class;owner\n1;web;server;A\n2;db;database;\n")
    assert table.headings == ("id", "name", "class", "owner")
    assert [row.number for row in table.rows] == [5, 6]


def test_one_byte_that_is_not_utf_8_does_not_garble_all_the_others() -> None:
    findings = Findings()
    table = read_table("t.csv", "id,name\n1,Zürich\n2,Genève\n".encode() + b"3,odd\xff\n", findings)
    assert table is not None
    assert (table.encoding, [row.cells["name"] for row in table.rows]) == ("utf-8", ["Zürich", "Genève", "odd\ufffd"])
    assert [(finding.severity, finding.place.line) for finding in findings.by_place()] == [("warning", 4)]
