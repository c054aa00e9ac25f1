"""A range's command as a real program: what it says, how it ends, and that it cannot hold up whoever started it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from holdfast.connectors import range as connector
from holdfast.connectors.range import Command
from holdfast.errors import EnvironmentProblem, HoldfastError

# Ignores what politely ends a program, and so does the one it starts, which keeps the lines open.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(["sleep", "600"])
print("not today", file=sys.stderr, flush=True)
time.sleep(600)
"""
LONGEST_S = 10.0


def saying(script: str) -> Command:
    return Command((sys.executable, "-c", script))


def test_a_command_that_ignores_being_ended_is_made_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "START_TIMEOUT_S", 0.5)
    monkeypatch.setattr(connector, "END_TIMEOUT_S", 0.5)
    began = time.monotonic()
    said: list[str] = []
    with pytest.raises(HoldfastError, match="did not start") as problem:
        saying(STUBBORN).start(tmp_path, {}, said.append)
    assert problem.value.code == "HF308"
    assert said == ["not today"]
    assert time.monotonic() - began < LONGEST_S


def test_an_interruption_while_it_starts_ends_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "END_TIMEOUT_S", 0.5)

    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        saying(STUBBORN).start(tmp_path, {}, interrupted)
    assert time.monotonic() - began < LONGEST_S


@pytest.mark.parametrize(("code", "kind"), [(3, EnvironmentProblem), (1, HoldfastError)])
def test_how_it_ended_is_told_with_what_it_said(tmp_path: Path, code: int, kind: type[HoldfastError]) -> None:
    with pytest.raises(HoldfastError, match="no namespaces here") as problem:
        saying(f"import sys; print('no namespaces here', file=sys.stderr); sys.exit({code})").start(
            tmp_path, {}, lambda _: None
        )
    assert type(problem.value) is kind
    assert f"exit {code}" in str(problem.value)
