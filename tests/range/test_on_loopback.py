"""A whole range where namespaces are refused: a crash is really drilled there, and what needs a network is not."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.meridian import as_nobody, ground, without_namespaces
from tests.repository.tree import ROOT

pytestmark = pytest.mark.range

HOLDFAST = (sys.executable, "-c", "from holdfast.cli import main; main()")
TIMEOUT_S = 240
CANNOT = 3
ALLOWED = ground.mode() is not None
refused = pytest.mark.skipif(ALLOWED, reason="not run here: run below, with namespaces refused")


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


@pytest.fixture(scope="module")
def range_() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="o") as home:
        Path(home).chmod(0o711)
        place = Path(home) / "r"
        meridian = (sys.executable, "-m", "meridian")
        try:
            booted = run((*meridian, "up", "--dir", str(place), "--profile", "fast", "--rate", "60"))
            if booted.returncode == CANNOT:
                # Root whose interpreter no other account reaches, say. Run below, nothing may be skipped.
                pytest.skip(booted.stderr)
            assert booted.returncode == 0, booted.stderr
            assert "loopback" in booted.stderr
            assert "no host of this range can fall silent" in booted.stderr
            yield place
        finally:
            run((*meridian, "down", "--dir", str(place)))


def drill(range_: Path, name: str) -> tuple[int, dict[str, object]]:
    """Return the exit status of a drill on the range, and what it told."""
    log = str(range_.with_name("evidence"))
    options = ("--range", str(range_), "--model", "examples/meridian", "--log", log, "--json")
    done = run((*HOLDFAST, "drill", name, *options))
    told: dict[str, object] = json.loads(done.stdout)["exercises"][0]
    return done.returncode, told


@refused
def test_a_partition_is_refused_before_anything_is_hit(range_: Path) -> None:
    status, told = drill(range_, "primary-partitioned")
    assert status == CANNOT
    assert told["verdict"] == "not-runnable"
    assert "HF415" in str(told["validity"])
    assert "no network of its own" in str(told["validity"])


@refused
def test_a_crash_really_happens_and_the_ledger_fails_over(range_: Path) -> None:
    status, told = drill(range_, "primary-killed")
    assert (status, told["verdict"]) == (0, "held"), (told["validity"], told["checks"])
    checks = told["checks"]
    assert isinstance(checks, list)
    assert {each["check"] for each in checks if each["answer"] == "held"} >= {
        "nothing-acknowledged-lost",
        "restored-within-rto",
        "undone-and-rearmed",
    }


@pytest.mark.skipif(not ALLOWED, reason="not run: namespaces are refused here, so the others ran as they are")
def test_it_is_so_where_namespaces_are_refused() -> None:
    """As an ordinary account, and all in one: what is refused to it is refused in a user namespace of its own."""
    with tempfile.TemporaryDirectory(prefix="n") as home:
        launcher = (sys.executable, as_nobody.__file__, home) if os.geteuid() == 0 else ()
        command = (sys.executable, without_namespaces.__file__, sys.executable, "-m", "pytest", "-q", __file__)
        done = run((*launcher, *command, "-p", "no:cacheprovider", f"--basetemp={home}/t"))
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert re.search(r"2 passed, 1 skipped", done.stdout)
