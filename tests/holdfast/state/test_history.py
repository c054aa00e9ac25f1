"""Histories are believed whole or not at all, and whatever bytes come, reading them never raises."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import HoldfastError
from holdfast.evidence.events import EvidenceMissing
from holdfast.state import ndjson as room
from holdfast.state.exercise import fold
from holdfast.state.history import History, read_history
from tests.holdfast.drill import EXERCISE, START_US, Drill, Row, play

NAMES = ("records/AURUM.ndjson", "alarms.ndjson", "ledger.ndjson", "journal/settlement-a.ndjson")


@pytest.fixture
def drill() -> Drill:
    return play(rate_per_s=3.0)


def read(drill: Drill) -> History:
    return read_history(fold(drill.log())[EXERCISE], drill.read)


def test_a_good_drill_is_read_whole(drill: Drill) -> None:
    history = read(drill)
    assert history.problems == {}
    assert history.ledger is not None
    assert len(history.ledger.instructions) == len(drill.table("instruction"))
    assert sum(len(record.operations) for record in history.records.values()) == len(drill.table("instruction"))
    assert set(history.journals) == {"settlement-a", "settlement-b"}
    assert history.alarms is not None
    assert len(history.alarms) == 2


@pytest.mark.parametrize("name", NAMES[:3])
def test_what_is_missing_is_a_problem_with_its_name(drill: Drill, name: str) -> None:
    drill.omit.add(name)
    assert list(read(drill).problems) == [name]


def test_the_reason_for_a_gap_is_told(drill: Drill) -> None:
    drill.omit.add("ledger.ndjson")
    drill.after.insert(0, EvidenceMissing(EXERCISE, "ledger.ndjson", "no primary was found"))
    assert read(drill).why("ledger") == "ledger.ndjson: not collected (no primary was found)"


@pytest.mark.parametrize("name", NAMES)
def test_an_altered_file_is_a_problem(drill: Drill, name: str) -> None:
    log = drill.log()
    exercise = fold(log)[EXERCISE]
    wrong = exercise.evidence[name].event.attachment.sha256

    def refuse(sha256: str) -> bytes:
        if sha256 == wrong:
            raise HoldfastError("HF214", "altered", remedy="look")
        return drill.read(sha256)

    assert "HF214" in read_history(exercise, refuse).problems[name]


GARBLED: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut off": lambda data: data[:-7],
    "not JSON": lambda data: data + b"{oops}\n",
    "not UTF-8": lambda data: data + b'{"op":"\xff"}\n',
    "unknown operation": lambda data: data + b'{"op":"sneeze","table":"sneeze"}\n',
    "a list": lambda data: data + b"[]\n",
    "an empty line": lambda data: data + b"\n",
    "deeply nested": lambda data: data + b"[" * 100_000 + b"\n",
    "a number beyond 64 bits": lambda data: data.replace(b'cents": ', b'cents": 99999999999999999999'),
}


@pytest.mark.parametrize("garble", GARBLED.values(), ids=GARBLED.keys())
def test_a_malformed_file_is_not_half_believed(drill: Drill, garble: Callable[[bytes], bytes]) -> None:
    drill.garble["records/AURUM.ndjson"] = garble
    drill.garble["ledger.ndjson"] = garble
    history = read(drill)
    assert {"records/AURUM.ndjson", "ledger.ndjson"} <= set(history.problems)
    assert "AURUM" not in history.records
    assert history.ledger is None


def cut_at_line(number: int) -> Callable[[bytes], bytes]:
    """Return what keeps the first so many lines, whole."""
    return lambda data: b"".join(data.splitlines(keepends=True)[:number])


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.7, 0.99])
def test_a_record_cut_at_the_end_of_a_line_is_not_taken_for_whole(drill: Drill, kept: float) -> None:
    rows = len(drill.records["AURUM"])
    drill.garble["records/AURUM.ndjson"] = cut_at_line(1 + int(kept * rows))
    history = read(drill)
    assert history.problems == {"records/AURUM.ndjson": "it breaks off before the load was stopped"}
    assert not history.records["AURUM"].ended
    assert all(record.ended for bank, record in history.records.items() if bank != "AURUM")


def test_a_row_missing_from_the_middle_of_a_record_is_missed(drill: Drill) -> None:
    def without(data: bytes) -> bytes:
        lines = data.splitlines(keepends=True)
        return b"".join([*lines[:-3], *lines[-2:]])

    drill.garble["records/AURUM.ndjson"] = without
    rows = len(drill.records["AURUM"])
    assert (
        read(drill)
        .problems["records/AURUM.ndjson"]
        .endswith(f"{rows:,} rows were written before it, {rows - 1:,} are here")
    )


def test_a_record_goes_on_where_the_load_began_again(drill: Drill) -> None:
    rows = drill.records["AURUM"]
    drill.records["AURUM"] = [rows[0], {"op": "stopped", "t_us": START_US, "rows": 1}, *rows[1:]]
    assert not read(drill).problems
    drill.garble["records/AURUM.ndjson"] = cut_at_line(len(rows))
    assert not read(drill).records["AURUM"].ended


def record(change: Callable[[list[Row]], object]) -> Callable[[Drill], None]:
    def apply(drill: Drill) -> None:
        change(drill.records["AURUM"])

    return apply


CONTRADICTIONS: dict[str, Callable[[Drill], None]] = {
    "no clock first": record(lambda rows: rows.pop(0)),
    "another's clock": record(lambda rows: rows[0].update(bank="BOREAL")),
    "a second clock": record(lambda rows: rows.append(dict(rows[0]))),
    "an offer repeated": record(lambda rows: rows.append(dict(next(r for r in rows if r["op"] == "offer")))),
    "an answer to nothing": record(lambda rows: next(r for r in rows if r["op"] == "answer").update(key="nobody")),
    "an answer before the offer": record(lambda rows: next(r for r in rows if r["op"] == "answer").update(t_us=1)),
    "a text for a number": record(lambda rows: next(r for r in rows if r["op"] == "offer").update(t_us="5")),
    "a flag for a number": record(lambda rows: next(r for r in rows if r["op"] == "offer").update(amount_cents=True)),
    "an amount of nothing": record(lambda rows: next(r for r in rows if r["op"] == "offer").update(amount_cents=0)),
    "a missing member": record(lambda rows: next(r for r in rows if r["op"] == "offer").pop("to")),
}


@pytest.mark.parametrize("change", CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_a_record_that_contradicts_itself_is_refused(drill: Drill, change: Callable[[Drill], None]) -> None:
    change(drill)
    assert "records/AURUM.ndjson" in read(drill).problems


def test_an_extract_of_a_standby_is_no_ledger(drill: Drill) -> None:
    drill.ledger[0]["in_recovery"] = True
    assert "in recovery" in str(read(drill).why("ledger"))


def test_an_extract_without_its_source_or_with_two_of_an_account_is_refused(drill: Drill) -> None:
    source = drill.ledger.pop(0)
    assert "source" in str(read(drill).why("ledger"))
    drill.ledger[:0] = [source, dict(drill.table("account")[0])]
    assert "comes 2 times" in str(read(drill).why("ledger"))


def test_a_record_of_an_account_holder_that_is_not_there_is_missed(drill: Drill) -> None:
    drill.omit.add("records/HALYARD.ndjson")
    assert "HALYARD" in str(read(drill).why("records/"))


def test_a_record_is_missed_also_by_what_other_banks_say(drill: Drill) -> None:
    drill.omit |= {
        "records/HALYARD.ndjson",
        "ledger.ndjson",
        "journal/settlement-a.ndjson",
        "journal/settlement-b.ndjson",
    }
    assert "HALYARD" in str(read(drill).why("records/"))


def test_an_idle_gateway_has_an_empty_journal(drill: Drill) -> None:
    drill.journals["settlement-b"] = []
    history = read(drill)
    assert history.journals["settlement-b"] == ()
    assert not history.problems


def test_no_alarm_is_an_answer_too(drill: Drill) -> None:
    drill.alarms.clear()
    assert read(drill).alarms == ()
    assert not read(drill).problems


def test_a_journal_of_another_gateway_is_refused(drill: Drill) -> None:
    drill.journals["settlement-b"] = drill.journals["settlement-a"]
    assert "expected gateway" in str(read(drill).why("journal/"))


def test_lines_and_files_have_limits(drill: Drill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MAX_LINES", 3)
    assert "at most 3" in str(read(drill).why("records/AURUM"))
    monkeypatch.setattr(room, "MAX_LINE_BYTES", 10)
    monkeypatch.setattr(room, "MAX_LINES", 10_000)
    assert "at most 10" in str(read(drill).why("records/AURUM"))


def test_unknown_members_are_passed_over(drill: Drill) -> None:
    for rows in (*drill.records.values(), drill.ledger, drill.alarms):
        for row in rows:
            row["added_later"] = {"by": ["a", "newer", "range"]}
    assert not read(drill).problems


@settings(max_examples=60)
@given(data=st.binary(max_size=200), name=st.sampled_from(NAMES))
def test_any_bytes_are_read_without_an_exception(data: bytes, name: str) -> None:
    drill = play(rate_per_s=0.5)
    drill.garble[name] = lambda _: data
    read(drill)


@settings(max_examples=60)
@given(data=st.data(), name=st.sampled_from(NAMES))
def test_any_value_in_place_of_another_is_read_without_an_exception(data: st.DataObject, name: str) -> None:
    drill = play(rate_per_s=0.5)
    values = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=5)
        | st.lists(st.integers(), max_size=2)
    )

    def garble(text: bytes) -> bytes:
        rows = [json.loads(line) for line in text.splitlines()]
        row = rows[data.draw(st.integers(0, len(rows) - 1))] if rows else {"op": "offer"}
        row[data.draw(st.sampled_from(sorted(row)))] = data.draw(values)
        return b"".join(json.dumps(row).encode() + b"\n" for row in rows)

    drill.garble[name] = garble
    drill.judge()
