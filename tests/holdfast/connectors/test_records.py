"""Record files while somebody writes them."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from holdfast.connectors.records import Tail, Tails, last_row, record_files, whole_lines


def test_a_tail_yields_whole_lines_only_and_each_once(tmp_path: Path) -> None:
    path = tmp_path / "AURUM.ndjson"
    tail = Tail(path)
    assert list(tail.rows()) == []
    path.write_bytes(b'{"n": 1}\n{"n"')
    assert list(tail.rows()) == [{"n": 1}]
    with path.open("ab") as file:
        file.write(b': 2}\nnot json\n[3]\n{"n": 4}\n')
    assert list(tail.rows()) == [{"n": 2}, {"n": 4}]
    assert list(tail.rows()) == []


def test_tails_follow_files_that_come_later(tmp_path: Path) -> None:
    tails = Tails(tmp_path, without=frozenset({"alarms.ndjson"}))
    (tmp_path / "alarms.ndjson").write_bytes(b'{"n": 0}\n')
    assert list(tails.rows()) == []
    (tmp_path / "BOREAL.ndjson").write_bytes(b'{"n": 1}\n')
    assert list(tails.rows()) == [("BOREAL", {"n": 1})]
    assert [path.name for path in record_files(tmp_path)] == ["BOREAL.ndjson", "alarms.ndjson"]


def test_the_last_row_is_the_last_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.ndjson"
    assert last_row(path) is None
    path.write_bytes(b"")
    assert last_row(path) is None
    path.write_bytes(b'{"n": 1}\n' * 10_000 + b'{"n": 2}\n{"n": 3')
    assert last_row(path) == {"n": 2}


@given(st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line)), st.binary(max_size=20))
def test_whole_lines_end_with_the_last_line_feed(lines: list[bytes], rest: bytes) -> None:
    rest = rest.replace(b"\n", b"")
    whole = b"".join(line + b"\n" for line in lines)
    assert whole_lines(whole + rest) == whole
