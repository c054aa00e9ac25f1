"""The endpoint agent's program: it reads good updates, and ends on a rule with fewer fields than it reads."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from meridian.agent import CHANNEL, FIELDS, FIRST_UPDATE, HOSTS_WITH_AGENT, prepare, program


def test_the_first_update_has_all_that_the_interpreter_reads() -> None:
    assert program.apply(FIRST_UPDATE, FIELDS) == [f"f{FIELDS - 1}"]


def test_a_rule_with_too_few_fields_is_one_too_many() -> None:
    with pytest.raises(IndexError):
        program.apply("channel 291\nf0|f1\n", FIELDS)


def test_it_fails_as_soon_as_a_bad_update_lies_there(tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    channel.write_text(FIRST_UPDATE, encoding="utf-8")
    command = [sys.executable, "-I", "-S", program.__file__, str(channel), str(FIELDS)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as agent:
        time.sleep(0.2)
        assert agent.poll() is None
        channel.write_text("channel 291\nbad\n", encoding="utf-8")
        assert agent.wait(10) == 1


def test_the_witness_was_built_without_it() -> None:
    assert prepare("db-a") == {CHANNEL: FIRST_UPDATE}
    assert prepare("db-w") == {}
    assert "db-w" not in HOSTS_WITH_AGENT
