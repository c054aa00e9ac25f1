"""The form of the sensor's rows is the documented one, files end with their counts, and what repeats is counted."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from meridian.telemetry.rows import FORM, TEXT_LIMIT, Event, Instant, Record, Repeats, event, gap, shortened

PAGE = Path(__file__).parents[2] / "docs" / "telemetry.md"
EVERY = {"t_us", "utc_us"}
EVENTS = {"source_utc_us", "action", "outcome"}
NO_EVENTS = {"clock", "gap", "counted"}


def documented() -> dict[str, set[str]]:
    """Return kind of row → members, as the page has them."""
    kinds = re.split(r"^### ", PAGE.read_text(encoding="utf-8").partition("\n## Fields")[0], flags=re.MULTILINE)[1:]
    return {kind.split("\n")[0]: set(re.findall(r"^\| `(\w+)` \|", kind, re.MULTILINE)) for kind in kinds}


def rows(directory: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (directory / "db-a.ndjson").read_text(encoding="utf-8").splitlines()]


def change(path: str, at_us: int = 1) -> Event:
    return event("file_change", "written", "success", source_utc_us=at_us, file_path=path, file_type="file")


def test_the_page_has_every_kind_of_row_with_its_members_and_no_other() -> None:
    written = {op: set(members) - EVERY - (set() if op in NO_EVENTS else EVENTS) for op, members in FORM.items()}
    assert documented() == written


def test_every_row_has_every_member_of_its_kind_and_no_other(tmp_path: Path) -> None:
    record = Record(tmp_path, "db-a", 250_000)
    record.write([change("x"), gap("files", "overflow"), event("host", "on", "success")], Instant(5, 6))
    record.close()
    found = rows(tmp_path)
    assert [row["op"] for row in found] == ["clock", "file_change", "gap", "host", "counted"]
    assert all(set(row) == {"op", *FORM[str(row["op"])]} for row in found)
    assert (found[1]["t_us"], found[1]["utc_us"], found[1]["source_utc_us"]) == (5, 6, 1)
    with pytest.raises(KeyError, match="file_change has no member colour"):
        record.write([Event("file_change", {"colour": "red"})], Instant(7, 8))


def test_counts_say_what_stands_before_them(tmp_path: Path) -> None:
    record = Record(tmp_path, "db-a", 250_000)
    record.write([change("x"), change("y")], Instant(5, 6))
    record.count()
    record.write([gap("audit", "cut")], Instant(7, 8))
    record.close()
    counts = [row for row in rows(tmp_path) if row["op"] == "counted"]
    assert [(row["rows"], row["events"], row["ended"]) for row in counts] == [
        (3, {"file_change": 2}, False),
        (5, {"file_change": 2, "gap": 1}, True),
    ]


def test_a_full_file_says_so_once_and_goes_on_counting(tmp_path: Path) -> None:
    record = Record(tmp_path, "db-a", 250_000, limit_bytes=500)
    for number in range(20):
        record.write([change(f"file-{number}")], Instant(number, number))
    record.close()
    found = rows(tmp_path)
    told = [row for row in found if row["op"] == "file_change"]
    assert [row["reason"] for row in found if row["op"] == "gap"] == ["limit"]
    assert 0 < len(told) < 20
    assert found[-1]["unwritten"] == 20 - len(told)
    assert found[-1]["events"] == {"file_change": len(told), "gap": 1}
    assert found[-1]["rows"] == len(found) - 1


def test_a_record_is_never_begun_over_another(tmp_path: Path) -> None:
    Record(tmp_path, "db-a", 1).close()
    with pytest.raises(FileExistsError):
        Record(tmp_path, "db-a", 1)


def test_what_comes_again_is_told_once_and_then_counted() -> None:
    repeats = Repeats()
    first = list(repeats.take([change("x", 1), change("y", 2), change("x", 3)]))
    assert [(each.members["file_path"], each.members["count"]) for each in first] == [("x", 1), ("y", 1)]
    assert list(repeats.take([change("x", 4)])) == []
    again = list(repeats.counted())
    assert [(each.members["file_path"], each.members["count"]) for each in again] == [("x", 2)]
    assert again[0].members["source_utc_us"] == 4
    # What stayed away is news when it comes back; what goes on is not.
    assert list(repeats.take([change("x", 5)])) == []
    assert [each.members["count"] for each in repeats.take([change("y", 6)])] == [1]
    told = [event("host", "on", "success")] * 2
    assert list(repeats.take(told)) == told


def test_nothing_is_lost_when_too_many_kinds_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meridian.telemetry.rows.KINDS_LIMIT", 3)
    repeats = Repeats()
    names = [f"file-{number // 2 % 7}" for number in range(100)]
    told = [*repeats.take(change(name) for name in names), *repeats.counted()]
    assert sum(int(each.members["count"]) for each in told) == 100


def test_long_texts_end_within_the_limit() -> None:
    assert shortened("x" * TEXT_LIMIT) == "x" * TEXT_LIMIT
    assert shortened("x" * (TEXT_LIMIT + 1)) == "x" * (TEXT_LIMIT - 1) + "…"
