"""Whatever a table says: what an import writes loads, is the same in any order, and the same when imported again."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tests.holdfast.model.importing.imports import Declaration

HEADINGS = (
    "id",
    "name",
    "class",
    "location",
    "environment",
    "status",
    "owner",
    "criticality",
    "rto",
    "depends on",
    "cluster",
)
CLASSES = (
    *("cmdb_ci_linux_server", "cmdb_ci_service_business", "cmdb_ci_datacenter", "cmdb_ci_cluster", "application"),
    *("cmdb_ci_rack", "company", "team", "database", "???", ""),
)
TYPES = (
    *("Depends on::Used by", "Used by::Depends on", "Members::Member of", "Cluster of::Cluster", "Located in::Houses"),
    *("Contains::Contained by", "Sends data to::Receives data from", "Exchanges data with::Exchanges data with"),
    *("Member of::Members", "Owns::Owned by", "odd", ""),
)
# Few names, so that they meet; among them all that a name, a line of YAML or a terminal could choke on.
NAMES = st.sampled_from(
    (
        *("a", "A", "b", "web 1", "web-1", "all", "null", "~", "yes", "0123", "12:30", "x: y", "# no", "- d", "é"),
        *("支付", "{q}", "'", '"', "\t", "a\nb", "\x00\x1b[2J", "\u2028", "\ufeff", "%", "@", "!t", "&a", "*a"),
        *("z" * 80, "", " ", "a,b", "<<"),
    )
)
TEXTS = st.one_of(NAMES, st.text(max_size=12))


class _Lines:
    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str) -> None:
        self.parts.append(text)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Return a CSV file, without what Python's own reader refuses in one."""
    lines = _Lines()
    writer = csv.writer(lines, quoting=csv.QUOTE_ALL)
    writer.writerow(headings)
    writer.writerows([[cell.replace("\x00", "") for cell in row] for row in rows])
    return "".join(lines.parts).encode("utf-8", "replace")


assets = st.lists(
    st.tuples(
        st.sampled_from(["", "1", "2", "3"]),
        NAMES,
        st.sampled_from(CLASSES),
        st.sampled_from(["", "Delft", "a", "Hall 3 / Row B"]),
        st.sampled_from(["", "Production", "UAT", "odd"]),
        st.sampled_from(["", "Installed", "Retired"]),
        TEXTS,
        st.sampled_from(["", "1 - most critical", "low", "odd"]),
        st.sampled_from(["", "2h", "PT90M", "soon", "0", "99999999"]),
        st.one_of(NAMES, st.builds("{}, {}".format, NAMES, NAMES)),
        st.sampled_from(["", "a", "farm", "b"]),
    ),
    max_size=12,
)
relations = st.lists(st.tuples(NAMES, NAMES, st.sampled_from(TYPES)), max_size=16)


@given(assets, relations)
def test_what_an_import_writes_loads(things: list[tuple[str, ...]], links: list[tuple[str, ...]]) -> None:
    declaration = Declaration()
    files = {"assets.csv": table(HEADINGS, things), "relations.csv": table(("parent", "child", "type"), links)}
    result = declaration.bring("csv", files)
    declaration.model()
    rows = {(row.origin.file, row.origin.at) for row in result.account.rows}
    for file, count in (("assets.csv", things), ("relations.csv", links)):
        said = sum(1 for at_file, at in rows if at_file == file and at.startswith("row "))
        assert said == sum(1 for row in count if any(cell.replace("\x00", "").strip() for cell in row))


@given(assets, relations)
def test_importing_again_changes_nothing(things: list[tuple[str, ...]], links: list[tuple[str, ...]]) -> None:
    declaration = Declaration()
    files = {"assets.csv": table(HEADINGS, things), "relations.csv": table(("parent", "child", "type"), links)}
    declaration.bring("csv", files)
    before = dict(declaration.texts)
    result = declaration.bring("csv", files)
    assert {change.fate for change in result.account.changes} <= {"unchanged"}
    for file in ("imported-csv.yaml", "import/csv.json", "import/csv.yaml"):
        assert declaration.texts[file] == before[file]


@given(st.data())
def test_the_order_of_rows_says_nothing(data: st.DataObject) -> None:
    things, links = data.draw(assets), data.draw(relations)
    texts = []
    for rows, ends in ((things, links), (data.draw(st.permutations(things)), data.draw(st.permutations(links)))):
        declaration = Declaration()
        files = {"assets.csv": table(HEADINGS, rows), "relations.csv": table(("parent", "child", "type"), ends)}
        declaration.bring("csv", files)
        texts.append(declaration.texts["imported-csv.yaml"])
    assert texts[0] == texts[1]


@given(assets, relations, assets, relations, st.integers(0, 5), st.data())
def test_what_a_second_import_leaves_loads_too(
    things: list[tuple[str, ...]],
    links: list[tuple[str, ...]],
    later: list[tuple[str, ...]],
    later_links: list[tuple[str, ...]],
    cut: int,
    data: st.DataObject,
) -> None:
    declaration = Declaration()
    columns = ("parent", "child", "type")
    declaration.bring("csv", {"assets.csv": table(HEADINGS, things), "relations.csv": table(columns, links)})
    lines = declaration.texts["imported-csv.yaml"].splitlines(keepends=True)
    # A person comments on some entries, which makes them touched: they are edited in place from now on.
    for at in sorted(data.draw(st.sets(st.integers(0, len(lines)), max_size=cut)), reverse=True):
        if at < len(lines) and lines[at].startswith("    ") and not lines[at].startswith("     "):
            lines[at] = lines[at].rstrip("\n") + "  # seen\n" if "#" not in lines[at] else lines[at]
    declaration.texts["imported-csv.yaml"] = "".join(lines)
    declaration.bring("csv", {"assets.csv": table(HEADINGS, later), "relations.csv": table(columns, later_links)})
    declaration.model()


@given(st.dictionaries(st.sampled_from(["a.csv", "b.csv"]), st.binary(max_size=300)), st.binary(max_size=200))
def test_no_bytes_are_too_odd(files: dict[str, bytes], mapping: bytes) -> None:
    declaration = Declaration()
    result, findings = declaration.attempt("csv", files)
    if result is None:
        assert all(finding.remedy for finding in findings)
    else:
        declaration.texts |= result.texts
        declaration.model()
    declaration.texts["import/csv.yaml"] = mapping.decode("latin-1")
    declaration.attempt("csv", {"a.csv": b"id,name\n1,x\n"})
