"""The instruction journal: chained, taken up after a crash, and no edit goes unseen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meridian.errors import MeridianError
from meridian.settlement.journal import GENESIS, Chain, InstructionJournal, chained

GATEWAY = "settlement-a"


def instruction(number: int) -> dict[str, Any]:
    return {"participant": "AURUM", "key": f"k{number}", "to": "BOREAL", "amount_cents": number, "priority": "normal"}


def written(path: Path, batches: list[int]) -> InstructionJournal:
    journal, number = InstructionJournal(path, GATEWAY), 0
    for size in batches:
        journal.append([instruction(number := number + 1) for _ in range(size)])
    return journal


def verified(data: bytes) -> Chain:
    chain = Chain(GATEWAY)
    for line in data.splitlines(keepends=True):
        chain.extend(line)
    return chain


def test_lines_are_chained_from_zero(tmp_path: Path) -> None:
    journal = written(tmp_path / "j" / "journal.ndjson", [1, 3])
    chain = verified(journal.read(0))
    assert (chain.lines, journal.lines) == (4, 4)
    assert chain.hash != GENESIS


def test_the_hash_is_the_one_that_is_documented() -> None:
    # (head -c 32 /dev/zero; printf '{"a":1,"n":1}') | sha256sum
    assert (
        chained({"n": 1, "a": 1}, GENESIS)["hash"] == "eb2e2b43cc6c7b75e70e7d90837a483a9e426124729c2703ed482a4afd4c4556"
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.integers(0, 4), max_size=6), after=st.integers(0, 30), limit=st.integers(1, 10))
def test_reading_goes_on_where_the_reader_stands(tmp_path: Path, batches: list[int], after: int, limit: int) -> None:
    path = tmp_path / "journal.ndjson"
    path.unlink(missing_ok=True)
    journal = written(path, batches)
    every = path.read_bytes().splitlines(keepends=True)
    assert journal.read(after, limit) == b"".join(every[after : after + limit])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 2000))
def test_after_a_crash_in_the_middle_of_a_line_the_chain_goes_on(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "journal.ndjson"
    path.unlink(missing_ok=True)
    written(path, [5])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - cut % len(whole)])
    journal = InstructionJournal(path, GATEWAY)
    before = journal.lines
    journal.append([instruction(9)])
    assert verified(path.read_bytes()).lines == before + 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_edit_of_a_byte_is_found(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "journal.ndjson"
    path.unlink(missing_ok=True)
    written(path, [3])
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 2).filter(lambda index: content[index] != ord("\n")))
    content[at] = data.draw(st.integers(32, 126).filter(lambda byte: byte != content[at]))
    with pytest.raises(MeridianError) as found:
        verified(bytes(content))
    assert found.value.code == "MR304"


@pytest.mark.parametrize("order", [[1, 0, 2], [0, 2], [1, 2], [0, 0, 1]])
def test_lines_that_are_dropped_repeated_or_swapped_are_found(tmp_path: Path, order: list[int]) -> None:
    lines = written(tmp_path / "journal.ndjson", [3]).read(0).splitlines(keepends=True)
    with pytest.raises(MeridianError):
        verified(b"".join(lines[index] for index in order))


def test_a_journal_that_was_tampered_with_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "journal.ndjson"
    written(path, [2])
    path.write_bytes(path.read_bytes().replace(b'"amount_cents":1', b'"amount_cents":7'))
    with pytest.raises(MeridianError):
        InstructionJournal(path, GATEWAY)
