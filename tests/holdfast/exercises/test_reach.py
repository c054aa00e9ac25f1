"""What is tried from inside hosts: each at its own place, and what begins at a place that is gone is left out."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import pytest

from holdfast.connectors import processes
from holdfast.connectors.netns import Reach
from holdfast.connectors.processes import Process
from holdfast.errors import EnvironmentProblem
from holdfast.exercises import reach
from holdfast.exercises.reach import Way, walk

REFUSES_PORT = 99


class Pretended:
    """A place in which a connection comes about by its port alone: 80 is open, and at 99 the place itself goes."""

    def __init__(self, pid: int) -> None:
        """Enter the place of this process."""
        assert pid > 0

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave nothing."""

    def reach(self, targets: Sequence[tuple[str, int]], within_s: float) -> tuple[Reach, ...]:
        assert within_s > 0
        if any(port == REFUSES_PORT for _, port in targets):
            raise EnvironmentProblem("HF303", "it went", remedy="none")
        return tuple("reachable" if port == 80 else "timeout" for _, port in targets)


def here() -> Process:
    found = processes.find(os.getpid())
    assert found is not None
    return found


def gone() -> Process:
    ended = subprocess.Popen(["true"])
    found = processes.find(ended.pid)
    ended.wait()
    return found or Process(ended.pid, 1)


def test_what_begins_at_a_place_that_is_gone_or_goes_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "Inside", Pretended)
    places = {"db-a": here(), "db-b": here(), "db-w": gone()}
    one, other = Way("db-a", "10.0.0.1", 80), Way("db-a", "10.0.0.1", 81)
    lost = [Way("db-b", "10.0.0.1", REFUSES_PORT), Way("db-b", "10.0.0.1", 80), Way("db-w", "10.0.0.1", 80)]
    found = walk([one, lost[0], other, *lost[1:], Way("nowhere", "10.0.0.1", 80)], places)
    assert found == {one: "reachable", other: "timeout"}


def test_nothing_is_found_from_nowhere() -> None:
    assert walk([], {}) == {}
