"""A log is kept to its limit while its program goes on writing, and its last words stay beside it."""

from __future__ import annotations

import os
from pathlib import Path

from meridian.host.logs import BEFORE, keep_within_limit


def appending(log: Path) -> int:
    """Return an open file as a unit has it."""
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def test_a_log_that_grows_for_ever_stays_small_and_its_program_writes_on(tmp_path: Path) -> None:
    log = tmp_path / "ledger-a.log"
    program = appending(log)
    cuts = 0
    for number in range(10_000):
        os.write(program, f"line {number:06d}\n".encode())
        cuts += keep_within_limit(log, limit_bytes=1_200, kept_bytes=120)
        assert log.stat().st_size <= 1_200
    os.close(program)
    assert cuts == 10_000 * 12 // 1_212
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger-a.log", "ledger-a.log" + BEFORE]
    kept = (tmp_path / f"ledger-a.log{BEFORE}").read_text() + log.read_text()
    lines = kept.splitlines()
    assert lines[-1] == "line 009999"
    assert (tmp_path / f"ledger-a.log{BEFORE}").stat().st_size == 120
    assert lines == [f"line {number:06d}" for number in range(10_000 - len(lines), 10_000)]


def test_a_log_within_its_limit_is_left_alone_and_one_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    log = tmp_path / "etcd.log"
    assert not keep_within_limit(log)
    log.write_bytes(b"x" * 100)
    assert not keep_within_limit(log, limit_bytes=100)
    assert keep_within_limit(log, limit_bytes=99, kept_bytes=1_000)
    assert (tmp_path / f"etcd.log{BEFORE}").read_bytes() == b"x" * 100
    assert log.read_bytes() == b""
