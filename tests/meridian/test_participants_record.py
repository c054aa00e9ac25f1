"""A bank's record, taken up after a crash, and the alarm that reads nothing but records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meridian.banks import BANKS
from meridian.errors import MeridianError
from meridian.participants import monitor
from meridian.participants.monitor import ALARMS, Indicator, Monitor
from meridian.participants.record import Record

BANK = BANKS[0]
SECOND_US = 1_000_000


def offer(record: Record, key: str) -> None:
    record.write(op="offer", key=key, to="BOREAL", amount_cents=7, priority="normal")


def answer(record: Record, key: str, status: str, attempt: int = 1) -> None:
    record.write(
        op="answer", key=key, attempt=attempt, gateway="settlement-a", status=status, seq=1, reason=None, day=1
    )


def begun(directory: Path) -> Record:
    record = Record(directory, BANK, 1)
    for key in ("settled", "open", "queued", "later"):
        offer(record, key)
    answer(record, "settled", "timeout")
    answer(record, "settled", "settled", 2)
    answer(record, "open", "unknown")
    answer(record, "queued", "queued")
    answer(record, "later", "queued")
    record.write(op="update", key="later", status="settled", seq=2, reason=None, day=1)
    return record


def test_the_book_knows_what_is_open_queued_and_settled(tmp_path: Path) -> None:
    book = begun(tmp_path).book
    assert (book.open, book.queued) == (["open"], ["queued"])
    assert book.counts == {"settled": 2, "queued": 1, "rejected": 0, "conflict": 0}
    assert book.debits_cents == {1: 14}


def test_the_row_that_ends_a_record_counts_those_before_it_also_after_it_was_taken_up(tmp_path: Path) -> None:
    begun(tmp_path).stopped()
    again = Record(tmp_path, BANK, 1)
    offer(again, "more")
    again.stopped()
    rows = [json.loads(line) for line in again.path.read_bytes().splitlines()]
    ends = [(number, row["rows"]) for number, row in enumerate(rows) if row["op"] == "stopped"]
    assert ends == [(11, 11), (13, 13)]


def test_the_first_line_is_the_clock(tmp_path: Path) -> None:
    first = json.loads(begun(tmp_path).path.read_bytes().splitlines()[0])
    assert (first["op"], first["bank"], first["opening_cents"]) == ("clock", BANK.name, BANK.opening_cents)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 3000))
def test_a_record_that_was_cut_off_anywhere_is_taken_up(tmp_path: Path, cut: int) -> None:
    path = begun(tmp_path).path
    whole = path.read_bytes()
    path.write_bytes(whole[: cut % (len(whole) + 1)])
    kept = path.read_bytes().count(b"\n")
    again = Record(tmp_path, BANK, 1)
    offer(again, "new")
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert len(lines) == max(kept, 1) + 1
    assert [line["op"] for line in lines].count("clock") == 1
    assert "new" in again.book.open
    path.unlink()


def test_what_was_taken_up_is_what_was_known(tmp_path: Path) -> None:
    before = begun(tmp_path).book
    assert Record(tmp_path, BANK, 1).book == before


@pytest.mark.parametrize("change", [("clock_id", "another boot"), ("bank", "BOREAL"), ("op", "offer")])
def test_another_banks_record_or_one_of_another_boot_is_not_taken_up(tmp_path: Path, change: tuple[str, str]) -> None:
    path = begun(tmp_path).path
    clock, *rest = path.read_bytes().splitlines(keepends=True)
    altered = json.loads(clock) | dict([change])
    path.write_bytes(b"".join([json.dumps(altered).encode() + b"\n", *rest]))
    with pytest.raises(MeridianError) as refused:
        Record(tmp_path, BANK, 1)
    assert refused.value.code == "MR305"


def rows(offers: dict[str, float], answers: dict[str, float], status: str = "settled") -> list[dict[str, Any]]:
    """Return lines of a record: key -> second of the offer, key -> second of the answer."""
    offered = [{"op": "offer", "key": key, "t_us": round(at * SECOND_US)} for key, at in offers.items()]
    answered = [
        {"op": "answer", "key": key, "t_us": round(at * SECOND_US), "status": status} for key, at in answers.items()
    ]
    return offered + answered


@pytest.mark.parametrize(
    ("offers", "answers", "status", "at_s", "disrupted"),
    [
        ({}, {}, "settled", 10, None),
        ({"a": 1}, {"a": 2.9}, "settled", 3.5, False),
        ({"a": 1}, {"a": 3.1}, "settled", 3.5, True),
        ({"a": 1}, {}, "settled", 2.9, None),
        ({"a": 1}, {}, "settled", 3.1, True),
        ({"a": 1}, {}, "settled", 6.1, None),
        ({"a": 1}, {"a": 1.1}, "unavailable", 3.5, True),
        ({"a": 1}, {"a": 1.1}, "queued", 3.5, False),
        ({"a": 1, "b": 4}, {"b": 4.1}, "settled", 5.5, True),
        ({"a": 1, "b": 4}, {"b": 4.1}, "settled", 6.5, False),
    ],
)
def test_the_alarms_criterion(
    offers: dict[str, float], answers: dict[str, float], status: str, at_s: float, disrupted: object
) -> None:
    indicator = Indicator()
    indicator.take("AURUM", rows(offers, answers, status))
    assert indicator.read(round(at_s * SECOND_US)).disrupted is disrupted


def test_one_bank_in_twenty_may_wait_and_two_may_not() -> None:
    for unserved, disrupted in ((1, False), (2, True)):
        indicator = Indicator()
        for number in range(20):
            answers = {} if number < unserved else {f"{number}": 1.5}
            indicator.take(f"B{number}", rows({f"{number}": 1.0}, answers))
        assert indicator.read(4 * SECOND_US).disrupted is disrupted


def test_the_alarm_is_raised_cleared_and_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def look_at(*times_us: int) -> None:
        watching = Monitor(tmp_path)
        for time_us in times_us:
            monkeypatch.setattr(monitor, "now_us", lambda now_us=time_us: now_us)
            watching.look()

    record = tmp_path / "AURUM.ndjson"
    record.write_text('{"op":"clock"}\n{"op":"offer","key":"a","t_us":1000000}\n{"op":"off', encoding="utf-8")
    look_at(2_900_000, 3_100_000, 3_300_000)
    with record.open("a", encoding="utf-8") as more:
        more.write('er","key":"b","t_us":4500000}\n{"op":"answer","key":"b","t_us":4600000,"status":"settled"}\n')
    look_at(5_900_000, 6_600_000, 20_000_000)
    alarms = [json.loads(line) for line in (tmp_path / ALARMS).read_text(encoding="utf-8").splitlines()]
    assert [(alarm["state"], alarm["t_us"]) for alarm in alarms] == [("raised", 3_100_000), ("cleared", 6_600_000)]
    assert alarms[0]["detail"] == "0 of 1 banks got answers within 2 s; without: AURUM"
